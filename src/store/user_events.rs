//! A user's events, walked in the order of ids.
//!
//! The table of users' events holds all columns that a list shows, in the order of ids within a block. The newest events are
//! not in it yet: which they are is known in memory, and each is read by its id. If only some days are wanted, most of a user's events may be of other days. Then the walk does not read all of them. After some events of
//! other days, it asks the index of days where the next event of any user on a wanted day is, and goes on from there.
//! Ids ascend with time, and most events are for days close to the one on which they are stored, so one such step
//! passes over nearly all that is not wanted.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};

use super::day_filter::DayFilter;
use super::error::StoreError;
use super::event_days::DaysMerged;
use super::event_rows::{self, event};
use super::id_blocks::IdBlocks;
use super::newest_events::{ReadConnection, WantedIds};
use super::order::Order;
use super::user_ids::UserIds;
use crate::domain::{EventId, ScoreEvent, Timestamp, UserId};

/// How many rows that lie side by side are read in the time that one step into an index takes.
const ROWS_PER_STEP: usize = 32;

/// How many rows are read at once, at most.
const BATCH_MAX: usize = 256;

/// Where a walk has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Walked {
    /// The next event.
    Event(ScoreEvent),
    /// Enough events of other days were looked at for now. This holds the last of them, and when it was stored.
    Paused(EventId, Timestamp),
    /// There are no more.
    End,
}

/// A walk along a user's events.
pub(super) struct UserEvents<'c> {
    connection: &'c Connection,
    newest: UserIds<'c>,
    user_id: UserId,
    days: &'c DayFilter,
    order: Order,
    blocks: IdBlocks<'c>,
    /// The block that is being read, and those of its ids that have not been looked at.
    stretch: Option<(i64, RangeInclusive<i64>)>,
    /// Events that were read and not yet handed out.
    found: VecDeque<ScoreEvent>,
    /// How many rows are read next.
    batch: usize,
    /// The events of the wanted days, as a list of ids that can be entered at any id. It is made when it is first worth
    /// its cost.
    wanted: Option<DaysMerged<'c>>,
    /// How many events of other days were looked at since the last step into the index of days.
    missed: usize,
    /// After this many events of other days, the next step into the index of days is worth its cost.
    patience: usize,
    /// Rows that were looked at, and steps that were made into the index of days.
    pub cost: Cost,
}

/// What a walk has cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cost {
    /// How many of the user's rows were read.
    pub rows: usize,
    /// How many of these rows are of days that were not wanted.
    pub missed: usize,
    /// How many steps into the index of days were made.
    pub steps: usize,
}

