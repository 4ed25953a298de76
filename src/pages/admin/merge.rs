//! `/admin/people/users/ID/merge`: merges one user into another, after a question.

use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::form::{Fault, FormRefusal, SentForm};
use super::frame::{Frame, Tab};
use super::{go, user, who};
use crate::actions::Refusal;
use crate::domain::{EventDate, UserId};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::store::scores;
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::UserIdPath;
use crate::web::request::Request;
use crate::web::requests::directory::MergeUsers;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// Which user is merged into which. The second one may be named by username.
async fn pair(app: &App, from: UserId, parameters: &Parameters) -> Result<(UserId, UserId), FormRefusal> {
    let mut parameters = parameters.without_blanks();
    parameters.set("from_id", from.to_string());
    who::fill_in(app, &mut parameters, "into_id").await?;
    let pair = MergeUsers::read(&parameters).and_then(|asked| asked.pair());
    pair.map_err(|error| FormRefusal::of(error, "into_id"))
}

/// What was typed for the user who stays.
fn typed(parameters: &Parameters) -> &str {
    parameters.text("into_id").unwrap_or_default()
}

/// Merges one user into the one that a form names.
async fn merged(app: &App, me: &SignedIn, from: UserId, parameters: &Parameters) -> Result<UserId, FormRefusal> {
    const NOTHING: &str = "There is nothing to move: this user has no name, no points and no groups.";
    let (from, into) = pair(app, from, parameters).await?;
    match app.actions.merge_users(&me.actor, from, into).await {
        Ok(()) => Ok(into),
        Err(refusal @ Refusal::Unknown) => {
            let status = ApiError::from(refusal).status();
            Err(Fault { field: "into_id", sentence: NOTHING.to_owned(), status }.into())
        }
        Err(refusal) => Err(FormRefusal::of(refusal, "into_id")),
    }
}

/// Asks whether one user is to be merged into another.
#[get("/admin/people/users/<id>/merge", data = "<parameters>")]
pub async fn ask(
    _browser: Browser,
    editor: SignedInFor<need::MergeSeenUsers>,
    app: &State<App>,
    id: UserIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    const CONSEQUENCE: &str =
        "All events, points and groups move, and the first one’s name and picture are removed. This can’t be undone.";
    let from = id.known()?;
    let admin = Frame::new(Tab::People, &editor.0);
    let into = match pair(app, from, &parameters).await {
        Ok((_, into)) => into,
        Err(refusal) => return user::refused_merge(app, admin, from, typed(&parameters), &refusal.fault()?).await,
    };
    let today = app.clock.today();
    let totals = app.store.read(move |connection| {
        let days = EventDate::MIN..=today;
        Ok([scores::total(connection, from, &days)?, scores::total(connection, into, &days)?])
    });
    let [from_score, into_score] = totals.await?;
    let catalog = app.standings.catalog();
    let (one, other) = (Person::in_full(&catalog, from), Person::in_full(&catalog, into));
    let line =
        |person: &Person, score| format!("{} (user ID {}), {}", person.username, person.id, format::points(score));
    let here = format!("/admin/people/users/{from}");
    let confirmation = Confirmation {
        question: format!("Merge {} into {}?", one.username, other.username),
        consequence: CONSEQUENCE,
        facts: vec![
            ("Goes", line(&one, from_score)),
            ("Stays", line(&other, into_score)),
            ("Afterwards", format::points(from_score.saturating_add(into_score))),
        ],
        hidden: vec![("into_id", into.to_string())],
        button: "Merge them",
        action: format!("{here}/merge"),
        back: here,
    };
    confirmation.page(admin)
}

/// Merges one user into another.
#[post("/admin/people/users/<id>/merge", data = "<form>")]
pub async fn merge(
    _browser: Browser,
    editor: SignedInFor<need::MergeUsers>,
    app: &State<App>,
    id: UserIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    let from = id.known()?;
    let into = match merged(app, &editor.0, from, form.parameters()).await {
        Ok(into) => into,
        Err(refusal) => {
            let admin = Frame::new(Tab::People, &editor.0);
            return user::refused_merge(app, admin, from, typed(form.parameters()), &refusal.fault()?).await;
        }
    };
    Ok(go(&format!("/admin/people/users/{into}"), "merged"))
}
