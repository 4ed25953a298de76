//! What can go wrong with the database file.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

use crate::domain::{ServerAddress, UserId};

/// A fault of the database. Nothing of the work that met it was stored, except with [`StoreError::OutcomeUnknown`].
///
/// It can be cloned because one failed commit is the answer to every command of its group.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another process held the file's write lock past the busy limit.
    #[error("the database is locked by another process")]
    Busy,
    /// The disk, or the file's allowed size, is used up.
    #[error("the disk is full")]
    Full,
    /// The file can't be written.
    #[error("the database is read-only")]
    ReadOnly,
    /// More writes are waiting than the queue takes.
    #[error("too many writes are waiting")]
    Overloaded,
    /// Reading took longer than is allowed, and was broken off.
    #[error("reading took longer than 5 seconds")]
    TooSlow,
    /// Either the disk failed while the work was being committed, so that it may be stored or not. Or work of many
    /// transactions was broken off, so that it is stored in part.
    #[error("what was being committed may be stored, in part or not at all")]
    OutcomeUnknown,
    /// The database file was deleted or replaced after it had been opened.
    #[error("{0} was deleted or replaced")]
    TakenAway(PathBuf),
    /// A thread that the store needs has ended.
    #[error("the thread \"{0}\" has ended")]
    ThreadEnded(&'static str),
    /// A key that was remembered may have changed since. Whoever remembered it has to look it up.
    #[error("a stored key may have changed")]
    KeysChanged,
    /// What these users may spend can't be found out in a transaction of the writer without holding up everybody. It has to be
    /// read beside the writer first.
    #[error("scores of too many months would have to be read at once")]
    FarBack(Arc<[UserId]>),
    /// The writer has ended.
    #[error("the database is closed")]
    Closed,
    /// The work panicked: a defect of scorekeeper. What it wrote was rolled back.
    #[error("a defect of scorekeeper: the work on the database panicked")]
    Panicked,
    /// What was to be stored has to be seen by somebody, and could not be shown.
    #[error("it could not be shown: {0}")]
    NotShown(Arc<std::io::Error>),
    /// The file does not exist where it has to.
    #[error("{0} does not exist")]
    Missing(PathBuf),
    /// The file belongs to another program, or is no database at all.
    #[error("{0} is not a scorekeeper database")]
    Foreign(PathBuf),
    /// The file can't be read.
    #[error("{0} can't be read: {1}")]
    Unreadable(PathBuf, Arc<std::io::Error>),
    /// The folder of the file can't be made.
    #[error("the folder {0} can't be created: {1}")]
    Folder(PathBuf, Arc<std::io::Error>),
    /// The folder of the file may not be written in.
    #[error("the folder {} may not be written in, and SQLite keeps its log there, beside the database", .0.display())]
    FolderDenied(PathBuf),
    /// The file has an earlier layout, and only the server may change that.
    #[error("{0} has an earlier layout, and is migrated by the next start of the server")]
    OlderLayout(PathBuf),
    /// The file has a layout that this program does not know.
    #[error("{0} was written by a newer scorekeeper")]
    NewerLayout(PathBuf),
    /// The file has an earlier layout, and this program only reads it.
    #[error(
        "{0} has an earlier layout than this program reads; upgrade the server that writes it, or run its version here"
    )]
    EarlierLayoutFollowed(PathBuf),
    /// This server only reads.
    #[error("this server only reads; changes are made at {0}")]
    MadeElsewhere(ServerAddress),
    /// The library is older than the first one without a fault that loses data.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    SqliteTooOld(&'static str),
    /// The database can't be copied before its tables are written anew.
    #[error(
        "the database has an earlier layout, and no copy of it can be made before it is migrated: {0}: {1}; make room there, \
         or set backup_before_migration = false"
    )]
    NoBackup(PathBuf, String),
    /// The schema can't be brought up to date.
    #[error("the database can't be migrated: {0}")]
    Migration(String),
    /// A stored row holds a value that can't be there.
    #[error("a stored row is damaged: {0}")]
    Damaged(String),
    /// Anything else that SQLite reports.
    #[error("{0}")]
    Sqlite(Arc<rusqlite::Error>),
}

impl StoreError {
    /// The error that a COMMIT has met. If the disk failed before everything was written, nothing is stored. If it
    /// failed while it flushed what was written, nobody can tell: after a crash, SQLite may find that the commit is
    /// complete.
    pub(super) fn of_commit(error: rusqlite::Error) -> StoreError {
        let disk_failed = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
        let unwritten = error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_WRITE);
        if disk_failed && !unwritten { StoreError::OutcomeUnknown } else { error.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly,
            Some(ErrorCode::OperationInterrupted) => StoreError::TooSlow,
            _ => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
                | rusqlite::Error::InvalidColumnType(..) => StoreError::Damaged(error.to_string()),
                error => StoreError::Sqlite(Arc::new(error)),
            },
        }
    }
}

impl From<r2d2::Error> for StoreError {
    /// The pool gives no connection in time.
    fn from(error: r2d2::Error) -> StoreError {
        log::warn!("no connection to read with: {error}");
        StoreError::Busy
    }
}
