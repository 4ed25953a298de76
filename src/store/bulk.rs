//! Storing and taking back many events in one transaction, with the sums of their scores added once for each user and day.

use std::collections::HashMap;

use rusqlite::Connection;

use super::error::StoreError;
use super::insertion::{Insertion, ROWS};
use super::score_events::CreatedBy;
use super::scores::{self, Addition};
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

/// Stores many events in a transaction. Nothing of them is certain to be stored before [`EventInserter::finish`], which also
/// adds their points to the scores.
pub(super) struct EventInserter<'w, 'e> {
    write: &'w Write<'w>,
    insertion: Insertion<'w>,
    waiting: Vec<(EventId, BulkEvent<'e>)>,
    sums: DaySums,
}

impl<'w, 'e> EventInserter<'w, 'e> {
    /// Begins; the events are recorded as stored by `by`.
    pub fn new<'b>(write: &'w Write<'w>, by: impl Into<CreatedBy<'b>>) -> Result<EventInserter<'w, 'e>, StoreError> {
        // OR FAIL spares SQLite copies of pages, as for a single event.
        const INSERT: &str = "
            INSERT OR FAIL INTO score_events
                (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES";
        let CreatedBy { username, key_id } = by.into();
        let insertion = Insertion::new(write.connection, (INSERT, ""), (7, ", ?1, ?2"), &[username, &key_id])?;
        Ok(EventInserter { write, insertion, waiting: Vec::with_capacity(ROWS), sums: DaySums::default() })
    }

    /// Stores an event under an id that no event has or had.
    pub fn insert(&mut self, id: EventId, event: BulkEvent<'e>) -> Result<(), StoreError> {
        self.sums.add(event.user_id, event.date, event.points.into(), 1);
        self.write.note_events(1);
        self.waiting.push((id, event));
        if self.waiting.len() < ROWS { Ok(()) } else { self.insert_waiting() }
    }

    /// Stores what waits, and adds all points to the scores.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.insert_waiting()?;
        self.sums.store(self.write)
    }

    fn insert_waiting(&mut self) -> Result<(), StoreError> {
        self.insertion.insert(&self.waiting, |values, (id, event)| {
            values.bind(id)?;
            values.bind(event.user_id)?;
            values.bind(event.date)?;
            values.bind(event.points)?;
            values.bind(event.description)?;
            values.bind(event.times.0)?;
            values.bind(event.times.1)
        })?;
        self.waiting.clear();
        Ok(())
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
        let sums = self.0.into_iter();
        let mut sums: Vec<Addition> =
            sums.map(|((user_id, date), (score, events))| Addition { user_id, date, score, events }).collect();
        sums.sort_unstable_by_key(Addition::place);
        scores::add_all(write, &sums)
    }
}
