//! Counting, and telling the counts as Prometheus reads them.
//!
//! Each room counts what it does with what is here, and keeps the counts itself; `server/metrics.rs` puts all of them into one
//! text. To count is to add to an atomic number, so nobody ever waits for whoever makes the text.

mod histogram;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use self::histogram::{Histogram, LATENCY_SECONDS, SIZES};
pub use self::text::Text;

/// A number that only grows, from 0 at the start of the process.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// What it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of things that are there at the moment.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more is there, until what is returned is dropped.
    pub fn enter(self: &Arc<Gauge>) -> Present {
        self.0.fetch_add(1, Ordering::Relaxed);
        Present(Arc::clone(self))
    }

    /// How many are there.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of the things that a [`Gauge`] counts.
#[derive(Debug)]
pub struct Present(Arc<Gauge>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
