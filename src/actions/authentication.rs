//! Finding out who acts with a key. Every request with a key begins with this.

use super::{Actions, Actor, Refusal};
use crate::domain::{KeyDigest, KeyRef, PlainKey, Sender, Username};
use crate::store::StoreError;
use crate::store::api_keys::{self, ApiKey};
use crate::store::key_lines::{self, Circumstances, KeyState};

/// Who acts with a key for all users where no name came with it and none is needed.
const NAMELESS: &str = "nameless";

impl Actions {
    /// Finds out who acts, from the key and the name that came with a request.
    ///
    /// # Errors
    /// [`Refusal::WrongKey`] if there is no such key; [`Refusal::InvalidAccess`] if the key works no longer, or if it is for
    /// another username; [`Refusal::UsernameNeeded`] if it is for all users and no name came with it; [`Refusal::NotFromHere`] if it is not for the
    /// network that the request comes from.
    pub fn authenticate(&self, key: &PlainKey, username: Option<&str>, sender: Sender) -> Result<Actor, Refusal> {
        self.authenticate_or(key, username, || None, sender)
    }

    /// The same where it does not matter who acts: a key for all users needs no name.
    ///
    /// # Errors
    /// As [`Actions::authenticate`].
    pub fn authenticate_nameless(
        &self,
        key: &PlainKey,
        username: Option<&str>,
        sender: Sender,
    ) -> Result<Actor, Refusal> {
        self.authenticate_or(key, username, || NAMELESS.parse().ok(), sender)
    }

    /// Finds out who acts. Where no name came with a key for all users, `stand_in` may give one.
    fn authenticate_or(
        &self,
        key: &PlainKey,
        username: Option<&str>,
        stand_in: impl Fn() -> Option<Username>,
        sender: Sender,
    ) -> Result<Actor, Refusal> {
        let digest = key.digest();
        if self.is_configured(&digest) {
            return actor_with_configured(username, stand_in, sender);
        }
        let at = self.circumstances();
        let find = || self.store.look_up(|connection| key_lines::find(connection, &key.prefix(), &digest, &at));
        let stored = if key.is_misspelt() { None } else { find()? };
        let stored = working(stored)?;
        let actor = actor_with(&stored, username, stand_in, sender)?;
        if stored.use_is_news(at.now) {
            self.note_use(stored.id, sender);
        }
        Ok(actor)
    }

    /// Who acts with a key that was accepted before, under the same name; `None` if the key works no longer.
    ///
    /// # Errors
    /// [`Refusal::NotFromHere`], or the database failed.
    pub fn still_acts(&self, key: KeyRef, username: &Username, sender: Sender) -> Result<Option<Actor>, Refusal> {
        let id = match key {
            KeyRef::Configured if self.configured_key.is_none() => return Ok(None),
            KeyRef::Configured => {
                return Ok(Some(Actor::unlimited(username.clone(), key, Some(sender.address))));
            }
            KeyRef::CommandLine => return Ok(Some(Actor::of_command_line(username.clone()))),
            KeyRef::Webhook => return Ok(None),
            KeyRef::Stored(id) => id,
        };
        let at = self.circumstances();
        let stored = self.store.look_up(|connection| key_lines::get(connection, id, &at))?;
        let Some((stored, KeyState::Works)) = stored else { return Ok(None) };
        admit(&stored, sender)?;
        if stored.use_is_news(at.now) {
            self.note_use(id, sender);
        }
        Ok(Some(actor(username.clone(), &stored, sender)))
    }

    /// What decides now, beside the file, whether a key works.
    pub fn circumstances(&self) -> Circumstances {
        // A command does not know the settings that a server runs with.
        let is_key_configured = self.configured_key.is_some() || self.running.is_none();
        Circumstances { now: self.clock.now(), today: self.clock.today(), is_key_configured }
    }

    fn is_configured(&self, digest: &KeyDigest) -> bool {
        self.configured_key.as_ref().is_some_and(|configured| configured.matches(digest.as_bytes()))
    }

    /// Has the use of a key written down, without waiting for that. If the queue is full, this use is not written down,
    /// but a later one will be.
    pub(super) fn note_use(&self, id: i64, sender: Sender) {
        let noted: Result<_, StoreError> =
            self.store.writer().submit(move |write| api_keys::note_use(write, id, sender.address));
        if let Err(error) = noted {
            log::debug!("the use of key {id} was not noted: {error}");
        }
    }
}

/// The key, if it was found and works.
fn working(found: Option<(ApiKey, KeyState)>) -> Result<ApiKey, Refusal> {
    match found {
        None => Err(Refusal::WrongKey),
        Some((key, KeyState::Works)) => Ok(key),
        Some(_) => Err(Refusal::InvalidAccess),
    }
}

/// The username that was sent, if one was. One that can't be one is told only to who has a good key.
fn sent_name(username: Option<&str>) -> Result<Option<Username>, Refusal> {
    let username = username.map(str::trim).filter(|username| !username.is_empty());
    username.map(|username| username.parse().map_err(|_| Refusal::InvalidAccess)).transpose()
}

/// Who acts with the configured key.
fn actor_with_configured(
    username: Option<&str>,
    stand_in: impl Fn() -> Option<Username>,
    sender: Sender,
) -> Result<Actor, Refusal> {
    let username = sent_name(username)?.or_else(stand_in).ok_or(Refusal::UsernameNeeded)?;
    Ok(Actor::unlimited(username, KeyRef::Configured, Some(sender.address)))
}

/// Who acts with a stored key that works.
pub(super) fn actor_with(
    stored: &ApiKey,
    username: Option<&str>,
    stand_in: impl Fn() -> Option<Username>,
    sender: Sender,
) -> Result<Actor, Refusal> {
    admit(stored, sender)?;
    let acting = match (&stored.username, sent_name(username)?) {
        (None, Some(username)) => username,
        (None, None) => stand_in().ok_or(Refusal::UsernameNeeded)?,
        (Some(owner), Some(username)) if *owner != username => return Err(Refusal::InvalidAccess),
        (Some(owner), _) => owner.clone(),
    };
    Ok(actor(acting, stored, sender))
}

/// Passes if a key may be used from there.
fn admit(key: &ApiKey, sender: Sender) -> Result<(), Refusal> {
    let admitted = key.networks.are_everywhere() || (sender.is_certain && key.networks.contain(sender.address));
    if admitted { Ok(()) } else { Err(Refusal::NotFromHere) }
}

fn actor(username: Username, stored: &ApiKey, sender: Sender) -> Actor {
    Actor {
        username,
        key: KeyRef::Stored(stored.id),
        first_key: KeyRef::Stored(stored.first_id),
        permissions: stored.permissions,
        networks: stored.networks.clone(),
        one_username: stored.username.is_some(),
        expires_on: stored.expires_on,
        ends_at: stored.ends_at,
        address: Some(sender.address),
    }
}
