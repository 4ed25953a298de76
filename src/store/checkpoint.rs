//! Moving the write-ahead log into the file, beside the writer.
//!
//! If a commit made the checkpoint, everyone who waits for the commit would wait for the checkpoint too. So a thread of its
//! own copies the pages of the log into the file, and flushes the file, while the writer goes on. New pages come meanwhile.
//! When only few are left, the writer copies them itself, between two transactions, because the log can begin anew from its
//! start only while nobody writes.

#[cfg(test)]
mod model;
mod rounds;
mod unflushed;

use std::ffi::c_int;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use self::rounds::Log;
use super::connection;
use super::health::Alive;

/// How many rows are written before the thread looks again how long the log has become. An award writes two rows, and
/// changes about two pages.
const ROWS_BETWEEN: u64 = 2_000;

/// How many pages the log must have before a checkpoint is worth its cost: 32 MiB. The number of rows can't tell that:
/// awards lie apart and change a page each, while the repairs of a rebuild lie side by side and share pages.
const CHECKPOINT_PAGES_MIN: i64 = 8_000;

/// How many pages of the log may be left for the writer to copy: some milliseconds of work.
const REST_PAGES_MAX: i64 = 500;

/// The length of the log, in pages, at which a commit makes a checkpoint by itself: 80 MiB. That is for the case that the
/// thread can't keep up.
const LOG_PAGES_MAX: c_int = 20_000;

/// How long the writer waits for readers of the old log to end. After that the log stays as it is until the next time.
const READERS_PATIENCE: Duration = Duration::from_millis(10);

/// A handle on the thread, for the writer.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    /// Rows that the writer had written when the thread was last woken.
    rows_then: u64,
}

impl Checkpointer {
    /// Starts the thread on a connection of its own. The function `restart` that it is given makes the writer call
    /// [`restart`] between two transactions, and returns once that is done. The thread keeps `alive` as long as it
    /// runs.
    pub fn start(
        connection: Connection,
        writer: &Connection,
        restart: impl Fn() + Send + 'static,
        alive: Alive,
    ) -> std::io::Result<Checkpointer> {
        let file = ManuallyDrop::new(File::open(Path::new(connection.path().unwrap_or_default()))?);
        let log = LogOf { connection, file };
        // SQLite's own checkpoint after a commit tells nobody how it ended.
        writer.wal_hook(Some(checkpoint_if_long));
        let (wake, woken) = sync_channel(1);
        let work = move || {
            let _alive = alive;
            rounds::run(|| woken.recv().is_ok(), &log, &restart);
        };
        let thread = std::thread::Builder::new().name("checkpointer".to_owned()).spawn(work)?;
        Ok(Checkpointer { wake, thread, rows_then: 0 })
    }

    /// Takes the number of rows that the writer has written since its start, and wakes the thread if it is time.
    pub fn written(&mut self, rows: u64) {
        if rows.saturating_sub(self.rows_then) >= ROWS_BETWEEN {
            self.rows_then = rows;
            // If the thread is still at work, it finds this message when it is done.
            let _ = self.wake.try_send(());
        }
    }

    /// Ends the thread, after it has copied what there is. The thread does not wait for the writer any more: the
    /// writer's queue is closed by now, and refuses what the thread asks for.
    pub fn stop(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            log::error!("the checkpoints ended in a panic");
        }
    }
}

/// Copies what is left of the log into the file and makes the log begin anew. The writer calls this between two
/// transactions.
pub(super) fn restart(writer: &Connection) {
    if let Err(error) = finish(writer, "RESTART").and(connection::wait_when_busy(writer)) {
        log::warn!("the write-ahead log could not begin anew, and will later: {error}");
    }
}

/// Copies what is left of the log into the file and takes the log away. The writer calls this when it will not write
/// any more and the thread has ended. If another process still reads the log, the log stays.
pub(super) fn close(writer: &Connection) {
    if let Err(error) = finish(writer, "TRUNCATE") {
        log::warn!("the write-ahead log stays, to be taken up by the next start: {error}");
    }
}

/// Makes a checkpoint after a commit that has left a log of so many pages, if the thread can't keep up.
fn checkpoint_if_long(log: &Wal, pages: c_int) -> rusqlite::Result<()> {
    if pages >= LOG_PAGES_MAX
        && let Err(error) = log.checkpoint()
    {
        unflushed::end_if_unflushed(&error);
        log::warn!("a checkpoint was left for later: {error}");
    }
    // The commit itself is done.
    Ok(())
}

/// Makes a checkpoint after which nothing of the log is needed. No process can write while it lasts. So there has to be
/// little left of the log, and readers of the old log are waited for only briefly.
fn finish(writer: &Connection, mode: &str) -> rusqlite::Result<()> {
    writer.busy_timeout(READERS_PATIENCE)?;
    let done = writer.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
    done.inspect_err(unflushed::end_if_unflushed)
}

