//! Promise: whatever bytes a client sends where a request should begin, it hears an answer that it can read, nobody takes
//! one request for two, and nothing is stored that was not asked for.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::Value;

use crate::support::{EVENTS, KEY, PATIENCE, Server};

/// The reply to raw bytes, read until the server closes the connection.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Takes the first reply of a text apart; returns what follows it too.
    #[track_caller]
    pub fn read(text: &str) -> (Answer, &str) {
        let (head, rest) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no reply: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        let (body, rest) = rest.split_at(length);
        (Answer { status, head: head.to_owned(), body: body.to_owned() }, rest)
    }

    /// The body as JSON, after a look at what every reply of the API has.
    #[track_caller]
    pub fn json(&self) -> Value {
        let head = format!("{}\r\n", self.head);
        assert!(head.contains("\r\ncontent-type: application/json; charset=utf-8\r\n"), "{head}");
        assert!(head.contains("\r\nx-request-id: "), "{head}");
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }
}

/// A connection that tells when it is closed.
pub fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    stream
}

/// Sends bytes, and nothing after them, and reads all that comes.
#[track_caller]
pub fn ask(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    stream.write_all(bytes).expect("the bytes are sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the connection is closed in time");
    String::from_utf8(answer).expect("UTF-8")
}

/// A POST of an event with these headers and this body.
pub fn post(headers: &str, body: &str) -> String {
    format!(
        "POST {EVENTS} HTTP/1.1\r\nHost: a\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\
         Content-Type: application/json\r\n{headers}\r\n{body}"
    )
}

pub const EVENT: &str = r#"{"user_id":13,"date":"2023-04-14","points":15}"#;

#[test]
fn what_is_no_head_is_answered_in_json() {
    let server = Server::start();
    for head in [
        "GET\r\n\r\n",
        "GET /health/live\r\n\r\n",
        "GET /health/live HTTP/9.9\r\n\r\n",
        "G@T /health/live HTTP/1.1\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost a\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nA: b\rc\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nA: b\0c\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
        "SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let text = ask(&server, head.as_bytes());
        let (answer, rest) = Answer::read(&text);
        assert_eq!((answer.status, rest), (400, ""), "{head:?}: {}", answer.head);
        assert_eq!(answer.json()["error_type"], "invalid_parameters", "{head:?}");
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
    }
}

