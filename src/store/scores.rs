//! Scores by user and day, and the sums of them.
//!
//! The table is in the order of months, then users, then days. So a user's scores are found by one step into each month
//! that has any.

use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, OptionalExtension, named_params};
use serde::Serialize;

use super::day_number::DayNumber;
use super::error::StoreError;
use super::facts::ScoreChange;
use super::insertion::{Insertion, ROWS, Values};
pub use super::months::total;
use super::months::{parameters, with_months};
use super::spending::spendable;
use super::write::Write;
use crate::domain::{EventDate, UserId};

/// A user's score on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayScore {
    /// The day.
    pub date: EventDate,
    /// The sum of its events.
    pub score: i64,
}

/// Adds `score` points of `events` events to a user's day; see [`Adder::add`].
pub(super) fn add(
    write: &Write<'_>,
    user_id: UserId,
    date: EventDate,
    score: i64,
    events: i64,
) -> Result<(), StoreError> {
    Adder::new(write)?.add(user_id, date, score, events)
}

/// What is to be added to a user's day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addition {
    pub user_id: UserId,
    pub date: EventDate,
    /// Points.
    pub score: i64,
    /// How many events these are the points of.
    pub events: i64,
}

impl Addition {
    /// The key of the row. Rows that are sorted by it are in the order of the table.
    pub fn place(&self) -> (u32, UserId, u32) {
        let day = DayNumber::from(self.date);
        (day.month(), self.user_id, day.of_its_month())
    }
}

/// How an [`Insertion`] begins and ends that adds to the scores: month, user, day of the month, score, events.
pub(super) const ADD_ROWS: (&str, &str) = (
    // OR FAIL spares SQLite copies of pages, as for an event.
    "INSERT OR FAIL INTO scores (month, user_id, day, score, events) VALUES",
    "ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + excluded.events",
);

/// Does for many days of users what [`Adder::add`] does for one. They have to be in the order of the table, each once.
pub(super) fn add_all(write: &Write<'_>, additions: &[Addition]) -> Result<(), StoreError> {
    // A statement that returns what it has written costs more than two that do not, if it writes few rows.
    let (many, few) = additions.split_at(additions.len() / ROWS * ROWS);
    if !many.is_empty() {
        add_many(write, many)?;
    }
    let mut adder = Adder::new(write)?;
    few.iter().try_for_each(|addition| adder.add(addition.user_id, addition.date, addition.score, addition.events))
}

fn add_many(write: &Write<'_>, additions: &[Addition]) -> Result<(), StoreError> {
    let (begin, end) = ADD_ROWS;
    let end = format!("{end} RETURNING month, user_id, day, score, events");
    let mut insertion = Insertion::new(write.connection, (begin, &end), (5, ""), &[])?;
    // SQLite may return rows in any order.
    let mut now: Vec<Option<(i64, i64)>> = vec![None; additions.len()];
    let bind = |values: &mut Values<'_, '_>, addition: &Addition| {
        let (month, user_id, day) = addition.place();
        values.bind(month)?;
        values.bind(user_id)?;
        values.bind(day)?;
        values.bind(addition.score)?;
        values.bind(addition.events)
    };
    insertion.insert_returning(additions, bind, |row| {
        let place = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Ok(at) = additions.binary_search_by_key(&place, Addition::place) {
            now[at] = Some((row.get(3)?, row.get(4)?));
        }
        Ok(())
    })?;
    for (addition, now) in additions.iter().zip(now) {
        let Some((score, events)) = now else {
            return Err(StoreError::Damaged(format!("no score for user {} on {}", addition.user_id, addition.date)));
        };
        if (score, events) == (0, 0) {
            remove(write, addition.place())?;
        }
        let then = (score.saturating_sub(addition.score), events.saturating_sub(addition.events));
        note(write, addition.user_id, addition.date, then, (score, events));
    }
    Ok(())
}

/// Removes the row of a day in which nothing is left.
fn remove(write: &Write<'_>, place: (u32, UserId, u32)) -> Result<(), StoreError> {
    const DELETE: &str = "DELETE FROM scores WHERE month = ?1 AND user_id = ?2 AND day = ?3";
    write.connection.prepare_cached(DELETE)?.execute(place)?;
    Ok(())
}

/// Notes that the score and the number of events of a day were `then`, and are `now`.
fn note(write: &Write<'_>, user_id: UserId, date: EventDate, then: (i64, i64), now: (i64, i64)) {
    // Only something else that wrote into the file can have left a score without events. Readers do not see it.
    let seen = |(score, events): (i64, i64)| if events > 0 { (score, 1) } else { (0, 0) };
    let ((now, days_now), (then, days_then)) = (seen(now), seen(then));
    write.note_score(ScoreChange { user_id, date, score: now - then, days: days_now - days_then });
}

/// Adds points to scores.
pub(super) struct Adder<'w> {
    write: &'w Write<'w>,
    select: CachedStatement<'w>,
    insert: CachedStatement<'w>,
    update: CachedStatement<'w>,
}

