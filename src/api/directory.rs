//! `/admin/users` and `/admin/groups`: whom the points belong to.

use rocket::{State, delete, get, post, put};
use serde::Serialize;

use crate::domain::{Group, User, UserId, Username};
use crate::store::directory::{self, GroupChange, Put, UserChange, UserFilter};
use crate::web::App;
use crate::web::caller::{Caller, Editor};
use crate::web::error::ApiError;
use crate::web::parameters::{Parameter, Parameters};
use crate::web::path::{GroupIdPath, UserIdPath};
use crate::web::reply::{Json, Page, SUCCESS, Success, success_if};

/// Users on a page, unless fewer are asked for.
const PAGE_MAX: usize = 100;

/// The longest name or template, in characters.
const TEXT_MAX: usize = 255;
const TEMPLATE_MAX: usize = 2000;

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

/// A name of a person or group: at most 255 characters.
struct Name(String);

impl Parameter for Name {
    fn from_text(text: &str) -> Option<Name> {
        let text = text.trim();
        (text.chars().count() <= TEXT_MAX).then(|| Name(text.to_owned()))
    }
}

/// Where pictures are: a path of this server or a web address, or nothing for the server's own pictures.
struct AvatarTemplate(String);

impl Parameter for AvatarTemplate {
    fn from_text(text: &str) -> Option<AvatarTemplate> {
        let text = text.trim();
        let known = text.is_empty() || ["/", "https://", "http://"].iter().any(|start| text.starts_with(start));
        let fits = text.chars().count() <= TEMPLATE_MAX && !text.chars().any(char::is_control);
        (known && fits).then(|| AvatarTemplate(text.to_owned()))
    }
}

impl Parameter for Username {
    fn from_text(text: &str) -> Option<Username> {
        text.parse().ok()
    }
}

/// Lists users.
#[get("/admin/users", data = "<parameters>")]
pub async fn list_users(_caller: Caller, app: &State<App>, parameters: Parameters) -> Result<Page<Users>, ApiError> {
    let filter = user_filter(&parameters)?;
    let limit = filter.limit;
    let link = filter.text.as_ref().map(|text| {
        format!("filter={}&", percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC))
    });
    let (users, more) = app.store.read(move |connection| directory::list_users(connection, &filter)).await?;
    let last = users.last().map(|user| user.id).filter(|_| more);
    let next = last.map(|last| format!("/admin/users?{}limit={limit}&after={last}", link.unwrap_or_default()));
    Ok(Page { body: Users { users }, next })
}

/// Shows a user.
#[get("/admin/users/<id>")]
pub async fn show_user(_caller: Caller, app: &State<App>, id: UserIdPath) -> Result<Json<User>, ApiError> {
    let id = id.known()?;
    let user = app.store.read(move |connection| directory::user(connection, id)).await?;
    user.map(Json).ok_or(ApiError::NotFound)
}

/// Makes or changes a user.
#[put("/admin/users/<id>", data = "<parameters>")]
pub async fn put_user(
    _editor: Editor,
    app: &State<App>,
    id: UserIdPath,
    parameters: Parameters,
) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    let change = user_change(&parameters)?;
    let put = app.store.write(move |write| directory::put_user(write, id, change)).await?;
    finish(app, put, "username").await
}

/// Forgets a user's names.
#[delete("/admin/users/<id>")]
pub async fn delete_user(_editor: Editor, app: &State<App>, id: UserIdPath) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    let found = app.store.write(move |write| directory::delete_user(write, id)).await?;
    app.standings.refresh().await;
    success_if(found)
}

/// Makes one user of two.
#[post("/admin/users/merge", data = "<parameters>")]
pub async fn merge(_editor: Editor, app: &State<App>, parameters: Parameters) -> Result<Json<Success>, ApiError> {
    let (from, into) = pair(&parameters)?;
    let found = app.store.write(move |write| directory::merge(write, from, into)).await?;
    app.standings.refresh().await;
    success_if(found)
}

/// Lists groups with their members.
#[get("/admin/groups")]
pub async fn list_groups(_caller: Caller, app: &State<App>) -> Result<Json<Groups>, ApiError> {
    let groups = app.store.read(directory::groups).await?;
    Ok(Json(Groups { groups }))
}

/// Shows a group.
#[get("/admin/groups/<id>")]
pub async fn show_group(_caller: Caller, app: &State<App>, id: GroupIdPath) -> Result<Json<Group>, ApiError> {
    let id = id.known()?;
    let groups = app.store.read(directory::groups).await?;
    groups.into_iter().find(|group| group.id == id).map(Json).ok_or(ApiError::NotFound)
}

/// Makes or changes a group.
#[put("/admin/groups/<id>", data = "<parameters>")]
pub async fn put_group(
    _editor: Editor,
    app: &State<App>,
    id: GroupIdPath,
    parameters: Parameters,
) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    let change = group_change(&parameters)?;
    let put = app.store.write(move |write| directory::put_group(write, id, change)).await?;
    finish(app, put, "name").await
}

/// Removes a group.
#[delete("/admin/groups/<id>")]
pub async fn delete_group(_editor: Editor, app: &State<App>, id: GroupIdPath) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    let found = app.store.write(move |write| directory::delete_group(write, id)).await?;
    app.standings.refresh().await;
    success_if(found)
}

/// Reads which users are to be listed.
pub(crate) fn user_filter(parameters: &Parameters) -> Result<UserFilter, ApiError> {
    let text: Option<Name> = parameters.optional("filter")?;
    let limit = parameters.within("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let after = parameters.within("after", 0..=usize::MAX)?.unwrap_or(0) as i64;
    Ok(UserFilter { text: text.map(|Name(text)| text).filter(|text| !text.is_empty()), after, limit })
}

/// Reads the change of a user.
pub(crate) fn user_change(parameters: &Parameters) -> Result<UserChange, ApiError> {
    if parameters.has("username") {
        parameters.require(&["username"])?;
    }
    Ok(UserChange {
        username: parameters.optional("username")?,
        name: parameters.optional("name")?.map(|Name(name)| name),
        avatar_template: parameters.optional("avatar_template")?.map(|AvatarTemplate(template)| template),
        suspended: parameters.optional("suspended")?,
    })
}

/// Reads the change of a group.
pub(crate) fn group_change(parameters: &Parameters) -> Result<GroupChange, ApiError> {
    if parameters.has("name") {
        parameters.require(&["name"])?;
    }
    let name: Option<Name> = parameters.optional("name")?;
    Ok(GroupChange {
        name: name.map(|Name(name)| name),
        user_ids: if parameters.has("user_ids") { Some(parameters.list("user_ids")?) } else { None },
    })
}

/// Reads which user is merged into which.
pub(crate) fn pair(parameters: &Parameters) -> Result<(UserId, UserId), ApiError> {
    parameters.require(&["from_id", "into_id"])?;
    let (from, into) = (parameters.required("from_id")?, parameters.required("into_id")?);
    if from == into { Err(ApiError::SameUser) } else { Ok((from, into)) }
}

async fn finish(app: &App, put: Put, name: &'static str) -> Result<Json<Success>, ApiError> {
    done(app, put, name).await.map(|()| SUCCESS)
}

/// Waits until a change shows, or says why it was refused; `name` is the parameter that may lack.
pub(crate) async fn done(app: &App, put: Put, name: &'static str) -> Result<(), ApiError> {
    match put {
        Put::Done => {
            app.standings.refresh().await;
            Ok(())
        }
        Put::NameMissing => Err(ApiError::Missing(name)),
        Put::NameTaken => Err(ApiError::NameTaken),
    }
}
