//! Promise: whoever listens to a board gets its first page at once and again whenever that page has changed, at most once
//! a second, and not otherwise; many listeners get the same; and nobody who listens keeps the server from ending.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::leaderboards::{
    BOARDS, assert_done, assert_order, assert_ranks, create_board, noon, quick, ranks, set_board, set_group, set_user,
};
use crate::support::{KEY, PATIENCE, Server, wait_for};

/// The body of a reply that comes in chunks.
struct Chunks {
    stream: BufReader<TcpStream>,
    /// Bytes of the current chunk that are still to come.
    left: usize,
    ended: bool,
}

impl Chunks {
    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && !self.ended {
            let size = self.line()?;
            // A connection that is cut ends the body as well.
            self.left = usize::from_str_radix(&size, 16).unwrap_or(0);
            self.ended = self.left == 0;
        }
        let length = self.left.min(into.len());
        let count = self.stream.read(&mut into[..length])?;
        self.left -= count;
        if count > 0 && self.left == 0 {
            self.line()?;
        }
        Ok(count)
    }
}

/// What a listener hears.
#[derive(Debug, PartialEq)]
enum Heard {
    /// The data of an event.
    Event(String),
    /// A comment, which shows that the stream is alive.
    Heartbeat,
    End,
}

/// Someone who listens to a board.
pub struct Listener {
    head: String,
    /// The data of an event whose end has not come yet: a comment may stand between them.
    data: Option<String>,
    body: BufReader<Chunks>,
}

impl Listener {
    /// Listens with a key.
    pub fn to(server: &Server, path: &str) -> Listener {
        Listener::with(server, path, &format!("API-Key: {KEY}\r\nAPI-Username: system\r\n"))
    }

    pub fn with(server: &Server, path: &str, headers: &str) -> Listener {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).expect("a head"), 0, "{head}");
        }
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 ok\r\n") && head.contains("transfer-encoding: chunked\r\n"), "{head}");
        Listener { head, data: None, body: BufReader::new(Chunks { stream, left: 0, ended: false }) }
    }

    fn hear(&mut self) -> Heard {
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line).expect("something is heard in time") == 0 {
                return Heard::End;
            }
            match line.trim_end_matches('\n') {
                "event:leaderboard" => {}
                "" => {
                    if let Some(data) = self.data.take() {
                        return Heard::Event(data);
                    }
                }
                line if line.starts_with(':') => return Heard::Heartbeat,
                line => self.data = Some(line.strip_prefix("data:").unwrap_or_else(|| panic!("{line}")).to_owned()),
            }
        }
    }

    /// The data of the next event, whatever comments come before.
    pub fn data(&mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "nothing but comments");
            match self.hear() {
                Heard::Event(data) => return data,
                Heard::Heartbeat => {}
                Heard::End => panic!("the stream has ended"),
            }
        }
    }

    /// The page of the next event.
    fn page(&mut self) -> Value {
        let data = self.data();
        serde_json::from_str(&data).unwrap_or_else(|fault| panic!("{fault}: {data}"))
    }

    /// Fails unless the stream ends, whatever comes before.
    pub fn assert_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.hear() != Heard::End {
            assert!(Instant::now() < deadline, "the stream goes on");
        }
    }
}

