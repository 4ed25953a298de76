//! How long things took, counted: as small as a few thousand counters however many there were.

use std::time::Duration;

/// Counters in an octave: a figure read back is less than 1.6 % off.
const STEPS: u64 = 64;
/// Binary digits of a step.
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Spans of time in steps that grow with them: even below 64 ns, then 64 steps for each doubling.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max: Duration,
}

impl Histogram {
    /// None yet.
    pub fn new() -> Histogram {
        Histogram { counts: vec![0; (STEPS * 60) as usize], count: 0, max: Duration::ZERO }
    }

    /// Counts one.
    pub fn add(&mut self, span: Duration) {
        self.counts[step(span.as_nanos() as u64)] += 1;
        self.count += 1;
        self.max = self.max.max(span);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// The time that the `share` quickest stayed within.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(end(step as u64)).min(self.max);
            }
        }
        self.max
    }
}

/// The step that a number of nanoseconds falls into.
fn step(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let octave = nanos.ilog2() - STEP_BITS;
    let within = (nanos >> octave) - STEPS;
    ((u64::from(octave) + 1) * STEPS + within) as usize
}

/// The last nanosecond of a step.
fn end(step: u64) -> u64 {
    if step < STEPS {
        return step;
    }
    let octave = step / STEPS - 1;
    ((step % STEPS + STEPS + 1) << octave) - 1
}
