//! The database file: the only place with SQL. Nothing here knows of HTTP.
//!
//! All use of the file goes through [`Store`]. Changes go through its one [`Writer`]; reads take a connection from a
//! pool and see what was committed last. Each group of tables has a source file whose functions take the connection or
//! transaction that they run in.
//!
//! | to learn | read |
//! |---|---|
//! | how a file is opened, made and migrated | `connection`, `layout`, `upgrade`, `file` |
//! | how a file is read, also one that something else writes | `readers`, `pool`, `reader`; `followed`, `gate` |
//! | whether another process is at work on the file | `neighbours` |
//! | how a change is stored | `writer` (`turns`), `committer` (`telling`), `command`, `write`; `checkpoint` for the write-ahead log; `facts` for who hears of it |
//! | when the store can't do its work | `error`, `health` |
//! | events, their lists and their history | `score_events`, `event_batches`, `event_list`, `event_search`, `event_totals`, `last_activity`, `revisions` |
//! | which events are a user's | `user_events`; `user_blocks` and `id_blocks` for how they lie, `newest_events` and `user_ids` for what is not written yet |
//! | scores, and making them right again | `scores` (`months`), `window_sums`, `rebuild`, `repairs`, `recalculations` |
//! | what users may spend, without holding up the writer | `spending`, `recent_scores` |
//! | users, groups, leaderboards, keys | `directory`, `user_batches`, `user_order`, `merge`, `leaderboards`, `api_keys` |
//! | answers that are kept for retries | `idempotency` |
//! | what comes from files in bulk, and goes to them | `bulk` (`insertion`), `imports`, `load`, `moved`, `export` |
//! | points for what people do in another place | `rules`, `deeds`, `webhooks` |
//! | who changed keys, boards, groups, users and rules | `audit` |
//! | copies of the whole file, and whether a file is sound | `backup`, `restore` (`id_floor`, `revoked_keys`), `check`, `block_check`, `directory_check` |

pub mod api_keys;
pub mod audit;
pub mod backup;
mod block_check;
mod bulk;
pub mod check;
mod checkpoint;
mod columns;
mod command;
mod committer;
mod connection;
mod day_filter;
mod day_number;
pub mod deeds;
pub mod directory;
mod directory_check;
mod error;
pub mod event_batches;
pub mod event_days;
pub mod event_list;
mod event_rows;
pub mod event_search;
pub mod event_totals;
pub mod export;
mod facts;
mod figures;
mod file;
mod file_version;
mod followed;
mod gate;
mod handing_over;
mod health;
mod id_blocks;
mod id_floor;
pub mod idempotency;
pub mod imports;
mod insertion;
pub mod key_changes;
pub mod key_lines;
pub mod key_rotation;
pub mod last_activity;
mod layout;
pub mod leaderboards;
pub mod load;
pub mod merge;
mod months;
pub mod moved;
mod neighbours;
mod newest_events;
mod order;
mod pool;
mod reader;
mod readers;
pub mod rebuild;
pub mod recalculations;
mod recent_scores;
pub mod repairs;
pub mod restore;
pub mod revisions;
mod revoked_keys;
pub mod rules;
pub mod score_events;
pub mod scores;
mod spending;
mod telling;
pub(crate) mod turns;
mod upgrade;
pub mod user_batches;
mod user_blocks;
mod user_events;
mod user_ids;
pub mod user_order;
pub mod webhooks;
pub mod window_sums;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use committer::Parts;
pub use connection::BUSY_LIMIT;
pub use connection::OpenMode;
pub use day_number::DayNumber;
pub use error::StoreError;
#[cfg(test)]
pub(crate) use facts::Facts;
pub use facts::{Committed, DirectoryChange, ScoreChange, Subscriber};
pub use figures::{Figures, Sizes};
use file::Place;
pub use file_version::FileVersion;
pub use health::Alive;
use health::Health;
use key_changes::KeyChanges;
pub use neighbours::Neighbours;
use newest_events::NewestEvents;
pub use newest_events::ReadConnection;
pub use order::Order;
pub use reader::Reader;
pub use readers::READ_LIMIT;
use readers::{Readers, TRY_LIMIT};
pub use spending::{Briefing, Spendable};
#[cfg(test)]
pub(crate) use telling::Telling;
pub use write::Write;
pub use writer::{GROUP_MAX, Writer, WriterThread};

