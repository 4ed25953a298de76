//! The answer to a request that no route has answered.

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::Responder;

use super::{ApiError, BODY_BYTES_MAX};
use crate::web::trace::Trace;

/// The answer of the catcher.
pub struct Caught(ApiError);

impl Caught {
    /// The error for a request that Rocket itself, or a guard, has refused.
    pub fn of(status: Status, request: &Request<'_>) -> Caught {
        let refused = request.local_cache(|| None::<ApiError>).clone();
        Caught(refused.unwrap_or(match status.code {
            413 => ApiError::PayloadTooLarge { bytes_max: BODY_BYTES_MAX },
            500.. => ApiError::Internal,
            // Routes take any path segment and any body, so what is left is an unknown path or method. Rocket answers
            // 400 to a method that it does not know.
            _ => ApiError::NotFound,
        }))
    }

    /// The error.
    pub fn into_error(self) -> ApiError {
        self.0
    }
}

/// Answers a request that no route has answered.
#[rocket::catch(default)]
pub fn catch(status: Status, request: &Request<'_>) -> Caught {
    Caught::of(status, request)
}

impl<'r> Responder<'r, 'static> for Caught {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        let mut response = self.0.respond_to(request)?;
        // A request that Rocket can't read passes through no fairing.
        let trace = Trace::of(request);
        if !trace.is_tracked() {
            crate::web::caching::complete(request, &mut response);
            trace.end(request, &mut response);
        }
        Ok(response)
    }
}
