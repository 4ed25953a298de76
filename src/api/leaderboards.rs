//! `/admin/plugins/gamification`: how leaderboards are set up.

use rocket::{State, delete, get, post, put};
use serde::Serialize;

use crate::domain::{GroupId, Leaderboard, LeaderboardId, LeaderboardName, LeaderboardUpdate, Period};
use crate::store::leaderboards::{self, Changed};
use crate::store::{directory, recalculations};
use crate::web::App;
use crate::web::caller::{Caller, Editor};
use crate::web::error::ApiError;
use crate::web::parameters::{Parameter, Parameters};
use crate::web::path::LeaderboardIdPath;
use crate::web::reply::{Json, SUCCESS, Success, success_if};

/// All that an administration page needs at first.
#[derive(Debug, Serialize)]
pub struct Overview {
    gamification_recalculate_scores_remaining: u32,
    gamification_leaderboards: Vec<Leaderboard>,
    gamification_groups: Vec<GroupName>,
}

/// A group without its members.
#[derive(Debug, Serialize)]
struct GroupName {
    id: GroupId,
    name: String,
}

/// A period as a number.
struct PeriodNumber(Period);

impl Parameter for PeriodNumber {
    fn from_text(text: &str) -> Option<PeriodNumber> {
        i64::from_text(text).and_then(PeriodNumber::from_number)
    }

    fn from_number(number: i64) -> Option<PeriodNumber> {
        Period::from_number(number).map(PeriodNumber)
    }
}

/// Shows what there is.
#[get("/admin/plugins/gamification")]
pub async fn overview(_caller: Caller, app: &State<App>) -> Result<Json<Overview>, ApiError> {
    let (now, limit) = (app.clock.now(), app.recalculations_per_day);
    let overview = app.store.read(move |connection| {
        let groups = directory::groups(connection)?;
        Ok(Overview {
            gamification_recalculate_scores_remaining: recalculations::remaining(connection, now, limit)?,
            gamification_leaderboards: leaderboards::list(connection)?,
            gamification_groups: groups.into_iter().map(|group| GroupName { id: group.id, name: group.name }).collect(),
        })
    });
    Ok(Json(overview.await?))
}

/// Makes a board.
#[post("/admin/plugins/gamification/leaderboard", data = "<parameters>")]
pub async fn create(_editor: Editor, app: &State<App>, parameters: Parameters) -> Result<Json<Leaderboard>, ApiError> {
    parameters.require(&["name", "created_by_id"])?;
    let name = name(&parameters)?;
    let created_by_id: CreatorId = parameters.required("created_by_id")?;
    let created = app.store.write(move |write| leaderboards::create(write, &name, created_by_id.0)).await?;
    let board = done(created)?;
    app.standings.refresh().await;
    Ok(Json(board))
}

/// Replaces all of a board.
#[put("/admin/plugins/gamification/leaderboard/<id>", data = "<parameters>")]
pub async fn update(
    _editor: Editor,
    app: &State<App>,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<Json<Success>, ApiError> {
    let update = replacement(id.known()?, &parameters)?;
    done(app.store.write(move |write| leaderboards::update(write, update)).await?)?;
    app.standings.refresh().await;
    Ok(SUCCESS)
}

/// Removes a board.
#[delete("/admin/plugins/gamification/leaderboard/<id>")]
pub async fn delete(_editor: Editor, app: &State<App>, id: LeaderboardIdPath) -> Result<Json<Success>, ApiError> {
    success_if(remove(app, id.known()?).await?)
}

/// Reads all of a board.
pub(crate) fn replacement(id: LeaderboardId, parameters: &Parameters) -> Result<LeaderboardUpdate, ApiError> {
    parameters.require(&["name"])?;
    let update = LeaderboardUpdate {
        id,
        name: name(parameters)?,
        from_date: parameters.optional("from_date")?,
        to_date: parameters.optional("to_date")?,
        visible_to_groups_ids: parameters.list("visible_to_groups_ids")?,
        included_groups_ids: parameters.list("included_groups_ids")?,
        excluded_groups_ids: parameters.list("excluded_groups_ids")?,
        default_period: parameters.optional("default_period")?.map_or(Period::AllTime, |PeriodNumber(period)| period),
        period_filter_disabled: parameters.optional("period_filter_disabled")?.unwrap_or(false),
    };
    if update.from_date.zip(update.to_date).is_some_and(|(from, to)| from > to) {
        return Err(ApiError::DatesReversed);
    }
    Ok(update)
}

/// Removes a board, save the first, and waits until that shows. `false`: there is no such board.
pub(crate) async fn remove(app: &App, id: LeaderboardId) -> Result<bool, ApiError> {
    if id == LeaderboardId::GLOBAL {
        return Err(ApiError::LeaderboardProtected);
    }
    let found = app.store.write(move |write| leaderboards::delete(write, id)).await?;
    app.standings.refresh().await;
    Ok(found)
}

/// Reads the name of a board.
pub(crate) fn name(parameters: &Parameters) -> Result<LeaderboardName, ApiError> {
    let name: LeaderboardName = parameters.required("name")?;
    if name.is_reserved() { Err(ApiError::NameReserved) } else { Ok(name) }
}

/// What a change has made, or why it was refused.
pub(crate) fn done<T>(changed: Changed<T>) -> Result<T, ApiError> {
    match changed {
        Changed::Done(value) => Ok(value),
        Changed::Unknown => Err(ApiError::NotFound),
        Changed::NameTaken => Err(ApiError::NameTaken),
    }
}

/// Who made a board: a user, or -1 for the system.
struct CreatorId(i64);

impl Parameter for CreatorId {
    fn from_text(text: &str) -> Option<CreatorId> {
        i64::from_text(text).and_then(CreatorId::from_number)
    }

    fn from_number(number: i64) -> Option<CreatorId> {
        (-1..=i64::from(i32::MAX)).contains(&number).then_some(CreatorId(number))
    }
}

impl Parameter for LeaderboardName {
    fn from_text(text: &str) -> Option<LeaderboardName> {
        LeaderboardName::try_from(text.to_owned()).ok()
    }
}

impl Parameter for LeaderboardId {
    fn from_text(text: &str) -> Option<LeaderboardId> {
        i64::from_text(text).map(LeaderboardId)
    }
}
