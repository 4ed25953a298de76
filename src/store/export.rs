//! Rows of whole tables, page by page.
//!
//! Each page is a read of its own that begins at a key. So a long export keeps no snapshot of the file, and the write-ahead
//! log can begin anew meanwhile. What is stored or changed while an export goes on is in it or not, by where it is.

use std::borrow::Cow;
use std::ops::ControlFlow;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::Lossy;
use super::day_number::DayNumber;
use super::error::StoreError;
use super::event_list::{self, EventFilter};
use super::newest_events::ReadConnection;
use super::order::Order;
use super::scores;
use crate::domain::{EventDate, EventId, Timestamp, UserId};

/// How many events a page has at most if a filter is in force.
const FILTERED_MAX: usize = 1000;

/// An event with all that is kept of it. The texts are borrowed from the row that is being read.
#[derive(Debug, Clone)]
pub struct ExportedEvent<'r> {
    /// Its number.
    pub id: i64,
    /// Whose points these are.
    pub user_id: i64,
    /// The user's username, if the directory has one.
    pub username: Option<Cow<'r, str>>,
    /// The day they are for.
    pub date: &'r str,
    /// How many points.
    pub points: i64,
    /// What they are for.
    pub description: Option<&'r str>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who stored it.
    pub created_by: &'r str,
}