use crate::domain::{Clock, EventDate, ServerAddress, UserId};

/// How a file is opened.
pub struct OpenOptions {
    /// What the file is opened for: whether it may be made, and migrated.
    pub mode: OpenMode,
    /// The clock that tells each transaction its time and its day.
    pub clock: Clock,
    /// How many writes share a transaction at most.
    pub group_max: usize,
    /// The subscribers that are told of each committed transaction, in this order.
    pub subscribers: Vec<Subscriber>,
    /// Whether the file is copied before a migration writes tables of it anew.
    pub backup_before_migration: bool,
}

impl OpenOptions {
    /// Options with [`GROUP_MAX`] writes in a transaction at most, and with no subscribers.
    pub fn new(mode: OpenMode, clock: Clock) -> OpenOptions {
        OpenOptions { mode, clock, group_max: GROUP_MAX, subscribers: Vec::new(), backup_before_migration: false }
    }
}

/// An open database file: its writer and its readers.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    health: Arc<Health>,
    figures: Arc<Figures>,
    key_changes: KeyChanges,
    /// Held while two users are merged.
    merging: Arc<tokio::sync::Mutex<()>>,
}

impl Store {
    /// Opens the file, creating or migrating it as the mode allows. The thread that is returned has to be stopped for a
    /// clean end.
    pub fn open(file: &Path, options: OpenOptions) -> Result<(Store, WriterThread), StoreError> {
        let OpenOptions { mode, clock, group_max, subscribers, backup_before_migration } = options;
        if backup_before_migration && mode == OpenMode::Serve && file.exists() {
            upgrade::back_up_before(file)?;
        }
        let connection = connection::open_writer(file, mode)?;
        let newest = Arc::new(NewestEvents::default());
        let readers = Readers::open(file, Arc::clone(&newest))?;
        let checkpoints = Connection::open_with_flags(file, connection::flags())?;
        connection::set_up(&checkpoints)?;
        let place = Place::of(file).map_err(|error| StoreError::Unreadable(file.to_owned(), Arc::new(error)))?;
        let health = Arc::new(Health::new(place));
        let figures = Arc::new(Figures::new());
        let key_changes = KeyChanges::default();
        let parts = Parts {
            connection,
            checkpoints,
            clock,
            group_max,
            subscribers,
            health: Arc::clone(&health),
            figures: Arc::clone(&figures),
            newest,
            key_changes: key_changes.clone(),
        };
        let (writer, thread) = Writer::start(parts).map_err(|error| {
            log::error!("the writer's thread can't be started: {error}");
            StoreError::Closed
        })?;
        Ok((Store { writer, readers, health, figures, key_changes, merging: Arc::default() }, thread))
    }

    /// Reads a file that something else keeps current, and that need not be there yet. Nothing is ever written: whoever tries
    /// hears that changes are made at that address.
    ///
    /// # Errors
    /// [`StoreError::SqliteTooOld`].
    pub fn follow(file: &Path, changes_at: ServerAddress) -> Result<Store, StoreError> {
        connection::expect_sound_sqlite()?;
        Ok(Store {
            writer: Writer::elsewhere(changes_at),
            readers: Readers::follow(file),
            health: Arc::new(Health::new(Place::of_followed(file))),
            figures: Arc::new(Figures::new()),
            key_changes: KeyChanges::default(),
            merging: Arc::default(),
        })
    }

