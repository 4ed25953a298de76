//! The values of a record, as what they are asked for.

use std::borrow::Cow;
use std::str::FromStr;

use serde_json::value::RawValue;

use super::csv_records::Span;
use super::fault::{Fault, shown};
use super::spreadsheet::without_guard;
use crate::domain::{whole_of_json, whole_of_text};

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'r> {
    /// There is none: the column is not in the file, the cell is empty, or the member is null or not there.
    Missing,
    /// A text.
    Text(Cow<'r, str>),
    /// A JSON number, digit by digit.
    Number(&'r str),
    /// `true` or `false` in JSON.
    Flag(bool),
    /// A JSON array, object or text that can't be read. No column holds one.
    Other(&'r str),
}

impl<'r> Cell<'r> {
    fn of_json(value: &'r RawValue) -> Cell<'r> {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map_or(Cell::Other(text), |text: String| Cell::Text(text.into())),
            Some(b'n') => Cell::Missing,
            Some(b't') => Cell::Flag(true),
            Some(b'f') => Cell::Flag(false),
            Some(b'[' | b'{') | None => Cell::Other(text),
            Some(_) => Cell::Number(text),
        }
    }

    /// Whether nothing that can be seen was written.
    fn is_blank(&self) -> bool {
        match self {
            Cell::Missing => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// The value as text: numbers and flags are taken as they are written.
    fn text(self) -> Option<Cow<'r, str>> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Number(number) => Some(Cow::Borrowed(number)),
            Cell::Flag(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
            Cell::Missing | Cell::Other(_) => None,
        }
    }

    /// The value in quotes, for a fault.
    fn shown(&self) -> String {
        match self {
            Cell::Missing => "nothing".to_owned(),
            Cell::Text(text) => shown(text),
            Cell::Number(text) | Cell::Other(text) => shown(text),
            Cell::Flag(flag) => flag.to_string(),
        }
    }
}

/// The values of a record, by the places of their columns in [`Row::COLUMNS`](super::Row::COLUMNS).
pub struct Cells<'r> {
    pub(super) names: &'static [&'static str],
    pub(super) source: Source<'r>,
}

/// Where the values come from.
pub(super) enum Source<'r> {
    /// A record of CSV.
    Csv {
        /// All values, one after another.
        text: &'r str,
        /// Where each value stands.
        spans: &'r [Span],
        /// Which value belongs to each of the columns.
        places: &'r [Option<usize>],
        /// Whether texts are taken as they are.
        raw: bool,
    },
    /// A line of JSON: the member that belongs to each of the columns.
    Json(Vec<Option<&'r RawValue>>),
}

impl<'r> Cells<'r> {
    /// The value in a column.
    pub fn get(&self, column: usize) -> Cell<'r> {
        match &self.source {
            Source::Csv { text, spans, places, .. } => {
                let Some(span) = places[column].and_then(|place| spans.get(place)) else { return Cell::Missing };
                match &text[span.range()] {
                    "" if !span.quoted => Cell::Missing,
                    text => Cell::Text(Cow::Borrowed(text)),
                }
            }
            Source::Json(members) => members[column].map_or(Cell::Missing, Cell::of_json),
        }
    }

    /// Whether the table says anything in that column, be it that there is nothing.
    pub fn has_column(&self, column: usize) -> bool {
        match &self.source {
            Source::Csv { places, .. } => places[column].is_some(),
            Source::Json(members) => members[column].is_some(),
        }
    }

    /// A whole number; `None` if there is none.
    ///
    /// # Errors
    /// The value is no whole number, or not one that `T` takes: `accepted` says in words what it takes.
    pub fn whole<T: TryFrom<i64>>(&self, column: usize, accepted: &str) -> Result<Option<T>, Fault> {
        let cell = self.get(column);
        if cell.is_blank() {
            return Ok(None);
        }
        let number = match &cell {
            Cell::Text(text) => whole_of_text(text),
            Cell::Number(number) => whole_of_json(number),
            _ => None,
        };
        let value = number.and_then(|number| T::try_from(number).ok());
        value.map(Some).ok_or_else(|| self.unacceptable(column, &cell, accepted))
    }

    /// A value that is read from a text; `None` if there is none or it is blank.
    ///
    /// # Errors
    /// The text is not what `T` takes: `accepted` says in words what it takes.
    pub fn parsed<T: FromStr>(&self, column: usize, accepted: &str) -> Result<Option<T>, Fault> {
        let cell = self.get(column);
        if cell.is_blank() {
            return Ok(None);
        }
        let value = self.text_of(cell.clone()).and_then(|text| text.parse().ok());
        value.map(Some).ok_or_else(|| self.unacceptable(column, &cell, accepted))
    }

    /// A text, which may be blank; `None` if there is none.
    ///
    /// # Errors
    /// The value is an array or an object.
    pub fn text(&self, column: usize) -> Result<Option<Cow<'r, str>>, Fault> {
        match self.get(column) {
            Cell::Missing => Ok(None),
            cell @ Cell::Other(_) => Err(self.unacceptable(column, &cell, "a text")),
            cell => Ok(self.text_of(cell)),
        }
    }

    /// The fault that a value is missing.
    pub fn missing(&self, column: usize) -> Fault {
        Fault::in_column(self.names[column], "it is missing")
    }

    /// The text of a cell, without the apostrophe that keeps a spreadsheet from taking it for a formula.
    fn text_of(&self, cell: Cell<'r>) -> Option<Cow<'r, str>> {
        let text = cell.text()?;
        Some(match (&self.source, text) {
            (Source::Csv { raw: false, .. }, Cow::Borrowed(text)) => Cow::Borrowed(without_guard(text)),
            (_, text) => text,
        })
    }

    fn unacceptable(&self, column: usize, cell: &Cell<'_>, accepted: &str) -> Fault {
        Fault::in_column(self.names[column], format!("{} is not {accepted}", cell.shown()))
    }
}
