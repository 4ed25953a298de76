//! Tables as text: CSV and JSON Lines, in and out.
//!
//! Reading names the line of every fault and goes on with the next line, so that a person sees all that is wrong in a file
//! at once. Memory is bounded whatever a file holds. Nothing here knows of the database, of HTTP or of the command line.
//!
//! | to learn | read |
//! |---|---|
//! | how text becomes records | `csv_records`, `json_records`, `lines` |
//! | how records become typed rows, and what is said of bad ones | `rows`, `cells`, `fault` |
//! | which columns there are | `events`, `discourse` |
//! | how rows are written | `write` |
//! | what keeps a spreadsheet from running a text as a formula | `spreadsheet` |

mod cells;
mod csv_records;
mod discourse;
mod events;
mod fault;
mod json_records;
mod lines;
mod rows;
mod spreadsheet;
mod write;

pub use cells::{Cell, Cells};
pub use discourse::{DiscourseEvent, DiscourseScore, DiscourseUser};
pub use events::{EventLine, Who};
pub use fault::{Fault, RECORD_BYTES_MAX, Unreadable};
pub use rows::{Line, Row, Rows};
pub use write::{Field, TableWriter};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV as RFC 4180 describes it, in UTF-8, with the names of the columns in its first line.
    Csv,
    /// JSON Lines: an object in each line.
    JsonLines,
}

/// How a table is to be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// CSV or JSON Lines.
    pub format: Format,
    /// Texts are taken as they are, without the apostrophe that keeps a spreadsheet from taking them for formulas. This
    /// makes a difference in CSV only.
    pub raw: bool,
}

impl Form {
    /// The form of CSV that is safe in a spreadsheet.
    pub const CSV: Form = Form { format: Format::Csv, raw: false };
    /// JSON Lines.
    pub const JSON_LINES: Form = Form { format: Format::JsonLines, raw: false };
}
