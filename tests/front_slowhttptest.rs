//! Promise: a tool that is made to shut out servers with slow clients does not shut out this one.
//!
//! Each of its four ways runs for half a minute against a server that has few descriptors.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{EVENTS, Setup};

/// How long the tool runs, in seconds.
const SECONDS: u64 = 30;

/// Runs the tool with these arguments, and a good client beside it whose every request has to be answered.
fn stand(args: &[&str], path: &str) {
    let server = Setup::new().descriptors(256).start();
    for user in 1..=50 {
        let body = json!({"user_id": user, "date": "2023-04-14", "points": 1, "description": "x".repeat(10_000)});
        assert_eq!(server.post(EVENTS, &body).status, 200);
    }
    let (url, seconds) = (format!("{}{path}", server.url()), SECONDS.to_string());
    let mut tool = Command::new("slowhttptest")
        .args(["-c", "1000", "-r", "200", "-l", &seconds, "-u", &url])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("slowhttptest runs");
    let begin = Instant::now();
    let mut answered = 0;
    while tool.try_wait().expect("a child can be waited for").is_none() {
        server.award(99, "2023-04-14", 1);
        answered += 1;
        assert_eq!(server.score(99), answered);
        assert!(begin.elapsed() < Duration::from_secs(3 * SECONDS), "the tool does not end");
    }
    assert!(answered > 100, "{answered} requests were answered");
    assert_eq!(server.get("/health/ready").status, 200);
    server.stop();
}

#[test]
fn slow_heads() {
    stand(&["-H", "-i", "5", "-x", "24"], "/leaderboard");
}

#[test]
fn slow_bodies() {
    stand(&["-B", "-i", "5", "-s", "8192", "-x", "10"], EVENTS);
}

#[test]
fn many_ranges() {
    stand(&["-R", "-a", "10", "-b", "3000"], "/leaderboard");
}

#[test]
fn slow_readers() {
    stand(&["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"], "/leaderboard");
}
