//! The HTTP API: Rocket, and nothing of Rocket elsewhere save the pages and the server that starts it.
//!
//! Guards say who calls and read the parameters; a handler makes one call to the store or the rollup; errors become
//! replies in one place. [`routes`] is the table of contents. What the pages share with it is visible within the crate.

mod avatars;
pub(crate) mod caller;
pub(crate) mod directory;
pub(crate) mod error;
mod health;
pub(crate) mod idempotency;
pub(crate) mod leaderboard;
pub(crate) mod leaderboards;
pub(crate) mod life;
pub(crate) mod parameters;
pub(crate) mod path;
pub(crate) mod recalculation;
pub(crate) mod reply;
mod request_limit;
pub(crate) mod score_events;
pub(crate) mod session;
mod users;

use std::sync::Arc;

use rocket::{Build, Catcher, Rocket, Route, catchers, routes};

pub use life::InFlight;
pub use request_limit::RequestLimit;
pub use session::Sessions;

use crate::domain::{Clock, KeyDigest};
use crate::rollup::Rollup;
use crate::standings::Standings;
use crate::store::Store;

/// What handlers work with.
pub struct App {
    /// The database.
    pub store: Store,
    /// What day it is.
    pub clock: Clock,
    /// Rebuilds scores.
    pub rollup: Rollup,
    /// Who leads.
    pub standings: Standings,
    /// The configured all-users key.
    pub api_key: Option<KeyDigest>,
    /// Where a recalculation begins that names no date, in days before today.
    pub recent_days: u32,
    /// Recalculations within 24 hours.
    pub recalculations_per_day: u32,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Requests within a minute.
    pub requests: RequestLimit,
    /// Whether scores may be read without a key.
    pub public: bool,
}

/// Every resource.
fn routes() -> Vec<Route> {
    routes![
        score_events::list,
        score_events::create,
        score_events::update,
        score_events::show,
        score_events::delete,
        score_events::history,
        recalculation::request,
        recalculation::show,
        users::score,
        users::days,
        leaderboard::first,
        leaderboard::show,
        leaderboard::around,
        leaderboard::live,
        leaderboards::overview,
        leaderboards::create,
        leaderboards::update,
        leaderboards::delete,
        directory::list_users,
        directory::show_user,
        directory::put_user,
        directory::delete_user,
        directory::merge,
        directory::list_groups,
        directory::show_group,
        directory::put_group,
        directory::delete_group,
        avatars::draw,
        health::live,
        health::ready,
    ]
}

fn catchers() -> Vec<Catcher> {
    catchers![error::catch]
}

/// Puts the API onto a Rocket. `in_flight` counts its requests.
pub fn mount(rocket: Rocket<Build>, app: App, in_flight: Arc<InFlight>) -> Rocket<Build> {
    rocket.manage(app).mount("/", routes()).register("/", catchers()).attach(life::LifeFairing(in_flight))
}
