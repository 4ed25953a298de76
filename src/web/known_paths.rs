//! `OPTIONS`: which methods a path has. The answer is found among the routes themselves, so it is always up to date.

use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{self, Responder, Response};
use rocket::{Route, options};

use super::cross_origin;
use super::error::ApiError;

/// The methods that routes have, in the order in which they are told.
const TOLD: [Method; 6] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete, Method::Patch];

/// A path that at least one route has.
pub(super) struct KnownPath {
    methods: Vec<Method>,
    is_public_read: bool,
}

/// The routes of a request's path, whatever its method is. If a route is of this path alone, as `/admin/users/merge`, then those
/// that have a number in that place are not: none of them would answer.
fn routes_of<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r Route> {
    let segments: Vec<&str> = request.uri().path().segments().collect();
    // A route that does not even name what it takes has no paths of its own: it looks at what is meant for others.
    let own = |route: &&Route| route.method != Method::Options && !route.uri.path().ends_with("<_..>");
    let routes = request.rocket().routes().filter(own);
    let routes: Vec<&Route> = routes.filter(|route| matches(route.uri.path(), &segments)).collect();
    let is_plain = |route: &Route| !route.uri.path().contains('<');
    let has_plain = routes.iter().any(|route| is_plain(route));
    routes.into_iter().filter(move |route| !has_plain || is_plain(route))
}

/// Whether a path is of a pattern such as `/users/<id>/score`.
fn matches(pattern: &str, segments: &[&str]) -> bool {
    let mut segments = segments.iter();
    for wanted in pattern.split('/').filter(|wanted| !wanted.is_empty()) {
        if wanted.starts_with('<') && wanted.ends_with("..>") {
            return true;
        }
        let is_any = wanted.starts_with('<');
        match segments.next() {
            Some(segment) if is_any || *segment == wanted => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for KnownPath {
    type Error = ApiError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<KnownPath, ApiError> {
        let mut methods: Vec<Method> = routes_of(request).map(|route| route.method).collect();
        if methods.is_empty() {
            return ApiError::NotFound.refuse(request);
        }
        // Every GET can be asked for without its body.
        if methods.contains(&Method::Get) {
            methods.push(Method::Head);
        }
        let is_public_read = routes_of(request).any(cross_origin::is_public_read);
        Outcome::Success(KnownPath { methods, is_public_read })
    }
}

impl<'r> Responder<'r, 'static> for KnownPath {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let told = TOLD.iter().filter(|method| self.methods.contains(method)).map(|method| method.as_str());
        let told: Vec<&str> = told.chain(["OPTIONS"]).collect();
        let mut response = Response::build().status(Status::NoContent).raw_header("Allow", told.join(", ")).finalize();
        if self.is_public_read {
            cross_origin::answer_preflight(request, &mut response);
        }
        Ok(response)
    }
}

/// Tells which methods a path has. To a browser that asks for a page of another site, tells whether it may read.
#[options("/<_..>")]
pub(super) fn ask(path: KnownPath) -> KnownPath {
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_a_pattern_segment_by_segment() {
        for (pattern, path, is_match) in [
            ("/", "/", true),
            ("/", "/a", false),
            ("/leaderboard/<id>", "/leaderboard/1", true),
            ("/leaderboard/<id>", "/leaderboard", false),
            ("/leaderboard/<id>", "/leaderboard/1/live", false),
            ("/leaderboard/<id>/live", "/leaderboard/1/live", true),
            ("/leaderboard/<id>/live", "/leaderboard/1/life", false),
            ("/files/<path..>", "/files", true),
            ("/files/<path..>", "/files/a/b", true),
            ("/files/<path..>", "/file/a/b", false),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            assert_eq!(matches(pattern, &segments), is_match, "{pattern} {path}");
        }
    }
}
