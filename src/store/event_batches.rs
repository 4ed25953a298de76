//! Storing many events in one transaction, all or none.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::bulk::{BulkEvent, EventInserter, next_id};
use super::error::StoreError;
use super::score_events::{self, CreatedBy, added_to_spendable};
use super::write::Write;
use crate::domain::{Award, EventDate, EventId, ScoreEvent, Timestamp, UserId};

/// What became of a batch of awards. Together with the awards, this says all that there is to say of the stored events:
/// so this is all that is kept for a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchAwarded {
    /// All are stored.
    Stored {
        /// The id of the first event. Each of the others has the id that follows the one before it.
        first: EventId,
        /// When they were stored.
        at: Timestamp,
    },
    /// One of them would have left less than the minimum that it names; none is stored.
    InsufficientPoints {
        /// Which one, counted from 0.
        index: usize,
        /// The spendable score as it would have been before that award, after those before it.
        score: i64,
    },
}

/// The events that a batch of awards has become; see [`BatchAwarded::Stored`].
pub fn events(awards: &[Award], first: EventId, at: Timestamp) -> impl Iterator<Item = ScoreEvent> {
    (first.0..).zip(awards).map(move |(id, award)| ScoreEvent {
        id: EventId(id),
        user_id: award.user_id,
        date: award.date,
        points: award.points,
        description: award.description.clone(),
        created_at: at,
        updated_at: at,
    })
}

/// Stores a batch of events, unless one of them would leave its user less than the minimum that it names. They are
/// decided in order, each as if those before it were stored already.
pub fn award_all<'a>(
    write: &Write<'_>,
    awards: &[Award],
    by: impl Into<CreatedBy<'a>>,
) -> Result<BatchAwarded, StoreError> {
    if let Some((index, score)) = first_lacking(write, awards)? {
        return Ok(BatchAwarded::InsufficientPoints { index, score });
    }
    let first = EventId(next_id(write.connection)?);
    let by: CreatedBy<'_> = by.into();
    let mut inserter = EventInserter::new(write, by)?;
    for (id, award) in (first.0..).zip(awards) {
        let event = BulkEvent {
            user_id: award.user_id,
            date: award.date,
            points: award.points,
            description: award.description.as_ref(),
            times: (write.now, write.now),
        };
        inserter.insert(EventId(id), event)?;
    }
    inserter.finish()?;
    Ok(BatchAwarded::Stored { first, at: write.now })
}

/// The awards that would leave their users less than the minimum that they name, each with its place in the list and the
/// spendable score before it. Each user has to be in the list only once.
pub fn all_lacking(
    connection: &Connection,
    awards: &[Award],
    today: EventDate,
) -> Result<Vec<(usize, i64)>, StoreError> {
    let mut lacking = Vec::new();
    for (index, award) in awards.iter().enumerate() {
        lacking.extend(score_events::lacking(connection, award, today)?.map(|score| (index, score)));
    }
    Ok(lacking)
}

/// The first award that would leave its user less than the minimum that it names, and the spendable score before it.
fn first_lacking(write: &Write<'_>, awards: &[Award]) -> Result<Option<(usize, i64)>, StoreError> {
    let bound: HashSet<UserId> =
        awards.iter().filter(|award| award.minimum_score.is_some()).map(|award| award.user_id).collect();
    let mut spendable: HashMap<UserId, i64> = HashMap::with_capacity(bound.len());
    for (index, award) in awards.iter().enumerate().filter(|(_, award)| bound.contains(&award.user_id)) {
        let before = match spendable.get(&award.user_id) {
            Some(score) => *score,
            None => write.spendable(award.user_id, || bound.iter().copied().collect())?,
        };
        let after = before.saturating_add(added_to_spendable(award.date, award.points, write.today));
        if award.minimum_score.is_some_and(|minimum| after < minimum) {
            return Ok(Some((index, before)));
        }
        spendable.insert(award.user_id, after);
    }
    Ok(None)
}
