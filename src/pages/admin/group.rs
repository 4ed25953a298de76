//! `/admin/people/groups/ID`: one group.

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirm;
use super::field::Field;
use super::form::{Fault, Form, SentForm};
use super::{Frame, Layout, Tab, go, who};
use crate::actions::{Existence, Refusal};
use crate::domain::{Group, GroupId};
use crate::pages::browser::Browser;
use crate::pages::format;
use crate::pages::html::{ErrorPage, Html};
use crate::store::directory::{self, GroupChange};
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::GroupIdPath;
use crate::web::request::Request;
use crate::web::requests::directory::{NewGroupId, PutGroup};
use crate::web::session::{SignedIn, SignedInEditor};

#[derive(Template)]
#[template(path = "admin/group.html")]
struct GroupPage {
    layout: Layout,
    admin: Frame,
    /// `None`: a new one, whose number is still to be said.
    id: Option<i64>,
    title: String,
    number: Field,
    name: Field,
    members: Field,
}

async fn find(app: &App, id: GroupId) -> Result<Group, ErrorPage> {
    let groups = app.store.read(directory::groups).await?;
    Ok(groups.into_iter().find(|group| group.id == id).ok_or(ApiError::NotFound)?)
}

async fn page(
    app: &App,
    admin: Frame,
    id: Option<GroupId>,
    refused: Option<(&Form, &Fault)>,
) -> Result<Html, ErrorPage> {
    let group = match id {
        Some(id) => Some(find(app, id).await?),
        None => None,
    };
    let catalog = app.standings.catalog();
    let fault = refused.map(|(_, fault)| fault);
    let typed = |name: &str, stored: Option<String>| match refused {
        Some((form, _)) => form.typed(name).to_owned(),
        None => stored.unwrap_or_default(),
    };
    let members = group.as_ref().map(|group| {
        let lines: Vec<String> = group.user_ids.iter().map(|id| who::written(&catalog, *id)).collect();
        lines.join("\n")
    });
    let may_write = admin.may_write();
    let template = GroupPage {
        layout: admin.layout(),
        id: id.map(i64::from),
        title: group.as_ref().map(|group| format::plain(&group.name).into_owned()).unwrap_or_default(),
        number: Field::number("id", "Number").value(typed("id", None)).required().fault(fault),
        name: Field::text("name", "Name")
            .value(typed("name", group.as_ref().map(|group| group.name.clone())))
            .required()
            .locked_unless(may_write)
            .fault(fault),
        members: Field::area("user_ids", "Members")
            .value(typed("user_ids", members))
            .hint("One on each line, by username or number.")
            .rows(12)
            .locked_unless(may_write)
            .fault(fault),
        admin,
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault)).unkept())
}

/// The form for a new group.
#[get("/admin/people/new-group")]
pub async fn new(_browser: Browser, editor: SignedInEditor, app: &State<App>) -> Result<Html, ErrorPage> {
    page(app, Frame::new(Tab::People, &editor.0), None, None).await
}

/// Shows a group.
#[get("/admin/people/groups/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedIn,
    app: &State<App>,
    id: GroupIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(app, Frame::after(Tab::People, &me, parameters.text("done")), Some(id.known()?), None).await
}

/// Reads what a form says of a group: each line of its members names one.
async fn read(app: &App, form: &Form) -> Result<Result<GroupChange, Fault>, ErrorPage> {
    let mut parameters = form.parameters().clone();
    let lines: Vec<String> =
        form.typed("user_ids").lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let found = who::user_ids(app, lines.clone()).await?;
    if let Some((line, _)) = lines.iter().zip(&found).find(|(_, found)| found.is_none()) {
        let sentence = format!("Nobody is called “{}”.", format::cut(&format::plain(line), 60));
        return Ok(Err(Fault::new("user_ids", sentence)));
    }
    let ids: Vec<String> = found.into_iter().flatten().map(|id| id.to_string()).collect();
    parameters.set("user_ids", ids.join(","));
    let change = parameters.require(&["name"]).and_then(|()| PutGroup::read(&parameters)).map(GroupChange::from);
    match change {
        Ok(change) => Ok(Ok(change)),
        Err(error) => Fault::of(error, "name").map(Err),
    }
}

/// Makes a group.
#[post("/admin/people/new-group", data = "<form>")]
pub async fn create(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    let id = match form.read::<NewGroupId>() {
        Ok(new) => new.id,
        Err(error) => return refused(app, &editor.0, None, &form, &Fault::of(error, "name")?).await,
    };
    let change = match read(app, &form).await? {
        Ok(change) => change,
        Err(fault) => return refused(app, &editor.0, None, &form, &fault).await,
    };
    match app.actions.put_group(&editor.0.actor, id, change, Existence::New).await {
        Ok(()) => Ok(go(&format!("/admin/people/groups/{}", i64::from(id)), "group-saved")),
        Err(Refusal::NumberTaken) => {
            let fault = Fault::new("id", "Another group has this number.");
            refused(app, &editor.0, None, &form, &fault).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The form as it was sent, with what is wrong in it.
async fn refused(app: &App, me: &SignedIn, id: Option<GroupId>, form: &Form, fault: &Fault) -> Result<Html, ErrorPage> {
    page(app, Frame::new(Tab::People, me), id, Some((form, fault))).await
}

/// Changes a group.
#[post("/admin/people/groups/<id>", data = "<form>")]
pub async fn update(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    id: GroupIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    let id = id.known()?;
    find(app, id).await?;
    match read(app, &form).await? {
        Ok(change) => {
            app.actions.put_group(&editor.0.actor, id, change, Existence::Any).await?;
            Ok(go(&format!("/admin/people/groups/{}", i64::from(id)), "group-saved"))
        }
        Err(fault) => refused(app, &editor.0, Some(id), &form, &fault).await,
    }
}

/// Asks whether a group is to be deleted.
#[get("/admin/people/groups/<id>/delete")]
pub async fn ask_delete(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    id: GroupIdPath,
) -> Result<Html, ErrorPage> {
    const CONSEQUENCE: &str = "Its members stay users. A leaderboard that ranks this group alone then ranks nobody.";
    let group = find(app, id.known()?).await?;
    let here = format!("/admin/people/groups/{}", i64::from(group.id));
    let question = format!("Delete the group “{}”?", format::plain(&group.name));
    let frame = Frame::new(Tab::People, &editor.0);
    Confirm::new(frame, question, CONSEQUENCE, "Delete it", format!("{here}/delete"), here)
        .fact("Members", format::number(group.user_ids.len() as i64))
        .page()
}

/// Deletes a group.
#[post("/admin/people/groups/<id>/delete", data = "<form>")]
pub async fn delete(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    id: GroupIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    app.actions.delete_group(&editor.0.actor, id.known()?).await?;
    Ok(go(Tab::People.path(), "group-deleted"))
}
