//! Typed rows out of a text, one after another, each with the number of its line.

use std::io::BufRead;
use std::marker::PhantomData;

use super::cells::{Cells, Source};
use super::csv_records::CsvRecords;
use super::fault::{Fault, Unreadable};
use super::json_records::JsonRecords;
use super::{Form, Format};

/// A row of a table.
pub trait Row: Sized {
    /// The columns that are looked for. Others are passed over.
    const COLUMNS: &'static [&'static str];

    /// The columns that the first line of CSV has to name: at least one of each group.
    const NEEDED: &'static [&'static [&'static str]];

    /// Reads the values. They are asked for by the places of their columns in [`Row::COLUMNS`].
    ///
    /// # Errors
    /// The first value that is missing or not what it has to be.
    fn read(cells: &Cells<'_>) -> Result<Self, Fault>;
}

/// A row, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<T> {
    /// The line in which it begins, from 1.
    pub number: u64,
    /// The row, or its fault.
    pub row: Result<T, Fault>,
}

/// Reads rows. At most one record is held in memory.
pub struct Rows<T, R> {
    records: Records<R>,
    /// For CSV, the first line as it was written.
    header: Vec<u8>,
    /// For CSV, which value of a record belongs to each column of [`Row::COLUMNS`].
    places: Vec<Option<usize>>,
    /// How many values each record of CSV has.
    width: usize,
    raw: bool,
    /// For JSON Lines, whether any line was there.
    is_begun: bool,
    /// Whether there is nothing more to be read.
    is_ended: bool,
    row: PhantomData<fn() -> T>,
}

enum Records<R> {
    Csv(CsvRecords<R>),
    Json(JsonRecords<R>),
}

impl<T: Row, R: BufRead> Rows<T, R> {
    /// Begins to read: for CSV, that is the line with the names of the columns.
    ///
    /// # Errors
    /// The source can't be read, is empty, or its first line does not name the columns that are needed.
    pub fn new(source: R, form: Form) -> Result<Rows<T, R>, Unreadable> {
        let mut rows = Rows {
            records: match form.format {
                Format::Csv => Records::Csv(CsvRecords::new(source)),
                Format::JsonLines => Records::Json(JsonRecords::new(source)),
            },
            header: Vec::new(),
            places: Vec::new(),
            width: 0,
            raw: form.raw,
            is_begun: false,
            is_ended: false,
            row: PhantomData,
        };
        if let Records::Csv(records) = &mut rows.records {
            let header = records.next()?.ok_or(Unreadable::Empty)?;
            let line = records.line();
            let not_a_header = |why: String| Unreadable::Header { line, why };
            if records.written().starts_with(b"\xff\xfe") || records.written().starts_with(b"\xfe\xff") {
                return Err(not_a_header("it is UTF-16; save it as UTF-8".to_owned()));
            }
            header.map_err(|fault| not_a_header(fault.to_string()))?;
            let (text, spans) = records.values();
            let names: Vec<&str> = spans.iter().map(|span| text[span.range()].trim()).collect();
            rows.places = places_of::<T>(&names).map_err(not_a_header)?;
            rows.width = names.len();
            rows.header = records.written().to_vec();
        }
        Ok(rows)
    }

    fn read(&mut self) -> Result<Option<Line<T>>, Unreadable> {
        match &mut self.records {
            Records::Csv(records) => {
                let Some(record) = records.next()? else { return Ok(None) };
                let row = record.and_then(|()| {
                    let (text, spans) = records.values();
                    if spans.len() != self.width {
                        return Err(Fault::of_line(format!(
                            "it has {} values, and the first line names {} columns",
                            spans.len(),
                            self.width
                        )));
                    }
                    let source = Source::Csv { text, spans, places: &self.places, raw: self.raw };
                    T::read(&Cells { names: T::COLUMNS, source })
                });
                Ok(Some(Line { number: records.line(), row }))
            }
            Records::Json(records) => {
                if !records.next()? {
                    return if self.is_begun { Ok(None) } else { Err(Unreadable::Empty) };
                }
                self.is_begun = true;
                let members = records.members(T::COLUMNS);
                let row =
                    members.and_then(|members| T::read(&Cells { names: T::COLUMNS, source: Source::Json(members) }));
                Ok(Some(Line { number: records.line(), row }))
            }
        }
    }
}

/// Gives the rows. After an error there is nothing more to be read.
impl<T: Row, R: BufRead> Iterator for Rows<T, R> {
    type Item = Result<Line<T>, Unreadable>;

    fn next(&mut self) -> Option<Result<Line<T>, Unreadable>> {
        if self.is_ended {
            return None;
        }
        let line = self.read().transpose();
        self.is_ended = !matches!(line, Some(Ok(_)));
        line
    }
}

impl<T, R> Rows<T, R> {
    /// The last row as it was written, with the end of its line.
    pub fn written(&self) -> &[u8] {
        match &self.records {
            Records::Csv(records) => records.written(),
            Records::Json(records) => records.written(),
        }
    }

    /// The line with the names of the columns as it was written, with its end; empty for JSON Lines.
    pub fn header(&self) -> &[u8] {
        &self.header
    }
}

