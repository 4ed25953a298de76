//! Finding out who calls, for everything that takes a key: requests of the API, and signing in.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::app::App;
use super::client::Client;
use super::error::ApiError;
use crate::actions::{Actor, Presumed, Refusal};
use crate::domain::{KeyRef, PlainKey, Username};

/// The shortest time between two lines of the log that say that a proxy is not trusted.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// When the log was last told that a proxy is not trusted.
static UNTRUSTED_TOLD_AT: Mutex<Option<Instant>> = Mutex::new(None);

impl App {
    /// Finds out who acts, from the key and the name that came with a request.
    ///
    /// # Errors
    /// The key is wrong, or not for that name or that network; [`ApiError::RateLimit`] if too many wrong keys came from
    /// the client; or the database failed.
    pub(super) fn authenticate(&self, key: &str, username: Option<&str>, client: &Client) -> Result<Actor, ApiError> {
        let acting = self.actions.authenticate(&PlainKey::received(key), username, client.sender());
        acting.map_err(|refusal| self.refuse_key(refusal, client))
    }

    /// The same where a key for all users needs no name.
    ///
    /// # Errors
    /// As [`App::authenticate`].
    pub(super) fn authenticate_nameless(
        &self,
        key: &str,
        username: Option<&str>,
        client: &Client,
    ) -> Result<Actor, ApiError> {
        let acting = self.actions.authenticate_nameless(&PlainKey::received(key), username, client.sender());
        acting.map_err(|refusal| self.refuse_key(refusal, client))
    }

    /// Looks up whether somebody may still act as was presumed.
    ///
    /// # Errors
    /// As [`App::authenticate`].
    pub(super) fn confirm(&self, presumed: &Presumed, client: &Client) -> Result<Actor, ApiError> {
        self.actions.confirm(presumed).map_err(|refusal| self.refuse_key(refusal, client))
    }

    /// The error of a request that was refused, perhaps for its key.
    pub(super) fn refuse_key(&self, refusal: Refusal, client: &Client) -> ApiError {
        match refusal {
            Refusal::WrongKey => match self.wrong_keys.note(client.address) {
                Ok(()) => ApiError::InvalidAccess,
                Err(wait_seconds) => ApiError::RateLimit { wait_seconds },
            },
            refusal => refused(refusal, client),
        }
    }

    /// Who acts with a key that was accepted before, under the same name; `None` if the key works no longer.
    ///
    /// # Errors
    /// The key is not for the network that the request comes from, or the database failed.
    pub(super) fn still_acts(
        &self,
        key: KeyRef,
        username: &Username,
        client: &Client,
    ) -> Result<Option<Actor>, ApiError> {
        self.actions.still_acts(key, username, client.sender()).map_err(|refusal| refused(refusal, client))
    }
}

fn refused(refusal: Refusal, client: &Client) -> ApiError {
    if matches!(refusal, Refusal::NotFromHere) && client.is_forwarded_by_stranger {
        tell_of_untrusted_proxy(client);
    }
    refusal.into()
}

/// Tells whoever runs the server why a key with networks is refused, at most once a minute.
fn tell_of_untrusted_proxy(client: &Client) {
    {
        let mut told_at = UNTRUSTED_TOLD_AT.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            return;
        }
        *told_at = Some(Instant::now());
    }
    log::warn!(
        "a key that is for some networks was refused: {} passes on requests of others, and the setting trusted_proxies does \
         not name it, so nobody knows where they come from",
        client.address
    );
}
