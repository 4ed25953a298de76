//! Which pages of other sites may read from a browser (CORS). Only the public reads below are opened, only to the sites
//! of the setting `origins`, and never with a key or a cookie.

use std::borrow::Cow;

use rocket::Route;
use rocket::http::Method;
use rocket::request::Request;
use rocket::response::Response;

use super::app::App;
use super::caller::sent_key;
use super::vary;
use crate::domain::Origins;

/// The routes that pages of other sites may read, if reading is public.
const PUBLIC_READS: [&str; 7] = [
    "/leaderboard",
    "/leaderboard/<id>",
    "/leaderboard/<id>/around/<user_id>",
    "/leaderboard/<id>/live",
    "/users/<id>/score",
    "/users/<id>/days",
    "/avatars/<id>/<file>",
];

/// The headers of a reply that a page of another site can see, beside those that browsers show anyway.
const EXPOSED: &str = "ETag, Link, Retry-After, X-Request-Id";

/// The headers that a page of another site may send, beside those that browsers send anyway. `API-Key` is not among
/// them: a key has no place in the page of another site.
const ALLOWED: &str = "Cache-Control, Content-Type, If-None-Match, Last-Event-ID, X-Request-Id, X-Requested-With";

/// How many seconds a browser may remember the answer to a preflight.
const REMEMBERED_SECONDS: &str = "3600";

/// Whether a route is one of the public reads.
pub(super) fn is_public_read(route: &Route) -> bool {
    route.method == Method::Get && PUBLIC_READS.contains(&route.uri.path())
}

/// Adds to the reply of a public read, also to an error, what lets a page of another site read it.
pub(super) fn complete(request: &Request<'_>, response: &mut Response<'_>) {
    if request.route().is_some_and(is_public_read) && allow(request, response) {
        response.set_raw_header("Access-Control-Expose-Headers", EXPOSED);
    }
}

/// Answers a browser that asks whether a page of another site may send a request to a public read.
pub(super) fn answer_preflight(request: &Request<'_>, response: &mut Response<'_>) {
    if allow(request, response) {
        response.set_raw_header("Access-Control-Allow-Methods", "GET, HEAD");
        response.set_raw_header("Access-Control-Allow-Headers", ALLOWED);
        response.set_raw_header("Access-Control-Max-Age", REMEMBERED_SECONDS);
    }
}

/// Names the site that may read a reply. Returns whether there is one.
fn allow(request: &Request<'_>, response: &mut Response<'_>) -> bool {
    let Some(app) = request.rocket().state::<App>().filter(|app| app.public) else { return false };
    let allowed = match &app.site.origins {
        Origins::Any => Some(Cow::Borrowed("*")),
        Origins::Listed(listed) if listed.is_empty() => None,
        Origins::Listed(listed) => {
            // A cache must not give one site the reply that names another, or none.
            vary::add(response, "Origin");
            let sent = request.headers().get_one("Origin").unwrap_or_default();
            listed.iter().find(|origin| origin.as_str() == sent).map(|origin| Cow::Owned(origin.to_string()))
        }
    };
    let has_key = sent_key(request).is_some() || request.headers().contains("Api-Key");
    let Some(allowed) = allowed.filter(|_| !has_key) else { return false };
    response.set_raw_header("Access-Control-Allow-Origin", allowed);
    true
}
