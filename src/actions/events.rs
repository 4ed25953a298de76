//! Giving, correcting and taking back points.

use std::ops::RangeInclusive;
use std::time::Instant;

use super::{Actions, Actor, Answer, Presumed, Refusal};
use crate::domain::{Award, Correction, Deletion, EventId, IdempotencyKey, Scope, Username};
use crate::store::idempotency::Idempotency;
use crate::store::score_events::{self, Awarded, Revised};
use crate::store::{BUSY_LIMIT, StoreError, Write};

/// The resource that an idempotency key of an award belongs to, however the path of the request is written.
const RESOURCE: &str = "/admin/plugins/gamification/score_events";

impl Actions {
    /// Stores an event, unless that would leave the user less than the minimum that the award names. This is an outcome
    /// too, and is kept under the idempotency key like any other.
    ///
    /// # Errors
    /// See [`Refusal`]. If whoever was presumed to act may not, after all, also as [`Actions::authenticate`].
    pub async fn award(
        &self,
        presumed: &Presumed,
        award: Award,
        key: Option<IdempotencyKey>,
    ) -> Result<Answer<Awarded>, Refusal> {
        let deadline = Instant::now() + BUSY_LIMIT;
        let check = presumed.check();
        let stored = match self.award_as(presumed.actor(), check, deadline, &award, key.as_ref()).await {
            Err(Refusal::Store(StoreError::KeysChanged) | Refusal::NotPermitted(_)) => {
                let actor = self.confirm(presumed)?;
                self.award_as(&actor, |_| Ok(()), deadline, &award, key.as_ref()).await
            }
            stored => {
                self.note_presumed_use(presumed);
                stored
            }
        };
        let answer = stored?;
        self.figures.count(&answer, 1, matches!(answer.outcome, Awarded::InsufficientPoints { .. }));
        Ok(answer)
    }

    /// Stores an event, if `check` passes in the transaction and that can be begun before `deadline`.
    async fn award_as(
        &self,
        actor: &Actor,
        check: impl FnOnce(&Write<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
        deadline: Instant,
        award: &Award,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<Awarded>, Refusal> {
        actor.require(award.scope())?;
        let by = actor.author();
        let idempotency =
            key.map(|key| Idempotency::new(&actor.username, actor.first_key, key.clone(), RESOURCE, award));
        self.knowing(deadline, |told| {
            let (wanted, by) = (award.clone(), by.clone());
            let work = move |write: &Write<'_>| {
                write.know(told)?;
                score_events::award(write, &wanted, &by)
            };
            self.once_by(deadline, idempotency.clone(), check.clone(), work)
        })
        .await
    }

    /// Changes the points of an event, and its description if one is given.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is no such event, [`Refusal::InsufficientPoints`] if that would leave less than the minimum
    /// that the correction names; others as [`Refusal`] says.
    pub async fn correct(&self, actor: &Actor, correction: Correction) -> Result<(), Refusal> {
        self.revise(actor, correction, score_events::correct).await
    }

    /// Takes an event back: it no longer counts, and its history stays.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is no such event, [`Refusal::InsufficientPoints`] if that would leave less than the minimum
    /// that the deletion names; others as [`Refusal`] says.
    pub async fn delete_event(&self, actor: &Actor, deletion: Deletion) -> Result<(), Refusal> {
        self.revise(actor, deletion, score_events::delete).await
    }

    /// Corrects an event or takes it back: `revise` does what is `wanted`.
    async fn revise<W: Clone + Send + 'static>(
        &self,
        actor: &Actor,
        wanted: W,
        revise: fn(&Write<'_>, &W, &Username) -> Result<Revised, StoreError>,
    ) -> Result<(), Refusal> {
        actor.require(Scope::EventsCorrect)?;
        let deadline = Instant::now() + BUSY_LIMIT;
        let outcome = self.knowing(deadline, |told| {
            let (wanted, by) = (wanted.clone(), actor.username.clone());
            let work = move |write: &Write<'_>| {
                write.know(told)?;
                revise(write, &wanted, &by)
            };
            async { Ok(self.store.write_by(deadline, work).await?) }
        });
        match outcome.await? {
            Revised::Done => Ok(()),
            Revised::Unknown => Err(Refusal::Unknown),
            Revised::InsufficientPoints { score } => Err(Refusal::InsufficientPoints { score }),
        }
    }

    /// Takes back all events with these ids in one transaction, as [`Actions::delete_event`] takes back one, whatever
    /// scores that leaves. Ids without an event are passed over. The writer has to come to it before `deadline`.
    /// Returns how many events were taken back.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn take_back(
        &self,
        actor: &Actor,
        ids: RangeInclusive<i64>,
        deadline: Instant,
    ) -> Result<usize, Refusal> {
        actor.require(Scope::EventsCorrect)?;
        let by = actor.username.clone();
        let delete = move |write: &Write<'_>| {
            let mut count = 0;
            for id in ids {
                let deletion = Deletion { id: EventId(id), minimum_score: None };
                count += usize::from(score_events::delete(write, &deletion, &by)? == Revised::Done);
            }
            Ok(count)
        };
        Ok(self.store.write_by(deadline, delete).await?)
    }
}

/// Passes if the thing that was to be changed exists.
pub(super) fn known(found: bool) -> Result<(), Refusal> {
    if found { Ok(()) } else { Err(Refusal::Unknown) }
}
