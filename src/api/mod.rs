//! The HTTP API: one file for each resource, JSON in and out.
//!
//! [`routes`] is the table of contents. What a handler needs of Rocket (guards, parameters, errors, replies) comes from
//! [`crate::web`]; a handler says what becomes of one request.

mod audit;
mod avatars;
mod boards;
mod directory;
pub(crate) mod discourse;
mod document;
mod health;
mod leaderboard;
mod metrics;
mod openapi;
mod recalculation;
mod rules;
mod score_events;
mod score_events_csv;
mod users;

use std::sync::Arc;

use rocket::http::Method;
use rocket::{Build, Catcher, Rocket, Route, catchers, routes};

use crate::web::error;
use crate::web::requests::events::EVENTS;

/// Every resource.
fn routes() -> Vec<Route> {
    routes![
        score_events::list,
        score_events::create,
        score_events::create_all,
        score_events::update,
        score_events::show,
        score_events::delete,
        score_events::history,
        score_events_csv::export,
        recalculation::request,
        recalculation::show,
        users::score,
        users::days,
        leaderboard::first,
        leaderboard::show,
        leaderboard::around,
        leaderboard::live,
        boards::overview,
        boards::create,
        boards::update,
        boards::delete,
        directory::list_users,
        directory::show_user,
        directory::put_user,
        directory::put_users,
        directory::delete_user,
        directory::merge,
        directory::list_groups,
        directory::show_group,
        directory::put_group,
        directory::delete_group,
        rules::list,
        rules::update,
        discourse::take_in,
        audit::list,
        avatars::draw,
        health::live,
        health::ready,
        metrics::show,
        openapi::show,
    ]
}

fn catchers() -> Vec<Catcher> {
    catchers![error::catch]
}

/// By how much the ranks of the most frequent routes are before all others, those of the pages too: Rocket compares a request with
/// one route after another.
const BEFORE_ALL: isize = 200;

/// Adds the API to a Rocket that `crate::web` has prepared.
pub fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    let mut routes = routes();
    // No page has this path, so no browser asks for it.
    let frequent = routes.iter_mut().filter(|route| route.method == Method::Post && route.uri.path() == EVENTS);
    frequent.for_each(|route| route.rank -= BEFORE_ALL);
    rocket.manage(Arc::new(document::document())).mount("/", routes).register("/", catchers())
}
