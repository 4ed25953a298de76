//! `/admin/users` and `/admin/groups`: whom the points belong to.

use rocket::{State, delete, get, post, put};
use serde::Serialize;

use crate::actions::Existence;
use crate::domain::{Group, User};
use crate::standings::UserFilter;
use crate::store::directory;
use crate::web::App;
use crate::web::batch::SentBatch;
use crate::web::caller::{May, need};
use crate::web::error::ApiError;
use crate::web::path::{GroupIdPath, UserIdPath};
use crate::web::reply::{Json, Paged, SUCCESS, Success};
use crate::web::request::Sent;
use crate::web::requests::directory::{ListUsers, MergeUsers, PutGroup, PutUser, PutUsers};

/// `{"users":[…]}`
#[derive(Debug, Serialize)]
pub struct Users {
    users: Vec<User>,
}

/// `{"groups":[…]}`
#[derive(Debug, Serialize)]
pub struct Groups {
    groups: Vec<Group>,
}

/// Lists users.
#[get("/admin/users", data = "<asked>")]
pub async fn list_users(
    _caller: May<need::ReadEvents>,
    app: &State<App>,
    asked: Sent<ListUsers>,
) -> Result<Paged<Users>, ApiError> {
    let filter = UserFilter::from(asked.read()?);
    let limit = filter.limit;
    let link = filter.text.as_ref().map(|text| {
        format!("filter={}&", percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC))
    });
    let (users, more) = app.people.list_users(filter).await?;
    let last = users.last().map(|user| user.id).filter(|_| more);
    let next = last.map(|last| format!("/admin/users?{}limit={limit}&after={last}", link.unwrap_or_default()));
    let users = users.into_iter().map(|user| shown(app, user)).collect();
    Ok(Paged { body: Users { users }, next })
}

/// Shows a user.
#[get("/admin/users/<id>")]
pub async fn show_user(
    _caller: May<need::ReadEvents>,
    app: &State<App>,
    id: UserIdPath,
) -> Result<Json<User>, ApiError> {
    let id = id.known()?;
    let user = app.store.read(move |connection| directory::user(connection, id)).await?;
    user.map(|user| Json(shown(app, user))).ok_or(ApiError::NotFound)
}

/// A user as clients are told of them: a picture of this server has an address below the path under which it is shown.
fn shown(app: &App, user: User) -> User {
    User { avatar_template: app.site.base.of(&user.avatar_template).into_owned(), ..user }
}

/// Makes or changes a user.
#[put("/admin/users/<id>", data = "<asked>")]
pub async fn put_user(
    caller: May<need::NameUsers>,
    app: &State<App>,
    id: UserIdPath,
    asked: Sent<PutUser>,
) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    app.actions.put_user(&caller.actor, id, asked.read()?.into(), Existence::Any).await?;
    Ok(SUCCESS)
}

/// Makes or changes users, all or none.
#[post("/admin/users/batch", data = "<asked>")]
pub async fn put_users(
    caller: May<need::NameUsers>,
    app: &State<App>,
    asked: SentBatch<PutUsers>,
) -> Result<Json<Success>, ApiError> {
    let (asked, turn) = asked.read(&app.batches).await?;
    let changes = asked.users.into_iter().map(Into::into).collect();
    app.actions.put_users(&caller.actor, changes, turn.deadline).await?;
    Ok(SUCCESS)
}

/// Forgets a user's names.
#[delete("/admin/users/<id>")]
pub async fn delete_user(
    caller: May<need::NameUsers>,
    app: &State<App>,
    id: UserIdPath,
) -> Result<Json<Success>, ApiError> {
    app.actions.delete_user(&caller.actor, id.known()?).await?;
    Ok(SUCCESS)
}

/// Merges one user into another.
#[post("/admin/users/merge", data = "<asked>")]
pub async fn merge(
    caller: May<need::MergeUsers>,
    app: &State<App>,
    asked: Sent<MergeUsers>,
) -> Result<Json<Success>, ApiError> {
    let (from, into) = asked.read()?.pair()?;
    app.actions.merge_users(&caller.actor, from, into).await?;
    Ok(SUCCESS)
}

/// Lists groups with their members.
#[get("/admin/groups")]
pub async fn list_groups(_caller: May<need::ReadEvents>, app: &State<App>) -> Result<Json<Groups>, ApiError> {
    let groups = app.store.read(|connection| directory::groups(connection)).await?;
    Ok(Json(Groups { groups }))
}

/// Shows a group.
#[get("/admin/groups/<id>")]
pub async fn show_group(
    _caller: May<need::ReadEvents>,
    app: &State<App>,
    id: GroupIdPath,
) -> Result<Json<Group>, ApiError> {
    let id = id.known()?;
    let group = app.store.read(move |connection| directory::group(connection, id)).await?;
    group.map(Json).ok_or(ApiError::NotFound)
}

/// Makes or changes a group.
#[put("/admin/groups/<id>", data = "<asked>")]
pub async fn put_group(
    caller: May<need::NameUsers>,
    app: &State<App>,
    id: GroupIdPath,
    asked: Sent<PutGroup>,
) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    app.actions.put_group(&caller.actor, id, asked.read()?.into(), Existence::Any).await?;
    Ok(SUCCESS)
}

/// Removes a group.
#[delete("/admin/groups/<id>")]
pub async fn delete_group(
    caller: May<need::NameUsers>,
    app: &State<App>,
    id: GroupIdPath,
) -> Result<Json<Success>, ApiError> {
    app.actions.delete_group(&caller.actor, id.known()?).await?;
    Ok(SUCCESS)
}
