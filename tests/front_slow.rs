//! Promise: one slow, silent or greedy client never costs another an answer, and is gone when its time is over.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::front_heads::{Answer, EVENT, connect, post};
use crate::support::{EVENTS, KEY, Server, Setup, wait_for};

/// Sets a flag when it is dropped, so that those who work until then end with the test, even one that fails.
pub struct SetAtEnd<'f>(pub &'f AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Whether the server has closed a connection. Reads what has come, and does not wait for more.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a stream that does not block");
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
}

/// Opens a connection and sends something. Where the server closes it meanwhile, that is as good.
fn open(server: &Server, bytes: &[u8]) -> TcpStream {
    let mut stream = connect(server);
    let _ = stream.write_all(bytes);
    stream
}

/// How many descriptors the server has open.
fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count)
}

/// How many sockets the server has open. Files come and go while it starts.
fn sockets(server: &Server) -> usize {
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("the server runs");
    let links = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

#[test]
fn slow_clients_cost_nobody_an_answer_and_are_gone_in_the_end() {
    let setup = Setup::new().descriptors(256);
    let server = ["HEADER", "BODY", "IDLE", "STALL"]
        .iter()
        .fold(setup, |setup, phase| setup.env(&format!("SCOREKEEPER_{phase}_TIMEOUT"), "3s"))
        .start();
    // A list of six megabytes: more than the kernel keeps for somebody who reads nothing.
    let description = "\u{1}".repeat(10_000);
    for _ in 0..100 {
        let body = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": description});
        assert_eq!(server.post(EVENTS, &body).status, 200);
    }
    let list = format!("GET {EVENTS} HTTP/1.1\r\nHost: a\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\r\n");
    let half_body = post(&format!("Content-Length: {}\r\n", EVENT.len()), &EVENT[..10]);
    let half_head = &list[..40];
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let good = scope.spawn(|| {
            let mut answered = 0;
            while !is_over.load(Ordering::SeqCst) {
                server.award(14, "2023-04-14", 1);
                answered += 1;
                assert_eq!(server.score(14), answered);
            }
            answered
        });
        let trickle = scope.spawn(|| {
            let mut streams: Vec<_> = (0..50).map(|_| open(&server, b"GET / HTTP/1.1\r\n")).collect();
            while !is_over.load(Ordering::SeqCst) {
                for stream in &mut streams {
                    let _ = stream.write(b"A");
                }
                thread::sleep(Duration::from_secs(1));
            }
            streams
        });
        let over = SetAtEnd(&is_over);
        let mut slow = Vec::new();
        for bytes in ["", half_head, half_body.as_str(), list.as_str()] {
            slow.extend((0..200).map(|_| open(&server, bytes.as_bytes())));
        }
        let readers = slow.split_off(600);
        wait_for("the slow to be gone", || slow.iter_mut().all(is_closed).then_some(()));
        // Those who read nothing are seen to be gone by the server's descriptors alone: reading would make them go on.
        wait_for("the readers to be gone", || (descriptors(&server) < 100).then_some(()));
        drop(over);
        let mut trickling = trickle.join().expect("it trickles to the end");
        wait_for("those who trickle to be gone", || trickling.iter_mut().all(is_closed).then_some(()));
        assert!(good.join().expect("every request is answered") > 10);
        drop(readers);
    });
    assert_eq!(server.stop().path().read_dir().expect("a folder").count(), 1, "a clean end");
}

