//! What commands that read large files have in common: the file, its rows, its bad lines, and the progress.
//!
//! A file is read twice. In the first pass everything is checked, so that nothing is stored of a file with a bad line. The
//! second pass stores. At no time more than a few rows are in memory.

mod bad_lines;
mod pace;
mod progress;
mod rows;
mod source;

pub use bad_lines::BadLines;
pub use pace::Pace;
pub use progress::Progress;
pub use rows::each_row;
pub use source::Source;

use std::path::Path;

use crate::tables::{Form, Format};

/// How a table is written, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FormatArgument {
    /// CSV, with the names of the columns in its first line
    Csv,
    /// JSON Lines: an object in each line
    Jsonl,
}

impl From<FormatArgument> for Format {
    fn from(argument: FormatArgument) -> Format {
        match argument {
            FormatArgument::Csv => Format::Csv,
            FormatArgument::Jsonl => Format::JsonLines,
        }
    }
}

/// The form of a file: as it is said, else by its name, else CSV.
pub fn form_of(path: &Path, said: Option<FormatArgument>, raw: bool) -> Form {
    let by_name = || {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        if matches!(ending.as_str(), "jsonl" | "ndjson" | "json") { Format::JsonLines } else { Format::Csv }
    };
    Form { format: said.map_or_else(by_name, Format::from), raw }
}
