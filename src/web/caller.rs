//! Who calls, and what they may do: request guards that say in a handler's signature who may reach it.

use std::marker::PhantomData;

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::app::{App, app};
use super::caching::KeyNeeded;
use super::client::Client;
use super::error::ApiError;
use super::headers;
use super::session::SignedIn;
use super::trace::Trace;
use crate::actions::{Actor, Presumed, Refusal};
use crate::domain::{PlainKey, Scope};

/// A caller who showed a good key that holds what `N` needs.
#[derive(Debug)]
pub struct May<N> {
    /// Who acts.
    pub actor: Actor,
    need: PhantomData<N>,
}

/// What a route needs of the caller's key.
pub trait Need {
    /// The key has to hold at least one of these scopes, if any are named. Which one may depend on the request: then the
    /// action checks the scope again.
    const ANY_OF: &'static [Scope];

    /// The key has to hold each of these scopes besides.
    const ALL_OF: &'static [Scope] = &[];

    /// Whether it is needed to read something, although a key with such scopes may change something too.
    const TO_READ: bool = false;

    /// Whether all that it opens is for changing something.
    fn is_to_change() -> bool {
        let changes = Self::ANY_OF.iter().all(|scope| Scope::CHANGING.contains(scope));
        !Self::TO_READ && !Self::ANY_OF.is_empty() && changes
    }

    /// Passes if the key of that actor has what is needed.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    fn is_met_by(actor: &Actor) -> Result<(), Refusal> {
        actor.require_any(Self::ANY_OF)?;
        Self::ALL_OF.iter().try_for_each(|scope| actor.require(*scope))
    }
}

/// The needs of the routes.
pub mod need {
    use super::{Need, Scope};

