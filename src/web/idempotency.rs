//! The `Idempotency-Key` header.

use std::convert::Infallible;

use rocket::request::{FromRequest, Outcome, Request};

use super::error::ApiError;
use super::headers;
use crate::domain::IdempotencyKey;

/// The header's name. An error about the header uses it as the name of the parameter.
const NAME: &str = "Idempotency-Key";

/// The key that came with a request, if one did. It is checked after the parameters, so that the reply names the first
/// fault in the documented order.
#[derive(Debug, Clone)]
pub struct SentIdempotencyKey(Option<String>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SentIdempotencyKey {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<SentIdempotencyKey, Infallible> {
        Outcome::Success(SentIdempotencyKey(headers::first(request.headers(), NAME).map(str::to_owned)))
    }
}

impl SentIdempotencyKey {
    /// The key that a page has made for its form.
    pub fn of_form(key: &str) -> SentIdempotencyKey {
        SentIdempotencyKey(Some(key.to_owned()))
    }

    /// The key, if there is one.
    ///
    /// # Errors
    /// The key is not 1 to 255 visible ASCII characters.
    pub fn read(self) -> Result<Option<IdempotencyKey>, ApiError> {
        let key = self.0.map(IdempotencyKey::try_from).transpose();
        key.map_err(|fault| ApiError::invalid(NAME, fault.accepted))
    }
}
