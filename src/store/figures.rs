//! What the store has done, in numbers, and how large its files are.

use std::path::Path;

use super::file::{self, Place};
use crate::metrics::{Counter, Histogram, LATENCY_SECONDS, SIZES};

/// Counts since the start.
#[derive(Debug)]
pub struct Figures {
    /// Transactions that were committed.
    pub commits: Counter,
    /// Transactions that could not be committed.
    pub failed_commits: Counter,
    /// How long transactions took, from their beginning until they were safe on the disk.
    pub commit_seconds: Histogram,
    /// How many events each transaction stored that stored any.
    pub commit_events: Histogram,
    /// Events that were stored.
    pub events_stored: Counter,
}

impl Figures {
    /// Nothing has been done yet.
    pub(super) fn new() -> Figures {
        Figures {
            commits: Counter::default(),
            failed_commits: Counter::default(),
            commit_seconds: Histogram::new(LATENCY_SECONDS),
            commit_events: Histogram::new(SIZES),
            events_stored: Counter::default(),
        }
    }

    /// Counts a transaction that was committed.
    pub(super) fn committed(&self, took: std::time::Duration, events: u64) {
        self.commits.add(1);
        self.commit_seconds.count_time(took);
        if events > 0 {
            self.commit_events.count(events as f64);
            self.events_stored.add(events);
        }
    }
}

/// Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The database; 0 if it is not in its place.
    pub database: u64,
    /// The write-ahead log.
    pub log: u64,
    /// What is free on the disk of the database; `None`: that can't be told.
    pub free: Option<u64>,
}

impl Sizes {
    /// The sizes at this moment. Opens no file: closing one would take away the locks that SQLite holds on it.
    pub(super) fn of(place: &Place) -> Sizes {
        let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
        Sizes {
            database: length(place.path()),
            log: length(&file::beside(place.path(), "-wal")),
            free: place.bytes_free().ok(),
        }
    }
}
