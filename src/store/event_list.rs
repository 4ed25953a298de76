//! Pages of the list of events, by any filter, ordered by id.
//!
//! The way to the rows is chosen here and not by SQLite's planner, so that a page costs what it shows: by the primary
//! key, by a day's index or by a user's index, each of which is in the order of ids already, the last one block by block.
//! Only a range of days needs more: each of its days is such a list, and the page is their merge.

use rusqlite::{Connection, ToSql};

use super::error::StoreError;
use super::event_days::{self, DaysMerged};
use super::event_rows::{self, event};
use super::id_blocks::IdBlocks;
use super::order::Order;
use crate::domain::{EventDate, EventId, ScoreEvent, UserId};

/// Which events, in which order, from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// That event only.
    pub id: Option<EventId>,
    /// Of that user.
    pub user_id: Option<UserId>,
    /// Of that day.
    pub date: Option<EventDate>,
    /// Of that day and later ones.
    pub from_date: Option<EventDate>,
    /// Of that day and earlier ones.
    pub to_date: Option<EventDate>,
    /// By id, up or down.
    pub order: Order,
    /// Go on past this id, in that order.
    pub after: Option<EventId>,
    /// Events on a page.
    pub limit: usize,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<ScoreEvent>,
    /// Whether more follow.
    pub more: bool,
}

/// The page that `filter` asks for.
pub fn list(connection: &Connection, filter: &EventFilter) -> Result<EventPage, StoreError> {
    let (first, last) = days(filter);
    let (low, high) = ids(filter);
    if first > last || low > high {
        return Ok(EventPage { events: Vec::new(), more: false });
    }
    let any_day = first == EventDate::MIN && last == EventDate::MAX;
    // One more than the page, to see whether more follow.
    let count = filter.limit + 1;
    let mut events = if filter.id.is_some() || (filter.user_id.is_none() && any_day) {
        select(connection, filter, By::Id, count)?
    } else if first == last {
        select(connection, filter, By::Date, count)?
    } else if filter.user_id.is_some() {
        of_user(connection, filter, count)?
    } else {
        of_days(connection, filter, count)?
    };
    let more = events.len() > filter.limit;
    events.truncate(filter.limit);
    Ok(EventPage { events, more })
}

/// The days that the filters on dates leave, both ends included.
fn days(filter: &EventFilter) -> (EventDate, EventDate) {
    let first = filter.from_date.unwrap_or(EventDate::MIN);
    let last = filter.to_date.unwrap_or(EventDate::MAX);
    filter.date.map_or((first, last), |date| (date.max(first), date.min(last)))
}

/// The ids that the filters on ids leave, both ends included.
fn ids(filter: &EventFilter) -> (i64, i64) {
    let (low, high) = match (filter.after, filter.order) {
        (None, _) => (i64::MIN, i64::MAX),
        (Some(EventId(after)), Order::Ascending) => (after.saturating_add(1), i64::MAX),
        (Some(EventId(after)), Order::Descending) => (i64::MIN, after.saturating_sub(1)),
    };
    filter.id.map_or((low, high), |EventId(id)| (id.max(low), id.min(high)))
}

/// Events of a user, block by block until there are enough.
fn of_user(connection: &Connection, filter: &EventFilter, count: usize) -> Result<Vec<ScoreEvent>, StoreError> {
    let (low, high) = ids(filter);
    let snapshot = connection.unchecked_transaction()?;
    let mut blocks = IdBlocks::new(&snapshot, filter.order, low..=high)?;
    let mut events = Vec::new();
    while events.len() < count
        && let Some(block) = blocks.next()?
    {
        events.append(&mut select(&snapshot, filter, By::User { block }, count - events.len())?);
    }
    Ok(events)
}

/// The way to the rows.
#[derive(Clone, Copy)]
enum By {
    Id,
    Date,
    User { block: i64 },
}

/// Events along one index, or the primary key.
fn select(connection: &Connection, filter: &EventFilter, by: By, count: usize) -> Result<Vec<ScoreEvent>, StoreError> {
    let (first, last) = days(filter);
    let (low, high) = ids(filter);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let mut parameters: Vec<(&str, &dyn ToSql)> = vec![(":low", &low), (":high", &high), (":count", &count)];
    let mut conditions = String::from("id BETWEEN :low AND :high");
    let index = match &by {
        By::Id => "NOT INDEXED",
        By::Date => "INDEXED BY score_events_by_date",
        By::User { block } => {
            conditions.push_str(" AND id >> 18 = :block");
            parameters.push((":block", block));
            "INDEXED BY score_events_by_user"
        }
    };
    if let Some(user_id) = &filter.user_id {
        conditions.push_str(" AND user_id = :user_id");
        parameters.push((":user_id", user_id));
    }
    if first == last {
        conditions.push_str(" AND date = :first");
        parameters.push((":first", &first));
    } else if (first, last) != (EventDate::MIN, EventDate::MAX) {
        conditions.push_str(" AND date BETWEEN :first AND :last");
        parameters.extend([(":first", &first as &dyn ToSql), (":last", &last)]);
    }
    let statement = format!(
        "SELECT {} FROM score_events {index} WHERE {conditions} ORDER BY id {} LIMIT :count",
        event_rows::COLUMNS,
        filter.order.sql(),
    );
    let mut statement = connection.prepare_cached(&statement)?;
    let events = statement.query_map(parameters.as_slice(), event)?;
    Ok(events.collect::<Result<_, _>>()?)
}

/// Events of a range of days, merged from the lists of its days.
fn of_days(connection: &Connection, filter: &EventFilter, count: usize) -> Result<Vec<ScoreEvent>, StoreError> {
    let (first, last) = days(filter);
    let (low, high) = ids(filter);
    let snapshot = connection.unchecked_transaction()?;
    let days = event_days::days_between(&snapshot, first, last, usize::MAX)?;
    let mut merged = DaysMerged::new(&snapshot, &days, filter.order, low..=high)?;
    let mut events = Vec::new();
    while events.len() < count
        && let Some(id) = merged.next()?
    {
        events.extend(event_rows::get(&snapshot, id)?);
    }
    Ok(events)
}