    /// A connection for a thread of its own.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        self.readers.reader()
    }

    /// Begins to watch whether the file changes, whoever changes it.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn version(&self) -> Result<FileVersion, StoreError> {
        self.readers.version()
    }

    /// The way to change anything.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Where changes are made, if not by this process: then it only reads what something else keeps current.
    pub fn changes_at(&self) -> Option<&ServerAddress> {
        self.writer.changes_at()
    }

    /// When something was last applied to a file that something else keeps current, as time since 1970; `None`: it is no such
    /// file, or not there yet.
    pub fn followed_until(&self) -> Option<Duration> {
        self.readers.followed_until()
    }

    /// What has been done since the start, in numbers.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The count of what may have changed a stored key.
    pub fn key_changes(&self) -> &KeyChanges {
        &self.key_changes
    }

    /// How large the files are, and how much space is left.
    pub fn sizes(&self) -> Sizes {
        Sizes::of(self.health.place())
    }

    /// Whether the store was well when that was last seen: the last commit succeeded, the file is in its place and all threads
    /// live. Tries nothing and waits for nobody; see [`Store::check`].
    pub fn seems_well(&self) -> bool {
        self.health.seems_well() && self.readers.seem_well()
    }

    /// Runs `work` in the next write transaction; see [`Writer::write`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Runs `work` in the next write transaction, unless it can't be begun before `deadline`; see [`Writer::write`].
    pub async fn write_by<T, F>(&self, deadline: Instant, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let limit = deadline.saturating_duration_since(Instant::now());
        self.writer.submit_within(limit, work)?.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Reads what users may spend, for a command that was refused with [`StoreError::FarBack`] and is given again.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_spendable(&self, users: Arc<[UserId]>, today: EventDate) -> Result<Arc<Spendable>, StoreError> {
        let writer = self.writer.clone();
        self.read(move |connection| Spendable::read(connection, &users, today, || writer.committed()))
            .await
            .map(Arc::new)
    }

    /// Tells the store that the server is about to end. Work that takes many transactions then ends after its next one.
    pub fn expect_end(&self) {
        self.health.expect_end();
    }

    /// Registers a thread that the server needs. The thread has to keep the value that is returned as long as it works:
    /// [`Store::check`] fails once that value is dropped.
    pub fn register_thread(&self, name: &'static str) -> Alive {
        self.health.thread(name)
    }

    /// Runs `work` on a reading connection, off the asynchronous workers. Waiting and reading together may take
    /// [`READ_LIMIT`].
    ///
    /// # Errors
    /// The fault that `work` met; [`StoreError::TooSlow`] if `work` had to be broken off; [`StoreError::Overloaded`] if
    /// other reads took so long that `work` was not begun.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&ReadConnection<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.read(work).await
    }

    /// Runs `work` on a reading connection, on the calling thread, however long it takes.
    pub fn read_blocking<T>(
        &self,
        work: impl FnOnce(&ReadConnection<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.readers.read_blocking(work)
    }

    /// Writes the blocks of users' events that are full, in short transactions, until `goes_on` says no before one of them.
    ///
    /// # Errors
    /// The fault that a read or a write met. What is missing is written the next time.
    pub fn write_full_blocks(&self, goes_on: impl Fn() -> bool) -> Result<(), StoreError> {
        user_blocks::write_full(
            &self.writer,
            || self.read_blocking(|connection| user_blocks::next(connection)),
            goes_on,
        )
    }

    /// Looks up a row or two of a small table, on the calling thread. An asynchronous worker may call this too: it
    /// takes microseconds, which is less than handing it to another thread would take, and reading never waits for a
    /// writer.
    pub fn look_up<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.readers.look_up(work)
    }

    /// Whether the store can do its work: it reads, its commits succeed, its file is in its place and its threads live.
    /// After a commit that failed, this tries at most once a second whether a commit succeeds again. It does not wait
    /// for reads and writes of others.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.readers.check()?;
        let found = self.health.fault();
        let a_commit_failed = match &found {
            Ok(()) => return Ok(()),
            Err(StoreError::TakenAway(_) | StoreError::ThreadEnded(_)) => false,
            Err(StoreError::Full) => self.health.has_space(),
            Err(_) => true,
        };
        if !a_commit_failed || !self.health.is_time_to_try() {
            return found;
        }
        let attempt = self.writer.submit_within(TRY_LIMIT, |write| Ok(connection::mark_as_ours(write.connection)?))?;
        // The writer may be busy with work that takes longer. Then the next check will tell.
        let answer = tokio::time::timeout(TRY_LIMIT + Duration::from_millis(100), attempt).await;
        match answer {
            Ok(answer) => answer.unwrap_or(Err(StoreError::Closed)),
            Err(_) => found,
        }
    }
}
