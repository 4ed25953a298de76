//! Rebuilding the scores of a stretch of days.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use super::RollupError;
use crate::domain::EventDate;
use crate::store::rebuild::{self as store, Differences};
use crate::store::{Store, StoreError, event_days};

/// How many scores one transaction repairs at most. That takes some 15 milliseconds, for which other writes may have to
/// wait.
const REPAIR_MAX: usize = 10_000;

/// The pause between two of these transactions. In it, a server that writes to the same file gets its turn.
const REPAIR_PAUSE: Duration = Duration::from_millis(2);

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Days looked through.
    pub days_done: u64,
    /// Days that have events, counted from the first day asked for.
    pub days_total: u64,
}

/// What a rebuild found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// The first day asked for.
    pub first: EventDate,
    /// The last day that has events; the first day asked for if none has.
    pub last: EventDate,
    /// Days that were looked through.
    pub days: u64,
    /// Days on which a score was different.
    pub days_different: u64,
    /// Scores, by user and day, that were different from the sum of their events.
    pub scores_different: u64,
}

/// Makes every score from the day `first` on equal to the sum of its events. It calls `progress` for each day and for
/// each piece of the repair. `progress` may end the rebuild early.
pub fn rebuild(
    store: &Store,
    first: EventDate,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Rebuilt, RollupError> {
    let days = days_from(store, first)?;
    let mut at = Progress { days_done: 0, days_total: days.len() as u64 };
    let last = days.last().copied().unwrap_or(first);
    let mut rebuilt = Rebuilt { first, last, days: at.days_total, days_different: 0, scores_different: 0 };
    let mut days_different = BTreeSet::new();
    let mut next = Some(first);
    while let Some(from) = next {
        let seen = |date| {
            at.days_done = days.partition_point(|day| *day < date) as u64;
            progress(at)
        };
        let found = store.read_blocking(|connection| store::compare(connection, from, seen))?;
        let mut found = found.ok_or(RollupError::Stopped)?;
        next = found.next;
        while !found.differences.is_empty() {
            if progress(at).is_break() {
                return Err(RollupError::Stopped);
            }
            let piece = &found.differences[found.differences.len().saturating_sub(REPAIR_MAX)..];
            let dates: Vec<_> = piece.iter().filter(|found| found.visible).map(|found| found.date).collect();
            let repaired;
            (repaired, found) = repair(store, found)?;
            if !repaired {
                // Another rebuild has repaired scores in the meantime. So what is left has to be found again.
                next = Some(from);
                break;
            }
            rebuilt.scores_different += dates.len() as u64;
            days_different.extend(dates);
            std::thread::sleep(REPAIR_PAUSE);
        }
    }
    rebuilt.days_different = days_different.len() as u64;
    at.days_done = at.days_total;
    match progress(at) {
        ControlFlow::Continue(()) => Ok(rebuilt),
        ControlFlow::Break(()) => Err(RollupError::Stopped),
    }
}

/// Repairs a piece of the differences that were found. `false`: they are out of date.
fn repair(store: &Store, mut found: Differences) -> Result<(bool, Differences), StoreError> {
    store.writer().write_blocking(move |write| {
        let repaired = store::repair(write, &mut found, REPAIR_MAX)?;
        Ok((repaired, found))
    })
}

/// The days from `first` on that have events.
fn days_from(store: &Store, first: EventDate) -> Result<Vec<EventDate>, RollupError> {
    Ok(store.read_blocking(|connection| event_days::days_between(connection, first, EventDate::MAX, usize::MAX))?)
}
