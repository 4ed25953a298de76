//! Opening the file, and how its connections are set.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::{file, layout};

/// The longest wait for a lock that another process holds. A write or a read may not wait or last longer either.
pub const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// The first SQLite without the WAL-reset fault, through which two connections that write and checkpoint at once could
/// lose data (sqlite.org/wal.html).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How much of the write-ahead log stays on disk after a checkpoint, in bytes.
const JOURNAL_SIZE_LIMIT: i64 = 64 << 20;

/// Memory for the pages that the writer keeps, in KiB: the inner pages of the indexes and the pages that are written most.
/// Much more would cost more than it saves, since SQLite looks through all of it in each commit that has split a page.
const WRITER_CACHE_KIB: i64 = 16 << 10;

/// How many statements a connection keeps prepared. This is more than the number of different statements.
const PREPARED_STATEMENTS: usize = 64;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Serve it: make the file and its folder if they are missing, and bring an older layout up to date. Nothing else may
    /// do that, since a server of the older layout may be at work on the file.
    Serve,
    /// Use it beside a server, and make it if it is missing. A file of another layout is refused.
    Create,
    /// Use it beside a server. A file that is missing or of another layout is refused.
    Existing,
}

/// Opens the connection that writes, after checking that the file is ours, and sees to its layout as `mode` says.
pub fn open_writer(path: &Path, mode: OpenMode) -> Result<Connection, StoreError> {
    expect_sound_sqlite()?;
    if !path.exists() {
        make_file(path, mode)?;
    }
    open_existing(path, mode).map_err(|error| match error {
        // SQLite itself says only that the database is read-only, or that a file can't be opened.
        StoreError::ReadOnly | StoreError::Sqlite(_) if !file::may_write_in(file::folder_of(path)) => {
            StoreError::FolderDenied(file::folder_of(path).to_owned())
        }
        error => error,
    })
}

/// Refuses a library with the fault.
pub fn expect_sound_sqlite() -> Result<(), StoreError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(StoreError::SqliteTooOld(rusqlite::version()));
    }
    Ok(())
}

/// Makes an empty database, and the folder that it lies in. It gets its name when it is whole and on the disk: of a database that
/// SQLite makes in its place, a power loss can leave a part that nobody can open any more.
fn make_file(path: &Path, mode: OpenMode) -> Result<(), StoreError> {
    if mode == OpenMode::Existing {
        return Err(StoreError::Missing(path.to_owned()));
    }
    let folder = file::folder_of(path);
    file::create_folder(folder).map_err(|error| StoreError::Folder(folder.to_owned(), Arc::new(error)))?;
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => StoreError::FolderDenied(folder.to_owned()),
        _ => StoreError::Unreadable(path.to_owned(), Arc::new(error)),
    };
    let new = file::create_beside(path).map_err(fault)?;
    let connection = Connection::open_with_flags(&new, flags())?;
    // It is thrown away if this is not finished.
    connection.pragma_update(None, "journal_mode", "off")?;
    connection.pragma_update(None, "synchronous", "off")?;
    mark_as_ours(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    drop(connection);
    file::name_if_free(new, path).map_err(fault)
}

fn open_existing(path: &Path, mode: OpenMode) -> Result<Connection, StoreError> {
    // The layout is read first, so that a file can be refused before a byte of it is changed.
    let layout = layout::of_file(path)?;
    let newest = layout::newest();
    match layout {
        Some(layout) if layout > newest => return Err(StoreError::NewerLayout(path.to_owned())),
        Some(layout) if layout == newest => {}
        None if mode == OpenMode::Create => {}
        _ if mode == OpenMode::Serve => {}
        _ => return Err(StoreError::OlderLayout(path.to_owned())),
    }
    if mode == OpenMode::Serve
        && let Some(rights) = file::mode_for_others(path)
    {
        log::warn!("others than its owner have rights to {} ({rights:03o}); better: chmod 600", path.display());
    }
    let opened = file::identity(path).ok();
    let mut connection = Connection::open_with_flags(path, flags())?;
    set_up(&connection)?;
    // Here the connection holds a lock, so nobody replaces the file any more. If somebody has done that a moment ago, the log
    // of the one file would be that of the other.
    if file::identity(path).ok() != opened {
        return Err(StoreError::TakenAway(path.to_owned()));
    }
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // The id is read first, because setting it writes to the file even if nothing changes.
    if connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0))? != layout::APPLICATION_ID {
        mark_as_ours(&connection)?;
    }
    if layout != Some(newest) {
        layout::migrate(&mut connection)?;
    }
    // SQLite flushes the name of its log to the folder too, but does not look how that ends.
    match file::flush_folder_of(path) {
        Err(error) if error.kind() != std::io::ErrorKind::PermissionDenied => {
            Err(StoreError::Unreadable(file::folder_of(path).to_owned(), Arc::new(error)))
        }
        _ => Ok(connection),
    }
}

