//! Who may read the metrics.

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::app::app;
use super::caching::KeyNeeded;
use super::caller::sent_key;
use super::client::Client;
use super::error::ApiError;
use super::trace::Trace;
use crate::domain::Scope;

/// A caller with a good key that may read the metrics. Such a key needs no name beside it, as collectors send none.
#[derive(Debug)]
pub struct MayReadMetrics;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for MayReadMetrics {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<MayReadMetrics, ApiError> {
        let app = try_outcome!(app(request).await);
        if app.metrics.is_elsewhere {
            return ApiError::NotFound.refuse(request);
        }
        KeyNeeded::by(request).note();
        let Some(key) = sent_key(request) else { return ApiError::NotLoggedIn.refuse(request) };
        let actor =
            match app.authenticate_nameless(key, request.headers().get_one("Api-Username"), &Client::of(request)) {
                Ok(actor) => actor,
                Err(error) => return error.refuse(request),
            };
        Trace::of(request).acts_as(&actor.username);
        match actor.require(Scope::Metrics) {
            Ok(()) => Outcome::Success(MayReadMetrics),
            Err(refusal) => ApiError::from(refusal).refuse(request),
        }
    }
}
