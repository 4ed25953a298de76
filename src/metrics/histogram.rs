//! How often values were how large.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds for times in seconds. They tell one millisecond from ten, which is where requests and commits are.
pub const LATENCY_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds for numbers of things.
pub const SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0];

/// The sum is kept in millionths.
const PARTS: f64 = 1e6;

/// Counts values by their size.
#[derive(Debug)]
pub struct Histogram {
    /// The highest value that each part counts, growing. Beyond the last bound there is one part more.
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Nothing counted yet.
    pub fn new(bounds: &'static [f64]) -> Histogram {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Counts a value of 0 or more.
    pub fn count(&self, value: f64) {
        let part = self.bounds.partition_point(|bound| *bound < value);
        self.counts[part].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add((value * PARTS) as u64, Ordering::Relaxed);
    }

    /// Counts a time, in seconds.
    pub fn count_time(&self, time: Duration) {
        self.count(time.as_secs_f64());
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| count.load(Ordering::Relaxed) == 0)
    }

    /// How many values were at most as large as each bound; the last, without a bound, is how many there were.
    pub(super) fn up_to_bounds(&self) -> Vec<(Option<f64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let mut sum = 0;
        let counts = self.counts.iter().map(|count| {
            sum += count.load(Ordering::Relaxed);
            sum
        });
        bounds.zip(counts).collect()
    }

    /// The sum of all values.
    pub(super) fn sum(&self) -> f64 {
        self.sum.load(Ordering::Relaxed) as f64 / PARTS
    }
}
