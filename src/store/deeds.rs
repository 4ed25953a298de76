//! What was told of deeds: each once, by its natural key, with the event that gives points for it.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::error::StoreError;
use super::rules;
use super::write::Write;
use crate::domain::{Description, EventDate, EventId, NaturalKey, Points, Rule, RuleName, Source, Timestamp, UserId};

/// What is known of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDeed {
    /// When the thing had last been changed, by the newest that was told; `None`: nobody has said.
    pub updated_at: Option<Timestamp>,
    /// Whose deed it is, and the day for which it counts; `None`: only its taking back was told so far.
    pub done: Option<Done>,
    /// What has become of it.
    pub state: DeedState,
}

/// Whose deed it is, and the day for which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// The user.
    pub user_id: UserId,
    /// The day.
    pub date: EventDate,
}

/// What has become of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeedState {
    /// It is there, and this event gives points for it.
    Counted(EventId),
    /// It is there, and gives nothing.
    PassedOver,
    /// It is taken back. If it is restored, it gives again what it gave before, if that was anything.
    TakenBack(Option<Gift>),
}

/// What a deed gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// The points.
    pub points: Points,
    /// What they are for.
    pub description: Option<Description>,
}

/// What is known of the deed of a key, by the primary key.
pub fn get(connection: &Connection, source: Source, key: &NaturalKey) -> Result<Option<KnownDeed>, StoreError> {
    const SELECT: &str = "
        SELECT updated_at, user_id, date, is_there, event_id, points, description
        FROM deeds WHERE source = ?1 AND key = ?2";
    let known = connection.prepare_cached(SELECT)?.query_row((source.name(), key.as_str()), |row| {
        let done = match (row.get(1)?, row.get(2)?) {
            (Some(user_id), Some(date)) => Some(Done { user_id, date }),
            _ => None,
        };
        let gift = match row.get(5)? {
            Some(points) => Some(Gift { points, description: row.get(6)? }),
            None => None,
        };
        let state = match (row.get(3)?, row.get(4)?) {
            (true, Some(event)) => DeedState::Counted(event),
            (true, None) => DeedState::PassedOver,
            (false, _) => DeedState::TakenBack(gift),
        };
        Ok(KnownDeed { updated_at: row.get(0)?, done, state })
    });
    Ok(known.optional()?)
}

/// Stores what is known of the deed of a key in place of what was known before, and counts it for its rule.
pub fn put(
    write: &Write<'_>,
    source: Source,
    key: &NaturalKey,
    rule: RuleName,
    (before, now): (Option<&KnownDeed>, &KnownDeed),
) -> Result<(), StoreError> {
    const UPSERT: &str = "
        INSERT INTO deeds (source, key, rule, is_there, user_id, date, event_id, points, description, updated_at)
        VALUES (:source, :key, :rule, :is_there, :user_id, :date, :event_id, :points, :description, :updated_at)
        ON CONFLICT DO UPDATE SET
            is_there = excluded.is_there, user_id = excluded.user_id, date = excluded.date, event_id = excluded.event_id,
            points = excluded.points, description = excluded.description, updated_at = excluded.updated_at";
    let (event_id, gift) = match &now.state {
        DeedState::Counted(event) => (Some(*event), None),
        DeedState::PassedOver => (None, None),
        DeedState::TakenBack(gift) => (None, gift.as_ref()),
    };
    write.connection.prepare_cached(UPSERT)?.execute(named_params! {
        ":source": source.name(),
        ":key": key.as_str(),
        ":rule": rule,
        ":is_there": !matches!(now.state, DeedState::TakenBack(_)),
        ":user_id": now.done.map(|done| done.user_id),
        ":date": now.done.map(|done| done.date),
        ":event_id": event_id,
        ":points": gift.map(|gift| gift.points),
        ":description": gift.and_then(|gift| gift.description.as_ref()),
        ":updated_at": now.updated_at,
    })?;
    let counted = |known: &KnownDeed| known.done.filter(|_| matches!(known.state, DeedState::Counted(_)));
    if let Some(done) = before.and_then(counted) {
        rules::count(write, rule, done.date, -1)?;
    }
    if let Some(done) = counted(now) {
        rules::count(write, rule, done.date, 1)?;
    }
    Ok(())
}

/// Whether so many deeds of a user count on a day that no more may. Looks at no more of them than may count.
pub fn is_day_full(connection: &Connection, rule: &Rule, done: Done) -> Result<bool, StoreError> {
    let Some(limit) = rule.daily_limit.map(i64::from) else { return Ok(false) };
    // The index of what counts has them side by side.
    const SELECT: &str = "
        SELECT count(*) FROM (
            SELECT 1 FROM deeds INDEXED BY deeds_counted
            WHERE date = ?1 AND rule = ?2 AND user_id = ?3 AND event_id IS NOT NULL LIMIT ?4)";
    let counted: i64 =
        connection.prepare_cached(SELECT)?.query_row((done.date, rule.name, done.user_id, limit), |row| row.get(0))?;
    Ok(counted >= limit)
}