/// A username out of the directory, where another program may have written one that is not UTF-8.
fn username(value: ValueRef<'_>) -> rusqlite::Result<Option<Cow<'_, str>>> {
    Ok(value.as_bytes_or_null()?.map(String::from_utf8_lossy))
}

fn exported<'r>(row: &'r Row<'_>) -> rusqlite::Result<ExportedEvent<'r>> {
    Ok(ExportedEvent {
        id: row.get(0)?,
        user_id: row.get(1)?,
        username: username(row.get_ref(2)?)?,
        date: row.get_ref(3)?.as_str()?,
        points: row.get(4)?,
        description: row.get_ref(5)?.as_str_or_null()?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        created_by: row.get_ref(8)?.as_str()?,
    })
}

/// Calls `each` with the next events that `filter` wants, until it says that the page is full. Returns the id after which
/// the next page begins; `None`: there are no more. The filter's limit does not count.
pub fn events(
    connection: &ReadConnection<'_>,
    filter: &EventFilter,
    mut each: impl FnMut(&ExportedEvent<'_>) -> ControlFlow<()>,
) -> Result<Option<EventId>, StoreError> {
    if !filter.wants_all() {
        return filtered_events(connection, filter, each);
    }
    let select = format!(
        "SELECT score_events.id, user_id, username, date, points, description, created_at, updated_at, created_by
         FROM score_events NOT INDEXED LEFT JOIN users ON users.id = user_id
         WHERE score_events.id BETWEEN :low AND :high ORDER BY score_events.id {}",
        filter.order.sql()
    );
    let mut statement = connection.prepare_cached(&select)?;
    let ids = event_list::ids(filter);
    let mut rows = statement.query(named_params! { ":low": ids.start(), ":high": ids.end() })?;
    while let Some(row) = rows.next()? {
        let event = exported(row)?;
        if each(&event).is_break() {
            return Ok(Some(EventId(event.id)));
        }
    }
    Ok(None)
}

/// The same for a filter that does not want all.
fn filtered_events(
    connection: &ReadConnection<'_>,
    filter: &EventFilter,
    mut each: impl FnMut(&ExportedEvent<'_>) -> ControlFlow<()>,
) -> Result<Option<EventId>, StoreError> {
    const SELECT: &str = "
        SELECT score_events.id, user_id, username, date, points, description, created_at, updated_at, created_by
        FROM score_events NOT INDEXED LEFT JOIN users ON users.id = user_id WHERE score_events.id = ?1";
    let page = event_list::list(connection, &EventFilter { limit: FILTERED_MAX, ..filter.clone() })?;
    let mut statement = connection.prepare_cached(SELECT)?;
    for event in &page.events {
        // An event that was deleted since the page was read is left out.
        let flow = statement.query_row([event.id], |row| Ok(each(&exported(row)?))).optional()?;
        if flow.is_some_and(|flow| flow.is_break()) {
            return Ok(Some(event.id));
        }
    }
    Ok(page.events.last().map(|event| event.id).filter(|_| page.more))
}

/// A user's score on a day.
#[derive(Debug, Clone)]
pub struct ExportedScore<'r> {
    /// The user.
    pub user_id: UserId,
    /// The user's username, if the directory has one.
    pub username: Option<Cow<'r, str>>,
    /// The day.
    pub date: EventDate,
    /// The score.
    pub score: i64,
}

/// Which scores are wanted, and where the next page begins.
#[derive(Debug, Clone, Copy)]
pub struct ScoreFilter {
    /// Only this user's.
    pub user_id: Option<UserId>,
    /// Only those of this day and later ones.
    pub from: EventDate,
    /// Only those of this day and earlier ones.
    pub to: EventDate,
    /// The last score of the page before. They come month by month, then user by user.
    pub after: Option<(UserId, EventDate)>,
}

/// Calls `each` with the next scores, until it says that the page is full. Returns the score after which the next page
/// begins; `None`: there are no more.
pub fn scores(
    connection: &Connection,
    filter: &ScoreFilter,
    mut each: impl FnMut(&ExportedScore<'_>) -> ControlFlow<()>,
) -> Result<Option<(UserId, EventDate)>, StoreError> {
    if let Some(user_id) = filter.user_id {
        const NAME: &str = "SELECT username FROM users WHERE id = ?1";
        let name: Option<Lossy> = connection.prepare_cached(NAME)?.query_row([user_id], |row| row.get(0)).optional()?;
        let from = filter.after.map_or(filter.from, |(_, date)| date.next());
        // After the last day of all there is none.
        if filter.after.is_some_and(|(_, date)| date == EventDate::MAX) {
            return Ok(None);
        }
        for day in scores::days(connection, user_id, &(from..=filter.to))? {
            let score = ExportedScore {
                user_id,
                username: name.as_ref().map(|Lossy(name)| name.into()),
                date: day.date,
                score: day.score,
            };
            if each(&score).is_break() {
                return Ok(Some((user_id, day.date)));
            }
        }
        return Ok(None);
    }
    const SELECT: &str = "
        SELECT month, user_id, day, score, username FROM scores LEFT JOIN users ON users.id = user_id
        WHERE (month, user_id, day) > (:month, :user_id, :day) AND month <= :last AND events > 0
        ORDER BY month, user_id, day";
    let (month, user_id, day) = match filter.after {
        Some((user_id, date)) => {
            let day = DayNumber::from(date);
            (day.month(), i64::from(user_id), day.of_its_month())
        }
        None => (DayNumber::from(filter.from).month(), 0, 0),
    };
    let mut statement = connection.prepare_cached(SELECT)?;
    let last = DayNumber::from(filter.to).month();
    let mut rows =
        statement.query(named_params! { ":month": month, ":user_id": user_id, ":day": day, ":last": last })?;
    while let Some(row) = rows.next()? {
        let date = DayNumber::read(row, 0, 2)?.date()?;
        if !(filter.from..=filter.to).contains(&date) {
            continue;
        }
        let username = username(row.get_ref(4)?)?;
        let score = ExportedScore { user_id: row.get(1)?, username, date, score: row.get(3)? };
        if each(&score).is_break() {
            return Ok(Some((score.user_id, date)));
        }
    }
    Ok(None)
}

impl EventFilter {
    /// The filter that wants all events, by id.
    pub fn all() -> EventFilter {
        EventFilter {
            ids: Vec::new(),
            user_ids: Vec::new(),
            dates: Vec::new(),
            from_date: None,
            to_date: None,
            order: Order::Ascending,
            after: None,
            limit: FILTERED_MAX,
        }
    }

    /// Whether the filter wants all events.
    fn wants_all(&self) -> bool {
        let lists_are_empty = self.ids.is_empty() && self.user_ids.is_empty() && self.dates.is_empty();
        lists_are_empty && self.from_date.is_none() && self.to_date.is_none()
    }
}
