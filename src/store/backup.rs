//! Copying the database into a file of its own, beside whoever reads and writes it.
//!
//! SQLite's own backup interface copies page by page, in small steps with pauses. All steps are within one read transaction of
//! the source: otherwise SQLite would begin anew whenever somebody writes between two steps. Readers hold up no writer, but
//! the write-ahead log can't begin anew meanwhile, so it grows by what is written.
//!
//! The copy has another name until it is whole, on the disk, and was checked. So a file with the name that was asked for is
//! a good one, whenever the process or the machine ends.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::FlockOperation;

use super::error::StoreError;
use super::{connection, file, layout};

/// How many pages are copied in one step: a megabyte.
const PAGES_IN_STEP: i32 = 256;

/// The pause after each step, which leaves the disk and the processor to others.
const PAUSE: Duration = Duration::from_millis(1);

/// How many steps are copied before the copy is flushed. Without that, the system would write all of it at once some time, and
/// commits would wait for that.
const STEPS_BETWEEN_FLUSHES: u32 = 8;

/// How many steps of SQLite's machine there are between two looks whether the check of a copy has to stop.
const CHECK_STEPS: i32 = 100_000;

/// What a copy is called before it is whole.
pub const PART: &str = ".part";

/// Why a copy was not made, or not put in place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database can't be read, or the copy not be written.
    #[error("{0}")]
    Store(StoreError),
    /// The file exists already.
    #[error("{0} exists already; --force overwrites it")]
    Exists(PathBuf),
    /// The copy would take the place of what it is copied from.
    #[error("{0} is the database itself")]
    Itself(PathBuf),
    /// Somebody else is making the same file.
    #[error("another process is just making {0}")]
    UnderWay(PathBuf),
    /// A process has the database open that is to be replaced.
    #[error("{0} is open in another process; stop the server first")]
    InUse(PathBuf),
    /// A file or a folder can't be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// SQLite finds faults in the copy.
    #[error("{0} is damaged: {1}")]
    Damaged(PathBuf, String),
    /// It was asked to stop.
    #[error("stopped before it was done")]
    Stopped,
}

impl<E: Into<StoreError>> From<E> for BackupError {
    fn from(error: E) -> BackupError {
        BackupError::Store(error.into())
    }
}

/// Makes a backup of the database, for a process that does not serve it. A file of every earlier layout is copied as it is.
/// Returns the size of the backup in bytes.
///
/// # Errors
/// The database is missing, not ours or newer than this program; `to` exists and `force` is not set; the copy can't be
/// written or is not sound.
pub fn back_up(database: &Path, to: &Path, force: bool) -> Result<u64, BackupError> {
    source_layout(database)?;
    if same_file(database, to) {
        return Err(BackupError::Itself(to.to_owned()));
    }
    back_up_beside(database, to, force, &Arc::default())
}

/// Makes a backup of a database that this process serves: nothing but SQLite opens the file, since closing it would take
/// away the locks that SQLite holds on it for this process (sqlite.org/howtocorrupt.html, 2.2). `stop` ends it early.
/// Returns the size of the backup in bytes.
///
/// # Errors
/// As [`back_up`]; [`BackupError::Stopped`] if it was ended early.
pub fn back_up_beside(database: &Path, to: &Path, force: bool, stop: &Arc<AtomicBool>) -> Result<u64, BackupError> {
    if !force && to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let source = Connection::open_with_flags(database, read_only())?;
    connection::wait_when_busy(&source)?;
    let part = Part::begin(to)?;
    copy(&source, database, &part.path, stop)?;
    drop(source);
    part.finish(to, force)
}

/// Makes the folder for backups, for this user alone, if it is missing.
///
/// # Errors
/// It can't be made.
pub fn create_folder(folder: &Path) -> Result<(), BackupError> {
    file::create_folder(folder).map_err(|error| BackupError::Io(folder.to_owned(), error))
}

/// The layout of a file that is to be copied.
pub(super) fn source_layout(database: &Path) -> Result<i64, StoreError> {
    if !database.exists() {
        return Err(StoreError::Missing(database.to_owned()));
    }
    match layout::of_file(database)? {
        None => Err(StoreError::Foreign(database.to_owned())),
        Some(layout) if layout > layout::newest() => Err(StoreError::NewerLayout(database.to_owned())),
        Some(layout) => Ok(layout),
    }
}

/// Whether two paths lead to one file.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    matches!((file::identity(one), file::identity(other)), (Ok(one), Ok(other)) if one == other)
}

