//! Inserting many rows with few statements.

use rusqlite::types::ToSql;
use rusqlite::{CachedStatement, Connection, Row};

use super::error::StoreError;

/// How many rows one statement inserts: enough that beginning and ending it costs little.
pub(super) const ROWS: usize = 32;

/// An insertion of rows, many at a time.
pub(super) struct Insertion<'c> {
    many: CachedStatement<'c>,
    one: CachedStatement<'c>,
    /// How many values are the same in all rows.
    shared: usize,
    /// How many values each row has of its own.
    own: usize,
}

/// The values of a row, while they are bound to a statement.
pub(super) struct Values<'s, 'c> {
    statement: &'s mut CachedStatement<'c>,
    next: usize,
}

impl Values<'_, '_> {
    /// Binds the next value.
    pub fn bind(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.statement.raw_bind_parameter(self.next, value)?;
        self.next += 1;
        Ok(())
    }
}

impl<'c> Insertion<'c> {
    /// Prepares it. A statement is `begin`, then for each row its values in brackets, then `end`. A row has values of its own, and
    /// after them what is written in `rest`, where `?1` and so on stand for the values that are the same in all rows.
    pub fn new(
        connection: &'c Connection,
        (begin, end): (&str, &str),
        (own, rest): (usize, &str),
        shared: &[&dyn ToSql],
    ) -> Result<Insertion<'c>, StoreError> {
        let prepare = |count: usize| -> rusqlite::Result<CachedStatement<'c>> {
            let row = |row: usize| {
                let first = shared.len() + 1 + row * own;
                let values: Vec<String> = (first..first + own).map(|number| format!("?{number}")).collect();
                format!("({}{rest})", values.join(", "))
            };
            let rows: Vec<String> = (0..count).map(row).collect();
            let mut statement = connection.prepare_cached(&format!("{begin} {} {end}", rows.join(", ")))?;
            for (at, value) in shared.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, value)?;
            }
            Ok(statement)
        };
        Ok(Insertion { many: prepare(ROWS)?, one: prepare(1)?, shared: shared.len(), own })
    }

    /// Inserts rows, in their order. `bind` binds the values of each.
    pub fn insert<T>(
        &mut self,
        rows: &[T],
        bind: impl Fn(&mut Values<'_, 'c>, &T) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.insert_returning(rows, bind, |_| Ok(()))
    }

    /// Inserts rows, in their order, and calls `read` with each row that a statement returns, in any order.
    pub fn insert_returning<T>(
        &mut self,
        rows: &[T],
        bind: impl Fn(&mut Values<'_, 'c>, &T) -> rusqlite::Result<()>,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let (whole, rest) = rows.as_chunks::<ROWS>();
        let whole = whole.iter().map(|rows| rows.as_slice());
        for rows in whole.chain(rest.chunks(1)) {
            let statement = if rows.len() == ROWS { &mut self.many } else { &mut self.one };
            for (at, row) in rows.iter().enumerate() {
                let next = self.shared + 1 + at * self.own;
                bind(&mut Values { statement: &mut *statement, next }, row)?;
            }
            let mut returned = statement.raw_query();
            while let Some(row) = returned.next()? {
                read(row)?;
            }
        }
        Ok(())
    }
}
