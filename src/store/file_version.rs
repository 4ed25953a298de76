//! Noticing that the file has changed, whoever changed it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::followed::{FollowedFile, Stamp};
use super::{Reader, StoreError};

/// How long this waits for a lock. The time is short, because requests wait for the answer.
const BUSY_LIMIT: Duration = Duration::from_millis(250);

/// Notices that the file has changed.
pub struct FileVersion(Sign);

/// What shows a change.
enum Sign {
    /// SQLite's count of the changes that other connections have made, as it was seen last. This connection changes
    /// nothing itself, so the count holds every change.
    Count { connection: Reader, last: i64 },
    /// What the operating system tells of a followed file, as it was seen last.
    Stamp { file: Arc<FollowedFile>, last: Option<Stamp> },
}

impl FileVersion {
    /// Begins to watch a file. The first question whether it has changed is always answered with yes.
    pub(super) fn of(file: &Path) -> Result<FileVersion, StoreError> {
        let connection = Reader::open(file)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        Ok(FileVersion(Sign::Count { connection, last: 0 }))
    }

    /// Begins to watch a followed file. The first question whether it has changed is always answered with yes.
    pub(super) fn of_followed(file: Arc<FollowedFile>) -> FileVersion {
        FileVersion(Sign::Stamp { file, last: None })
    }

    /// Whether anything was committed since this was last asked. This reads no page of the file.
    pub fn has_changed(&mut self) -> Result<bool, StoreError> {
        match &mut self.0 {
            Sign::Count { connection, last } => {
                let mut statement = connection.prepare_cached("PRAGMA data_version")?;
                let version = statement.query_row([], |row| row.get(0))?;
                Ok(std::mem::replace(last, version) != version)
            }
            Sign::Stamp { file, last } => {
                let now = Some(file.stamp());
                Ok(std::mem::replace(last, now) != now)
            }
        }
    }
}
