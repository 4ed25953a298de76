//! Whether memory holds all that is in the file, whoever wrote it.
//!
//! A reader's own connection notices that somebody has committed, but not who. Only the writer's connection knows whether
//! that was another process. So a noticed change gets a number; until the writer has looked since, and what it found has
//! been read, memory may lack the change. That is over in a moment where only this process writes.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::{FileVersion, StoreError};

/// What was noticed of the file, and how much of that memory holds.
pub(super) struct Coverage {
    version: Mutex<FileVersion>,
    /// How many changes were noticed.
    noticed: AtomicU64,
    /// How many of them all views show, as far as other processes made them.
    covered: AtomicU64,
}

/// What is found when one looks at the file.
pub(super) struct Look {
    /// Whether memory holds all changes by other processes.
    pub is_covered: bool,
    /// Whether there is a change that had not been noticed before, which the writer should look at.
    pub is_news: bool,
}

impl Coverage {
    /// Nothing of the file is covered yet.
    pub fn of(file: &Path) -> Result<Coverage, StoreError> {
        let version = Mutex::new(FileVersion::of(file)?);
        Ok(Coverage { version, noticed: AtomicU64::new(0), covered: AtomicU64::new(0) })
    }

    /// Looks at the file.
    pub fn look(&self) -> Look {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that can't be looked at may have changed.
        let is_news = version.has_changed().unwrap_or(true);
        if is_news {
            self.noticed.fetch_add(1, Ordering::SeqCst);
        }
        Look { is_covered: self.covered.load(Ordering::SeqCst) >= self.noticed.load(Ordering::SeqCst), is_news }
    }

    /// How many changes were noticed so far. What the writer finds after this was asked, covers so many.
    pub fn noticed(&self) -> u64 {
        self.noticed.load(Ordering::SeqCst)
    }

    /// Notes that all views show the first so many changes, as far as other processes made them.
    pub fn cover(&self, changes: u64) {
        self.covered.fetch_max(changes, Ordering::SeqCst);
    }
}
