//! The layout of the file: whether the file is ours, which migrations it has had, and which ones it lacks.

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::StoreError;

/// Marks a file as ours, in the header of every SQLite database: "scor" in ASCII.
pub const APPLICATION_ID: i32 = 0x7363_6f72;

/// How every SQLite file that is not empty begins (sqlite.org/fileformat.html).
const HEADER: &[u8] = b"SQLite format 3\0";

/// How long this waits for a lock when it reads the layout of a file.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

mod embedded {
    #![allow(missing_docs, reason = "generated")]
    refinery::embed_migrations!("migrations");
}

/// The number of the last migration, which names the layout that this program works with.
pub fn newest() -> i64 {
    // Reading all migrations for it takes longer than many a read of the file.
    static NEWEST: LazyLock<i64> = LazyLock::new(|| {
        let migrations = embedded::migrations::runner();
        migrations.get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or_default()
    });
    *NEWEST
}

/// The layout of an existing file; `None` for one that is empty. Changes no byte of it.
///
/// # Errors
/// [`StoreError::Foreign`] if the file belongs to another program or is no database.
pub fn of_file(file: &Path) -> Result<Option<i64>, StoreError> {
    // SQLite takes a file shorter than its header for an empty database, and would overwrite it.
    let mut start = Vec::with_capacity(HEADER.len());
    let read = std::fs::File::open(file).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut start));
    read.map_err(|error| StoreError::Unreadable(file.to_owned(), Arc::new(error)))?;
    if !start.is_empty() && start != HEADER {
        return Err(StoreError::Foreign(file.to_owned()));
    }
    let open = || -> rusqlite::Result<Connection> {
        let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, read_only)?;
        connection.busy_timeout(LOOK_LIMIT)?;
        Ok(connection)
    };
    of_connection_to(&open()?, file)
}

/// The same of a file to which there is a connection already.
///
/// # Errors
/// As [`of_file`].
pub fn of_connection_to(connection: &Connection, file: &Path) -> Result<Option<i64>, StoreError> {
    let inspect = || -> rusqlite::Result<Option<Option<i64>>> {
        let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let empty: bool =
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
        match (id, empty) {
            (APPLICATION_ID, _) => of_connection(connection).map(Some),
            (0, true) => Ok(Some(None)),
            _ => Ok(None),
        }
    };
    match inspect() {
        Ok(Some(layout)) => Ok(layout),
        Ok(None) => Err(StoreError::Foreign(file.to_owned())),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(StoreError::Foreign(file.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The last migration that a file of ours has had.
fn of_connection(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    const HISTORY: &str = "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    if connection.query_row(HISTORY, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    connection.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
}

/// Whether a migration that a file of an earlier layout lacks writes a whole table anew. Such a one puts another table in the
/// place of an old table or index.
pub fn is_rewritten_from(layout: i64) -> bool {
    let migrations = embedded::migrations::runner();
    let mut lacking = migrations.get_migrations().iter().filter(|migration| i64::from(migration.version()) > layout);
    lacking.any(|migration| migration.sql().is_some_and(|sql| sql.contains("DROP TABLE") || sql.contains("DROP INDEX")))
}

/// How a file that says it has a layout differs from one that the migrations up to there have made: migrations that are
/// missing or others, tables and indexes that are missing. What somebody has added is no fault.
pub fn differences(connection: &Connection, layout: i64) -> Result<Vec<String>, StoreError> {
    let failed = |error: refinery::Error| StoreError::Migration(error.to_string());
    let migrations = embedded::migrations::runner();
    let mut differences = Vec::new();
    for migration in migrations.get_migrations().iter().filter(|migration| i64::from(migration.version()) <= layout) {
        const APPLIED: &str = "SELECT checksum FROM refinery_schema_history WHERE version = ?1 AND name = ?2";
        let found = (i64::from(migration.version()), migration.name());
        let checksum: Option<String> = connection.query_row(APPLIED, found, |row| row.get(0)).optional()?;
        match checksum {
            None => differences.push(format!("the migration {migration} is missing")),
            Some(checksum) if checksum == migration.checksum().to_string() => {}
            Some(_) => differences.push(format!("the migration {migration} was another one")),
        }
    }
    let mut model = Connection::open_in_memory()?;
    let target = i32::try_from(layout).map_or(refinery::Target::Latest, refinery::Target::Version);
    embedded::migrations::runner().set_target(target).run(&mut model).map_err(failed)?;
    let mut expected = model.prepare("SELECT type, name FROM sqlite_schema ORDER BY name")?;
    let expected = expected.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for object in expected {
        const IS_THERE: &str = "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2";
        let (kind, name) = object?;
        if connection.query_row(IS_THERE, (&kind, &name), |_| Ok(())).optional()?.is_none() {
            differences.push(format!("the {kind} {name} is missing"));
        }
    }
    Ok(differences)
}

/// Applies the migrations that the file lacks. They are applied in one transaction, so that no other process ever sees
/// only some of them.
///
/// Two processes may start at once on a new file. The one that comes second meets a lock, or tables that are there
/// already. If it meets a lock, it tries again. If the tables are there, the layout is as it should be, and nothing is
/// left to do.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    const ATTEMPTS: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(50);
    let mut attempt = 1;
    loop {
        let error = match embedded::migrations::runner().set_grouped(true).run(connection) {
            Ok(report) => {
                for migration in report.applied_migrations() {
                    log::info!("applied migration {migration}");
                }
                return Ok(());
            }
            Err(error) => error,
        };
        if of_connection(connection)? == Some(newest()) {
            return Ok(());
        }
        let fault = error.source().and_then(|source| source.downcast_ref::<rusqlite::Error>());
        let busy = matches!(
            fault.and_then(rusqlite::Error::sqlite_error_code),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        );
        if !busy || attempt == ATTEMPTS {
            let source = error.source().map(ToString::to_string);
            return Err(StoreError::Migration(source.unwrap_or_else(|| error.to_string())));
        }
        attempt += 1;
        std::thread::sleep(PAUSE);
    }
}

/// Makes a new file of an earlier layout.
#[cfg(test)]
pub(super) fn make_earlier(file: &Path, layout: i32) -> Connection {
    let mut connection = Connection::open(file).expect("a new file");
    connection.pragma_update(None, "application_id", APPLICATION_ID).expect("a mark");
    connection.pragma_update(None, "journal_mode", "wal").expect("a mode");
    let target = refinery::Target::Version(layout);
    embedded::migrations::runner().set_target(target).run(&mut connection).expect("the earlier layout");
    connection
}
