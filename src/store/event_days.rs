//! The days that have events, and the events of several days as one list.
//!
//! The index `score_events_by_date` holds each day's events in the order of their ids. So a day is a list that can be
//! entered at any id, and several days are the merge of their lists.

use std::collections::BinaryHeap;
use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, OptionalExtension, named_params};

use super::error::StoreError;
use super::order::Order;
use crate::domain::{EventDate, EventId};

/// The first day from `first` to `last` that has events. Finding it takes one step along the index.
fn next_day(connection: &Connection, first: EventDate, last: EventDate) -> Result<Option<EventDate>, StoreError> {
    const SELECT: &str = "
        SELECT min(date) FROM score_events INDEXED BY score_events_by_date WHERE date BETWEEN :first AND :last";
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement.query_row(named_params! { ":first": first, ":last": last }, |row| row.get(0))?)
}

/// The days from `first` to `last` that have events, earliest first, at most `count_max` of them. Each takes one step
/// along the index.
pub fn days_between(
    connection: &Connection,
    first: EventDate,
    last: EventDate,
    count_max: usize,
) -> Result<Vec<EventDate>, StoreError> {
    let (mut days, mut from) = (Vec::new(), first);
    while days.len() < count_max
        && let Some(date) = next_day(connection, from, last)?
    {
        days.push(date);
        if date == last {
            break;
        }
        from = date.next();
    }
    Ok(days)
}

/// The events of some days as one list of ids. Making it takes a step along the index for each day, and each event that is
/// taken takes one more, however many events the days hold.
pub(super) struct DaysMerged<'c> {
    /// The statement that finds the first id of a day's list within a range.
    first_id: CachedStatement<'c>,
    order: Order,
    ids: RangeInclusive<i64>,
    /// The next event of each day; the greatest rank comes first.
    heads: BinaryHeap<Head>,
}

/// The next event of a day's list. Heads are compared by the rank of their ids first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    rank: i64,
    id: i64,
    date: EventDate,
}

impl<'c> DaysMerged<'c> {
    /// The events of `days` with ids within `ids`, in the order asked for.
    pub fn new(
        connection: &'c Connection,
        days: &[EventDate],
        order: Order,
        ids: RangeInclusive<i64>,
    ) -> Result<DaysMerged<'c>, StoreError> {
        let select = format!(
            "SELECT id FROM score_events INDEXED BY score_events_by_date
             WHERE date = :date AND id BETWEEN :low AND :high ORDER BY id {} LIMIT 1",
            order.sql()
        );
        let first_id = connection.prepare_cached(&select)?;
        let mut merged = DaysMerged { first_id, order, ids: ids.clone(), heads: BinaryHeap::with_capacity(days.len()) };
        for date in days {
            merged.enter(*date, ids.clone())?;
        }
        Ok(merged)
    }

    /// The next event.
    pub fn next(&mut self) -> Result<Option<EventId>, StoreError> {
        let Some(Head { id, date, .. }) = self.heads.pop() else { return Ok(None) };
        if let Some(rest) = self.order.past(id, &self.ids) {
            self.enter(date, rest)?;
        }
        Ok(Some(EventId(id)))
    }

    /// The next event, without taking it.
    pub fn peek(&self) -> Option<EventId> {
        self.heads.peek().map(|head| EventId(head.id))
    }

    /// Passes over all events that come before `id`. Returns how many steps along the index that took: one for each day
    /// whose next event came before `id`.
    pub fn skip_to(&mut self, id: i64) -> Result<usize, StoreError> {
        let mut steps = 0;
        while let Some(head) = self.heads.peek()
            && head.rank > self.order.rank(id)
        {
            let date = head.date;
            self.heads.pop();
            self.enter(date, self.order.from(id, &self.ids))?;
            steps += 1;
        }
        Ok(steps)
    }

    /// Begins to read a day's list, at its first event within `ids`.
    fn enter(&mut self, date: EventDate, ids: RangeInclusive<i64>) -> Result<(), StoreError> {
        let parameters = named_params! { ":date": date, ":low": ids.start(), ":high": ids.end() };
        let id = self.first_id.query_row(parameters, |row| row.get::<_, i64>(0)).optional()?;
        self.heads.extend(id.map(|id| Head { rank: self.order.rank(id), id, date }));
        Ok(())
    }
}
