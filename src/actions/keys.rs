//! Making and revoking API keys.

use std::io;
use std::sync::Arc;

use super::events::known;
use super::{Actions, Actor, Answer, KeyRefusal, Refusal, audit};
use crate::domain::{EventDate, IdempotencyKey, Networks, Permissions, PlainKey, Scope};
use crate::store::api_keys::{self, ApiKey, Descent, NewKey};
use crate::store::{StoreError, Write, key_lines};

/// The resource that an idempotency key of a new API key belongs to.
const RESOURCE: &str = "/admin/keys";

/// A key that was made.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// Its number.
    pub id: i64,
    /// The key itself, to be shown once; `None` where it was made and shown before.
    pub plain: Option<PlainKey>,
}

impl Actions {
    /// Makes a key that may do no more than the actor's own key, works no longer, and comes from no more networks. If the
    /// actor's key is for one username, the new key is for it too. If the actor's key has a last day, or networks, the new
    /// key has the same, unless an earlier day, or networks within them, are asked for.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] if a scope is asked for that the actor's key lacks, [`KeyRefusal::Outlives`] if a later last
    /// day is, [`KeyRefusal::MoreNetworks`] if networks beyond those of the actor's key are; others as [`Refusal`] says.
    pub async fn create_key(
        &self,
        actor: &Actor,
        new: NewKey,
        key: Option<IdempotencyKey>,
    ) -> Result<MadeKey, Refusal> {
        self.make_key(actor, new, key, |_| Ok(())).await
    }

    /// Does what [`Actions::create_key`] does, and shows the key by writing it somewhere. The key is kept only if
    /// `show` succeeds.
    ///
    /// `show` holds up all writes, so it must not wait long. It is called in the transaction that stores the key,
    /// before the commit. So no key is kept that nobody saw, even if the process ends at any moment. At worst somebody
    /// saw a key that is not kept, and learns of that when the key is first used.
    ///
    /// # Errors
    /// [`StoreError::NotShown`] with what `show` met; others as those of [`Actions::create_key`].
    pub async fn create_and_show_key(
        &self,
        actor: &Actor,
        new: NewKey,
        show: impl FnOnce(&PlainKey) -> io::Result<()> + Send + 'static,
    ) -> Result<(), Refusal> {
        self.make_key(actor, new, None, show).await.map(|_| ())
    }

    async fn make_key(
        &self,
        actor: &Actor,
        new: NewKey,
        key: Option<IdempotencyKey>,
        show: impl FnOnce(&PlainKey) -> io::Result<()> + Send + 'static,
    ) -> Result<MadeKey, Refusal> {
        actor.require(Scope::Keys)?;
        let new = bounded(actor, new)?;
        let plain = PlainKey::generate().map_err(Refusal::NoRandomNumbers)?;
        let stored = plain.clone();
        let asked = (
            new.username.clone(),
            (new.permissions.to_string(), new.networks.to_string()),
            new.description.clone(),
            new.expires_on,
        );
        let by = actor.author();
        let descent = Descent { made_with: actor.key, ends_at: actor.ends_at, first_id: None };
        let at = self.circumstances();
        let work = move |write: &Write<'_>| {
            // The actor's key may have been revoked since it was looked at.
            if !key_lines::may_make(write.connection, descent.made_with, &at)? {
                return Ok(None);
            }
            let id = api_keys::create(write, &stored, &new, descent)?;
            audit::key_made(write, &by, id)?;
            show(&stored).map_err(not_shown)?;
            Ok(Some(id))
        };
        let Answer { outcome, replayed } = self.once(actor, key, RESOURCE, &asked, work).await?;
        let id = outcome.ok_or(Refusal::InvalidAccess)?;
        Ok(MadeKey { id, plain: (!replayed).then_some(plain) })
    }

    /// Makes a key for all users if there is neither a stored nor a configured key, and shows it as
    /// [`Actions::create_and_show_key`] does. If the key is not kept, the next start makes another.
    ///
    /// # Errors
    /// [`StoreError::NotShown`] with what `show` met; others as [`Refusal`] says.
    pub async fn create_first_key(
        &self,
        actor: &Actor,
        description: &str,
        show: impl FnOnce(&PlainKey) -> io::Result<()> + Send + 'static,
    ) -> Result<(), Refusal> {
        if self.configured_key.is_some() {
            return Ok(());
        }
        let plain = PlainKey::generate().map_err(Refusal::NoRandomNumbers)?;
        let new = NewKey {
            username: None,
            permissions: Permissions::ALL,
            networks: Networks::default(),
            description: Some(description.to_owned()),
            expires_on: None,
        };
        let by = actor.author();
        let work = move |write: &Write<'_>| {
            if let Some(id) = api_keys::create_first(write, &plain, &new)? {
                audit::key_made(write, &by, id)?;
                show(&plain).map_err(not_shown)?;
            }
            Ok(())
        };
        Ok(self.store.write(work).await?)
    }

    /// Revokes a key from the next request on.
    ///
    /// # Errors
    /// [`Refusal::Unknown`]; [`Refusal::OfAnotherUsername`] if the actor's key is for one username and this key is not
    /// for the same; others as [`Refusal`] says.
    pub async fn revoke_key(&self, actor: &Actor, id: i64) -> Result<(), Refusal> {
        self.revocable_key(actor, id).await?;
        let by = actor.author();
        known(self.store.write(move |write| audit::key_revoked(write, &by, id)).await?)
    }

    /// A key that the actor may revoke.
    ///
    /// # Errors
    /// As [`Actions::revoke_key`].
    pub async fn revocable_key(&self, actor: &Actor, id: i64) -> Result<ApiKey, Refusal> {
        actor.require(Scope::Keys)?;
        let key = self.store.read(move |connection| api_keys::get(connection, id)).await?.ok_or(Refusal::Unknown)?;
        if may_revoke(actor, &key) { Ok(key) } else { Err(Refusal::OfAnotherUsername) }
    }
}

/// The key that is really made: what was asked for, within the bounds of the actor's own key.
fn bounded(actor: &Actor, new: NewKey) -> Result<NewKey, Refusal> {
    let username = if actor.one_username { Some(actor.username.clone()) } else { new.username };
    let expires_on = new.expires_on.or(actor.expires_on);
    let networks = if new.networks.are_everywhere() { actor.networks.clone() } else { new.networks };
    let new = NewKey { username, networks, expires_on, ..new };
    within(actor, new.permissions, &new.networks, new.expires_on)?;
    Ok(new)
}

/// Passes if a key with these rights may do no more than the actor's key, works no longer, and comes from no more networks.
pub(super) fn within(
    actor: &Actor,
    permissions: Permissions,
    networks: &Networks,
    expires_on: Option<EventDate>,
) -> Result<(), Refusal> {
    if let Some(lacking) = permissions.scopes().find(|scope| !actor.permissions.holds(*scope)) {
        return Err(Refusal::NotPermitted(lacking));
    }
    if let Some(last) = actor.expires_on
        && expires_on.is_none_or(|asked| asked > last)
    {
        return Err(KeyRefusal::Outlives { last }.into());
    }
    if !networks.are_within(&actor.networks) {
        return Err(KeyRefusal::MoreNetworks { networks: actor.networks.clone() }.into());
    }
    Ok(())
}

pub(super) fn not_shown(error: io::Error) -> StoreError {
    StoreError::NotShown(Arc::new(error))
}

/// Whether the actor may revoke that key.
pub fn may_revoke(actor: &Actor, key: &ApiKey) -> bool {
    actor.require(Scope::Keys).is_ok() && (!actor.one_username || key.username.as_ref() == Some(&actor.username))
}
