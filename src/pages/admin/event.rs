//! `/admin/events/ID`: one event, what was done to it, and changing it.

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::field::Field;
use super::form::{Filling, Form, FormRefusal, SentForm};
use super::frame::{Frame, Tab};
use super::{Layout, command, go};
use crate::domain::{Correction, Deletion, EventId, Revision, RevisionAction, ScoreEvent};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::store::revisions::{self, HistoryFilter, HistoryPage};
use crate::store::{Order, score_events};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::EventIdPath;
use crate::web::requests::events::ChangedEvent;
use crate::web::signed_in_for::SignedInFor;

/// How many steps of the history a page has.
const STEPS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "admin/event.html")]
struct EventPage {
    layout: Layout,
    admin: Frame,
    id: EventId,
    /// The event as it is now, or `None` if it is deleted.
    now: Option<CurrentEvent>,
    revisions: Vec<HistoryRow>,
    /// The number of the step after which older ones follow, if there are older ones.
    older: Option<i64>,
    points: Field,
    description: Field,
}

/// The event as it is.
struct CurrentEvent {
    person: Person,
    date: String,
    points: String,
    negative: bool,
    description: String,
    /// How to make the same event again.
    curl: String,
    /// Whether the key may do that.
    may_repeat: bool,
}

/// A step of its history.
struct HistoryRow {
    at: String,
    by: String,
    action: &'static str,
    points: String,
    description: String,
}

impl HistoryRow {
    fn new(revision: &Revision) -> HistoryRow {
        HistoryRow {
            at: format::moment(revision.at),
            by: format::plain(&revision.by).into_owned(),
            action: match revision.action {
                RevisionAction::Create => "created",
                RevisionAction::Update => "changed",
                RevisionAction::Delete => "deleted",
            },
            points: format::signed(revision.points.into()),
            description: text(revision.description.as_ref()),
        }
    }
}

fn text(description: Option<&crate::domain::Description>) -> String {
    description.map(|description| format::plain(description.as_str()).into_owned()).unwrap_or_default()
}

/// An event and its history, both read at the same moment. The history is latest first, and begins before the step
/// `after`.
async fn read(app: &App, id: EventId, after: Option<i64>) -> Result<(Option<ScoreEvent>, HistoryPage), ErrorPage> {
    let filter = HistoryFilter { order: Order::Descending, after, limit: STEPS_MAX };
    let read = app.store.read(move |connection| {
        let snapshot = connection.unchecked_transaction()?;
        Ok((score_events::get(&snapshot, id)?, revisions::history(&snapshot, id, &filter)?))
    });
    let (event, history) = read.await?;
    Ok((event, history.ok_or(ApiError::NotFound)?))
}

async fn page(
    app: &App,
    admin: Frame,
    address: &Address,
    id: EventId,
    after: Option<i64>,
    filling: Filling<'_>,
) -> Result<Html, ErrorPage> {
    let (event, history) = read(app, id, after).await?;
    let catalog = app.standings.catalog();
    let username = admin.me.actor.username.as_str().to_owned();
    let now = event.as_ref().map(|event| CurrentEvent {
        person: Person::in_full(&catalog, event.user_id),
        date: format::date(event.date),
        points: format::signed(event.points.into()),
        negative: i64::from(event.points) < 0,
        description: text(event.description.as_ref()),
        curl: command::award(address, &username, event),
        may_repeat: if i64::from(event.points) < 0 { admin.may_deduct() } else { admin.may_award() },
    });
    let points = event.as_ref().map(|event| i64::from(event.points).to_string()).unwrap_or_default();
    let stored = event.as_ref().and_then(|event| event.description.as_ref());
    let description = stored.map(|description| description.as_str().to_owned()).unwrap_or_default();
    let fault = filling.fault();
    let template = EventPage {
        layout: admin.layout(),
        id,
        now,
        revisions: history.revisions.iter().map(HistoryRow::new).collect(),
        older: history.next,
        points: Field::number("points", "Points").value(filling.value("points", points)).required().fault(fault),
        description: Field::area("description", "Description")
            .value(filling.value("description", description))
            .fault(fault),
        admin,
    };
    Ok(Html::new(&template)?.status(filling.status()).unkept())
}

/// Shows an event.
#[get("/admin/events/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedInFor<need::ReadEvents>,
    address: Address,
    app: &State<App>,
    id: EventIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let frame = Frame::after(Tab::Events, &me.0, parameters.text("done"));
    let after = parameters.text("after").and_then(|after| after.parse().ok());
    page(app, frame, &address, id.known()?, after, Filling::Stored).await
}

/// Reads how a form corrects an event.
async fn read_correction(app: &App, id: EventId, form: &mut Form) -> Result<Correction, FormRefusal> {
    form.set("id", id.to_string());
    form.unify_lines("description");
    let changed: ChangedEvent = form.read().map_err(|error| FormRefusal::of(error, ""))?;
    let mut correction = Correction::from(changed);
    // If the event has no description and the field is left blank, that is no change.
    if correction.description.as_ref().is_some_and(|description| description.as_str().is_empty()) {
        let event = app.store.read(move |connection| score_events::get(connection, id)).await?;
        if event.is_some_and(|event| event.description.is_none()) {
            correction.description = None;
        }
    }
    Ok(correction)
}

/// Corrects an event.
#[post("/admin/events/<id>", data = "<form>")]
pub async fn correct(
    _browser: Browser,
    editor: SignedInFor<need::CorrectEvents>,
    address: Address,
    app: &State<App>,
    id: EventIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    let id = id.known()?;
    let correction = match read_correction(app, id, &mut form).await {
        Ok(correction) => correction,
        Err(refusal) => {
            let filling = Filling::Refused(&form, &refusal.fault()?);
            return page(app, Frame::new(Tab::Events, &me), &address, id, None, filling).await;
        }
    };
    app.actions.correct(&me.actor, correction).await?;
    Ok(go(&format!("/admin/events/{id}"), "corrected"))
}

/// Asks whether an event is to be deleted.
#[get("/admin/events/<id>/delete")]
pub async fn ask_delete(
    _browser: Browser,
    editor: SignedInFor<need::CorrectSeenEvents>,
    app: &State<App>,
    id: EventIdPath,
) -> Result<Html, ErrorPage> {
    let id = id.known()?;
    let event = app.store.read(move |connection| score_events::get(connection, id)).await?;
    let event = event.ok_or(ApiError::NotFound)?;
    let here = format!("/admin/events/{id}");
    let person = Person::in_full(&app.standings.catalog(), event.user_id);
    let confirmation = Confirmation {
        question: format!("Delete event #{id}?"),
        consequence: "It no longer counts and is no longer listed. Its history stays.",
        facts: vec![
            ("User", format!("{} (user ID {})", person.username, person.id)),
            ("Points", format::signed(event.points.into())),
            ("Date", format::date(event.date)),
            ("Description", format::cut(&text(event.description.as_ref()), 300)),
        ],
        hidden: Vec::new(),
        button: "Delete it",
        action: format!("{here}/delete"),
        back: here,
    };
    confirmation.page(Frame::new(Tab::Events, &editor.0))
}

/// Deletes an event.
#[post("/admin/events/<id>/delete", data = "<form>")]
pub async fn delete(
    _browser: Browser,
    editor: SignedInFor<need::CorrectEvents>,
    app: &State<App>,
    id: EventIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    let id = id.known()?;
    app.actions.delete_event(&editor.0.actor, Deletion { id, minimum_score: None }).await?;
    Ok(go(&format!("/admin/events/{id}"), "event-deleted"))
}
