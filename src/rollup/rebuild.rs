//! Rebuilding the scores of a stretch of days.

use std::ops::ControlFlow;

use super::RollupError;
use crate::domain::EventDate;
use crate::store::{Store, rebuild as store};

/// Scores that one transaction repairs: some milliseconds, in which no other write waits for long.
const REPAIR_MAX: usize = 1000;

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Days looked through.
    pub days_done: u64,
    /// Days that have events or scores, from the first one asked for.
    pub days_total: u64,
}

/// What a rebuild found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// The first day asked for.
    pub first: EventDate,
    /// The last day that has events or scores; the first one asked for if none has.
    pub last: EventDate,
    /// Days that were looked through.
    pub days: u64,
    /// Days on which a score was different.
    pub days_different: u64,
    /// Scores, by user and day, that were different from the sum of their events.
    pub scores_different: u64,
}

/// Makes every score from the day `first` on the sum of its events, and calls `progress` after each day, which may
/// break it off.
pub fn rebuild(
    store: &Store,
    first: EventDate,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Rebuilt, RollupError> {
    let days = days_from(store, first)?;
    let mut at = Progress { days_done: 0, days_total: days.len() as u64 };
    let last = days.last().copied().unwrap_or(first);
    let mut rebuilt = Rebuilt { first, last, days: at.days_total, days_different: 0, scores_different: 0 };
    let mut report = |at| match progress(at) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(RollupError::Stopped),
    };
    report(at)?;
    for date in days {
        let different = rebuild_day(store, date)?;
        rebuilt.scores_different += different;
        rebuilt.days_different += u64::from(different > 0);
        at.days_done += 1;
        report(at)?;
    }
    Ok(rebuilt)
}

/// The days from `first` on that have events or scores.
fn days_from(store: &Store, first: EventDate) -> Result<Vec<EventDate>, RollupError> {
    let mut days = Vec::new();
    store.read_blocking(|connection| {
        let mut from = first;
        while let Some(date) = store::next_day(connection, from)? {
            days.push(date);
            if date == EventDate::MAX {
                break;
            }
            from = date.next();
        }
        Ok(())
    })?;
    Ok(days)
}

/// Repairs one day and returns how many of its scores were different.
fn rebuild_day(store: &Store, date: EventDate) -> Result<u64, RollupError> {
    let mut different = 0;
    loop {
        let mut day = store.read_blocking(|connection| store::compare_day(connection, date))?;
        let mut outdated = false;
        while !day.differences.is_empty() && !outdated {
            let visible = day.differences.iter().take(REPAIR_MAX).filter(|difference| difference.visible).count();
            let repaired;
            (repaired, day) = store.writer().write_blocking(move |write| {
                let repaired = store::repair_day(write, date, &mut day, REPAIR_MAX)?;
                Ok((repaired, day))
            })?;
            if repaired {
                different += visible as u64;
            } else {
                outdated = true;
            }
        }
        if !outdated {
            return Ok(different);
        }
    }
}
