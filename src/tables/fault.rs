//! What is said of a line that can't be read, or of a whole file.

use std::fmt;
use std::io;

/// The longest record, in bytes: with its quotes the longest description takes some 80 kB. A longer one is most likely no
/// record at all, but the rest of a file behind a quote that is never closed.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// How much of a value is shown in a fault, in characters.
const SHOWN_MAX: usize = 40;

/// What is wrong with a line. Its text goes on after `line 17: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The column that the fault is in; `None`: it is in the line as a whole.
    pub column: Option<&'static str>,
    /// What is wrong, in words for a person.
    pub why: String,
}

impl Fault {
    /// A fault of the line as a whole.
    pub fn of_line(why: impl Into<String>) -> Fault {
        Fault { column: None, why: why.into() }
    }

    /// A fault in a column.
    pub fn in_column(column: &'static str, why: impl Into<String>) -> Fault {
        Fault { column: Some(column), why: why.into() }
    }

    /// The fault that a value is not what it has to be.
    pub fn unacceptable(column: &'static str, value: &str, accepted: &str) -> Fault {
        Fault::in_column(column, format!("{} is not {accepted}", shown(value)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "{column}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// A value in quotes, with its control characters escaped, and cut if it is long.
pub(super) fn shown(value: &str) -> String {
    let mut short: String = value.chars().take(SHOWN_MAX).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// Why a table can't be read at all, or no further.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file, or the pipe, can't be read.
    #[error("it can't be read: {0}")]
    Source(io::Error),
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// The first line does not name the columns as it has to.
    #[error("line {line}: {why}")]
    Header {
        /// The number of the line.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A record is too long to be one. Found out where it is read; the caller adds the line.
    #[error("a record is longer than {} KiB", RECORD_BYTES_MAX >> 10)]
    TooLong,
    /// The record that begins in this line is too long to be one.
    #[error("line {line}: it is longer than {} KiB; is a quote never closed, or is this another kind of file?", RECORD_BYTES_MAX >> 10)]
    RecordTooLong {
        /// The number of the line.
        line: u64,
    },
}

impl Unreadable {
    /// The same, with the line where the record begins.
    pub(super) fn at(self, line: u64) -> Unreadable {
        match self {
            Unreadable::TooLong => Unreadable::RecordTooLong { line },
            other => other,
        }
    }
}
