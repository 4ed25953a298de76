//! `/admin/people/groups/ID`: one group.

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::field::Field;
use super::form::{Fault, Filling, Form, FormRefusal, SentForm};
use super::frame::{Frame, Tab};
use super::{Layout, go, who};
use crate::actions::{Existence, Refusal};
use crate::domain::{Group, GroupId, UserId};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::directory::{self, GroupChange};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::GroupIdPath;
use crate::web::request::Request;
use crate::web::requests::directory::{NewGroupId, PutGroup};
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// How many members the form takes. Through the API, a group may have more.
const MEMBERS_MAX: usize = 5_000;

#[derive(Template)]
#[template(path = "admin/group.html")]
struct GroupPage {
    layout: Layout,
    admin: Frame,
    /// `None` for a new group, whose number is still to be chosen.
    id: Option<i64>,
    title: String,
    number: Field,
    name: Field,
    /// `None` if there are more than the form takes.
    members: Option<Field>,
    /// How many members there are.
    member_count: String,
}

async fn find(app: &App, id: GroupId) -> Result<Group, ErrorPage> {
    let group = app.store.read(move |connection| directory::group(connection, id)).await?;
    Ok(group.ok_or(ApiError::NotFound)?)
}

async fn page(app: &App, admin: Frame, id: Option<GroupId>, filling: Filling<'_>) -> Result<Html, ErrorPage> {
    let group = match id {
        Some(id) => Some(find(app, id).await?),
        None => None,
    };
    let catalog = app.standings.catalog();
    let name = group.as_ref().map(|group| group.name.as_str()).unwrap_or_default();
    let members = group.as_ref().map(|group| group.user_ids.as_slice()).unwrap_or_default();
    let (fault, may_write) = (filling.fault(), admin.may_name_users());
    let template = GroupPage {
        layout: admin.layout(),
        id: id.map(i64::from),
        title: format::plain(name).into_owned(),
        number: Field::number("id", "Group ID").value(filling.value("id", "")).required().fault(fault),
        name: Field::text("name", "Name")
            .value(filling.value("name", name))
            .required()
            .locked_unless(may_write)
            .fault(fault),
        members: (members.len() <= MEMBERS_MAX).then(|| {
            let lines: Vec<String> = members.iter().map(|id| who::written(&catalog, *id)).collect();
            Field::area("user_ids", "Members")
                .value(filling.value("user_ids", lines.join("\n")))
                .hint("One on each line: a username, a full name or a user ID.")
                .rows(12)
                .locked_unless(may_write)
                .fault(fault)
        }),
        member_count: format::count(members.len() as i64, "member", "members"),
        admin,
    };
    Ok(Html::new(&template)?.status(filling.status()).unkept())
}

/// The form for a new group.
#[get("/admin/people/new-group")]
pub async fn new(_browser: Browser, editor: SignedInFor<need::NameUsers>, app: &State<App>) -> Result<Html, ErrorPage> {
    page(app, Frame::new(Tab::People, &editor.0), None, Filling::Stored).await
}

/// Shows a group.
#[get("/admin/people/groups/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedInFor<need::ReadEvents>,
    app: &State<App>,
    id: GroupIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(app, Frame::after(Tab::People, &me.0, parameters.text("done")), Some(id.known()?), Filling::Stored).await
}

/// Reads what a form says of a group: each line of its members names one.
async fn read(app: &App, form: &Form) -> Result<GroupChange, FormRefusal> {
    let mut parameters = form.parameters().clone();
    let lines: Vec<String> =
        form.typed("user_ids").lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.len() > MEMBERS_MAX {
        let sentence =
            format!("At most {} members fit in this form. The API takes more.", format::number(MEMBERS_MAX as i64));
        return Err(Fault::new("user_ids", sentence).into());
    }
    let catalog = app.standings.catalog();
    let found = app.people.meant(lines.clone()).await?;
    let found = lines.iter().zip(found).map(|(line, meant)| who::sentence(&catalog, line, meant));
    let ids = found.collect::<Result<Vec<UserId>, String>>().map_err(|sentence| Fault::new("user_ids", sentence))?;
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    // If a group has more members than the form takes, its form has no such field. The members then stay as they are.
    if parameters.has("user_ids") {
        parameters.set("user_ids", ids.join(","));
    }
    let change = parameters.require(&["name"]).and_then(|()| PutGroup::read(&parameters));
    Ok(change.map_err(|error| FormRefusal::of(error, "name"))?.into())
}

/// Stores a group that is new.
async fn store_new(app: &App, me: &SignedIn, form: &Form) -> Result<GroupId, FormRefusal> {
    let id = form.read::<NewGroupId>().map_err(|error| FormRefusal::of(error, "name"))?.id;
    let change = read(app, form).await?;
    match app.actions.put_group(&me.actor, id, change, Existence::New).await {
        Ok(()) => Ok(id),
        Err(Refusal::NumberTaken) => Err(Fault::new("id", "Another group has this ID.").into()),
        Err(refusal) => Err(ErrorPage::from(refusal).into()),
    }
}

/// Stores what a form changes of a group.
async fn store_change(app: &App, me: &SignedIn, id: GroupId, form: &Form) -> Result<(), FormRefusal> {
    find(app, id).await?;
    let change = read(app, form).await?;
    app.actions
        .put_group(&me.actor, id, change, Existence::Any)
        .await
        .map_err(|refusal| ErrorPage::from(refusal).into())
}

/// Makes a group.
#[post("/admin/people/new-group", data = "<form>")]
pub async fn create(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    match store_new(app, &me, &form).await {
        Ok(id) => Ok(go(&format!("/admin/people/groups/{}", i64::from(id)), "group-saved")),
        Err(refusal) => page(app, Frame::new(Tab::People, &me), None, Filling::Refused(&form, &refusal.fault()?)).await,
    }
}

/// Changes a group.
#[post("/admin/people/groups/<id>", data = "<form>")]
pub async fn update(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    id: GroupIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    let id = id.known()?;
    match store_change(app, &me, id, &form).await {
        Ok(()) => Ok(go(&format!("/admin/people/groups/{}", i64::from(id)), "group-saved")),
        Err(refusal) => {
            page(app, Frame::new(Tab::People, &me), Some(id), Filling::Refused(&form, &refusal.fault()?)).await
        }
    }
}

/// Asks whether a group is to be deleted.
#[get("/admin/people/groups/<id>/delete")]
pub async fn ask_delete(
    _browser: Browser,
    editor: SignedInFor<need::NameSeenUsers>,
    app: &State<App>,
    id: GroupIdPath,
) -> Result<Html, ErrorPage> {
    let group = find(app, id.known()?).await?;
    let here = format!("/admin/people/groups/{}", i64::from(group.id));
    let confirmation = Confirmation {
        question: format!("Delete the group “{}”?", format::plain(&group.name)),
        consequence: "Its members stay users. A leaderboard that ranks this group alone then ranks nobody.",
        facts: vec![("Members", format::number(group.user_ids.len() as i64))],
        hidden: Vec::new(),
        button: "Delete it",
        action: format!("{here}/delete"),
        back: here,
    };
    confirmation.page(Frame::new(Tab::People, &editor.0))
}

/// Deletes a group.
#[post("/admin/people/groups/<id>/delete", data = "<form>")]
pub async fn delete(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    id: GroupIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    app.actions.delete_group(&editor.0.actor, id.known()?).await?;
    Ok(go(Tab::People.path(), "group-deleted"))
}
