//! Telling of commits: each has a number, and those who follow are told of it before anybody who waits for it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::facts::{Committed, Facts, Subscriber};

/// The subscribers, and how many transactions they have been told of.
pub(crate) struct Telling {
    subscribers: Vec<Subscriber>,
    number: Arc<AtomicU64>,
}

impl Telling {
    /// Tells these subscribers. Nothing is told yet.
    pub fn new(subscribers: Vec<Subscriber>) -> Telling {
        Telling { subscribers, number: Arc::default() }
    }

    /// The number of the last transaction that every subscriber was told of. It goes on with each of them.
    pub fn number(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.number)
    }

    /// How many transactions were told so far.
    pub fn count(&self) -> u64 {
        self.number.load(Ordering::SeqCst)
    }

    /// Tells of a transaction that is committed. Its commands are answered after this.
    pub fn tell(&self, facts: Facts, foreign: bool, repairs: i64) {
        let number = self.count() + 1;
        let Facts { scores, directory, unlisted, .. } = facts;
        let committed = Arc::new(Committed { number, scores, directory, foreign: foreign || unlisted, repairs });
        for subscriber in &self.subscribers {
            subscriber(Arc::clone(&committed));
        }
        self.number.store(number, Ordering::SeqCst);
    }
}
