//! Requests as bytes, made before the clock starts; and one request at a time, where time is no matter.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use scorekeeper::domain::{Clock, EventDate};

use crate::draw::{self, Dates, Random, Users};

/// The path of score events.
pub const EVENTS: &str = "/admin/plugins/gamification/score_events";

/// As many different requests as a run sends before it begins anew.
const DIFFERENT: usize = 100_000;

/// Requests that are ready to be sent, over and over.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    next: usize,
}

impl Requests {
    fn push(&mut self, request: &str) {
        self.bytes.extend_from_slice(request.as_bytes());
        self.ends.push(self.bytes.len());
    }

    /// The next one.
    pub fn next(&mut self) -> &[u8] {
        let index = self.next;
        self.next = if index + 1 == self.ends.len() { 0 } else { index + 1 };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Different requests drawn by `draw`, each the path of a GET.
    pub fn gets(key: Option<&str>, seed: u64, draw: impl Fn(&mut Random) -> String) -> Requests {
        let mut random = Random::new(seed);
        let mut requests = Requests::default();
        for _ in 0..DIFFERENT / 5 {
            requests.push(&get(&draw(&mut random), key));
        }
        requests
    }

    /// POSTs of single events.
    pub fn posts(key: &str, users: Users, dates: Dates, seed: u64) -> Requests {
        let days = draw::days(today());
        let mut random = Random::new(seed);
        let mut requests = Requests::default();
        for _ in 0..DIFFERENT {
            let user_id = users.by_activity(&mut random);
            requests.push(&post(key, user_id, days[dates.age(&mut random) as usize]));
        }
        requests
    }
}

/// The day in the time zone that the servers have.
pub fn today() -> EventDate {
    Clock::system(chrono_tz::UTC).today()
}

/// A GET.
pub fn get(path: &str, key: Option<&str>) -> String {
    let key = key.map(|key| format!("Api-Key: {key}\r\nApi-Username: system\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{key}\r\n")
}

/// A POST of an event.
pub fn post(key: &str, user_id: u64, date: EventDate) -> String {
    let body = format!(r#"{{"user_id":{user_id},"date":"{date}","points":5,"description":"Karaoke night"}}"#);
    format!(
        "POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nApi-Key: {key}\r\nApi-Username: system\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A reply, read whole.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Sends one request on a connection of its own.
pub fn exchange(port: u16, request: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    stream.write_all(request.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes()).expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    let (head, body) = reply.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Reply { status, body: body.to_owned() }
}
