//! `/admin/plugins/gamification`: how leaderboards are set up.

use rocket::{State, delete, get, post, put};
use serde::Serialize;

use crate::domain::Leaderboard;
use crate::store::directory::{self, GroupName};
use crate::store::{leaderboards, recalculations};
use crate::web::App;
use crate::web::caller::{May, need};
use crate::web::error::ApiError;
use crate::web::path::LeaderboardIdPath;
use crate::web::reply::{Json, SUCCESS, Success};
use crate::web::request::Sent;
use crate::web::requests::boards::{CreateBoard, ReplaceBoard};

/// All that an administration page needs at first.
#[derive(Debug, Serialize)]
pub struct Overview {
    gamification_recalculate_scores_remaining: u32,
    gamification_leaderboards: Vec<Leaderboard>,
    gamification_groups: Vec<GroupName>,
}

/// Shows the boards, the names of the groups, and how many recalculations are left.
#[get("/admin/plugins/gamification")]
pub async fn overview(_caller: May<need::ReadEvents>, app: &State<App>) -> Result<Json<Overview>, ApiError> {
    let (now, limit) = (app.clock.now(), app.actions.recalculations_per_day());
    let overview = app.store.read(move |connection| {
        Ok(Overview {
            gamification_recalculate_scores_remaining: recalculations::remaining(connection, now, limit)?,
            gamification_leaderboards: leaderboards::list(connection)?,
            gamification_groups: directory::group_names(connection)?,
        })
    });
    Ok(Json(overview.await?))
}

/// Makes a board.
#[post("/admin/plugins/gamification/leaderboard", data = "<asked>")]
pub async fn create(
    caller: May<need::SetUpBoards>,
    app: &State<App>,
    asked: Sent<CreateBoard>,
) -> Result<Json<Leaderboard>, ApiError> {
    let new = asked.read()?.try_into()?;
    Ok(Json(app.actions.create_board(&caller.actor, new).await?))
}

/// Replaces all settings of a board.
#[put("/admin/plugins/gamification/leaderboard/<id>", data = "<asked>")]
pub async fn update(
    caller: May<need::SetUpBoards>,
    app: &State<App>,
    id: LeaderboardIdPath,
    asked: Sent<ReplaceBoard>,
) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    app.actions.update_board(&caller.actor, id, asked.read()?.try_into()?).await?;
    Ok(SUCCESS)
}

/// Removes a board.
#[delete("/admin/plugins/gamification/leaderboard/<id>")]
pub async fn delete(
    caller: May<need::SetUpBoards>,
    app: &State<App>,
    id: LeaderboardIdPath,
) -> Result<Json<Success>, ApiError> {
    app.actions.delete_board(&caller.actor, id.known()?).await?;
    Ok(SUCCESS)
}
