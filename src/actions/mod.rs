//! Every change that a request, a command or the clock can ask for, one function each.
//!
//! A function here does all that belongs to its change: it asks whether the actor may do it, makes sure that the same
//! request is carried out only once, has the store write it, and, where needed, waits until the leaderboards show it.
//! Whoever asks (the API, a page, the command line) brings an [`Actor`] and typed input, and gets the outcome or a
//! [`Refusal`]. Nothing here knows of HTTP.

mod actor;
mod audit;
mod authentication;
mod batches;
mod boards;
mod deeds;
mod described;
mod directory;
mod events;
mod figures;
mod import;
mod key_rotation;
mod keys;
mod knowing;
mod known_keys;
mod moving;
mod presumed;
mod recalculation;
mod refusal;
mod rules;
mod webhooks;

pub use actor::Actor;

pub use boards::NewBoard;
pub use directory::Existence;
pub use figures::Figures;
pub use key_rotation::RotatedKey;
pub use keys::{MadeKey, may_revoke};
pub use presumed::Presumed;
pub use refusal::{KeyRefusal, Refusal};
pub use webhooks::Delivered;

use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::known_keys::KnownKeys;
use crate::domain::{Clock, IdempotencyKey, KeyDigest};
use crate::rollup::Rollup;
use crate::standings::Standings;
use crate::store::idempotency::{Idempotency, Once, once};
use crate::store::{BUSY_LIMIT, Store, StoreError, Write};

/// The door through which every change goes.
pub struct Actions {
    store: Store,
    clock: Clock,
    running: Option<Running>,
    configured_key: Option<KeyDigest>,
    known_keys: KnownKeys,
    recalculations_per_day: u32,
    figures: Figures,
}

/// What a server keeps running beside the file. It has to be told of changes.
pub struct Running {
    /// Ranks the users for the leaderboards.
    pub standings: Standings,
    /// Rebuilds scores.
    pub rollup: Rollup,
}

/// The outcome of a change that is carried out once for each idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The outcome.
    pub outcome: T,
    /// Whether this is the outcome of an earlier request under the same key, and nothing was done now.
    pub replayed: bool,
}

impl Actions {
    /// Makes the door to a file, for a command that does its work and ends. No server has to run.
    pub fn new(store: Store, clock: Clock) -> Actions {
        Actions {
            store,
            clock,
            running: None,
            configured_key: None,
            known_keys: KnownKeys::default(),
            recalculations_per_day: 0,
            figures: Figures::default(),
        }
    }

    /// Adds what a server keeps running beside the file.
    pub fn beside(mut self, running: Running) -> Actions {
        self.running = Some(running);
        self
    }

    /// Adds a key for all users that is configured beside the stored ones.
    pub fn with_configured_key(mut self, key: Option<KeyDigest>) -> Actions {
        self.configured_key = key;
        self
    }

    /// Sets how many recalculations are accepted within 24 hours.
    pub fn with_recalculations_per_day(mut self, limit: u32) -> Actions {
        self.recalculations_per_day = limit;
        self
    }

    /// What became of events that were to be stored, in numbers.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The clock that tells what day it is.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether an all-users key is configured.
    pub fn has_configured_key(&self) -> bool {
        self.configured_key.is_some()
    }

    /// How many recalculations are accepted within 24 hours.
    pub fn recalculations_per_day(&self) -> u32 {
        self.recalculations_per_day
    }

    /// Runs `work` in a write transaction. If an idempotency key came with the request, `work` runs only once for that
    /// key, actor and resource, and later requests get the first outcome again. `asked` is what the request asks for: a
    /// request that asks for something else under the same key is refused.
    async fn once<T>(
        &self,
        actor: &Actor,
        key: Option<IdempotencyKey>,
        resource: &str,
        asked: &(impl Serialize + Sync),
        work: impl FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Answer<T>, Refusal>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let idempotency = key.map(|key| Idempotency::new(&actor.username, actor.first_key, key, resource, asked));
        self.once_by(Instant::now() + BUSY_LIMIT, idempotency, |_| Ok(()), work).await
    }

    /// The same with what a retry has to match already made, if the transaction can be begun before `deadline`, and if
    /// `check` passes, which comes first in it. Its fault is an error of the store.
    async fn once_by<T>(
        &self,
        deadline: Instant,
        idempotency: Option<Idempotency>,
        check: impl FnOnce(&Write<'_>) -> Result<(), StoreError> + Send + 'static,
        work: impl FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Answer<T>, Refusal>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let work = move |write: &Write<'_>| {
            check(write)?;
            once(write, idempotency.as_ref(), || work(write))
        };
        let done = self.store.write_by(deadline, work).await?;
        match done {
            Once::Fresh(outcome) => Ok(Answer { outcome, replayed: false }),
            Once::Replayed(outcome) => Ok(Answer { outcome, replayed: true }),
            Once::KeyReused => Err(Refusal::IdempotencyKeyReused),
        }
    }

    /// Waits until the leaderboards show what has been written.
    async fn show(&self) {
        if let Some(running) = &self.running {
            running.standings.refresh().await;
        }
    }

    /// Removes answers that were kept for retries and whose time is over, in short transactions, until none is left or
    /// `stopped` says so. Only a thread that may wait may call this.
    ///
    /// # Errors
    /// The database failed; what was removed stays removed.
    pub fn forget_old_answers(&self, stopped: impl Fn() -> bool) -> Result<(), StoreError> {
        while !stopped() && self.store.writer().write_blocking(crate::store::idempotency::forget_old)? {}
        Ok(())
    }
}
