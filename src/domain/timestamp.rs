//! Moments, to the millisecond.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::unacceptable::Unacceptable;

/// A moment in UTC with milliseconds, written `2023-04-14T09:30:00.000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The moment, cut to whole milliseconds.
    pub fn new(moment: DateTime<Utc>) -> Timestamp {
        Timestamp::from_millis(moment.timestamp_millis())
    }

    /// The moment that is `millis` milliseconds after 1970-01-01T00:00:00Z. If the number is beyond the calendar,
    /// 1970-01-01T00:00:00Z itself.
    pub fn from_millis(millis: i64) -> Timestamp {
        Timestamp(DateTime::from_timestamp_millis(millis).unwrap_or_default())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The moment as a value of chrono.
    pub fn moment(self) -> DateTime<Utc> {
        self.0
    }

    fn text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// How long after `earlier` this is; negative if it is before.
    pub fn since(self, earlier: Timestamp) -> TimeDelta {
        self.0 - earlier.0
    }
}

impl FromStr for Timestamp {
    type Err = Unacceptable;

    /// Reads what this type writes, and what PostgreSQL and spreadsheets make of a moment: with a blank instead of the
    /// `T`, with or without fractions of a second, with `Z`, `UTC`, an offset or nothing behind it, which is UTC too, or a
    /// date alone, which is its midnight.
    fn from_str(text: &str) -> Result<Timestamp, Unacceptable> {
        let text = text.trim();
        let plain = text.strip_suffix("UTC").map_or(text, str::trim_end).replacen('T', " ", 1);
        let moment = NaiveDateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M:%S%.f")
            .or_else(|_| NaiveDate::parse_from_str(&plain, "%Y-%m-%d").map(|date| date.into()))
            .map(|moment| moment.and_utc())
            .or_else(|_| DateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M:%S%.f%#z").map(|moment| moment.to_utc()));
        moment.map(Timestamp::new).map_err(|_| Unacceptable { accepted: "a moment, as 2023-04-14T09:30:00Z" })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(Timestamp::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_several_programs_write_it() {
        for text in [
            "2023-04-14T09:30:00.120Z",
            "2023-04-14 09:30:00.12",
            "2023-04-14 09:30:00.120999",
            "2023-04-14 09:30:00.12 UTC",
            "2023-04-14 11:30:00.12+02",
            "2023-04-14T11:30:00.12+02:00",
            "2023-04-14 09:30:00.12+00",
        ] {
            let moment: Timestamp = text.parse().expect(text);
            assert_eq!(moment.to_string(), "2023-04-14T09:30:00.120Z", "{text}");
        }
        assert_eq!("2023-04-14".parse::<Timestamp>().expect("a day").to_string(), "2023-04-14T00:00:00.000Z");
        for text in ["", "yesterday", "2023-02-30 09:30:00", "2023-04-14 25:00:00", "09:30:00"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
