//! `/admin/people/users/ID`: one user of the directory.

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::field::Field;
use super::form::{Fault, Filling, Form, FormRefusal, SentForm};
use super::frame::{Frame, Tab};
use super::{Layout, go, who};
use crate::actions::{Existence, Refusal};
use crate::domain::{EventDate, User, UserId, drawn_avatar};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::store::{directory, scores};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::UserIdPath;
use crate::web::requests::directory::{NewUserId, PutUser};
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage {
    layout: Layout,
    admin: Frame,
    /// `None` for a new user, whose ID is still to be chosen.
    person: Option<Person>,
    known: bool,
    /// Whether the directory has forgotten the user, who is still suspended.
    forgotten_as_suspended: bool,
    /// Whether the user is on no leaderboard.
    suspended_now: bool,
    score: String,
    id: Field,
    username: Field,
    name: Field,
    avatar: Field,
    suspended: bool,
    into: Field,
}

async fn page(app: &App, admin: Frame, id: Option<UserId>, filling: Filling<'_>) -> Result<Html, ErrorPage> {
    page_with_merge(app, admin, id, filling, None).await
}

/// The page of a user, with what was typed into the form for a merge and why that is refused.
pub async fn refused_merge(app: &App, admin: Frame, id: UserId, typed: &str, fault: &Fault) -> Result<Html, ErrorPage> {
    page_with_merge(app, admin, Some(id), Filling::Stored, Some((typed, fault))).await
}

async fn page_with_merge(
    app: &App,
    admin: Frame,
    id: Option<UserId>,
    filling: Filling<'_>,
    merge: Option<(&str, &Fault)>,
) -> Result<Html, ErrorPage> {
    let today = app.clock.today();
    let (user, forgotten_as_suspended, score): (Option<User>, bool, i64) = match id {
        Some(id) => {
            let read = app.store.read(move |connection| {
                Ok((
                    directory::user(connection, id)?,
                    directory::forgotten_as_suspended(connection, id)?,
                    scores::total(connection, id, &(EventDate::MIN..=today))?,
                ))
            });
            read.await?
        }
        None => (None, false, 0),
    };
    let fault = filling.fault();
    let typed = |name: &str, stored: Option<&str>| filling.value(name, stored.unwrap_or_default());
    let stored = user.as_ref();
    let own_avatar =
        stored.map(|user| &user.avatar_template).filter(|own| id.is_none_or(|id| **own != drawn_avatar(id)));
    let may_write = admin.may_name_users();
    let username = Field::text("username", "Username")
        .value(typed("username", stored.map(|user| user.username.as_str())))
        .locked_unless(may_write)
        .fault(fault);
    let template = UserPage {
        layout: admin.layout(),
        person: id.map(|id| Person::in_full(&app.standings.catalog(), id)),
        known: stored.is_some(),
        forgotten_as_suspended,
        suspended_now: stored.map_or(forgotten_as_suspended, |user| user.suspended),
        score: format::points(score),
        id: Field::number("id", "User ID")
            .value(typed("id", None))
            .required()
            .hint("The ID that events name the user by.")
            .fault(fault),
        username: if forgotten_as_suspended { username } else { username.required() },
        name: Field::text("name", "Full name")
            .value(typed("name", stored.and_then(|user| user.name.as_deref())))
            .locked_unless(may_write)
            .fault(fault),
        avatar: Field::text("avatar_template", "Picture")
            .value(typed("avatar_template", own_avatar.map(String::as_str)))
            .placeholder("https://…/{size}.png")
            .hint("An address in which {size} stands for the width. Without one, the server draws a letter.")
            .locked_unless(may_write)
            .fault(fault),
        suspended: filling.flag("suspended", stored.map_or(forgotten_as_suspended, |user| user.suspended)),
        into: Field::text("into_id", "Merge into")
            .value(merge.map_or("", |(typed, _)| typed))
            .required()
            .hint(who::HINT)
            .fault(merge.map(|(_, fault)| fault)),
        admin,
    };
    let status = merge.map_or(filling.status(), |(_, fault)| fault.status);
    Ok(Html::new(&template)?.status(status).unkept())
}

