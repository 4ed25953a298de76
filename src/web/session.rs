//! Who is signed in: a browser that has shown a key once, and has shown a cookie since then.
//!
//! Sessions are in memory only, so a restart ends them. A session never allows more than its key does at that moment: the
//! key is looked up again with each request, so its revocation or expiry ends the session too.

use std::fmt;

use rocket::http::{Cookie, SameSite};
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::time::Duration;

use super::app::{App, app};
use super::caching::KeyNeeded;
use super::client::Client;
use super::compression::HoldsToken;
use super::error::ApiError;
use super::sessions::{self, same};
use super::trace::Trace;
use crate::actions::{Actor, Refusal};
use crate::domain::{Scope, ServerAddress, Username, random_token};

/// The cookie that holds a session's token.
const COOKIE: &str = "scorekeeper_session";

/// The cookie of a browser that is about to sign in.
const VISITOR_COOKIE: &str = "scorekeeper_visitor";

/// A browser that is signed in, with a key that still works.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who acts, and what the key allows.
    pub actor: Actor,
    /// The token that the browser shows for the session.
    pub token: SessionToken,
    /// Where changes are made, if this server only reads.
    pub changes_at: Option<ServerAddress>,
    csrf: String,
    /// Noted once the token for forms has been asked for.
    holds_token: HoldsToken,
}

/// The secret that a browser shows for its session. Only the browser knows it, and it is never printed.
#[derive(Clone)]
pub struct SessionToken(String);

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// Who was found to have sent a request. It is kept with the request.
struct Noted(Option<SignedIn>);

impl SignedIn {
    /// Who is signed in, if anyone is.
    pub async fn of(request: &Request<'_>) -> Option<SignedIn> {
        let app = app(request).await.succeeded()?;
        SignedIn::find(app, request).ok().flatten()
    }

    /// Whether it is certain that nobody is signed in.
    pub async fn is_nobody(request: &Request<'_>) -> bool {
        let Some(app) = app(request).await.succeeded() else { return false };
        SignedIn::find(app, request).is_ok_and(|found| found.is_none())
    }

    /// Who is signed in, if a guard of this request has found that out.
    pub fn noted(request: &Request<'_>) -> Option<SignedIn> {
        request.local_cache(|| Noted(None)).0.clone()
    }

    /// Whether the request only reads, and comes from a browser that is signed in with a key that reads.
    pub(super) fn may_look(app: &App, request: &Request<'_>) -> bool {
        request.method() == rocket::http::Method::Get
            && SignedIn::find(app, request).ok().flatten().is_some_and(|me| me.actor.require(Scope::EventsRead).is_ok())
    }

    fn find(app: &App, request: &Request<'_>) -> Result<Option<SignedIn>, ApiError> {
        let Some(cookie) = request.cookies().get(COOKIE) else { return Ok(None) };
        let found = SignedIn::by_token(app, &SessionToken(cookie.value().to_owned()), &Client::of(request))?;
        Ok(found.map(|found| {
            Trace::of(request).acts_as(&found.actor.username);
            let found = SignedIn { holds_token: HoldsToken::by(request), ..found };
            request.local_cache(|| Noted(Some(found.clone())));
            found
        }))
    }

    /// Who is signed in with that token, if the token still works.
    ///
    /// # Errors
    /// The key that the session was begun with is not for the network that the request comes from, or the database failed.
    pub(super) fn by_token(app: &App, token: &SessionToken, client: &Client) -> Result<Option<SignedIn>, ApiError> {
        let Some(session) = app.sessions.find(&token.0, app.clock.now()) else { return Ok(None) };
        let Some(actor) = app.still_acts(session.key, &session.username, client)? else {
            app.sessions.end(&token.0);
            return Ok(None);
        };
        let csrf = token_of_forms(&session.csrf, &actor.username);
        let changes_at = app.store.changes_at().cloned();
        Ok(Some(SignedIn { actor, token: token.clone(), changes_at, csrf, holds_token: HoldsToken::default() }))
    }

