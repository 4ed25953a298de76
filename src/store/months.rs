//! The months in which anybody has scores: whoever looks a user up takes one step into each.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};

use super::day_number::DayNumber;
use super::error::StoreError;
use crate::domain::{EventDate, UserId};

/// Puts before a statement the list of months that have scores, from the month of `:first` to the month of `:last`.
/// Both days are written YYYYMMDD. Each month takes one step along the primary key.
macro_rules! with_months {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE months (month) AS (
                SELECT min(month) FROM scores WHERE month >= :first / 100
                UNION ALL
                SELECT (SELECT min(month) FROM scores WHERE month > months.month) FROM months
                WHERE months.month < :last / 100
            )",
            $select
        )
    };
}

/// The parameters of a statement made by `with_months`.
macro_rules! parameters {
    ($user_id:expr, $dates:expr) => {
        named_params! {
            ":user_id": $user_id, ":first": DayNumber::from(*$dates.start()), ":last": DayNumber::from(*$dates.end())
        }
    };
}

pub(super) use {parameters, with_months};

/// In how many months up to that of `today` anybody has scores, counted up to `max`.
pub(super) fn count(connection: &Connection, today: EventDate, max: u32) -> Result<u32, StoreError> {
    const COUNT: &str = "
        WITH RECURSIVE months (month) AS (
            SELECT min(month) FROM scores
            UNION ALL
            SELECT (SELECT min(month) FROM scores WHERE month > months.month) FROM months WHERE months.month < :last
            LIMIT :max
        )
        SELECT count(month) FROM months";
    let parameters = named_params! { ":last": DayNumber::from(today).month(), ":max": max };
    Ok(connection.prepare_cached(COUNT)?.query_row(parameters, |row| row.get(0))?)
}

/// A user's sum over a window; 0 if there are no events.
pub fn total(connection: &Connection, user_id: UserId, window: &RangeInclusive<EventDate>) -> Result<i64, StoreError> {
    const SELECT: &str = with_months!(
        "SELECT coalesce(sum(score), 0) FROM months CROSS JOIN scores
         WHERE scores.month = months.month AND user_id = :user_id AND events > 0
           AND scores.month * 100 + day BETWEEN :first AND :last"
    );
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement.query_row(parameters!(user_id, window), |row| row.get(0))?)
}
