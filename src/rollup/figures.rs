//! What rebuilds have found, whoever asked for them.

use std::sync::{Mutex, PoisonError};

use super::{Rebuilt, RollupError};
use crate::domain::Timestamp;
use crate::metrics::Counter;

/// Counts since the start, and the last rebuild.
#[derive(Debug, Default)]
pub struct Figures {
    /// Rebuilds that came to their end.
    pub runs: Counter,
    /// Rebuilds that met a fault of the database.
    pub failures: Counter,
    /// Scores that were not the sums of their events.
    pub differences: Counter,
    last: Mutex<Option<(Timestamp, Rebuilt)>>,
}

impl Figures {
    /// Counts a rebuild.
    pub(super) fn count(&self, rebuilt: &Result<Rebuilt, RollupError>) {
        match rebuilt {
            Ok(rebuilt) => {
                self.runs.add(1);
                self.differences.add(rebuilt.scores_different);
                let now = Timestamp::new(chrono::Utc::now());
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, *rebuilt));
            }
            Err(RollupError::Stopped) => {}
            Err(RollupError::Store(_)) => self.failures.add(1),
        }
    }

    /// When the last rebuild ended that came to its end, and what it found.
    pub fn last(&self) -> Option<(Timestamp, Rebuilt)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
