//! Opening the file: whose it is, how its connections are set, and its schema.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// How long a statement waits for a lock that another process holds.
pub const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// Marks a file as ours, in the header of every SQLite database: "scor" in ASCII.
const APPLICATION_ID: i32 = 0x7363_6f72;

/// The first SQLite without the WAL-reset fault, through which two connections that write and checkpoint at once could
/// lose data (sqlite.org/wal.html).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How every SQLite file that is not empty begins (sqlite.org/fileformat.html).
const HEADER: &[u8] = b"SQLite format 3\0";

/// How much of the write-ahead log stays on disk after a checkpoint, in bytes.
const JOURNAL_SIZE_LIMIT: i64 = 64 << 20;

/// Memory for pages that the writer keeps, in KiB: the inner pages of the indexes and what is written most. Much more costs
/// more than it saves, since SQLite looks through all of it with each commit that has split a page.
const WRITER_CACHE_KIB: i64 = 16 << 10;

/// Statements that a connection keeps prepared: more than there are different ones.
const PREPARED_STATEMENTS: usize = 64;

mod embedded {
    #![allow(missing_docs, reason = "generated")]
    refinery::embed_migrations!("migrations");
}

/// Whether a missing file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// Make the file and its folder if they are missing.
    Create,
    /// The file has to be there.
    Existing,
}

/// Opens the connection that writes, after checking that the file is ours, and brings its schema up to date.
pub fn open_writer(file: &Path, mode: OpenMode) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(StoreError::SqliteTooOld(rusqlite::version()));
    }
    if file.exists() {
        refuse_foreign(file)?;
    } else if mode == OpenMode::Existing {
        return Err(StoreError::Missing(file.to_owned()));
    } else if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Folder(folder.to_owned(), Arc::new(error)))?;
    }
    let mut connection = Connection::open_with_flags(file, flags(mode))?;
    set_up(&connection)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // Asked first: setting it writes to the file even where nothing changes.
    if connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0))? != APPLICATION_ID {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    migrate(&mut connection)?;
    Ok(connection)
}

/// The flags of a connection: never a URI, so that any file name is just a file name.
pub fn flags(mode: OpenMode) -> OpenFlags {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match mode {
        OpenMode::Create => flags | OpenFlags::SQLITE_OPEN_CREATE,
        OpenMode::Existing => flags,
    }
}

/// Settings of every connection. The busy timeout comes first: the others may meet a lock.
pub fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    wait_when_busy(connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A plan is made once for a statement. Without this, SQLite plans some anew for each value that they are told.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(())
}

/// Has the connection wait up to [`BUSY_LIMIT`] for a lock that another process holds, and look for it every millisecond.
/// SQLite's own way looks ever more seldom: between the short transactions of a backfill it would go past each gap.
pub fn wait_when_busy(connection: &Connection) -> rusqlite::Result<()> {
    const EVERY: Duration = Duration::from_millis(1);
    connection.busy_handler(Some(|looked| {
        std::thread::sleep(EVERY);
        EVERY * u32::try_from(looked).unwrap_or(u32::MAX) < BUSY_LIMIT
    }))
}

/// Settings of a connection that only reads, beside those of every connection.
pub fn set_up_reader(connection: &Connection) -> rusqlite::Result<()> {
    set_up(connection)?;
    connection.pragma_update(None, "query_only", true)
}

/// Looks at an existing file without changing a byte of it: ours and empty ones may be opened for writing.
fn refuse_foreign(file: &Path) -> Result<(), StoreError> {
    // SQLite takes a file shorter than its header for an empty database, and would overwrite it.
    let mut start = Vec::with_capacity(HEADER.len());
    let read = std::fs::File::open(file).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut start));
    read.map_err(|error| StoreError::Unreadable(file.to_owned(), Arc::new(error)))?;
    if !start.is_empty() && start != HEADER {
        return Err(StoreError::Foreign(file.to_owned()));
    }
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let inspect = || -> rusqlite::Result<bool> {
        let connection = Connection::open_with_flags(file, read_only)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let empty: bool =
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
        Ok(id == APPLICATION_ID || (id == 0 && empty))
    };
    match inspect() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Foreign(file.to_owned())),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(StoreError::Foreign(file.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Applies the migrations that the file lacks. Two processes may start at once on a new file: the one that comes second
/// meets a lock or a table that is there already, and finds everything done when it looks again.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    const ATTEMPTS: u32 = 10;
    let mut attempt = 1;
    loop {
        match embedded::migrations::runner().run(connection) {
            Ok(report) => {
                for migration in report.applied_migrations() {
                    log::info!("applied migration {migration}");
                }
                return Ok(());
            }
            Err(_) if attempt < ATTEMPTS => {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                return Err(StoreError::Migration(source.unwrap_or_else(|| error.to_string())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use refinery::Target;

    use super::*;

    #[test]
    fn a_file_of_an_earlier_layout_keeps_all_it_holds() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let mut old = Connection::open(&file).expect("a new file");
        old.pragma_update(None, "application_id", APPLICATION_ID).expect("a mark");
        embedded::migrations::runner().set_target(Target::Version(7)).run(&mut old).expect("the earlier layout");
        // Events 1 to 9, of which the last is deleted.
        old.execute_batch(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9)
             INSERT INTO score_events (user_id, date, points, description, created_at, updated_at, created_by)
             SELECT 1 + n % 2, date('2024-02-27', '+' || n || ' days'), n * 10, 'number ' || n, n, n + 1, 'ada' FROM numbers;
             INSERT INTO event_revisions (event_id, revision, at, by, action, points)
             VALUES (9, 1, 9, 'ada', 'create', 90), (9, 2, 10, 'bob', 'delete', 90);
             DELETE FROM score_events WHERE id = 9;
             INSERT INTO scores (user_id, date, score, events)
             SELECT user_id, date, sum(points), count(*) FROM score_events GROUP BY user_id, date;
             INSERT INTO scores VALUES (7, '0001-01-01', -5, 1)",
        )
        .expect("events and scores");
        let read = |connection: &Connection, select: &str| -> Vec<Vec<rusqlite::types::Value>> {
            let mut statement = connection.prepare(select).expect("a statement");
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
            rows.expect("rows").collect::<Result<_, _>>().expect("values")
        };
        const SELECTS: [&str; 3] = [
            "SELECT id, user_id, date, points, description, created_at, updated_at, created_by FROM score_events ORDER BY id",
            "SELECT user_id, date, score, events FROM scores ORDER BY user_id, date",
            "SELECT * FROM event_revisions ORDER BY event_id, revision",
        ];
        let before = SELECTS.map(|select| read(&old, select));
        drop(old);
        let new = open_writer(&file, OpenMode::Existing).expect("the layout of today");
        assert_eq!(SELECTS.map(|select| read(&new, select)), before);
        assert_eq!(before.each_ref().map(Vec::len), [8, 9, 2]);
    }
}
