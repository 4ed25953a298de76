//! Promise: whatever bytes come over a connection, no part of one request is taken for another, nobody else waits for it, and the
//! server goes on.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use crate::front_heads::{Answer, EVENT, ask, connect, post};
use crate::support::{EVENTS, KEY, Server, wait_for};

/// A request that hides in what may be a body. Nothing else gives points to user 666.
fn hidden() -> String {
    let body = r#"{"user_id":666,"date":"2023-04-14","points":1}"#;
    post(&format!("Content-Length: {}\r\n", body.len()), body)
}

/// Sends bytes and takes all replies apart. Each has to be one that can be read.
#[track_caller]
fn answers(server: &Server, bytes: &[u8]) -> Vec<u16> {
    let text = ask(server, bytes);
    let (mut rest, mut statuses) = (text.as_str(), Vec::new());
    while !rest.is_empty() {
        let (answer, after) = Answer::read(rest);
        statuses.push(answer.status);
        rest = after;
    }
    statuses
}

/// No reader of the bytes may take the hidden request for one that somebody has sent.
#[test]
fn no_bytes_are_taken_for_a_request_that_nobody_sent() {
    let server = Server::start();
    let (hidden, chunk) = (hidden(), format!("{:x}\r\n{EVENT}\r\n", EVENT.len()));
    let ended = format!("{chunk}0\r\n\r\n{hidden}");
    let whole = format!("Content-Length: {}\r\n", ended.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let mut requests = vec![
        // Both lengths, in either order, and twice.
        post(&format!("{whole}{chunked}"), &ended),
        post(&format!("{chunked}{whole}"), &ended),
        post(&format!("{chunked}{whole}{chunked}"), &ended),
        post(&format!("{chunked}Content-Length: 0\r\n"), &ended),
        // A length that readers may take for another.
        post("Content-Length: 0\r\nContent-Length: 46\r\n", &hidden),
        post("Content-Length: 0, 0\r\n", &hidden),
        post("Content-Length: 0x0\r\n", &hidden),
        post("Content-Length: 00000000000000000000000000000000000\u{1}\r\n", &hidden),
        post("Content-Length : 0\r\n", &hidden),
        post("Content-Length: 18446744073709551616\r\n", &hidden),
        post("Content-Length:\r\n 0\r\n", &hidden),
        post("X: y\r\n Content-Length: 0\r\n", &hidden),
        post("X: y\nContent-Length: 18446744073709551617\r\n", &hidden),
        post("X: y\rContent-Length: 0\r\n", &hidden),
        post("X: y\0Content-Length: 0\r\n", &hidden),
        post("X\0: y\r\n", &hidden),
        post("\u{b}Content-Length: 0\r\n", &hidden),
    ];
    // Codings that are not quite "chunked".
    for coding in [
        "xchunked",
        "chunked-ish",
        "chunked, identity",
        "identity",
        "gzip",
        "chunked, chunked, gzip",
        "\"chunked\"",
        "chunked\u{b}",
        "chunked;q=1",
        ",chunked,x",
        "chunk ed",
    ] {
        requests.push(post(&format!("Transfer-Encoding: {coding}\r\n"), &ended));
        requests.push(post(&format!("Transfer-Encoding: {coding}\r\n{whole}"), &ended));
    }
    requests.push(post(&format!("Transfer-Encoding : chunked\r\n{whole}"), &ended));
    requests.push(post(&format!("Transfer-Encoding:\r\n chunked\r\n{whole}"), &ended));
    // Chunks that readers may count in another way.
    let size = format!("{:x}", EVENT.len());
    for begin in [
        format!("{size};a=\"\n\"\r\n{EVENT}\r\n"),
        format!("{size};a\n{EVENT}\r\n"),
        format!("{size}\n{EVENT}\n"),
        format!("{size}\r{EVENT}\r\n"),
        format!("0x{size}\r\n{EVENT}\r\n"),
        format!("+{size}\r\n{EVENT}\r\n"),
        format!("-{size}\r\n{EVENT}\r\n"),
        format!("{size} {size}\r\n{EVENT}\r\n"),
        format!("{size}\r\n{EVENT}xx\r\n"),
        format!("ffffffffffffffff{size}\r\n{EVENT}\r\n"),
        format!("\r\n{size}\r\n{EVENT}\r\n"),
        format!("{size}\r\n{EVENT}"),
        format!("{size};{}\r\n{EVENT}\r\n", "e".repeat(40_000)),
    ] {
        requests.push(post(chunked, &format!("{begin}0\r\n\r\n{hidden}")));
    }
    // The method of a body, and methods that have none.
    for method in ["GET", "HEAD", "TRACE", "OPTIONS", "DELETE", "CONNECT"] {
        let with = |headers: &str| post(headers, &ended).replacen("POST", method, 1);
        requests.extend([with(&format!("{whole}{chunked}")), with(&whole)]);
    }
    for request in &requests {
        // What follows belongs to nobody, so a client that has said all closes its side.
        let mut stream = connect(&server);
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        let stored = server.get(&format!("{EVENTS}?user_id=666")).json()["events"].as_array().expect("a list").len();
        assert_eq!(stored, 0, "a hidden request was carried out: {request:?} was answered {text:?}");
        assert!(!text.contains("HTTP/1.1 5"), "{request:?} was answered {text:?}");
        let first = text.split("\r\n").next().unwrap_or_default();
        let is_trace = request.starts_with("TRACE") || request.starts_with("CONNECT");
        assert!(!is_trace || !first.contains(" 200 "), "{request:?} was answered {text:?}");
    }
    // What was not answered before its connection was closed may have been carried out later.
    let folder = server.stop();
    let file = rusqlite::Connection::open(folder.path().join("scores.db")).expect("the database opens");
    let hidden = "SELECT count(*) FROM score_events WHERE user_id = 666";
    assert_eq!(file.query_row(hidden, [], |row| row.get::<_, i64>(0)), Ok(0), "a hidden request was carried out");
}

#[test]
fn a_flood_of_headers_is_refused_and_costs_nobody_an_answer() {
    let server = Server::start();
    let head = |headers: &str| format!("GET /health/live HTTP/1.1\r\nHost: a\r\n{headers}Connection: close\r\n\r\n");
    let many = |count: usize, name: &str, value: &str| -> String {
        (0..count).map(|number| format!("{name}{number}: {value}\r\n")).collect()
    };
    for flood in [many(10_000, "x", "y"), many(200, "", &"y".repeat(4_000)), many(1, &"n".repeat(300_000), "y")] {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut stream = connect(&server);
                    // It may be refused before all of it is sent.
                    let _ = stream.write_all(head(&flood).as_bytes());
                    let mut text = String::new();
                    let _ = stream.read_to_string(&mut text);
                    assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text:?}");
                });
            }
            assert_eq!(answers(&server, head("").as_bytes()), [200]);
        });
    }
}

