//! Whether memory holds all that is in the file, whoever wrote it.
//!
//! A reader's own connection notices that somebody has committed, but not who. Only the writer's connection can tell
//! whether it was another process. So each noticed change gets a number. Memory may lack the change until the writer
//! has looked, and until what it found has been read. This is over in a moment where only this process writes. Where it only
//! reads what something else writes, each change is another's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::thread;

use crate::store::{FileVersion, Store, StoreError};

/// Counts the changes of the file that were noticed, and how many of them memory holds.
pub(super) struct Coverage {
    /// As many connections that look as there are processors, so that no request waits for the look of another one.
    /// Each notices each change for itself: a change counts once for each of them.
    versions: Vec<Mutex<FileVersion>>,
    counts: Counts,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// How many changes were noticed.
    noticed: AtomicU64,
    /// How many of the noticed changes are covered: all views show those of them that other processes made.
    covered: AtomicU64,
}

/// The result of a look at the file.
pub(super) struct Look {
    /// Whether memory holds all changes by other processes.
    pub is_covered: bool,
    /// Whether there is a change that had not been noticed before, which the writer should look at.
    pub is_news: bool,
}

impl Coverage {
    /// Begins to look at the file of a store. No change is noticed or covered yet.
    pub fn of(store: &Store) -> Result<Coverage, StoreError> {
        let count = thread::available_parallelism().map_or(2, |count| count.get());
        let versions = (0..count).map(|_| Ok(Mutex::new(store.version()?))).collect::<Result<_, StoreError>>()?;
        Ok(Coverage { versions, counts: Counts::default() })
    }

    /// Looks at the file.
    pub fn look(&self) -> Look {
        // A file that can't be looked at may have changed.
        self.counts.look(self.has_changed().unwrap_or(true))
    }

    /// Looks with the first connection that nobody uses.
    fn has_changed(&self) -> Result<bool, StoreError> {
        for version in &self.versions {
            match version.try_lock() {
                Ok(mut free) => return free.has_changed(),
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner().has_changed(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let Some(first) = self.versions.first() else { return Ok(true) };
        first.lock().unwrap_or_else(PoisonError::into_inner).has_changed()
    }

    /// How many changes were noticed so far. If the writer looks at the file after this call, it covers this many
    /// changes.
    pub fn noticed(&self) -> u64 {
        self.counts.noticed()
    }

    /// Notes that the first `changes` changes are covered: all views show those of them that other processes made.
    pub fn cover(&self, changes: u64) {
        self.counts.cover(changes);
    }
}

impl Counts {
    /// Somebody has looked at the file, and perhaps it has changed.
    pub fn look(&self, is_news: bool) -> Look {
        if is_news {
            self.noticed.fetch_add(1, Ordering::SeqCst);
        }
        Look { is_covered: self.covered.load(Ordering::SeqCst) >= self.noticed.load(Ordering::SeqCst), is_news }
    }

    /// How many changes were noticed so far.
    pub fn noticed(&self) -> u64 {
        self.noticed.load(Ordering::SeqCst)
    }

    /// Notes that the first `changes` changes are covered.
    pub fn cover(&self, changes: u64) {
        self.covered.fetch_max(changes, Ordering::SeqCst);
    }
}
