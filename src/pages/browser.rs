//! Who gets a page: a client whose `Accept` wants `text/html` more than `application/json`, or as much and names it first, on
//! a path that does not end in `.json`.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Accept, MediaType, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::Response;

use crate::web::compression::AcceptsGzip;
use crate::web::trace::Trace;
use crate::web::vary;

/// The longest `Accept` that is read. With a longer one, its sender gets JSON: the time to read it grows with the
/// square of its length.
const ACCEPT_BYTES_MAX: usize = 4096;

/// A client that wants pages. A request of any other client goes on to the next route of that path.
#[derive(Debug, Clone, Copy)]
pub struct Browser {
    /// Whether it accepts compressed pages.
    pub accepts: AcceptsGzip,
}

/// What was found out about a request. It is kept with the request.
#[derive(Default)]
struct Negotiated {
    /// The reply depends on `Accept`.
    varies: AtomicBool,
    /// The reply is a page.
    page: AtomicBool,
}

impl Negotiated {
    fn of<'r>(request: &'r Request<'_>) -> &'r Negotiated {
        request.local_cache(Negotiated::default)
    }
}

impl Browser {
    /// Whether this guard has let the request in. Then its errors are pages too.
    pub fn asked(request: &Request<'_>) -> bool {
        Negotiated::of(request).page.load(Ordering::Relaxed)
    }

    /// Whether the client wants a page rather than JSON. The reply is marked as one that depends on `Accept`, unless
    /// the path ends in `.json`.
    pub fn wants_page(request: &Request<'_>) -> bool {
        if Trace::of(request).names_json() {
            return false;
        }
        let negotiated = Negotiated::of(request);
        negotiated.varies.store(true, Ordering::Relaxed);
        let sent = request.headers().get_one("Accept").unwrap_or_default();
        let wants = sent.len() <= ACCEPT_BYTES_MAX && request.accept().is_some_and(prefers_html);
        negotiated.page.store(wants, Ordering::Relaxed);
        wants
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Browser {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Browser, Infallible> {
        if !Browser::wants_page(request) {
            return Outcome::Forward(Status::NotFound);
        }
        Outcome::Success(Browser { accepts: AcceptsGzip::of(request) })
    }
}

/// Whether HTML is wanted more than JSON, or as much and is named first. If only `*/*` covers both, HTML is not
/// preferred.
fn prefers_html(accept: &Accept) -> bool {
    let wanted = |wanted: &MediaType| {
        // A type may be in several ranges. The most exact of them says how much the type is wanted.
        let ranges = accept.iter().enumerate().filter(|(_, range)| covers(range, wanted));
        // If several are equally exact, the first one counts.
        let exactest = ranges.min_by_key(|(at, range)| (std::cmp::Reverse(range.specificity()), *at));
        exactest.map_or((0.0, usize::MAX), |(at, range)| (range.weight_or(1.0), at))
    };
    let ((html, html_at), (json, json_at)) = (wanted(&MediaType::HTML), wanted(&MediaType::JSON));
    html > 0.0 && (html > json || (html >= json && html_at < json_at))
}

/// Whether a type is in a range such as `text/*`.
fn covers(range: &MediaType, kind: &MediaType) -> bool {
    (range.top() == "*" || range.top() == kind.top()) && (range.sub() == "*" || range.sub() == kind.sub())
}

/// Marks every reply, JSON or page, that would be another one with another `Accept`, so that caches know.
pub struct VaryFairing;

#[rocket::async_trait]
impl Fairing for VaryFairing {
    fn info(&self) -> Info {
        Info { name: "Vary by Accept", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if Negotiated::of(request).varies.load(Ordering::Relaxed) {
            vary::add(response, "Accept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_who_wants_html_more_than_json_or_as_much_and_first() {
        for (accept, page) in [
            ("text/html", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html, application/json", true),
            ("application/json, text/html", false),
            ("application/json;q=0.9, text/html", true),
            ("application/json, text/html;q=0.1", false),
            ("text/html;q=0.5, application/json;q=0.4", true),
            ("text/html;q=0.4, application/json;q=0.5", false),
            ("text/html;q=0", false),
            ("text/html, */*", true),
            ("text/html;q=0.7, */*;q=0.8", false),
            ("*/*", false),
            ("*/*, text/html;q=0", false),
            ("*/*;q=0.5, text/html;q=0.8", true),
            ("text/*", true),
            ("text/*;q=0.5, application/*", false),
            ("application/*, text/html", false),
            ("application/*;q=0.1, text/html;q=0.2", true),
            ("image/png", false),
            ("text/html;level=1", true),
        ] {
            let accept: Accept = accept.parse().expect("an Accept");
            assert_eq!(prefers_html(&accept), page, "{accept}");
        }
    }
}
