//! `/webhooks/discourse`: what a forum that runs Discourse tells of its people and of what they do.
//!
//! All that is Discourse's stands in this folder: how it signs, what its bodies look like, and which of its events is news of
//! which deed. What becomes of a deed is decided in `actions`, which knows nothing of Discourse.

mod deeds;
mod json;
mod news;
mod people;
pub(crate) mod reading;
pub(crate) mod signature;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket::{State, post};

use self::news::Reading;
pub use self::signature::Signed;
use crate::actions::Delivered;
use crate::web::error::ApiError;
use crate::web::forum::{FORUM, Refused};
use crate::web::raw_body::RawBody;
use crate::web::reply::SUCCESS;
use crate::web::{App, Client};

/// The header of a reply that says what became of a delivery. Discourse shows it to its administrators.
pub const OUTCOME: &str = "X-Scorekeeper-Outcome";

/// The longest outcome that the header tells, in bytes.
const OUTCOME_MAX: usize = 400;

/// The shortest time between two lines of the log about deliveries that are not well signed.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// When the log was last told that a delivery is not well signed.
static BADLY_SIGNED_TOLD_AT: Mutex<Option<Instant>> = Mutex::new(None);

/// The reply to a delivery that was taken in, whatever became of it.
pub struct Taken(String);

impl<'r> Responder<'r, 'static> for Taken {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = SUCCESS.respond_to(request)?;
        let plain = |character: char| if character.is_ascii_graphic() { character } else { ' ' };
        let outcome: String = self.0.chars().map(plain).take(OUTCOME_MAX).collect();
        response.set_raw_header(OUTCOME, outcome);
        Ok(response)
    }
}

/// Takes in a delivery. Nothing of it is read before its signature has been checked.
#[post("/webhooks/discourse", data = "<body>")]
pub async fn take_in(app: &State<App>, client: Client, signed: Signed, body: RawBody) -> Result<Taken, ApiError> {
    if !signed.is_of(&body.0) {
        refuse(app, &client, signed.event, "its signature is not that of its body and the secret");
        return Err(ApiError::InvalidAccess);
    }
    let event = signed.event;
    let read = match reading::read(&event, signed.instance.as_deref(), &body.0) {
        Ok(read) => read,
        Err(error) => {
            let why = format!("refused: {}", error.sentence());
            log::warn!("a delivery of {event:?} by the forum is {why}");
            if let Err(error) = app.actions.note_refused_delivery(FORUM, &event, why).await {
                log::error!("a refused delivery can't be written down: {error}");
            }
            return Err(error);
        }
    };
    let Reading { told, person, left_out } = read;
    if !left_out.is_empty() {
        log::info!("a delivery of {event:?} by the forum: {}", left_out.join("; "));
    }
    let delivered = Delivered { source: FORUM, event, address: client.address, told, person, left_out };
    Ok(Taken(app.actions.take_in(delivered).await?))
}

/// Remembers a delivery that is not well signed, and tells the log of it, at most once a minute: anybody can send such.
fn refuse(app: &App, client: &Client, event: String, why: &'static str) {
    app.forum.note_refused(Refused { at: app.clock.now(), address: client.address, event, why });
    let mut told_at = BADLY_SIGNED_TOLD_AT.lock().unwrap_or_else(PoisonError::into_inner);
    if told_at.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
        *told_at = Some(Instant::now());
        log::warn!("a delivery to the forum's webhook from {} was refused: {why}", client.address);
    }
}
