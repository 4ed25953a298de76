//! Which of the newest events are whose.
//!
//! The table of users' events is written a block of ids at a time, when the block is full. Whose the events after that are
//! is remembered here: for each event eight bytes, made by reading along the primary key what came since the last read.
//! Nothing tells it of changes, and it is never wrong all the same: a read compares it with what its own snapshot of the
//! file says, and an id is only a hint, since the event is read from the file. So it makes no difference which process
//! stored an event, and after a crash there is nothing to be mended.

use std::collections::BTreeMap;
use std::ops::{Deref, RangeInclusive};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::error::StoreError;
use super::id_blocks::{BLOCK_BITS, block_of, first_of};
use super::order::Order;
use crate::domain::UserId;

/// How many ids are read before what was read is remembered. A read that is broken off loses no more than that.
const STRETCH: i64 = 1 << 16;

/// A connection to read with, and what is known of the newest events.
#[derive(Clone, Copy)]
pub struct ReadConnection<'s> {
    connection: &'s Connection,
    newest: &'s NewestEvents,
}

impl<'s> ReadConnection<'s> {
    /// Puts the two together.
    pub(super) fn new(connection: &'s Connection, newest: &'s NewestEvents) -> ReadConnection<'s> {
        ReadConnection { connection, newest }
    }

    /// The same for another connection, or for a transaction on this one.
    pub(super) fn on<'t>(&self, connection: &'t Connection) -> ReadConnection<'t>
    where
        's: 't,
    {
        ReadConnection { connection, newest: self.newest }
    }

    /// The connection alone, for as long as it lives.
    pub(super) fn connection(&self) -> &'s Connection {
        self.connection
    }

    /// What is known of the newest events.
    pub(super) fn newest(&self) -> &'s NewestEvents {
        self.newest
    }
}

impl Deref for ReadConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// What the file says of its users' events in one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Every event of a block below this one is in the table of users' events.
    pub written_below: i64,
    /// How often an id was made free that may be given to an event again.
    ids_freed: i64,
    /// The greatest id of an event.
    pub id_max: i64,
}

impl State {
    /// Reads it.
    pub fn read(connection: &Connection) -> Result<State, StoreError> {
        const SELECT: &str = "
            SELECT written_below, ids_freed, (SELECT coalesce(max(id), 0) FROM score_events)
            FROM user_events_state WHERE one = 1";
        let mut select = connection.prepare_cached(SELECT)?;
        Ok(select.query_row([], |row| {
            Ok(State { written_below: row.get(0)?, ids_freed: row.get(1)?, id_max: row.get(2)? })
        })?)
    }

    /// Whether the same file can hardly have come to this state after that other one. It may say so too of a file whose
    /// newest events were deleted.
    pub fn is_before(&self, other: &State) -> bool {
        self.ids_freed < other.ids_freed || self.written_below < other.written_below || self.id_max < other.id_max
    }
}

/// Which ids are asked for.
#[derive(Debug, Clone)]
pub(super) struct WantedIds {
    /// Whose events.
    pub user_id: UserId,
    /// The block that they are in.
    pub block: i64,
    /// The part of the block that they are in.
    pub ids: RangeInclusive<i64>,
    /// Which come first.
    pub order: Order,
    /// How many at most.
    pub count: usize,
}

/// Whose the newest events are, for all reads of this process.
#[derive(Debug, Default)]
pub struct NewestEvents(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    ids_freed: i64,
    /// The blocks from this one on are known, up to the id `id_max`.
    from: i64,
    id_max: i64,
    blocks: BTreeMap<i64, Block>,
}

