//! Connections that only read, kept open.

use std::path::Path;
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;

use super::connection::{self, BUSY_LIMIT};
use super::error::StoreError;

/// Some open connections that only read.
pub(super) type Pool = r2d2::Pool<SqliteConnectionManager>;

/// Opens `size_max` connections to the file. Each waits up to `busy_limit` for a lock.
pub(super) fn pool(file: &Path, size_max: u32, busy_limit: Duration) -> Result<Pool, StoreError> {
    let manager = SqliteConnectionManager::file(file).with_flags(connection::flags()).with_init(move |connection| {
        connection::set_up_reader(connection)?;
        connection.busy_timeout(busy_limit)
    });
    let pool = r2d2::Pool::builder()
        .max_size(size_max)
        // All connections are opened at once. A connection that is opened later could find another file at that path.
        .min_idle(None)
        .idle_timeout(None)
        .max_lifetime(None)
        // A test at each use is not worth its cost: a file does not go away as a server can, and the test takes longer
        // than the use.
        .test_on_check_out(false)
        .connection_timeout(BUSY_LIMIT)
        .build(manager)?;
    Ok(pool)
}
