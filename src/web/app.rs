//! What handlers work with.

use std::sync::Arc;

use rocket::State;
use rocket::http::Status;
use rocket::request::{Outcome, Request};

use super::batch::Batches;
use super::error::ApiError;
use super::figures::Figures;
use super::forum::{FORUM, Forum};
use super::metrics::Metrics;
use super::request_limit::RequestLimit;
use super::sessions::Sessions;
use super::site::Site;
use super::stored_forms::StoredForms;
use super::wrong_keys::WrongKeys;
use crate::actions::Actions;
use crate::domain::{Clock, Timestamp, WebhookSecret};
use crate::jobs::Backups;
use crate::metrics::Gauge;
use crate::rollup::Rollup;
use crate::standings::{People, Standings};
use crate::store::{Store, StoreError};

/// What handlers work with: one door for every change, and what they read from.
pub struct App {
    /// The door for every change.
    pub actions: Arc<Actions>,
    /// The database, to read from.
    pub store: Store,
    /// What day it is.
    pub clock: Clock,
    /// When the server started.
    pub started_at: Timestamp,
    /// How far a recalculation is.
    pub rollup: Rollup,
    /// Who leads.
    pub standings: Standings,
    /// Whoever can be found.
    pub people: People,
    /// How many days before today a recalculation begins if it names no date.
    pub recent_days: u32,
    /// Who is signed in.
    pub sessions: Sessions,
    /// What the forms of those who are signed in have stored lately.
    pub stored_forms: StoredForms,
    /// How many requests are taken within a minute.
    pub requests: RequestLimit,
    /// From where wrong keys came lately.
    pub wrong_keys: Arc<WrongKeys>,
    /// How many batches are worked on.
    pub batches: Batches,
    /// Whether scores may be read without a key.
    pub public: bool,
    /// Whether pages show everyone what points were for.
    pub public_descriptions: bool,
    /// How many requests there were, and which were refused.
    pub figures: Arc<Figures>,
    /// How many live streams are open.
    pub live: Arc<Gauge>,
    /// The backups by the clock, if there are any.
    pub backups: Option<Backups>,
    /// Makes the text of the metrics.
    pub metrics: Metrics,
    /// The forum that tells what its people do.
    pub forum: Forum,
    /// How the server is reached, and which other sites may show it.
    pub site: Site,
}

impl App {
    /// The secret with which the forum signs: that of the settings, or else the one that was made in the administration.
    ///
    /// # Errors
    /// The database failed.
    pub fn forum_secret(&self) -> Result<Option<WebhookSecret>, StoreError> {
        match &self.forum.configured {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.actions.webhook_secret(FORUM),
        }
    }
}

/// The [`App`] in which the guards look things up.
pub(super) async fn app<'r>(request: &'r Request<'_>) -> Outcome<&'r State<App>, ApiError> {
    request
        .guard::<&State<App>>()
        .await
        .map_error(|(status, ())| (status, ApiError::Internal))
        .map_forward(|_: Status| Status::InternalServerError)
}
