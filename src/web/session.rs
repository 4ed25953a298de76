//! Who is signed in: a browser that has shown a key once, and shows a cookie since.
//!
//! Sessions are in memory only, so a restart ends them. A session never allows more than its key does at that moment: the
//! key is looked up again with each request, so its revocation or expiry ends the session too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use rocket::http::{Cookie, SameSite};
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::time::Duration;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::App;
use super::caller::{self, KeyRef, KeyUse};
use super::error::ApiError;
use super::life::Life;
use crate::domain::{PlainKey, Timestamp, Username, random_token};
use crate::store::api_keys;

/// The cookie that holds a session's token.
const COOKIE: &str = "scorekeeper_session";

/// The cookie of a browser that is about to sign in.
const VISITOR_COOKIE: &str = "scorekeeper_visitor";

/// How long a session lasts after signing in, however much it is used.
pub const LASTS: TimeDelta = TimeDelta::hours(8);

/// Sessions at a time: some hundred bytes each. One more ends the oldest.
const SESSIONS_MAX: usize = 1000;

/// The SHA-256 of a session's token, which itself is known to the browser only.
type TokenDigest = [u8; 32];

/// All sessions.
pub struct Sessions {
    held: Mutex<HashMap<TokenDigest, Session>>,
    /// Of this process: what the tokens of the sign-in form are made with.
    secret: String,
}

/// What is kept of one.
#[derive(Debug, Clone)]
struct Session {
    key: KeyRef,
    username: Username,
    csrf: String,
    since: Timestamp,
}

impl Session {
    fn lasts(&self, now: Timestamp) -> bool {
        // A beginning in the future means that the clock was set back: how old the session is can't be told then.
        (TimeDelta::zero()..LASTS).contains(&now.since(self.since))
    }
}

impl Sessions {
    /// No sessions yet.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn new() -> Result<Sessions, getrandom::Error> {
        Ok(Sessions { held: Mutex::default(), secret: random_token()? })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<TokenDigest, Session>> {
        // Nothing panics while it holds the lock; and the map would be whole if it did.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session and returns its token.
    fn begin(&self, key_use: KeyUse, now: Timestamp) -> Result<String, getrandom::Error> {
        let (token, csrf) = (random_token()?, random_token()?);
        let mut held = self.held();
        held.retain(|_, session| session.lasts(now));
        if held.len() >= SESSIONS_MAX {
            let oldest = held.iter().min_by_key(|(_, session)| session.since).map(|(digest, _)| *digest);
            oldest.and_then(|oldest| held.remove(&oldest));
        }
        held.insert(digest(&token), Session { key: key_use.key, username: key_use.username, csrf, since: now });
        Ok(token)
    }

    fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        self.held().get(&digest(token)).filter(|session| session.lasts(now)).cloned()
    }

    fn end(&self, token: &str) {
        self.held().remove(&digest(token));
    }

    /// The token of the sign-in form for a browser with that visitor's cookie.
    fn visitor_token(&self, visitor: &str) -> String {
        let digest = Sha256::new().chain_update(&self.secret).chain_update(visitor).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether two tokens are the same; takes the same time wherever they differ.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A browser that is signed in, with a key that still works.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who acts.
    pub username: Username,
    /// Whether the key may change things.
    pub may_write: bool,
    /// Whether the key is for one username only.
    pub one_username: bool,
    /// The key.
    pub key: KeyRef,
    csrf: String,
}

/// A browser that is signed in and may change things.
#[derive(Debug, Clone)]
pub struct SignedInEditor(pub SignedIn);

impl SignedIn {
    /// Who is signed in, if anyone is.
    pub async fn of(request: &Request<'_>) -> Option<SignedIn> {
        let app = caller::app(request).await.succeeded()?;
        SignedIn::find(app, request).ok().flatten()
    }

    /// Whether the request only looks, and somebody is signed in.
    pub(super) fn may_look(app: &App, request: &Request<'_>) -> bool {
        request.method() == rocket::http::Method::Get && matches!(SignedIn::find(app, request), Ok(Some(_)))
    }

    fn find(app: &App, request: &Request<'_>) -> Result<Option<SignedIn>, ApiError> {
        let Some(cookie) = request.cookies().get(COOKIE) else { return Ok(None) };
        let found = SignedIn::by_token(app, cookie.value())?;
        if let Some(signed_in) = &found {
            Life::of(request).acts_as(&signed_in.username);
        }
        Ok(found)
    }

    fn by_token(app: &App, token: &str) -> Result<Option<SignedIn>, ApiError> {
        let Some(session) = app.sessions.find(token, app.clock.now()) else { return Ok(None) };
        let (may_write, one_username) = match session.key {
            KeyRef::Configured => (true, false),
            KeyRef::Stored(id) => {
                let key = app.store.look_up(|connection| api_keys::get(connection, id))?;
                let Some(key) = key.filter(|key| key.works(app.clock.today())) else {
                    app.sessions.end(token);
                    return Ok(None);
                };
                caller::note_use(app, &key);
                (!key.read_only, key.username.is_some())
            }
        };
        let Session { key, username, csrf, .. } = session;
        Ok(Some(SignedIn { username, may_write, one_username, key, csrf }))
    }

