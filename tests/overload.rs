//! The promise: a server that cannot take a request now says so, says when to come back, and stores nothing.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{EVENTS, RECALCULATE, Reply, Request, Server, Setup};

const BUSY: &str = "The database is unavailable right now; nothing was stored. Please try again.";

/// The seconds that `Retry-After` names.
#[track_caller]
fn retry_after(reply: &Reply) -> u64 {
    let seconds = reply.header("Retry-After").and_then(|seconds| seconds.parse().ok());
    seconds.unwrap_or_else(|| panic!("no Retry-After: {reply:?}"))
}

/// Fails unless the reply is a 429 whose parts agree; returns how long it says to wait, as words.
#[track_caller]
fn rate_limited(reply: &Reply, seconds_max: u64) -> String {
    assert_eq!(reply.status, 429, "{reply:?}");
    reply.assert_api_reply();
    let seconds = retry_after(reply);
    assert!((1..=seconds_max).contains(&seconds), "{reply:?}");
    let time_left = reply.json()["extras"]["time_left"].as_str().expect("time_left is a text").to_owned();
    let sentence = format!("You have performed this action too many times. Please try again in {time_left}.");
    assert_eq!(
        reply.body,
        format!(
            r#"{{"errors":["{sentence}"],"error_type":"rate_limit","extras":{{"wait_seconds":{seconds},"time_left":"{time_left}"}}}}"#
        )
    );
    time_left
}

#[test]
fn more_requests_than_allowed_in_a_minute_are_told_to_wait() {
    let server = Setup::new().env("SCOREKEEPER_REQUESTS_PER_MINUTE", "3").start();
    // Refused callers use up nothing.
    for _ in 0..5 {
        assert_eq!(server.anonymous("GET", EVENTS).send().status, 403);
        assert_eq!(server.anonymous("GET", EVENTS).header("API-Key", "x").send().status, 403);
    }
    // Faults that a caller makes do count: two good requests and a bad one.
    server.award(13, "2023-04-14", 15);
    assert_eq!(server.get(EVENTS).status, 200);
    assert_eq!(server.get(&format!("{EVENTS}?limit=0")).status, 400);

    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    let one = format!("{EVENTS}/1");
    for request in [
        server.request("GET", EVENTS),
        server.request("POST", EVENTS).json(&event),
        server.request("POST", EVENTS).bytes("not even a good one"),
        server.request("PUT", EVENTS).json(&json!({"id": 1, "points": 99})),
        server.request("GET", &one),
        server.request("GET", &format!("{EVENTS}/99")),
        server.request("GET", &format!("{EVENTS}/1/history")),
        server.request("DELETE", &one),
        server.request("GET", RECALCULATE),
        server.request("PUT", RECALCULATE),
    ] {
        let time_left = rate_limited(&request.send(), 60);
        assert!(time_left.ends_with(" seconds") || time_left == "1 minute", "{time_left}");
    }
    assert_eq!(server.anonymous("GET", EVENTS).send().status, 403, "the key is asked for first");
    assert_eq!(server.request("GET", "/nothing").send().status, 404, "the route is looked for first");

    // What needs no key is not limited, and nothing of the refused has happened.
    let score = server.anonymous("GET", "/users/13/score").send();
    assert_eq!((score.status, &score.json()["total_score"]), (200, &json!(15)));
    assert_eq!(server.anonymous("GET", "/health/live").send().status, 200);
    let count = server.sql().query_row("SELECT count(*) FROM score_events", [], |row| row.get::<_, i64>(0));
    assert_eq!(count.expect("a count"), 1);
}

#[test]
fn no_limit_is_the_default() {
    let server = Server::start();
    assert!((0..100).all(|_| server.get(EVENTS).status == 200));
}

