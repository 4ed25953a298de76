//! Importing events from a file, piece by piece, and taking an import back.
//!
//! A command does this, and a server may be at work on the same file. Each piece is a short transaction, and whoever calls
//! pauses between two, so that the server gets its turn. Where there is no other process, all pieces may be one transaction.

use super::{Actions, Actor, Refusal};
use crate::domain::Scope;
use crate::store::Neighbours;
use crate::store::imports::{self, FileDigest, Import, Piece, PieceStored, UndoStep};
use crate::store::load::{Feed, Load};

/// How many events a step takes back: some 10 milliseconds of work.
const UNDO_MAX: i64 = 300;

/// All of these are for a thread that may wait.
impl Actions {
    /// The imports of a file, the oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn imports_of(&self, digest: &FileDigest) -> Result<Vec<Import>, Refusal> {
        Ok(self.store.read_blocking(|connection| imports::of_file(connection, digest))?)
    }

    /// Begins an import of a file, which had `known` imports before, and returns its number. `None`: another process has
    /// begun one at the same time.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn begin_import(
        &self,
        actor: &Actor,
        digest: FileDigest,
        known: usize,
        name: &str,
    ) -> Result<Option<i64>, Refusal> {
        actor.require_any(&[Scope::EventsAward, Scope::EventsDeduct])?;
        let (by, name) = (actor.username.clone(), name.to_owned());
        Ok(self.store.writer().write_blocking(move |write| imports::begin(write, &digest, known, &name, &by))?)
    }

    /// Begins to store all that is left of an import, of which so many records are dealt with, in one transaction: until its end,
    /// or until another process opens the database.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn load_import(
        &self,
        actor: &Actor,
        import: i64,
        records: u64,
        neighbours: Neighbours,
    ) -> Result<Feed, Refusal> {
        // What will come is not known yet.
        actor.require(Scope::EventsAward)?;
        actor.require(Scope::EventsDeduct)?;
        let load = Load { import, records, by: actor.username.clone(), neighbours };
        Ok(Feed::begin(self.store.writer(), load)?)
    }

    /// Stores a piece of an import.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn import_piece(&self, actor: &Actor, import: i64, piece: Piece) -> Result<PieceStored, Refusal> {
        actor.require(Scope::EventsAward)?;
        if piece.events.iter().any(|event| i64::from(event.points) < 0) {
            actor.require(Scope::EventsDeduct)?;
        }
        let by = actor.username.clone();
        Ok(self.store.writer().write_blocking(move |write| imports::store(write, import, &piece, &by))?)
    }

    /// Writes down that an import is finished.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn end_import(&self, import: i64) -> Result<(), Refusal> {
        Ok(self.store.writer().write_blocking(move |write| imports::end(write, import))?)
    }

    /// Takes back a few events of an import. It is to be called until no more are left.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn undo_import_step(&self, actor: &Actor, import: i64) -> Result<UndoStep, Refusal> {
        actor.require(Scope::EventsCorrect)?;
        let by = actor.username.clone();
        Ok(self.store.writer().write_blocking(move |write| imports::undo(write, import, UNDO_MAX, &by))?)
    }
}
