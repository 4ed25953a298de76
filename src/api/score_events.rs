//! `/admin/plugins/gamification/score_events`: the events.

use rocket::{State, delete, get, post, put};
use serde::Serialize;

use crate::domain::{Award, Correction, EventId, Revision, ScoreEvent};
use crate::store::Order;
use crate::store::event_list::{self, EventFilter};
use crate::store::idempotency::{Once, once};
use crate::store::score_events::{self, Awarded};
use crate::web::App;
use crate::web::caller::{Caller, Editor};
use crate::web::error::ApiError;
use crate::web::idempotency::IdempotencyKey;
use crate::web::parameters::{Parameter, Parameters};
use crate::web::path::EventIdPath;
use crate::web::reply::{Json, Page, Replay, Success, success_if};

/// The path of all events.
pub const BASE: &str = "/admin/plugins/gamification/score_events";

/// Events on a page, unless fewer are asked for.
const PAGE_MAX: usize = 100;

/// `{"events":[…]}`
#[derive(Debug, Serialize)]
pub struct Events {
    events: Vec<ScoreEvent>,
}

/// `{"revisions":[…]}`
#[derive(Debug, Serialize)]
pub struct Revisions {
    revisions: Vec<Revision>,
}

/// Lists events.
#[get("/admin/plugins/gamification/score_events", data = "<parameters>")]
pub async fn list(_caller: Caller, app: &State<App>, parameters: Parameters) -> Result<Page<Events>, ApiError> {
    let filter = filter(&parameters)?;
    let wanted = filter.clone();
    let page = app.store.read(move |connection| event_list::list(connection, &wanted)).await?;
    let last = page.events.last().map(|event| event.id);
    let next = last.filter(|_| page.more).map(|last| link(&filter, last));
    Ok(Page { body: Events { events: page.events }, next })
}

/// Stores an event.
#[post("/admin/plugins/gamification/score_events", data = "<parameters>")]
pub async fn create(
    editor: Editor,
    app: &State<App>,
    key: IdempotencyKey,
    parameters: Parameters,
) -> Result<Replay<Result<Json<ScoreEvent>, ApiError>>, ApiError> {
    let award = award(&parameters)?;
    let by = editor.0.username;
    let idempotency = key.stands_for(&by, BASE, &award)?;
    let outcome: Once<Awarded> = app
        .store
        .write(move |write| once(write, idempotency.as_ref(), || score_events::award(write, &award, &by)))
        .await?;
    let reply = |awarded| match awarded {
        Awarded::Stored(event) => Ok(Json(event)),
        Awarded::InsufficientPoints { score } => Err(ApiError::InsufficientPoints { score }),
    };
    Replay::of(outcome, reply).ok_or(ApiError::IdempotencyKeyReused)
}

/// Corrects an event.
#[put("/admin/plugins/gamification/score_events", data = "<parameters>")]
pub async fn update(editor: Editor, app: &State<App>, parameters: Parameters) -> Result<Json<Success>, ApiError> {
    let correction = correction(&parameters)?;
    let by = editor.0.username;
    let found = app.store.write(move |write| score_events::correct(write, &correction, &by)).await?;
    success_if(found)
}

/// Shows an event.
#[get("/admin/plugins/gamification/score_events/<id>")]
pub async fn show(_caller: Caller, app: &State<App>, id: EventIdPath) -> Result<Json<ScoreEvent>, ApiError> {
    let id = id.known()?;
    let event = app.store.read(move |connection| score_events::get(connection, id)).await?;
    event.map(Json).ok_or(ApiError::NotFound)
}

/// Takes an event back.
#[delete("/admin/plugins/gamification/score_events/<id>")]
pub async fn delete(editor: Editor, app: &State<App>, id: EventIdPath) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    let by = editor.0.username;
    let found = app.store.write(move |write| score_events::delete(write, id, &by)).await?;
    success_if(found)
}

/// Shows what was done to an event.
#[get("/admin/plugins/gamification/score_events/<id>/history")]
pub async fn history(_caller: Caller, app: &State<App>, id: EventIdPath) -> Result<Json<Revisions>, ApiError> {
    let id = id.known()?;
    let revisions = app.store.read(move |connection| score_events::history(connection, id)).await?;
    if revisions.is_empty() { Err(ApiError::NotFound) } else { Ok(Json(Revisions { revisions })) }
}

/// Reads an event that is to be stored.
pub(crate) fn award(parameters: &Parameters) -> Result<Award, ApiError> {
    parameters.require(&["user_id", "date", "points"])?;
    Ok(Award {
        user_id: parameters.required("user_id")?,
        date: parameters.required("date")?,
        points: parameters.required("points")?,
        description: parameters.optional("description")?,
        minimum_score: parameters.optional("minimum_score")?,
    })
}

/// Reads the change of an event.
pub(crate) fn correction(parameters: &Parameters) -> Result<Correction, ApiError> {
    parameters.require(&["id", "points"])?;
    Ok(Correction {
        id: parameters.required("id")?,
        points: parameters.required("points")?,
        description: parameters.optional("description")?,
    })
}

fn filter(parameters: &Parameters) -> Result<EventFilter, ApiError> {
    let after = parameters.within("after", 0..=usize::MAX)?;
    Ok(EventFilter {
        id: parameters.optional("id")?,
        user_id: parameters.optional("user_id")?,
        date: parameters.optional("date")?,
        from_date: parameters.optional("from_date")?,
        to_date: parameters.optional("to_date")?,
        order: parameters.optional("order")?.unwrap_or(Order::Ascending),
        limit: parameters.within("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX),
        after: after.map(|id| EventId(id as i64)),
    })
}

/// The path and query of the page that follows.
fn link(filter: &EventFilter, last: EventId) -> String {
    let mut link = format!("{BASE}?");
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            link.push_str(&format!("{name}={value}&"));
        }
    };
    add("id", filter.id.map(|id| id.to_string()));
    add("user_id", filter.user_id.map(|id| id.to_string()));
    add("date", filter.date.map(|date| date.to_string()));
    add("from_date", filter.from_date.map(|date| date.to_string()));
    add("to_date", filter.to_date.map(|date| date.to_string()));
    add("order", (filter.order == Order::Descending).then(|| "desc".to_owned()));
    add("limit", Some(filter.limit.to_string()));
    format!("{link}after={last}")
}

impl Parameter for EventId {
    fn from_text(text: &str) -> Option<EventId> {
        i64::from_text(text).map(EventId)
    }

    fn from_number(number: i64) -> Option<EventId> {
        Some(EventId(number))
    }
}

impl Parameter for Order {
    fn from_text(text: &str) -> Option<Order> {
        match text {
            "asc" => Some(Order::Ascending),
            "desc" => Some(Order::Descending),
            _ => None,
        }
    }
}
