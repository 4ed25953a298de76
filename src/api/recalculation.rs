//! `/admin/plugins/gamification/recalculate-scores`: rebuilding scores on demand.

use chrono::TimeDelta;
use rocket::{State, get, put};
use serde::Serialize;

use crate::domain::{EventDate, Timestamp};
use crate::store::recalculations::{self, Requested};
use crate::web::App;
use crate::web::caller::{Caller, Editor};
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::reply::{Json, SUCCESS, Success};

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

/// Has scores rebuilt in the background.
#[put("/admin/plugins/gamification/recalculate-scores", data = "<parameters>")]
pub async fn request(editor: Editor, app: &State<App>, parameters: Parameters) -> Result<Json<Success>, ApiError> {
    let from_date = from_date(app, &parameters)?;
    let (by, limit) = (editor.0.username, app.recalculations_per_day);
    let requested = app.store.write(move |write| recalculations::request(write, from_date, &by, limit)).await?;
    match requested {
        Requested::Accepted => {
            app.rollup.recalculate(from_date);
            Ok(SUCCESS)
        }
        Requested::Limited { wait } => Err(limited(wait)),
    }
}

/// Reads from which day on scores are to be rebuilt.
pub(crate) fn from_date(app: &App, parameters: &Parameters) -> Result<EventDate, ApiError> {
    let today = app.clock.today();
    let from_date = parameters.optional("from_date")?.unwrap_or_else(|| today.minus_days(app.recent_days));
    if from_date > today { Err(ApiError::Invalid("from_date")) } else { Ok(from_date) }
}

/// The refusal of one recalculation too many.
pub(crate) fn limited(wait: TimeDelta) -> ApiError {
    let wait_seconds = u64::try_from(wait.num_milliseconds()).unwrap_or(0).div_ceil(1000).max(1);
    ApiError::RateLimit { wait_seconds }
}

/// Shows how far it is.
#[get("/admin/plugins/gamification/recalculate-scores")]
pub async fn show(_caller: Caller, app: &State<App>) -> Result<Json<Recalculation>, ApiError> {
    let (now, limit) = (app.clock.now(), app.recalculations_per_day);
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
