//! Whether the lists of users' events say what the events say; see `user_blocks` for how these lists lie.

use rusqlite::Connection;

use super::error::StoreError;
use super::id_blocks::first_of;
use super::newest_events::State;
use crate::domain::UserId;

/// The first layout in which a block of events is written when it is full.
pub const LAYOUT_OF_BLOCKS: i64 = 17;

/// What is wrong with a user's list.
pub enum Difference {
    /// The list lacks an event of the user.
    Lacks(UserId, i64),
    /// The list has an event that is not the user's, or says something else of it than the event itself.
    Contradicts(UserId, i64),
}

/// Compares all lists with all events, in one snapshot, and passes on what differs.
pub fn compare(connection: &Connection, mut found: impl FnMut(Difference)) -> Result<(), StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let end = first_of(State::read(&snapshot)?.written_below);
    const CONTRADICTING: &str = "
        SELECT list.user_id, list.id FROM user_events AS list LEFT JOIN score_events AS event ON event.id = list.id
        WHERE event.id IS NULL OR event.user_id <> list.user_id OR event.date <> list.date OR event.points <> list.points
            OR event.description IS NOT list.description OR event.created_at <> list.created_at
            OR event.updated_at <> list.updated_at";
    let mut contradicting = 0;
    let mut statement = snapshot.prepare(CONTRADICTING)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        contradicting += 1;
        found(Difference::Contradicts(row.get(0)?, row.get(1)?));
    }
    // Where each entry has its event, and there are as many of both, none is missing.
    const COUNTS: &str = "
        SELECT (SELECT count(*) FROM user_events WHERE id < ?1), (SELECT count(*) FROM score_events WHERE id < ?1)";
    let (listed, stored): (i64, i64) = snapshot.query_row(COUNTS, [end], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if contradicting == 0 && listed == stored {
        return Ok(());
    }
    const LACKING: &str = "
        SELECT user_id, id FROM score_events AS event
        WHERE id < ?1 AND NOT EXISTS (
            SELECT 1 FROM user_events AS list
            WHERE list.block = event.id >> 18 AND list.user_id = event.user_id AND list.id = event.id)";
    let mut statement = snapshot.prepare(LACKING)?;
    let mut rows = statement.query([end])?;
    while let Some(row) = rows.next()? {
        found(Difference::Lacks(row.get(0)?, row.get(1)?));
    }
    Ok(())
}
