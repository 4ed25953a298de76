//! A file that something else keeps current, as `litestream restore -f` does: it is opened for each read, and closed.
//!
//! Who writes into such a file takes SQLite's exclusive lock on it for each transaction that it applies, and waits for that
//! until nobody reads. A connection that stays open could stay in its way for ever. It could also go on showing pages that it
//! has kept, since what is applied need not change the first page, by which SQLite knows that a file has changed. So each read
//! has a connection of its own, which holds the file as it is from its first look to its end, and changes no byte of it.
//!
//! Nothing here opens the file other than through SQLite: closing any other handle would take away the locks that SQLite holds
//! for this process (sqlite.org/howtocorrupt.html, 2.2).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::file::{self, Identity};
use super::gate::{Gate, Pass};
use super::newest_events::{NewestEvents, ReadConnection, State};
use super::{connection, layout};

/// How often a file is opened anew that is replaced meanwhile.
const ATTEMPTS: u32 = 5;

/// A file that something else keeps current.
#[derive(Debug)]
pub(super) struct FollowedFile {
    path: PathBuf,
    gate: Arc<Gate>,
    known: Mutex<Known>,
    /// Whether it could be read when that was last tried.
    readable: AtomicBool,
}

/// What reads have found out of the newest events.
#[derive(Debug, Default)]
struct Known {
    newest: Arc<NewestEvents>,
    /// Of which file, and as of which state of it.
    of: Option<(Identity, State)>,
}

/// A connection for one read. The fields are dropped in their order: first the file is let go, then whoever waits is told.
pub(super) struct Opened {
    pub connection: Connection,
    pub pass: Pass,
    identity: Identity,
}

impl FollowedFile {
    /// A file that need not be there yet.
    pub fn new(path: &Path) -> FollowedFile {
        FollowedFile {
            path: path.to_owned(),
            gate: Arc::default(),
            known: Mutex::default(),
            readable: AtomicBool::new(false),
        }
    }

    /// Whether it could be read when that was last tried.
    pub fn is_readable(&self) -> bool {
        self.readable.load(Ordering::Relaxed)
    }

    /// Runs `work` on the file as it is now.
    pub fn read<T>(&self, work: impl FnOnce(&ReadConnection<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let opened = self.open(false)?;
        let newest = self.newest(&opened)?;
        work(&ReadConnection::new(&opened.connection, &newest))
    }

    /// Opens the file as it is now. What must be quick does not wait long for a lock.
    ///
    /// # Errors
    /// It is missing, not ours, or of another layout than this program's, which only the server that writes it can change.
    pub fn open(&self, must_be_quick: bool) -> Result<Opened, StoreError> {
        let opened = self.try_to_open(must_be_quick);
        self.readable.store(opened.is_ok(), Ordering::Relaxed);
        opened
    }

    fn try_to_open(&self, must_be_quick: bool) -> Result<Opened, StoreError> {
        let pass = self.gate.enter();
        let missing = |_| StoreError::Missing(self.path.clone());
        for _ in 0..ATTEMPTS {
            let identity = file::identity(&self.path).map_err(missing)?;
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection::set_up_for_one_read(&connection, must_be_quick)?;
            let layout = layout::of_connection_to(&connection, &self.path)?;
            // Which file was opened is known only if it is the same before and after.
            if file::identity(&self.path).map_err(missing)? != identity {
                continue;
            }
            return match layout {
                Some(layout) if layout > layout::newest() => Err(StoreError::NewerLayout(self.path.clone())),
                Some(layout) if layout == layout::newest() => Ok(Opened { connection, pass, identity }),
                _ => Err(StoreError::EarlierLayoutFollowed(self.path.clone())),
            };
        }
        Err(StoreError::Busy)
    }

    /// What is known of the newest events of the file that was opened. If its state is earlier than one that was seen, its
    /// history is another one, as after a backup was put in place of the original. Then nothing of the old holds.
    fn newest(&self, opened: &Opened) -> Result<Arc<NewestEvents>, StoreError> {
        let state = State::read(&opened.connection)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |(identity, last): &(Identity, State)| *identity == opened.identity && !state.is_before(last);
        if !known.of.as_ref().is_none_or(goes_on) {
            known.newest = Arc::default();
        }
        known.of = Some((opened.identity, state));
        Ok(Arc::clone(&known.newest))
    }

    /// What shows that the file has changed. It reads no byte of the file.
    pub fn stamp(&self) -> Stamp {
        // What is applied is written down beside the file, with the number of the last transaction. The file itself and its
        // log are looked at too, so that it makes no difference what keeps it current.
        Stamp([
            part(&self.path, false),
            part(&file::beside(&self.path, "-txid"), false),
            // SQLite makes an empty log for a reader where the file says that it has one.
            part(&file::beside(&self.path, "-wal"), true),
        ])
    }
}

/// The state of a file and of those beside it, as the operating system tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp([Option<Part>; 3]);

impl Stamp {
    /// When any of the files was last written, as time since 1970.
    pub fn written_at(&self) -> Option<Duration> {
        let (seconds, nanoseconds) = self.0.iter().flatten().map(|part| part.written_at).max()?;
        Some(Duration::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    identity: Identity,
    bytes: u64,
    written_at: (i64, i64),
}

fn part(file: &Path, if_filled: bool) -> Option<Part> {
    let metadata = file.metadata().ok().filter(|metadata| !if_filled || metadata.len() > 0)?;
    Some(Part {
        identity: (metadata.dev(), metadata.ino()),
        bytes: metadata.len(),
        written_at: (metadata.mtime(), metadata.mtime_nsec()),
    })
}
