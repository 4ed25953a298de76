//! Pages for people: HTML with nothing of another server in it, readable without JavaScript.
//!
//! A page has its file here and its template in `templates`; `html` alone turns both into a reply, with the headers that
//! keep it safe, and `browser` says who gets a page where programs get JSON. What a page shows comes from the same
//! calls as the API's replies.

mod address;
mod admin;
mod assets;
mod browser;
mod chart;
mod docs;
mod error_page;
mod format;
mod html;
mod keeper_bar;
mod leaderboard;
mod me;
mod person;
mod scopes;
mod user;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Redirect, Responder};
use rocket::{Build, Rocket, Route, get, routes};

use crate::web::error::Caught;
use crate::web::session::SignedIn;
use browser::{Browser, VaryFairing};
use error_page::ErrorPage;

/// Every page.
fn routes() -> Vec<Route> {
    routes![
        home,
        leaderboard::first,
        leaderboard::show,
        leaderboard::embed::show,
        user::show,
        docs::show,
        me::choose,
        me::forget,
        assets::file
    ]
}

/// Below these paths, a browser is shown errors as pages.
const BASES: [&str; 3] = ["/admin", "/leaderboard", "/users"];

/// Below this path there is only the API, and no page.
const API_ALONE: &str = "/admin/plugins/";

/// A page is tried before the API's route of the same path: ranks that Rocket itself gives are -12 to -1.
const BEFORE_API: isize = 100;

/// Adds the pages to a Rocket that has the API already.
pub fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    assets::prepare();
    let mut routes = [routes(), admin::routes()].concat();
    for route in &mut routes {
        route.rank -= BEFORE_API;
    }
    let rocket = rocket
        .mount("/", routes)
        .attach(VaryFairing)
        .manage(leaderboard::Turns::default())
        .manage(docs::Shown::default());
    let rocket = rocket.register("/", rocket::catchers![no_such_address]);
    let rocket = rocket.register("/admin", rocket::catchers![admin::forbidden]);
    BASES.into_iter().fold(rocket, |rocket, base| rocket.register(base, rocket::catchers![catch]))
}

/// Sends the address without a path to the leaderboard.
#[get("/")]
fn home(_browser: Browser) -> Redirect {
    Redirect::to("/leaderboard")
}

/// An error, as a page for people or as JSON for programs.
enum ErrorReply {
    Page(ErrorPage),
    Json(Caught),
}

/// Answers what a guard or Rocket has refused: a page where a page was asked for, else what the API says.
#[rocket::catch(default)]
async fn catch(status: Status, request: &Request<'_>) -> ErrorReply {
    let caught = Caught::of(status, request);
    let wants_page = Browser::asked(request) || (is_unknown(request) && Browser::wants_page(request));
    if wants_page {
        if request.uri().path().starts_with("/admin") {
            // Where no route was reached, no guard has found out yet who is to keep the tabs.
            SignedIn::of(request).await;
        }
        ErrorReply::Page(caught.into_error().into())
    } else {
        ErrorReply::Json(caught)
    }
}

/// Answers a request for an address that does not exist, wherever it is.
#[rocket::catch(404)]
async fn no_such_address(status: Status, request: &Request<'_>) -> ErrorReply {
    catch(status, request).await
}

/// Whether no route has the path and method of a request. What a route of the API refuses stays JSON, and so does every
/// error below [`API_ALONE`].
fn is_unknown(request: &Request<'_>) -> bool {
    let of_api = request.uri().path().as_str().starts_with(API_ALONE);
    request.route().is_none() && !of_api
}

impl<'r> Responder<'r, 'static> for ErrorReply {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            ErrorReply::Page(page) => page.respond_to(request),
            ErrorReply::Json(caught) => caught.respond_to(request),
        }
    }
}
