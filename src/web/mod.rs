//! What both faces of the server, the JSON of `api` and the HTML of `pages`, need of Rocket: what handlers work with, the
//! life of a request, its parameters, who sends it, and what errors and replies look like.
//!
//! Nothing here knows a resource or a page.

pub(crate) mod caller;
pub(crate) mod error;
pub(crate) mod idempotency;
pub(crate) mod life;
pub(crate) mod parameters;
pub(crate) mod path;
pub(crate) mod reply;
mod request_limit;
pub(crate) mod session;

use std::sync::Arc;

use rocket::{Build, Rocket};

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

/// Gives a Rocket what its handlers work with, and its requests their life. `in_flight` counts them.
pub fn mount(rocket: Rocket<Build>, app: App, in_flight: Arc<InFlight>) -> Rocket<Build> {
    rocket.manage(app).attach(life::LifeFairing(in_flight))
}
