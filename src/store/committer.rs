//! Transactions, one after another: all changes of this process go through here.
//!
//! Each holds a group of commands, every one in a savepoint of its own. The group is committed once, those who follow are
//! told, and only then each command is answered.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::checkpoint::{self, Checkpointer};
use super::command::Command;
use super::connection;
use super::error::StoreError;
use super::facts::Subscriber;
use super::figures::Figures;
use super::health::Health;
use super::key_changes::KeyChanges;
use super::newest_events::NewestEvents;
use super::recent_scores::RecentScores;
use super::repairs;
use super::telling::Telling;
use super::turns::Work;
use super::write::Write;
use crate::domain::Clock;

/// What the writer's thread is started with.
pub(super) struct Parts {
    /// The connection that writes. Nothing else uses it.
    pub connection: Connection,
    /// The connection for checkpoints.
    pub checkpoints: Connection,
    /// The clock that tells each transaction its time and its day.
    pub clock: Clock,
    /// How many commands share a transaction at most.
    pub group_max: usize,
    /// The subscribers that are told of what is committed.
    pub subscribers: Vec<Subscriber>,
    /// The state of the store, which the thread updates.
    pub health: Arc<Health>,
    /// What the thread counts.
    pub figures: Arc<Figures>,
    /// Whose the newest events are, as far as reads have found out.
    pub newest: Arc<NewestEvents>,
    /// Counts what may have changed a stored key.
    pub key_changes: KeyChanges,
}

/// The connection that writes, and all that a transaction needs besides. Whoever has it is the only one who writes.
pub(super) struct Committer {
    connection: Connection,
    checkpointer: Checkpointer,
    clock: Clock,
    telling: Telling,
    health: Arc<Health>,
    figures: Arc<Figures>,
    newest: Arc<NewestEvents>,
    key_changes: KeyChanges,
    recent_scores: RecentScores,
    /// SQLite's count of the changes that other connections have made, as it was seen last.
    version: i64,
    /// Whether another connection has changed the file since the subscribers were last told.
    foreign: bool,
}

impl Committer {
    /// Takes what it needs of the parts, and starts the thread for checkpoints. That thread calls `restart_log` when the log is
    /// nearly copied; it has to lead to [`Work::restart_log`].
    pub fn start(parts: Parts, restart_log: impl Fn() + Send + 'static) -> std::io::Result<Committer> {
        let Parts { connection, checkpoints, clock, group_max: _, subscribers, health, figures, newest, key_changes } =
            parts;
        let checkpointer = Checkpointer::start(checkpoints, &connection, restart_log, health.thread("checkpointer"))?;
        let telling = Telling::new(subscribers);
        Ok(Committer {
            connection,
            checkpointer,
            clock,
            telling,
            health,
            figures,
            newest,
            key_changes,
            recent_scores: RecentScores::default(),
            version: 0,
            foreign: false,
        })
    }

    /// The count of transactions so far, which goes on with each of them.
    pub fn number(&self) -> Arc<AtomicU64> {
        self.telling.number()
    }

    /// Notes how a transaction has ended, and answers its commands.
    fn end(&mut self, group: &mut Vec<Box<dyn Command>>, end: &Result<(), StoreError>) {
        // If no command is left, all were too late, and they have been answered.
        if !group.is_empty() {
            self.health.committed(end);
        }
        match end {
            // A log line has said already, once, that the file was taken away.
            Ok(()) | Err(StoreError::TakenAway(_)) => {}
            Err(error) => log::error!("{} writes were not stored: {error}", group.len()),
        }
        if end.is_err() {
            self.figures.failed_commits.add(1);
        }
        for command in group.drain(..) {
            command.answer(end);
        }
        self.checkpointer.written(self.connection.total_changes());
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(|_| ())
    }

    /// Sees whether another connection has changed the file. If that can't be read, the file counts as changed, so that
    /// the subscribers look at all of it.
    fn look_for_foreign_change(&mut self) {
        let version = || self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        let changed = version().map_or(true, |version| std::mem::replace(&mut self.version, version) != version);
        if changed {
            self.foreign = true;
            self.key_changes.add_one();
            // What was read as of the last transaction may have been read before that change or after it.
            self.recent_scores.forget(self.telling.count() + 1);
        }
    }

