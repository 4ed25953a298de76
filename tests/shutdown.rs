//! Promise: SIGTERM and SIGINT end the server as one would wish: what is in flight is answered, what is answered is
//! stored, what is stored was asked for, the log is folded into the database file, and the exit code is 0. No client
//! can keep the server from ending.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, KEY, Server, Setup, wait_for};

/// The longest that clients who send nothing, or not all, may hold up the end.
const LONGEST_END: Duration = Duration::from_secs(20);

/// How long a slow client lets the server wait: longer than anything that is not waited for takes to end.
const SLOWNESS: Duration = Duration::from_millis(500);

/// What became of a client's events.
#[derive(Default)]
struct Told {
    stored: HashSet<String>,
    refused: HashSet<String>,
    /// No answer came.
    broken: HashSet<String>,
}

fn write_until_gone(server: &Server, client: usize, acknowledged: &AtomicUsize) -> Told {
    let mut told = Told::default();
    for turn in 0.. {
        let token = format!("{client}/{turn}");
        let body = json!({"user_id": client + 1, "date": "2023-04-14", "points": 1, "description": token});
        match server.request("POST", EVENTS).json(&body).try_send() {
            Ok(reply) if reply.status == 200 => {
                told.stored.insert(token);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Ok(reply) => {
                assert_eq!((reply.status, reply.error_type().as_str()), (503, "unavailable"), "{reply:?}");
                told.refused.insert(token);
            }
            Err(_) => {
                told.broken.insert(token);
                return told;
            }
        }
    }
    told
}

/// The write-ahead log was folded into the database file.
#[track_caller]
fn assert_no_log_left(folder: &Path) {
    let log = folder.join("scores.db-wal");
    assert!(log.metadata().map_or(0, |log| log.len()) == 0, "{} is not empty", log.display());
}

fn descriptions(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT description FROM score_events").expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("the events");
    rows.collect::<Result<_, _>>().expect("descriptions")
}

fn stops_under_load(signal: &str) {
    for stop_after in [1, 40, 300] {
        let mut server = Server::start();
        let acknowledged = AtomicUsize::new(0);
        let mut told = Told::default();
        thread::scope(|scope| {
            let clients: Vec<_> = (0..8)
                .map(|client| {
                    let (server, acknowledged) = (&server, &acknowledged);
                    scope.spawn(move || write_until_gone(server, client, acknowledged))
                })
                .collect();
            wait_for("enough acknowledgements", || (acknowledged.load(Ordering::SeqCst) >= stop_after).then_some(()));
            server.signal(signal);
            for client in clients {
                let of_client = client.join().expect("the client ends");
                told.stored.extend(of_client.stored);
                told.refused.extend(of_client.refused);
                told.broken.extend(of_client.broken);
            }
        });
        assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
        let folder = server.folder();
        assert_no_log_left(folder.path());

        let database = Connection::open(server.database()).expect("the database opens");
        let stored = descriptions(&database);
        let different: HashSet<String> = stored.iter().cloned().collect();
        assert_eq!(stored.len(), different.len(), "each is stored once");
        assert!(told.stored.is_subset(&different), "acknowledged, but not stored");
        assert!(told.refused.is_disjoint(&different), "refused, but stored");
        let unanswered: Vec<_> = different.difference(&told.stored).collect();
        assert!(unanswered.iter().all(|token| told.broken.contains(*token)), "nobody asked for {unanswered:?}");
        assert!(unanswered.is_empty(), "stored, but not answered: {unanswered:?}");
        assert_scores_are_sums(&database);
    }
}

#[test]
fn sigterm_under_load_loses_nothing_and_leaves_no_answer_out() {
    stops_under_load("TERM");
}

#[test]
fn sigint_under_load_loses_nothing_and_leaves_no_answer_out() {
    stops_under_load("INT");
}

#[test]
fn a_signal_right_after_the_start_ends_it_cleanly() {
    for signal in ["TERM", "INT"].repeat(5) {
        let mut server = Server::start();
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
        assert_no_log_left(server.folder().path());
    }
}

/// A client that writes its own bytes.
struct Wire(TcpStream);

impl Wire {
    fn to(server: &Server) -> Wire {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
        stream.set_read_timeout(Some(crate::support::PATIENCE)).expect("a read timeout");
        Wire(stream)
    }

    fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("the bytes are sent");
    }

    /// Reads until what came contains `text`.
    fn read_until(&mut self, text: &str) -> String {
        let (mut answer, mut byte) = (Vec::new(), [0]);
        while !answer.ends_with(text.as_bytes()) {
            self.0.read_exact(&mut byte).expect("an answer in time");
            answer.push(byte[0]);
        }
        String::from_utf8(answer).expect("UTF-8")
    }
}

