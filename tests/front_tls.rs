//! Promise: with a certificate the server speaks TLS by itself, takes up a renewed certificate without failing a request,
//! and tells whoever speaks plain HTTP what is wrong.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use crate::support::{EVENTS, KEY, PATIENCE, Server, Setup, run_with, wait_for};

/// Who signs the certificates of a test, and the clients that believe it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// The certificate of the authority, for programs that take a file.
    #[cfg_attr(not(feature = "program-tests"), expect(dead_code, reason = "programs take it"))]
    pub pem: String,
}

fn name_of(whom: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, whom);
    name
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = name_of("the authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Authority { issuer: Issuer::new(params, key), certificate: der, pem }
    }

    /// Writes a new certificate for `localhost`, and its key.
    pub fn sign(&self, folder: &Path) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.distinguished_name = name_of("localhost");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        for (name, text) in [("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())] {
            let new = folder.join(format!("{name}.new"));
            std::fs::write(&new, text).expect("a file");
            std::fs::rename(&new, folder.join(name)).expect("it takes its place");
        }
        certificate.der().clone()
    }

    fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn connect(server: &Server, config: &Arc<ClientConfig>) -> Secure {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    let name = ServerName::try_from("localhost").expect("a name");
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a client"), stream)
}

/// Asks over a connection of its own. Returns the reply and the certificate that the server showed.
fn ask(
    server: &Server,
    config: &Arc<ClientConfig>,
    request: &str,
) -> std::io::Result<(String, CertificateDer<'static>)> {
    let mut stream = connect(server, config);
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let shown = stream.conn.peer_certificates().and_then(|chain| chain.first()).expect("a certificate").clone();
    Ok((reply, shown.into_owned()))
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A server with a certificate of that authority.
pub fn start(authority: &Authority) -> Server {
    let setup = Setup::new().env("SCOREKEEPER_TLS_CERTIFICATE", "cert.pem").env("SCOREKEEPER_TLS_KEY", "key.pem");
    authority.sign(setup.folder());
    setup.env("SCOREKEEPER_HEADER_TIMEOUT", "500ms").start()
}

#[test]
fn tls_is_spoken_in_its_versions_of_today() {
    let authority = Authority::new();
    let server = start(&authority);
    assert!(server.stderr().contains("listening on https://127.0.0.1:"), "{}", server.stderr());
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let config = authority.client(versions);
        let (reply, _) = ask(&server, &config, LIVE).expect("a reply");
        assert!(reply.starts_with("HTTP/1.1 200 OK") && reply.ends_with(r#"{"status":"ok"}"#), "{reply}");
    }
    // Several requests on one connection, one with a body.
    let mut stream = connect(&server, &authority.client(&[&TLS13]));
    let event = r#"{"user_id":13,"date":"2023-04-14","points":15}"#;
    for _ in 0..3 {
        let head = format!(
            "POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            event.len()
        );
        stream.write_all(head.as_bytes()).expect("the head is sent");
        stream.write_all(event.as_bytes()).expect("the body is sent");
        let mut status = [0; 15];
        stream.read_exact(&mut status).expect("a reply");
        assert_eq!(String::from_utf8_lossy(&status), "HTTP/1.1 200 OK");
        let mut rest = Vec::new();
        while !rest.ends_with(b"}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a reply");
            rest.push(byte[0]);
        }
    }
    let score = "GET /users/13/score HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let (reply, _) = ask(&server, &authority.client(&[&TLS13]), score).expect("a reply");
    assert!(reply.contains(r#""total_score":45"#), "{reply}");
}

#[test]
fn a_session_s_cookie_goes_over_tls_alone() {
    let authority = Authority::new();
    let server = start(&authority);
    let page = "GET /admin/sign-in HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n";
    let (reply, _) = ask(&server, &authority.client(&[&TLS13]), page).expect("a page");
    let cookies: Vec<&str> = reply.lines().filter(|line| line.starts_with("set-cookie: ")).collect();
    assert!(!cookies.is_empty() && cookies.iter().all(|cookie| cookie.contains("Secure")), "{cookies:?}");
}

#[test]
fn plain_http_hears_what_is_wrong() {
    let authority = Authority::new();
    let server = start(&authority);
    let reply = server.raw(LIVE.as_bytes());
    assert!(reply.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{reply}");
    assert!(reply.contains("content-type: application/json; charset=utf-8") && reply.contains("https://"), "{reply}");
    assert_eq!(reply.split("\r\n\r\n").nth(1).map(|body| body.lines().count()), Some(1), "one line: {reply}");
}

#[test]
fn a_handshake_that_is_not_finished_is_cut_off() {
    let authority = Authority::new();
    let server = start(&authority);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    // The beginning of a handshake's first message.
    stream.write_all(&[0x16, 3, 1, 0, 200, 1]).expect("it is sent");
    assert_eq!(stream.read(&mut [0; 64]).expect("the connection is closed in time"), 0);
}

#[test]
fn a_renewed_certificate_is_taken_up_without_failing_a_request() {
    let authority = Authority::new();
    let server = start(&authority);
    let folder = server.folder();
    let config = authority.client(&[&TLS13]);
    let (_, first) = ask(&server, &config, LIVE).expect("a reply");
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let (reply, _) = ask(&server, &config, LIVE).expect("no request fails");
                    assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // A connection from before goes on as it is.
        let mut kept = connect(&server, &config);
        let get = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
        kept.write_all(get.as_bytes()).expect("a request is sent");
        let second = authority.sign(folder.path());
        assert_ne!(first, second);
        wait_for("the second certificate", || (ask(&server, &config, LIVE).ok()?.1 == second).then_some(()));
        kept.write_all(get.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).expect("it is still open");
        let mut replies = String::new();
        kept.read_to_string(&mut replies).expect("replies");
        assert_eq!(replies.matches("HTTP/1.1 200 OK").count(), 2, "{replies}");
        // What can't be used is told of, and changes nothing.
        std::fs::write(folder.path().join("key.pem"), "no key").expect("a file");
        wait_for("the log line", || server.stderr().contains("the certificate before stays in use").then_some(()));
        assert_eq!(ask(&server, &config, LIVE).expect("a reply").1, second);
        stop.store(true, Ordering::SeqCst);
    });
    assert!(answered.load(Ordering::SeqCst) > 0);
}

#[test]
fn a_certificate_that_can_t_be_used_stops_the_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let authority = Authority::new();
    let start = |certificate: &str, key: &str| {
        let set = |name, value: &str| (!value.is_empty()).then(|| (name, value.to_owned()));
        let given = [set("SCOREKEEPER_TLS_CERTIFICATE", certificate), set("SCOREKEEPER_TLS_KEY", key)];
        let mut given: Vec<(&str, String)> = given.into_iter().flatten().collect();
        given.push(("ROCKET_PORT", "0".to_owned()));
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let run = run_with(folder.path(), &[], &given);
        assert_eq!(run.stderr.trim_end().lines().count(), 1, "{run:?}");
        assert!(matches!(run.code, Some(1 | 2)), "{run:?}");
        run.stderr
    };
    authority.sign(folder.path());
    std::fs::copy(folder.path().join("key.pem"), folder.path().join("other.pem")).expect("a copy");
    authority.sign(folder.path());
    for (certificate, key, told) in [
        ("cert.pem", "", "tls_key"),
        ("", "key.pem", "tls_certificate"),
        ("none.pem", "key.pem", "none.pem"),
        ("cert.pem", "none.pem", "none.pem"),
        ("key.pem", "key.pem", "no certificate"),
        ("cert.pem", "cert.pem", "no private key"),
        ("cert.pem", "other.pem", "can't be used together"),
    ] {
        let line = start(certificate, key);
        assert!(line.contains(told) && line.contains("tls_"), "{certificate} {key}: {line}");
    }
}

/// curl as a client of HTTP/2, beside that of HTTP/1.1.
#[cfg(feature = "program-tests")]
mod with_curl {
    use std::process::Command;

    use super::*;

    /// Runs curl in the server's folder. Returns what it printed.
    fn curl(server: &Server, args: &[&str]) -> String {
        let folder = server.folder();
        let run = Command::new("curl")
            .current_dir(folder.path())
            .args(["--silent", "--show-error", "--cacert", "ca.pem", "--max-time", "60"])
            .args(["--connect-to", &format!("localhost:443:127.0.0.1:{}", server.port)])
            .args(args)
            .output()
            .expect("curl runs");
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("UTF-8")
    }

    fn server() -> Server {
        let authority = Authority::new();
        let server = start(&authority);
        std::fs::write(server.folder().path().join("ca.pem"), &authority.pem).expect("a file");
        server
    }

    #[test]
    fn both_versions_of_http_are_spoken() {
        let server = server();
        let key = format!("API-Key: {KEY}");
        for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2"), ("--tlsv1.3", "2")] {
            let told = curl(&server, &[flag, "--write-out", " %{http_version}", "https://localhost/health/live"]);
            assert_eq!(told, format!(r#"{{"status":"ok"}} {version}"#));
        }
        for flag in ["--http1.1", "--http2"] {
            let event = r#"{"user_id":13,"date":"2023-04-14","points":15}"#;
            let url = format!("https://localhost{EVENTS}");
            let post = [flag, "-H", &key, "-H", "API-Username: system", "-d", event, &url];
            assert!(curl(&server, &post).contains(r#""points":15"#));
            let head = curl(&server, &[flag, "--head", "https://localhost/health/live"]);
            assert!(head.to_lowercase().contains("content-length: 15"), "{head}");
        }
        assert!(curl(&server, &["https://localhost/users/13/score"]).contains(r#""total_score":30"#));
    }

    #[test]
    fn many_requests_share_a_connection_of_http_2() {
        let server = server();
        let key = format!("API-Key: {KEY}");
        let url = format!("https://localhost{EVENTS}?n=[1-200]");
        let event = "user_id=13&date=2023-04-14&points=1";
        let args = ["--http2", "--parallel", "-H", &key, "-H", "API-Username: system", "-d", event];
        let told = curl(&server, &[&args[..], &["--write-out", "\n%{http_code}\n", &url]].concat());
        assert_eq!(told.lines().filter(|line| *line == "200").count(), 200, "{told}");
        assert_eq!(server_score(&server), 200);
    }

    fn server_score(server: &Server) -> i64 {
        let reply = curl(server, &["https://localhost/users/13/score"]);
        let reply: serde_json::Value = serde_json::from_str(&reply).expect("JSON");
        reply["total_score"].as_i64().expect("a score")
    }

    #[test]
    fn a_body_of_http_2_has_the_same_limits() {
        let server = server();
        let folder = server.folder();
        for (length, code) in [((1 << 20) + 1, "413"), (30 << 20, "413"), ((1 << 20) - 100, "400")] {
            std::fs::write(folder.path().join("body"), "x".repeat(length)).expect("a file");
            let url = format!("https://localhost{EVENTS}");
            let key = format!("API-Key: {KEY}");
            let args = ["--http2", "-H", &key, "-H", "API-Username: system", "-H", "Content-Type: application/json"];
            let rest = ["--data-binary", "@body", "--write-out", "%{http_code}", "--output", "reply", &url];
            assert_eq!(curl(&server, &[&args[..], &rest].concat()), code, "{length}");
            let reply = std::fs::read_to_string(folder.path().join("reply")).expect("a reply");
            assert!(reply.starts_with(r#"{"errors":["#), "{reply}");
        }
    }

    #[test]
    fn a_stream_of_http_2_ends_with_the_server() {
        let mut server = server();
        let folder = server.folder();
        let mut listener = Command::new("curl")
            .current_dir(folder.path())
            .args(["--silent", "--show-error", "--no-buffer", "--cacert", "ca.pem", "--http2", "--output", "live"])
            .args(["--connect-to", &format!("localhost:443:127.0.0.1:{}", server.port)])
            .arg("https://localhost/leaderboard/1/live")
            .spawn()
            .expect("curl runs");
        let live = folder.path().join("live");
        wait_for("the first event", || std::fs::read_to_string(&live).ok().filter(|text| text.contains("data:")));
        server.signal("TERM");
        assert!(server.wait().success());
        listener.wait().expect("the listener ends");
    }
}
