//! Storing and taking back many events in one transaction, with the sums of their scores added once for each user and day.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection};

use super::day_number::DayNumber;
use super::error::StoreError;
use super::score_events::CreatedBy;
use super::scores::Adder;
use super::write::Write;
use crate::domain::{Description, EventDate, EventId, Points, Timestamp, UserId};

/// An event that is to be stored as one of many.
#[derive(Debug, Clone, Copy)]
pub(super) struct BulkEvent<'e> {
    /// Whose points these are.
    pub user_id: UserId,
    /// The day they are for.
    pub date: EventDate,
    /// How many points.
    pub points: Points,
    /// What they are for.
    pub description: Option<&'e Description>,
    /// When it was stored, and last changed.
    pub times: (Timestamp, Timestamp),
}

/// The id that the next new event gets: one more than that of any event that is or was. A deleted event is only in the
/// history, and one that a restored backup does not know is below the floor.
pub(super) fn next_id(connection: &Connection) -> rusqlite::Result<i64> {
    const NEXT: &str = "
        SELECT 1 + max((SELECT coalesce(max(id), 0) FROM score_events),
                       (SELECT coalesce(max(event_id), 0) FROM event_revisions),
                       (SELECT event_id FROM id_floor WHERE id = 1))";
    connection.prepare_cached(NEXT)?.query_row([], |row| row.get(0))
}

/// Stores many events in a transaction. Their scores are added by [`EventInserter::finish`].
pub(super) struct EventInserter<'w> {
    write: &'w Write<'w>,
    by: CreatedBy<'w>,
    insert: CachedStatement<'w>,
    sums: DaySums,
}

impl<'w> EventInserter<'w> {
    /// Begins; the events are recorded as stored by `by`.
    pub fn new(write: &'w Write<'w>, by: impl Into<CreatedBy<'w>>) -> rusqlite::Result<EventInserter<'w>> {
        // OR FAIL spares SQLite copies of pages, as for a single event.
        const INSERT: &str = "
            INSERT OR FAIL INTO score_events
                (id, user_id, date, points, description, created_at, updated_at, created_by, key_id)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let insert = write.connection.prepare_cached(INSERT)?;
        Ok(EventInserter { write, by: by.into(), insert, sums: DaySums::default() })
    }

    /// Stores an event under an id that no event has or had.
    pub fn insert(&mut self, id: EventId, event: &BulkEvent<'_>) -> Result<(), StoreError> {
        let BulkEvent { user_id, date, points, description, times: (created_at, updated_at) } = *event;
        let CreatedBy { username, key_id } = self.by;
        self.insert.execute((id, user_id, date, points, description, created_at, updated_at, username, key_id))?;
        self.sums.add(user_id, date, points.into(), 1);
        self.write.note_events(1);
        Ok(())
    }

    /// Adds the points to the scores.
    pub fn finish(self) -> Result<(), StoreError> {
        self.sums.store(self.write)
    }
}

/// What is to be added to the scores of users and days.
#[derive(Default)]
pub(super) struct DaySums(HashMap<(UserId, EventDate), (i64, i64)>);

impl DaySums {
    /// Adds points of a number of events to a user's day.
    pub fn add(&mut self, user_id: UserId, date: EventDate, points: i64, events: i64) {
        let (score, count) = self.0.entry((user_id, date)).or_default();
        *score += points;
        *count += events;
    }

    /// Adds all that to the scores, in the order of the file.
    pub fn store(self, write: &Write<'_>) -> Result<(), StoreError> {
        let mut sums: Vec<_> = self.0.into_iter().collect();
        sums.sort_unstable_by_key(|((user_id, date), _)| (DayNumber::from(*date).month(), *user_id, *date));
        let mut scores = Adder::new(write)?;
        for ((user_id, date), (score, events)) in sums {
            scores.add(user_id, date, score, events)?;
        }
        Ok(())
    }
}
