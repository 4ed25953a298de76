//! What whoever accepts connections tells of a request before Rocket looks at it, and asks about it.

use rocket::http::uri::Origin;
use rocket::request::Request;

use super::app::App;
use super::base_path::BasePath;
use super::batch::BATCH_BODY_BYTES_MAX;
use super::caching::KeyNeeded;
use super::caller::{self, sent_key};
use super::client::Client;
use super::error::{ApiError, BODY_BYTES_MAX};
use super::session::SignedIn;
use super::trace::{self, Trace};
use crate::domain::Scope;

/// Takes a request in, before Rocket looks at it. From here on its method counts as it was sent, its duration is measured,
/// and its client is known.
pub fn take_in(request: &Request<'_>, client: Client) {
    client.put(request);
    Trace::of(request);
}

/// Has the catcher answer a request with this error. Nobody may keep the reply, since nobody knows what was asked.
pub fn refuse(request: &Request<'_>, error: ApiError) {
    KeyNeeded::by(request).note();
    request.local_cache(|| Some(error));
}

/// The whole reply, head and body, to a head that can't be read. `status` is what is wrong with it: 431 and 414 if it is
/// too long, anything else if it is no head.
pub fn refusal_of_head(status: u16) -> Vec<u8> {
    let error = match status {
        414 | 431 => ApiError::HeadTooLarge { status },
        _ => ApiError::invalid("head", "a request of HTTP/1.1"),
    };
    unasked(&error)
}

/// The whole reply to a client that speaks plain HTTP where TLS is spoken.
pub fn refusal_of_plain_http() -> Vec<u8> {
    unasked(&ApiError::TlsNeeded)
}

/// A whole reply, head and body, to what is no request.
fn unasked(error: &ApiError) -> Vec<u8> {
    let (status, id, body) = (error.status(), trace::log_unreadable(error.status()), error.json());
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: {id}\r\n\
         cache-control: no-store\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// How long the body of a request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyAllowance {
    /// The longest body, in bytes.
    pub bytes_max: usize,
    /// Whether the client has shown a good key, or is signed in with one.
    pub is_known: bool,
}

/// How long the body of a request may be. A batch may be long, but only if its key is good and has the scope.
///
/// # Errors
/// The request is for a batch, and its key is not good or lacks the scope.
pub async fn body_allowance(request: &Request<'_>) -> Result<BodyAllowance, ApiError> {
    let app = request.rocket().state::<App>().ok_or(ApiError::Internal)?;
    let actor = sent_key(request).map(|_| caller::actor(request, app));
    if let Some(scopes) = scopes_of_batch(&app.site.base, request.uri()) {
        let actor = actor.unwrap_or(Err(ApiError::NotLoggedIn))?;
        actor.require_any(scopes)?;
        return Ok(BodyAllowance { bytes_max: BATCH_BODY_BYTES_MAX, is_known: true });
    }
    let is_known = match actor {
        Some(actor) => actor.is_ok(),
        None => SignedIn::of(request).await.is_some(),
    };
    Ok(BodyAllowance { bytes_max: BODY_BYTES_MAX, is_known })
}

/// The scopes of which a batch needs one, if the path is that of a batch.
fn scopes_of_batch(base: &BasePath, uri: &Origin<'_>) -> Option<&'static [Scope]> {
    let plain = trace::plain(base, uri);
    match plain.as_ref().unwrap_or(uri).path().as_str() {
        "/admin/plugins/gamification/score_events/batch" => Some(&[Scope::EventsAward, Scope::EventsDeduct]),
        "/admin/users/batch" => Some(&[Scope::Users]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_known_by_all_their_names() {
        for (path, is_batch) in [
            ("/admin/plugins/gamification/score_events/batch", true),
            ("/admin/plugins/gamification/score_events/batch.json?a=b", true),
            ("/admin/plugins/discourse-gamification/score_events/batch.json", true),
            ("/admin/users/batch", true),
            ("/admin/users/batch/", true),
            ("/admin/plugins/gamification/score_events", false),
            ("/admin/users/batch/1", false),
            ("/points/admin/users/batch", true),
            ("/point/admin/users/batch", false),
        ] {
            let uri = Origin::parse(path).expect("a path");
            let base = BasePath::new("/points".parse().ok());
            assert_eq!(scopes_of_batch(&base, &uri).is_some(), is_batch, "{path}");
        }
    }
}
