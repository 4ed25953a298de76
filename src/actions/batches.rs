//! Storing many events, or changing many users, at once: all or none.

use std::sync::Arc;
use std::time::Instant;

use super::{Actions, Actor, Answer, Refusal, audit};
use crate::domain::{Award, IdempotencyKey, Scope, UserId};
use crate::store::directory::{Put, UserChange};
use crate::store::event_batches::{self, BatchAwarded};
use crate::store::idempotency::Idempotency;
use crate::store::user_batches::BadUser;
use crate::store::{StoreError, Write};

/// What the input of a batch of events calls the list of its events.
const EVENTS: &str = "events";

/// What the input of a batch of users calls the list of its users.
const USERS: &str = "users";

/// The resource that an idempotency key of a batch of events belongs to, however the path of the request is written.
const RESOURCE: &str = "/admin/plugins/gamification/score_events/batch";

impl Actions {
    /// Stores all these events in one transaction, or none of them. They are decided in order, each as if those before it
    /// were stored already. That one of them would leave less than the minimum that it names is an outcome too, and is
    /// kept under the idempotency key like any other. The writer has to come to it before `deadline`.
    ///
    /// # Errors
    /// [`Refusal::Within`] says of the first award that the actor may not make why; others as [`Refusal`] says.
    pub async fn award_all(
        &self,
        actor: &Actor,
        awards: Arc<[Award]>,
        key: Option<IdempotencyKey>,
        deadline: Instant,
    ) -> Result<Answer<BatchAwarded>, Refusal> {
        for (index, award) in awards.iter().enumerate() {
            actor.require(award.scope()).map_err(|refusal| refusal.within(EVENTS, index))?;
        }
        let by = actor.author();
        let (asked, username, first_key) = (Arc::clone(&awards), actor.username.clone(), actor.first_key);
        // All of a batch goes into the digest, which may take too long for an asynchronous worker.
        let digest = move || key.map(|key| Idempotency::new(&username, first_key, key, RESOURCE, &&asked[..]));
        let idempotency = tokio::task::spawn_blocking(digest).await.map_err(|_| StoreError::Closed)?;
        let count = awards.len();
        let answer = self.knowing(deadline, |told| {
            let (awards, by) = (Arc::clone(&awards), by.clone());
            let store = move |write: &Write<'_>| {
                write.know(told)?;
                event_batches::award_all(write, &awards, &by)
            };
            self.once_by(deadline, idempotency.clone(), |_| Ok(()), store)
        });
        let answer = answer.await?;
        self.figures.count(&answer, count, matches!(answer.outcome, BatchAwarded::InsufficientPoints { .. }));
        Ok(answer)
    }

    /// Makes or changes all these users in one transaction, or none of them, and waits until that shows. Two users of
    /// one batch can exchange their names. The writer has to come to it before `deadline`.
    ///
    /// # Errors
    /// [`Refusal::Within`] says of the first user who can't be stored why: [`Refusal::Missing`] or
    /// [`Refusal::NameTaken`]; others as [`Refusal`] says.
    pub async fn put_users(
        &self,
        actor: &Actor,
        changes: Vec<(UserId, UserChange)>,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        actor.require(Scope::Users)?;
        let by = actor.author();
        let put = self.store.write_by(deadline, move |write| audit::of_users(write, &by, changes)).await?;
        if let Err(BadUser { index, put }) = put {
            let refusal = if put == Put::NameMissing { Refusal::Missing("username") } else { Refusal::NameTaken };
            return Err(refusal.within(USERS, index));
        }
        self.show().await;
        Ok(())
    }
}
