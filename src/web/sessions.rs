//! Which browsers are signed in: in memory only, so a restart signs everyone out.
//!
//! A session holds which key it was begun with, never what that key may do.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::kept_forms::KeptForms;
use crate::domain::{KeyRef, Timestamp, Username, random_token};

/// How long a session lasts after signing in, however much it is used.
pub const LASTS: TimeDelta = TimeDelta::hours(8);

/// How many sessions there may be at a time. Each takes some hundred bytes. One more ends the oldest.
const SESSIONS_MAX: usize = 1000;

/// The SHA-256 of a session's token. Only the browser knows the token itself.
type TokenDigest = [u8; 32];

/// All sessions.
pub struct Sessions {
    held: Mutex<HashMap<TokenDigest, Session>>,
    /// A secret of this process. The tokens of the sign-in form are made with it.
    secret: String,
    /// Forms that came after their session had ended.
    pub kept: KeptForms,
}

/// What is kept of a session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The key that it was begun with.
    pub key: KeyRef,
    /// Who acts.
    pub username: Username,
    /// The token that every form of the session has to hold.
    pub csrf: String,
    since: Timestamp,
}

impl Session {
    fn lasts(&self, now: Timestamp) -> bool {
        // A beginning in the future means that the clock was set back. Then nobody can tell how old the session is.
        (TimeDelta::zero()..LASTS).contains(&now.since(self.since))
    }
}

impl Sessions {
    /// No sessions yet.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn new() -> Result<Sessions, getrandom::Error> {
        Ok(Sessions { held: Mutex::default(), secret: random_token()?, kept: KeptForms::default() })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<TokenDigest, Session>> {
        // Nothing panics while it holds the lock. And if it did, the map would still be whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session and returns its token.
    pub(crate) fn begin(&self, key: KeyRef, username: Username, now: Timestamp) -> Result<String, getrandom::Error> {
        let (token, csrf) = (random_token()?, random_token()?);
        let mut held = self.held();
        held.retain(|_, session| session.lasts(now));
        if held.len() >= SESSIONS_MAX {
            let oldest = held.iter().min_by_key(|(_, session)| session.since).map(|(digest, _)| *digest);
            oldest.and_then(|oldest| held.remove(&oldest));
        }
        held.insert(digest(&token), Session { key, username, csrf, since: now });
        Ok(token)
    }

    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        self.held().get(&digest(token)).filter(|session| session.lasts(now)).cloned()
    }

    pub(super) fn end(&self, token: &str) {
        self.held().remove(&digest(token));
    }

    /// The token of the sign-in form for a browser with that visitor's cookie.
    pub(super) fn visitor_token(&self, visitor: &str) -> String {
        let digest = Sha256::new().chain_update(&self.secret).chain_update(visitor).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether two tokens are the same. The comparison takes the same time wherever they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(sessions: &Sessions, now: Timestamp) -> String {
        let username = "ana".parse().expect("a username");
        sessions.begin(KeyRef::Configured, username, now).expect("random numbers")
    }

    fn at(hours: i64, millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + hours * 3_600_000 + millis)
    }

    #[test]
    fn a_session_lasts_eight_hours_however_much_it_is_used() {
        let sessions = Sessions::new().expect("random numbers");
        let token = begin(&sessions, at(0, 0));
        for now in [at(0, 0), at(4, 0), at(7, 3_599_999)] {
            assert!(sessions.find(&token, now).is_some(), "{now}");
        }
        for now in [at(8, 0), at(9, 0), at(0, -1)] {
            assert!(sessions.find(&token, now).is_none(), "{now}");
        }
        begin(&sessions, at(8, 0));
        assert_eq!(sessions.held().len(), 1, "what has ended is not kept");
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let sessions = Sessions::new().expect("random numbers");
        let tokens: Vec<_> = (0..=SESSIONS_MAX as i64).map(|count| begin(&sessions, at(0, count))).collect();
        let held = |token: &str| sessions.find(token, at(1, 0)).is_some();
        assert_eq!((held(&tokens[0]), held(&tokens[1]), held(&tokens[SESSIONS_MAX])), (false, true, true));
        assert_eq!(sessions.held().len(), SESSIONS_MAX);
        sessions.end(&tokens[1]);
        assert!(!held(&tokens[1]));
    }

    #[test]
    fn tokens_are_not_kept_and_differ() {
        let sessions = Sessions::new().expect("random numbers");
        let tokens = [0, 1].map(|_| begin(&sessions, at(0, 0)));
        assert_ne!(tokens[0], tokens[1]);
        let kept = format!("{:?}", sessions.held());
        assert!(tokens.iter().all(|token| token.len() == 64 && !kept.contains(token.as_str())));
        assert_ne!(sessions.visitor_token("a"), sessions.visitor_token("b"));
        assert_ne!(sessions.visitor_token("a"), Sessions::new().expect("random numbers").visitor_token("a"));
    }
}
