//! The second pass where nobody else has the database open: one transaction, until somebody has.

use super::{Database, overtaken};
use crate::cli::Failure;
use crate::cli::database::failed;
use crate::store::imports::Piece;
use crate::store::load::{Count, Feed, Loaded};
use crate::store::{Neighbours, StoreError};

/// How many events are handed over at once.
pub const EVENTS: usize = 256;

/// An import that is one transaction so far.
pub struct Loading<'d> {
    database: &'d Database,
    feed: Feed,
}

/// What an import that was one transaction has stored.
pub struct Stopped {
    pub count: Count,
    /// What is still to be stored, in short transactions. `None`: all is stored, and the import is finished.
    pub left: Option<Vec<Piece>>,
}

impl<'d> Loading<'d> {
    /// Begins after so many records, if no other process has the database open.
    ///
    /// # Errors
    /// The database failed.
    pub fn begin(database: &'d Database, import: i64, records: u64) -> Result<Option<Loading<'d>>, Failure> {
        let neighbours = Neighbours::of(&database.path);
        if neighbours.are_there() {
            return Ok(None);
        }
        let feed = database.actions.load_import(&database.actor, import, records, neighbours);
        Ok(Some(Loading { database, feed: feed.map_err(|refusal| database.failure(refusal))? }))
    }

    /// Hands over a piece. `Some`: it is not taken, and [`Loading::stop`] tells what is stored.
    pub fn give(&self, piece: Piece) -> Option<Piece> {
        self.feed.give(piece)
    }

    /// Waits until all that was given is stored.
    ///
    /// # Errors
    /// The database failed; nothing is stored then.
    pub fn end(self) -> Result<Stopped, Failure> {
        Loading::stopped(self.database, self.feed.end())
    }

    /// Waits for what is stored, once a piece was not taken.
    ///
    /// # Errors
    /// The database failed; nothing is stored then.
    pub fn stop(self) -> Result<Stopped, Failure> {
        Loading::stopped(self.database, self.feed.stop())
    }

    fn stopped(database: &Database, loaded: Result<Loaded, StoreError>) -> Result<Stopped, Failure> {
        match loaded.map_err(|error| failed(&database.path, &error))? {
            Loaded::Wholly(count) => Ok(Stopped { count, left: None }),
            Loaded::InPart(count, left) => Ok(Stopped { count, left: Some(left) }),
            Loaded::Overtaken => Err(overtaken()),
        }
    }
}
