//! How much is stored in one transaction, and how long to pause before the next, so that a server beside is not kept waiting.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::store::Neighbours;

/// How long a transaction may take, without its commit, while another process has the database open: it waits that long.
const TIME_BESIDE: Duration = Duration::from_millis(4);

/// The pause between two transactions then. In it, a server that writes gets its turn: it looks every millisecond.
const PAUSE: Duration = Duration::from_millis(3);

/// How long a transaction may take where nobody waits. A server that is started meanwhile waits so long once.
const TIME_ALONE: Duration = Duration::from_millis(200);

/// Chooses the size of each transaction by how long the one before took.
pub struct Pace {
    neighbours: Neighbours,
    /// The size of the next transaction, and its bounds.
    size: usize,
    size_min: usize,
    size_max: usize,
    /// When the last transaction ended.
    last: Option<Instant>,
    are_beside: bool,
}

impl Pace {
    /// Begins with transactions of that size.
    pub fn new(database: &Path, size: usize, (size_min, size_max): (usize, usize)) -> Pace {
        let neighbours = Neighbours::of(database);
        Pace { neighbours, size, size_min, size_max, last: None, are_beside: true }
    }

    /// How much the next transaction is to store.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Waits until the next transaction may begin.
    pub fn pause(&mut self) {
        self.are_beside = self.neighbours.are_there();
        if let Some(last) = self.last.filter(|_| self.are_beside) {
            std::thread::sleep(PAUSE.saturating_sub(last.elapsed()));
        }
    }

    /// Takes note of a transaction that stored so much in that time.
    pub fn took(&mut self, count: usize, time: Duration) {
        self.last = Some(Instant::now());
        let wanted = if self.are_beside { TIME_BESIDE } else { TIME_ALONE };
        let fits = count as f64 * wanted.as_secs_f64() / time.as_secs_f64().max(1e-6);
        // At most twice as much as before: one transaction says little.
        self.size = (fits as usize).min(count * 2).clamp(self.size_min, self.size_max);
    }
}
