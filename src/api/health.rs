//! `/health`: whether the process lives, and whether it can do its work.

use rocket::http::Status;
use rocket::{State, get};
use serde::Serialize;

use crate::web::App;
use crate::web::reply::Json;

/// `{"status":"ok"}`, or `{"status":"unavailable","reason":"…"}`.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

const OK: Health = Health { status: "ok", reason: None };

/// Says that the process answers.
#[get("/health/live")]
pub async fn live() -> Json<Health> {
    Json(OK)
}

/// Says whether the database can be read and written, and whether all threads live.
#[get("/health/ready")]
pub async fn ready(app: &State<App>) -> (Status, Json<Health>) {
    match app.store.check().await {
        Ok(()) => (Status::Ok, Json(OK)),
        Err(fault) => {
            (Status::ServiceUnavailable, Json(Health { status: "unavailable", reason: Some(fault.to_string()) }))
        }
    }
}
