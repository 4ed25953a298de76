//! The blocks of ids in which users' events are kept.
//!
//! The table `user_events` is in the order of blocks first and then of users. So a block can be written at once, when it is
//! full, and none is ever written again for a new event, however many there are. Reading a user's events takes one step into
//! each block, beginning with the first or the last block, until there are enough events.

use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::order::Order;

/// The blocks that hold events with ids in a range, one after another.
pub(super) struct IdBlocks<'c> {
    /// The statement that finds the first id from a given one on, in the order asked for. It takes one step along the
    /// primary key.
    nearest: CachedStatement<'c>,
    order: Order,
    ids: RangeInclusive<i64>,
    /// The part of the range that is left.
    left: Option<RangeInclusive<i64>>,
}

/// The size of a block, as in the table: 262,144 ids.
pub(super) const BLOCK_BITS: u32 = 18;

/// The block that an id is in.
pub(super) fn block_of(id: i64) -> i64 {
    id >> BLOCK_BITS
}

/// The first id of a block.
pub(super) fn first_of(block: i64) -> i64 {
    block << BLOCK_BITS
}

/// The last id of a block.
pub(super) fn last_of(block: i64) -> i64 {
    first_of(block) | ((1 << BLOCK_BITS) - 1)
}

impl<'c> IdBlocks<'c> {
    /// The blocks of `ids`, in that order.
    pub fn new(connection: &'c Connection, order: Order, ids: RangeInclusive<i64>) -> rusqlite::Result<IdBlocks<'c>> {
        let nearest = connection.prepare_cached(match order {
            Order::Ascending => {
                "SELECT id FROM score_events NOT INDEXED WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1"
            }
            Order::Descending => {
                "SELECT id FROM score_events NOT INDEXED WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1"
            }
        })?;
        Ok(IdBlocks { nearest, order, left: Some(ids.clone()), ids })
    }

    /// The whole range.
    pub fn ids(&self) -> &RangeInclusive<i64> {
        &self.ids
    }

    /// The next block, and those of its ids that are in the range.
    pub fn next(&mut self) -> rusqlite::Result<Option<(i64, RangeInclusive<i64>)>> {
        let Some(left) = self.left.take() else { return Ok(None) };
        let nearest = self.nearest.query_row([left.start(), left.end()], |row| row.get::<_, i64>(0));
        let Some(id) = nearest.optional()? else { return Ok(None) };
        let block = block_of(id);
        let (first, last) = (first_of(block), last_of(block));
        let end = match self.order {
            Order::Ascending => last,
            Order::Descending => first,
        };
        self.left = self.order.past(end, &left);
        Ok(Some((block, first.max(*left.start())..=last.min(*left.end()))))
    }

    /// Passes over all ids before `id`.
    pub fn skip_to(&mut self, id: i64) {
        self.left = self.left.take().map(|left| match self.order {
            Order::Ascending => id.max(*left.start())..=*left.end(),
            Order::Descending => *left.start()..=id.min(*left.end()),
        });
    }

    /// The first id that the next block can hold; `None`: there are no more blocks.
    pub fn next_id(&self) -> Option<i64> {
        self.left.as_ref().map(|left| self.order.first(left))
    }

    /// Makes the list end: there are no more blocks.
    pub fn end(&mut self) {
        self.left = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenMode;
    use crate::store::connection::open_writer;

    #[test]
    fn blocks_with_events_come_in_order_and_others_are_passed_over() {
        const SIZE: i64 = 1 << BLOCK_BITS;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let connection = open_writer(&folder.path().join("scores.db"), OpenMode::Create).expect("a new file");
        let insert = "INSERT INTO score_events (id, user_id, date, points) VALUES (?1, 1, '2024-03-01', 1)";
        for id in [i64::MIN, -1, 1, 2, SIZE - 1, SIZE, 3 * SIZE, i64::MAX] {
            connection.execute(insert, [id]).expect("an event");
        }
        let blocks = |order, ids| {
            let mut blocks = IdBlocks::new(&connection, order, ids).expect("a statement");
            std::iter::from_fn(|| blocks.next().expect("a block")).map(|(block, _)| block).collect::<Vec<_>>()
        };
        let all = [i64::MIN >> BLOCK_BITS, -1, 0, 1, 3, i64::MAX >> BLOCK_BITS];
        assert_eq!(blocks(Order::Ascending, i64::MIN..=i64::MAX), all);
        assert!(blocks(Order::Descending, i64::MIN..=i64::MAX).iter().rev().eq(&all));
        assert_eq!(blocks(Order::Ascending, 2..=SIZE), [0, 1]);
        assert_eq!(blocks(Order::Descending, SIZE..=3 * SIZE), [3, 1]);
        assert_eq!(blocks(Order::Descending, SIZE + 1..=3 * SIZE - 1), [0; 0]);
    }
}
