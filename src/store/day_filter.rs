//! Which days events may be for.

use rusqlite::Connection;

use super::error::StoreError;
use super::event_days;
use crate::domain::EventDate;

/// A set of days: all of a range, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayFilter {
    first: EventDate,
    last: EventDate,
    /// The days of the range that are in the set, earliest first; `None`: all of them.
    some: Option<Vec<EventDate>>,
}

impl DayFilter {
    /// The days from `from` to `to`; if there are any `dates`, only those.
    pub fn new(dates: &[EventDate], from: Option<EventDate>, to: Option<EventDate>) -> DayFilter {
        let (first, last) = (from.unwrap_or(EventDate::MIN), to.unwrap_or(EventDate::MAX));
        let some = (!dates.is_empty()).then(|| {
            let mut days: Vec<_> = dates.iter().copied().filter(|day| (first..=last).contains(day)).collect();
            days.sort_unstable();
            days.dedup();
            days
        });
        DayFilter { first, last, some }
    }

    /// Whether no day is in the set.
    pub fn is_empty(&self) -> bool {
        self.first > self.last || self.some.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether every day is in the set.
    pub fn is_any(&self) -> bool {
        self.some.is_none() && (self.first, self.last) == (EventDate::MIN, EventDate::MAX)
    }

    /// The one day of the set, if it has just one.
    pub fn single(&self) -> Option<EventDate> {
        match self.some.as_deref() {
            Some([day]) => Some(*day),
            Some(_) => None,
            None => (self.first == self.last).then_some(self.first),
        }
    }

    /// Whether the day is in the set.
    pub fn holds(&self, day: EventDate) -> bool {
        match &self.some {
            Some(days) => days.binary_search(&day).is_ok(),
            None => (self.first..=self.last).contains(&day),
        }
    }

    /// Days of the set, earliest first: all that have events, and perhaps some that have none. Returns at most
    /// `count_max` days; if so many come back, there may be more.
    pub fn with_events(&self, connection: &Connection, count_max: usize) -> Result<Vec<EventDate>, StoreError> {
        match &self.some {
            Some(days) => Ok(days.iter().copied().take(count_max).collect()),
            None => event_days::days_between(connection, self.first, self.last, count_max),
        }
    }
}
