//! What is done when the disk fails to write what the system has taken for it.
//!
//! Once a flush of the file has failed, the system takes what it held for written, and the next flush succeeds although it never
//! was. SQLite doesn't copy a page from the log a second time. So from then on only the log is right, and it must neither be
//! begun anew nor be thrown away, as closing the database would. The process ends at once, as if it were killed. The next
//! start, when nobody has the file open any more, copies the whole log again.

use std::io::Write;

use rusqlite::{Error, ffi};

/// What is said last.
const LAST_WORDS: &str = "the disk failed while the database was flushed, so scorekeeper ends: what was answered is in the \
                          write-ahead log; look after the disk, leave the file and its -wal where they are, end what else has \
                          the file open, and start again";

/// Whether a checkpoint met a flush that failed.
pub fn is_unflushed(error: &Error) -> bool {
    error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_FSYNC)
}

/// Ends the process if a checkpoint met a flush that failed.
pub fn end_if_unflushed(error: &Error) {
    if is_unflushed(error) {
        end(&error.to_string());
    }
}

/// Ends the process after a flush of the file has failed.
pub fn end(why: &str) -> ! {
    if log::log_enabled!(log::Level::Error) {
        log::error!("{LAST_WORDS} ({why})");
        log::logger().flush();
    } else {
        // A command has no log. If stderr can't be written, there is nobody to be told.
        let _ = writeln!(std::io::stderr(), "scorekeeper: {LAST_WORDS} ({why})");
    }
    std::process::exit(1)
}
