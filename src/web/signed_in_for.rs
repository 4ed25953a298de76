//! A browser that is signed in with a key that opens a page: a request guard that says in a handler's signature which keys
//! do.

use std::marker::PhantomData;

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::caller::Need;
use super::error::ApiError;
use super::session::SignedIn;

/// A browser that is signed in with a key that holds what `N` needs.
#[derive(Debug)]
pub struct SignedInFor<N>(pub SignedIn, PhantomData<N>);

#[rocket::async_trait]
impl<'r, N: Need> FromRequest<'r> for SignedInFor<N> {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SignedInFor<N>, ApiError> {
        let signed_in = try_outcome!(SignedIn::from_request(request).await);
        match N::is_met_by(&signed_in.actor) {
            Ok(()) => Outcome::Success(SignedInFor(signed_in, PhantomData)),
            Err(refusal) => ApiError::from(refusal).refuse(request),
        }
    }
}
