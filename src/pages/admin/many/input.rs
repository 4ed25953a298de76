//! The text that a form brings: pasted, or out of a file.

use crate::pages::admin::form::{Fault, Form};

/// The longest text that is taken, in bytes. With the other fields it fits into the body of a request.
pub const TEXT_BYTES_MAX: usize = 1_000_000;

/// A field that is filled in, or a file that is chosen instead.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The field to paste into.
    pub pasted: &'static str,
    /// The field for a file.
    pub file: &'static str,
}

impl Source {
    /// The text of the form, with lines that end in a line feed alone, as they did before the browser sent them. The text of
    /// a file becomes the text of the field, so that the form holds all.
    ///
    /// # Errors
    /// There is no text, or two, or one that is too long or that nobody can read.
    pub fn take(self, form: &mut Form) -> Result<String, Fault> {
        if let Some(content) = form.file(self.file) {
            if form.filled(self.pasted).is_some() {
                return Err(Fault::new(self.file, "Paste lines or choose a file, and not both."));
            }
            let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
            let Ok(text) = std::str::from_utf8(content) else {
                const SENTENCE: &str = "This file is not UTF-8. In a spreadsheet, save it as “CSV UTF-8”.";
                return Err(Fault::new(self.file, SENTENCE));
            };
            let text = text.to_owned();
            form.set(self.pasted, text);
        }
        form.unify_lines(self.pasted);
        let text = form.typed(self.pasted);
        if text.trim().is_empty() {
            return Err(Fault::new(self.pasted, "Paste some lines, or choose a file."));
        }
        // A browser sends two characters for the end of each line.
        if text.len() + text.matches('\n').count() > TEXT_BYTES_MAX {
            const SENTENCE: &str =
                "This is more than a megabyte. The command “scorekeeper import” takes files of any size.";
            return Err(Fault::new(self.pasted, SENTENCE));
        }
        Ok(text.to_owned())
    }
}

/// A table with commas between its columns. A spreadsheet puts tabs between them when cells are copied, and in some countries
/// semicolons when it saves them; the lines stay where they are.
pub fn with_commas(text: String) -> String {
    let first = text.lines().next().unwrap_or_default();
    let separator = [b'\t', b';'].into_iter().find(|separator| first.as_bytes().contains(separator));
    let Some(separator) = separator.filter(|_| !first.contains(',')) else { return text };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut written = String::with_capacity(text.len() + 64);
    let mut lines = 1;
    for record in reader.records() {
        // The text is UTF-8, and a reader that is flexible refuses nothing else.
        let Ok(record) = record else { return text };
        let begins = record.position().map_or(lines, |position| {
            // A record's position is that of the blank lines before it.
            let before = &text.as_bytes()[usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len())..];
            position.line() + before.iter().take_while(|byte| **byte == b'\n').count() as u64
        });
        while lines < begins {
            written.push('\n');
            lines += 1;
        }
        let mut line = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let bytes = line.write_record(&record).ok().and_then(|()| line.into_inner().ok());
        let Some(record) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else { return text };
        lines += record.matches('\n').count() as u64;
        written.push_str(&record);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_copies_is_read_as_a_table_line_by_line() {
        let copied = "username\tpoints\tdescription\n\nann\t5\t\"two\nlines\"\nbob\t3\tone, and \"\"x\n";
        let table = "username,points,description\n\nann,5,\"two\nlines\"\nbob,3,\"one, and \"\"\"\"x\"\n";
        assert_eq!(with_commas(copied.to_owned()), table);
        assert_eq!(with_commas("a;b\n1;2\n".to_owned()), "a,b\n1,2\n");
        for left in ["a,b;c\n1,2\n", "a,b\n1\t,2\n", "ann\nbob"] {
            assert_eq!(with_commas(left.to_owned()), left);
        }
    }
}
