//! Merging two users into one: everything that one user has becomes the other's, piece by piece.
//!
//! A user may have millions of events, and the writer does nothing else while a transaction lasts. So each transaction
//! moves a limited number of events, together with their scores. At every moment each point counts for exactly one of
//! the two users. If the process ends between two pieces, the sums are right, and asking for the same merge again does
//! the rest.

use std::collections::BTreeMap;

use rusqlite::named_params;

use super::error::StoreError;
use super::id_blocks::IdBlocks;
use super::order::Order;
use super::scores::Adder;
use super::write::Write;
use super::{directory, repairs, scores};
use crate::domain::{EventDate, EventId, Points, User, UserId};

/// How many events, or days without events, a piece moves at most: some 15 milliseconds of work.
const MOVED_MAX: usize = 500;

/// How far a merge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// More is left to be moved.
    InPart,
    /// All is moved. `false`: there was nothing to move.
    Wholly(bool),
}

/// What the directory knows of two users who are merged: of the one who goes, and of the one who stays.
pub type Names = (Option<User>, Option<User>);

/// What the directory knows of two users.
pub(super) fn names(write: &Write<'_>, from: UserId, into: UserId) -> Result<Names, StoreError> {
    Ok((directory::user(write.connection, from)?, directory::user(write.connection, into)?))
}

/// Moves the next piece of what `from` has to `into`. The last piece moves the groups too, and makes the directory
/// forget `from`.
pub fn merge(write: &Write<'_>, from: UserId, into: UserId) -> Result<Merged, StoreError> {
    let events = move_events(write, from, into)?;
    if events == MOVED_MAX {
        return Ok(Merged::InPart);
    }
    let days = move_days(write, from, into)?;
    if days == MOVED_MAX {
        return Ok(Merged::InPart);
    }
    let known = directory::merge(write, from, into)?;
    Ok(Merged::Wholly(known || events + days > 0))
}

/// Moves some events with their scores; tells how many.
///
/// Each user's score changes by exactly the points of the events that are moved. So a difference that a rebuild has
/// found in the score of one of them is still the same.
fn move_events(write: &Write<'_>, from: UserId, into: UserId) -> Result<usize, StoreError> {
    // This takes one step along the index for each event, because the index holds all columns that are read.
    const SELECT: &str = "
        SELECT id, date, points FROM score_events INDEXED BY score_events_by_user
        WHERE id >> 18 = :block AND user_id = :from LIMIT :limit";
    const UPDATE: &str = "UPDATE score_events SET user_id = :into WHERE id = :id";
    let mut select = write.connection.prepare_cached(SELECT)?;
    let mut update = write.connection.prepare_cached(UPDATE)?;
    let mut blocks = IdBlocks::new(write.connection, Order::Ascending, i64::MIN..=i64::MAX)?;
    let mut events: Vec<(EventId, EventDate, Points)> = Vec::new();
    while events.len() < MOVED_MAX
        && let Some((block, _)) = blocks.next()?
    {
        let parameters = named_params! { ":block": block, ":from": from, ":limit": (MOVED_MAX - events.len()) as i64 };
        for event in select.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            events.push(event?);
        }
    }
    let mut days: BTreeMap<EventDate, (i64, i64)> = BTreeMap::new();
    for &(id, date, points) in &events {
        update.execute(named_params! { ":into": into, ":id": id })?;
        let (score, count) = days.entry(date).or_default();
        *score += i64::from(points);
        *count += 1;
    }
    let mut adder = Adder::new(write)?;
    for (date, (score, count)) in days {
        adder.add(from, date, -score, -count)?;
        adder.add(into, date, score, count)?;
    }
    Ok(events.len())
}

/// Moves some of the scores that are left when all events are moved, and returns the number of their days. There are
/// scores left only if something else wrote into the file.
fn move_days(write: &Write<'_>, from: UserId, into: UserId) -> Result<usize, StoreError> {
    let mut days = scores::user_days(write.connection, from, &(EventDate::MIN..=EventDate::MAX))?;
    days.truncate(MOVED_MAX);
    let mut adder = Adder::new(write)?;
    for day in &days {
        adder.add(from, day.date, -day.score, -day.events)?;
        adder.add(into, day.date, day.score, day.events)?;
    }
    // A difference that a rebuild has found in the score of one of the two users may now be in the score of the other.
    repairs::count_up(write.connection)?;
    Ok(days.len())
}
