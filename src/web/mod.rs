//! What both sides of the server, the JSON of `api` and the HTML of `pages`, need of Rocket: what handlers work with,
//! the trace of a request, its parameters, who sends it, and what errors and replies look like.
//!
//! Nothing here knows a resource's reply or a page, and nothing here changes anything.

mod app;
mod arrival;
mod authentication;
mod base_path;
pub(crate) mod batch;
mod body;
mod caching;
pub(crate) mod caller;
mod client;
mod compressed_stream;
pub(crate) mod compression;
mod cross_origin;
pub(crate) mod document;
pub(crate) mod error;
mod figures;
mod finishing;
pub(crate) mod forum;
mod headers;
pub(crate) mod idempotency;
pub(crate) mod json_object;
mod kept_forms;
pub(crate) mod key_refusal;
pub(crate) mod kinds;
mod known_paths;
mod metrics;
pub(crate) mod metrics_reader;
pub(crate) mod parameters;
pub(crate) mod path;
pub(crate) mod raw_body;
mod refused_body;
pub(crate) mod reply;
pub(crate) mod request;
mod request_limit;
pub(crate) mod requests;
pub(crate) mod session;
mod sessions;
pub(crate) mod signed_in_for;
mod site;
pub(crate) mod stored_forms;
pub(crate) mod trace;
mod usernames;
pub(crate) mod vary;
pub(crate) mod viewer;
mod written;
mod wrong_keys;

use std::sync::Arc;

use rocket::shield::Shield;
use rocket::{Build, Rocket, routes};

pub use app::App;
pub use base_path::BasePath;
pub use batch::Batches;
pub use client::Client;
pub use figures::{Figures, RefusedRequest};
pub use forum::Forum;
pub use kept_forms::KeptForm;
pub use metrics::Metrics;
pub use request_limit::RequestLimit;
pub use sessions::Sessions;
pub use site::Site;
pub use stored_forms::StoredForms;
pub use wrong_keys::WrongKeys;

pub(crate) use arrival::{body_allowance, refusal_of_head, refusal_of_plain_http, refuse, take_in};
#[cfg(test)]
pub(crate) use batch::BATCH_BODY_BYTES_MAX;
pub(crate) use error::ApiError;
#[cfg(test)]
pub(crate) use error::BODY_BYTES_MAX;
pub(crate) use refused_body::refuse_body;

/// Gives a Rocket what its handlers work with, the answer to `OPTIONS`, and each request its trace.
pub fn mount(rocket: Rocket<Build>, app: App) -> Rocket<Build> {
    let rocket = rocket
        .manage(app.site.base.clone())
        .manage(Arc::clone(&app.figures))
        .manage(app)
        .mount("/", routes![known_paths::ask]);
    // What a reply tells browsers whatever it is, whoever sends it adds.
    let rocket = rocket.attach(Shield::new());
    rocket.attach(finishing::FinishFairing).attach(trace::TraceFairing)
}
