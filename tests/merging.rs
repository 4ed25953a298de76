//! Promise: merging a user with a long history keeps nobody from writing, counts each point for exactly one of the two users
//! at every moment, and can be broken off and repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, Reply, Server, Setup, holding, wait_for};

/// Events of the user who is merged.
const HISTORY: i64 = 60_000;

/// How many writes of one client are answered at least between the pieces of a merge, which are a hundred and twenty.
const WRITES_BESIDE: i32 = 10;

/// A folder with a database in which user 13 has a long history.
fn long_history() -> Arc<TempDir> {
    holding(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {HISTORY})
         INSERT INTO score_events (user_id, date, points)
         SELECT 13, printf('2023-%02d-%02d', 1 + n % 12, 1 + n % 28), n % 100 - 20 FROM numbers"
    ))
}

/// Points and events that count for both users together, and the events of the first.
fn sums(database: &Connection) -> (i64, i64, i64) {
    const SELECT: &str = "
        SELECT coalesce(sum(score), 0), coalesce(sum(events), 0), coalesce(sum(events) FILTER (WHERE user_id = 13), 0)
        FROM scores WHERE user_id IN (13, 14)";
    database.query_row(SELECT, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("the sums")
}

fn merge(server: &Server) -> Result<Reply, ureq::Error> {
    server.request("POST", "/admin/users/merge").json(&json!({"from_id": 13, "into_id": 14})).try_send()
}

#[test]
fn writes_go_on_beside_a_merge_and_every_point_counts_once() {
    let server = Setup::in_folder(long_history()).start();
    let database = server.sql();
    let before = sums(&database);
    assert_eq!(before.1, HISTORY);
    let merged = AtomicBool::new(false);
    let mut in_part = 0;
    thread::scope(|scope| {
        let merging = scope.spawn(|| {
            let reply = merge(&server);
            merged.store(true, Ordering::SeqCst);
            reply
        });
        while !merged.load(Ordering::SeqCst) {
            server.award(15, "2023-04-14", 1);
            let (points, events, left) = sums(&database);
            assert_eq!((points, events), (before.0, before.1));
            in_part += i32::from(0 < left && left < HISTORY);
        }
        assert_eq!(merging.join().expect("no panic").expect("an answer").status, 200);
    });
    assert!(in_part >= WRITES_BESIDE, "only {in_part} writes were answered while the merge was done in part");
    assert_eq!(sums(&database), (before.0, before.1, 0));
    assert_scores_are_sums(&database);
    assert_eq!(server.score(14), before.0);
    assert_eq!(server.get(&format!("{EVENTS}?user_id=13")).json()["events"], json!([]));
}

#[test]
fn a_merge_that_is_killed_leaves_right_sums_and_is_finished_by_another() {
    let server = Setup::in_folder(long_history()).start();
    let before = sums(&server.sql());
    let folder = server.folder();
    thread::scope(|scope| {
        let merging = scope.spawn(|| merge(&server));
        let database = server.sql();
        wait_for("some of the merge", || (sums(&database).2 < HISTORY).then_some(()));
        server.signal("KILL");
        assert!(merging.join().expect("no panic").is_err(), "the merge was over before the kill");
    });
    drop(server);
    let server = Setup::in_folder(folder).start();
    let (points, events, left) = sums(&server.sql());
    assert_eq!((points, events), (before.0, before.1));
    assert!(left > 0);
    assert_scores_are_sums(&server.sql());
    assert_eq!(merge(&server).expect("an answer").status, 200);
    assert_eq!(sums(&server.sql()), (before.0, before.1, 0));
    assert_scores_are_sums(&server.sql());
}

#[test]
fn a_server_that_ends_breaks_a_merge_off_and_says_so() {
    let mut server = Setup::in_folder(long_history()).start();
    let before = sums(&server.sql());
    thread::scope(|scope| {
        let merging = scope.spawn(|| merge(&server));
        let database = server.sql();
        wait_for("some of the merge", || (sums(&database).2 < HISTORY).then_some(()));
        server.signal("TERM");
        let reply = merging.join().expect("no panic").expect("an answer");
        assert_eq!((reply.status, reply.error_type().as_str()), (503, "outcome_unknown"), "{reply:?}");
    });
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    let database = Connection::open(server.database()).expect("the database opens");
    assert_eq!((sums(&database).0, sums(&database).1), (before.0, before.1));
    assert_scores_are_sums(&database);
}

#[test]
fn two_merges_of_the_same_users_back_and_forth_come_to_an_end() {
    let server = Setup::in_folder(long_history()).start();
    let before = sums(&server.sql());
    thread::scope(|scope| {
        let forth = scope.spawn(|| merge(&server).expect("an answer"));
        let back = server.post("/admin/users/merge", &json!({"from_id": 14, "into_id": 13}));
        // Whichever came first, the second found what the first had left.
        assert!(matches!(back.status, 200 | 404), "{back:?}");
        assert_eq!(forth.join().expect("no panic").status, 200);
    });
    let (points, events, left) = sums(&server.sql());
    assert_eq!((points, events), (before.0, before.1));
    assert!(left == 0 || left == HISTORY, "{left} events are left");
    assert_scores_are_sums(&server.sql());
}
