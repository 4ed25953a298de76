//! `/admin/rules`: which deeds give points by themselves, and how many.

use rocket::{State, get, put};
use serde::Serialize;

use crate::domain::Rule;
use crate::store::rules;
use crate::web::App;
use crate::web::caller::{May, need};
use crate::web::error::ApiError;
use crate::web::path::RuleNamePath;
use crate::web::reply::{Json, SUCCESS, Success};
use crate::web::request::Sent;
use crate::web::requests::rules::ChangeRule;

/// `{"rules":[…]}`
#[derive(Debug, Serialize)]
pub struct Rules {
    rules: Vec<Rule>,
}

/// Lists all rules.
#[get("/admin/rules")]
pub async fn list(_caller: May<need::ReadEvents>, app: &State<App>) -> Result<Json<Rules>, ApiError> {
    Ok(Json(Rules { rules: app.store.read(|connection| rules::list(connection)).await? }))
}

/// Changes a rule.
#[put("/admin/rules/<name>", data = "<asked>")]
pub async fn update(
    caller: May<need::SetUpBoards>,
    app: &State<App>,
    name: RuleNamePath,
    asked: Sent<ChangeRule>,
) -> Result<Json<Success>, ApiError> {
    let name = name.known()?;
    app.actions.update_rule(&caller.actor, name, asked.read()?.try_into()?).await?;
    Ok(SUCCESS)
}
