//! Reading scores for the standings: whole windows, and days that enter or leave one.

use std::ops::RangeInclusive;

use rusqlite::{Connection, params};

use super::day_number::DayNumber;
use super::error::StoreError;
use crate::domain::{EventDate, UserId};

/// A score of the file, with its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserScore {
    /// The user.
    pub user_id: UserId,
    /// The day.
    pub day: DayNumber,
    /// The score.
    pub score: i64,
}

/// Hands every score within `dates` to `take`, in the order of the file: by month, then by the user's number, then by
/// day. The cost depends on how many scores these months have.
pub fn walk(
    connection: &Connection,
    dates: &RangeInclusive<EventDate>,
    mut take: impl FnMut(UserScore),
) -> Result<(), StoreError> {
    const SELECT: &str = "
        SELECT month, user_id, day, score FROM scores
        WHERE month BETWEEN ?1 AND ?2 AND events > 0 ORDER BY month, user_id, day";
    let (first, last) = (DayNumber::from(*dates.start()), DayNumber::from(*dates.end()));
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![first.month(), last.month()])?;
    while let Some(row) = rows.next()? {
        let day = DayNumber::read(row, 0, 2)?;
        if (first..=last).contains(&day) {
            take(UserScore { user_id: row.get(1)?, day, score: row.get(3)? });
        }
    }
    Ok(())
}
