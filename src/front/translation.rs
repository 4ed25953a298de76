//! A request as hyper gives it, made into a request of Rocket.

use std::fmt;

use hyper::header::{COOKIE, HOST};
use hyper::http::request::Parts;
use rocket::http::uri::Origin;
use rocket::http::{Cookie, Header, Method};
use rocket::local::asynchronous::{Client, LocalRequest};

/// A target that Rocket does not route: it answers the request with its catcher. It is shown as the path that was asked
/// for.
struct Unroutable<'p>(&'p str);

impl TryFrom<Unroutable<'_>> for Origin<'static> {
    type Error = ();

    fn try_from(_: Unroutable<'_>) -> Result<Origin<'static>, ()> {
        Err(())
    }
}

impl fmt::Display for Unroutable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The request for Rocket, without its body.
///
/// What is no UTF-8 in a header becomes U+FFFD, so that whoever reads the header sees that something is there, and refuses
/// it.
pub fn request<'r>(client: &'r Client, parts: &'r Parts) -> LocalRequest<'r> {
    let target = parts.uri.path_and_query();
    let mut local = match (method(&parts.method), target) {
        (Some(method), Some(target)) => {
            let mut local = client.req(method, Origin::ROOT);
            // hyper has checked the target already, and takes more than Rocket's own parser does: `/?name=ü`.
            local.inner_mut().set_uri(Origin::new(target.path(), target.query()));
            local
        }
        _ => unroutable(client, parts),
    };
    for (name, value) in &parts.headers {
        local.inner_mut().add_header(Header::new(name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    }
    if let Some(authority) = parts.uri.authority().filter(|_| !parts.headers.contains_key(HOST)) {
        // HTTP/2 has the host in its target.
        local.inner_mut().add_header(Header::new("host", authority.as_str()));
    }
    for line in parts.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok()) {
        for cookie in cookies(line) {
            local = local.cookie(cookie);
        }
    }
    local
}

/// The cookies in a line of the header `Cookie`. What is no cookie is passed over.
pub fn cookies(line: &str) -> impl Iterator<Item = Cookie<'_>> {
    line.split(';').filter_map(|cookie| Cookie::parse_encoded(cookie.trim()).ok())
}

/// A request of the same method and path that Rocket answers with its catcher.
pub fn unroutable<'r>(client: &'r Client, parts: &Parts) -> LocalRequest<'r> {
    let path = parts.uri.path_and_query().map_or("/", |target| target.path());
    client.req(method(&parts.method).unwrap_or(Method::Get), Unroutable(path))
}

/// The method, if Rocket knows it.
fn method(method: &hyper::Method) -> Option<Method> {
    Some(match *method {
        hyper::Method::GET => Method::Get,
        hyper::Method::POST => Method::Post,
        hyper::Method::PUT => Method::Put,
        hyper::Method::DELETE => Method::Delete,
        hyper::Method::HEAD => Method::Head,
        hyper::Method::OPTIONS => Method::Options,
        hyper::Method::PATCH => Method::Patch,
        hyper::Method::TRACE => Method::Trace,
        hyper::Method::CONNECT => Method::Connect,
        _ => return None,
    })
}
