//! A connection of its own for a thread that reads for as long as it lives.

use std::ops::Deref;
use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::{connection, repairs};

/// A query-only connection outside the pools. It reads what is committed now. Between [`Reader::begin`] and
/// [`Reader::end`] it reads what was committed at the beginning.
pub struct Reader(Connection);

impl Reader {
    /// Opens a connection to the file.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn open(file: &Path) -> Result<Reader, StoreError> {
        let connection = Connection::open_with_flags(file, connection::flags())?;
        connection::set_up_reader(&connection)?;
        Ok(Reader(connection))
    }

    /// Begins a snapshot: all reads until its end see the same state.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn begin(&self) -> Result<(), StoreError> {
        self.0.execute_batch("BEGIN")?;
        // SQLite takes the snapshot with the first read, not with the transaction's beginning.
        repairs::count(&self.0)?;
        Ok(())
    }

    /// Ends the snapshot.
    ///
    /// # Errors
    /// No snapshot had begun.
    pub fn end(&self) -> Result<(), StoreError> {
        Ok(self.0.execute_batch("ROLLBACK")?)
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}
