//! What users copy from examples/ works against a real server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread::JoinHandle;

use crate::support::{KEY, Run, Server};

/// A command in the project's folder, pointed at a server.
pub fn example(url: &str, program: &str, args: &[&str]) -> Run {
    let output = Command::new(program)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("URL", url)
        .env("KEY", KEY)
        .env("no_proxy", "127.0.0.1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("USER_ID")
        .output()
        .unwrap_or_else(|fault| panic!("{program}: {fault}"));
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[track_caller]
pub fn assert_success(run: &Run) {
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

#[test]
fn curl_awards_corrects_and_redeems() {
    let server = Server::start();
    let run = example(&server.url(), "examples/curl.sh", &[]);
    assert_success(&run);
    assert_eq!(server.score(13), 5);
    assert_eq!(server.count_events(), 2, "the redemption was sent twice and is stored once");
    assert!(run.stdout.contains(r#""remaining":4"#), "{}", run.stdout);

    let refused = example(&server.url(), "sh", &["-c", "KEY=wrong examples/curl.sh"]);
    assert_ne!(refused.code, Some(0), "{}", refused.stdout);
}

#[test]
fn jo_awards_corrects_and_redeems() {
    let server = Server::start();
    let run = example(&server.url(), "examples/jo.sh", &[]);
    assert_success(&run);
    assert_eq!(server.score(13), 5);
    assert!(run.stdout.contains(r#""total_score":5"#), "{}", run.stdout);
}

#[test]
fn the_python_client_tells_its_story_and_cleans_up() {
    let server = Server::start();
    let run = example(&server.url(), "python3", &["examples/scorekeeper_client.py"]);
    assert_success(&run);
    assert_eq!(server.count_events(), 0);
}

#[test]
fn a_program_that_lacks_what_it_needs_says_how_to_call_it() {
    let programs = ["scorekeeper_client.py", "shop_redemption.py", "post_batch.py"];
    let without_server = programs.map(|program| (program, format!("unset URL; python3 examples/{program} x")));
    let without_file = ("post_batch.py", "python3 examples/post_batch.py".to_owned());
    for (program, command) in without_server.into_iter().chain([without_file]) {
        let run = example("http://127.0.0.1:1", "sh", &["-c", &command]);
        let usage = format!("usage: URL=http://127.0.0.1:8000 KEY=… python3 examples/{program}");
        assert!(run.stderr.starts_with(&usage) && run.stderr.lines().count() == 1, "{command}: {}", run.stderr);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{command}");
    }
}

/// Reads one request and returns its head.
fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).expect("a request"), 0, "{head}");
    }
    let head = head.to_ascii_lowercase();
    let length = header(&head, "content-length").parse().expect("a body has a length");
    reader.read_exact(&mut vec![0; length]).expect("the body");
    head
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

/// A server that answers each request in turn with one of the replies, on a connection of its own. Returns its address, and
/// in the end the idempotency keys of the requests.
pub fn answering<const COUNT: usize>(replies: [String; COUNT]) -> (String, JoinHandle<[String; COUNT]>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        replies.map(|reply| {
            let (mut stream, _) = listener.accept().expect("a connection");
            let head = read_request(&stream);
            stream.write_all(reply.as_bytes()).expect("a reply");
            header(&head, "idempotency-key").to_owned()
        })
    });
    (url, server)
}

/// A reply after which the connection is closed.
pub fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[test]
fn the_python_client_sends_a_redemption_again_under_the_same_key() {
    let busy = reply("503 Service Unavailable", "Retry-After: 0\r\n", "{}");
    let (url, server) = answering([String::new(), busy, reply("200 OK", "", "{\"id\":1}")]);
    let program = "import os, sys; sys.path.insert(0, 'examples'); from scorekeeper_client import Scorekeeper; \
                   print(Scorekeeper(os.environ['URL'], os.environ['KEY']).redeem(13, '2023-05-02', 20))";
    let run = example(&url, "python3", &["-c", program]);
    assert_success(&run);
    assert_eq!(run.stdout, "{'id': 1}\n");
    let keys = server.join().expect("three requests");
    assert!(keys.iter().all(|key| key == &keys[0]), "{keys:?}");
}
