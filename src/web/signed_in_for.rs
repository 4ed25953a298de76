//! A browser that is signed in with a key that opens a page: a request guard that says in a handler's signature which keys
//! do.

use std::marker::PhantomData;

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::app::App;
use super::caller::Need;
use super::client::Client;
use super::error::ApiError;
use super::session::SignedIn;

/// A browser that is signed in with a key that holds what `N` needs.
#[derive(Debug)]
pub struct SignedInFor<N>(pub SignedIn, Client, PhantomData<N>);

impl<N: Need> SignedInFor<N> {
    /// Whether the session has not ended, and its key works and still holds what `N` needs: for a reply that takes long. If
    /// the database can't tell, the answer is no.
    pub fn still_may(&self, app: &App) -> bool {
        let SignedInFor(signed_in, client, _) = self;
        let found = SignedIn::by_token(app, &signed_in.token, client).ok().flatten();
        found.is_some_and(|found| N::is_met_by(&found.actor).is_ok())
    }
}

#[rocket::async_trait]
impl<'r, N: Need> FromRequest<'r> for SignedInFor<N> {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SignedInFor<N>, ApiError> {
        let signed_in = try_outcome!(SignedIn::from_request(request).await);
        // A form that can't be stored is not shown either.
        if let Some(writes_at) = signed_in.changes_at.clone().filter(|_| N::is_to_change()) {
            return ApiError::ReadOnly { writes_at }.refuse(request);
        }
        match N::is_met_by(&signed_in.actor) {
            Ok(()) => Outcome::Success(SignedInFor(signed_in, Client::of(request), PhantomData)),
            Err(refusal) => ApiError::from(refusal).refuse(request),
        }
    }
}
