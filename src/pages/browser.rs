//! Who gets a page: a client that names `text/html` in `Accept`, on a path that does not end in `.json`.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::Response;

use crate::web::trace::Trace;

/// A client that wants pages. Any other goes on to the next route of that path.
#[derive(Debug, Clone, Copy)]
pub struct Browser(());

/// What was found out of a request; kept with it.
#[derive(Default)]
struct Negotiated {
    /// The reply depends on `Accept`.
    varies: AtomicBool,
    /// It is a page.
    page: AtomicBool,
}

impl Negotiated {
    fn of<'r>(request: &'r Request<'_>) -> &'r Negotiated {
        request.local_cache(Negotiated::default)
    }
}

impl Browser {
    /// Whether this guard has met the request and let it in: then its errors are pages too.
    pub fn asked(request: &Request<'_>) -> bool {
        Negotiated::of(request).page.load(Ordering::Relaxed)
    }

    /// Whether the client wants a page rather than JSON. The reply is marked as one that depends on `Accept`, unless the
    /// path says by its end that JSON is wanted.
    pub fn wants_page(request: &Request<'_>) -> bool {
        if Trace::of(request).names_json() {
            return false;
        }
        let negotiated = Negotiated::of(request);
        negotiated.varies.store(true, Ordering::Relaxed);
        let named = request.accept().is_some_and(|accept| {
            accept.iter().any(|kind| kind.is_html() && kind.weight().is_none_or(|weight| weight > 0.0))
        });
        negotiated.page.store(named, Ordering::Relaxed);
        named
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Browser {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Browser, Infallible> {
        if Browser::wants_page(request) { Outcome::Success(Browser(())) } else { Outcome::Forward(Status::NotFound) }
    }
}

/// Tells caches of every reply, JSON or page, that would be another one with another `Accept`.
pub struct VaryFairing;

#[rocket::async_trait]
impl Fairing for VaryFairing {
    fn info(&self) -> Info {
        Info { name: "Vary by Accept", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if Negotiated::of(request).varies.load(Ordering::Relaxed) {
            response.set_raw_header("Vary", "Accept");
        }
    }
}
