//! Scores by user and day, and the sums of them.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};
use serde::Serialize;

use super::StoreError;
use crate::domain::{EventDate, Ranking, UserId};

/// A user's score on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayScore {
    /// The day.
    pub date: EventDate,
    /// The sum of its events.
    pub score: i64,
}

/// A user's standing in a window of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The sum over the window; 0 without events.
    pub total_score: i64,
    /// 1 for the highest; `None` without events in the window.
    pub position: Option<i64>,
}

/// Adds `score` points of `events` events to a user's day.
///
/// Adding is all that is ever done to a score. So the difference between what a score is and what it should be stays the
/// same whatever is stored meanwhile, which is why the rollup can add a difference that it found a moment ago. For the
/// same reason a row goes (see [`clear`]) only when nothing at all is left in it.
pub(super) fn add(
    connection: &Connection,
    user_id: UserId,
    date: EventDate,
    score: i64,
    events: i64,
) -> Result<(), StoreError> {
    const UPSERT: &str = "
        INSERT INTO scores (user_id, date, score, events) VALUES (:user_id, :date, :score, :events)
        ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + excluded.events";
    connection.prepare_cached(UPSERT)?.execute(named_params! {
        ":user_id": user_id,
        ":date": date,
        ":score": score,
        ":events": events,
    })?;
    Ok(())
}

/// Removes a user's day in which nothing is left. Has to follow whatever may have taken the last event of a day.
pub(super) fn clear(connection: &Connection, user_id: UserId, date: EventDate) -> Result<(), StoreError> {
    const DELETE: &str = "
        DELETE FROM scores WHERE user_id = :user_id AND date = :date AND score = 0 AND events = 0";
    connection.prepare_cached(DELETE)?.execute(named_params! { ":user_id": user_id, ":date": date })?;
    Ok(())
}

/// The overall score less every deduction that is dated after `today`.
pub fn spendable(connection: &Connection, user_id: UserId, today: EventDate) -> Result<i64, StoreError> {
    // The first by the primary key of scores, the second by the index of deductions.
    const SELECT: &str = "
        SELECT (SELECT coalesce(sum(score), 0) FROM scores WHERE user_id = :user_id AND date <= :today)
             + (SELECT coalesce(sum(points), 0) FROM score_events
                WHERE user_id = :user_id AND date > :today AND points < 0)";
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement.query_row(named_params! { ":user_id": user_id, ":today": today }, |row| row.get(0))?)
}

/// A user's score days, oldest first, by the primary key.
pub fn days(
    connection: &Connection,
    user_id: UserId,
    dates: &RangeInclusive<EventDate>,
) -> Result<Vec<DayScore>, StoreError> {
    const SELECT: &str = "
        SELECT date, score FROM scores WHERE user_id = :user_id AND date BETWEEN :first AND :last ORDER BY date";
    let mut statement = connection.prepare_cached(SELECT)?;
    let days = statement
        .query_map(named_params! { ":user_id": user_id, ":first": dates.start(), ":last": dates.end() }, |row| {
            Ok(DayScore { date: row.get(0)?, score: row.get(1)? })
        })?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// A user's sum over a window and position among all who have events in it.
///
/// The position sums every user's scores: its cost follows the number of scores in the window.
pub fn standing(
    connection: &Connection,
    user_id: UserId,
    window: &RangeInclusive<EventDate>,
    ranking: Ranking,
) -> Result<Standing, StoreError> {
    let sum = "
        SELECT coalesce(sum(score), 0), count(*) FROM scores WHERE user_id = :user_id AND date BETWEEN :first AND :last";
    // One transaction, so that both statements see the same commit.
    let snapshot = connection.unchecked_transaction()?;
    let (total_score, days): (i64, i64) = snapshot
        .prepare_cached(sum)?
        .query_row(named_params! { ":user_id": user_id, ":first": window.start(), ":last": window.end() }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if days == 0 {
        return Ok(Standing { total_score, position: None });
    }
    let ahead = match ranking {
        Ranking::DenseRank => {
            "SELECT count(DISTINCT total) FROM (
                SELECT sum(score) AS total FROM scores WHERE date BETWEEN :first AND :last GROUP BY user_id)
             WHERE total > :total AND :user_id IS NOT NULL"
        }
        Ranking::Rank => {
            "SELECT count(*) FROM (
                SELECT sum(score) AS total FROM scores WHERE date BETWEEN :first AND :last GROUP BY user_id)
             WHERE total > :total AND :user_id IS NOT NULL"
        }
        Ranking::RowNumber => {
            "SELECT count(*) FROM (
                SELECT user_id, sum(score) AS total FROM scores
                WHERE date BETWEEN :first AND :last GROUP BY user_id)
             WHERE total > :total OR (total = :total AND user_id < :user_id)"
        }
    };
    let ahead: i64 = snapshot.prepare_cached(ahead)?.query_row(
        named_params! {
            ":user_id": user_id, ":first": window.start(), ":last": window.end(), ":total": total_score,
        },
        |row| row.get(0),
    )?;
    Ok(Standing { total_score, position: Some(ahead + 1) })
}
