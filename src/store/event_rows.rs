//! Reading rows of `score_events`.

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::StoreError;
use crate::domain::{EventId, ScoreEvent};

/// The columns of an event, in the order that [`event`] reads them.
pub(super) const COLUMNS: &str = "id, user_id, date, points, description, created_at, updated_at";

/// Reads a row that begins with [`COLUMNS`].
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<ScoreEvent> {
    Ok(ScoreEvent {
        id: row.get(0)?,
        user_id: row.get(1)?,
        date: row.get(2)?,
        points: row.get(3)?,
        description: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}

/// One event, by the primary key.
pub(super) fn get(connection: &Connection, id: EventId) -> Result<Option<ScoreEvent>, StoreError> {
    const SELECT: &str = "
        SELECT id, user_id, date, points, description, created_at, updated_at FROM score_events WHERE id = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], event).optional()?)
}