#[test]
fn a_listener_gets_the_first_page_at_once_and_after_each_change() {
    let server = Server::start();
    let mut listener = Listener::with(&server, "/leaderboard/1/live", "");
    for header in ["\r\ncontent-type: text/event-stream", "\r\nx-request-id: ", "\r\ncache-control: no-cache\r\n"] {
        assert!(listener.head.contains(header), "no {header} in {}", listener.head);
    }
    assert_eq!(ranks(&listener.page()), [], "an empty board is shown too");

    server.award(13, "2023-04-14", 15);
    let data = listener.data();
    assert_eq!(ranks(&serde_json::from_str(&data).expect("JSON")), [(13, 15, 1)]);
    assert_eq!(data, server.get("/leaderboard/1").body, "the same as the page");
    assert!(data.starts_with(r#"{"personal":{},"leaderboard":{"id":1,"#), "{data}");

    // Whoever comes later gets the page as it is; and names are part of it.
    let mut late = Listener::to(&server, "/leaderboard/1/live.json?page=7&user_limit=1&for_user_id=13");
    assert_eq!(late.data(), data);
    set_user(&server, 13, &json!({"username": "ann"}));
    set_board(&server, 1, json!({"name": "Renamed"}));
    for listener in [&mut listener, &mut late] {
        let page =
            wait_for("both changes", || Some(listener.page()).filter(|page| page["leaderboard"]["name"] == "Renamed"));
        assert_eq!(page["users"][0]["username"], "ann");
    }
}

#[test]
fn what_is_not_on_the_first_page_is_not_told() {
    let server = quick().start();
    for user in 1..=103 {
        server.award(user, "2023-04-14", 1000 - user);
    }
    let second: Vec<_> = (101..=103).map(|user| (user, 1000 - user, user)).collect();
    assert_ranks(&server, "/leaderboard/1?page=1", &second);
    let mut listener = Listener::to(&server, "/leaderboard/1/live");
    assert_eq!(ranks(&listener.page()).len(), 100);

    // A change below the first page, seen there; one that changes no score; then one on the first page.
    server.award(103, "2023-04-15", -5);
    assert_ranks(&server, "/leaderboard/1?page=1", &[(101, 899, 101), (102, 898, 102), (103, 892, 103)]);
    server.award(1, "2023-04-15", 0);
    server.award(104, "2023-04-15", 1);
    wait_for("user 104", || ranks(&server.get("/leaderboard/1?page=1").json()).contains(&(104, 1, 104)).then_some(()));
    server.award(1, "2023-04-15", 7);
    assert_eq!(ranks(&listener.page())[0], (1, 1006, 1), "the next event is of the change on the first page");
    server.award(2, "2023-04-15", 100);
    assert_eq!(ranks(&listener.page())[0], (2, 1098, 1), "and the one after it of the next");
}

#[test]
fn a_listener_hears_of_the_period_that_was_asked_for() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let mut daily = Listener::to(&server, "/leaderboard/1/live?period=daily");
    let mut default = Listener::to(&server, "/leaderboard/1/live?period=unknown");
    assert_eq!((ranks(&daily.page()), ranks(&default.page())), (vec![], vec![]));
    server.award(1, "2023-04-14", 10);
    assert_eq!(ranks(&default.page()), [(1, 10, 1)]);
    server.award(2, &today.to_string(), 3);
    assert_eq!(ranks(&default.page()), [(1, 10, 1), (2, 3, 2)]);
    assert_eq!(ranks(&daily.page()), [(2, 3, 1)], "the first that is heard of");
}

#[test]
fn changes_are_told_at_most_once_a_second_and_the_last_is_never_left_out() {
    let server = quick().start();
    let mut listener = Listener::to(&server, "/leaderboard/1/live");
    let (events, total) = std::thread::scope(|scope| {
        let heard = scope.spawn(move || {
            let mut events = Vec::new();
            loop {
                let page = listener.page();
                events.push(Instant::now());
                if ranks(&page).iter().any(|(user, ..)| *user == 99) {
                    return (events, page);
                }
            }
        });
        let begin = Instant::now();
        let mut total = 0;
        while begin.elapsed() < Duration::from_millis(2500) {
            server.award(1, "2023-04-14", 1);
            total += 1;
        }
        server.award(99, "2023-04-14", 0);
        let (events, last) = heard.join().expect("the listener hears the last");
        assert_eq!(ranks(&last), [(1, total, 1), (99, 0, 2)]);
        (events, total)
    });
    // Awards came much faster. How late a thread notes the first that it hears leaves some play.
    let lasted = *events.last().expect("an event") - events[0] + Duration::from_secs(1);
    assert!(events.len() >= 3, "{total} awards, {events:?}");
    assert!(events.len() as u64 <= lasted.as_secs() + 1, "{total} awards, {events:?}");
}

#[test]
fn two_hundred_listeners_hear_the_same() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    assert_order(&server, "/leaderboard", &[(13, 15)]);
    let mut listeners: Vec<Listener> = (0..200).map(|_| Listener::with(&server, "/leaderboard/1/live", "")).collect();
    let first = server.get("/leaderboard/1").body;
    for listener in &mut listeners {
        assert_eq!(listener.data(), first);
    }
    server.award(14, "2023-04-14", 20);
    let second = assert_order(&server, "/leaderboard", &[(14, 20), (13, 15)]).body;
    for listener in &mut listeners {
        assert_eq!(listener.data(), second);
    }
    // Most hang up; the others go on listening.
    listeners.truncate(3);
    server.award(15, "2023-04-14", 30);
    let third = assert_order(&server, "/leaderboard", &[(15, 30), (14, 20), (13, 15)]).body;
    for listener in &mut listeners {
        assert_eq!(listener.data(), third);
    }
}