    macro_rules! needs {
        ($($(#[doc = $doc:literal])+ $name:ident: [$($scope:ident),*] $(and [$($also:ident),+])? $(to_read $to_read:literal)?;)+) => {$(
            $(#[doc = $doc])+
            #[derive(Debug)]
            pub struct $name;

            impl Need for $name {
                const ANY_OF: &'static [Scope] = &[$(Scope::$scope),*];
                $(const ALL_OF: &'static [Scope] = &[$(Scope::$also),+];)?
                $(const TO_READ: bool = $to_read;)?
            }
        )+};
    }

    needs! {
        /// To read events, users, groups, boards and the state of the recalculation.
        ReadEvents: [EventsRead];
        /// A good key. Which scope it has to hold, only the request's content says, or what is to be shown.
        GoodKey: [];
        /// To store events; giving and taking points are two scopes, of which the points decide.
        StoreEvents: [EventsAward, EventsDeduct];
        /// To change and delete events.
        CorrectEvents: [EventsCorrect];
        /// To take all events out as one file.
        ExportEvents: [Export];
        /// To have scores rebuilt.
        Recalculate: [Recalculate];
        /// To set up leaderboards.
        SetUpBoards: [Boards];
        /// To take all events or users out as one file.
        Export: [Export];
        /// To name users and groups.
        NameUsers: [Users];
        /// To look at the leaderboards' settings, or to set some up.
        SeeBoards: [EventsRead, Boards];
        /// To look at users and groups, or to name some.
        SeePeople: [EventsRead, Users];
        /// To look how a recalculation stands, or to start one.
        SeeRecalculation: [EventsRead, Recalculate];
        /// To look at an event that is to be deleted.
        CorrectSeenEvents: [EventsCorrect] and [EventsRead];
        /// To look at a leaderboard that is to be deleted.
        SetUpSeenBoards: [Boards] and [EventsRead];
        /// To look at a user or a group that is to be deleted.
        NameSeenUsers: [Users] and [EventsRead];
        /// To look at two users who are to be merged.
        MergeSeenUsers: [Users] and [EventsCorrect, EventsRead];
        /// To make backups and take them out: they hold all that can be exported, and the digests of all keys.
        TakeBackups: [Export] and [Keys];
        /// To make and revoke keys.
        ManageKeys: [Keys];
        /// To look at keys, and to read who changed what.
        SeeKeys: [Keys] to_read true;
        /// To merge users, which moves events.
        MergeUsers: [Users] and [EventsCorrect];
    }
}

/// Anyone, if reading is public. Otherwise a caller who may read events, or a browser that is signed in.
#[derive(Debug, Clone)]
pub struct ScoreReader;

#[rocket::async_trait]
impl<'r, N: Need> FromRequest<'r> for May<N> {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<May<N>, ApiError> {
        KeyNeeded::by(request).note();
        May::identify(request).await
    }
}

impl<N: Need> May<N> {
    /// Finds out who calls, for routes where a key may or may not make a difference.
    pub(super) async fn identify(request: &Request<'_>) -> Outcome<May<N>, ApiError> {
        let app = try_outcome!(app(request).await);
        let actor = match actor(request, app) {
            Ok(actor) => actor,
            Err(error) => return error.refuse(request),
        };
        Trace::of(request).acts_as(&actor.username);
        if let Err(wait_seconds) = app.requests.take() {
            return ApiError::RateLimit { wait_seconds }.refuse(request);
        }
        match N::is_met_by(&actor) {
            Ok(()) => Outcome::Success(May { actor, need: PhantomData }),
            Err(refusal) => ApiError::from(refusal).refuse(request),
        }
    }
}

/// A caller whose key worked when it was last looked up: for routes whose action looks again where that is needed. A fault of the
/// request is told only to those whom [`PresumedCaller::confirm`] lets pass.
#[derive(Debug)]
pub struct PresumedCaller {
    /// Who acts, as far as is known.
    pub presumed: Presumed,
    client: Client,
}

impl PresumedCaller {
    /// Finds out who acts.
    ///
    /// # Errors
    /// The key is no longer good, or the database failed.
    pub fn confirm(&self, app: &App) -> Result<Actor, ApiError> {
        app.confirm(&self.presumed, &self.client)
    }

    /// The error of an action that was refused.
    pub fn refused(&self, app: &App, refusal: Refusal) -> ApiError {
        app.refuse_key(refusal, &self.client)
    }

    fn of(request: &Request<'_>, app: &App) -> Result<PresumedCaller, ApiError> {
        let client = Client::of(request);
        let key = PlainKey::received(sent_key(request).ok_or(ApiError::NotLoggedIn)?);
        let username = headers::first(request.headers(), "Api-Username");
        let presumed = match app.actions.recall(&key, username, client.sender()) {
            Some(presumed) => presumed,
            None => {
                let actor = actor(request, app)?;
                app.actions.remember(&key, &actor);
                Presumed::certain(actor)
            }
        };
        Trace::of(request).acts_as(presumed.username());
        let caller = PresumedCaller { presumed, client };
        if let Err(wait_seconds) = app.requests.take() {
            caller.confirm(app)?;
            return Err(ApiError::RateLimit { wait_seconds });
        }
        Ok(caller)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for PresumedCaller {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<PresumedCaller, ApiError> {
        KeyNeeded::by(request).note();
        let app = try_outcome!(app(request).await);
        match PresumedCaller::of(request, app) {
            Ok(caller) => Outcome::Success(caller),
            Err(error) => error.refuse(request),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for ScoreReader {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<ScoreReader, ApiError> {
        let app = try_outcome!(app(request).await);
        if app.public {
            return Outcome::Success(ScoreReader);
        }
        KeyNeeded::by(request).note();
        if sent_key(request).is_none() && SignedIn::may_look(app, request) {
            return Outcome::Success(ScoreReader);
        }
        May::<need::ReadEvents>::from_request(request).await.map(|_| ScoreReader)
    }
}

/// Who acts with the key that came with a request. It is found out once for each request, whoever asks.
///
/// # Errors
/// No key came, or it is not good.
pub(super) fn actor(request: &Request<'_>, app: &App) -> Result<Actor, ApiError> {
    let found: &Result<Actor, ApiError> = request.local_cache(|| {
        let key = sent_key(request).ok_or(ApiError::NotLoggedIn)?;
        app.authenticate(key, headers::first(request.headers(), "Api-Username"), &Client::of(request))
    });
    found.clone()
}

/// The key that came with a request, if one did: in `Api-Key`, or else in `Authorization` under the scheme `Bearer`. A blank
/// key counts as none.
pub fn sent_key<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    let filled = |key: &'r str| Some(key.trim()).filter(|key| !key.is_empty());
    let all = request.headers();
    headers::first(all, "Api-Key")
        .and_then(filled)
        .or_else(|| all.get("Authorization").find_map(bearer).and_then(filled))
}

/// What stands behind the name of the scheme, if that is `Bearer`, in any case.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, key) = authorization.trim_start().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}
