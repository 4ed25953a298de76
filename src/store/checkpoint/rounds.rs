//! The rounds of the thread for checkpoints: when it copies the log, how often, and when the writer has to copy the rest.
//!
//! Nothing here knows how the log is copied. So the model of the writer and its checkpoints runs these rounds as they are.

use rusqlite::Error;

use super::unflushed;

/// How many times in a row the thread copies the log, each time with what has come while it was copying. Then it leaves
/// the rest for the next time.
const PASSES_MAX: u32 = 4;

/// The log, and the file that it is copied into.
pub(crate) trait Log {
    /// How many pages the log must have before a checkpoint is worth its cost.
    const WORTH: i64;
    /// How many pages of the log may be left for the writer to copy.
    const REST_MAX: i64;

    /// Pages in the log that are not copied yet.
    fn left(&self) -> rusqlite::Result<i64>;

    /// Copies what is in the log now, while the writer goes on.
    fn copy(&self) -> rusqlite::Result<()>;

    /// Flushes the file.
    fn flush(&self) -> std::io::Result<()>;

    /// Ends the process, since the file could not be flushed.
    fn end(&self, why: &str);
}

/// Copies the log whenever `is_woken` says that there may be enough of it, until it says that there will be no more. Calls
/// `restart` when the rest is to be copied by the writer.
pub(crate) fn run(mut is_woken: impl FnMut() -> bool, log: &impl Log, restart: &impl Fn()) {
    while is_woken() {
        if is_worth(log) && copy(log) {
            restart();
        }
    }
    // The writer has ended, but another process may go on writing. So what is left is copied without keeping that
    // process from it.
    copy(log);
}

fn is_worth<L: Log>(log: &L) -> bool {
    // If that can't be read, the checkpoint itself will say why.
    log.left().map_or(true, |pages| pages >= L::WORTH)
}

/// Copies the log into the file and flushes the file, up to [`PASSES_MAX`] times, until little of the log is left.
/// `false`: the rest is left for later.
fn copy<L: Log>(log: &L) -> bool {
    for _ in 0..PASSES_MAX {
        let end_if_unflushed = |error: &Error| {
            if unflushed::is_unflushed(error) {
                log.end(&error.to_string());
            }
        };
        let rest = log.copy().inspect_err(end_if_unflushed).and_then(|()| log.left());
        let Ok(rest) = rest.inspect_err(|error| log::warn!("a checkpoint was left for later: {error}")) else {
            return false;
        };
        // The file is flushed here, so that the writer has little to flush when it copies the rest.
        if let Err(error) = log.flush() {
            log.end(&error.to_string());
        }
        if rest <= L::REST_MAX {
            return true;
        }
    }
    false
}
