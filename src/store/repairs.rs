//! The count of repairs: how often a rebuild has changed scores in this file.
//!
//! A rebuild compares scores on a snapshot and adds the differences later. That is right only if nothing else has added
//! the same differences in between. The count shows this: everything that makes earlier comparisons void counts it up.

use rusqlite::Connection;

/// The count. While it stays the same, no rebuild has changed any score.
pub fn count(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT count FROM rollup_repairs WHERE id = 1")?.query_row([], |row| row.get(0))
}

/// Adds one to the count, inside a write transaction. Every difference that was found before it is void from then on.
pub(super) fn count_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE rollup_repairs SET count = count + 1 WHERE id = 1")?.execute([])?;
    Ok(())
}
