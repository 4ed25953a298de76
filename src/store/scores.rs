//! Scores by user and day, and the sums of them.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};
use serde::Serialize;

use super::{ScoreChange, StoreError, Write};
use crate::domain::{EventDate, Ranking, UserId};

/// The longest window whose scores are found by their days.
const SHORT_WINDOW_DAYS: u32 = 31;

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
        Ranking::DenseRank => "count(DISTINCT total)",
        Ranking::Rank | Ranking::RowNumber => "count(*)",
    };
    let before = match ranking {
        Ranking::DenseRank | Ranking::Rank => "total > :total AND :user_id IS NOT NULL",
        Ranking::RowNumber => "total > :total OR (total = :total AND user_id < :user_id)",
    };
    // A short window by the index of days. A long one by the primary key, which is in the order of users already; the
    // plus keeps SQLite from the index.
    let date = if window.end().minus_days(SHORT_WINDOW_DAYS) <= *window.start() { "date" } else { "+date" };
    let ahead = format!(
        "SELECT {ahead} FROM (
            SELECT user_id, sum(score) AS total FROM scores WHERE {date} BETWEEN :first AND :last GROUP BY user_id)
         WHERE {before}"
    );
    let ahead: i64 = snapshot.prepare_cached(&ahead)?.query_row(
        named_params! {
            ":user_id": user_id, ":first": window.start(), ":last": window.end(), ":total": total_score,
        },
        |row| row.get(0),
    )?;
    Ok(Standing { total_score, position: Some(ahead + 1) })
}
