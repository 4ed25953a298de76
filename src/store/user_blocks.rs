//! Writing the table of users' events, a block at a time.
//!
//! A block is written when a later one has begun: then all its events are known, save those whose ids are chosen by whoever
//! stores them, and these are written by a trigger. Its events go into the table in the order of users, so that each page is
//! written once. That takes many short transactions, and other writes come between them. The block counts as written with
//! the last of them; if the process ends before, the block is written again from its beginning.

use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::id_blocks::{block_of, first_of, last_of};
use super::newest_events::State;
use super::write::Write;
use super::writer::Writer;
use crate::domain::UserId;

/// How many events are written in a transaction: some 5 milliseconds of work.
const PIECE_MAX: usize = 2000;

/// A block that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullBlock {
    /// Its number.
    pub block: i64,
    /// The ids of its events, in the order in which they are written.
    pub ids: Vec<i64>,
}

/// Writes the blocks that are full. Each takes many short transactions, so that other writes come between them. `goes_on` is
/// asked before each whether to go on.
///
/// # Errors
/// The fault that a read or a write met. What is missing is written the next time.
pub fn write_full(
    writer: &Writer,
    next: impl Fn() -> Result<Option<FullBlock>, StoreError>,
    goes_on: impl Fn() -> bool,
) -> Result<(), StoreError> {
    while let Some(FullBlock { block, ids }) = next()? {
        for piece in ids.chunks(PIECE_MAX) {
            if !goes_on() {
                return Ok(());
            }
            let piece = piece.to_vec();
            writer.write_blocking(move |transaction| write(transaction, &piece))?;
        }
        writer.write_blocking(move |transaction| complete(transaction, block))?;
    }
    Ok(())
}

