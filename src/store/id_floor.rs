//! The ids that must not be given again although nothing in the file has them.
//!
//! A new event gets an id that is one more than that of any event that is or was. A backup that is put in place of the
//! database knows nothing of the events that were stored after it was made. Whoever has seen such an event must never find
//! another one under its id. So the file that takes the place is told how far the ids had come in the one before it.

use rusqlite::{Connection, OptionalExtension};

/// Makes the table of the floor, and its row, unless they are there.
const TABLE: &str = include_str!("../../migrations/V15__id_floor.sql");

/// How far ids had come in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GivenIds {
    /// The highest id of an event.
    event_id: i64,
    /// The highest id of each table that counts its ids by itself (AUTOINCREMENT), as the keys do.
    counters: Vec<(String, i64)>,
}

impl GivenIds {
    /// Reads how far ids have come in a file of this or any earlier layout.
    pub fn read(connection: &Connection) -> rusqlite::Result<GivenIds> {
        // Each of these takes a step to the end of a primary key. The last is for layouts in which events counted their ids.
        let highest = [
            ("score_events", "SELECT max(id) FROM score_events"),
            ("event_revisions", "SELECT max(event_id) FROM event_revisions"),
            ("id_floor", "SELECT max(event_id) FROM id_floor"),
            ("sqlite_sequence", "SELECT max(seq) FROM sqlite_sequence WHERE name = 'score_events'"),
        ];
        let mut event_id = 0;
        for (table, select) in highest {
            if has_table(connection, table)? {
                let id: Option<i64> = connection.query_row(select, [], |row| row.get(0))?;
                event_id = event_id.max(id.unwrap_or_default());
            }
        }
        let mut counters = Vec::new();
        if has_table(connection, "sqlite_sequence")? {
            let mut statement = connection.prepare("SELECT name, max(seq) FROM sqlite_sequence GROUP BY name")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            counters = rows.collect::<Result<_, _>>()?;
        }
        Ok(GivenIds { event_id, counters })
    }

    /// Makes sure that a file gives none of these ids again.
    pub fn keep_from(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLE)?;
        const FLOOR: &str = "UPDATE id_floor SET event_id = max(event_id, ?1)";
        transaction.execute(FLOOR, [self.event_id])?;
        if has_table(&transaction, "sqlite_sequence")? {
            for (table, highest) in &self.counters {
                // A table has its row only once it has had an id.
                const RAISE: &str = "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1";
                const BEGIN: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
                let counts = has_table(&transaction, table)? && transaction.execute(RAISE, (table, highest))? == 0;
                if counts {
                    transaction.execute(BEGIN, (table, highest))?;
                }
            }
        }
        transaction.commit()
    }
}

/// Whether a file has a table.
pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    const SELECT: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.query_row(SELECT, [name], |_| Ok(())).optional().map(|found| found.is_some())
}
