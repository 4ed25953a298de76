//! Groups of commands, each group in one transaction.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rusqlite::Connection;

use super::checkpoint::{self, Checkpointer};
use super::{StoreError, rebuild};
use crate::domain::{Clock, EventDate, Timestamp, UserId};

/// Transactions of a single command each, one after the other, that tell of a time with little to do. Short enough to be
/// reached at once then, and longer than ever happens while many write.
pub(super) const QUIET_AFTER: u32 = 16;

/// The transaction that a command runs in.
pub struct Write<'c> {
    /// The connection, inside the transaction.
    pub connection: &'c Connection,
    /// The moment of the transaction: everything that it writes bears this time.
    pub now: Timestamp,
    /// The day of the transaction.
    pub today: EventDate,
    changes: RefCell<Vec<ScoreChange>>,
    directory_changed: Cell<bool>,
}

impl Write<'_> {
    /// Notes that a score has changed, for whoever follows.
    pub(super) fn note_score(&self, change: ScoreChange) {
        self.changes.borrow_mut().push(change);
    }

    /// Notes that users, groups or leaderboards have changed, for whoever follows.
    pub(super) fn note_directory(&self) {
        self.directory_changed.set(true);
    }
}

/// What a transaction added to a user's score on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreChange {
    /// The user.
    pub user_id: UserId,
    /// The day.
    pub date: EventDate,
    /// Points added.
    pub score: i64,
    /// 1 if the day had no events before, -1 if it has none any more, else 0.
    pub days: i32,
}

/// What a transaction changed, told to whoever follows once it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Counts the transactions of this writer.
    pub number: u64,
    /// The scores, in the order of their changes.
    pub changes: Vec<ScoreChange>,
    /// Whether users, groups or leaderboards changed.
    pub directory_changed: bool,
    /// Whether another process has changed the file since the transaction before.
    pub foreign: bool,
    /// How often scores have been repaired in this file, by this process or another.
    pub repairs: i64,
}

/// What is called after each transaction, by whoever runs it.
pub type Follower = Box<dyn Fn(Committed) + Send>;

/// Work for the writer, and who waits for it.
pub(super) trait Command: Send {
    /// Does the work. `false`: it failed, and what it wrote has to be rolled back.
    fn run(&mut self, write: &Write<'_>) -> bool;
    /// Answers, once the transaction's end is known.
    fn answer(self: Box<Self>, end: &Result<(), StoreError>);
}

/// The connection that writes, and what goes with it.
pub(super) struct Committer {
    connection: Connection,
    checkpointer: Checkpointer,
    clock: Clock,
    follower: Option<Follower>,
    /// Transactions so far.
    number: Arc<AtomicU64>,
    /// Commands that have come and are not answered yet.
    unanswered: Arc<AtomicUsize>,
    /// Transactions of a single command since the last one of more.
    singles: u32,
    /// SQLite's count of what other connections changed, as seen last.
    version: i64,
    /// Whether it has changed since the follower was told.
    foreign: bool,
}

impl Committer {
    /// Commits on that connection. `number` counts the transactions, and what is answered is taken off `unanswered`.
    pub fn new(
        connection: Connection,
        checkpointer: Checkpointer,
        clock: Clock,
        follower: Option<Follower>,
        number: Arc<AtomicU64>,
        unanswered: Arc<AtomicUsize>,
    ) -> Committer {
        let (singles, version, foreign) = (QUIET_AFTER, 0, false);
        Committer { connection, checkpointer, clock, follower, number, unanswered, singles, version, foreign }
    }

    /// Whether commands have come one at a time of late.
    pub fn is_quiet(&self) -> bool {
        self.singles >= QUIET_AFTER
    }

    /// Runs a group in one transaction, and answers all of it.
    pub fn commit(&mut self, group: &mut Vec<Box<dyn Command>>) {
        let end = self.run_group(group);
        if let Err(error) = &end {
            log::error!("{} writes were not stored: {error}", group.len());
        }
        self.singles = if group.len() == 1 { self.singles.saturating_add(1) } else { 0 };
        // First, so that whoever is answered and asks again finds nobody waiting.
        self.unanswered.fetch_sub(group.len(), Ordering::SeqCst);
        for command in group.drain(..) {
            command.answer(&end);
        }
        self.checkpointer.written(self.connection.total_changes());
    }

    /// Calls `look`, between two transactions.
    pub fn look(&mut self, look: impl FnOnce(bool)) {
        self.look_for_foreign_change();
        look(std::mem::take(&mut self.foreign));
    }

    /// Lets the write-ahead log begin anew, if what is left of it can be copied.
    pub fn restart_log(&self) {
        checkpoint::restart(&self.connection);
    }

    /// Moves the write-ahead log into the file and closes it.
    pub fn close(self) {
        self.checkpointer.stop();
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            log::warn!("the write-ahead log stays, to be taken up by the next start: {error}");
        }
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(|_| ())
    }

    /// Sees whether another connection has changed the file. Where that can't be read, nothing can be said of the file:
    /// whoever follows has to look at all of it.
    fn look_for_foreign_change(&mut self) {
        let version = || self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        match version() {
            Ok(version) => self.foreign |= std::mem::replace(&mut self.version, version) != version,
            Err(_) => self.foreign = true,
        }
    }

    /// Runs a group in one transaction. `Err`: none of it is stored.
    fn run_group(&mut self, group: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        self.look_for_foreign_change();
        let write = Write {
            connection: &self.connection,
            now: self.clock.now(),
            today: self.clock.today(),
            changes: RefCell::default(),
            directory_changed: Cell::new(false),
        };
        let run_all = || -> rusqlite::Result<()> {
            for command in group {
                self.execute("SAVEPOINT command")?;
                let (changes, directory) = (write.changes.borrow().len(), write.directory_changed.get());
                if !command.run(&write) {
                    // Some faults (a full disk, for one) make SQLite roll back the whole transaction by itself; then
                    // this fails, and with it the group: none of it is stored.
                    self.execute("ROLLBACK TO command")?;
                    write.changes.borrow_mut().truncate(changes);
                    write.directory_changed.set(directory);
                }
                self.execute("RELEASE command")?;
            }
            Ok(())
        };
        let end = run_all().and_then(|()| {
            let repairs = rebuild::count_repairs(&self.connection)?;
            self.execute("COMMIT")?;
            Ok(repairs)
        });
        if end.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        let repairs = end?;
        let (changes, directory_changed) = (write.changes.take(), write.directory_changed.get());
        let number = self.number.load(Ordering::SeqCst) + 1;
        if let Some(follower) = &self.follower {
            let foreign = std::mem::take(&mut self.foreign);
            follower(Committed { number, changes, directory_changed, foreign, repairs });
        }
        self.number.store(number, Ordering::SeqCst);
        Ok(())
    }
}
