//! Putting a new key in the place of another.

use std::io;

use chrono::TimeDelta;

use super::keys::{may_revoke, not_shown, within};
use super::{Actions, Actor, Answer, KeyRefusal, Refusal, audit};
use crate::domain::{IdempotencyKey, PlainKey, Scope, Timestamp};
use crate::store::key_rotation::{Rotated, rotate};
use crate::store::{Write, api_keys, key_lines};

/// The resource that an idempotency key of a rotation belongs to.
const RESOURCE: &str = "/admin/keys/rotate";

/// A key that took the place of another.
#[derive(Debug, Clone)]
pub struct RotatedKey {
    /// The number of the new key.
    pub id: i64,
    /// The new key itself, to be shown once; `None` where it was made and shown before.
    pub plain: Option<PlainKey>,
    /// The moment from which the old key no longer works, unless its last day is over before.
    pub old_ends_at: Timestamp,
}

impl Actions {
    /// Makes a key with the rights, the username, the networks, the last day and the description of the key `id`, which
    /// then works for the time `grace` only. What was made with the old key goes on as long as the new one works. The two
    /// share what is remembered under idempotency keys.
    ///
    /// # Errors
    /// [`Refusal::Unknown`]; [`KeyRefusal::Ended`] if the key works no longer; [`KeyRefusal::Replaced`] if another key took its
    /// place before; [`KeyRefusal::NeededByActor`] if it is the actor's own key, or one without which that key does not work;
    /// [`Refusal::OfAnotherUsername`] and the refusals of [`Actions::create_key`] where the actor's key could not make such
    /// a key; others as [`Refusal`] says.
    pub async fn rotate_key(
        &self,
        actor: &Actor,
        id: i64,
        grace: TimeDelta,
        key: Option<IdempotencyKey>,
    ) -> Result<RotatedKey, Refusal> {
        self.replace_key(actor, id, grace, key, |_| Ok(())).await
    }

    /// Does what [`Actions::rotate_key`] does, and shows the new key by writing it somewhere, as
    /// [`Actions::create_and_show_key`] does. If that fails, nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::NotShown`](crate::store::StoreError::NotShown) with what `show` met; others as those of
    /// [`Actions::rotate_key`].
    pub async fn rotate_and_show_key(
        &self,
        actor: &Actor,
        id: i64,
        grace: TimeDelta,
        show: impl FnOnce(&PlainKey) -> io::Result<()> + Send + 'static,
    ) -> Result<RotatedKey, Refusal> {
        self.replace_key(actor, id, grace, None, show).await
    }

    async fn replace_key(
        &self,
        actor: &Actor,
        id: i64,
        grace: TimeDelta,
        key: Option<IdempotencyKey>,
        show: impl FnOnce(&PlainKey) -> io::Result<()> + Send + 'static,
    ) -> Result<RotatedKey, Refusal> {
        actor.require(Scope::Keys)?;
        // What a key may do never changes, so it can be read before.
        let old = self.store.read(move |connection| api_keys::get(connection, id)).await?.ok_or(Refusal::Unknown)?;
        if !may_revoke(actor, &old) {
            return Err(Refusal::OfAnotherUsername);
        }
        within(actor, old.permissions, &old.networks, old.expires_on)?;
        let plain = PlainKey::generate().map_err(Refusal::NoRandomNumbers)?;
        let (stored, at, with) = (plain.clone(), self.circumstances(), (actor.key, actor.ends_at));
        let by = actor.author();
        let work = move |write: &Write<'_>| {
            if !key_lines::may_make(write.connection, with.0, &at)? {
                return Ok(None);
            }
            let rotated = rotate(write, &stored, id, grace, with, &at)?;
            if let Rotated::Done { id, old_ends_at } = rotated {
                audit::key_rotated(write, &by, &old, (id, old_ends_at))?;
                show(&stored).map_err(not_shown)?;
            }
            Ok(Some(rotated))
        };
        let asked = (id, grace.num_milliseconds());
        let Answer { outcome, replayed } = self.once(actor, key, RESOURCE, &asked, work).await?;
        match outcome.ok_or(Refusal::InvalidAccess)? {
            Rotated::Done { id, old_ends_at } => {
                Ok(RotatedKey { id, plain: (!replayed).then_some(plain), old_ends_at })
            }
            Rotated::Unknown => Err(Refusal::Unknown),
            Rotated::Ended(state) => Err(KeyRefusal::Ended(state).into()),
            Rotated::Before { successor_id } => Err(KeyRefusal::Replaced { successor_id }.into()),
            Rotated::NeededByActor => Err(KeyRefusal::NeededByActor.into()),
        }
    }
}