/// The head of a POST of `body`, whose sender waits until the server asks for the body.
fn expecting_head(body: &str) -> String {
    format!(
        "POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    )
}

#[test]
fn a_request_whose_body_is_on_its_way_is_answered() {
    let mut server = Server::start();
    let body = r#"{"user_id":13,"date":"2023-04-14","points":15,"description":"sent after the signal"}"#;
    let mut client = Wire::to(&server);
    client.send(&expecting_head(body));
    client.read_until("100 Continue\r\n\r\n");
    let (some, rest) = body.split_at(20);
    client.send(some);
    server.signal("TERM");
    thread::sleep(SLOWNESS);
    client.send(rest);
    let answer = client.read_until("}");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    assert_no_log_left(server.folder().path());
    let database = Connection::open(server.database()).expect("the database opens");
    assert_eq!(descriptions(&database), ["sent after the signal"]);
}

#[test]
fn a_request_that_waits_in_vain_for_the_database_is_answered_too() {
    let mut server = Server::start();
    let body = r#"{"user_id":13,"date":"2023-04-14","points":15}"#;
    let lock = server.sql();
    lock.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let mut client = Wire::to(&server);
    client.send(&expecting_head(body));
    client.read_until("100 Continue\r\n\r\n");
    client.send(body);
    server.signal("TERM");
    let answer = client.read_until("}");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("unavailable"), "{answer}");
    lock.execute_batch("ROLLBACK").expect("the lock is given back");
    drop(lock);
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}

#[test]
fn a_request_that_waits_for_the_database_is_answered() {
    let mut server = Server::start();
    let body = r#"{"user_id":13,"date":"2023-04-14","points":15,"description":"waited for a lock"}"#;
    let lock = server.sql();
    lock.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let mut client = Wire::to(&server);
    client.send(&expecting_head(body));
    client.read_until("100 Continue\r\n\r\n");
    client.send(body);
    server.signal("TERM");
    thread::sleep(SLOWNESS);
    lock.execute_batch("COMMIT").expect("the lock is given back");
    drop(lock);
    let answer = client.read_until("}");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    let database = Connection::open(server.database()).expect("the database opens");
    assert_eq!(descriptions(&database), ["waited for a lock"]);
}

#[test]
fn a_reply_that_is_read_slowly_is_sent_whole() {
    let mut server = Server::start();
    // Control characters take six bytes each in JSON: a list of six megabytes, more than the kernel keeps in between.
    let description = "\u{1}".repeat(10_000);
    for _ in 0..100 {
        let body = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": description});
        assert_eq!(server.post(EVENTS, &body).status, 200);
    }
    let mut client = Wire::to(&server);
    client.send(&format!("GET {EVENTS} HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\r\n"));
    let head = client.read_until("\r\n\r\n").to_lowercase();
    let (_, length) = head.split_once("content-length: ").expect("a length");
    let length: usize = length.lines().next().expect("a number").parse().expect("a number");
    assert!(length > 6_000_000, "{length}");
    server.signal("TERM");
    thread::sleep(SLOWNESS);
    let mut list = vec![0; length];
    client.0.read_exact(&mut list).expect("the whole list");
    assert!(list.ends_with(b"}]}"));
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}

#[test]
fn clients_that_send_nothing_or_not_all_do_not_hold_up_the_end() {
    let mut server = Server::start();
    server.award(13, "2023-04-14", 15);
    let mut idle = Wire::to(&server);
    idle.send("GET /users/13/score HTTP/1.1\r\nHost: localhost\r\n\r\n");
    idle.read_until("}");
    let mut half_a_head = Wire::to(&server);
    half_a_head.send(&format!("POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nAPI-K"));
    let mut half_a_body = Wire::to(&server);
    half_a_body.send(&expecting_head(&"x".repeat(200)));
    half_a_body.read_until("100 Continue\r\n\r\n");
    half_a_body.send(r#"{"user_id":13,"#);
    let silent = Wire::to(&server);

    let begin = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    assert!(begin.elapsed() < LONGEST_END, "it took {:?}", begin.elapsed());
    assert_no_log_left(server.folder().path());
    drop((idle, half_a_head, half_a_body, silent));

    let server = Setup::in_folder(server.folder()).start();
    assert_eq!((server.count_events(), server.score(13)), (1, 15));
}
