//! What became of events that were to be stored. Those that are stored are counted by the store.

use super::Answer;
use crate::metrics::Counter;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Figures {
    /// Events that were refused by a rule, as the lack of points.
    pub refused: Counter,
    /// Events that were not stored again, since their request was a repeated one.
    pub replayed: Counter,
}

impl Figures {
    /// Counts what became of so many events that were stored together, if they were to be.
    pub(super) fn count<T>(&self, answer: &Answer<T>, events: usize, is_refused: bool) {
        if answer.replayed {
            self.replayed.add(events as u64);
        } else if is_refused {
            self.refused.add(events as u64);
        }
    }
}