    /// What every form that this browser sends has to hold.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether a form holds it.
    pub fn sent(&self, csrf: Option<&str>) -> bool {
        csrf.is_some_and(|csrf| same(csrf, &self.csrf))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SignedIn, ApiError> {
        let app = try_outcome!(caller::app(request).await);
        match SignedIn::find(app, request) {
            Ok(Some(signed_in)) => Outcome::Success(signed_in),
            Ok(None) => ApiError::NotLoggedIn.refuse(request),
            Err(error) => error.refuse(request),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedInEditor {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SignedInEditor, ApiError> {
        let signed_in = try_outcome!(SignedIn::from_request(request).await);
        if signed_in.may_write {
            Outcome::Success(SignedInEditor(signed_in))
        } else {
            ApiError::ReadOnlyKey.refuse(request)
        }
    }
}

/// Signs in with a key and a username, as a request of the API would show them; returns the cookie to set.
pub fn sign_in(app: &App, key: &str, username: Option<&str>, secure: bool) -> Result<Cookie<'static>, ApiError> {
    let key = key.trim();
    if key.is_empty() {
        return Err(ApiError::InvalidAccess);
    }
    let key_use = caller::authenticate(app, &PlainKey::received(key), username)?;
    let token = app.sessions.begin(key_use, app.clock.now()).map_err(no_random_numbers)?;
    Ok(cookie(COOKIE, token, secure))
}

/// Ends the session of a request; returns the cookie that takes the browser's away.
pub fn sign_out(app: &App, request_cookies: &rocket::http::CookieJar<'_>, secure: bool) -> Cookie<'static> {
    if let Some(cookie) = request_cookies.get(COOKIE) {
        app.sessions.end(cookie.value());
    }
    let mut gone = cookie(COOKIE, String::new(), secure);
    gone.set_max_age(Duration::ZERO);
    gone
}

/// A browser that is about to sign in: it has a cookie, and its form the token that belongs to it. So no other site can
/// sign a browser in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The token for the form.
    pub token: String,
    /// The cookie to set.
    pub cookie: Cookie<'static>,
}

impl Visitor {
    /// A new one.
    pub fn new(app: &App, secure: bool) -> Result<Visitor, ApiError> {
        let visitor = random_token().map_err(no_random_numbers)?;
        let token = app.sessions.visitor_token(&visitor);
        Ok(Visitor { token, cookie: cookie(VISITOR_COOKIE, visitor, secure) })
    }

    /// Whether a form holds the token of the cookie that came with it.
    pub fn sent(app: &App, request_cookies: &rocket::http::CookieJar<'_>, token: Option<&str>) -> bool {
        let visitor = request_cookies.get(VISITOR_COOKIE);
        visitor.zip(token).is_some_and(|(visitor, token)| same(token, &app.sessions.visitor_token(visitor.value())))
    }
}

fn cookie(name: &'static str, value: String, secure: bool) -> Cookie<'static> {
    Cookie::build((name, value))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .path("/")
        .max_age(Duration::seconds(LASTS.num_seconds()))
        .build()
}

fn no_random_numbers(error: getrandom::Error) -> ApiError {
    log::error!("no random numbers for a session: {error}");
    ApiError::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_use() -> KeyUse {
        KeyUse { key: KeyRef::Configured, username: "ana".parse().expect("a username"), read_only: false }
    }

    fn at(hours: i64, millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + hours * 3_600_000 + millis)
    }

    #[test]
    fn a_session_lasts_eight_hours_however_much_it_is_used() {
        let sessions = Sessions::new().expect("random numbers");
        let token = sessions.begin(key_use(), at(0, 0)).expect("random numbers");
        for now in [at(0, 0), at(4, 0), at(7, 3_599_999)] {
            assert!(sessions.find(&token, now).is_some(), "{now}");
        }
        for now in [at(8, 0), at(9, 0), at(0, -1)] {
            assert!(sessions.find(&token, now).is_none(), "{now}");
        }
        sessions.begin(key_use(), at(8, 0)).expect("random numbers");
        assert_eq!(sessions.held().len(), 1, "what has ended is not kept");
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let sessions = Sessions::new().expect("random numbers");
        let tokens: Vec<_> = (0..=SESSIONS_MAX as i64)
            .map(|count| sessions.begin(key_use(), at(0, count)).expect("random numbers"))
            .collect();
        let held = |token: &str| sessions.find(token, at(1, 0)).is_some();
        assert_eq!((held(&tokens[0]), held(&tokens[1]), held(&tokens[SESSIONS_MAX])), (false, true, true));
        assert_eq!(sessions.held().len(), SESSIONS_MAX);
        sessions.end(&tokens[1]);
        assert!(!held(&tokens[1]));
    }

    #[test]
    fn tokens_are_not_kept_and_differ() {
        let sessions = Sessions::new().expect("random numbers");
        let tokens = [0, 1].map(|_| sessions.begin(key_use(), at(0, 0)).expect("random numbers"));
        assert_ne!(tokens[0], tokens[1]);
        let kept = format!("{:?}", sessions.held());
        assert!(tokens.iter().all(|token| token.len() == 64 && !kept.contains(token.as_str())));
        assert_ne!(sessions.visitor_token("a"), sessions.visitor_token("b"));
        assert_ne!(sessions.visitor_token("a"), Sessions::new().expect("random numbers").visitor_token("a"));
    }
}
