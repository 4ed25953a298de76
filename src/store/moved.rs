//! What comes from another server and keeps what it was there: events with their ids and times, and scores of days.
//!
//! All of it can be given again: what is here already is passed over.

use rusqlite::{Connection, OptionalExtension};

use super::bulk::{BulkEvent, EventInserter, next_id};
use super::error::StoreError;
use super::event_rows;
use super::write::Write;
use crate::domain::{Description, EventDate, EventId, Points, Timestamp, UserId, Username};

/// An event that keeps its id and its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedEvent {
    /// Its number.
    pub id: EventId,
    /// Whose points these are.
    pub user_id: UserId,
    /// The day they are for.
    pub date: EventDate,
    /// How many points.
    pub points: Points,
    /// What they are for.
    pub description: Option<Description>,
    /// When it was stored; `None`: now.
    pub created_at: Option<Timestamp>,
    /// When it was last changed; `None`: when it was stored.
    pub updated_at: Option<Timestamp>,
}

/// What there is under the id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, and nothing ever was.
    Free,
    /// The same event, perhaps corrected or deleted since it came.
    Same,
    /// Another event.
    Other,
}

/// What there is under the id of `event`. An event is the same if it was created as `event` says.
pub fn standing(connection: &Connection, event: &MovedEvent) -> Result<Standing, StoreError> {
    const FIRST: &str = "
        SELECT at, points, description FROM event_revisions WHERE event_id = ?1 ORDER BY revision LIMIT 1";
    type Created = (Timestamp, Points, Option<Description>);
    let first: Option<Created> = connection
        .prepare_cached(FIRST)?
        .query_row([event.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let now = event_rows::get(connection, event.id)?;
    // Only what still counts says whose it is, and when it was for.
    if now.as_ref().is_some_and(|now| (now.user_id, now.date) != (event.user_id, event.date)) {
        return Ok(Standing::Other);
    }
    let created = first.or(now.map(|now| (now.created_at, now.points, now.description)));
    let Some((created_at, points, description)) = created else { return Ok(Standing::Free) };
    let is_same = points == event.points
        && text(description.as_ref()) == text(event.description.as_ref())
        && event.created_at.is_none_or(|at| at == created_at);
    Ok(if is_same { Standing::Same } else { Standing::Other })
}

/// A description, where none and an empty one are the same: CSV of some programs can't tell them apart.
fn text(description: Option<&Description>) -> &str {
    description.map_or("", Description::as_str)
}

/// What became of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// They are stored.
    Done {
        /// How many were stored; the others are here already.
        stored: u64,
    },
    /// An id is taken by another event. Nothing is stored.
    Taken(EventId),
}

/// Stores events that are not here already.
pub fn store_events(write: &Write<'_>, events: &[MovedEvent], by: &Username) -> Result<Moved, StoreError> {
    let mut free = Vec::with_capacity(events.len());
    for event in events {
        match standing(write.connection, event)? {
            Standing::Free => free.push(event),
            Standing::Same => {}
            Standing::Other => return Ok(Moved::Taken(event.id)),
        }
    }
    let mut inserter = EventInserter::new(write, by)?;
    for event in &free {
        let MovedEvent { id, user_id, date, points, ref description, created_at, updated_at } = **event;
        let created_at = created_at.unwrap_or(write.now);
        let times = (created_at, updated_at.unwrap_or(created_at));
        inserter.insert(id, BulkEvent { user_id, date, points, description: description.as_ref(), times })?;
    }
    inserter.finish()?;
    Ok(Moved::Done { stored: free.len() as u64 })
}

/// A score that a day is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayScore {
    /// Whose score it is.
    pub user_id: UserId,
    /// The day.
    pub date: EventDate,
    /// The score.
    pub score: i64,
}

/// What became of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// All days have these scores now.
    Done {
        /// How many events that took; the other days had their scores already.
        stored: u64,
    },
    /// The day's events are so far from that score that no event can make up for it. Nothing is stored.
    TooFar(DayScore),
}

/// Stores an event for each day whose events do not add up to its score, so that they do. No day may be given twice.
pub fn match_scores(
    write: &Write<'_>,
    days: &[DayScore],
    description: &Description,
    by: &Username,
) -> Result<Matched, StoreError> {
    let mut inserter = EventInserter::new(write, by)?;
    let first = next_id(write.connection)?;
    let mut next = first;
    for day in days {
        let DayScore { user_id, date, score } = *day;
        let missing = score - super::scores::total(write.connection, user_id, &(date..=date))?;
        if missing == 0 {
            continue;
        }
        let Ok(points) = Points::try_from(missing) else { return Ok(Matched::TooFar(*day)) };
        let times = (write.now, write.now);
        inserter.insert(EventId(next), BulkEvent { user_id, date, points, description: Some(description), times })?;
        next += 1;
    }
    inserter.finish()?;
    Ok(Matched::Done { stored: (next - first).unsigned_abs() })
}