/// Where each of the columns stands among the names of the first line, or what is wrong with that line.
fn places_of<T: Row>(names: &[&str]) -> Result<Vec<Option<usize>>, String> {
    if let [all] = names
        && let Some(separator) = [';', '\t', '|'].into_iter().find(|separator| all.contains(*separator))
    {
        return Err(format!("columns have to be separated by commas, and here they are by {separator:?}"));
    }
    let mut places = Vec::with_capacity(T::COLUMNS.len());
    for column in T::COLUMNS {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(place, _)| place);
        places.push(found.next());
        if found.next().is_some() {
            return Err(format!("the column {column} is named twice"));
        }
    }
    for group in T::NEEDED {
        if !group.iter().any(|column| names.contains(column)) {
            let wanted = group.join(" or ");
            let found = names.iter().map(|name| super::fault::shown(name)).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "no column is named {wanted}; the first line has to name the columns, and says {found}"
            ));
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{EventLine, Who};

    /// The faults of a text, one a line, or why it can't be read.
    fn faults(text: &[u8], form: Form) -> String {
        let rows = match Rows::<EventLine, _>::new(text, form) {
            Ok(rows) => rows,
            Err(error) => return error.to_string(),
        };
        let fault = |line: Result<Line<EventLine>, Unreadable>| match line {
            Ok(Line { number, row: Err(fault) }) => Some(format!("line {number}: {fault}")),
            Ok(Line { row: Ok(_), .. }) => None,
            Err(error) => Some(error.to_string()),
        };
        rows.filter_map(fault).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_fault_names_its_line_and_column() {
        let text = "\u{feff}points,note,date,user_id,username\r\n\
                    5,\"over\r\ntwo lines\",2023-04-14,13,\r\n\
                    x,,2023-04-14,13,\r\n\
                    5,,2023-02-29,13,\r\n\
                    5,,2023-04-14,0,\r\n\
                    5,,2023-04-14,,\r\n\
                    ,,2023-04-14,13,\r\n\
                    5,,,13,\r\n\
                    5,2023-04-14,13\r\n\
                    5,,2023-04-14,,ann\r\n";
        let want = "line 4: points: \"x\" is not a whole number from -2147483648 to 2147483647\n\
                    line 5: date: \"2023-02-29\" is not a date that exists, as YYYY-MM-DD\n\
                    line 6: user_id: \"0\" is not a number from 1 to 2147483647\n\
                    line 7: user_id: it is missing\n\
                    line 8: points: it is missing\n\
                    line 9: date: it is missing\n\
                    line 10: it has 3 values, and the first line names 5 columns";
        assert_eq!(faults(text.as_bytes(), Form::CSV), want);
    }

    #[test]
    fn a_header_that_does_not_name_the_columns_is_refused_in_a_sentence() {
        for (text, why) in [
            ("", "it is empty"),
            ("\n\n", "it is empty"),
            ("1,2023-04-14,5\n", "line 1: no column is named user_id or username"),
            ("user_id,date\n", "line 1: no column is named points"),
            ("user_id,date,points,date\n", "line 1: the column date is named twice"),
            ("user_id;date;points\n", "line 1: columns have to be separated by commas, and here they are by ';'"),
            ("\"user_id,date,points\n", "line 1: a quote is opened here and never closed"),
        ] {
            let said = faults(text.as_bytes(), Form::CSV);
            assert!(said.starts_with(why), "{text:?}: {said}");
        }
        assert_eq!(faults(b"user_id,date,points", Form::CSV), "");
        assert_eq!(faults("\u{feff}user_id,date,points".as_bytes(), Form::CSV), "");
        let utf_16: Vec<u8> = "\u{feff}user_id,date,points\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(faults(&utf_16, Form::CSV), "line 1: it is UTF-16; save it as UTF-8");
    }

    #[test]
    fn json_takes_numbers_and_texts_as_requests_do() {
        let text = r#"{"user_id": 13, "date": "2023-04-14", "points": 15.0, "description": 1.50}

            {"user_id": "13", "date": "2023-04-14", "points": "-5", "description": true, "other": [{}]}
            {"username": "Ann", "user_id": null, "date": "2023-04-14", "points": 1e2, "idempotency_key": "a1"}"#;
        let rows = Rows::<EventLine, _>::new(text.as_bytes(), Form::JSON_LINES).expect("readable");
        let rows: Vec<_> = rows.map(|line| line.expect("readable")).collect();
        assert_eq!(rows.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 3, 4]);
        let rows: Vec<EventLine> = rows.into_iter().map(|line| line.row.expect("a good row")).collect();
        assert_eq!(rows.iter().map(|row| i64::from(row.points)).collect::<Vec<_>>(), [15, -5, 100]);
        let description = |row: &EventLine| row.description.as_ref().map(|text| text.as_str().to_owned());
        assert_eq!(description(&rows[0]).as_deref(), Some("1.50"));
        assert_eq!(description(&rows[1]).as_deref(), Some("true"));
        assert_eq!(rows[2].who, Who::Name("ann".parse().expect("a name")));
        assert_eq!(rows[2].key.as_ref().map(|key| key.as_str()), Some("a1"));
    }

    #[test]
    fn faults_of_json_name_the_line_too() {
        let text = "{\"user_id\":13,\"date\":\"2023-04-14\",\"points\":1.5}\n\
                    {\"user_id\":13,\"points\":1,\"points\":2}\n\
                    [1]\n\
                    {\"user_id\":13\n\
                    {\"user_id\":13,\"date\":\"2023-04-14\",\"points\":1,\"description\":{}}\n\
                    {} {}";
        let want = "line 1: points: \"1.5\" is not a whole number from -2147483648 to 2147483647\n\
                    line 2: points: it is there twice\n\
                    line 3: invalid type: sequence, expected an object\n\
                    line 4: it is no JSON object: EOF while parsing an object\n\
                    line 5: description: \"{}\" is not a text\n\
                    line 6: it is no JSON object: trailing characters";
        assert_eq!(faults(text.as_bytes(), Form::JSON_LINES), want);
        assert_eq!(faults(b"\n", Form::JSON_LINES), "it is empty");
    }
}