#[test]
fn who_listens_does_not_keep_the_server_from_ending() {
    let mut server = quick().start();
    server.award(13, "2023-04-14", 15);
    let mut listeners: Vec<Listener> = (0..20).map(|_| Listener::to(&server, "/leaderboard/1/live")).collect();
    for listener in &mut listeners {
        listener.data();
    }
    let asked = Instant::now();
    server.signal("TERM");
    for listener in &mut listeners {
        listener.assert_end();
    }
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
}

#[test]
fn a_stream_ends_with_its_board_and_with_the_right_to_look() {
    let server = quick().start();
    let board = create_board(&server, "Short-lived");
    let path = format!("/leaderboard/{board}/live");
    let (mut anonymous, mut with_key) = (Listener::with(&server, &path, ""), Listener::to(&server, &path));
    assert_eq!(anonymous.data(), with_key.data());
    set_group(&server, 10, &[]);
    set_board(&server, board, json!({"visible_to_groups_ids": [10]}));
    assert_eq!(with_key.page()["leaderboard"]["visible_to_groups_ids"], json!([10]));
    assert_eq!(
        wait_for("the end for who has no key", || Some(anonymous.hear()).filter(|heard| *heard != Heard::Heartbeat)),
        Heard::End
    );
    assert_done(&server.delete(&format!("{BOARDS}/{board}")));
    with_key.assert_end();
}

#[test]
fn a_silent_stream_shows_every_15_seconds_that_it_is_alive() {
    let server = quick().start();
    let mut listener = Listener::to(&server, "/leaderboard/1/live");
    listener.data();
    let mut heartbeat = || {
        assert_eq!(listener.hear(), Heard::Heartbeat);
        Instant::now()
    };
    let first = heartbeat();
    let between = heartbeat() - first;
    assert!((Duration::from_secs(13)..Duration::from_secs(20)).contains(&between), "{between:?}");
}

#[test]
fn a_stream_that_can_not_be_had_is_refused_in_json() {
    let server = quick().start();
    const NOT_FOUND: &str = "The requested URL or resource could not be found.";
    for path in ["/leaderboard/2/live", "/leaderboard/0/live", "/leaderboard/abc/live", "/leaderboard/live"] {
        server.get(path).assert_error(404, "not_found", NOT_FOUND);
    }
    for method in ["POST", "PUT", "DELETE"] {
        server.request(method, "/leaderboard/1/live").send().assert_error(404, "not_found", NOT_FOUND);
    }
    let wrong = server.anonymous("GET", "/leaderboard/1/live").header("API-Key", "wrong").send();
    assert_eq!((wrong.status, wrong.error_type().as_str()), (403, "invalid_access"));
    wrong.assert_api_reply();
    let crowded = server.get(&format!("/leaderboard/1/live?{}", "x&".repeat(1001)));
    let sentence = "You supplied invalid parameters to the request: body";
    crowded.assert_error(400, "invalid_parameters", sentence);
    let head = server.anonymous("HEAD", "/leaderboard/1/live").send();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(head.header("Content-Type").is_some_and(|kind| kind.starts_with("text/event-stream")), "{head:?}");
}

#[test]
fn who_asks_for_any_change_hears_of_those_further_down() {
    let server = quick().start();
    let sql = server.sql();
    sql.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for user in 1..=101_i64 {
        for insert in [
            "INSERT INTO score_events (user_id, date, points) VALUES (?1, '2023-04-14', ?2)",
            "INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, ?1, 14, ?2, 1)",
        ] {
            sql.execute(insert, (user, 1_000 - user)).expect("a row");
        }
    }
    sql.execute_batch("COMMIT").expect("a commit");
    let ranked = || server.get("/leaderboard?page=1").json()["users"].as_array().map_or(0, Vec::len);
    wait_for("the second page", || (ranked() == 1).then_some(()));
    let mut any = Listener::to(&server, "/leaderboard/1/live?any_change=true");
    let mut first = Listener::to(&server, "/leaderboard/1/live");
    let page = any.page();
    assert_eq!(first.page(), page);
    server.award(101, "2023-04-14", 1);
    assert_eq!(any.page(), page, "the first page is as it was");
    server.award(1, "2023-04-14", 1);
    assert_ne!(first.page(), page, "nothing was heard in between");
}
