//! The day that points are for.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::unacceptable::Unacceptable;

/// A calendar day from 0001-01-01 to 9999-12-31, written `YYYY-MM-DD` everywhere: in requests, replies and the file.
///
/// Dates that are sorted as texts are in the order of their days. The database relies on that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventDate(NaiveDate);

impl EventDate {
    /// The earliest day.
    pub const MIN: EventDate = EventDate(NaiveDate::from_ymd_opt(1, 1, 1).expect("a day of the calendar"));
    /// The last day.
    pub const MAX: EventDate = EventDate(NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day of the calendar"));

    /// The day, or the nearer of [`EventDate::MIN`] and [`EventDate::MAX`] if it lies outside of them.
    pub fn saturating(day: NaiveDate) -> EventDate {
        EventDate(day).clamp(EventDate::MIN, EventDate::MAX)
    }

    /// The day that is `days` days earlier, or [`EventDate::MIN`] if that is too early.
    pub fn minus_days(self, days: u32) -> EventDate {
        self.0.checked_sub_days(Days::new(days.into())).map_or(EventDate::MIN, EventDate::saturating)
    }

    /// The day that is `days` days later, or [`EventDate::MAX`] if that is too late.
    pub fn plus_days(self, days: u32) -> EventDate {
        self.0.checked_add_days(Days::new(days.into())).map_or(EventDate::MAX, EventDate::saturating)
    }

    /// How many days later this is than `earlier`; negative if it is before.
    pub fn days_since(self, earlier: EventDate) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    /// The day as a date of chrono, which knows its month and weekday.
    pub fn calendar_day(self) -> NaiveDate {
        self.0
    }

    /// The next day, or [`EventDate::MAX`] if there is none.
    pub fn next(self) -> EventDate {
        self.0.succ_opt().map_or(EventDate::MAX, EventDate::saturating)
    }

    /// The same day of the month, `months` months earlier, or the last day of that month if it is too short.
    pub fn minus_months(self, months: u32) -> EventDate {
        self.0.checked_sub_months(Months::new(months)).map_or(EventDate::MIN, EventDate::saturating)
    }
}

impl FromStr for EventDate {
    type Err = Unacceptable;

    /// Reads exactly four, two and two digits: chrono alone would also take `2023-4-1` and `+2023-04-01`.
    fn from_str(text: &str) -> Result<EventDate, Unacceptable> {
        const FAULT: Unacceptable = Unacceptable { accepted: "a date that exists, as YYYY-MM-DD" };
        let number = |digits: &str| -> Option<u32> {
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        };
        if text.len() != 10 || !text.is_ascii() || &text[4..5] != "-" || &text[7..8] != "-" {
            return Err(FAULT);
        }
        let (Some(year), Some(month), Some(day)) = (number(&text[..4]), number(&text[5..7]), number(&text[8..])) else {
            return Err(FAULT);
        };
        match NaiveDate::from_ymd_opt(year.try_into().map_err(|_| FAULT)?, month, day) {
            Some(date) if year > 0 => Ok(EventDate(date)),
            _ => Err(FAULT),
        }
    }
}

impl fmt::Display for EventDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EventDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for EventDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventDate, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_days_of_the_calendar_only() {
        for good in ["0001-01-01", "2024-02-29", "2023-04-14", "9999-12-31"] {
            assert_eq!(good.parse::<EventDate>().map(|date| date.to_string()).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "0000-12-31",
            "2023-02-29",
            "2023-13-01",
            "2023-4-14",
            "+023-04-14",
            "2023-04-14 ",
            "20230414",
            "2023/04/14",
            "10000-01-01",
            "2023-04-1é",
            "٢٠٢٣-04-14",
            "-001-01-01",
        ] {
            assert!(bad.parse::<EventDate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn steps_stay_in_range() {
        assert_eq!(EventDate::MIN.minus_days(1), EventDate::MIN);
        assert_eq!(EventDate::MIN.minus_months(12), EventDate::MIN);
        assert_eq!(EventDate::MAX.next(), EventDate::MAX);
    }
}
