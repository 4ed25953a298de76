//! Having scores rebuilt on demand.

use chrono::TimeDelta;

use super::{Actions, Actor, Refusal, audit};
use crate::domain::{EventDate, IdempotencyKey, Scope};
use crate::store::recalculations::{self, Requested};

/// The resource that an idempotency key of a recalculation belongs to.
const RESOURCE: &str = "/admin/recalculate";

impl Actions {
    /// Has every score from a day on rebuilt in the background. Only a limited number of requests is accepted within 24
    /// hours.
    ///
    /// # Errors
    /// [`Refusal::Limited`] if no more are accepted now; others as [`Refusal`] says.
    pub async fn recalculate(
        &self,
        actor: &Actor,
        from_date: EventDate,
        key: Option<IdempotencyKey>,
    ) -> Result<(), Refusal> {
        actor.require(Scope::Recalculate)?;
        let (by, limit) = (actor.author(), self.recalculations_per_day);
        // The outcome that is kept under the idempotency key: how many milliseconds to wait, if no more requests are
        // accepted.
        let requested = self.once(actor, key, RESOURCE, &from_date, move |write| {
            match recalculations::request(write, from_date, &by.username, limit)? {
                Requested::Accepted => audit::recalculation(write, &by, from_date).map(|()| None),
                Requested::Limited { wait } => Ok(Some(wait.num_milliseconds())),
            }
        });
        let requested = requested.await?;
        if let Some(wait) = requested.outcome {
            return Err(Refusal::Limited { wait: TimeDelta::milliseconds(wait) });
        }
        if let Some(running) = self.running.as_ref().filter(|_| !requested.replayed) {
            running.rollup.recalculate(from_date);
        }
        Ok(())
    }

    /// Writes down that the scores from a day on are rebuilt by a command. Only a thread that may wait may call this.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn note_backfill(&self, actor: &Actor, from_date: EventDate) -> Result<(), Refusal> {
        actor.require(Scope::Recalculate)?;
        let by = actor.author();
        Ok(self.store.writer().write_blocking(move |write| audit::recalculation(write, &by, from_date))?)
    }
}
