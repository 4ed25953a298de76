//! Merging two users into one: everything that one user has becomes the other's, piece by piece.
//!
//! A user may have millions of events, and the writer does nothing else while a transaction lasts. So each transaction
//! moves a limited number of events, together with their scores. At every moment each point counts for exactly one of
//! the two users. If the process ends between two pieces, the sums are right, and asking for the same merge again does
//! the rest.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, named_params};

use super::error::StoreError;
use super::id_blocks::IdBlocks;
use super::newest_events::{ReadConnection, WantedIds};
use super::order::Order;
use super::scores::Adder;
use super::user_ids::UserIds;
use super::write::Write;
use super::{Store, directory, repairs, scores, user_ids};
use crate::domain::{EventDate, EventId, Points, User, UserId};

/// How many events, or days without events, a piece looks at, and moves, at most: some 15 milliseconds of work.
const MOVED_MAX: usize = 500;

/// How far a merge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// More is left to be moved. The next piece is told what this one has found.
    InPart {
        /// How far the newest events were looked at.
        looked: Looked,
        /// Whether anything was moved.
        moved: bool,
    },
    /// All is moved. `false`: there was nothing to move.
    Wholly(bool),
}

/// How far the newest events were looked at: the first id that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked(i64);

impl Looked {
    /// Nowhere yet.
    pub const NOWHERE: Looked = Looked(i64::MIN);
}

/// What the directory knows of two users who are merged: of the one who goes, and of the one who stays.
pub type Names = (Option<User>, Option<User>);

