//! The forms that values have: how each is read, and how it is described to a person.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;
use ipnet::IpNet;

use crate::domain::{Origins, PathPrefix, PlainKey, Ranking, ServerAddress, WebOrigin, WebhookSecret};

/// A form of values.
pub(super) struct Form<T> {
    /// The values that are accepted, in words that can follow the word "give".
    pub accepted: &'static str,
    /// Whether a value has several parts, with commas between them. In the file it may be a list as well.
    pub list: bool,
    /// Reads a value; `None`: it is not of this form.
    read: fn(&str) -> Option<T>,
    /// Says what was meant by a value that is not of this form; empty if that can't be guessed.
    meant: fn(&str) -> &'static str,
}

impl<T> Form<T> {
    const fn new(accepted: &'static str, read: fn(&str) -> Option<T>) -> Form<T> {
        Form { accepted, list: false, read, meant: wrapping }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// It is not of this form. The text says what was meant, as the end of a sentence; it may be empty.
    pub fn parse(&self, text: &str) -> Result<T, &'static str> {
        match (self.meant)(text) {
            "" => (self.read)(text).ok_or(""),
            hint => Err(hint),
        }
    }
}

/// Says what has to be left out of a value: quotes around it, or the end of a line as Windows writes it. Values that
/// come from a file for a shell may have these, but no setting takes them. Empty if there is nothing to leave out.
pub(super) fn wrapping(text: &str) -> &'static str {
    let quoted = |mark: char| text.len() > 1 && text.trim_end().starts_with(mark) && text.trim_end().ends_with(mark);
    if text.ends_with(['\r', '\n']) {
        ", without the end of the line that stands in it"
    } else if quoted('"') || quoted('\'') {
        ", without the quotes around it"
    } else {
        ""
    }
}

/// The shortest span of time that a setting takes: a timer with less would keep a processor busy.
const SPAN_MIN: Duration = Duration::from_millis(100);

/// The longest span of time that a setting takes.
const SPAN_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// The name of a file.
pub(super) const FILE: Form<PathBuf> = Form {
    accepted: "the name of a file",
    list: false,
    read: |text| (!text.trim().is_empty()).then(|| PathBuf::from(text)),
    meant: |text| if wrapping(text).is_empty() { no_plain_file(text) } else { wrapping(text) },
};

/// Says what was meant by a text that only a shell or a library would understand, because it is not just the name of a
/// file. Empty if it is.
fn no_plain_file(text: &str) -> &'static str {
    let begins = |start: &str| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    if text.starts_with(['~', '$']) || text.contains("/$") {
        "; write the folder out: only a shell knows what ~ and variables stand for"
    } else if begins("file:") {
        "; leave out \"file:\", which SQLite takes for an address"
    } else if text.contains("://") || begins("sqlite:") {
        "; give a path in place of the address"
    } else if text.starts_with(':') {
        "; SQLite keeps in memory alone, or nowhere, what begins with a colon"
    } else {
        ""
    }
}

/// An API key.
pub(super) const KEY: Form<PlainKey> = Form::new("a key of 1 to 255 visible ASCII characters", |text| {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    (visible && (1..=255).contains(&text.len())).then(|| PlainKey::received(text))
});

/// The secret of a webhook.
pub(super) const SECRET: Form<WebhookSecret> = Form::new(WebhookSecret::ACCEPTED, |text| text.parse().ok());

/// A time zone.
pub(super) const TIME_ZONE: Form<Tz> = Form::new("an IANA name such as \"Europe/Berlin\"", |text| text.parse().ok());

/// A span of time, as between two runs of a timer.
pub(super) const SPAN: Form<Duration> =
    Form::new("a time such as \"1h\" or \"30s\", at least 100ms and at most 366 days", |text| {
        humantime::parse_duration(text).ok().filter(|span| (SPAN_MIN..=SPAN_MAX).contains(span))
    });

/// A number of things.
pub(super) const COUNT: Form<u32> = Form::new("a whole number from 0 to 4294967295", |text| text.parse().ok());

/// A number of things of which there has to be one.
pub(super) const COUNT_FROM_1: Form<u32> =
    Form::new("a whole number from 1 to 4294967295", |text| text.parse().ok().filter(|count| *count > 0));

/// An address to listen on.
pub(super) const ADDRESS: Form<SocketAddr> =
    Form::new("an address and a port such as \"127.0.0.1:9100\"", |text| text.parse().ok());

/// Networks. An address alone is a network of one.
pub(super) const NETWORKS: Form<Vec<IpNet>> = Form {
    accepted: "networks such as \"10.0.0.0/8, ::1\"",
    list: true,
    read: |text| text.split(',').map(|text| network(text.trim())).collect(),
    meant: wrapping,
};

fn network(text: &str) -> Option<IpNet> {
    let network: Option<IpNet> = text.parse().ok();
    let network = network.or_else(|| text.parse().ok().map(|alone: IpAddr| alone.into()));
    network.map(|network| network.trunc())
}

/// Yes or no.
pub(super) const FLAG: Form<bool> = Form::new("true or false", |text| text.parse().ok());

/// How positions are counted.
pub(super) const RANKING: Form<Ranking> = Form::new("dense_rank, rank or row_number", |text| text.parse().ok());

/// The path under which a proxy shows the server.
pub(super) const BASE_PATH: Form<PathPrefix> =
    Form::new("a path such as \"/points\", of letters, digits and the characters - . _ ~", |text| text.parse().ok());

/// The address of a server.
pub(super) const SERVER: Form<ServerAddress> = Form::new(ServerAddress::ACCEPTED, |text| text.parse().ok());

/// Sites of the web.
pub(super) const ORIGINS: Form<Origins> = Form {
    accepted: "origins such as \"https://club.example\" with commas between them, or \"*\" for any",
    list: true,
    read: |text| text.parse().ok(),
    meant: |text| if wrapping(text).is_empty() { no_plain_origin(text) } else { wrapping(text) },
};

/// Says what was meant by a text that is nearly a list of origins. Empty if that can't be guessed.
fn no_plain_origin(text: &str) -> &'static str {
    let faulty = text.split(',').map(str::trim).find(|text| !text.is_empty() && text.parse::<WebOrigin>().is_err());
    let Some(faulty) = faulty.filter(|text| *text != "*") else { return "" };
    match faulty.split_once("://").map(|(_, rest)| rest) {
        None => "; an origin begins with https:// or http://",
        Some(rest) if rest.contains('*') => "; a star stands for all origins only, so name each one",
        Some(rest) if rest.contains(['/', '?', '#']) => "; an origin has no path, and no slash at its end",
        Some(rest) if !rest.is_ascii() => "; write the host as browsers send it, beginning with xn--",
        Some(_) => "",
    }
}

/// The form of log lines.
pub(super) const LOG_FORMAT: Form<LogFormat> = Form::new("text or json", |text| text.parse().ok());

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
