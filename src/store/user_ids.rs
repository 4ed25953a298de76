//! Which ids of a block that is not written yet may be a user's events.

use std::ops::RangeInclusive;

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use super::newest_events::{NewestEvents, ReadConnection, State, WantedIds};

/// What a snapshot knows of the events of blocks that are not written yet.
pub(super) struct UserIds<'c> {
    connection: &'c Connection,
    newest: &'c NewestEvents,
    state: State,
}

/// Learns what has come of events since the last time. The connection may not be in a transaction.
pub(super) fn learn(reads: ReadConnection<'_>) -> Result<(), StoreError> {
    let snapshot = reads.connection().unchecked_transaction()?;
    UserIds::new(reads.on(&snapshot)).map(drop)
}

impl<'c> UserIds<'c> {
    /// Learns what has come since the last time. The connection has to be in a snapshot in which nothing was written.
    pub fn new(reads: ReadConnection<'c>) -> Result<UserIds<'c>, StoreError> {
        let ids = UserIds::without_learning(reads)?;
        ids.newest.learn(ids.connection, ids.state)?;
        Ok(ids)
    }

    /// Takes what is known already, and looks for the rest in the file each time. In a transaction that writes nothing may be
    /// learned, since what it has written may be taken back.
    pub fn without_learning(reads: ReadConnection<'c>) -> Result<UserIds<'c>, StoreError> {
        let connection = reads.connection();
        Ok(UserIds { connection, newest: reads.newest(), state: State::read(connection)? })
    }

    /// Whether a block is written wholly.
    pub fn are_written(&self, block: i64) -> bool {
        block < self.state.written_below
    }

    /// The ids that are wanted, as far as the events may be the user's: who reads them finds out.
    pub fn ids(&self, wanted: &WantedIds) -> Result<Vec<i64>, StoreError> {
        let (mut all, rest) = match self.newest.ids(self.state, wanted) {
            Some((known, id_max)) => (known, id_max.saturating_add(1)..=self.state.id_max),
            None => (Vec::new(), i64::MIN..=i64::MAX),
        };
        let rest = *rest.start().max(wanted.ids.start())..=*rest.end().min(wanted.ids.end());
        // Nothing is left after learning, save in a snapshot that is older than what is known.
        if !rest.is_empty() {
            all.extend(self.along("score_events NOT INDEXED WHERE id >> 18 = :block", &rest, wanted)?);
        }
        // What was written before its block was full: one step into the table, and nearly always nothing.
        all.extend(self.along("user_events WHERE block = :block", &wanted.ids, wanted)?);
        all.sort_unstable_by_key(|id| std::cmp::Reverse(wanted.order.rank(*id)));
        all.dedup();
        all.truncate(wanted.count);
        Ok(all)
    }

    /// The wanted ids of a part of a table.
    fn along(&self, table: &str, ids: &RangeInclusive<i64>, wanted: &WantedIds) -> Result<Vec<i64>, StoreError> {
        let select = format!(
            "SELECT id FROM {table} AND user_id = :user_id AND id BETWEEN :low AND :high ORDER BY id {} LIMIT :count",
            wanted.order.sql()
        );
        let mut select = self.connection.prepare_cached(&select)?;
        let parameters = named_params! {
            ":block": wanted.block, ":user_id": wanted.user_id, ":low": ids.start(), ":high": ids.end(),
            ":count": wanted.count as i64,
        };
        Ok(select.query_map(parameters, |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}