/// The form for someone new.
#[get("/admin/people/new-user")]
pub async fn new(_browser: Browser, editor: SignedInFor<need::NameUsers>, app: &State<App>) -> Result<Html, ErrorPage> {
    page(app, Frame::new(Tab::People, &editor.0), None, Filling::Stored).await
}

/// Shows a user, even one whom the directory does not know.
#[get("/admin/people/users/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedInFor<need::ReadEvents>,
    app: &State<App>,
    id: UserIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(app, Frame::after(Tab::People, &me.0, parameters.text("done")), Some(id.known()?), Filling::Stored).await
}

/// Stores what a form says of a user.
async fn save(app: &App, me: &SignedIn, form: &mut Form, id: UserId, existence: Existence) -> Result<(), FormRefusal> {
    // In the form for a new user, an empty box says nothing: a forgotten user who is suspended stays suspended.
    if existence == Existence::Any && form.filled("suspended").is_none() {
        form.set("suspended", "false");
    }
    // Blank boxes say nothing of somebody forgotten, who may be released without a name.
    let is_nameless = form.filled("username").is_none()
        && app.store.read(move |connection| directory::forgotten_as_suspended(connection, id)).await?;
    let change = if is_nameless { form.read_filled::<PutUser>() } else { form.read::<PutUser>() };
    let change = change.map_err(|error| FormRefusal::of(error, "username"))?;
    match app.actions.put_user(&me.actor, id, change.into(), existence).await {
        Ok(()) => Ok(()),
        Err(Refusal::NumberTaken) => Err(Fault::new("id", "Another user has this ID.").into()),
        Err(refusal) => Err(FormRefusal::of(refusal, "username")),
    }
}

/// Stores a user who is new, under the number that the form says.
async fn save_new(app: &App, me: &SignedIn, form: &mut Form) -> Result<UserId, FormRefusal> {
    let id = form.read::<NewUserId>().map_err(|error| FormRefusal::of(error, "username"))?.id;
    save(app, me, form, id, Existence::New).await?;
    Ok(id)
}

/// Makes a user.
#[post("/admin/people/new-user", data = "<form>")]
pub async fn create(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    match save_new(app, &me, &mut form).await {
        Ok(id) => Ok(go(&format!("/admin/people/users/{id}"), "user-saved")),
        Err(refusal) => page(app, Frame::new(Tab::People, &me), None, Filling::Refused(&form, &refusal.fault()?)).await,
    }
}

/// Changes a user.
#[post("/admin/people/users/<id>", data = "<form>")]
pub async fn update(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    id: UserIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    let id = id.known()?;
    match save(app, &me, &mut form, id, Existence::Any).await {
        Ok(()) => Ok(go(&format!("/admin/people/users/{id}"), "user-saved")),
        Err(refusal) => {
            page(app, Frame::new(Tab::People, &me), Some(id), Filling::Refused(&form, &refusal.fault()?)).await
        }
    }
}

/// Asks whether a user's name and picture are to be removed.
#[get("/admin/people/users/<id>/delete")]
pub async fn ask_delete(
    _browser: Browser,
    editor: SignedInFor<need::NameSeenUsers>,
    app: &State<App>,
    id: UserIdPath,
) -> Result<Html, ErrorPage> {
    const CONSEQUENCE: &str = "Username, full name and picture are removed. Points and groups stay, and whoever is suspended stays suspended.";
    let id = id.known()?;
    let user = app.store.read(move |connection| directory::user(connection, id)).await?.ok_or(ApiError::NotFound)?;
    let here = format!("/admin/people/users/{id}");
    let confirmation = Confirmation {
        question: format!("Remove the name and picture of {}?", format::plain(user.username.as_str())),
        consequence: CONSEQUENCE,
        facts: vec![("User ID", id.to_string())],
        hidden: Vec::new(),
        button: "Remove them",
        action: format!("{here}/delete"),
        back: here,
    };
    confirmation.page(Frame::new(Tab::People, &editor.0))
}

/// Forgets a user's names.
#[post("/admin/people/users/<id>/delete", data = "<form>")]
pub async fn delete(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    id: UserIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    app.actions.delete_user(&editor.0.actor, id.known()?).await?;
    Ok(go(Tab::People.path(), "user-deleted"))
}
