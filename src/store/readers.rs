//! The connections that read: kept open where this process writes the file, and opened for each read where something else does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{self, BUSY_LIMIT, LOOKUP_BUSY_LIMIT};
use super::error::StoreError;
use super::file_version::FileVersion;
use super::followed::FollowedFile;
use super::handing_over::handing_over;
use super::newest_events::{NewestEvents, ReadConnection};
use super::pool::{Pool, pool};
use super::reader::Reader;
use super::repairs;

/// How many connections there are for reads that may take long. More would only compete for the same processors and
/// disk.
const READERS_MAX: u32 = 8;

/// How long a read may take, its waiting included. A caller that asks for more than can be read in that time has to ask
/// for less.
pub const READ_LIMIT: Duration = Duration::from_secs(5);

/// How long it is tried whether the file can be read, or whether a commit succeeds again.
pub(super) const TRY_LIMIT: Duration = Duration::from_secs(1);

/// Whatever reads the file.
#[derive(Clone)]
pub(super) struct Readers {
    connections: Connections,
    /// As many permits as there may be reads that take long. They wait for a permit, because this keeps no thread busy.
    permits: Arc<Semaphore>,
}

#[derive(Clone)]
enum Connections {
    Kept(Arc<Kept>),
    Followed(Arc<FollowedFile>),
}

/// Connections that stay open.
struct Kept {
    file: PathBuf,
    readers: Pool,
    lookups: Pool,
    /// The connection that only [`Readers::check`] uses, so that nothing else can keep it from its answer.
    checks: Mutex<Reader>,
    newest: Arc<NewestEvents>,
}

impl Readers {
    /// Opens connections to a file that this process has open to write.
    pub fn open(file: &Path, newest: Arc<NewestEvents>) -> Result<Readers, StoreError> {
        let lookups_max = std::thread::available_parallelism().map_or(2, |count| count.get() as u32);
        Ok(Readers::of(Connections::Kept(Arc::new(Kept {
            file: file.to_owned(),
            readers: pool(file, READERS_MAX, BUSY_LIMIT)?,
            lookups: pool(file, lookups_max, LOOKUP_BUSY_LIMIT)?,
            checks: Mutex::new(Reader::open(file)?),
            newest,
        }))))
    }

    /// Reads a file that something else keeps current.
    pub fn follow(file: &Path) -> Readers {
        Readers::of(Connections::Followed(Arc::new(FollowedFile::new(file))))
    }

    fn of(connections: Connections) -> Readers {
        let permits = Arc::new(Semaphore::new(READERS_MAX as usize));
        Readers { connections, permits }
    }

    /// Runs `work` on a connection, off the asynchronous workers; see [`super::Store::read`].
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&ReadConnection<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let deadline = Instant::now() + READ_LIMIT;
        let permits = Arc::clone(&self.permits);
        let permit = match tokio::time::timeout_at(deadline.into(), permits.acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| StoreError::Closed)?,
            Err(_) => return Err(StoreError::Overloaded),
        };
        let readers = self.clone();
        let task = move || {
            // Whoever asked may stop waiting before the work is done. The connection is in use until then all the same.
            let _permit = permit;
            connection::until(deadline, || readers.read_blocking(work))
        };
        tokio::task::spawn_blocking(task).await.unwrap_or_else(|error| {
            // If it did not panic, it was never begun, because the process is about to end.
            Err(if error.is_panic() { StoreError::Panicked } else { StoreError::Closed })
        })
    }

    /// Runs `work` on a connection, on the calling thread.
    pub fn read_blocking<T>(
        &self,
        work: impl FnOnce(&ReadConnection<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.connections {
            Connections::Kept(kept) => work(&ReadConnection::new(&*kept.readers.get()?, &kept.newest)),
            Connections::Followed(file) => file.read(work),
        }
    }

    /// Runs `work`, which is short, on a connection and on the calling thread.
    pub fn look_up<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.connections {
            Connections::Kept(kept) => work(&*kept.lookups.get()?),
            Connections::Followed(file) => handing_over(|| work(&file.open(true)?.connection)),
        }
    }

    /// Tries whether the file can be read. It does not wait for others who read.
    pub fn check(&self) -> Result<(), StoreError> {
        let look = |connection: &Connection| repairs::count(connection).map(drop).map_err(StoreError::from);
        connection::until(Instant::now() + TRY_LIMIT, || match &self.connections {
            Connections::Kept(kept) => look(&kept.checks.lock().unwrap_or_else(PoisonError::into_inner)),
            Connections::Followed(file) => handing_over(|| look(&file.open(false)?.connection)),
        })
    }

    /// Whether the file could be read when that was last tried.
    pub fn seem_well(&self) -> bool {
        match &self.connections {
            Connections::Kept(_) => true,
            Connections::Followed(file) => file.is_readable(),
        }
    }

    /// When a followed file last changed, as time since 1970.
    pub fn followed_until(&self) -> Option<Duration> {
        match &self.connections {
            Connections::Kept(_) => None,
            Connections::Followed(file) => file.stamp().written_at(),
        }
    }

    /// A connection for a thread of its own.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        match &self.connections {
            Connections::Kept(kept) => Reader::open(&kept.file),
            Connections::Followed(file) => Ok(Reader::of_followed(file.open(false)?)),
        }
    }

    /// Begins to watch whether the file changes.
    pub fn version(&self) -> Result<FileVersion, StoreError> {
        match &self.connections {
            Connections::Kept(kept) => FileVersion::of(&kept.file),
            Connections::Followed(file) => Ok(FileVersion::of_followed(Arc::clone(file))),
        }
    }
}
