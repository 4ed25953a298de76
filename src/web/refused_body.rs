//! A body that was refused before it was received. Its request is routed nevertheless, so that whoever may not ask at all
//! hears that first, and a browser gets a page.

use rocket::request::Request;

use super::error::ApiError;

/// Why the body of a request was not received; `None`: it was.
#[derive(Debug, Clone)]
struct RefusedBody(Option<ApiError>);

/// Notes why the body of a request is not received. Whoever wants to read it gets this error.
pub fn refuse_body(request: &Request<'_>, error: ApiError) {
    request.local_cache(|| RefusedBody(Some(error)));
}

/// Passes if the body of a request was received, or if it has none.
///
/// # Errors
/// The error with which it was refused.
pub(super) fn received(request: &Request<'_>) -> Result<(), ApiError> {
    match &request.local_cache(|| RefusedBody(None)).0 {
        Some(error) => Err(error.clone()),
        None => Ok(()),
    }
}
