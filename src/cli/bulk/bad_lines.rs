//! The bad lines of a file: the first are named on stderr, and all of them may be written to a file of their own.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use indicatif::HumanCount;
use serde_json::json;

use super::rows::Record;
use crate::cli::Failure;
use crate::logging;
use crate::tables::{Fault, Form, Format};

/// How many bad lines are named on stderr.
const NAMED_MAX: usize = 20;

/// Collects the bad lines of a file.
pub struct BadLines {
    form: Form,
    count: u64,
    named: Vec<String>,
    /// Where the bad lines are written, if they are to be left out.
    left_out: Option<LeftOut>,
}

/// The file that the bad lines are written to. It is made when there is one.
struct LeftOut {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl BadLines {
    /// No bad lines yet. If there is a path, they are left out, and are written there with their reasons.
    pub fn new(form: Form, left_out: Option<&Path>) -> BadLines {
        let left_out = left_out.map(|path| LeftOut { path: path.to_owned(), file: None });
        BadLines { form, count: 0, named: Vec::new(), left_out }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes a bad line.
    ///
    /// # Errors
    /// The file for bad lines can't be written.
    pub fn add(&mut self, record: &Record<'_>, fault: &Fault) -> Result<(), Failure> {
        self.count += 1;
        let reason = format!("line {}: {fault}", record.line);
        if let Some(left_out) = &mut self.left_out {
            left_out.write(self.form.format, record, &reason).map_err(|error| left_out.failure(&error))?;
        }
        if self.named.len() < NAMED_MAX {
            self.named.push(reason);
        }
        Ok(())
    }

    /// Names the first bad lines on stderr, and says how many more there are.
    pub fn name_first(&self) {
        for line in &self.named {
            logging::say(line);
        }
        let more = self.count - self.named.len() as u64;
        if more > 0 {
            logging::say(&format!("and {} more bad lines", HumanCount(more)));
        }
    }

    /// Does what [`BadLines::name_first`] does, and finishes the file of the bad lines.
    ///
    /// # Errors
    /// The file for bad lines can't be written.
    pub fn name(&mut self) -> Result<(), Failure> {
        self.name_first();
        if let Some(left_out) = &mut self.left_out
            && let Some(file) = &mut left_out.file
        {
            file.flush().map_err(|error| left_out.failure(&error))?;
        }
        Ok(())
    }
}

impl LeftOut {
    fn write(&mut self, format: Format, record: &Record<'_>, reason: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
                let mut file = BufWriter::new(file);
                if format == Format::Csv {
                    // Mended, the file can be imported as it is: the column is not one that is looked for.
                    file.write_all(b"reason,")?;
                    file.write_all(without_end(record.header))?;
                    file.write_all(b"\n")?;
                }
                self.file.insert(file)
            }
        };
        let text = without_end(record.written);
        match format {
            Format::Csv => {
                write!(file, "\"{}\",", reason.replace('"', "\"\""))?;
                file.write_all(text)?;
                file.write_all(b"\n")
            }
            Format::JsonLines => match text.trim_ascii_start().strip_prefix(b"{") {
                Some(members) => {
                    write!(file, "{{\"reason\":{}", json!(reason))?;
                    file.write_all(if members.trim_ascii() == b"}" { b"" } else { b"," })?;
                    file.write_all(members)?;
                    file.write_all(b"\n")
                }
                None => writeln!(file, "{}", json!({"reason": reason, "line": String::from_utf8_lossy(text)})),
            },
        }
    }

    fn failure(&self, error: &io::Error) -> Failure {
        Failure::Failed(format!("{} can't be written: {error}", self.path.display()))
    }
}

/// A record without the end of its line.
fn without_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}
