//! Counting what may have changed a stored key, so that whoever remembers a key knows whether it may still be as it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the transactions that may have changed a stored key: those of this process that did, and any of others.
///
/// The writer counts. It sees the changes of others when it begins its next transaction, so between two of them the count may
/// be behind the file. Inside a transaction of the writer it lacks only what that transaction itself has changed, since nobody else
/// can write then; see [`Write::expect_keys_of`](super::Write::expect_keys_of).
#[derive(Debug, Clone, Default)]
pub struct KeyChanges(Arc<AtomicU64>);

/// How many such transactions there were at some moment. What is read in the file after that moment is at least as new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyCount(u64);

impl KeyChanges {
    /// How many there were so far.
    pub fn count(&self) -> KeyCount {
        KeyCount(self.0.load(Ordering::SeqCst))
    }

    /// Counts one more.
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
