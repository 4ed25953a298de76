//! The `Idempotency-Key` header.

use std::convert::Infallible;

use rocket::request::{FromRequest, Outcome, Request};
use serde::Serialize;

use super::error::ApiError;
use crate::domain::Username;
use crate::store::idempotency::Idempotency;

/// The longest key, in bytes.
const KEY_MAX: usize = 255;

/// The key that came with a request, if one did. It is looked at after the parameters, so that the reply names the first
/// fault in the documented order.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<String>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IdempotencyKey {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<IdempotencyKey, Infallible> {
        Outcome::Success(IdempotencyKey(request.headers().get_one("Idempotency-Key").map(str::to_owned)))
    }
}

impl IdempotencyKey {
    /// The key that a page has minted with its form.
    pub fn of_form(key: &str) -> IdempotencyKey {
        IdempotencyKey(Some(key.to_owned()))
    }

    /// What the key stands for from now on, if there is one.
    ///
    /// # Errors
    /// It is not 1 to 255 visible ASCII characters.
    pub fn stands_for(
        self,
        actor: &Username,
        path: &str,
        parameters: &impl Serialize,
    ) -> Result<Option<Idempotency>, ApiError> {
        let Some(key) = self.0 else { return Ok(None) };
        if !(1..=KEY_MAX).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiError::Invalid("Idempotency-Key"));
        }
        Ok(Some(Idempotency::new(actor, key, path, parameters)))
    }
}
