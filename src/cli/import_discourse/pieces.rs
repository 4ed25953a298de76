//! Storing the rows of a table, which were checked, in short transactions.

use std::time::Instant;

use super::{Context, Table};
use crate::cli::Failure;
use crate::cli::bulk::{Pace, Progress, each_row};
use crate::tables::Row;

/// How many rows the first transaction stores; later ones store what fits into their time.
const ROWS_FIRST: usize = 200;

/// The least and the most of that.
const ROWS_BOUNDS: (usize, usize) = (50, 20_000);

/// Calls `store` with a few rows at a time, each made by `row`. Between two calls there is a pause.
///
/// # Errors
/// The file can't be read, a row of it is bad now, or `row` or `store` failed.
pub fn in_pieces<T: Row, U>(
    context: &Context<'_>,
    table: &mut Table,
    what: &'static str,
    mut row: impl FnMut(T) -> Result<U, Failure>,
    mut store: impl FnMut(Vec<U>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (form, name) = (table.form(), table.source.name.clone());
    let mut progress = Progress::new(what, context.quiet);
    let mut pace = Pace::new(context.database, ROWS_FIRST, ROWS_BOUNDS);
    let mut piece = Vec::with_capacity(ROWS_FIRST);
    let mut flush = |piece: Vec<U>, pace: &mut Pace| -> Result<(), Failure> {
        pace.pause();
        let (count, began) = (piece.len(), Instant::now());
        store(piece)?;
        pace.took(count, began.elapsed());
        Ok(())
    };
    each_row::<T>(&mut table.source, form, &mut progress, |record, read| {
        let read = read.map_err(|fault| {
            Failure::Failed(format!("{name}: line {}: {fault}; the file has changed since it was checked", record.line))
        })?;
        piece.push(row(read)?);
        if piece.len() >= pace.size() {
            flush(std::mem::take(&mut piece), &mut pace)?;
        }
        Ok(())
    })?;
    if !piece.is_empty() {
        flush(piece, &mut pace)?;
    }
    Ok(())
}