#[test]
fn more_recalculations_than_allowed_in_a_day_are_told_to_wait() {
    let server = Setup::new().env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "1").start();
    for from_date in ["9999-12-31", "2023-02-30", "soon"] {
        let reply = server.put(RECALCULATE, &json!({"from_date": from_date}));
        reply.assert_error(400, "invalid_parameters", "You supplied invalid parameters to the request: from_date");
    }
    assert_eq!(server.get(RECALCULATE).json()["remaining"], 1, "a refused request used up the day's quota");
    assert_eq!(server.put(RECALCULATE, &json!({"from_date": "2023-04-01"})).status, 200);
    for body in [json!({"from_date": "2023-04-01"}), json!({})] {
        let time_left = rate_limited(&server.put(RECALCULATE, &body), 86_400);
        assert_eq!(time_left, "24 hours");
    }
    assert_eq!(server.get(RECALCULATE).json()["remaining"], 0);
}

#[test]
fn a_database_that_stays_locked_makes_writes_unavailable_and_stores_nothing() {
    let server = Server::start();
    let lock = server.sql();
    // A fresh server has work of its own in the file; its first write is behind it when this event is stored.
    assert_eq!(server.award(13, "2023-04-14", 15)["id"], 1);
    lock.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");

    let one = format!("{EVENTS}/1");
    let redeem = json!({"user_id": 13, "date": "2023-04-14", "points": -5, "minimum_score": 0});
    let keyed = || server.request("POST", EVENTS).header("Idempotency-Key", "k-1").json(&redeem);
    let writes: Vec<Request<'_>> = vec![
        server.request("POST", EVENTS).json(&json!({"user_id": 13, "date": "2023-04-14", "points": 15})),
        server.request("PUT", EVENTS).json(&json!({"id": 1, "points": 99})),
        server.request("DELETE", &one),
        server.request("PUT", RECALCULATE).json(&json!({"from_date": "2023-04-01"})),
        keyed(),
    ];
    thread::scope(|scope| {
        let waiting: Vec<_> = writes.into_iter().map(|request| scope.spawn(|| request.send())).collect();
        // Reading goes on meanwhile.
        assert_eq!(server.get(EVENTS).status, 200);
        assert_eq!(server.score(13), 15);
        for reply in waiting {
            let reply = reply.join().expect("the server answers");
            reply.assert_error(503, "unavailable", BUSY);
            assert!((1..=60).contains(&retry_after(&reply)), "{reply:?}");
        }
    });
    lock.execute_batch("ROLLBACK").expect("the lock is given back");

    assert_eq!(server.count_events(), 1);
    assert_eq!(server.get(&one).json()["points"], 15);
    assert_eq!(server.get(RECALCULATE).json()["remaining"], 5);
    // A 503 is not remembered: the same key is now carried out.
    let retried = keyed().send();
    assert_eq!((retried.status, retried.header("Idempotent-Replayed")), (200, None), "{retried:?}");
    assert_eq!(server.score(13), 10);
}

#[test]
fn every_write_hears_within_its_own_five_seconds_that_the_database_stays_locked() {
    // The contract's five seconds from a request's arrival, and what a busy machine may take beside. Who waited for the
    // transaction before would wait twice as long.
    let in_time = Duration::from_secs(5)..Duration::from_millis(8_500);
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let lock = server.sql();
    lock.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    thread::scope(|scope| {
        let write = |number: u64| {
            // They arrive one after another, so that many transactions would have to wait.
            thread::sleep(Duration::from_millis(60 * number));
            let began = Instant::now();
            let event = json!({"user_id": 13, "date": "2023-04-14", "points": number});
            (server.post(EVENTS, &event), began.elapsed())
        };
        let waiting: Vec<_> = (0..40).map(|number| scope.spawn(move || write(number))).collect();
        for waited in waiting {
            let (reply, waited) = waited.join().expect("the server answers");
            reply.assert_error(503, "unavailable", BUSY);
            assert!(in_time.contains(&waited), "answered after {waited:?}");
        }
    });
    lock.execute_batch("ROLLBACK").expect("the lock is given back");
    assert_eq!(server.score(13), 15);
}