/// The next block that is to be written. `None`: all that are full are written.
pub fn next(connection: &Connection) -> Result<Option<FullBlock>, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let state = State::read(&snapshot)?;
    let newest = block_of(state.id_max);
    if newest <= state.written_below {
        return Ok(None);
    }
    const FIRST: &str = "SELECT id FROM score_events NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1";
    let mut first = snapshot.prepare_cached(FIRST)?;
    let first: Option<i64> = first.query_row([first_of(state.written_below)], |row| row.get(0)).optional()?;
    let Some(block) = first.map(block_of).filter(|block| *block < newest) else {
        // There is nothing before the newest block.
        return Ok(Some(FullBlock { block: newest - 1, ids: Vec::new() }));
    };
    const EVENTS: &str = "SELECT user_id, id FROM score_events NOT INDEXED WHERE id BETWEEN ?1 AND ?2";
    let mut events = snapshot.prepare_cached(EVENTS)?;
    let events = events.query_map((first_of(block), last_of(block)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut events: Vec<(UserId, i64)> = events.collect::<Result<_, _>>()?;
    events.sort_unstable();
    Ok(Some(FullBlock { block, ids: events.into_iter().map(|(_, id)| id).collect() }))
}

/// Writes some events of a block, as they are now.
pub fn write(write: &Write<'_>, ids: &[i64]) -> Result<(), StoreError> {
    // One statement for all. SQLite keeps a copy of each page that a statement changes, to be able to take the statement back:
    // with a statement for each event it would copy a page for each.
    const COPY: &str = "
        INSERT OR REPLACE INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
        SELECT event.id >> 18, user_id, event.id, date, points, description, created_at, updated_at
        FROM json_each(?1) AS wanted CROSS JOIN score_events AS event ON event.id = wanted.value";
    let ids = format!("[{}]", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    write.connection.prepare_cached(COPY)?.execute([ids])?;
    Ok(())
}

/// Says that all events of a block are written, and all of the blocks before it.
pub fn complete(write: &Write<'_>, block: i64) -> Result<(), StoreError> {
    const COMPLETE: &str = "UPDATE user_events_state SET written_below = max(written_below, ?1 + 1) WHERE one = 1";
    write.connection.prepare_cached(COMPLETE)?.execute([block])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Clock, EventId, Timestamp};
    use crate::store::OpenMode;
    use crate::store::connection::open_writer;
    use crate::store::day_filter::DayFilter;
    use crate::store::event_rows;
    use crate::store::key_changes::KeyChanges;
    use crate::store::newest_events::{NewestEvents, ReadConnection};
    use crate::store::order::Order;
    use crate::store::recent_scores::RecentScores;
    use crate::store::user_events::{UserEvents, Walked};

    /// What may happen to the events of a file, done by this program or by another.
    #[derive(Debug, Clone)]
    enum Step {
        /// An event gets the next id, or skips so many before it.
        Append {
            user: i64,
            skipped: i64,
        },
        /// An event gets an id that is free.
        Insert {
            user: i64,
            id: i64,
        },
        Give {
            nth: usize,
            user: i64,
        },
        Renumber {
            nth: usize,
            id: i64,
        },
        Correct {
            nth: usize,
        },
        Delete {
            nth: usize,
            history: bool,
        },
        /// The newest event is deleted, with or without a history, and SQLite chooses the next id.
        Replace {
            user: i64,
            history: bool,
        },
        /// So many events of the next full block are written; the block is complete with its last.
        Write {
            count: usize,
        },
        /// A reader begins a snapshot, and keeps it until the next one begins.
        Snapshot,
    }

    fn steps() -> impl Strategy<Value = Step> {
        // Ids lie far apart, so that there are many blocks.
        let id = || (0i64..40).prop_map(|at| at * 40_000 + 7);
        let user = || 1i64..4;
        prop_oneof![
            4 => (user(), prop_oneof![3 => Just(0i64), 1 => Just(100_000)])
                .prop_map(|(user, skipped)| Step::Append { user, skipped }),
            1 => (user(), id()).prop_map(|(user, id)| Step::Insert { user, id }),
            1 => (0usize..20, user()).prop_map(|(nth, user)| Step::Give { nth, user }),
            1 => (0usize..20, id()).prop_map(|(nth, id)| Step::Renumber { nth, id }),
            1 => (0usize..20).prop_map(|nth| Step::Correct { nth }),
            1 => (0usize..20, any::<bool>()).prop_map(|(nth, history)| Step::Delete { nth, history }),
            1 => (user(), any::<bool>()).prop_map(|(user, history)| Step::Replace { user, history }),
            2 => (1usize..4).prop_map(|count| Step::Write { count }),
            1 => Just(Step::Snapshot),
        ]
    }

    fn take(connection: &Connection, step: &Step, newest: &NewestEvents, clock: &Clock) {
        let execute = |sql: &str, values: &[i64]| {
            connection.execute(sql, rusqlite::params_from_iter(values)).expect("a statement");
        };
        let one = |sql: &str, value: i64| {
            connection.query_row(sql, [value], |row| row.get::<_, i64>(0)).optional().expect("a row")
        };
        let nth = |nth: usize| one("SELECT id FROM score_events ORDER BY id LIMIT 1 OFFSET ?1", nth as i64);
        let delete = |id: i64, history: bool| {
            if history {
                execute("INSERT OR IGNORE INTO event_revisions VALUES (?1, 1, 0, 'a', 'create', 1, NULL)", &[id]);
            }
            execute("DELETE FROM score_events WHERE id = ?1", &[id]);
        };
        const INSERT: &str = "INSERT INTO score_events (id, user_id, date, points) VALUES (?1, ?2, '2024-03-01', 1)";
        const NEXT: &str = "INSERT INTO score_events (user_id, date, points) VALUES (?1, '2024-03-01', 1)";
        match *step {
            Step::Append { user, skipped } => {
                let last = one("SELECT coalesce(max(id), ?1) FROM score_events", 0).expect("a number");
                execute(INSERT, &[last + 1 + skipped, user]);
            }
            Step::Insert { user, id } if one("SELECT id FROM score_events WHERE id = ?1", id).is_none() => {
                execute(INSERT, &[id, user]);
            }
            Step::Give { nth: at, user } => {
                nth(at)
                    .into_iter()
                    .for_each(|id| execute("UPDATE score_events SET user_id = ?2 WHERE id = ?1", &[id, user]));
            }
            Step::Renumber { nth: at, id: new } => {
                nth(at)
                    .into_iter()
                    .for_each(|id| execute("UPDATE OR IGNORE score_events SET id = ?2 WHERE id = ?1", &[id, new]));
            }
            Step::Correct { nth: at } => {
                nth(at)
                    .into_iter()
                    .for_each(|id| execute("UPDATE score_events SET points = points + 1 WHERE id = ?1", &[id]));
            }
            Step::Delete { nth: at, history } => nth(at).into_iter().for_each(|id| delete(id, history)),
            Step::Replace { user, history } => {
                let last = one("SELECT id FROM score_events WHERE id > ?1 ORDER BY id DESC LIMIT 1", 0);
                last.into_iter().for_each(|id| delete(id, history));
                execute(NEXT, &[user]);
            }
            Step::Write { count } => {
                let Some(FullBlock { block, ids }) = next(connection).expect("a block") else { return };
                let transaction = connection.unchecked_transaction().expect("a transaction");
                let key_changes = KeyChanges::default();
                let recent = RecentScores::default();
                let write_it = Write::new(&transaction, clock, newest, &key_changes, &recent);
                write(&write_it, &ids[..count.min(ids.len())]).expect("a piece");
                if count >= ids.len() {
                    complete(&write_it, block).expect("a block");
                }
                drop(write_it);
                transaction.commit().expect("a commit");
            }
            Step::Insert { .. } | Step::Snapshot => {}
        }
    }

    /// What a walk along a user's events finds.
    fn walked(reads: ReadConnection<'_>, user: i64, order: Order) -> Vec<crate::domain::ScoreEvent> {
        let days = DayFilter::new(&[], None, None);
        let user_id = user.try_into().expect("a user id");
        let mut walk = UserEvents::new(reads, user_id, &days, order, i64::MIN..=i64::MAX, 3).expect("a walk");
        let mut found = Vec::new();
        while let Walked::Event(event) = walk.next(usize::MAX).expect("a step") {
            found.push(event);
        }
        found
    }

    /// The same, found by looking at all events.
    fn all(connection: &Connection, user: i64, order: Order) -> Vec<crate::domain::ScoreEvent> {
        let mut ids =
            connection.prepare("SELECT id FROM score_events WHERE user_id = ?1 ORDER BY id").expect("a statement");
        let ids = ids.query_map([user], |row| row.get(0)).expect("rows").collect::<Result<Vec<i64>, _>>().expect("ids");
        let events =
            ids.into_iter().map(|id| event_rows::get(connection, EventId(id)).expect("a row").expect("an event"));
        let mut events: Vec<_> = events.collect();
        if order == Order::Descending {
            events.reverse();
        }
        events
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn a_users_events_are_all_that_are_in_the_file(steps in proptest::collection::vec(steps(), 1..40)) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = folder.path().join("scores.db");
            let connection = open_writer(&file, OpenMode::Create).expect("a new file");
            connection.pragma_update(None, "synchronous", "off").expect("a setting");
            let (reader, old) = (Connection::open(&file).expect("a reader"), Connection::open(&file).expect("a reader"));
            let clock = Clock::fixed(chrono_tz::UTC, Timestamp::from_millis(1_700_000_000_000));
            let newest = NewestEvents::default();
            for (at, step) in steps.iter().enumerate() {
                if matches!(step, Step::Snapshot) {
                    if !old.is_autocommit() {
                        old.execute_batch("ROLLBACK").expect("the end of a snapshot");
                    }
                    old.execute_batch("BEGIN; SELECT 1 FROM score_events").expect("a snapshot");
                }
                take(&connection, step, &newest, &clock);
                let snapshot = reader.unchecked_transaction().expect("a snapshot");
                for of in [&*snapshot, &old] {
                    for user in 1..4 {
                        for order in [Order::Ascending, Order::Descending] {
                            let found = walked(ReadConnection::new(of, &newest), user, order);
                            prop_assert_eq!(found, all(of, user, order), "user {} after step {} of {:?}", user, at, steps);
                        }
                    }
                }
            }
        }
    }
}
