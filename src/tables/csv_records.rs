//! CSV as RFC 4180 describes it, read strictly: what another program might read in another way is a fault of its line.

use std::io::BufRead;
use std::ops::Range;

use super::fault::{Fault, Unreadable};
use super::lines::Lines;

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
    /// Whether the value stood in quotes. So an empty text can be told from no value.
    pub quoted: bool,
}

impl Span {
    /// Where the value stands in the text of the record.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Reads records. One record is held at a time.
pub(super) struct CsvRecords<R> {
    lines: Lines<R>,
    /// The record as it was written.
    written: Vec<u8>,
    /// The values, one after another, without quotes and commas.
    values: Vec<u8>,
    spans: Vec<Span>,
    /// The line in which the record begins.
    line: u64,
}

/// Where the reader is within a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value begins here.
    Start,
    /// In a value without quotes.
    Plain,
    /// In a value with quotes.
    Quoted,
    /// After a quote in such a value: its end, or the first of two quotes, which stand for one.
    Quote,
    /// After the end of the line that ends the record.
    End,
}

impl<R: BufRead> CsvRecords<R> {
    pub fn new(source: R) -> CsvRecords<R> {
        let lines = Lines::new(source);
        CsvRecords { lines, written: Vec::new(), values: Vec::new(), spans: Vec::new(), line: 0 }
    }

    /// Reads the next record; blank lines are passed over. `None`: there are no more. A fault is the fault of this record,
    /// and reading goes on after it.
    pub fn next(&mut self) -> Result<Option<Result<(), Fault>>, Unreadable> {
        loop {
            self.written.clear();
            self.values.clear();
            self.spans.clear();
            self.line = self.lines.number() + 1;
            if !self.lines.read(&mut self.written).map_err(|error| error.at(self.line))? {
                return Ok(None);
            }
            if self.line == 1 && self.written.starts_with(b"\xef\xbb\xbf") {
                self.written.drain(..3);
            }
            if !matches!(self.written.as_slice(), b"\n" | b"\r\n" | b"") {
                break;
            }
        }
        let (mut state, mut begin) = (State::Start, 0);
        loop {
            state = match self.take_line(begin, state) {
                Ok(State::End) => return Ok(Some(self.check_text())),
                Ok(state) => state,
                Err(fault) => return Ok(Some(Err(fault))),
            };
            begin = self.written.len();
            if !self.lines.read(&mut self.written).map_err(|error| error.at(self.line))? {
                return Ok(Some(match state {
                    State::Quoted => Err(Fault::of_line("a quote is opened here and never closed")),
                    _ => {
                        self.end_value(state == State::Quote);
                        self.check_text()
                    }
                }));
            }
        }
    }

    /// Takes what was written from `begin` on, which is a line.
    fn take_line(&mut self, begin: usize, mut state: State) -> Result<State, Fault> {
        let mut bytes = self.written[begin..].iter().copied().peekable();
        let (values, spans) = (&mut self.values, &mut self.spans);
        let mut start = spans.last().map_or(0, |span: &Span| span.end);
        while let Some(byte) = bytes.next() {
            state = match (state, byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) | (State::Quote, b'"') => {
                    values.push(byte);
                    State::Quoted
                }
                (_, b',' | b'\n') => {
                    let end = values.len();
                    spans.push(Span { start, end, quoted: state == State::Quote });
                    start = end;
                    if byte == b',' { State::Start } else { State::End }
                }
                (_, b'\r') if bytes.peek() == Some(&b'\n') => state,
                (_, b'\r') => {
                    let why = "a carriage return without a line feed: lines have to end with LF or CRLF";
                    return Err(Fault::of_line(why));
                }
                (State::Quote, _) => return Err(Fault::of_line("text after a closing quote")),
                (_, b'"') => return Err(Fault::of_line("a quote within a value that does not begin with one")),
                (_, 0) => return Err(Fault::of_line("a NUL character")),
                _ => {
                    values.push(byte);
                    State::Plain
                }
            };
        }
        Ok(state)
    }

    /// Ends a value that the end of the file ends.
    fn end_value(&mut self, quoted: bool) {
        let start = self.spans.last().map_or(0, |span| span.end);
        self.spans.push(Span { start, end: self.values.len(), quoted });
    }

    fn check_text(&self) -> Result<(), Fault> {
        // What was written is checked, and not the values: side by side, the halves of a character that a comma has cut in
        // two would pass.
        if std::str::from_utf8(&self.written).is_ok() {
            return Ok(());
        }
        let is_text = |span: &Span| std::str::from_utf8(&self.values[span.range()]).is_ok();
        let at = self.spans.iter().take_while(|span| is_text(span)).count() + 1;
        Err(Fault::of_line(format!("value {at} is not UTF-8")))
    }
}