#[test]
fn a_head_that_is_too_large_is_answered_in_json() {
    let server = Server::start();
    let many = "A: b\r\n".repeat(101);
    let long = format!("A: {}\r\n", "x".repeat(600_000));
    let wide = format!("/{}", "x".repeat(70_000));
    for (path, headers) in [("/health/live", many.as_str()), ("/health/live", &long), (&wide, "")] {
        let text = ask(&server, format!("GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes());
        let (answer, rest) = Answer::read(&text);
        assert!([414, 431].contains(&answer.status) && rest.is_empty(), "{}", answer.head);
        assert_eq!(answer.json()["error_type"], "head_too_large");
    }
    let fits = format!("GET /health/live HTTP/1.1\r\nConnection: close\r\nA: {}\r\n\r\n", "x".repeat(30_000));
    assert_eq!(Answer::read(&ask(&server, fits.as_bytes())).0.status, 200);
}

#[test]
fn requests_may_follow_each_other_before_they_are_answered() {
    let server = Server::start();
    let length = format!("Content-Length: {}\r\n", EVENT.len());
    let posts = post(&length, EVENT).repeat(20);
    let last = "GET /users/13/score HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let text = ask(&server, format!("{posts}{last}").as_bytes());
    let mut rest = text.as_str();
    for id in 1..=20 {
        let (answer, after) = Answer::read(rest);
        assert_eq!((answer.status, answer.json()["id"].as_i64()), (200, Some(id)), "{}", answer.body);
        rest = after;
    }
    let (answer, rest) = Answer::read(rest);
    assert_eq!((answer.json()["total_score"].as_i64(), rest), (Some(300), ""));
}

#[test]
fn what_follows_a_good_request_and_is_no_request_is_refused_after_it_is_answered() {
    let server = Server::start();
    let text = ask(&server, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n");
    let (first, rest) = Answer::read(&text);
    let (second, rest) = Answer::read(rest);
    assert_eq!((first.status, second.status, rest), (200, 400, ""));
    second.json();
}

#[test]
fn the_length_of_a_body_is_never_in_doubt() {
    let server = Server::start();
    let (length, chunked) = (format!("Content-Length: {}\r\n", EVENT.len()), "Transfer-Encoding: chunked\r\n");
    let chunks = format!("{:x}\r\n{EVENT}\r\n0\r\n\r\n", EVENT.len());
    let smuggled = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    // Two lengths that differ, one that is no number, an encoding that is not chunked, one that HTTP/1.0 does not know.
    for request in [
        post(&format!("{length}Content-Length: 3\r\n"), EVENT),
        post("Content-Length: +46\r\n", EVENT),
        post("Content-Length: 4,6\r\n", EVENT),
        post("Content-Length: -1\r\n", EVENT),
        post("Transfer-Encoding: gzip\r\n", &chunks),
        post("Transfer-Encoding: chunked, gzip\r\n", &chunks),
        post(chunked, &chunks).replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        let text = ask(&server, format!("{request}{smuggled}").as_bytes());
        let (answer, rest) = Answer::read(&text);
        assert_eq!((answer.status, rest), (400, ""), "{request}");
        answer.json();
    }
    assert_eq!(server.count_events(), 0);
    // With both kinds of length, the chunks count, as RFC 9112 says; the same length twice is one.
    for headers in [format!("{chunked}Content-Length: 3\r\n"), format!("Content-Length: 3\r\n{chunked}")] {
        let text = ask(&server, post(&format!("{headers}Connection: close\r\n"), &chunks).as_bytes());
        let (answer, rest) = Answer::read(&text);
        assert_eq!((answer.status, rest), (200, ""), "{}", answer.body);
    }
    let twice = ask(&server, post(&format!("{length}{length}Connection: close\r\n"), EVENT).as_bytes());
    assert_eq!(Answer::read(&twice).0.status, 200);
    assert_eq!(server.count_events(), 3);
}

#[test]
fn the_ends_of_lines_are_taken_as_the_standard_says() {
    let server = Server::start();
    for (request, status) in [
        ("GET /health/live HTTP/1.1\nHost: a\nConnection: close\n\n", 200),
        ("\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("GET /health/live HTTP/1.1\rHost: a\r\r", 400),
    ] {
        assert_eq!(Answer::read(&ask(&server, request.as_bytes())).0.status, status, "{request:?}");
    }
}

#[test]
fn http_1_0_is_spoken() {
    let server = Server::start();
    let text = ask(&server, b"GET /health/live HTTP/1.0\r\n\r\n");
    let (answer, rest) = Answer::read(&text);
    assert_eq!((answer.status, rest), (200, ""), "the connection is closed after the reply");
    // A client that asks for it keeps its connection.
    let text =
        ask(&server, b"GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /health/live HTTP/1.0\r\n\r\n");
    let (first, rest) = Answer::read(&text);
    assert!(first.head.contains("connection: keep-alive"), "{}", first.head);
    assert_eq!(Answer::read(rest).0.status, 200);
    // A stream has no length, so its end is that of the connection.
    let mut stream = connect(&server);
    stream.write_all(b"GET /leaderboard/1/live HTTP/1.0\r\n\r\n").expect("the request is sent");
    let mut begin = [0; 512];
    let count = stream.read(&mut begin).expect("a head");
    let head = String::from_utf8_lossy(&begin[..count]).into_owned();
    assert!(head.starts_with("HTTP/1.0 200 OK") && !head.contains("chunked"), "{head}");
}

#[test]
fn replies_say_their_length_and_date() {
    let server = Server::start();
    let get = "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (get_reply, _) = (ask(&server, get.as_bytes()), ());
    let (answer, _) = Answer::read(&get_reply);
    assert!(answer.head.contains("\r\ndate: ") && !answer.head.contains("\r\nserver: "), "{}", answer.head);
    assert!(answer.head.contains(&format!("\r\ncontent-length: {}", answer.body.len())), "{}", answer.head);
    let head_reply = ask(&server, get.replace("GET", "HEAD").as_bytes());
    let (head, rest) = head_reply.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("\r\ncontent-length: {}", answer.body.len())) && rest.is_empty(), "{head_reply}");

    let tag = server.get("/leaderboard/1").header("ETag").expect("a tag").to_owned();
    let known = format!("GET /leaderboard/1 HTTP/1.1\r\nHost: a\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n");
    let text = ask(&server, known.as_bytes());
    let (head, rest) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 304 ") && rest.is_empty(), "{text}");
}

#[test]
fn a_header_that_is_not_utf_8_is_never_taken_for_none() {
    let server = Server::start();
    let send = |header: &[u8]| {
        let [before, after] = ["POST {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", "\r\n"];
        let length = format!("\r\nContent-Length: {}\r\n", EVENT.len());
        let before = before.replace("{}", EVENTS);
        let text =
            ask_bytes(&server, &[before.as_bytes(), header, length.as_bytes(), after.as_bytes(), EVENT.as_bytes()]);
        let (answer, _) = Answer::read(&text);
        (answer.status, answer.json()["errors"][0].as_str().unwrap_or_default().to_owned())
    };
    let good = format!("API-Key: {KEY}\r\nAPI-Username: system\r\n");
    let key = send(&[good.as_bytes(), b"Idempotency-Key: caf\xe9-1"].concat());
    assert_eq!(key, (400, "You supplied invalid parameters to the request: Idempotency-Key".to_owned()));
    let invalid = "You are not permitted to view the requested resource. The API username or key is invalid.";
    for header in [
        [format!("API-Key: {KEY}\r\n").as_bytes(), b"API-Username: Jos\xe9"].concat(),
        b"API-Username: system\r\nAPI-Key: caf\xe9".to_vec(),
    ] {
        assert_eq!(send(&header), (403, invalid.to_owned()));
    }
    assert_eq!(server.count_events(), 0);
    // The same name in UTF-8 is a name.
    assert_eq!(send(format!("API-Key: {KEY}\r\nAPI-Username: José").as_bytes()).0, 200);
}

#[track_caller]
fn ask_bytes(server: &Server, parts: &[&[u8]]) -> String {
    ask(server, &parts.concat())
}

#[test]
fn the_method_is_the_one_that_was_sent_whatever_the_body_says() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    for (method, named) in [("GET", "get"), ("GET", "post"), ("PUT", "put"), ("PUT", "get"), ("POST", "delete")] {
        let id = if method == "PUT" { "&id=1" } else { "" };
        let body = format!("_method={named}{id}&user_id=13&date=2023-04-14&points=15");
        let reply = server.request(method, EVENTS).form(&body).send();
        assert_eq!(reply.status, 200, "{method} with {body}: {reply:?}");
    }
    // One POST has stored one event.
    assert_eq!(server.count_events(), 2);
}

#[test]
fn a_client_that_has_said_all_may_close_its_side() {
    let server = Server::start();
    let mut stream = connect(&server);
    let length = format!("Content-Length: {}\r\n", EVENT.len());
    stream.write_all(post(&length, EVENT).as_bytes()).expect("the request is sent");
    stream.shutdown(Shutdown::Write).expect("one side is closed");
    let mut answer = String::new();
    // Whether it hears the answer or not, what it has sent whole is carried out.
    let _ = stream.read_to_string(&mut answer);
    crate::support::wait_for("the event", || (server.count_events() == 1).then_some(()));
}