/// The flags of a connection that changes nothing.
pub(super) fn read_only() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// A copy under the name that it has until it is whole. It is removed if it is not finished.
pub(super) struct Part {
    /// Where it lies.
    pub path: PathBuf,
    /// Held locked, so that no two processes write the same copy.
    file: File,
    is_finished: bool,
}

impl Part {
    /// Makes an empty file beside `to`, for this user alone. What an earlier process left there unfinished is thrown away.
    pub fn begin(to: &Path) -> Result<Part, BackupError> {
        let path = file::beside(to, PART);
        let fault = |error| BackupError::Io(path.clone(), error);
        file::create_file(&path).map_err(fault)?;
        let file = File::options().read(true).write(true).open(&path).map_err(fault)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| BackupError::UnderWay(to.to_owned()))?;
        file.set_len(0).map_err(fault)?;
        file::make_private(&file).map_err(fault)?;
        Ok(Part { path, file, is_finished: false })
    }

    /// Flushes the copy and gives it its name. Returns its size in bytes.
    pub fn finish(mut self, to: &Path, force: bool) -> Result<u64, BackupError> {
        let fault = |error| BackupError::Io(to.to_owned(), error);
        let bytes = self.flush()?;
        self.is_finished = true;
        if force {
            std::fs::rename(&self.path, to).map_err(fault)?;
        } else {
            file::rename_if_free(&self.path, to).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
                _ => BackupError::Io(to.to_owned(), error),
            })?;
        }
        file::flush_folder_of(to).map_err(fault)?;
        Ok(bytes)
    }

    /// Writes all of it to the disk. Returns its size in bytes.
    pub fn flush(&self) -> Result<u64, BackupError> {
        let fault = |error| BackupError::Io(self.path.clone(), error);
        self.file.sync_all().map_err(fault)?;
        self.file.metadata().map(|metadata| metadata.len()).map_err(fault)
    }

    /// Gives it up as a part: from now on it stays, whatever happens.
    pub fn keep(mut self) -> PathBuf {
        self.is_finished = true;
        std::mem::take(&mut self.path)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_finished {
            for ending in ["", "-journal", "-wal", "-shm"] {
                let _ = std::fs::remove_file(file::beside(&self.path, ending));
            }
        }
    }
}

/// Copies all that is committed at this moment into an empty file, as a database without files beside it, and checks the
/// copy. `name` is what faults call it.
pub(super) fn copy(source: &Connection, name: &Path, to: &Path, stop: &Arc<AtomicBool>) -> Result<(), BackupError> {
    let mut target = Connection::open_with_flags(to, connection::flags())?;
    // An unfinished copy is thrown away, so it needs no journal, and the whole of it is flushed at the end.
    target.pragma_update(None, "journal_mode", "off")?;
    target.pragma_update(None, "synchronous", "off")?;
    let file = File::options().write(true).open(to).map_err(|error| BackupError::Io(to.to_owned(), error))?;
    let snapshot = source.unchecked_transaction()?;
    // SQLite takes the snapshot with the first read.
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let backup = Backup::new(&snapshot, &mut target)?;
    for step in 1_u32.. {
        match backup.step(PAGES_IN_STEP)? {
            StepResult::Done => break,
            StepResult::More => {}
            // The snapshot is taken already, and nobody else knows the copy.
            _ => return Err(BackupError::Store(StoreError::Busy)),
        }
        if stop.load(Ordering::Relaxed) {
            return Err(BackupError::Stopped);
        }
        if step.is_multiple_of(STEPS_BETWEEN_FLUSHES) {
            file.sync_data().map_err(|error| BackupError::Io(to.to_owned(), error))?;
        }
        std::thread::sleep(PAUSE);
    }
    drop(backup);
    drop(snapshot);
    drop(target);
    // The first page says that there is a write-ahead log beside it. A backup is one file.
    let target = Connection::open_with_flags(to, connection::flags())?;
    target.pragma_update(None, "journal_mode", "delete")?;
    check_copy(&target, name, stop)
}

fn check_copy(target: &Connection, name: &Path, stop: &Arc<AtomicBool>) -> Result<(), BackupError> {
    let stopped = Arc::clone(stop);
    target.progress_handler(CHECK_STEPS, Some(move || stopped.load(Ordering::Relaxed)))?;
    let faults = connection::integrity_faults(target, 1);
    target.progress_handler(0, None::<fn() -> bool>)?;
    match faults {
        Err(_) if stop.load(Ordering::Relaxed) => Err(BackupError::Stopped),
        faults => match faults?.into_iter().next() {
            None => Ok(()),
            Some(fault) => Err(BackupError::Damaged(name.to_owned(), fault)),
        },
    }
}
