//! Pages of the list of events, by any filter, ordered by id.
//!
//! The code here chooses how the rows are found: by the primary key, by the index of days or by the table of users' events.
//! SQLite's planner does not choose, so that the cost of a page depends only on what it shows. The events of one day,
//! or of one user, are a list in the order of ids. Several days or users are read by merging their lists.

use std::collections::BinaryHeap;
use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};

use super::day_filter::DayFilter;
use super::error::StoreError;
use super::event_days::DaysMerged;
use super::event_rows::{self, event};
use super::newest_events::ReadConnection;
use super::order::Order;
use super::user_events::{UserEvents, Walked};
use crate::domain::{EventDate, EventId, ScoreEvent, UserId};

/// Which events are listed, in which order, and where the page begins. An empty list here means that all events fit; a
/// list with members means that only events of one of its members fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these events.
    pub ids: Vec<EventId>,
    /// Only events of these users.
    pub user_ids: Vec<UserId>,
    /// Only events of these days.
    pub dates: Vec<EventDate>,
    /// Only events of this day and later ones.
    pub from_date: Option<EventDate>,
    /// Only events of this day and earlier ones.
    pub to_date: Option<EventDate>,
    /// The order of the ids: up or down.
    pub order: Order,
    /// The page begins after this id, in that order.
    pub after: Option<EventId>,
    /// How many events a page holds.
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
pub fn list(connection: &ReadConnection<'_>, filter: &EventFilter) -> Result<EventPage, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let days = DayFilter::new(&filter.dates, filter.from_date, filter.to_date);
    let mut page = PageReader {
        reads: connection.on(&snapshot),
        connection: &snapshot,
        filter,
        days: &days,
        ids: ids(filter),
        // One event more than the page holds is read, to see whether more follow.
        count: filter.limit + 1,
        events: Vec::new(),
    };
    if page.days.is_empty() || page.ids.is_empty() {
        return Ok(EventPage { events: Vec::new(), more: false });
    }
    if !filter.ids.is_empty() {
        page.read_ids()?;
    } else if !filter.user_ids.is_empty() {
        page.read_users()?;
    } else if let Some(day) = page.days.single() {
        page.read_day(day)?;
    } else if page.days.is_any() {
        page.read_all()?;
    } else {
        page.read_days()?;
    }
    let mut events = page.events;
    let more = events.len() > filter.limit;
    events.truncate(filter.limit);
    Ok(EventPage { events, more })
}

/// The ids that follow `after`.
pub(super) fn ids(filter: &EventFilter) -> RangeInclusive<i64> {
    let all = i64::MIN..=i64::MAX;
    match filter.after {
        None => all,
        // After the last id there is none.
        Some(EventId(after)) => filter.order.past(after, &all).unwrap_or(RangeInclusive::new(1, 0)),
    }
}

/// A page that is being read.
struct PageReader<'c> {
    reads: ReadConnection<'c>,
    /// Inside a read transaction, so that all steps see the same events.
    connection: &'c Connection,
    filter: &'c EventFilter,
    days: &'c DayFilter,
    ids: RangeInclusive<i64>,
    count: usize,
    events: Vec<ScoreEvent>,
}

