//! The promise: the samples for nginx and Caddy in examples/ work as they stand, whether the proxy takes the path away or
//! passes it on.
//!
//! A sample is changed only where a test has to: ports, and no TLS, since the certificates are not here.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::base_path::{BASE, Walker, addresses, fill, under_base};
use crate::support::{EVENTS, KEY, PATIENCE, Reply, Server, wait_for};

const NGINX: &str = include_str!("../examples/nginx.conf");
const CADDY: &str = include_str!("../examples/Caddyfile");

/// A running proxy; ended when dropped.
struct Proxy {
    child: Child,
    port: u16,
    agent: ureq::Agent,
    _folder: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // nginx has children, which it ends if it is asked to.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Replaces a part of a sample, which has to be there.
#[track_caller]
fn with(sample: &str, part: &str, other: &str) -> String {
    assert!(sample.contains(part), "the sample has no {part:?}");
    sample.replace(part, other)
}

/// nginx with its sample, before the server with that port.
fn nginx(server: u16, takes_away: bool) -> Proxy {
    let (port, folder) = (free_port(), tempfile::tempdir().expect("a folder"));
    let sample = with(NGINX, "listen 443 ssl;", &format!("listen 127.0.0.1:{port};"));
    let sample: Vec<&str> = sample.lines().filter(|line| !line.trim_start().starts_with("ssl_certificate")).collect();
    let slash = if takes_away { "/" } else { "" };
    let sample = with(&sample.join("\n"), "http://127.0.0.1:8000;", &format!("http://127.0.0.1:{server}{slash};"));
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {};\n", folder.path().join(kind).display()))
        .collect();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{sample}\n}}\n",
        folder.path().join("pid").display()
    );
    std::fs::write(folder.path().join("nginx.conf"), whole).expect("the folder takes a file");
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-c").arg(folder.path().join("nginx.conf")).arg("-p").arg(folder.path());
    run(command, port, folder)
}

/// Caddy with its sample, before the server with that port.
fn caddy(server: u16, takes_away: bool) -> Proxy {
    let (port, folder) = (free_port(), tempfile::tempdir().expect("a folder"));
    let sample = with(CADDY, "club.example {", &format!("http://127.0.0.1:{port} {{"));
    let sample = with(&sample, "\t\treverse_proxy 127.0.0.1:8000", &format!("\t\treverse_proxy 127.0.0.1:{server}"));
    let sample = if takes_away { with(&sample, "handle /points*", "handle_path /points*") } else { sample };
    std::fs::write(folder.path().join("Caddyfile"), format!("{{\n\tadmin off\n}}\n{sample}")).expect("a file");
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.path().join("Caddyfile"));
    command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    run(command, port, folder)
}

fn run(mut command: Command, port: u16, folder: tempfile::TempDir) -> Proxy {
    let log = std::fs::File::create(folder.path().join("log")).expect("a file");
    let path = folder.path().join("log");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("the proxy is installed");
    wait_for("the proxy to listen", || {
        if let Ok(Some(status)) = child.try_wait() {
            panic!("the proxy ended with {status}: {}", read(&path));
        }
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .new_agent();
    Proxy { child, port, agent, _folder: folder }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

impl Proxy {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], form: Option<&str>) -> Reply {
        let uri = format!("http://127.0.0.1:{}{path}", self.port);
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match form {
            Some(form) => {
                let request = request.header("Content-Type", "application/x-www-form-urlencoded");
                self.agent.run(request.body(form.to_owned()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.expect("the proxy answers");
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_string().expect("a body of text");
        Reply { status, headers, body }
    }
}

/// The first event of a stream, as it comes through the proxy.
fn first_event(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the proxy accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.into_iter().find(|line| line.starts_with("event:")).expect("an event comes before the stream ends")
}

/// Fails unless a browser finds its way through the proxy.
fn assert_usable(server: &Server, proxy: &Proxy) {
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], form: Option<&str>| {
        proxy.send(method, path, headers, form)
    };
    let mut browser = Walker::new(&ask);
    let board = browser.send("GET", &format!("{BASE}/leaderboard"), None);
    assert_eq!(board.status, 200, "{board:?}");
    let found = addresses(&board.body);
    assert!(found.len() > 100, "{found:?}");
    for address in found.iter().filter(|address| !address.starts_with('#') && !address.contains("/live")).take(30) {
        assert!(address.starts_with("/points/"), "{address}");
        let reply = browser.send("GET", address, None);
        assert!([200, 303].contains(&reply.status), "{address}: {reply:?}");
    }
    let stream = found.iter().find(|address| address.contains("/live?")).expect("a stream");
    assert_eq!(first_event(proxy.port, stream), "event:leaderboard");

    let signed_in = browser.sign_in(&format!("{BASE}/admin/sign-in"));
    let to = signed_in.header("Location").expect("the administration").to_owned();
    let home = browser.send("GET", &to, None);
    let events = browser.send("GET", home.header("Location").expect("the first page"), None);
    assert!(events.body.contains("/points/admin/sign-out"), "{events:?}");
    let card = browser.send("GET", &format!("{BASE}/admin/boards/1"), None);
    let embed = format!("http://127.0.0.1:{}{BASE}/embed/leaderboard/1", proxy.port);
    assert!(card.body.contains(&embed), "the lines to paste have the address of the proxy: {}", card.body);

    let key = [("Api-Key", KEY), ("Api-Username", "system")];
    let list = proxy.send("GET", &format!("{BASE}{EVENTS}?limit=2"), &key, None);
    let next =
        list.header("Link").and_then(|link| link.strip_prefix('<')?.split('>').next()).expect("a link").to_owned();
    assert!(next.starts_with("/points/"), "{next}");
    assert_eq!(proxy.send("GET", &next, &key, None).json()["events"][0]["id"], 3);
    let packed = [("Accept-Encoding", "gzip"), ("Accept", "text/html")];
    let head = proxy.send("HEAD", &format!("{BASE}/leaderboard"), &packed, None);
    assert_eq!(head.header("Content-Encoding"), Some("gzip"), "{head:?}");
    // The proxy is believed: the log of administration tells the client's address, and not a header's by a stranger.
    let told = server.log();
    assert!(!told.contains("trusted_proxies"), "{told}");
}

fn assert_works(start: fn(u16, bool) -> Proxy) {
    let server = under_base().env("SCOREKEEPER_TRUSTED_PROXIES", "127.0.0.1").start();
    fill(&server);
    for takes_away in [false, true] {
        assert_usable(&server, &start(server.port, takes_away));
    }
}

#[test]
fn the_sample_for_nginx_works_with_the_path_and_without() {
    assert_works(nginx);
}

#[test]
fn the_sample_for_caddy_works_with_the_path_and_without() {
    assert_works(caddy);
}
