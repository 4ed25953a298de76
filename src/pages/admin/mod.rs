//! The administration: pages for what people who manage the points do every day, without a command line.
//!
//! Each page checks and stores with the API's own functions. Only its form and its words are here. Somebody who is not
//! signed in is sent to sign in first.

pub mod again;
mod award;
mod board;
mod boards;
mod command;
mod confirm;
mod downloads;
mod embed_card;
mod event;
mod events;
mod field;
mod form;
mod forum;
pub mod frame;
mod group;
mod key;
mod key_form;
mod keys;
mod log;
mod lost_form;
mod many;
mod merge;
mod people;
mod rules;
mod server;
mod server_facts;
mod server_state;
mod shown_key;
mod sign_in;
mod suggestions;
mod user;
mod who;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket::Either;
use rocket::http::{Method, Status};
use rocket::request::Request;
use rocket::{Route, get, routes};

use super::browser::Browser;
use super::error_page::ErrorPage;
use super::html::{Html, Layout, Section};
use crate::web::error::{ApiError, Caught};
use crate::web::session::SignedIn;
use frame::Tab;

/// Ranks that Rocket itself gives are -12 to -1, so what has a rank that much lower is tried first.
const BEFORE_PAGES: isize = 50;

/// Every page of the administration.
pub fn routes() -> Vec<Route> {
    let mut before_all = routes![lost_form::keep];
    before_all.iter_mut().for_each(|route| route.rank -= BEFORE_PAGES);
    let mut routes = routes![
        home,
        lost_form::go_on,
        sign_in::form,
        sign_in::sign_in,
        sign_in::sign_out,
        events::list,
        event::show,
        event::correct,
        event::ask_delete,
        event::delete,
        award::form,
        award::again,
        award::preview,
        award::store,
        award::stored::show,
        award::stored::undo,
        many::events::form,
        many::events::again,
        many::events::preview,
        many::events::store,
        many::users::form,
        many::users::again,
        many::users::preview,
        many::users::store,
        boards::list,
        boards::create,
        board::show,
        board::update,
        board::ask_delete,
        board::delete,
        rules::list,
        rules::update,
        forum::show,
        forum::ask_secret,
        forum::make_secret,
        people::list,
        people::naming::name,
        suggestions::suggest,
        downloads::events,
        downloads::users,
        user::new,
        user::create,
        user::show,
        user::update,
        user::ask_delete,
        user::delete,
        merge::ask,
        merge::merge,
        group::new,
        group::create,
        group::show,
        group::update,
        group::ask_delete,
        group::delete,
        keys::list,
        key_form::new,
        key_form::create,
        key::show,
        key::ask_rotate,
        key::rotate,
        key::ask_revoke,
        key::revoke,
        server::show,
        server::start,
        server::moved,
        server_state::make,
        server_state::take,
        log::list,
    ];
    routes.append(&mut before_all);
    routes
}

/// The path to go to after a change, with the word for what was done.
fn go(path: &str, done: &str) -> Html {
    let separator = if path.contains('?') { '&' } else { '?' };
    Html::moved(format!("{path}{separator}done={done}"))
}

/// A text as it stands in a query.
fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

/// Where the administration begins.
const HOME: &str = "/admin";

/// The administration begins with the first page that the key opens.
#[get("/admin")]
fn home(_browser: Browser, me: SignedIn) -> Result<Html, ErrorPage> {
    const SENTENCE: &str =
        "You are signed in, but your key opens none of these pages. Programs can use it all the same.";
    let first = Tab::first_for(&me).map(|tab| Html::moved(tab.path()));
    first.ok_or_else(|| ErrorPage::new(Status::Forbidden, "Nothing to see with this key", SENTENCE))
}

/// Sends a browser that only reads, and is not signed in, to the page where it can sign in.
#[rocket::catch(403)]
pub fn forbidden(status: Status, request: &Request<'_>) -> Either<Html, Either<ErrorPage, Caught>> {
    let caught = Caught::of(status, request);
    if !Browser::asked(request) {
        return Either::Right(Either::Right(caught));
    }
    let error = caught.into_error();
    if error == ApiError::NotLoggedIn && request.method() == Method::Get {
        return Either::Left(Html::moved(format!("/admin/sign-in?to={}", encoded(&request.uri().to_string()))));
    }
    Either::Right(Either::Left(error.into()))
}
