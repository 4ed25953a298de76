//! Scores by user and day, and the sums of them.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};
use serde::Serialize;

use super::{ScoreChange, StoreError, Write};
use crate::domain::{EventDate, UserId};

/// A user's score on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayScore {
    /// The day.
    pub date: EventDate,
    /// The sum of its events.
    pub score: i64,
}

/// Adds `score` points of `events` events to a user's day. A day in which nothing is left has no row.
///
/// Adding is all that is ever done to a score. So the difference between what a score is and what it should be stays the
/// same whatever is stored meanwhile, which is why the rollup can add a difference that it found a moment ago. For the
/// same reason a row goes only when nothing at all is left in it.
pub(super) fn add(
    write: &Write<'_>,
    user_id: UserId,
    date: EventDate,
    score: i64,
    events: i64,
) -> Result<(), StoreError> {
    const UPSERT: &str = "
        INSERT INTO scores (user_id, date, score, events) VALUES (:user_id, :date, :score, :events)
        ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + excluded.events
        RETURNING score, events";
    let (sum, after): (i64, i64) =
        write.connection.prepare_cached(UPSERT)?.query_row(
            named_params! { ":user_id": user_id, ":date": date, ":score": score, ":events": events },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    if sum == 0 && after == 0 {
        const DELETE: &str = "DELETE FROM scores WHERE user_id = :user_id AND date = :date";
        write.connection.prepare_cached(DELETE)?.execute(named_params! { ":user_id": user_id, ":date": date })?;
    }
    // A score without events, which only something else can have left, is not seen by who reads the file.
    let seen = |score: i64, events: i64| if events > 0 { (score, 1) } else { (0, 0) };
    let ((now, days_now), (then, days_then)) = (seen(sum, after), seen(sum - score, after - events));
    write.note_score(ScoreChange { user_id, date, score: now - then, days: days_now - days_then });
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

/// A user's sum over a window, by the primary key; 0 without events.
pub fn total(connection: &Connection, user_id: UserId, window: &RangeInclusive<EventDate>) -> Result<i64, StoreError> {
    const SELECT: &str = "
        SELECT coalesce(sum(score), 0) FROM scores WHERE user_id = :user_id AND date BETWEEN :first AND :last";
    let mut statement = connection.prepare_cached(SELECT)?;
    let parameters = named_params! { ":user_id": user_id, ":first": window.start(), ":last": window.end() };
    Ok(statement.query_row(parameters, |row| row.get(0))?)
}
