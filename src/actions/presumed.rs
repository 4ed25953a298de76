//! Who acts, as far as was known a moment ago.
//!
//! Looking a key up in the file would be a sixth of all the work of storing a single event: after each commit a reading
//! connection begins with an empty cache. So an event is stored with a key that worked when it was last looked up, and its
//! transaction finds out whether any key can have changed since.

use std::sync::Arc;

use super::authentication::actor_with;
use super::known_keys::KnownKey;
use super::{Actions, Actor, Refusal};
use crate::domain::{KeyRef, PlainKey, Sender, Username};
use crate::store::key_changes::KeyCount;
use crate::store::key_lines;
use crate::store::{StoreError, Write};

/// Somebody whose key worked when it was last looked up. Only an action that looks again where that is needed takes one.
#[derive(Debug)]
pub struct Presumed {
    actor: Actor,
    /// What the actor is remembered from; `None`: the key was looked up for this request itself, so nothing is asked again.
    from: Option<Memory>,
}

/// What somebody is remembered from.
#[derive(Debug)]
struct Memory {
    known: Arc<KnownKey>,
    /// How many changes of keys there were when the key was looked up.
    as_of: KeyCount,
    key: PlainKey,
    username: Option<String>,
    sender: Sender,
}

impl Presumed {
    /// Somebody whose key was looked up for this request itself.
    pub fn certain(actor: Actor) -> Presumed {
        Presumed { actor, from: None }
    }

    /// The acting username, as far as is known.
    pub fn username(&self) -> &Username {
        &self.actor.username
    }

    /// Who acts, as far as is known.
    pub(super) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What a change asks in its transaction before it does anything: whether no key can have changed since.
    pub(super) fn check(&self) -> impl Fn(&Write<'_>) -> Result<(), StoreError> + Clone + Send + use<> {
        let as_of = self.from.as_ref().map(|memory| memory.as_of);
        move |write| as_of.map_or(Ok(()), |count| write.expect_keys_of(count))
    }
}

impl Actions {
    /// Who acts, if the key is remembered and accepts all that came with it. Nothing is read in the file.
    pub fn recall(&self, key: &PlainKey, username: Option<&str>, sender: Sender) -> Option<Presumed> {
        let as_of = self.store.key_changes().count();
        let known = self.known_keys.get(&key.digest(), as_of)?;
        let actor = actor_with(&known.key, username, || None, sender).ok()?;
        let (key, username) = (key.clone(), username.map(str::to_owned));
        Some(Presumed { actor, from: Some(Memory { known, as_of, key, username, sender }) })
    }

    /// Remembers the key with which somebody acts, if it is a stored one that goes on to work until somebody changes a key. Where
    /// another process writes the file, nothing is remembered, since nobody counts the changes.
    pub fn remember(&self, key: &PlainKey, actor: &Actor) {
        let ends = actor.expires_on.is_some() || actor.ends_at.is_some();
        if ends || !matches!(actor.key, KeyRef::Stored(_)) || self.store.writer().changes_at().is_some() {
            return;
        }
        // Counted first: what is then read in the file is at least as new.
        let as_of = self.store.key_changes().count();
        let (digest, at) = (key.digest(), self.circumstances());
        let find = self.store.look_up(|connection| key_lines::find_lasting(connection, &key.prefix(), &digest, &at));
        // A fault of the database does no harm here: the key is looked up again the next time.
        if let Ok(Some(lasting)) = find {
            self.known_keys.put(&digest, as_of, lasting);
        }
    }

    /// Finds out whether it is still so, if that is not certain.
    ///
    /// # Errors
    /// As [`Actions::authenticate`].
    pub fn confirm(&self, presumed: &Presumed) -> Result<Actor, Refusal> {
        match &presumed.from {
            Some(Memory { key, username, sender, .. }) => self.authenticate(key, username.as_deref(), *sender),
            None => Ok(presumed.actor.clone()),
        }
    }

    /// Has the use of a remembered key written down, once its request has turned out to be good.
    pub(super) fn note_presumed_use(&self, presumed: &Presumed) {
        if let Some(Memory { known, sender, .. }) = &presumed.from
            && known.use_is_news(self.clock.now())
        {
            self.note_use(known.key.id, *sender);
        }
    }
}