    /// Begins a transaction for a group. Commands whose deadline passes before it has begun are answered and taken out,
    /// each at its own deadline. `false`: no command is left, and no transaction has begun.
    fn begin(&self, group: &mut Vec<Box<dyn Command>>) -> Result<bool, StoreError> {
        /// How long to wait before another attempt, if SQLite has not waited itself.
        const PAUSE: Duration = Duration::from_millis(1);
        let mut fault = StoreError::Overloaded;
        loop {
            let now = Instant::now();
            let late: Vec<_> = group.extract_if(.., |command| command.deadline() <= now).collect();
            if !late.is_empty() {
                log::error!("{} writes were not stored: {fault}", late.len());
                if matches!(fault, StoreError::Busy) {
                    self.health.committed(&Err(StoreError::Busy));
                }
                for command in late {
                    command.answer(&Err(fault.clone()));
                }
            }
            let Some(first) = group.iter().map(|command| command.deadline()).min() else { return Ok(false) };
            match connection::until(first, || self.execute("BEGIN IMMEDIATE")).map_err(StoreError::from) {
                Ok(()) => return Ok(true),
                Err(StoreError::Busy) => {
                    fault = StoreError::Busy;
                    std::thread::sleep(PAUSE.min(first.saturating_duration_since(Instant::now())));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs a group in the transaction that has begun, and commits it. `Err`: nothing of it is stored, except with
    /// [`StoreError::OutcomeUnknown`].
    fn run_begun(&mut self, group: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
        let began = Instant::now();
        self.look_for_foreign_change();
        let write = Write::new(&self.connection, &self.clock, &self.newest, &self.key_changes, &self.recent_scores);
        let end = self.run_all(group, &write).and_then(|()| {
            let repairs = repairs::count(&self.connection)?;
            self.execute("COMMIT").map_err(StoreError::of_commit)?;
            Ok(repairs)
        });
        if write.facts.borrow().keys {
            // Also where the end is not known.
            self.key_changes.add_one();
        }
        let facts = write.facts.take();
        let number = self.telling.count() + 1;
        if end.is_err() || facts.unlisted {
            self.recent_scores.forget(number);
        } else {
            self.recent_scores.note(number, &facts.scores);
        }
        if end.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        let repairs = end?;
        self.figures.committed(began.elapsed(), facts.events);
        self.telling.tell(facts, std::mem::take(&mut self.foreign), repairs);
        // If the file was gone by now, the commit is lost, and nobody may be told that it is stored.
        self.health.check_place().map_err(|_| StoreError::OutcomeUnknown)
    }

    /// Runs each command of a group in a savepoint of its own.
    fn run_all(&self, group: &mut [Box<dyn Command>], write: &Write<'_>) -> Result<(), StoreError> {
        for command in group {
            self.execute("SAVEPOINT command")?;
            write.spending.begin();
            let facts = write.facts.borrow().count();
            if let Err(fault) = command.run(write) {
                // Some faults (a full disk is one) make SQLite roll back the whole transaction by itself. Then none of the
                // group is stored, and this fault is the reason.
                // A full disk fails all of them in any case: then the store has to know, whoever met it.
                if self.connection.is_autocommit() || matches!(fault, StoreError::Full) {
                    return Err(fault);
                }
                self.execute("ROLLBACK TO command")?;
                write.facts.borrow_mut().go_back(facts);
            }
            self.execute("RELEASE command")?;
        }
        Ok(())
    }
}

impl Work for Committer {
    type Command = Box<dyn Command>;
    type Look = Box<dyn FnOnce(bool) + Send>;

    /// Runs commands in the next transaction, and answers them. It waits for another process to end its transaction.
    fn run(&mut self, group: &mut Vec<Self::Command>) {
        let end = self.health.check_place().and_then(|()| match self.begin(group)? {
            true => self.run_begun(group),
            false => Ok(()),
        });
        self.end(group, &end);
    }

    /// Calls those who want to know whether another process has changed the file since they were last told. Called between
    /// two transactions.
    fn look(&mut self, looks: impl Iterator<Item = Self::Look>) {
        for look in looks {
            // Looks come even while nothing is written. So the log soon says it if the file is gone.
            let _ = self.health.check_place();
            self.look_for_foreign_change();
            look(std::mem::take(&mut self.foreign));
        }
    }

    /// Makes the log begin anew, once nearly all of it is copied.
    fn restart_log(&mut self) {
        checkpoint::restart(&self.connection);
    }

    /// Ends the checkpoints, copies what is left of the log, and closes the file.
    fn close(self) {
        self.checkpointer.stop();
        checkpoint::close(&self.connection);
    }
}
