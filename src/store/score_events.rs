//! Storing, correcting and deleting events, each with its score and its history.

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use super::event_rows;
use super::scores;
use super::write::Write;
use crate::domain::{Award, Correction, EventDate, EventId, Revision, RevisionAction, ScoreEvent, Username};

/// What became of an award.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awarded {
    /// It is stored.
    Stored(ScoreEvent),
    /// It would have left less than the asked minimum; nothing is stored.
    InsufficientPoints {
        /// The spendable score as it is.
        score: i64,
    },
}

/// The spendable score as it is, where an award would leave less than the minimum that it names.
pub fn lacking(connection: &Connection, award: &Award, today: EventDate) -> Result<Option<i64>, StoreError> {
    let Some(minimum) = award.minimum_score else { return Ok(None) };
    let score = scores::spendable(connection, award.user_id, today)?;
    // What is dated in the future can't be spent before its day, but is taken off at once.
    let points = i64::from(award.points);
    let change = if award.date <= today { points } else { points.min(0) };
    Ok((score.saturating_add(change) < minimum).then_some(score))
}

/// Stores an event, unless the user's spendable score would fall below the minimum that the award names.
pub fn award(write: &Write<'_>, award: &Award, by: &Username) -> Result<Awarded, StoreError> {
    if let Some(score) = lacking(write.connection, award, write.today)? {
        return Ok(Awarded::InsufficientPoints { score });
    }
    // Two steps to the ends of primary keys: a deleted event is in its history only, and its id is not given again.
    const INSERT: &str = "
        INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by)
        VALUES (1 + max((SELECT coalesce(max(id), 0) FROM score_events),
                        (SELECT coalesce(max(event_id), 0) FROM event_revisions)),
                :user_id, :date, :points, :description, :now, :now, :by)";
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":user_id": award.user_id,
        ":date": award.date,
        ":points": award.points,
        ":description": award.description,
        ":now": write.now,
        ":by": by,
    })?;
    let id = EventId(write.connection.last_insert_rowid());
    scores::add(write, award.user_id, award.date, award.points.into(), 1)?;
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

/// Changes the points and perhaps the description of an event. `false`: there is no such event.
pub fn correct(write: &Write<'_>, correction: &Correction, by: &Username) -> Result<bool, StoreError> {
    let Some(before) = get(write.connection, correction.id)? else { return Ok(false) };
    remember_creation(write, before.id)?;
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
    remember(write, &after, RevisionAction::Update, by)?;
    Ok(true)
}

/// Takes an event back: it no longer counts or lists, its history stays. `false`: there is no such event.
pub fn delete(write: &Write<'_>, id: EventId, by: &Username) -> Result<bool, StoreError> {
    let Some(event) = get(write.connection, id)? else { return Ok(false) };
    remember_creation(write, id)?;
    remember(write, &event, RevisionAction::Delete, by)?;
    const DELETE: &str = "DELETE FROM score_events WHERE id = ?1";
    write.connection.prepare_cached(DELETE)?.execute([id])?;
    scores::add(write, event.user_id, event.date, -i64::from(event.points), -1)?;
    Ok(true)
}

/// One event, by the primary key.
pub fn get(connection: &Connection, id: EventId) -> Result<Option<ScoreEvent>, StoreError> {
    event_rows::get(connection, id)
}

/// All that was done to an event, oldest first; empty if there never was one of that id.
pub fn history(connection: &Connection, id: EventId) -> Result<Vec<Revision>, StoreError> {
    // One read of both tables, so that a change between two reads can't show neither: an event that was never changed
    // is its own first revision.
    const SELECT: &str = "
        SELECT at, by, action, points, description, revision FROM event_revisions WHERE event_id = ?1
        UNION ALL
        SELECT created_at, created_by, 'create', points, description, 1 FROM score_events
        WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM event_revisions WHERE event_id = ?1)
        ORDER BY revision";
    let mut statement = connection.prepare_cached(SELECT)?;
    let revisions = statement.query_map([id], |row| {
        Ok(Revision {
            at: row.get(0)?,
            by: row.get(1)?,
            action: match row.get_ref(2)?.as_str()? {
                "create" => RevisionAction::Create,
                "update" => RevisionAction::Update,
                _ => RevisionAction::Delete,
            },
            points: row.get(3)?,
            description: row.get(4)?,
        })
    })?;
    Ok(revisions.collect::<Result<_, _>>()?)
}

/// Adds a revision to an event's history.
fn remember(write: &Write<'_>, event: &ScoreEvent, action: RevisionAction, by: &Username) -> Result<(), StoreError> {
    let last: i64 = write
        .connection
        .prepare_cached("SELECT coalesce(max(revision), 0) FROM event_revisions WHERE event_id = ?1")?
        .query_row([event.id], |row| row.get(0))?;
    const INSERT: &str = "
        INSERT INTO event_revisions (event_id, revision, at, by, action, points, description)
        VALUES (:event_id, :revision, :at, :by, :action, :points, :description)";
    let action = match action {
        RevisionAction::Create => "create",
        RevisionAction::Update => "update",
        RevisionAction::Delete => "delete",
    };
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":event_id": event.id,
        ":revision": last + 1,
        ":at": write.now,
        ":by": by,
        ":action": action,
        ":points": event.points,
        ":description": event.description,
    })?;
    Ok(())
}

/// Writes down how an event was created, before its first change overwrites that: until then the event itself tells.
fn remember_creation(write: &Write<'_>, id: EventId) -> Result<(), StoreError> {
    const INSERT: &str = "
        INSERT INTO event_revisions (event_id, revision, at, by, action, points, description)
        SELECT id, 1, created_at, created_by, 'create', points, description FROM score_events
        WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM event_revisions WHERE event_id = ?1)";
    write.connection.prepare_cached(INSERT)?.execute([id])?;
    Ok(())
}
