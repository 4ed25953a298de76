//! `/health`: whether the process lives, and whether it can do its work.

use rocket::{State, get};
use serde::Serialize;

use crate::web::App;
use crate::web::error::ApiError;
use crate::web::reply::Json;

/// `{"status":"ok"}`
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
}

/// The process answers.
#[get("/health/live")]
pub fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The database can be read, and there is someone to write to it.
#[get("/health/ready")]
pub async fn ready(app: &State<App>) -> Result<Json<Health>, ApiError> {
    app.store.read(|connection| Ok(connection.query_row("SELECT count FROM rollup_repairs", [], |_| Ok(()))?)).await?;
    if app.store.writer().is_alive() { Ok(Json(Health { status: "ok" })) } else { Err(ApiError::Unavailable) }
}
