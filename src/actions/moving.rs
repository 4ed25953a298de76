//! Taking over what another server kept: events with their ids and times, and the scores of days.
//!
//! A command does this, piece by piece, beside a server that may be at work on the same file. For threads that may wait.

use super::{Actions, Actor, Refusal};
use crate::domain::{Description, Scope};
use crate::store::moved::{self, DayScore, Matched, Moved, MovedEvent};

impl Actions {
    /// Stores events under their own ids, unless they are here already.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn move_events(&self, actor: &Actor, events: Vec<MovedEvent>) -> Result<Moved, Refusal> {
        actor.require(Scope::EventsAward)?;
        actor.require(Scope::EventsDeduct)?;
        let by = actor.username.clone();
        Ok(self.store.writer().write_blocking(move |write| moved::store_events(write, &events, &by))?)
    }

    /// Stores an event for each day whose events do not add up to its score. The event bears the description.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub fn match_scores(
        &self,
        actor: &Actor,
        days: Vec<DayScore>,
        description: Description,
    ) -> Result<Matched, Refusal> {
        actor.require(Scope::EventsAward)?;
        actor.require(Scope::EventsDeduct)?;
        let by = actor.username.clone();
        Ok(self.store.writer().write_blocking(move |write| moved::match_scores(write, &days, &description, &by))?)
    }
}