#[test]
fn a_connection_is_closed_when_its_phase_has_lasted_too_long() {
    for (phase, bytes, heard) in [
        ("IDLE", String::new(), ""),
        ("IDLE", "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "HTTP/1.1 200 "),
        ("HEADER", "GET /health/live HTTP/1.1\r\n".to_owned(), ""),
        ("BODY", post(&format!("Content-Length: {}\r\n", EVENT.len()), &EVENT[..10]), "HTTP/1.1 408 "),
        ("BODY", post("Transfer-Encoding: chunked\r\n", "5\r\nab"), "HTTP/1.1 408 "),
    ] {
        let server = Setup::new().env(&format!("SCOREKEEPER_{phase}_TIMEOUT"), "300ms").start();
        let mut stream = connect(&server);
        stream.write_all(bytes.as_bytes()).expect("the bytes are sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the connection is closed in time");
        assert!(if heard.is_empty() { answer.is_empty() } else { answer.starts_with(heard) }, "{phase}: {answer}");
        if answer.contains(" 408 ") {
            let (answer, _) = Answer::read(&answer);
            assert_eq!(answer.json()["error_type"], "request_timeout");
        }
        assert_eq!(server.count_events(), 0);
    }
}

#[test]
fn a_newcomer_takes_the_place_of_the_longest_silent() {
    let server = Setup::new().env("SCOREKEEPER_MAX_CONNECTIONS", "10").start();
    let health = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let none_open = sockets(&server);
    let all_are_open = |count: usize| (sockets(&server) == none_open + count).then_some(());
    let mut oldest = connect(&server);
    // Moments are told apart by the millisecond.
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(5) {
        open(&server, health).read_to_string(&mut String::new()).expect("an answer");
    }
    wait_for("the others to be gone", || all_are_open(1));
    let mut others: Vec<_> = (0..9).map(|_| connect(&server)).collect();
    wait_for("the others to have come", || all_are_open(10));
    for _ in 0..3 {
        let mut newcomer = open(&server, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut status = [0; 12];
        newcomer.read_exact(&mut status).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&status), "HTTP/1.1 200");
        assert!(is_closed(&mut oldest), "the longest silent goes first");
        others.push(newcomer);
        let open = others.iter_mut().map(is_closed).filter(|is_closed| !is_closed).count();
        assert_eq!(open, 10, "one goes for each that comes");
    }
}

#[test]
fn where_all_are_being_answered_a_newcomer_is_refused() {
    let server = Setup::new().env("SCOREKEEPER_MAX_CONNECTIONS", "3").start();
    let live = b"GET /leaderboard/1/live HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut listeners: Vec<_> = (0..3).map(|_| open(&server, live)).collect();
    for listener in &mut listeners {
        let mut status = [0; 12];
        listener.read_exact(&mut status).expect("a stream");
    }
    let mut refused = open(&server, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut answer = String::new();
    let _ = refused.read_to_string(&mut answer);
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(listeners.iter_mut().all(|listener| !is_closed(listener)));
    // Where one leaves there is room again.
    listeners.pop();
    let answered = || {
        let mut stream = open(&server, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.starts_with("HTTP/1.1 200").then_some(())
    };
    wait_for("room for one more", answered);
}

#[test]
fn who_takes_something_of_a_reply_now_and_then_gets_all_of_it() {
    let server = Setup::new().env("SCOREKEEPER_STALL_TIMEOUT", "1s").start();
    let description = "\u{1}".repeat(10_000);
    for _ in 0..50 {
        let body = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": description});
        assert_eq!(server.post(EVENTS, &body).status, 200);
    }
    let request = format!(
        "GET {EVENTS} HTTP/1.1\r\nHost: a\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\nConnection: close\r\n\r\n"
    );
    let mut stream = open(&server, request.as_bytes());
    let mut answer = Vec::new();
    let mut piece = vec![0; 512 << 10];
    loop {
        match stream.read(&mut piece).expect("the reply goes on") {
            0 => break,
            count => answer.extend_from_slice(&piece[..count]),
        }
        thread::sleep(Duration::from_millis(100));
    }
    let text = String::from_utf8(answer).expect("UTF-8");
    assert_eq!(Answer::read(&text).0.json()["events"].as_array().map(Vec::len), Some(50));
}

#[test]
fn what_was_cut_off_is_summed_up_in_the_log() {
    let mut server = Setup::new().env("SCOREKEEPER_HEADER_TIMEOUT", "100ms").start();
    for _ in 0..3 {
        let mut stream = open(&server, b"GET / HTTP/1.1\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the connection is closed");
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let line = "clients were cut off: 3 did not send a whole head in time";
    wait_for("the summary", || server.stderr().contains(line).then_some(()));
}
