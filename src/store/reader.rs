//! A connection of its own for a thread that reads for as long as it lives.

use std::ops::Deref;
use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::followed::Opened;
use super::gate::Pass;
use super::{connection, repairs};

/// A query-only connection outside the pools. It reads what is committed now. Between [`Reader::begin`] and
/// [`Reader::end`] it reads what was committed at the beginning.
///
/// Of a followed file, it reads what was there when it was opened, and has to be dropped soon.
pub struct Reader {
    connection: Connection,
    /// Dropped after the connection.
    _pass: Option<Pass>,
}

impl Reader {
    /// Opens a connection to the file.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn open(file: &Path) -> Result<Reader, StoreError> {
        let connection = Connection::open_with_flags(file, connection::flags())?;
        connection::set_up_reader(&connection)?;
        Ok(Reader { connection, _pass: None })
    }

    /// Takes a connection to a followed file.
    pub(super) fn of_followed(Opened { connection, pass, .. }: Opened) -> Reader {
        Reader { connection, _pass: Some(pass) }
    }

    /// Begins a snapshot: all reads until its end see the same state.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn begin(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN")?;
        // SQLite takes the snapshot with the first read, not with the transaction's beginning.
        repairs::count(&self.connection)?;
        Ok(())
    }

    /// Ends the snapshot.
    ///
    /// # Errors
    /// No snapshot had begun.
    pub fn end(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("ROLLBACK")?)
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}
