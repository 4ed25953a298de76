//! The forms that values have: how each is read, and how it is told of.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;

use crate::domain::{PlainKey, Ranking};

/// A form of values.
pub(super) struct Form<T> {
    /// The values that are taken, in words that go on from "give".
    pub accepted: &'static str,
    /// Reads a value; `None`: it is not of this form.
    pub read: fn(&str) -> Option<T>,
}

/// The longest span of time that a setting takes.
const SPAN_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// The name of a file.
pub(super) const FILE: Form<PathBuf> =
    Form { accepted: "the name of a file", read: |text| (!text.trim().is_empty()).then(|| PathBuf::from(text)) };

/// An API key.
pub(super) const KEY: Form<PlainKey> = Form {
    accepted: "a key of 1 to 255 visible ASCII characters",
    read: |text| {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && (1..=255).contains(&text.len())).then(|| PlainKey::received(text))
    },
};

/// A time zone.
pub(super) const TIME_ZONE: Form<Tz> =
    Form { accepted: "an IANA name such as \"Europe/Berlin\"", read: |text| text.parse().ok() };

/// A span of time, as between two runs of a timer.
pub(super) const SPAN: Form<Duration> = Form {
    accepted: "a time such as \"1h\" or \"30s\", longer than 0 and at most 366 days",
    read: |text| {
        humantime::parse_duration(text).ok().filter(|span| (1..=SPAN_MAX.as_nanos()).contains(&span.as_nanos()))
    },
};

/// A number of things.
pub(super) const COUNT: Form<u32> =
    Form { accepted: "a whole number from 0 to 4294967295", read: |text| text.parse().ok() };

/// Yes or no.
pub(super) const FLAG: Form<bool> = Form { accepted: "true or false", read: |text| text.parse().ok() };

/// How positions are counted.
pub(super) const RANKING: Form<Ranking> =
    Form { accepted: "dense_rank, rank or row_number", read: |text| text.parse().ok() };

/// The form of log lines.
pub(super) const LOG_FORMAT: Form<LogFormat> = Form { accepted: "text or json", read: |text| text.parse().ok() };

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<LogFormat, ()> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(()),
        }
    }
}
