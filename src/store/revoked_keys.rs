//! Which keys are revoked in one file and work in another: a backup does not know of keys that were revoked after it was made.

use rusqlite::{Connection, OptionalExtension};

use super::id_floor::has_table;

/// The keys that are revoked in a file: their numbers and digests.
pub(super) type Revoked = Vec<(i64, Vec<u8>)>;

/// The keys that are revoked in a file of this or any earlier layout.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Revoked> {
    if !has_table(connection, "api_keys")? {
        return Ok(Vec::new());
    }
    // Reads the whole table, which is small.
    let mut statement =
        connection.prepare("SELECT id, digest FROM api_keys WHERE revoked_at IS NOT NULL ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Which of these keys are not revoked in this file. One step along the primary key for each.
pub(super) fn working(connection: &Connection, revoked: &Revoked) -> rusqlite::Result<Vec<i64>> {
    if !has_table(connection, "api_keys")? {
        return Ok(Vec::new());
    }
    const SELECT: &str = "SELECT 1 FROM api_keys WHERE id = ?1 AND digest = ?2 AND revoked_at IS NULL";
    let mut statement = connection.prepare(SELECT)?;
    let mut working = Vec::new();
    for (id, digest) in revoked {
        if statement.query_row((id, digest), |_| Ok(())).optional()?.is_some() {
            working.push(*id);
        }
    }
    Ok(working)
}