/// The log of a file, as a connection and a handle of the file reach it.
struct LogOf {
    connection: Connection,
    /// This file is never closed: closing any handle of a file takes away the locks that SQLite holds on it for this
    /// process (sqlite.org/howtocorrupt.html, 2.2).
    file: ManuallyDrop<File>,
}

impl Log for LogOf {
    const WORTH: i64 = CHECKPOINT_PAGES_MIN;
    const REST_MAX: i64 = REST_PAGES_MAX;

    fn left(&self) -> rusqlite::Result<i64> {
        let pages = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
        self.connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], pages)
    }

    fn copy(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
    }

    fn flush(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }

    fn end(&self, why: &str) {
        unflushed::end(why)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::domain::{Award, Clock, Username};
    use crate::store::{OpenMode, OpenOptions, Reader, Store, WriterThread, score_events};

    /// Awards in one transaction.
    const AWARDS: u64 = 1_000;

    struct World {
        _folder: tempfile::TempDir,
        file: PathBuf,
        store: Store,
        writer: WriterThread,
        stored: u64,
    }

    impl World {
        fn new() -> World {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = folder.path().join("scores.db");
            let clock = Clock::system(chrono_tz::UTC);
            let (store, writer) = Store::open(&file, OpenOptions::new(OpenMode::Create, clock)).expect("a new file");
            World { _folder: folder, file, store, writer, stored: 0 }
        }

        fn award(&mut self) {
            let first = self.stored;
            self.stored += AWARDS;
            let award = move |write: &crate::store::Write<'_>| {
                for number in first..first + AWARDS {
                    let award = Award {
                        user_id: i64::try_from(1 + number * 7_919 % 100_003)
                            .map(|id| id.try_into().expect("a user"))
                            .expect("small"),
                        date: write.today.minus_days((number % 31) as u32),
                        points: 1.try_into().expect("points"),
                        description: None,
                        minimum_score: None,
                    };
                    score_events::award(write, &award, &"system".parse::<Username>().expect("a name"))?;
                }
                Ok(())
            };
            self.store.writer().write_blocking(award).expect("stored");
        }

        /// What tells one beginning of the log from another: the salt in its header (sqlite.org/fileformat.html, 4.1).
        fn beginning(&self) -> Vec<u8> {
            let log = std::fs::read(self.file.with_extension("db-wal")).expect("a log");
            log.get(16..24).unwrap_or_default().to_vec()
        }

        /// Writes until the log has begun anew.
        fn write_until_the_log_begins_anew(&mut self) {
            let before = self.beginning();
            for _ in 0..200 {
                self.award();
                if self.beginning() != before {
                    return;
                }
            }
            panic!("the log has not begun anew");
        }

        fn end(self) {
            self.writer.stop();
            let connection = Reader::open(&self.file).expect("a reader");
            let sums = "SELECT (SELECT count(*) FROM score_events), (SELECT sum(score) FROM scores)";
            let sums: (i64, i64) = connection.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("sums");
            let stored = i64::try_from(self.stored).expect("few");
            assert_eq!(sums, (stored, stored));
        }
    }

    fn count(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM score_events", [], |row| row.get(0)).expect("a count")
    }

    #[test]
    fn the_log_begins_anew_while_writes_go_on() {
        let mut world = World::new();
        world.award();
        world.write_until_the_log_begins_anew();
        world.write_until_the_log_begins_anew();
        world.end();
    }

    #[test]
    fn a_reader_keeps_the_log_as_long_as_it_reads() {
        let mut world = World::new();
        world.award();
        let reader = Reader::open(&world.file).expect("a reader");
        let snapshot = reader.unchecked_transaction().expect("a transaction");
        let seen = count(&snapshot);
        let before = world.beginning();
        for _ in 0..20 {
            world.award();
        }
        assert_eq!(world.beginning(), before);
        assert_eq!(count(&snapshot), seen);
        drop(snapshot);
        world.write_until_the_log_begins_anew();
        world.end();
    }

    #[test]
    fn a_writer_that_ends_keeps_no_other_waiting_for_a_reader_of_the_log() {
        let mut world = World::new();
        world.award();
        let reader = Reader::open(&world.file).expect("a reader");
        let snapshot = reader.unchecked_transaction().expect("a transaction");
        let seen = count(&snapshot);
        world.award();
        let other = Connection::open(&world.file).expect("another writer");
        // Shorter than a statement waits for a lock, and longer than anything takes here.
        other.busy_timeout(connection::BUSY_LIMIT / 2).expect("a setting");
        let writer = world.writer;
        let ending = std::thread::spawn(move || writer.stop());
        let mut writes = 0;
        while writes < 2 || !ending.is_finished() {
            other.execute("UPDATE rollup_repairs SET count = count + 1", []).expect("a write");
            writes += 1;
        }
        ending.join().expect("no panic");
        assert_eq!(count(&snapshot), seen);
        let stored = i64::try_from(world.stored).expect("few");
        assert_eq!(count(&Reader::open(&world.file).expect("another reader")), stored);
    }
}
