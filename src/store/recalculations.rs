//! Recalculations that were asked for, and how many more are accepted.

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::error::StoreError;
use super::write::Write;
use crate::domain::{EventDate, Timestamp, Username};

/// The span of time over which requests are limited. It always ends now.
pub const LIMITED_OVER: TimeDelta = TimeDelta::hours(24);

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// It is noted and has to be run.
    Accepted,
    /// No more requests are accepted now.
    Limited {
        /// How long until one more is accepted.
        wait: TimeDelta,
    },
}

/// Notes a request, unless `limit` of them were noted within the last 24 hours.
pub fn request(write: &Write<'_>, from_date: EventDate, by: &Username, limit: u32) -> Result<Requested, StoreError> {
    // This finds the request that has to become 24 hours old before one more is accepted.
    const BLOCKING: &str = "
        SELECT requested_at FROM recalculations WHERE requested_at > :since
        ORDER BY requested_at DESC LIMIT 1 OFFSET :limit - 1";
    let since = Timestamp::new(write.now.moment() - LIMITED_OVER);
    if limit == 0 {
        return Ok(Requested::Limited { wait: LIMITED_OVER });
    }
    let blocking: Option<Timestamp> = write
        .connection
        .prepare_cached(BLOCKING)?
        .query_row(named_params! { ":since": since, ":limit": limit }, |row| row.get(0))
        .optional()?;
    if let Some(blocking) = blocking {
        return Ok(Requested::Limited { wait: LIMITED_OVER - write.now.since(blocking) });
    }
    const INSERT: &str = "
        INSERT INTO recalculations (requested_at, requested_by, from_date) VALUES (:now, :by, :from_date)";
    write
        .connection
        .prepare_cached(INSERT)?
        .execute(named_params! { ":now": write.now, ":by": by, ":from_date": from_date })?;
    Ok(Requested::Accepted)
}

/// How many more requests would be accepted now.
pub fn remaining(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
    const COUNT: &str = "SELECT count(*) FROM recalculations WHERE requested_at > ?1";
    let since = Timestamp::new(now.moment() - LIMITED_OVER);
    let used: u32 = connection.prepare_cached(COUNT)?.query_row([since], |row| row.get(0))?;
    Ok(limit.saturating_sub(used))
}

/// For the requests that have not been carried out: the earliest day that they ask for, and the highest of their
/// numbers.
pub fn pending(connection: &Connection) -> Result<Option<(EventDate, i64)>, StoreError> {
    const SELECT: &str = "SELECT min(from_date), max(id) FROM recalculations WHERE finished_at IS NULL";
    let (from_date, last): (Option<EventDate>, Option<i64>) =
        connection.prepare_cached(SELECT)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(from_date.zip(last))
}

/// Marks the requests up to number `last` as carried out.
pub fn finish(write: &Write<'_>, last: i64) -> Result<(), StoreError> {
    const UPDATE: &str = "UPDATE recalculations SET finished_at = :now WHERE id <= :last AND finished_at IS NULL";
    write.connection.prepare_cached(UPDATE)?.execute(named_params! { ":now": write.now, ":last": last })?;
    Ok(())
}
