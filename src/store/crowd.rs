//! Whether several write at the same time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a crowd is expected to stay after it was seen.
const CROWD: Duration = Duration::from_millis(100);

/// How long nobody writes alone after that took long.
const SLOW: Duration = Duration::from_secs(10);

/// Remembers for a while that several wrote at the same time. Then transactions are shared, and no request makes one of its
/// own.
pub(super) struct Crowd {
    start: Instant,
    /// Until when it is remembered, in microseconds after the start.
    until: AtomicU64,
}

impl Crowd {
    /// Nobody was seen yet.
    pub fn new() -> Crowd {
        Crowd { start: Instant::now(), until: AtomicU64::new(0) }
    }

    /// Somebody came while another was writing.
    pub fn note(&self) {
        self.remember(CROWD);
    }

    /// Somebody who wrote alone was held up.
    pub fn note_slow(&self) {
        self.remember(SLOW);
    }

    /// Whether several wrote at the same time lately.
    pub fn is_there(&self) -> bool {
        self.now() < self.until.load(Ordering::Relaxed)
    }

    fn remember(&self, span: Duration) {
        self.until.fetch_max(self.now() + span.as_micros() as u64, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
}
