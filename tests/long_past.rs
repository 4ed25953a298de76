//! Promise: what a user may spend is decided right, and holds nobody up, also where scores go back for centuries and where
//! thousands of users are asked for at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, Reply, Server, Setup, holding};

/// Months in which user 13 has a point.
const MONTHS: i64 = 4_000;

/// Users from 1,001 on, who have five points each.
const USERS: i64 = 5_000;

/// A folder with a database whose scores go back for centuries.
fn long_past() -> Arc<TempDir> {
    holding(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MONTHS} - 1)
         INSERT INTO score_events (user_id, date, points)
         SELECT 13, printf('%04d-%02d-15', 1601 + n / 12, 1 + n % 12), 1 FROM numbers;
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {USERS})
         INSERT INTO score_events (user_id, date, points) SELECT 1000 + n, '2023-04-14', 5 FROM numbers"
    ))
}

fn ask(server: &Server, points: i64, minimum: i64) -> Reply {
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": points, "minimum_score": minimum});
    server.post(EVENTS, &event)
}

#[track_caller]
fn assert_lacks(reply: &Reply, score: i64) {
    assert_eq!((reply.status, &reply.json()["extras"]["score"]), (422, &json!(score)), "{reply:?}");
}

/// Takes points from all users at once, down to nothing.
fn take_from_all(points: i64) -> Value {
    let events = (1..=USERS)
        .map(|user| json!({"user_id": 1000 + user, "date": "2023-04-15", "points": -points, "minimum_score": 0}));
    json!({"events": events.collect::<Vec<_>>()})
}

#[test]
fn one_user_spends_what_centuries_add_up_to_and_no_more() {
    let server = Setup::in_folder(long_past()).start();
    assert_lacks(&ask(&server, -MONTHS - 1, 0), MONTHS);
    let stored = ask(&server, -MONTHS + 10, 0);
    assert_eq!(stored.status, 200, "{stored:?}");
    let id = stored.json()["id"].clone();
    let correct = |points: i64| server.put(EVENTS, &json!({"id": id, "points": points, "minimum_score": 0}));
    assert_lacks(&correct(-MONTHS - 1), 10);
    assert_eq!(correct(-MONTHS + 20).status, 200);
    // Without a gift, what it made possible can't stay.
    let gift = server.award(13, "2023-04-14", 5)["id"].clone();
    assert_eq!(ask(&server, -22, 0).status, 200);
    let delete = |id: &Value| server.delete(&format!("{EVENTS}/{id}?minimum_score=0"));
    assert_lacks(&delete(&gift), 3);
    assert_eq!(delete(&id).status, 200);
    assert_eq!(server.score(13), MONTHS + 5 - 22);
    assert_scores_are_sums(&server.sql());
}

#[test]
fn what_is_left_is_given_out_once_however_many_ask() {
    let server = Setup::in_folder(long_past()).start();
    assert_eq!(ask(&server, -MONTHS + 10, 0).status, 200);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let asking: Vec<_> = (0..30).map(|_| scope.spawn(|| ask(&server, -1, 0).status)).collect();
        asking.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(200), count(422)), (10, 20), "{statuses:?}");
    assert_eq!(server.score(13), 0);
}

#[test]
fn a_batch_of_thousands_is_decided_beside_other_writes() {
    let server = Setup::in_folder(long_past()).start();
    let batch = format!("{EVENTS}/batch");
    let ended = AtomicBool::new(false);
    let (first, second, third) = thread::scope(|scope| {
        // Others write meanwhile: for a user of the batch, by SQL, and for somebody else.
        scope.spawn(|| {
            let database = server.sql();
            database
                .execute_batch("INSERT INTO users (id, username, folded) VALUES (7, 'eve', 'eve')")
                .expect("a user");
            while !ended.load(Ordering::SeqCst) {
                server.award(1001, "2023-04-14", 1);
                server.award(7, "2023-04-14", 1);
                let changed = database.execute("UPDATE users SET name = 'Eve' WHERE id = 7", []);
                assert_eq!(changed, Ok(1));
            }
        });
        let first = server.post(&batch, &take_from_all(4));
        let second = server.post(&batch, &take_from_all(2));
        // The second user has less left than the first, who is given a point again and again.
        let third = server.post(&batch, &take_from_all(1));
        ended.store(true, Ordering::SeqCst);
        (first, second, third)
    });
    assert_eq!(first.status, 200, "{}", &first.body[..200.min(first.body.len())]);
    let refused = second.json();
    assert_eq!((second.status, &refused["extras"]["score"]), (422, &json!(1)), "{refused}");
    assert!(refused["errors"][0].as_str().is_some_and(|sentence| sentence.contains("Not enough points")), "{refused}");
    assert_eq!(third.status, 200, "{}", &third.body[..200.min(third.body.len())]);
    assert_eq!((server.score(1002), server.score(1000 + USERS)), (0, 0));
    assert_scores_are_sums(&server.sql());
}
