//! What a command of the writer is given: the transaction that it runs in.

use std::cell::RefCell;

use rusqlite::Connection;

use super::error::StoreError;
use super::facts::{DirectoryChange, Facts, ScoreChange};
use super::key_changes::{KeyChanges, KeyCount};
use super::newest_events::NewestEvents;
use crate::domain::{Clock, EventDate, Timestamp};

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
    ) -> Write<'c> {
        let (now, today) = (clock.now(), clock.today());
        Write { connection, now, today, newest, key_changes, facts: RefCell::default() }
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
}
