//! What a command of the writer is given: the transaction that it runs in.

use std::cell::RefCell;
use std::sync::Arc;

use rusqlite::Connection;

use super::error::StoreError;
use super::facts::{DirectoryChange, Facts, ScoreChange};
use super::key_changes::{KeyChanges, KeyCount};
use super::newest_events::NewestEvents;
use super::recent_scores::RecentScores;
use super::spending::{Briefing, Changes, Spending};
use crate::domain::{Clock, EventDate, Timestamp, UserId};

/// The transaction that a command runs in.
pub struct Write<'c> {
    /// The connection, inside the transaction.
    pub connection: &'c Connection,
    /// The moment of the transaction: everything that it writes bears this time.
    pub now: Timestamp,
    /// The day of the transaction.
    pub today: EventDate,
    /// Whose the newest events are, as far as reads have found out.
    pub(super) newest: &'c NewestEvents,
    /// Counts what may have changed a stored key, up to this transaction.
    key_changes: &'c KeyChanges,
    /// Whose scores the latest transactions have changed.
    pub(super) recent_scores: &'c RecentScores,
    /// What the command knows of what users may spend.
    pub(super) spending: Spending,
    /// The facts that the commands have noted so far.
    pub(super) facts: RefCell<Facts>,
}

impl<'c> Write<'c> {
    /// Makes a `Write` for a transaction in which nothing is noted yet.
    pub(super) fn new(
        connection: &'c Connection,
        clock: &Clock,
        newest: &'c NewestEvents,
        key_changes: &'c KeyChanges,
        recent_scores: &'c RecentScores,
    ) -> Write<'c> {
        let (now, today) = (clock.now(), clock.today());
        let (spending, facts) = (Spending::default(), RefCell::default());
        Write { connection, now, today, newest, key_changes, recent_scores, spending, facts }
    }

    /// Passes if no stored key can have changed since there were so many changes of keys.
    ///
    /// # Errors
    /// [`StoreError::KeysChanged`].
    pub fn expect_keys_of(&self, count: KeyCount) -> Result<(), StoreError> {
        let changed = self.facts.borrow().keys || self.key_changes.count() != count;
        if changed { Err(StoreError::KeysChanged) } else { Ok(()) }
    }

    /// Runs `work`, and takes back all that it has written if it refuses.
    ///
    /// # Errors
    /// The fault that `work` met. Then the whole command fails, and the writer takes back what it has written.
    pub(super) fn all_or_nothing<T, R>(
        &self,
        work: impl FnOnce() -> Result<Result<T, R>, StoreError>,
    ) -> Result<Result<T, R>, StoreError> {
        let execute = |statement: &str| self.connection.prepare_cached(statement)?.execute([]);
        execute("SAVEPOINT all_or_nothing")?;
        let facts = self.facts.borrow().count();
        let outcome = work()?;
        if outcome.is_err() {
            execute("ROLLBACK TO all_or_nothing")?;
            self.facts.borrow_mut().go_back(facts);
        }
        execute("RELEASE all_or_nothing")?;
        Ok(outcome)
    }

    /// Notes that events were stored, to be counted once the transaction is committed.
    pub(super) fn note_events(&self, count: u64) {
        self.facts.borrow_mut().events += count;
    }

    /// Notes that a score has changed. The subscribers are told once the transaction is committed.
    pub(super) fn note_score(&self, change: ScoreChange) {
        self.facts.borrow_mut().scores.push(change);
    }

    /// Notes that so many scores have changed that they are not listed. The subscribers have to look at all of them.
    pub(super) fn note_unlisted_scores(&self) {
        self.facts.borrow_mut().unlisted = true;
    }

    /// Notes that a stored key was made, or that anything of one may have changed but its last use.
    pub(super) fn note_keys(&self) {
        self.facts.borrow_mut().keys = true;
    }

    /// Notes that a user, a group or a leaderboard has changed. The subscribers are told once the transaction is
    /// committed.
    pub(super) fn note_directory(&self, change: DirectoryChange) {
        self.facts.borrow_mut().directory.push(change);
    }

    /// Tells the command what users may spend. What has changed since it was read is added.
    ///
    /// # Errors
    /// The fault that reading met, if it has to read.
    pub fn know(&self, told: Briefing) -> Result<(), StoreError> {
        let (read, may_read) = match told {
            Briefing::Nothing => return Ok(()),
            Briefing::Read(read) => (read, false),
            Briefing::MayRead(read) => (read, true),
        };
        if may_read {
            self.spending.take_any_number();
        }
        match read.changes(self.today, self.recent_scores, &self.facts.borrow()) {
            Some(changes) => self.spending.believe(read, changes),
            None if may_read => {
                let read = read.read_again(self.connection, self.today)?;
                self.spending.believe(Arc::new(read), Changes::new());
            }
            None => {}
        }
        Ok(())
    }

    /// What a user may spend now: all points up to today, minus every deduction that is dated after today. `users` are all of
    /// whom the command may ask.
    ///
    /// # Errors
    /// [`StoreError::FarBack`] if that would hold up the writer; then the command has to be given again with what
    /// [`Store::read_spendable`](super::Store::read_spendable) says.
    pub(super) fn spendable(&self, user_id: UserId, users: impl FnOnce() -> Arc<[UserId]>) -> Result<i64, StoreError> {
        let found = self.spending.of(self.connection, user_id, self.today)?;
        found.ok_or_else(|| StoreError::FarBack(users()))
    }
}
