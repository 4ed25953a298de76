//! Storing, correcting and deleting events, each with its score and its history.

use std::sync::Arc;

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use super::event_rows;
use super::write::Write;
use super::{revisions, scores, spending};
use crate::domain::{
    Author, Award, Correction, Deletion, EventDate, EventId, Points, RevisionAction, ScoreEvent, UserId, Username,
};

/// Who stores an event.
#[derive(Debug, Clone, Copy)]
pub struct CreatedBy<'a> {
    /// The acting username.
    pub username: &'a Username,
    /// The number of the API key, if it is a stored one.
    pub key_id: Option<i64>,
}

impl<'a> From<&'a Author> for CreatedBy<'a> {
    fn from(author: &'a Author) -> CreatedBy<'a> {
        CreatedBy { username: &author.username, key_id: author.key.stored() }
    }
}

/// Somebody who needs no stored key.
impl<'a> From<&'a Username> for CreatedBy<'a> {
    fn from(username: &'a Username) -> CreatedBy<'a> {
        CreatedBy { username, key_id: None }
    }
}

/// What became of an award.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awarded {
    /// It is stored.
    Stored(ScoreEvent),
    /// It would have left less than the asked minimum; nothing is stored.
    InsufficientPoints {
        /// The spendable score as it is now.
        score: i64,
    },
}

/// What became of a correction or a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revised {
    /// It is done.
    Done,
    /// There is no such event.
    Unknown,
    /// It would have left less than the asked minimum; nothing is changed.
    InsufficientPoints {
        /// The spendable score as it is now.
        score: i64,
    },
}

/// The spendable score as it is now, if an award would leave less than the minimum that it names; `None` if it would
/// not.
pub fn lacking(connection: &Connection, award: &Award, today: EventDate) -> Result<Option<i64>, StoreError> {
    let change = added_to_spendable(award.date, award.points, today);
    lacking_after(award.minimum_score, change, || spending::spendable(connection, award.user_id, today))
}

/// The user's spendable score as it is now, if that score plus `change` is less than the minimum; `None` if it is not,
/// or if there is no minimum.
fn lacking_after(
    minimum: Option<i64>,
    change: i64,
    spendable: impl FnOnce() -> Result<i64, StoreError>,
) -> Result<Option<i64>, StoreError> {
    let Some(minimum) = minimum else { return Ok(None) };
    let score = spendable()?;
    Ok((score.saturating_add(change) < minimum).then_some(score))
}

/// The same in a command of the writer.
fn lacking_now(
    write: &Write<'_>,
    user_id: UserId,
    minimum: Option<i64>,
    change: i64,
) -> Result<Option<i64>, StoreError> {
    lacking_after(minimum, change, || write.spendable(user_id, || Arc::new([user_id])))
}

/// What an event adds to the spendable score. Points that are given for a day in the future can't be spent before that
/// day. Points that are taken for a day in the future are taken off at once.
pub(super) fn added_to_spendable(date: EventDate, points: Points, today: EventDate) -> i64 {
    let points = i64::from(points);
    if date <= today { points } else { points.min(0) }
}

/// Stores an event, unless the user's spendable score would fall below the minimum that the award names.
pub fn award<'a>(write: &Write<'_>, award: &Award, by: impl Into<CreatedBy<'a>>) -> Result<Awarded, StoreError> {
    let CreatedBy { username, key_id } = by.into();
    let change = added_to_spendable(award.date, award.points, write.today);
    if let Some(score) = lacking_now(write, award.user_id, award.minimum_score, change)? {
        return Ok(Awarded::InsufficientPoints { score });
    }
    // The new id takes two steps, to the ends of two primary keys, and a look at one row. A deleted event is only in the
    // history, and its id must not be given again.
    // OR FAIL: the table has triggers, so without it SQLite would keep a copy of each page that this statement changes, to take
    // back the statement alone. Whoever meets a fault takes back the whole command.
    const INSERT: &str = "
        INSERT OR FAIL INTO score_events
            (id, user_id, date, points, description, created_at, updated_at, created_by, key_id)
        VALUES (1 + max((SELECT coalesce(max(id), 0) FROM score_events),
                        (SELECT coalesce(max(event_id), 0) FROM event_revisions),
                        (SELECT event_id FROM id_floor WHERE id = 1)),
                :user_id, :date, :points, :description, :now, :now, :by, :key_id)";
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":user_id": award.user_id,
        ":date": award.date,
        ":points": award.points,
        ":description": award.description,
        ":now": write.now,
        ":by": username,
        ":key_id": key_id,
    })?;
    let id = EventId(write.connection.last_insert_rowid());
    scores::add(write, award.user_id, award.date, award.points.into(), 1)?;
    write.note_events(1);
    Ok(Awarded::Stored(ScoreEvent {
        id,
        user_id: award.user_id,
        date: award.date,
        points: award.points,
        description: award.description.clone(),
        created_at: write.now,
        updated_at: write.now,
    }))
}

/// Changes the points and perhaps the description of an event, unless that leaves less than the minimum that the correction
/// names.
pub fn correct(write: &Write<'_>, correction: &Correction, by: &Username) -> Result<Revised, StoreError> {
    let Some(before) = get(write.connection, correction.id)? else { return Ok(Revised::Unknown) };
    let change = added_to_spendable(before.date, correction.points, write.today)
        - added_to_spendable(before.date, before.points, write.today);
    if let Some(score) = lacking_now(write, before.user_id, correction.minimum_score, change)? {
        return Ok(Revised::InsufficientPoints { score });
    }
    revisions::remember_creation(write, before.id)?;
    let after = ScoreEvent {
        points: correction.points,
        description: correction.description.clone().or_else(|| before.description.clone()),
        updated_at: write.now,
        ..before.clone()
    };
    const UPDATE: &str = "
        UPDATE score_events SET points = :points, description = :description, updated_at = :now WHERE id = :id";
    write.connection.prepare_cached(UPDATE)?.execute(named_params! {
        ":id": after.id,
        ":points": after.points,
        ":description": after.description,
        ":now": after.updated_at,
    })?;
    let change = i64::from(after.points) - i64::from(before.points);
    scores::add(write, before.user_id, before.date, change, 0)?;
    revisions::remember(write, &after, RevisionAction::Update, by)?;
    Ok(Revised::Done)
}

/// Takes an event back, unless that leaves less than the minimum that the deletion names. The event no longer counts
/// and is no longer listed; its history stays.
pub fn delete(write: &Write<'_>, deletion: &Deletion, by: &Username) -> Result<Revised, StoreError> {
    let &Deletion { id, minimum_score } = deletion;
    let Some(event) = get(write.connection, id)? else { return Ok(Revised::Unknown) };
    let change = -added_to_spendable(event.date, event.points, write.today);
    if let Some(score) = lacking_now(write, event.user_id, minimum_score, change)? {
        return Ok(Revised::InsufficientPoints { score });
    }
    revisions::remember_creation(write, id)?;
    revisions::remember(write, &event, RevisionAction::Delete, by)?;
    const DELETE: &str = "DELETE FROM score_events WHERE id = ?1";
    write.connection.prepare_cached(DELETE)?.execute([id])?;
    scores::add(write, event.user_id, event.date, -i64::from(event.points), -1)?;
    Ok(Revised::Done)
}

/// One event, by the primary key.
pub fn get(connection: &Connection, id: EventId) -> Result<Option<ScoreEvent>, StoreError> {
    event_rows::get(connection, id)
}
