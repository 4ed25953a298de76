//! Storing the rows of a table, which were checked, in short transactions.

use std::time::Instant;

use super::{Context, PAUSE, PIECE_TIME, Table};
use crate::cli::Failure;
use crate::cli::bulk::{Progress, each_row};
use crate::tables::Row;

/// How many rows the first transaction stores; later ones store what fits into their time.
const ROWS_FIRST: usize = 200;

/// The bounds of that.
const ROWS_MIN: usize = 50;
const ROWS_MAX: usize = 10_000;

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
    let (mut piece, mut rows_max) = (Vec::with_capacity(ROWS_FIRST), ROWS_FIRST);
    let mut last: Option<Instant> = None;
    let mut flush = |piece: Vec<U>| -> Result<usize, Failure> {
        if let Some(last) = last {
            std::thread::sleep(PAUSE.saturating_sub(last.elapsed()));
        }
        let (count, began) = (piece.len(), Instant::now());
        store(piece)?;
        last = Some(Instant::now());
        let fits = count as f64 * PIECE_TIME.as_secs_f64() / began.elapsed().as_secs_f64().max(1e-6);
        Ok((fits as usize).min(count * 2).clamp(ROWS_MIN, ROWS_MAX))
    };
    each_row::<T>(&mut table.source, form, &mut progress, |record, read| {
        let read = read.map_err(|fault| {
            Failure::Failed(format!("{name}: line {}: {fault}; the file has changed since it was checked", record.line))
        })?;
        piece.push(row(read)?);
        if piece.len() >= rows_max {
            rows_max = flush(std::mem::replace(&mut piece, Vec::with_capacity(rows_max)))?;
        }
        Ok(())
    })?;
    if !piece.is_empty() {
        flush(piece)?;
    }
    Ok(())
}
