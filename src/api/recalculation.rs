//! `/admin/plugins/gamification/recalculate-scores`: rebuilding scores on demand.

use rocket::{State, get, put};
use serde::Serialize;

use crate::domain::{EventDate, Timestamp};
use crate::store::recalculations;
use crate::web::App;
use crate::web::caller::{May, need};
use crate::web::error::ApiError;
use crate::web::reply::{Json, SUCCESS, Success};
use crate::web::request::Sent;
use crate::web::requests::recalculation::Recalculate;

/// How far a recalculation is, and how many more may be asked for.
#[derive(Debug, Serialize)]
pub struct Recalculation {
    running: bool,
    from_date: Option<EventDate>,
    days_done: u64,
    days_total: u64,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    remaining: u32,
}

/// Starts to rebuild scores in the background.
#[put("/admin/plugins/gamification/recalculate-scores", data = "<asked>")]
pub async fn request(
    caller: May<need::Recalculate>,
    app: &State<App>,
    asked: Sent<Recalculate>,
) -> Result<Json<Success>, ApiError> {
    let first = asked.read()?.first_day(app)?;
    app.actions.recalculate(&caller.actor, first, None).await?;
    Ok(SUCCESS)
}

/// Shows how far the recalculation is.
#[get("/admin/plugins/gamification/recalculate-scores")]
pub async fn show(_caller: May<need::ReadEvents>, app: &State<App>) -> Result<Json<Recalculation>, ApiError> {
    let (now, limit) = (app.clock.now(), app.actions.recalculations_per_day());
    let remaining = app.store.read(move |connection| recalculations::remaining(connection, now, limit)).await?;
    let status = app.rollup.status();
    Ok(Json(Recalculation {
        running: status.running,
        from_date: status.from_date,
        days_done: status.progress.days_done,
        days_total: status.progress.days_total,
        started_at: status.started_at,
        finished_at: status.finished_at,
        remaining,
    }))
}