#[test]
fn a_thousand_requests_in_one_piece_are_answered_in_their_order() {
    let server = Server::start();
    let length = format!("Content-Length: {}\r\n", EVENT.len());
    let mut requests = String::new();
    for number in 0..1_000 {
        requests.push_str(&match number % 3 {
            0 => post(&length, EVENT),
            1 => "GET /users/13/score HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            _ => format!("GET /nothing/{number} HTTP/1.1\r\nHost: a\r\n\r\n"),
        });
    }
    requests.push_str("GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    // The replies are taken while the requests are sent, or both sides would wait for each other.
    let mut stream = connect(&server);
    let mut sender = stream.try_clone().expect("a second handle");
    let text = thread::scope(|scope| {
        scope.spawn(move || sender.write_all(requests.as_bytes()).expect("all is sent"));
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the connection is closed in time");
        text
    });
    let mut rest = text.as_str();
    for number in 0..1_000 {
        let (answer, after) = Answer::read(rest);
        rest = after;
        let stored = i64::from(number / 3 + 1);
        match number % 3 {
            0 => assert_eq!(answer.json()["id"].as_i64(), Some(stored)),
            1 => assert_eq!(answer.json()["total_score"].as_i64(), Some(15 * stored)),
            _ => assert_eq!(answer.status, 404),
        }
    }
    let (last, rest) = Answer::read(rest);
    assert_eq!((last.status, rest), (200, ""));
}

#[test]
fn sockets_that_are_closed_by_half_or_torn_leave_nothing_behind() {
    let server = Server::start();
    let whole = post(&format!("Content-Length: {}\r\n", EVENT.len()), EVENT);
    // Cut at every place: what is not whole is not stored.
    for end in (0..whole.len()).step_by(7) {
        let mut stream = connect(&server);
        stream.write_all(&whole.as_bytes()[..end]).expect("it is sent");
        stream.shutdown(Shutdown::Write).expect("one side is closed");
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "after {end} bytes: {text:?}");
    }
    assert_eq!(server.count_events(), 0);
    // Closed by half after the whole request: it is carried out, whether its client hears of it or not.
    let mut stream = connect(&server);
    stream.write_all(whole.as_bytes()).expect("it is sent");
    stream.shutdown(Shutdown::Write).expect("one side is closed");
    let _ = stream.read_to_string(&mut String::new());
    wait_for("the event", || (server.count_events() == 1).then_some(()));
    // Gone at once, many times: nothing is left open by it.
    for _ in 0..200 {
        let mut stream = connect(&server);
        stream.write_all(&whole.as_bytes()[..60]).expect("it is sent");
        drop(stream);
    }
    let ask = format!(
        "GET {EVENTS} HTTP/1.1\r\nHost: a\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(answers(&server, ask.as_bytes()), [200]);
    assert_eq!(server.count_events(), 1);
}