/// The flags of a connection. A file name is never read as a URI, so that any name is just a name. SQLite does not make
/// the file, because we make it ourselves.
pub fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Writes into the file that it is a file of scorekeeper. That changes a page of the file even if it says so already.
pub fn mark_as_ours(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", layout::APPLICATION_ID)
}

/// Makes the settings that every connection has. The busy timeout comes first, because the other settings may meet a
/// lock.
pub fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    wait_when_busy(connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // With this, SQLite plans a statement once. Without it, SQLite plans some statements anew for each value that is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(())
}

/// What SQLite finds wrong with the structure and the rows of a file, in its own words: at most `count_max` faults. This reads
/// the whole file.
pub fn integrity_faults(connection: &Connection, count_max: usize) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({count_max})"))?;
    let mut faults: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    faults.retain(|fault| fault != "ok");
    Ok(faults)
}

thread_local! {
    /// When the work that this thread does at the moment has to end; see [`until`].
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
    /// When this thread began to wait for the lock that it waits for.
    static WAITING_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Does work on this thread that has to end at `deadline`. After that moment it no longer waits for locks, and a read
/// that is not finished ends with [`StoreError::TooSlow`].
pub fn until<T>(deadline: Instant, work: impl FnOnce() -> T) -> T {
    /// Puts back the deadline that was there before, also after a panic.
    struct Restore(Option<Instant>);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNTIL.set(self.0);
        }
    }
    let _restore = Restore(UNTIL.replace(Some(deadline)));
    work()
}

/// Makes the connection wait for a lock that another process holds, up to [`BUSY_LIMIT`] and not past the deadline of
/// [`until`]. It tries to get the lock every millisecond. SQLite's own way tries less and less often, and would miss
/// the short gaps between the transactions of a backfill.
pub fn wait_when_busy(connection: &Connection) -> rusqlite::Result<()> {
    const EVERY: Duration = Duration::from_millis(1);
    connection.busy_handler(Some(|looked| {
        let now = Instant::now();
        if looked == 0 {
            WAITING_SINCE.set(Some(now));
        }
        let end = WAITING_SINCE.get().unwrap_or(now) + BUSY_LIMIT;
        let end = UNTIL.get().map_or(end, |until| until.min(end));
        std::thread::sleep(EVERY.min(end.saturating_duration_since(now)));
        now < end
    }))
}

/// Makes the connection break off a read at the deadline of [`until`].
pub fn stop_when_late(connection: &Connection) -> rusqlite::Result<()> {
    /// Steps of SQLite's machine between two looks at the clock: less than a millisecond.
    const STEPS: i32 = 10_000;
    connection.progress_handler(STEPS, Some(|| UNTIL.get().is_some_and(|until| until <= Instant::now())))
}

/// How long a short look-up waits for a lock, on a thread that others wait for.
pub const LOOKUP_BUSY_LIMIT: Duration = Duration::from_millis(250);

/// Makes the settings of a connection for one read of a file that something else writes. What must be quick waits no longer
/// for a lock than a look-up does.
pub fn set_up_for_one_read(connection: &Connection, must_be_quick: bool) -> rusqlite::Result<()> {
    wait_when_busy(connection)?;
    if must_be_quick {
        connection.busy_timeout(LOOKUP_BUSY_LIMIT)?;
    }
    stop_when_late(connection)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    hold(connection)
}

/// Makes the connection hold the file as it is, from its next look at it until it is closed. Nothing can be written meanwhile by
/// whoever writes without a write-ahead log.
pub fn hold(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    // With a log, a connection has a lock on the file by itself, and asking for it would lock other readers out.
    if mode == "wal" { Ok(()) } else { connection.pragma_update(None, "locking_mode", "exclusive") }
}

/// Makes the settings of a connection that only reads, and those that every connection has.
pub fn set_up_reader(connection: &Connection) -> rusqlite::Result<()> {
    set_up(connection)?;
    stop_when_late(connection)?;
    connection.pragma_update(None, "query_only", true)
}
