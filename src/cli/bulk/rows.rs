//! All rows of a file, one after another.

use super::progress::Progress;
use super::source::Source;
use crate::cli::Failure;
use crate::store::imports::FileDigest;
use crate::tables::{Fault, Form, Row, Rows};

/// A record of a file.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    /// How many records come before it.
    pub index: u64,
    /// The line in which it begins.
    pub line: u64,
    /// The record as it was written.
    pub written: &'r [u8],
    /// For CSV, the line that names the columns.
    pub header: &'r [u8],
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllRead {
    /// How many records there are.
    pub records: u64,
    /// The digest of the whole file.
    pub digest: FileDigest,
}

/// Calls `each` with each record of a file and its row, or the fault of the record, and shows the progress.
///
/// # Errors
/// The file can't be read to its end, or `each` failed.
pub fn each_row<T: Row>(
    source: &mut Source,
    form: Form,
    progress: &mut Progress,
    mut each: impl FnMut(Record<'_>, Result<T, Fault>) -> Result<(), Failure>,
) -> Result<AllRead, Failure> {
    let (name, size) = (source.name.clone(), source.size);
    let mut reading = source.read().map_err(|error| Failure::Failed(format!("{name} can't be read: {error}")))?;
    let unreadable = |error| Failure::Failed(format!("{name}: {error}"));
    let count = reading.count();
    let mut rows = Rows::<T, _>::new(reading.buffered(), form).map_err(unreadable)?;
    let mut index = 0;
    while let Some(line) = rows.next() {
        let line = line.map_err(unreadable)?;
        let record = Record { index, line: line.number, written: rows.written(), header: rows.header() };
        each(record, line.row)?;
        index += 1;
        progress.show(index, count.get(), size);
    }
    drop(rows);
    let digest = reading.digest();
    source.size = Some(count.get());
    progress.finish();
    Ok(AllRead { records: index, digest })
}
