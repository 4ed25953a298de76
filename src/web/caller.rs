//! Who calls, and what they may do: request guards that say in a handler's signature who may reach it.

use std::marker::PhantomData;

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::app::app;
use super::caching::KeyNeeded;
use super::client::Client;
use super::error::ApiError;
use super::session::SignedIn;
use super::trace::Trace;
use crate::actions::Actor;
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
    /// The key has to hold at least one of these scopes. Which one may depend on the request: then the action checks
    /// the scope again.
    const ANY_OF: &'static [Scope];
}

/// The needs of the routes.
pub mod need {
    use super::{Need, Scope};

    macro_rules! needs {
        ($($(#[doc = $doc:literal])+ $name:ident: [$($scope:ident),+];)+) => {$(
            $(#[doc = $doc])+
            #[derive(Debug)]
            pub struct $name;

            impl Need for $name {
                const ANY_OF: &'static [Scope] = &[$(Scope::$scope),+];
            }
        )+};
    }

    needs! {
        /// To read events, users, groups, boards and the state of the recalculation.
        ReadEvents: [EventsRead];
        /// To store events; giving and taking points are two scopes, of which the points decide.
        StoreEvents: [EventsAward, EventsDeduct];
        /// To change and delete events.
        CorrectEvents: [EventsCorrect];
        /// To have scores rebuilt.
        Recalculate: [Recalculate];
        /// To set up leaderboards.
        SetUpBoards: [Boards];
        /// To name users and groups.
        NameUsers: [Users];
        /// To look at the leaderboards' settings, or to set some up.
        SeeBoards: [EventsRead, Boards];
        /// To look at users and groups, or to name some.
        SeePeople: [EventsRead, Users];
        /// To look how a recalculation stands, or to start one.
        SeeRecalculation: [EventsRead, Recalculate];
        /// To make and revoke keys, and to read who changed what.
        ManageKeys: [Keys];
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
        let Some(key) = sent_key(request) else { return ApiError::NotLoggedIn.refuse(request) };
        let username = request.headers().get_one("Api-Username");
        let actor = match app.actions.authenticate(&PlainKey::received(key), username) {
            Ok(actor) => actor.from_address(Client::of(request).address),
            Err(refusal) => return ApiError::from(refusal).refuse(request),
        };
        Trace::of(request).acts_as(&actor.username);
        if let Err(wait_seconds) = app.requests.take() {
            return ApiError::RateLimit { wait_seconds }.refuse(request);
        }
        match actor.require_any(N::ANY_OF) {
            Ok(()) => Outcome::Success(May { actor, need: PhantomData }),
            Err(refusal) => ApiError::from(refusal).refuse(request),
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

/// The key that came with a request, if one did. A blank key counts as none.
pub fn sent_key<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    request.headers().get_one("Api-Key").map(str::trim).filter(|key| !key.is_empty())
}
