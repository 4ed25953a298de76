//! Promise: `/health/ready` says in time that the server can't do its work, why, and when it can again; and a database that
//! is taken away under the server loses no acknowledged write.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::durability::start_with_file_limit;
use crate::support::{EVENTS, Server, Setup, wait_for};

/// How soon readiness has to follow the first failed commit.
const IN_TIME: Duration = Duration::from_secs(5);

const UNAVAILABLE: &str = "The database is unavailable right now; nothing was stored. Please try again.";

/// Fails unless the server says that it is ready or says why it is not; returns the reason.
#[track_caller]
fn reason(server: &Server) -> Option<String> {
    let reply = server.anonymous("GET", "/health/ready").send();
    reply.assert_api_reply();
    if reply.status == 200 {
        assert_eq!(reply.body, r#"{"status":"ok"}"#);
        return None;
    }
    assert_eq!((reply.status, &reply.json()["status"]), (503, &json!("unavailable")), "{reply:?}");
    let reason = reply.json()["reason"].as_str().expect("a reason").to_owned();
    assert_eq!(reply.body, format!(r#"{{"status":"unavailable","reason":"{reason}"}}"#));
    Some(reason)
}

/// Waits for the server to be no longer ready, which must not take longer than the contract allows.
#[track_caller]
fn await_reason(server: &Server) -> String {
    let began = Instant::now();
    let reason = wait_for("the server not to be ready", || reason(server));
    assert!(began.elapsed() < IN_TIME, "{reason} was told after {:?}", began.elapsed());
    reason
}

fn event(points: i64) -> serde_json::Value {
    json!({"user_id": 13, "date": "2023-04-14", "points": points})
}

#[test]
fn a_server_whose_commits_fail_is_not_ready_until_one_succeeds() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    assert_eq!(reason(&server), None);
    let lock = server.sql();
    lock.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    assert_eq!(reason(&server), None, "nobody has met the lock yet");
    assert_eq!(server.post(EVENTS, &event(1)).status, 503);
    assert_eq!(await_reason(&server), "the database is locked by another process");
    lock.execute_batch("ROLLBACK").expect("the lock is given back");
    // Nobody writes. The check itself finds that writing succeeds again.
    wait_for("the server to be ready", || reason(&server).is_none().then_some(()));
    assert_eq!(server.score(13), 15);
}

#[test]
fn a_server_without_space_is_not_ready() {
    let folder = Server::start().stop();
    let server = start_with_file_limit(folder, 1_500);
    assert_eq!(reason(&server), None);
    let long = "x".repeat(9_000);
    // What is left when a long event does not fit any more may do for the little that the check tries to write.
    wait_for("the space to be used up", || {
        let reply =
            server.post(EVENTS, &json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": long}));
        if reply.status == 200 {
            return None;
        }
        reply.assert_error(503, "unavailable", UNAVAILABLE);
        reason(&server)
    });
    assert_eq!(server.anonymous("GET", "/health/live").send().status, 200);
}

/// The files of a database.
fn files(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", database.display())))
}

/// How many lines of the server's log name the database as deleted or replaced.
fn lines_of_loss(server: &Server) -> usize {
    server.stderr().lines().filter(|line| line.contains("was deleted or replaced")).count()
}

#[track_caller]
fn assert_nothing_is_taken(server: &Server) {
    for _ in 0..5 {
        let reply = server.post(EVENTS, &event(1));
        reply.assert_error(503, "unavailable", UNAVAILABLE);
        assert!(reply.header("Retry-After").is_some());
    }
    let reason = await_reason(server);
    assert!(reason.ends_with("scores.db was deleted or replaced"), "{reason}");
    let told = wait_for("a line in the log", || Some(lines_of_loss(server)).filter(|lines| *lines > 0));
    assert_eq!(told, 1, "{}", server.stderr());
}

#[test]
fn a_database_that_is_deleted_takes_no_more_writes() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    for file in files(&server.database()) {
        std::fs::remove_file(file).expect("the file is there");
    }
    assert_nothing_is_taken(&server);
    // Another file at that place is not the server's either, and nothing is written into it.
    std::fs::write(server.database(), "a letter").expect("a file");
    assert_nothing_is_taken(&server);
    assert_eq!(std::fs::read_to_string(server.database()).expect("a file"), "a letter");
}

#[test]
fn a_database_that_is_moved_away_and_back_goes_on() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let away = server.folder().path().join("away.db");
    std::fs::rename(server.database(), &away).expect("the file is there");
    assert_nothing_is_taken(&server);
    std::fs::rename(&away, server.database()).expect("the file is there");
    wait_for("the server to be ready", || reason(&server).is_none().then_some(()));
    server.award(13, "2023-04-14", 5);
    assert_eq!(server.score(13), 20);
    let server = Setup::in_folder(server.kill()).start();
    assert_eq!(server.score(13), 20);
}

#[test]
fn a_database_that_goes_while_nobody_writes_is_told_of() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    std::fs::remove_file(server.database()).expect("the file is there");
    wait_for("a line in the log", || (lines_of_loss(&server) > 0).then_some(()));
    assert!(await_reason(&server).contains("was deleted or replaced"));
    assert_eq!(lines_of_loss(&server), 1);
}
