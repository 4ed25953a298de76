//! Noticing that the file has changed, whoever changed it.

use std::path::Path;
use std::time::Duration;

use super::{Reader, StoreError};

/// How long this waits for a lock. The time is short, because requests wait for the answer.
const BUSY_LIMIT: Duration = Duration::from_millis(250);

/// Notices that the file has changed.
pub struct FileVersion {
    connection: Reader,
    /// SQLite's count of the changes that other connections have made, as it was seen last. This connection changes
    /// nothing itself, so the count holds every change.
    last: i64,
}

impl FileVersion {
    /// Begins to watch a file. The first question whether it has changed is always answered with yes.
    pub fn of(file: &Path) -> Result<FileVersion, StoreError> {
        let connection = Reader::open(file)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        Ok(FileVersion { connection, last: 0 })
    }

    /// Whether anything was committed since this was last asked. This reads no page of the file.
    pub fn has_changed(&mut self) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        let version = statement.query_row([], |row| row.get(0))?;
        Ok(std::mem::replace(&mut self.last, version) != version)
    }
}