impl PageReader<'_> {
    /// Events that are named one by one.
    fn read_ids(&mut self) -> Result<(), StoreError> {
        let mut ids: Vec<_> = self.filter.ids.iter().map(|id| id.0).filter(|id| self.ids.contains(id)).collect();
        ids.sort_unstable_by_key(|id| std::cmp::Reverse(self.filter.order.rank(*id)));
        ids.dedup();
        let users = &self.filter.user_ids;
        for id in ids {
            let event = event_rows::get(self.connection, EventId(id))?;
            self.events.extend(
                event.filter(|event| {
                    (users.is_empty() || users.contains(&event.user_id)) && self.days.holds(event.date)
                }),
            );
            if self.events.len() == self.count {
                break;
            }
        }
        Ok(())
    }

    /// Events of some users, merged from the lists of each.
    fn read_users(&mut self) -> Result<(), StoreError> {
        let mut users = self.filter.user_ids.clone();
        users.sort_unstable();
        users.dedup();
        let each = self.count / users.len() + 1;
        let mut walks = Vec::with_capacity(users.len());
        for user_id in users {
            let ids = self.ids.clone();
            walks.push(UserEvents::new(self.reads, user_id, self.days, self.filter.order, ids, each)?);
        }
        // The next event of each walk. The one with the greatest rank comes first.
        let mut heads = BinaryHeap::with_capacity(walks.len());
        let mut next = vec![None; walks.len()];
        let mut advance = |at: usize, next: &mut Vec<Option<ScoreEvent>>| -> Result<Option<i64>, StoreError> {
            // A list is read without pauses. The days limit how many events are passed over.
            let Walked::Event(event) = walks[at].next(usize::MAX)? else { return Ok(None) };
            let rank = self.filter.order.rank(event.id.0);
            next[at] = Some(event);
            Ok(Some(rank))
        };
        for at in 0..next.len() {
            heads.extend(advance(at, &mut next)?.map(|rank| (rank, at)));
        }
        while self.events.len() < self.count
            && let Some((_, at)) = heads.pop()
        {
            self.events.extend(next[at].take());
            if self.events.len() < self.count {
                heads.extend(advance(at, &mut next)?.map(|rank| (rank, at)));
            }
        }
        Ok(())
    }

    /// Events of one day, along its index.
    fn read_day(&mut self, day: EventDate) -> Result<(), StoreError> {
        let select = format!(
            "SELECT {} FROM score_events INDEXED BY score_events_by_date
             WHERE date = :day AND id BETWEEN :low AND :high ORDER BY id {} LIMIT :count",
            event_rows::COLUMNS,
            self.filter.order.sql(),
        );
        let mut statement = self.connection.prepare_cached(&select)?;
        let parameters = named_params! {
            ":day": day, ":low": self.ids.start(), ":high": self.ids.end(), ":count": self.count as i64,
        };
        self.events = statement.query_map(parameters, event)?.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Events of some days, merged from the lists of each.
    fn read_days(&mut self) -> Result<(), StoreError> {
        let days = self.days.with_events(self.connection, usize::MAX)?;
        let mut merged = DaysMerged::new(self.connection, &days, self.filter.order, self.ids.clone())?;
        while self.events.len() < self.count
            && let Some(id) = merged.next()?
        {
            self.events.extend(event_rows::get(self.connection, id)?);
        }
        Ok(())
    }

    /// Events of everybody on all days, along the primary key.
    fn read_all(&mut self) -> Result<(), StoreError> {
        let select = format!(
            "SELECT {} FROM score_events NOT INDEXED WHERE id BETWEEN :low AND :high ORDER BY id {} LIMIT :count",
            event_rows::COLUMNS,
            self.filter.order.sql(),
        );
        let mut statement = self.connection.prepare_cached(&select)?;
        let parameters =
            named_params! { ":low": self.ids.start(), ":high": self.ids.end(), ":count": self.count as i64 };
        self.events = statement.query_map(parameters, event)?.collect::<Result<_, _>>()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;
    use crate::store::OpenMode;
    use crate::store::connection::open_writer;
    use crate::store::newest_events::NewestEvents;

    const DATES: [&str; 5] = ["0001-01-01", "2023-12-31", "2024-01-01", "2024-02-29", "9999-12-31"];

    fn date(text: &str) -> EventDate {
        text.parse().expect("a date")
    }

    fn user(id: i64) -> UserId {
        id.try_into().expect("a user id")
    }

    /// Nothing, or some of `all`, in any order and repeated.
    fn some<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = Vec<T>> {
        let most = all.len();
        let few = subsequence(all, 0..=most).prop_map(|some| some.iter().chain(some.first()).cloned().collect());
        prop_oneof![Just(Vec::new()), few]
    }

    fn filters() -> impl Strategy<Value = EventFilter> {
        let dates = || some(DATES.map(date).to_vec());
        let end = || prop_oneof![2 => Just(None), 1 => (0..DATES.len()).prop_map(|day| Some(date(DATES[day])))];
        let ids = prop_oneof![3 => Just(Vec::new()), 1 => some((0..12).map(|at| EventId(at * 100_000 + 1)).collect())];
        let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
        (ids, some((1..5).map(user).collect()), dates(), end(), end(), order, 1usize..5).prop_map(
            |(ids, user_ids, dates, from_date, to_date, order, limit)| EventFilter {
                ids,
                user_ids,
                dates,
                from_date,
                to_date,
                order,
                after: None,
                limit,
            },
        )
    }

    fn holds<T: PartialEq>(wanted: &[T], value: &T) -> bool {
        wanted.is_empty() || wanted.contains(value)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn pages_together_are_what_fits_in_order(
            // Ids lie far apart, so that they fall into several blocks.
            events in proptest::collection::vec((1i64..5, 0..DATES.len()), 0..40),
            filters in proptest::collection::vec(filters(), 12),
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let connection = open_writer(&folder.path().join("scores.db"), OpenMode::Create).expect("a new file");
            let mut all = Vec::new();
            for ((user_id, day), at) in events.iter().zip(0i64..) {
                let id = at * 100_000 + 1;
                let insert = "INSERT INTO score_events (id, user_id, date, points) VALUES (?1, ?2, ?3, 1)";
                connection.execute(insert, (id, user_id, DATES[*day])).expect("an event");
                all.push((EventId(id), user(*user_id), date(DATES[*day])));
            }
            let newest = NewestEvents::default();
            let reads = ReadConnection::new(&connection, &newest);
            for mut filter in filters {
                let mut want: Vec<_> = all
                    .iter()
                    .filter(|(id, user_id, date)| {
                        holds(&filter.ids, id) && holds(&filter.user_ids, user_id) && holds(&filter.dates, date)
                            && filter.from_date.is_none_or(|from| from <= *date)
                            && filter.to_date.is_none_or(|to| *date <= to)
                    })
                    .map(|(id, ..)| *id)
                    .collect();
                if filter.order == Order::Descending {
                    want.reverse();
                }
                let mut got = Vec::new();
                loop {
                    let page = list(&reads, &filter).expect("a page");
                    prop_assert!(page.events.len() <= filter.limit);
                    got.extend(page.events.iter().map(|event| event.id));
                    if !page.more {
                        break;
                    }
                    prop_assert_eq!(page.events.len(), filter.limit);
                    filter.after = got.last().copied();
                }
                prop_assert_eq!(got, want, "{:?}", filter);
            }
        }
    }
}