    /// The token that every form of this browser has to hold. A reply that holds it is not compressed.
    pub fn csrf(&self) -> &str {
        self.holds_token.note();
        &self.csrf
    }

    /// Whether a form holds that token.
    pub fn sent(&self, csrf: Option<&str>) -> bool {
        csrf.is_some_and(|csrf| same(csrf, &self.csrf))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SignedIn, ApiError> {
        KeyNeeded::by(request).note();
        let app = try_outcome!(app(request).await);
        match SignedIn::find(app, request) {
            Ok(Some(signed_in)) => Outcome::Success(signed_in),
            Ok(None) => ApiError::NotLoggedIn.refuse(request),
            Err(error) => error.refuse(request),
        }
    }
}

/// The token that forms hold: a secret of the session, and behind it who fills the form in. The latter is no secret. It is
/// needed where a form comes after its session has ended, when nobody else remembers.
pub(crate) fn token_of_forms(secret: &str, username: &Username) -> String {
    let username: String = username.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{secret}.{username}")
}

/// Who has filled in the form that holds a token. Anybody can make such a token up, so this permits nothing.
pub fn owner_of_form(token: &str) -> Option<Username> {
    let (_, hex) = token.split_once('.')?;
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()?.parse().ok()
}

/// Signs in with a key and a username, as a request of the API would show them; returns the cookie to set.
pub fn sign_in(app: &App, key: &str, username: Option<&str>, client: &Client) -> Result<Cookie<'static>, ApiError> {
    let key = key.trim();
    if key.is_empty() {
        return Err(ApiError::InvalidAccess);
    }
    let Actor { key, username, .. } = app.authenticate(key, username, client)?;
    let token = app.sessions.begin(key, username, app.clock.now()).map_err(Refusal::NoRandomNumbers)?;
    Ok(cookie(app, COOKIE, token, client.is_secure))
}

/// Ends the session of a request. Returns the cookie that removes the browser's cookie.
pub fn sign_out(app: &App, request_cookies: &rocket::http::CookieJar<'_>, secure: bool) -> Cookie<'static> {
    if let Some(cookie) = request_cookies.get(COOKIE) {
        app.sessions.end(cookie.value());
    }
    let mut gone = cookie(app, COOKIE, String::new(), secure);
    gone.set_max_age(Duration::ZERO);
    gone
}

/// A browser that is about to sign in. It has a cookie, and its form has the token that belongs to the cookie. So no
/// other site can sign a browser in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The token for the form.
    pub token: String,
    /// The cookie to set.
    pub cookie: Cookie<'static>,
}

impl Visitor {
    /// A new visitor. The reply will hold the token, so it is not compressed.
    pub fn new(app: &App, secure: bool, reply: &HoldsToken) -> Result<Visitor, ApiError> {
        reply.note();
        let visitor = random_token().map_err(Refusal::NoRandomNumbers)?;
        let token = app.sessions.visitor_token(&visitor);
        Ok(Visitor { token, cookie: cookie(app, VISITOR_COOKIE, visitor, secure) })
    }

    /// Whether a form holds the token of the cookie that came with it.
    pub fn sent(app: &App, request_cookies: &rocket::http::CookieJar<'_>, token: Option<&str>) -> bool {
        let visitor = request_cookies.get(VISITOR_COOKIE);
        visitor.zip(token).is_some_and(|(visitor, token)| same(token, &app.sessions.visitor_token(visitor.value())))
    }
}

/// A cookie of this server. It is `Lax`, so that somebody who follows a link from another site, such as a chat, arrives
/// signed in. No other site can use it to change anything, since every form holds a token of its session and a GET
/// changes nothing.
fn cookie(app: &App, name: &'static str, value: String, secure: bool) -> Cookie<'static> {
    Cookie::build((name, value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .path(app.site.base.cookie_path())
        .max_age(Duration::seconds(sessions::LASTS.num_seconds()))
        .build()
}
