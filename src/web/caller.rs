//! Who calls, and what they may do: request guards that build on each other.
//!
//! A handler's signature says who may call it: one that takes an [`Editor`] can't be reached with a read-only key.

use rocket::State;
use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::App;
use super::error::ApiError;
use super::life::Life;
use super::session::SignedIn;
use crate::domain::{PlainKey, Username};
use crate::store::StoreError;
use crate::store::api_keys::{self, ApiKey};

/// A caller with a good key, who may read.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who acts.
    pub username: Username,
    may_write: bool,
}

/// A caller who may change things.
#[derive(Debug, Clone)]
pub struct Editor(pub Caller);

/// Anyone, where reading is public; else a caller with a good key, or a browser that is signed in.
#[derive(Debug, Clone)]
pub struct Reader;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Caller, ApiError> {
        let app = try_outcome!(app(request).await);
        let Some(key) = sent_key(request) else { return ApiError::NotLoggedIn.refuse(request) };
        match authenticate(app, &PlainKey::received(key), request.headers().get_one("Api-Username")) {
            Ok(KeyUse { username, read_only, .. }) => {
                let caller = Caller { username, may_write: !read_only };
                Life::of(request).acts_as(&caller.username);
                match app.requests.take() {
                    Ok(()) => Outcome::Success(caller),
                    Err(wait_seconds) => ApiError::RateLimit { wait_seconds }.refuse(request),
                }
            }
            Err(error) => error.refuse(request),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Editor {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Editor, ApiError> {
        let caller = try_outcome!(Caller::from_request(request).await);
        if caller.may_write { Outcome::Success(Editor(caller)) } else { ApiError::ReadOnlyKey.refuse(request) }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Reader {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Reader, ApiError> {
        let app = try_outcome!(app(request).await);
        if app.public {
            return Outcome::Success(Reader);
        }
        if sent_key(request).is_none() && SignedIn::may_look(app, request) {
            return Outcome::Success(Reader);
        }
        Caller::from_request(request).await.map(|_| Reader)
    }
}

/// The key that came with a request, if one did: a blank one is none.
pub fn sent_key<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    request.headers().get_one("Api-Key").map(str::trim).filter(|key| !key.is_empty())
}

/// What the guards look things up in.
pub(super) async fn app<'r>(request: &'r Request<'_>) -> Outcome<&'r State<App>, ApiError> {
    request
        .guard::<&State<App>>()
        .await
        .map_error(|(status, ())| (status, ApiError::Internal))
        .map_forward(|_: Status| Status::InternalServerError)
}

/// Which key was shown. What it allows is asked anew with each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRef {
    /// The configured one.
    Configured,
    /// A stored one, by its number.
    Stored(i64),
}

/// A good key and who acts with it.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// Which key.
    pub key: KeyRef,
    /// Who acts.
    pub username: Username,
    /// Whether the key may only look.
    pub read_only: bool,
}

/// Finds out who a key is for and whom it acts as.
pub(super) fn authenticate(app: &App, key: &PlainKey, username: Option<&str>) -> Result<KeyUse, ApiError> {
    let username = username.map(str::trim).filter(|username| !username.is_empty());
    let username: Option<Username> =
        username.map(|username| username.parse().map_err(|_| ApiError::InvalidAccess)).transpose()?;
    if app.api_key.as_ref().is_some_and(|digest| digest.matches(key.digest().as_bytes())) {
        let username = username.ok_or(ApiError::InvalidAccess)?;
        return Ok(KeyUse { key: KeyRef::Configured, username, read_only: false });
    }
    let stored = app.store.look_up(|connection| api_keys::find(connection, key))?;
    let stored = stored.filter(|stored| stored.works(app.clock.today())).ok_or(ApiError::InvalidAccess)?;
    let acting = match (&stored.username, username) {
        (None, Some(username)) => username,
        (None, None) => return Err(ApiError::InvalidAccess),
        (Some(owner), Some(username)) if *owner != username => return Err(ApiError::InvalidAccess),
        (Some(owner), _) => owner.clone(),
    };
    note_use(app, &stored);
    Ok(KeyUse { key: KeyRef::Stored(stored.id), username: acting, read_only: stored.read_only })
}

/// Has the use of a key written down, without waiting for it: if the queue is full, the next use will tell.
pub(super) fn note_use(app: &App, stored: &ApiKey) {
    if stored.use_is_news(app.clock.now()) {
        let id = stored.id;
        let noted: Result<_, StoreError> = app.store.writer().submit(move |write| api_keys::note_use(write, id));
        if let Err(error) = noted {
            log::debug!("the use of key {id} was not noted: {error}");
        }
    }
}
