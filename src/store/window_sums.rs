//! Reading scores for the standings: whole windows, and days that enter or leave one.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};

use super::StoreError;
use crate::domain::{EventDate, UserId};

/// A score of the file, with its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserDay<'r> {
    /// The user.
    pub user_id: UserId,
    /// The day as it is written, `YYYY-MM-DD`: that sorts as days do, and millions of them are not worth reading.
    pub date: &'r str,
    /// The score.
    pub score: i64,
}

/// Hands every score within `dates` to `take`, all of a user's together, users in the order of their numbers: a walk along
/// the primary key, whose cost follows the length of all history up to the last day.
pub fn by_user(
    connection: &Connection,
    dates: &RangeInclusive<EventDate>,
    take: impl FnMut(UserDay<'_>),
) -> Result<(), StoreError> {
    // The plus keeps SQLite from the index of days, which it would follow and then sort by user.
    const SELECT: &str = "
        SELECT user_id, date, score FROM scores
        WHERE +date BETWEEN :first AND :last AND events > 0 ORDER BY user_id, date";
    walk(connection, SELECT, dates, take)
}

/// Hands every score within `dates` to `take`, in the order of days: its cost follows the scores of those days.
pub fn by_day(
    connection: &Connection,
    dates: &RangeInclusive<EventDate>,
    take: impl FnMut(UserDay<'_>),
) -> Result<(), StoreError> {
    const SELECT: &str = "
        SELECT user_id, date, score FROM scores INDEXED BY scores_by_date
        WHERE date BETWEEN :first AND :last AND events > 0";
    walk(connection, SELECT, dates, take)
}

fn walk(
    connection: &Connection,
    statement: &str,
    dates: &RangeInclusive<EventDate>,
    mut take: impl FnMut(UserDay<'_>),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(named_params! { ":first": dates.start(), ":last": dates.end() })?;
    while let Some(row) = rows.next()? {
        let date = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        take(UserDay { user_id: row.get(0)?, date, score: row.get(2)? });
    }
    Ok(())
}