impl<'c> UserEvents<'c> {
    /// The user's events on `days` with ids within `ids`. About `count` of them will be taken. The connection has to be in a
    /// snapshot.
    pub fn new(
        reads: ReadConnection<'c>,
        user_id: UserId,
        days: &'c DayFilter,
        order: Order,
        ids: RangeInclusive<i64>,
        count: usize,
    ) -> Result<UserEvents<'c>, StoreError> {
        let connection = reads.connection();
        Ok(UserEvents {
            connection,
            newest: UserIds::new(reads)?,
            user_id,
            days,
            order,
            blocks: IdBlocks::new(connection, order, ids)?,
            stretch: None,
            found: VecDeque::new(),
            batch: count.clamp(1, BATCH_MAX),
            wanted: None,
            missed: 0,
            patience: ROWS_PER_STEP,
            cost: Cost::default(),
        })
    }

    /// The next event, or a pause if `missed_max` events of other days were looked at on the way to it.
    pub fn next(&mut self, missed_max: usize) -> Result<Walked, StoreError> {
        let begin = self.cost.missed;
        loop {
            if let Some(event) = self.found.pop_front() {
                return Ok(Walked::Event(event));
            }
            let last = self.read_batch()?;
            if !self.found.is_empty() {
                continue;
            }
            let Some((id, stored_at)) = last else {
                if self.stretch.is_none() && !self.next_block()? {
                    return Ok(Walked::End);
                }
                continue;
            };
            if self.cost.missed - begin >= missed_max {
                return Ok(Walked::Paused(id, stored_at));
            }
            if self.missed >= self.patience {
                self.skip()?;
            }
        }
    }

    /// Reads a batch of the stretch. Returns the last row that was looked at, if there was any.
    fn read_batch(&mut self) -> Result<Option<(EventId, Timestamp)>, StoreError> {
        let Some((block, ids)) = self.stretch.take() else { return Ok(None) };
        let (events, last_id) = if self.newest.are_written(block) {
            let events = self.read_written(block, &ids)?;
            let last_id = events.last().map(|event| event.id.0).filter(|_| events.len() == self.batch);
            (events, last_id)
        } else {
            self.read_newest(block, &ids)?
        };
        if let Some(id) = last_id {
            self.stretch = self.order.past(id, &ids).map(|rest| (block, rest));
        }
        let last = events.last().map(|event| (event.id, event.created_at));
        let count = events.len();
        let before = self.found.len();
        self.found.extend(events.into_iter().filter(|event| self.days.holds(event.date)));
        let missed = count - (self.found.len() - before);
        self.cost.rows += count;
        self.cost.missed += missed;
        self.missed += missed;
        self.batch = (self.batch * 2).min(BATCH_MAX);
        Ok(last)
    }

    /// The next events of a block that is written.
    fn read_written(&self, block: i64, ids: &RangeInclusive<i64>) -> Result<Vec<ScoreEvent>, StoreError> {
        let select = format!(
            "SELECT {} FROM user_events
             WHERE block = :block AND user_id = :user_id AND id BETWEEN :low AND :high
             ORDER BY id {} LIMIT :count",
            event_rows::COLUMNS,
            self.order.sql(),
        );
        let mut statement = self.connection.prepare_cached(&select)?;
        let parameters = named_params! {
            ":block": block, ":user_id": self.user_id, ":low": ids.start(), ":high": ids.end(),
            ":count": self.batch as i64,
        };
        Ok(statement.query_map(parameters, event)?.collect::<Result<_, _>>()?)
    }

    /// The next events of a block that is not written yet, and the id after which there may be more.
    fn read_newest(&self, block: i64, ids: &RangeInclusive<i64>) -> Result<(Vec<ScoreEvent>, Option<i64>), StoreError> {
        let (ids, count) = (ids.clone(), self.batch);
        let hints = self.newest.ids(&WantedIds { user_id: self.user_id, block, ids, order: self.order, count })?;
        let mut events = Vec::with_capacity(hints.len());
        for id in &hints {
            // It may be deleted by now, or be given to another user.
            events
                .extend(event_rows::get(self.connection, EventId(*id))?.filter(|event| event.user_id == self.user_id));
        }
        Ok((events, hints.last().copied().filter(|_| hints.len() == count)))
    }

    /// Goes on to the next block that has events of any user. `false`: there is none.
    fn next_block(&mut self) -> Result<bool, StoreError> {
        self.stretch = self.blocks.next()?;
        Ok(self.stretch.is_some())
    }

    /// Passes over everything before the next event of any user on a wanted day.
    fn skip(&mut self) -> Result<(), StoreError> {
        // The next id that has not been looked at, in the order of the walk.
        let in_stretch = self.stretch.as_ref().map(|(_, ids)| self.order.first(ids));
        let Some(next) = in_stretch.or(self.blocks.next_id()) else { return Ok(()) };
        if self.wanted.is_none() {
            // Finding the days takes one step for each. For a range of many days this is worth it only after the walk
            // itself has cost as much.
            let days_max = self.cost.missed / ROWS_PER_STEP;
            let days = self.days.with_events(self.connection, days_max + 1)?;
            self.cost.steps += days.len();
            if days.len() > days_max {
                self.patience = self.missed * 2;
                return Ok(());
            }
            let ids = self.order.from(next, self.blocks.ids());
            self.cost.steps += days.len();
            self.wanted = Some(DaysMerged::new(self.connection, &days, self.order, ids)?);
        }
        let Some(wanted) = &mut self.wanted else { return Ok(()) };
        let steps = wanted.skip_to(next)?;
        self.cost.steps += steps;
        // With this, steps that do not help never cost more than the walk itself.
        self.patience = ROWS_PER_STEP * steps.max(1);
        self.missed = 0;
        match wanted.peek() {
            None => {
                self.stretch = None;
                self.blocks.end();
            }
            Some(EventId(id)) => {
                self.batch = ROWS_PER_STEP;
                self.stretch = match self.stretch.take() {
                    Some((block, ids)) if ids.contains(&id) => Some((block, self.order.from(id, &ids))),
                    _ => {
                        self.blocks.skip_to(id);
                        None
                    }
                };
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenMode;
    use crate::store::connection::open_writer;
    use crate::store::newest_events::NewestEvents;

    const COUNT: i64 = 100_000;

    /// How many events a walk over all of user 1's events on some days hands out, and what it costs.
    fn walk(events: &str, days: &DayFilter, order: Order) -> (usize, Cost) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let connection = open_writer(&folder.path().join("scores.db"), OpenMode::Create).expect("a new file");
        let insert = format!(
            "WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < {COUNT})
             INSERT INTO score_events (id, user_id, date, points) {events}"
        );
        connection.execute_batch(&format!("BEGIN; {insert}; COMMIT")).expect("events");
        let user_id = 1.try_into().expect("a user id");
        let newest = NewestEvents::default();
        let reads = ReadConnection::new(&connection, &newest);
        let mut walk = UserEvents::new(reads, user_id, days, order, i64::MIN..=i64::MAX, 101).expect("a walk");
        let mut count = 0;
        while let Walked::Event(event) = walk.next(usize::MAX).expect("a step") {
            assert!(event.user_id == user_id && days.holds(event.date), "{event:?}");
            count += 1;
        }
        (count, walk.cost)
    }

    fn range(from: &str, to: &str) -> DayFilter {
        DayFilter::new(&[], Some(from.parse().expect("a date")), Some(to.parse().expect("a date")))
    }

    /// However the user's events and the events of the days are mixed, a walk looks at no more rows than a small
    /// multiple of what is shown, or of the shorter of the two lists.
    #[test]
    fn a_walk_costs_what_it_shows() {
        let cases = [
            // All events are of one day, few of them are the user's.
            (
                "SELECT id, iif(id % 10000 = 0, 1, 2), '2024-03-01', 1 FROM ids",
                range("2024-03-01", "2024-03-01"),
                10,
                40,
            ),
            // All events are the user's, few of them are of the day and lie far apart.
            (
                "SELECT id, 1, iif(id % 10000 = 0, '2024-03-01', '2024-03-02'), 1 FROM ids",
                range("2024-03-01", "2024-03-01"),
                10,
                4_000,
            ),
            // 100 days one after the other, as events come in; a week of them is wanted.
            (
                "SELECT id, id % 10 + 1, date('2024-01-01', (id / 1000) || ' days'), 1 FROM ids",
                range("2024-02-01", "2024-02-07"),
                700,
                2_500,
            ),
            // Half of the events are the user's and for one day, the other half are somebody's on the day that is wanted.
            (
                "SELECT id, iif(id <= 50000, 1, 2), iif(id <= 50000, '2024-03-01', '2024-03-02'), 1 FROM ids",
                range("2024-03-02", "2024-03-02"),
                0,
                600,
            ),
        ];
        for (events, days, want, cost_max) in cases {
            for order in [Order::Ascending, Order::Descending] {
                let (count, cost) = walk(events, &days, order);
                assert_eq!(count, want, "{events}");
                assert!(cost.rows + ROWS_PER_STEP * cost.steps < cost_max, "{cost:?} {order:?}: {events}");
            }
        }
    }

    /// The worst case: the user's events and those of the day take turns. Then all of them in between are looked at.
    #[test]
    fn a_walk_never_costs_much_more_than_the_users_list() {
        let events = "SELECT id, id % 2 + 1, iif(id % 2, '2024-03-01', '2024-03-02'), 1 FROM ids";
        for (days, want) in [(range("2024-03-01", "2024-03-01"), 0), (range("2024-03-02", "2024-03-02"), COUNT / 2)] {
            let (count, cost) = walk(events, &days, Order::Ascending);
            assert_eq!(count as i64, want);
            assert_eq!(cost.rows as i64, COUNT / 2);
            assert!(ROWS_PER_STEP * cost.steps <= 2 * cost.rows, "{cost:?}");
        }
    }

    #[test]
    fn a_walk_pauses_where_it_was_told_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let connection = open_writer(&folder.path().join("scores.db"), OpenMode::Create).expect("a new file");
        let insert = "INSERT INTO score_events (id, user_id, date, points, created_at) VALUES (?1, 1, ?2, 1, ?1)";
        for id in 1..=300 {
            connection.execute(insert, (id, if id == 1 { "2024-03-01" } else { "2024-03-02" })).expect("an event");
        }
        let days = range("2024-03-01", "2024-03-01");
        let user_id = 1.try_into().expect("a user id");
        let ids = i64::MIN..=i64::MAX;
        let newest = NewestEvents::default();
        let reads = ReadConnection::new(&connection, &newest);
        let mut walk = UserEvents::new(reads, user_id, &days, Order::Descending, ids, 10).expect("a walk");
        assert_eq!(walk.next(5).expect("a step"), Walked::Paused(EventId(291), Timestamp::from_millis(291)));
        assert!(matches!(walk.next(usize::MAX), Ok(Walked::Event(event)) if event.id == EventId(1)));
        assert_eq!(walk.next(1).expect("a step"), Walked::End);
    }
}
