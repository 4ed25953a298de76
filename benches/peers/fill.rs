//! Fills a database with history, quickly, whatever its indexes and triggers are: they are taken from the schema, dropped,
//! and made again when all rows are there.

use std::path::Path;

use rusqlite::{Connection, params};
use scorekeeper::domain::EventDate;

use crate::draw::{self, Dates, Random, Users};
use crate::request;

/// The scores of the stored events, in the order of their primary key. What no index should be followed for is said by
/// the signs.
const SUM: &str = "
    INSERT INTO scores (month, user_id, day, score, events)
    SELECT CAST(replace(substr(date, 1, 7), '-', '') AS INTEGER), +user_id, CAST(substr(date, 9) AS INTEGER),
           sum(points), count(*)
    FROM score_events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

/// The blocks of users' events that are full, which a server has written when it has run for a while. If it had to write
/// them first, that would fall into the measurements.
const BLOCKS: &str = "
    INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
    SELECT id >> 18, user_id, id, date, points, description, created_at, updated_at FROM score_events
    WHERE id >> 18 < (SELECT max(id) >> 18 FROM score_events) ORDER BY id >> 18, user_id, id;
    UPDATE user_events_state SET written_below = (SELECT max(id) >> 18 FROM score_events)";

/// Fills a new file of scorekeeper's with that many events over two years, everyone having at least one if there are
/// enough, and with their scores.
pub fn fill(file: &Path, events: u64, users: Users) {
    let mut connection = Connection::open(file).expect("a connection");
    // A file that is lost if the machine stops here is filled again.
    connection
        .execute_batch(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -400000;
             PRAGMA ignore_check_constraints = on; PRAGMA threads = 2",
        )
        .expect("settings");
    let taken = take_indexes_and_triggers(&connection);
    let days = draw::days(request::today());
    let transaction = connection.transaction().expect("a transaction");
    insert_events(&transaction, events, users, &days);
    transaction.execute(SUM, []).expect("scores");
    transaction.execute_batch(BLOCKS).expect("users' events");
    transaction.commit().expect("a commit");
    for sql in taken {
        connection.execute_batch(&sql).expect("an index or a trigger");
    }
    connection.execute_batch("PRAGMA journal_mode = wal").expect("a setting");
    connection.close().expect("a clean end");
    sync(file);
}

fn insert_events(connection: &Connection, events: u64, users: Users, days: &[EventDate]) {
    const INSERT: &str = "INSERT INTO score_events (user_id, date, points, description) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare(INSERT).expect("a statement");
    let mut random = Random::new(events);
    for event in 0..events {
        let user_id = if event < users.0 { users.id(event) } else { users.by_activity(&mut random) };
        let day = days[Dates::Even.age(&mut random) as usize];
        let points = 1 + random.below(50) as i64;
        insert.execute(params![user_id as i64, day, points, "Karaoke night"]).expect("a row");
    }
}

/// Drops the triggers, and the indexes that are not part of their tables, and returns how to make them.
fn take_indexes_and_triggers(connection: &Connection) -> Vec<String> {
    const SELECT: &str = "
        SELECT type, name, sql FROM sqlite_schema
        WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN ('score_events', 'scores')";
    let mut select = connection.prepare(SELECT).expect("a statement");
    let found = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("indexes and triggers");
    let found: Vec<(String, String, String)> = found.collect::<Result<_, _>>().expect("indexes and triggers");
    for (kind, name, _) in &found {
        connection.execute_batch(&format!("DROP {kind} \"{name}\"")).expect("what can be dropped");
    }
    found.into_iter().map(|(_, _, sql)| sql).collect()
}

/// Waits until a file is on the disk, so that its writing falls into no measurement.
pub fn sync(file: &Path) {
    std::fs::File::open(file).and_then(|file| file.sync_all()).expect("a file on the disk");
}
