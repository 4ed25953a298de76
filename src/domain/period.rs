//! The windows of time over which scores are summed.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::date::EventDate;
use super::unacceptable::Unacceptable;

/// A window of days that moves on with each day. Its first and its last day belong to it, and no day after today ever
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Every day up to today.
    AllTime,
    /// From the same day of the month, twelve months ago.
    Yearly,
    /// From the same day of the month, three months ago.
    Quarterly,
    /// From the same day of the month before.
    Monthly,
    /// From the same weekday of the week before.
    Weekly,
    /// Yesterday and today.
    Daily,
}

impl Period {
    /// All periods, in the order of their numbers in requests and replies.
    pub const ALL: [Period; 6] =
        [Period::AllTime, Period::Yearly, Period::Quarterly, Period::Monthly, Period::Weekly, Period::Daily];

    /// The name in requests and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Period::AllTime => "all_time",
            Period::Yearly => "yearly",
            Period::Quarterly => "quarterly",
            Period::Monthly => "monthly",
            Period::Weekly => "weekly",
            Period::Daily => "daily",
        }
    }

    /// The number in requests and replies.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The period that a number in requests and replies stands for.
    pub fn from_number(number: i64) -> Option<Period> {
        usize::try_from(number).ok().and_then(|number| Period::ALL.get(number)).copied()
    }

    /// The days of the period as seen on the day `today`.
    pub fn window(self, today: EventDate) -> RangeInclusive<EventDate> {
        let first = match self {
            Period::AllTime => EventDate::MIN,
            Period::Yearly => today.minus_months(12),
            Period::Quarterly => today.minus_months(3),
            Period::Monthly => today.minus_months(1),
            Period::Weekly => today.minus_days(7),
            Period::Daily => today.minus_days(1),
        };
        first..=today
    }
}

impl FromStr for Period {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<Period, Unacceptable> {
        let name = if text == "all" { Period::AllTime.name() } else { text };
        Period::ALL
            .into_iter()
            .find(|period| period.name() == name)
            .ok_or(Unacceptable { accepted: "all_time, yearly, quarterly, monthly, weekly or daily" })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_days_at_the_ends_of_months() {
        for (today, firsts) in [
            ("2026-03-31", ["0001-01-01", "2025-03-31", "2025-12-31", "2026-02-28", "2026-03-24", "2026-03-30"]),
            ("2024-02-29", ["0001-01-01", "2023-02-28", "2023-11-29", "2024-01-29", "2024-02-22", "2024-02-28"]),
            ("2024-03-31", ["0001-01-01", "2023-03-31", "2023-12-31", "2024-02-29", "2024-03-24", "2024-03-30"]),
            ("2026-01-01", ["0001-01-01", "2025-01-01", "2025-10-01", "2025-12-01", "2025-12-25", "2025-12-31"]),
        ] {
            let today: EventDate = today.parse().expect("a date");
            for (period, first) in Period::ALL.into_iter().zip(firsts) {
                let window = period.window(today);
                assert_eq!(window.start().to_string(), first, "{period} on {today}");
                assert_eq!(*window.end(), today);
            }
        }
    }
}
