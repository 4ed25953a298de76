//! Having scores rebuilt on demand.

use chrono::TimeDelta;

use super::{Actions, Actor, Refusal};
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
        let (by, limit) = (actor.username.clone(), self.recalculations_per_day);
        // The outcome that is kept under the idempotency key: how many milliseconds to wait, if no more requests are
        // accepted.
        let requested = self.once(actor, key, RESOURCE, &from_date, move |write| {
            Ok(match recalculations::request(write, from_date, &by, limit)? {
                Requested::Accepted => None,
                Requested::Limited { wait } => Some(wait.num_milliseconds()),
            })
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
}
