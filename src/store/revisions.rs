//! What was done to events, and by whom.
//!
//! An event that was never changed has one revision, its creation. The event itself tells of it, so there is no row for
//! it in the table of revisions. The first change of the event writes down how it was created.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use super::order::Order;
use super::write::Write;
use crate::domain::{EventId, Revision, RevisionAction, ScoreEvent, Username};

/// Which revisions of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Whether the oldest or the latest revision comes first.
    pub order: Order,
    /// The page begins after the revision of this number, in that order. The first revision has the number 0.
    pub after: Option<i64>,
    /// How many revisions a page holds.
    pub limit: usize,
}

/// A page of an event's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The revisions.
    pub revisions: Vec<Revision>,
    /// The number of the last of them, after which more follow; `None`: no more follow.
    pub next: Option<i64>,
}

/// A page of what was done to an event; `None` if there never was one of that id.
pub fn history(
    connection: &Connection,
    id: EventId,
    filter: &HistoryFilter,
) -> Result<Option<HistoryPage>, StoreError> {
    // One statement reads both tables. With two, a change that comes between them could make the revision appear in
    // neither.
    let select = format!(
        "SELECT at, by, action, points, description, revision FROM event_revisions
         WHERE event_id = :id AND revision BETWEEN :low AND :high
         UNION ALL
         SELECT created_at, created_by, 'create', points, description, 1 FROM score_events
         WHERE id = :id AND 1 BETWEEN :low AND :high
           AND NOT EXISTS (SELECT 1 FROM event_revisions WHERE event_id = :id)
         ORDER BY revision {} LIMIT :count",
        filter.order.sql()
    );
    let mut statement = connection.prepare_cached(&select)?;
    let numbers = numbers(filter);
    // One revision more than the page holds is read, to see whether more follow.
    let count = i64::try_from(filter.limit).unwrap_or(i64::MAX).saturating_add(1);
    let parameters = named_params! { ":id": id, ":low": numbers.start(), ":high": numbers.end(), ":count": count };
    let rows = statement.query_map(parameters, |row| {
        let revision = Revision {
            at: row.get(0)?,
            by: row.get(1)?,
            action: match row.get_ref(2)?.as_str()? {
                "create" => RevisionAction::Create,
                "update" => RevisionAction::Update,
                _ => RevisionAction::Delete,
            },
            points: row.get(3)?,
            description: row.get(4)?,
        };
        Ok((row.get::<_, i64>(5)?, revision))
    })?;
    let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    if rows.is_empty() && !was_ever(connection, id)? {
        return Ok(None);
    }
    let more = rows.len() > filter.limit;
    rows.truncate(filter.limit);
    // In the table, revisions are counted from 1.
    let next = rows.last().map(|(number, _)| number - 1).filter(|_| more);
    Ok(Some(HistoryPage { revisions: rows.into_iter().map(|(_, revision)| revision).collect(), next }))
}

/// The numbers of the revisions that are asked for, as they are in the table: there they are counted from 1.
fn numbers(filter: &HistoryFilter) -> RangeInclusive<i64> {
    let all = 1..=i64::MAX;
    match filter.after {
        None => all,
        Some(after) => filter.order.past(after.saturating_add(1), &all).unwrap_or(RangeInclusive::new(1, 0)),
    }
}

/// Whether there is or was an event of that id.
fn was_ever(connection: &Connection, id: EventId) -> Result<bool, StoreError> {
    const SELECT: &str = "
        SELECT EXISTS (SELECT 1 FROM score_events WHERE id = ?1)
            OR EXISTS (SELECT 1 FROM event_revisions WHERE event_id = ?1)";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], |row| row.get(0))?)
}

/// Whether a user is in the history of an event that has been changed. `folded` is the username in lower case. The cost
/// depends on how many different names that history has. This number is returned too.
pub(super) fn changed_by(connection: &Connection, id: EventId, folded: &str) -> Result<(bool, usize), StoreError> {
    // This takes one step along the index of actors for each name. To find the different names by itself, SQLite would
    // read all revisions.
    const NEXT: &str = "SELECT min(by) FROM event_revisions WHERE event_id = ?1 AND by > ?2";
    let mut statement = connection.prepare_cached(NEXT)?;
    let (mut name, mut count) = (String::new(), 0);
    while let Some(next) = statement.query_row((id, &name), |row| row.get::<_, Option<String>>(0))? {
        count += 1;
        if next.to_lowercase() == folded {
            return Ok((true, count));
        }
        name = next;
    }
    Ok((false, count))
}

/// Adds a revision to an event's history.
pub(super) fn remember(
    write: &Write<'_>,
    event: &ScoreEvent,
    action: RevisionAction,
    by: &Username,
) -> Result<(), StoreError> {
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

/// Writes down how an event was created, before its first change overwrites that. Until then the event itself tells how
/// it was created.
pub(super) fn remember_creation(write: &Write<'_>, id: EventId) -> Result<(), StoreError> {
    const INSERT: &str = "
        INSERT INTO event_revisions (event_id, revision, at, by, action, points, description)
        SELECT id, 1, created_at, created_by, 'create', points, description FROM score_events
        WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM event_revisions WHERE event_id = ?1)";
    write.connection.prepare_cached(INSERT)?.execute([id])?;
    Ok(())
}
