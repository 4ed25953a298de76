//! Windows of days: summing them, and turning one into another.

use std::ops::RangeInclusive;

use super::totals::{Sum, Totals};
use crate::domain::{EventDate, UserId};
use crate::store::window_sums::{self, UserScore};
use crate::store::{DayNumber, Reader, StoreError};

/// How many days a window may move and still be brought up by the days that enter and leave it. If it moves further, it
/// is read anew.
const SLIDE_DAYS_MAX: usize = 8;

/// The first and the last day of a window.
pub type Window = (EventDate, EventDate);

/// The ranges of days that turn one window into another. Days that enter have a 1, days that leave have a -1. `None` if
/// the windows are too far apart for this.
pub fn steps(from: Window, to: Window) -> Option<Vec<(RangeInclusive<EventDate>, i32)>> {
    let ((first, last), (new_first, new_last)) = (from, to);
    if first > last || new_first > new_last || new_first > last || new_last < first {
        return None;
    }
    let mut steps = Vec::new();
    let mut add = |low: EventDate, high: EventDate, sign| {
        if low < high {
            steps.push((low, high, sign));
        }
    };
    // These ranges are half-open: from `low` to the day before `high`.
    add(first, new_first, -1);
    add(new_first, first, 1);
    add(last.next(), new_last.next(), 1);
    add(new_last.next(), last.next(), -1);
    let near = steps.iter().all(|(low, high, _)| {
        std::iter::successors(Some(*low), |day| Some(day.next())).take(SLIDE_DAYS_MAX + 1).any(|day| day == *high)
    });
    near.then(|| steps.into_iter().map(|(low, high, sign)| (low..=high.minus_days(1), sign)).collect())
}

/// Sums several windows in one pass over the scores.
pub(super) fn sum_windows(connection: &Reader, windows: &[Window]) -> Result<Vec<Totals>, StoreError> {
    let mut sums: Vec<WindowSums> = windows.iter().map(WindowSums::new).collect();
    let filled = || windows.iter().filter(|(first, last)| first <= last);
    let (first, last) = (filled().map(|window| window.0).min(), filled().map(|window| window.1).max());
    if let (Some(first), Some(last)) = (first, last) {
        let mut month = None;
        window_sums::walk(connection, &(first..=last), |score| {
            if month.replace(score.day.month()) != Some(score.day.month()) {
                sums.iter_mut().for_each(WindowSums::end_month);
            }
            sums.iter_mut().for_each(|sums| sums.add(score));
        })?;
    }
    Ok(sums.into_iter().map(WindowSums::finish).collect())
}

/// A window that is being summed. Scores come month by month, and user by user in each month.
struct WindowSums {
    days: RangeInclusive<DayNumber>,
    /// The sums of all months before.
    totals: Totals,
    /// The month that is being read.
    month: Vec<(UserId, Sum)>,
}

impl WindowSums {
    fn new(&(first, last): &Window) -> WindowSums {
        WindowSums { days: first.into()..=last.into(), totals: Totals::default(), month: Vec::new() }
    }

    fn add(&mut self, UserScore { user_id, day, score }: UserScore) {
        if !self.days.contains(&day) {
            return;
        }
        let sum = Sum { score, days: 1 };
        match self.month.last_mut() {
            Some((last, sums)) if *last == user_id => sums.add(sum),
            _ => self.month.push((user_id, sum)),
        }
    }

    fn end_month(&mut self) {
        self.totals.merge(&self.month);
        self.month.clear();
    }

    fn finish(mut self) -> Totals {
        self.end_month();
        self.totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(first: &str, last: &str) -> Window {
        (first.parse().expect("a date"), last.parse().expect("a date"))
    }

    fn described(from: Window, to: Window) -> Option<Vec<String>> {
        let step =
            |(dates, sign): (RangeInclusive<EventDate>, i32)| format!("{sign} {} {}", dates.start(), dates.end());
        steps(from, to).map(|steps| steps.into_iter().map(step).collect())
    }

    #[test]
    fn a_window_gives_back_what_leaves_and_takes_what_enters() {
        let steps = described(window("2026-02-28", "2026-03-31"), window("2026-03-01", "2026-04-01"));
        assert_eq!(steps, Some(vec!["-1 2026-02-28 2026-02-28".to_owned(), "1 2026-04-01 2026-04-01".to_owned()]));
        let steps = described(window("2026-03-01", "2026-04-01"), window("2026-02-28", "2026-03-31"));
        assert_eq!(steps, Some(vec!["1 2026-02-28 2026-02-28".to_owned(), "-1 2026-04-01 2026-04-01".to_owned()]));
        let steps = described(window("0001-01-01", "2026-04-01"), window("0001-01-01", "2026-04-03"));
        assert_eq!(steps, Some(vec!["1 2026-04-02 2026-04-03".to_owned()]));
    }

    #[test]
    fn windows_far_apart_are_summed_anew() {
        assert_eq!(described(window("2026-01-01", "2026-01-02"), window("2026-01-05", "2026-01-06")), None);
        assert_eq!(described(window("2026-01-01", "2026-03-01"), window("2026-01-20", "2026-03-01")), None);
        assert_eq!(described(window("2026-01-02", "2026-01-01"), window("2026-01-01", "2026-01-02")), None);
    }
}