impl<'w> Adder<'w> {
    /// Prepares the statements.
    pub fn new(write: &'w Write<'w>) -> rusqlite::Result<Adder<'w>> {
        // Reading a row and then writing it costs less than an upsert that returns what it wrote, because SQLite sets
        // up a table for that each time.
        const SELECT: &str = "SELECT score, events FROM scores WHERE month = ?1 AND user_id = ?2 AND day = ?3";
        const INSERT: &str = "INSERT INTO scores (month, user_id, day, score, events) VALUES (?1, ?2, ?3, ?4, ?5)";
        const UPDATE: &str = "UPDATE scores SET score = ?4, events = ?5 WHERE month = ?1 AND user_id = ?2 AND day = ?3";
        Ok(Adder {
            write,
            select: write.connection.prepare_cached(SELECT)?,
            insert: write.connection.prepare_cached(INSERT)?,
            update: write.connection.prepare_cached(UPDATE)?,
        })
    }

    /// Adds `score` points of `events` events to a user's day. If nothing is left in a day, its row is removed.
    ///
    /// A score is changed only by adding to it. So the difference between what a score is and what it should be stays
    /// the same, whatever is stored meanwhile, and the rollup can add a difference that it found a moment ago. For the
    /// same reason a row is removed only when nothing at all is left in it.
    pub fn add(&mut self, user_id: UserId, date: EventDate, score: i64, events: i64) -> Result<(), StoreError> {
        let day = DayNumber::from(date);
        let key = (day.month(), user_id, day.of_its_month());
        let before = self.select.query_row(key, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()?;
        let (score_then, events_then) = before.unwrap_or_default();
        let (score_now, events_now) = (score_then.saturating_add(score), events_then.saturating_add(events));
        let row = (key.0, key.1, key.2, score_now, events_now);
        match (before, score_now == 0 && events_now == 0) {
            (None, true) => {}
            (None, false) => drop(self.insert.execute(row)?),
            (Some(_), false) => drop(self.update.execute(row)?),
            (Some(_), true) => remove(self.write, key)?,
        }
        note(self.write, user_id, date, (score_then, events_then), (score_now, events_now));
        Ok(())
    }
}

/// How many deductions of a user are looked at to tell what was spent.
const DEDUCTIONS_MAX: i64 = 1_000;

/// What a user has spent, and can still spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    /// The sum of the deductions up to today, without its sign.
    pub spent: i64,
    /// Whether these are all of them. If a user has very many, only the latest are summed up.
    pub is_all: bool,
    /// All points up to today, minus every deduction of a later day.
    pub spendable: i64,
}

/// What a user has spent, and can still spend. The work is bounded.
pub fn purse(connection: &Connection, user_id: UserId, today: EventDate) -> Result<Purse, StoreError> {
    // This uses the index of deductions, and reads one more than are summed up.
    const LATEST: &str = "
        SELECT points FROM score_events INDEXED BY score_events_deductions
        WHERE user_id = :user_id AND date <= :today AND points < 0 ORDER BY date DESC LIMIT :limit";
    let mut statement = connection.prepare_cached(LATEST)?;
    let parameters = named_params! { ":user_id": user_id, ":today": today, ":limit": DEDUCTIONS_MAX + 1 };
    let (mut spent, mut count) = (0_i64, 0);
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        count += 1;
        if count <= DEDUCTIONS_MAX {
            spent = spent.saturating_sub(row.get(0)?);
        }
    }
    Ok(Purse { spent, is_all: count <= DEDUCTIONS_MAX, spendable: spendable(connection, user_id, today)? })
}

/// The row for a user's day, as it is in the file.
pub(super) struct DayRow {
    pub date: EventDate,
    pub score: i64,
    pub events: i64,
}

/// A user's rows, oldest first.
pub(super) fn user_days(
    connection: &Connection,
    user_id: UserId,
    dates: &RangeInclusive<EventDate>,
) -> Result<Vec<DayRow>, StoreError> {
    const SELECT: &str = with_months!(
        "SELECT scores.month, day, score, events FROM months CROSS JOIN scores
         WHERE scores.month = months.month AND user_id = :user_id
           AND scores.month * 100 + day BETWEEN :first AND :last
         ORDER BY scores.month, day"
    );
    let mut statement = connection.prepare_cached(SELECT)?;
    let days = statement.query_map(parameters!(user_id, dates), |row| {
        Ok(DayRow { date: DayNumber::read_date(row, 0, 1)?, score: row.get(2)?, events: row.get(3)? })
    })?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// A user's score days, oldest first.
pub fn days(
    connection: &Connection,
    user_id: UserId,
    dates: &RangeInclusive<EventDate>,
) -> Result<Vec<DayScore>, StoreError> {
    let days = user_days(connection, user_id, dates)?;
    // As everywhere, a score that something else has left without events is not seen.
    Ok(days.into_iter().filter(|day| day.events > 0).map(|day| DayScore { date: day.date, score: day.score }).collect())
}

/// Whether a user has events on any day, past or future.
pub fn has_any(connection: &Connection, user_id: UserId) -> Result<bool, StoreError> {
    const SELECT: &str = with_months!(
        "SELECT EXISTS (SELECT 1 FROM months CROSS JOIN scores
                        WHERE scores.month = months.month AND user_id = :user_id AND events > 0
                          AND scores.month * 100 + day BETWEEN :first AND :last)"
    );
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement.query_row(parameters!(user_id, EventDate::MIN..=EventDate::MAX), |row| row.get(0))?)
}
