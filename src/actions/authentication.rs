//! Finding out who acts with a key. Every request with a key begins with this.

use super::{Actions, Actor, Refusal};
use crate::domain::{KeyRef, Permissions, PlainKey, Username};
use crate::store::StoreError;
use crate::store::api_keys::{self, ApiKey};

impl Actions {
    /// Finds out who acts, from the key and the name that came with a request.
    ///
    /// # Errors
    /// [`Refusal::InvalidAccess`] if the key is unknown or works no longer, if it is for another username, or if it is for
    /// all users and no name came with it.
    pub fn authenticate(&self, key: &PlainKey, username: Option<&str>) -> Result<Actor, Refusal> {
        let username = username.map(str::trim).filter(|username| !username.is_empty());
        let username: Option<Username> =
            username.map(|username| username.parse().map_err(|_| Refusal::InvalidAccess)).transpose()?;
        if self.configured_key.as_ref().is_some_and(|digest| digest.matches(key.digest().as_bytes())) {
            return username.map(configured).ok_or(Refusal::InvalidAccess);
        }
        let stored = self.store.look_up(|connection| api_keys::find(connection, key))?;
        let stored = stored.filter(|stored| stored.works(self.clock.today())).ok_or(Refusal::InvalidAccess)?;
        let acting = match (&stored.username, username) {
            (None, Some(username)) => username,
            (None, None) => return Err(Refusal::InvalidAccess),
            (Some(owner), Some(username)) if *owner != username => return Err(Refusal::InvalidAccess),
            (Some(owner), _) => owner.clone(),
        };
        self.note_use(&stored);
        Ok(actor(acting, &stored))
    }

    /// Who acts with a key that was accepted before, under the same name; `None` if the key works no longer.
    ///
    /// # Errors
    /// The database failed.
    pub fn still_acts(&self, key: KeyRef, username: &Username) -> Result<Option<Actor>, StoreError> {
        match key {
            KeyRef::Configured => Ok(self.configured_key.is_some().then(|| configured(username.clone()))),
            KeyRef::CommandLine => Ok(Some(Actor::of_command_line(username.clone()))),
            KeyRef::Stored(id) => {
                let stored = self.store.look_up(|connection| api_keys::get(connection, id))?;
                let stored = stored.filter(|stored| stored.works(self.clock.today()));
                Ok(stored.map(|stored| {
                    self.note_use(&stored);
                    actor(username.clone(), &stored)
                }))
            }
        }
    }

    /// Has the use of a key written down, without waiting for that. If the queue is full, this use is not written down,
    /// but the next one will be.
    fn note_use(&self, stored: &ApiKey) {
        if stored.use_is_news(self.clock.now()) {
            let id = stored.id;
            let noted: Result<_, StoreError> = self.store.writer().submit(move |write| api_keys::note_use(write, id));
            if let Err(error) = noted {
                log::debug!("the use of key {id} was not noted: {error}");
            }
        }
    }
}

fn configured(username: Username) -> Actor {
    Actor {
        username,
        key: KeyRef::Configured,
        permissions: Permissions::ALL,
        one_username: false,
        expires_on: None,
        address: None,
    }
}

fn actor(username: Username, stored: &ApiKey) -> Actor {
    Actor {
        username,
        key: KeyRef::Stored(stored.id),
        permissions: api_keys::permissions(stored.read_only),
        one_username: stored.username.is_some(),
        expires_on: stored.expires_on,
        address: None,
    }
}
