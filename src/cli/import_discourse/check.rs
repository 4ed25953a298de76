//! Checking the rows of a table, in which no key may come twice.

use super::distinct::{Distinct, Key};
use super::{Context, Table};
use crate::cli::Failure;
use crate::cli::bulk::{BadLines, Progress, each_row};
use crate::tables::{Fault, Row};

/// The bad lines of a table.
pub struct Report {
    /// How many there are.
    pub bad: u64,
    lines: BadLines,
}

impl Report {
    /// Names the first of them on stderr.
    pub fn name(&self) {
        self.lines.name_first();
    }
}

/// The file is in no order, so it has to be read anew.
struct NoOrder;

/// Checks each row with `check`. `key` gives what must not come twice, and `what` says what it is.
///
/// # Errors
/// The file can't be read, or `check` failed.
pub fn rows<T: Row>(
    context: &Context<'_>,
    table: &mut Table,
    key: impl Fn(&T) -> u64,
    what: (&'static str, &str),
    mut check: impl FnMut(&T) -> Result<Result<(), Fault>, Failure>,
) -> Result<Report, Failure> {
    for in_order in [true, false] {
        if let Ok(report) = pass(context, table, in_order, &key, what, &mut check)? {
            return Ok(report);
        }
    }
    Err(Failure::failed("a file in no order was read as one in order"))
}

fn pass<T: Row>(
    context: &Context<'_>,
    table: &mut Table,
    in_order: bool,
    key: impl Fn(&T) -> u64,
    (column, twice): (&'static str, &str),
    mut check: impl FnMut(&T) -> Result<Result<(), Fault>, Failure>,
) -> Result<Result<Report, NoOrder>, Failure> {
    let form = table.form();
    let mut progress = Progress::new("checking", context.quiet);
    let mut distinct = Distinct::new(in_order);
    let mut lines = BadLines::new(form, None);
    let mut is_in_order = true;
    each_row::<T>(&mut table.source, form, &mut progress, |record, row| {
        // The rest is read all the same: what comes out of a pipe has to be copied to its end.
        if !is_in_order {
            return Ok(());
        }
        let fault = match row {
            Err(fault) => Some(fault),
            Ok(row) => match distinct.take(key(&row)) {
                None => {
                    is_in_order = false;
                    None
                }
                Some(Key::New) => check(&row)?.err(),
                Some(Key::Twice) => Some(Fault::in_column(column, twice)),
                Some(Key::Unknown) => {
                    return Err(Failure::Failed(format!(
                        "line {}: a file of more than 4,000,000 lines has to be in order, by {column}",
                        record.line
                    )));
                }
            },
        };
        fault.map_or(Ok(()), |fault| lines.add(&record, &fault))
    })?;
    Ok(if is_in_order { Ok(Report { bad: lines.count(), lines }) } else { Err(NoOrder) })
}