impl<R> CsvRecords<R> {
    /// The line in which the last record begins.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The last record as it was written, with the end of its line.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// The values of the last record: a text, and where in it each value stands.
    pub fn values(&self) -> (&str, &[Span]) {
        // The text was checked when the record was read.
        (std::str::from_utf8(&self.values).unwrap_or_default(), &self.spans)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The values of a record, or its fault. A value without quotes that is empty is `None`.
    type Read = Result<Vec<Option<String>>, String>;

    /// Each record with its line.
    fn read(text: &[u8]) -> Vec<(u64, Read)> {
        let mut records = CsvRecords::new(text);
        let mut all = Vec::new();
        while let Some(record) = records.next().expect("a text that can be read") {
            let (text, spans) = records.values();
            let value = |span: &Span| {
                let value = &text[span.range()];
                (span.quoted || !value.is_empty()).then(|| value.to_owned())
            };
            all.push((
                records.line(),
                record.map(|()| spans.iter().map(value).collect()).map_err(|fault| fault.to_string()),
            ));
        }
        all
    }

    fn values(values: &[&str]) -> Read {
        Ok(values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect())
    }

    #[test]
    fn records_are_read_whatever_ends_their_lines() {
        let all = [(1, values(&["a", "b"])), (2, values(&["1", ""])), (4, values(&["x\"y", "z,\r\nz"]))];
        for text in [
            "a,b\n1,\n\n\"x\"\"y\",\"z,\r\nz\"\n",
            "\u{feff}a,b\r\n1,\r\n\r\n\"x\"\"y\",\"z,\r\nz\"\r\n",
            "a,b\n1,\n\n\"x\"\"y\",\"z,\r\nz\"",
        ] {
            assert_eq!(read(text.as_bytes()), all, "{text:?}");
        }
    }

    #[test]
    fn an_empty_text_is_not_no_value() {
        let text = read(b"\"\",,x\n\"\"");
        assert_eq!(text[0].1, Ok(vec![Some(String::new()), None, Some("x".to_owned())]));
        assert_eq!(text[1].1, Ok(vec![Some(String::new())]));
    }

    #[test]
    fn a_fault_is_of_its_line_and_reading_goes_on() {
        for (bad, why) in [
            (&b"x\"y"[..], "a quote within a value"),
            (b"\"x\"y", "text after a closing quote"),
            (b"x\0y", "a NUL character"),
            (b"x\ry", "a carriage return without a line feed"),
            (b"a,\xffx", "value 2 is not UTF-8"),
        ] {
            let text = [b"one\n", bad, b"\nthree\n"].concat();
            let all = read(&text);
            assert_eq!(all.len(), 3, "{bad:?}");
            assert!(all[1].1.as_ref().is_err_and(|fault| fault.starts_with(why)), "{all:?}");
            assert_eq!(all[2], (3, values(&["three"])));
        }
        assert!(read(b"one\n\"two\nthree\n")[1].1.as_ref().is_err_and(|fault| fault.contains("never closed")));
    }

    #[test]
    fn a_record_that_does_not_end_is_given_up() {
        for text in [vec![b'x'; 3 << 20], [b"\"".to_vec(), b"x\n".repeat(1 << 20)].concat()] {
            let text = [b"a,b\n".to_vec(), text].concat();
            let mut records = CsvRecords::new(&text[..]);
            assert!(records.next().expect("a header").is_some());
            let fault = records.next().expect_err("no record");
            assert!(matches!(fault, Unreadable::RecordTooLong { line: 2 }), "{fault}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_lose_its_place(text in proptest::collection::vec(
            prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'x'), any::<u8>()], 0..60
        )) {
            let all = read(&text);
            prop_assert!(all.windows(2).all(|two| two[0].0 < two[1].0), "{all:?}");
        }
    }
}