impl NewestEvents {
    /// Learns what has come since the last time. The connection has to be in a snapshot in which nothing was written, and
    /// `state` has to be of that snapshot.
    pub fn learn(&self, connection: &Connection, state: State) -> Result<(), StoreError> {
        let known = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ids_freed > known.ids_freed {
            *known = Known { ids_freed: state.ids_freed, ..Known::default() };
        }
        if state.ids_freed < known.ids_freed {
            // This snapshot is older than what is known.
            return Ok(());
        }
        if known.from < state.written_below {
            known.from = state.written_below;
            known.blocks = known.blocks.split_off(&state.written_below);
            known.id_max = known.id_max.max(first_of(state.written_below) - 1);
        }
        const SELECT: &str = "
            SELECT id, user_id FROM score_events NOT INDEXED WHERE id > ?1 ORDER BY id LIMIT ?2";
        while known.id_max < state.id_max {
            let mut select = connection.prepare_cached(SELECT)?;
            let mut rows = select.query((known.id_max, STRETCH))?;
            let mut stretch: Vec<(i64, UserId)> = Vec::new();
            while let Some(row) = rows.next()? {
                stretch.push((row.get(0)?, row.get(1)?));
            }
            let Some(&(last, _)) = stretch.last() else { break };
            for of_block in stretch.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
                known.blocks.entry(block_of(of_block[0].0)).or_default().add(of_block);
            }
            known.id_max = last;
        }
        Ok(())
    }

    /// The ids that are wanted, as far as they are known, and the greatest id of all that are known. `None`: the block is not
    /// known for a snapshot of that state.
    pub fn ids(&self, state: State, wanted: &WantedIds) -> Option<(Vec<i64>, i64)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.ids_freed != state.ids_freed || wanted.block < known.from {
            return None;
        }
        let ids = known.blocks.get(&wanted.block).map_or_else(Vec::new, |block| block.ids(wanted));
        Some((ids, known.id_max))
    }
}

/// The events of a block: users, and the lower bits of ids.
///
/// It is kept as a few sorted runs, each at least twice as long as the next. Later runs have greater ids. So adding costs
/// little, and a user's ids are found by one search in each run.
#[derive(Debug, Default)]
struct Block {
    runs: Vec<Vec<(UserId, u32)>>,
}

impl Block {
    /// Adds events whose ids are greater than any before, in the order of ids.
    fn add(&mut self, events: &[(i64, UserId)]) {
        if events.is_empty() {
            return;
        }
        const LOW: i64 = (1 << BLOCK_BITS) - 1;
        let mut run: Vec<_> = events.iter().map(|(id, user_id)| (*user_id, (id & LOW) as u32)).collect();
        run.sort_unstable();
        while let Some(before) = self.runs.pop_if(|before| before.len() < 2 * run.len()) {
            // Two sorted halves: what the sort of the standard library is good at.
            let mut both = before;
            both.append(&mut run);
            both.sort();
            run = both;
        }
        self.runs.push(run);
    }

    fn ids(&self, wanted: &WantedIds) -> Vec<i64> {
        let first = first_of(wanted.block);
        let place = |(user_id, low): &(UserId, u32)| (*user_id, first + i64::from(*low));
        let mut found = Vec::new();
        let mut take = |run: &Vec<(UserId, u32)>| {
            let begin = run.partition_point(|event| place(event) < (wanted.user_id, *wanted.ids.start()));
            let end = run.partition_point(|event| place(event) <= (wanted.user_id, *wanted.ids.end()));
            let those = run[begin..end.max(begin)].iter().map(|event| place(event).1);
            let left = wanted.count - found.len();
            match wanted.order {
                Order::Ascending => found.extend(those.take(left)),
                Order::Descending => found.extend(those.rev().take(left)),
            }
        };
        match wanted.order {
            Order::Ascending => self.runs.iter().for_each(&mut take),
            Order::Descending => self.runs.iter().rev().for_each(&mut take),
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(id: i64) -> UserId {
        id.try_into().expect("a user id")
    }

    proptest! {
        #[test]
        fn a_blocks_ids_are_those_that_were_added(
            users in proptest::collection::vec(proptest::collection::vec(1i64..6, 0..40), 0..12),
            (low, high) in (0i64..400, 0i64..400),
            count in 0usize..50,
        ) {
            let (block, mut id) = (3, first_of(3));
            let (mut of_block, mut all) = (Block::default(), Vec::new());
            for stretch in &users {
                let stretch: Vec<_> = stretch.iter().map(|id| user(*id)).map(|user| { id += 1; (id, user) }).collect();
                of_block.add(&stretch);
                all.extend(stretch);
            }
            prop_assert!(of_block.runs.windows(2).all(|two| two[0].len() >= 2 * two[1].len()));
            let ids = first_of(3) + low..=first_of(3) + high;
            for user in (1..6).map(user) {
                let mut want: Vec<_> =
                    all.iter().filter(|(id, whose)| *whose == user && ids.contains(id)).map(|(id, _)| *id).collect();
                let asked = |order| WantedIds { user_id: user, block, ids: ids.clone(), order, count };
                prop_assert_eq!(of_block.ids(&asked(Order::Ascending)), want[..count.min(want.len())].to_vec());
                want.reverse();
                want.truncate(count);
                prop_assert_eq!(of_block.ids(&asked(Order::Descending)), want);
            }
        }
    }
}
