//! Promise: a body is received whole or not at all; what is too long is refused so that its sender hears it; and nobody
//! holds memory with what he does not finish.

use std::io::{Read, Write};
use std::thread;

use serde_json::json;

use crate::front_heads::{Answer, EVENT, ask, connect, post};
use crate::support::{EVENTS, KEY, Server, Setup, wait_for};

const MIB: usize = 1 << 20;

#[test]
fn chunks_may_have_extensions_and_trailers() {
    let server = Server::start();
    let (one, two) = EVENT.split_at(20);
    let chunks = format!(
        "{:x};name=value;quoted=\"a;b\"\r\n{one}\r\n{:X};x\r\n{two}\r\n0\r\nTrailer: t\r\n\r\n",
        one.len(),
        two.len()
    );
    let text = ask(&server, post("Transfer-Encoding: chunked\r\nConnection: close\r\n", &chunks).as_bytes());
    assert_eq!(Answer::read(&text).0.status, 200, "{text}");
    for broken in ["x\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "5\r\nab", "2\r\nabc\r\n0\r\n\r\n"] {
        let mut stream = connect(&server);
        stream.write_all(post("Transfer-Encoding: chunked\r\n", broken).as_bytes()).expect("it is sent");
        stream.shutdown(std::net::Shutdown::Write).expect("one side is closed");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{broken:?}: {answer}");
    }
    assert_eq!(server.count_events(), 1);
}

#[test]
fn who_waits_to_be_asked_for_a_body_is_asked() {
    let server = Server::start();
    let mut stream = connect(&server);
    let headers = format!("Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n", EVENT.len());
    stream.write_all(post(&headers, "").as_bytes()).expect("the head is sent");
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).expect("the server asks");
    assert_eq!(String::from_utf8_lossy(&asked), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(EVENT.as_bytes()).expect("the body is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert_eq!(Answer::read(&answer).0.status, 200);
    // Nobody is asked for what is too long.
    let headers = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", 2 * MIB);
    let refused = ask(&server, post(&headers, "").as_bytes());
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
}

#[test]
fn an_upload_that_is_given_up_stores_nothing() {
    let server = Server::start();
    for headers in [format!("Content-Length: {}\r\n", EVENT.len()), "Transfer-Encoding: chunked\r\n".to_owned()] {
        for _ in 0..20 {
            let mut stream = connect(&server);
            stream.write_all(post(&headers, &EVENT[..30]).as_bytes()).expect("half of it is sent");
        }
    }
    server.award(13, "2023-04-14", 1);
    assert_eq!((server.count_events(), server.score(13)), (1, 1));
}

#[test]
fn a_body_that_is_too_long_is_refused_at_once_and_read_on() {
    let server = Server::start();
    let length = 30 * MIB;
    let head = post(&format!("Content-Length: {length}\r\n"), "");
    // Whoever looks while it sends sees the refusal before it has sent anything.
    let mut early = connect(&server);
    early.write_all(head.as_bytes()).expect("the head is sent");
    let mut status = [0; 12];
    early.read_exact(&mut status).expect("an answer");
    assert_eq!(String::from_utf8_lossy(&status), "HTTP/1.1 413");
    // Whoever sends all before it looks can send all, and sees it then.
    let mut late = connect(&server);
    late.write_all(head.as_bytes()).expect("the head is sent");
    let piece = vec![b'x'; MIB];
    for _ in 0..length / MIB {
        late.write_all(&piece).expect("the server reads on");
    }
    let mut answer = String::new();
    late.read_to_string(&mut answer).expect("an answer");
    let (answer, _) = Answer::read(&answer);
    assert_eq!((answer.status, &answer.json()["error_type"]), (413, &json!("payload_too_large")));
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
}

#[test]
fn a_body_of_unknown_length_has_the_same_limit() {
    let server = Server::start();
    let (fits, too_long) = ("x".repeat(MIB - 100), "x".repeat(MIB + 1));
    for (text, status) in [(fits, 422), (too_long, 413)] {
        let body = format!(r#"{{"user_id":13,"date":"2023-04-14","points":15,"z":"{text}"}}"#);
        let status = if status == 413 { 413 } else { 200 };
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let text = ask(&server, post("Transfer-Encoding: chunked\r\nConnection: close\r\n", &chunks).as_bytes());
        assert_eq!(Answer::read(&text).0.status, status);
    }
}

#[test]
fn a_long_body_is_taken_on_a_batch_s_path_alone_and_from_a_good_key_alone() {
    let server = Server::start();
    let head = |path: &str, key: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAPI-Key: {key}\r\nAPI-Username: system\r\nExpect: 100-continue\r\n\
             Content-Length: {}\r\n\r\n",
            16 * MIB
        )
    };
    let first_line = |path: &str, key: &str| {
        let mut stream = connect(&server);
        stream.write_all(head(path, key).as_bytes()).expect("the head is sent");
        let mut line = [0; 12];
        stream.read_exact(&mut line).expect("an answer");
        String::from_utf8_lossy(&line).into_owned()
    };
    for path in ["/score_events/batch", "/score_events/batch.json"] {
        for base in ["/admin/plugins/gamification", "/admin/plugins/discourse-gamification"] {
            assert_eq!(first_line(&format!("{base}{path}"), KEY), "HTTP/1.1 100");
            assert_eq!(first_line(&format!("{base}{path}"), "wrong"), "HTTP/1.1 403");
        }
    }
    assert_eq!(first_line("/admin/users/batch", KEY), "HTTP/1.1 100");
    // Anywhere else it is too long, but who may not ask, or asks for what is not there, hears that first.
    for (path, key, status) in [(EVENTS, KEY, 413), (EVENTS, "wrong", 403), ("/nowhere", KEY, 404)] {
        assert_eq!(first_line(path, key), format!("HTTP/1.1 {status}"), "{path}");
    }
}

#[test]
fn bodies_that_wait_for_memory_hold_up_no_small_one() {
    let server = Setup::new().env("SCOREKEEPER_BODY_TIMEOUT", "5s").start();
    let half_sent = |key: &str| {
        let mut stream = connect(&server);
        let head = format!(
            "POST {EVENTS} HTTP/1.1\r\nHost: a\r\nAPI-Key: {key}\r\nAPI-Username: system\r\nContent-Length: {MIB}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the head is sent");
        stream.write_all(&vec![b'x'; 5000]).expect("a part is sent");
        stream
    };
    // More than the memory that is kept for those who show no good key, and for those who do.
    let mut waiting: Vec<_> = (0..20).map(|_| half_sent("wrong")).collect();
    waiting.extend((0..45).map(|_| half_sent(KEY)));
    for _ in 0..20 {
        server.award(13, "2023-04-14", 1);
    }
    assert_eq!(server.score(13), 20);
    // In the end each of them hears that it was too slow, or that there was no memory.
    let heard = thread::scope(|scope| {
        let hear = |mut stream: std::net::TcpStream| {
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            Answer::read(&answer).0.status
        };
        let heard: Vec<_> = waiting.into_iter().map(|stream| scope.spawn(move || hear(stream))).collect();
        heard.into_iter().map(|heard| heard.join().expect("an answer")).collect::<Vec<_>>()
    });
    assert!(heard.iter().all(|status| [408, 503].contains(status)), "{heard:?}");
    assert!(heard.contains(&408) && heard.contains(&503), "{heard:?}");
    // Then there is memory again.
    let long = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "z": "x".repeat(MIB - 100)});
    wait_for("memory for a long body", || (server.post(EVENTS, &long).status == 200).then_some(()));
}
