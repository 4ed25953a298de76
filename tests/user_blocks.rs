//! The promise: a user's list shows all of the user's events, also while the block that they lie in is being filled and
//! written, after a kill, and where another program has stored some of them.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{EVENTS, Server, Setup, wait_for};

/// The first id of the second block.
const SECOND: i64 = 1 << 18;

/// The ids of a user's list, through all pages.
fn ids(server: &Server, user_id: i64, order: &str) -> Vec<i64> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{EVENTS}?user_id={user_id}&order={order}&limit=3{after}")).json();
        let events: Vec<i64> =
            page["events"].as_array().expect("events").iter().filter_map(|e| e["id"].as_i64()).collect();
        let Some(last) = events.last() else { return ids };
        after = format!("&after={last}");
        ids.extend(&events);
    }
}

/// Both orders show the same, and that is what the file holds.
fn assert_lists(server: &Server) {
    for user_id in 1..=3 {
        let mut down = ids(server, user_id, "desc");
        down.reverse();
        assert_eq!(ids(server, user_id, "asc"), down, "user {user_id}");
        let file = server.sql();
        let mut select =
            file.prepare("SELECT id FROM score_events WHERE user_id = ?1 ORDER BY id").expect("a statement");
        let want = select.query_map([user_id], |row| row.get(0)).expect("rows").collect::<Result<Vec<i64>, _>>();
        assert_eq!(down, want.expect("ids"), "user {user_id}");
    }
}

fn blocks_written(file: &Connection) -> i64 {
    file.query_row("SELECT written_below FROM user_events_state", [], |row| row.get(0)).expect("a row")
}

fn insert(file: &Connection, id: i64, user_id: i64) {
    let insert = "INSERT INTO score_events (id, user_id, date, points) VALUES (?1, ?2, '2023-04-14', 1)";
    file.execute(insert, (id, user_id)).expect("an event");
}

#[test]
fn a_block_is_written_when_the_next_has_begun() {
    let server = Server::start();
    for user_id in 1..=3 {
        server.award(user_id, "2023-04-14", 5);
    }
    // Another program leaves out nearly all of the block.
    insert(&server.sql(), SECOND - 3, 1);
    assert_lists(&server);
    for user_id in [1, 2, 3, 1, 2, 3] {
        server.award(user_id, "2023-04-14", 5);
    }
    wait_for("the first block to be written", || (blocks_written(&server.sql()) == 1).then_some(()));
    let rows = "SELECT count(*) FROM user_events";
    let written: i64 = server.sql().query_row(rows, [], |row| row.get(0)).expect("a count");
    assert_eq!(written, 6, "the first block holds 1, 2, 3, and the three before the second");
    assert_lists(&server);

    // What is written follows the events: a correction, a deletion, a merge, and another program's doing.
    assert_eq!(server.put(EVENTS, &json!({"id": 2, "points": 77})).status, 200);
    assert_eq!(server.get(&format!("{EVENTS}?user_id=2&limit=1")).json()["events"][0]["points"], 77);
    assert_eq!(server.delete(&format!("{EVENTS}/1")).status, 200);
    server.sql().execute("UPDATE score_events SET user_id = 3 WHERE id = ?1", [SECOND - 1]).expect("an update");
    insert(&server.sql(), 100, 2);
    assert_lists(&server);
    assert_eq!(server.post("/admin/users/merge", &json!({"from_id": 3, "into_id": 2})).status, 200);
    assert_eq!(ids(&server, 3, "asc"), [0; 0]);
    assert_lists(&server);

    let folder = server.kill();
    let server = Setup::in_folder(folder).start();
    assert_lists(&server);
}

#[test]
fn the_newest_events_are_found_whoever_stored_them() {
    let server = Server::start();
    let award = |user_id| server.award(user_id, "2023-04-14", 5)["id"].as_i64().expect("an id");
    let newest = award(1);
    assert_lists(&server);
    // The id of an event that another program deletes may be given again.
    server.sql().execute("DELETE FROM score_events WHERE id = ?1", [newest]).expect("a deletion");
    assert_eq!(award(2), newest);
    assert_lists(&server);
    // One that the server deletes is not, save by another program.
    assert_eq!(server.delete(&format!("{EVENTS}/{newest}")).status, 200);
    insert(&server.sql(), newest, 3);
    assert_lists(&server);
    insert(&server.sql(), newest + 10, 1);
    insert(&server.sql(), newest + 5, 2);
    assert_lists(&server);
    let stored: Vec<Value> = (1..=3).map(|user_id| server.award(user_id, "2023-04-14", 5)).collect();
    assert_eq!(stored.len(), 3);
    assert_lists(&server);
}

#[test]
fn a_merge_moves_events_before_and_after_their_block_is_written() {
    let server = Server::start();
    let stored: Vec<Value> =
        (0..1200).map(|at| json!({"user_id": 1 + at % 3, "date": "2023-04-14", "points": 1})).collect();
    let batch = |events: &[Value]| server.post(&format!("{EVENTS}/batch"), &json!({"events": events}));
    assert_eq!(batch(&stored).status, 200);
    insert(&server.sql(), SECOND + 5, 1);
    assert_eq!(batch(&stored).status, 200);
    assert_eq!(server.post("/admin/users/merge", &json!({"from_id": 1, "into_id": 2})).status, 200);
    assert_eq!(ids(&server, 1, "asc"), [0; 0]);
    assert_lists(&server);
    // The event of the other program has no score, so it is left out.
    assert_eq!((server.score(1), server.score(2)), (0, 1600));
}
