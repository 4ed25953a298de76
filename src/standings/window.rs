//! Windows of days: summing them, and turning one into another.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rusqlite::Connection;

use super::{Sum, Totals};
use crate::domain::{EventDate, UserId};
use crate::store::StoreError;
use crate::store::window_sums::{self, UserDay};

/// How many days a window may slide to be kept up by the days that enter and leave it; beyond, it is read anew.
const SLIDE_DAYS_MAX: usize = 8;

/// The longest window that is read day by day; a longer one is read by walking along all users.
const SHORT_WINDOW_DAYS: u32 = 31;

/// The first and the last day of a window.
pub type Window = (EventDate, EventDate);

/// The stretches of days that turn one window into another, with 1 for those that enter and -1 for those that leave; `None`
/// if the windows are too far apart for that.
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
    // Half-open here: from `low` to the day before `high`.
    add(first, new_first, -1);
    add(new_first, first, 1);
    add(last.next(), new_last.next(), 1);
    add(new_last.next(), last.next(), -1);
    let near = steps.iter().all(|(low, high, _)| {
        std::iter::successors(Some(*low), |day| Some(day.next())).take(SLIDE_DAYS_MAX + 1).any(|day| day == *high)
    });
    near.then(|| steps.into_iter().map(|(low, high, sign)| (low..=high.minus_days(1), sign)).collect())
}

/// Sums several windows in one walk.
pub fn sum_windows(connection: &Connection, windows: &[Window]) -> Result<Vec<Totals>, StoreError> {
    let mut totals = vec![Totals::default(); windows.len()];
    let filled = || windows.iter().filter(|(first, last)| first <= last);
    let (Some(first), Some(last)) = (filled().map(|window| window.0).min(), filled().map(|window| window.1).max())
    else {
        return Ok(totals);
    };
    let dates = first..=last;
    let written: Vec<(String, String)> =
        windows.iter().map(|(first, last)| (first.to_string(), last.to_string())).collect();
    let holds = |(first, last): &(String, String), date: &str| first.as_str() <= date && date <= last.as_str();
    if last.minus_days(SHORT_WINDOW_DAYS) <= first {
        let mut sums: Vec<BTreeMap<UserId, Sum>> = vec![BTreeMap::new(); windows.len()];
        window_sums::by_day(connection, &dates, |day| {
            for (sums, window) in sums.iter_mut().zip(&written) {
                if holds(window, day.date) {
                    sums.entry(day.user_id).or_default().add(Sum { score: day.score, days: 1 });
                }
            }
        })?;
        for (totals, sums) in totals.iter_mut().zip(sums) {
            sums.into_iter().for_each(|(user_id, sum)| totals.push(user_id, sum));
        }
    } else {
        let mut user: Option<(UserId, Vec<Sum>)> = None;
        let mut finish = |user: Option<(UserId, Vec<Sum>)>| {
            let (user_id, mut sums) = user?;
            for (totals, sum) in totals.iter_mut().zip(&mut sums) {
                totals.push(user_id, std::mem::take(sum));
            }
            Some(sums)
        };
        window_sums::by_user(connection, &dates, |UserDay { user_id, date, score }| {
            if user.as_ref().is_none_or(|(last, _)| *last != user_id) {
                let sums = finish(user.take()).unwrap_or_else(|| vec![Sum::default(); windows.len()]);
                user = Some((user_id, sums));
            }
            if let Some((_, sums)) = &mut user {
                for (sum, window) in sums.iter_mut().zip(&written) {
                    if holds(window, date) {
                        sum.add(Sum { score, days: 1 });
                    }
                }
            }
        })?;
        finish(user);
    }
    totals.iter_mut().for_each(Totals::shrink);
    Ok(totals)
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