impl Store {
    /// Moves everything that the user `from` has to the user `into`, in pieces, so that other writes come between them.
    /// `false`: there is nothing to move. Once it has begun, it goes on even if nobody waits for it any more. The first
    /// piece calls `begun` in its transaction, with what the directory knew of the two before.
    ///
    /// # Errors
    /// The fault that a piece met. If pieces before it were moved, [`StoreError::OutcomeUnknown`]: asking for the same
    /// again moves what is left.
    pub async fn merge<F>(&self, from: UserId, into: UserId, begun: F) -> Result<bool, StoreError>
    where
        F: Fn(&Write<'_>, &Names) -> Result<(), StoreError> + Clone + Send + 'static,
    {
        let store = self.clone();
        let all = async move {
            // If one merge moved a user into another while a second one moved the other back, each would undo the
            // other's pieces without end.
            let _one_at_a_time = store.merging.lock().await;
            store.merge_pieces(from, into, begun).await
        };
        tokio::spawn(all).await.unwrap_or(Err(StoreError::Closed))
    }

    async fn merge_pieces<F>(&self, from: UserId, into: UserId, note: F) -> Result<bool, StoreError>
    where
        F: Fn(&Write<'_>, &Names) -> Result<(), StoreError> + Clone + Send + 'static,
    {
        let (mut begun, mut looked) = (false, Looked::NOWHERE);
        loop {
            // The piece then finds the newest events in memory, while others wait for it.
            self.read(|connection| user_ids::learn(*connection)).await?;
            let note = (!begun).then(|| note.clone());
            let piece = move |write: &Write<'_>| {
                let names = names(write, from, into)?;
                let merged = merge(write, from, into, looked)?;
                let moved = matches!(merged, Merged::Wholly(true) | Merged::InPart { moved: true, .. });
                if let Some(note) = note.filter(|_| moved) {
                    note(write, &names)?;
                }
                Ok(merged)
            };
            match self.write(piece).await {
                Ok(Merged::Wholly(found)) => return Ok(found || begun),
                Ok(Merged::InPart { looked: now, moved }) => {
                    looked = now;
                    begun |= moved;
                }
                Err(error) if begun => {
                    log::error!("the merge of user {from} into {into} broke off, and waits to be repeated: {error}");
                    return Err(StoreError::OutcomeUnknown);
                }
                Err(error) => return Err(error),
            }
            if self.health.is_ending() {
                log::warn!("the merge of user {from} into {into} broke off at the end, and waits to be repeated");
                return Err(StoreError::OutcomeUnknown);
            }
        }
    }
}

/// What the directory knows of two users.
fn names(write: &Write<'_>, from: UserId, into: UserId) -> Result<Names, StoreError> {
    Ok((directory::user(write.connection, from)?, directory::user(write.connection, into)?))
}

/// Moves the next piece of what `from` has to `into`; the first is told [`Looked::NOWHERE`]. The last piece moves the groups too, and makes the directory
/// forget `from`.
pub fn merge(write: &Write<'_>, from: UserId, into: UserId, looked: Looked) -> Result<Merged, StoreError> {
    let (events, more) = move_events(write, from, into, looked)?;
    if let Some(looked) = more {
        return Ok(Merged::InPart { looked, moved: events > 0 });
    }
    let days = move_days(write, from, into)?;
    if days == MOVED_MAX {
        return Ok(Merged::InPart { looked, moved: true });
    }
    let known = directory::merge(write, from, into)?;
    Ok(Merged::Wholly(known || events + days > 0))
}

/// The ids of the next events that may be moved, and how far the newest events were looked at with them; `None`: to their
/// end.
///
/// The table of users' events names only events that are the user's, and no longer names one that was moved. What is known of
/// the newest events names them always. So these are looked at once, from the first to the last.
fn next_ids(write: &Write<'_>, from: UserId, after: Looked) -> Result<(Vec<i64>, Option<Looked>), StoreError> {
    const SELECT: &str = "SELECT id FROM user_events WHERE block = :block AND user_id = :from LIMIT :limit";
    let mut select = write.connection.prepare_cached(SELECT)?;
    let mut ids: Vec<i64> = Vec::new();
    let mut blocks = IdBlocks::new(write.connection, Order::Ascending, i64::MIN..=i64::MAX)?;
    while let Some((block, _)) = blocks.next()? {
        let limit = (MOVED_MAX - ids.len()) as i64;
        for id in
            select.query_map(named_params! { ":block": block, ":from": from, ":limit": limit }, |row| row.get(0))?
        {
            ids.push(id?);
        }
        if ids.len() == MOVED_MAX {
            return Ok((ids, Some(after)));
        }
    }
    let newest = UserIds::without_learning(ReadConnection::new(write.connection, write.newest))?;
    let mut blocks = IdBlocks::new(write.connection, Order::Ascending, after.0..=i64::MAX)?;
    while let Some((block, of_block)) = blocks.next()? {
        if newest.are_written(block) {
            continue;
        }
        let count = MOVED_MAX - ids.len();
        let wanted = WantedIds { user_id: from, block, ids: of_block, order: Order::Ascending, count };
        ids.extend(newest.ids(&wanted)?);
        if let Some(last) = ids.last().filter(|_| ids.len() == MOVED_MAX) {
            return Ok((ids.clone(), Some(Looked(last.saturating_add(1)))));
        }
    }
    Ok((ids, None))
}

/// Moves some events with their scores; tells how many, and how far the newest events were looked at; `None`: to their end.
///
/// Each user's score changes by exactly the points of the events that are moved. So a difference that a rebuild has
/// found in the score of one of them is still the same.
fn move_events(
    write: &Write<'_>,
    from: UserId,
    into: UserId,
    after: Looked,
) -> Result<(usize, Option<Looked>), StoreError> {
    const EVENT: &str = "SELECT id, date, points FROM score_events WHERE id = :id AND user_id = :from";
    const UPDATE: &str = "UPDATE OR FAIL score_events SET user_id = :into WHERE id = :id";
    let (mut ids, after) = next_ids(write, from, after)?;
    ids.sort_unstable();
    ids.dedup();
    let mut event = write.connection.prepare_cached(EVENT)?;
    let mut update = write.connection.prepare_cached(UPDATE)?;
    let mut events: Vec<(EventId, EventDate, Points)> = Vec::new();
    for id in ids {
        let parameters = named_params! { ":id": id, ":from": from };
        events.extend(event.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?);
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
    Ok((events.len(), after))
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
