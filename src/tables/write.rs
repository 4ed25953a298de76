//! Writing rows, as CSV or as JSON Lines.

use chrono::{Datelike, Timelike};

use super::spreadsheet::is_formula;
use super::{Form, Format};
use crate::domain::Timestamp;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'v> {
    /// None: an empty cell, or null.
    None,
    /// A whole number.
    Number(i64),
    /// A text. In CSV it gets an apostrophe if a spreadsheet would take it for a formula.
    Text(&'v str),
    /// A date, which is written as it is.
    Date(&'v str),
    /// A moment.
    Moment(Timestamp),
    /// `true` or `false`.
    Flag(bool),
    /// A list, as JSON.
    List(&'v str),
}

/// Writes rows into memory. Whoever has it takes what is written away from time to time.
#[derive(Debug)]
pub struct TableWriter {
    form: Form,
    columns: &'static [&'static str],
    written: Vec<u8>,
}

impl TableWriter {
    /// A writer of rows with these columns. For CSV, it begins with the line that names them.
    pub fn new(form: Form, columns: &'static [&'static str]) -> TableWriter {
        let mut written = Vec::new();
        if form.format == Format::Csv {
            written.extend_from_slice(columns.join(",").as_bytes());
            written.push(b'\n');
        }
        TableWriter { form, columns, written }
    }

    /// How many bytes are written and not taken away.
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Whether nothing is written that was not taken away.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// What is written. Whoever has read it says so with [`TableWriter::clear`].
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// Forgets what is written, and keeps the memory for more.
    pub fn clear(&mut self) {
        self.written.clear();
    }

    /// Takes away what is written.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }

    /// Writes a row; a value for each column.
    pub fn row(&mut self, fields: &[Field<'_>]) {
        debug_assert_eq!(fields.len(), self.columns.len());
        match self.form.format {
            Format::Csv => {
                for (at, field) in fields.iter().enumerate() {
                    if at > 0 {
                        self.written.push(b',');
                    }
                    csv_field(&mut self.written, field, self.form.raw);
                }
            }
            Format::JsonLines => {
                for (at, (name, field)) in self.columns.iter().zip(fields).enumerate() {
                    self.written.extend_from_slice(if at == 0 { b"{\"" } else { b",\"" });
                    self.written.extend_from_slice(name.as_bytes());
                    self.written.extend_from_slice(b"\":");
                    json_field(&mut self.written, field);
                }
                self.written.push(b'}');
            }
        }
        self.written.push(b'\n');
    }
}

fn csv_field(out: &mut Vec<u8>, field: &Field<'_>, raw: bool) {
    match field {
        Field::None => {}
        Field::Number(number) => push_number(out, *number),
        Field::Date(date) => out.extend_from_slice(date.as_bytes()),
        Field::Moment(moment) => push_moment(out, *moment),
        Field::Flag(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Field::List(json) => csv_text(out, json, false),
        Field::Text(text) => csv_text(out, text, !raw && is_formula(text)),
    }
}

/// Writes a text, in quotes if it could be read as something else without them. An empty text has quotes too: an empty
/// cell is no text.
fn csv_text(out: &mut Vec<u8>, text: &str, guard: bool) {
    const QUOTED: [u8; 5] = [b',', b'"', b'\n', b'\r', 0];
    let quotes = text.is_empty() || text.bytes().any(|byte| QUOTED.contains(&byte));
    if quotes {
        out.push(b'"');
    }
    if guard {
        out.push(b'\'');
    }
    if quotes {
        for (at, piece) in text.split('"').enumerate() {
            if at > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(piece.as_bytes());
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn json_field(out: &mut Vec<u8>, field: &Field<'_>) {
    match field {
        Field::None => out.extend_from_slice(b"null"),
        Field::Number(number) => push_number(out, *number),
        Field::Flag(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Field::List(json) => out.extend_from_slice(json.as_bytes()),
        Field::Text(text) => serde_json::to_writer(out, text).expect("a text has a JSON form, and memory takes it"),
        Field::Date(date) => {
            out.push(b'"');
            out.extend_from_slice(date.as_bytes());
            out.push(b'"');
        }
        Field::Moment(moment) => {
            out.push(b'"');
            push_moment(out, *moment);
            out.push(b'"');
        }
    }
}

/// Writes a number digit by digit: an export writes many millions of them.
fn push_number(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    let mut digits = [0; 20];
    let (mut at, mut left) = (digits.len(), number.unsigned_abs());
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a moment as its `Display` does, but several times as fast.
fn push_moment(out: &mut Vec<u8>, moment: Timestamp) {
    let time = moment.moment();
    let Ok(year @ 0..=9999) = u32::try_from(time.year()) else {
        out.extend_from_slice(moment.to_string().as_bytes());
        return;
    };
    let mut push = |number: u32, width: u32, end: u8| {
        for place in (0..width).rev() {
            out.push(b'0' + (number / 10_u32.pow(place) % 10) as u8);
        }
        out.push(end);
    };
    push(year, 4, b'-');
    push(time.month(), 2, b'-');
    push(time.day(), 2, b'T');
    push(time.hour(), 2, b':');
    push(time.minute(), 2, b':');
    push(time.second(), 2, b'.');
    push(time.timestamp_subsec_millis(), 3, b'Z');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tables::{EventLine, Rows, Who};

    const COLUMNS: &[&str] = &["user_id", "date", "points", "description"];
    const FORMS: [Form; 4] =
        [Form::CSV, Form { raw: true, ..Form::CSV }, Form::JSON_LINES, Form { raw: true, ..Form::JSON_LINES }];

    fn texts() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            Just('\''),
            Just('"'),
            Just(','),
            Just('\n'),
            Just('\r'),
            Just('\t'),
            Just('='),
            Just('-'),
            Just('+'),
            Just('@'),
            Just('\0'),
            Just('\u{feff}'),
            Just(' '),
            Just('x'),
            any::<char>(),
        ];
        proptest::collection::vec(character, 0..8).prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was_written(descriptions in proptest::collection::vec(
            proptest::option::of(texts()), 1..5
        )) {
            for form in FORMS {
                let mut writer = TableWriter::new(form, COLUMNS);
                for description in &descriptions {
                    let description = description.as_deref().map_or(Field::None, Field::Text);
                    writer.row(&[Field::Number(13), Field::Date("2023-04-14"), Field::Number(-5), description]);
                }
                let written = writer.take();
                let mut rows = Rows::<EventLine, _>::new(&written[..], form).expect("a header");
                for description in &descriptions {
                    let line = rows.next().expect("a line").expect("readable");
                    let row = line.row.expect("a good row");
                    prop_assert_eq!(row.description.as_ref().map(|text| text.as_str()), description.as_deref());
                    prop_assert_eq!(row.who, Who::Id(13.try_into().expect("a user")));
                    prop_assert_eq!(i64::from(row.points), -5);
                }
                prop_assert!(rows.next().is_none());
            }
        }

        #[test]
        fn moments_and_numbers_are_written_as_they_are_shown(number in any::<i64>(), millis in -99_999_999_999_999i64..) {
            let mut out = Vec::new();
            push_number(&mut out, number);
            prop_assert_eq!(out, number.to_string().into_bytes());
            let (mut out, moment) = (Vec::new(), Timestamp::from_millis(millis));
            push_moment(&mut out, moment);
            prop_assert_eq!(out, moment.to_string().into_bytes());
        }
    }

    #[test]
    fn a_formula_is_written_as_a_text() {
        let mut writer = TableWriter::new(Form::CSV, &["a", "b", "c", "d"]);
        writer.row(&[Field::Text("=1+1"), Field::Text("it's, so"), Field::Number(-5), Field::Text("\rx")]);
        writer.row(&[Field::Text("'=1"), Field::None, Field::Text(""), Field::Flag(true)]);
        assert_eq!(
            String::from_utf8_lossy(writer.written()),
            "a,b,c,d\n'=1+1,\"it's, so\",-5,\"'\rx\"\n''=1,,\"\",true\n"
        );
        let mut writer = TableWriter::new(Form::JSON_LINES, &["a", "b"]);
        writer.row(&[Field::Text("=1\n"), Field::None]);
        assert_eq!(String::from_utf8_lossy(writer.written()), "{\"a\":\"=1\\n\",\"b\":null}\n");
    }
}
