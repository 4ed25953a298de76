//! `/admin/plugins/gamification/score_events`: the events.

use std::sync::Arc;

use rocket::{State, delete, get, post, put};
use serde::Serialize;

use crate::domain::{EventId, Revision, ScoreEvent};
use crate::store::Order;
use crate::store::event_batches::{self, BatchAwarded};
use crate::store::event_list::{self, EventFilter};
use crate::store::revisions::{self, HistoryFilter};
use crate::store::score_events::{self, Awarded};
use crate::web::App;
use crate::web::batch::{SentBatch, aside};
use crate::web::caller::{May, PresumedCaller, need};
use crate::web::error::ApiError;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::path::EventIdPath;
use crate::web::reply::{Json, JsonBytes, Paged, Replay, SUCCESS, Success};
use crate::web::request::Sent;
use crate::web::requests::events::{ChangedEvent, DeleteEvent, EVENTS, ListEvents, NewEvent, NewEvents, ShowHistory};

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
#[get("/admin/plugins/gamification/score_events", data = "<asked>")]
pub async fn list(
    _caller: May<need::ReadEvents>,
    app: &State<App>,
    asked: Sent<ListEvents>,
) -> Result<Paged<Events>, ApiError> {
    let filter = EventFilter::from(asked.read_named(app).await?);
    let wanted = filter.clone();
    let page = app.store.read(move |connection| event_list::list(connection, &wanted)).await?;
    let last = page.events.last().map(|event| event.id);
    let next = last.filter(|_| page.more).map(|last| link(&filter, last));
    Ok(Paged { body: Events { events: page.events }, next })
}

/// Stores an event.
#[post("/admin/plugins/gamification/score_events", data = "<asked>")]
pub async fn create(
    caller: PresumedCaller,
    app: &State<App>,
    key: SentIdempotencyKey,
    asked: Result<Sent<NewEvent>, ApiError>,
) -> Result<Replay<Result<Json<ScoreEvent>, ApiError>>, ApiError> {
    let read = async { Ok((asked?.read_named(app).await?.into(), key.read()?)) };
    let (award, key) = match read.await {
        Ok(read) => read,
        // Whoever has no good key any more, or may store no event at all, is told so, whatever is wrong in the request.
        Err(fault) => return Err(caller.confirm(app)?.may_store().err().map_or(fault, ApiError::from)),
    };
    let stored = app.actions.award(&caller.presumed, award, key).await;
    let answer = stored.map_err(|refusal| caller.refused(app, refusal))?;
    Ok(Replay::of(answer, |awarded| match awarded {
        Awarded::Stored(event) => Ok(Json(event)),
        Awarded::InsufficientPoints { score } => Err(ApiError::InsufficientPoints { score }),
    }))
}

/// Stores events, all or none.
#[post("/admin/plugins/gamification/score_events/batch", data = "<asked>")]
pub async fn create_all(
    caller: May<need::StoreEvents>,
    app: &State<App>,
    key: SentIdempotencyKey,
    asked: SentBatch<NewEvents>,
) -> Result<Replay<Result<JsonBytes<Events>, ApiError>>, ApiError> {
    let (asked, turn) = asked.read(&app.batches).await?;
    let awards = asked.known(app).await?;
    let answer = app.actions.award_all(&caller.actor, Arc::clone(&awards), key.read()?, turn.deadline).await?;
    let reply = match answer.outcome {
        BatchAwarded::Stored { first, at } => {
            Ok(aside(move || JsonBytes::of(&Events { events: event_batches::events(&awards, first, at).collect() }))
                .await?)
        }
        BatchAwarded::InsufficientPoints { index, score } => {
            Err(ApiError::InsufficientPoints { score }.within("events", index))
        }
    };
    Ok(Replay { reply, replayed: answer.replayed })
}

/// Corrects an event.
#[put("/admin/plugins/gamification/score_events", data = "<asked>")]
pub async fn update(
    caller: May<need::CorrectEvents>,
    app: &State<App>,
    asked: Sent<ChangedEvent>,
) -> Result<Json<Success>, ApiError> {
    app.actions.correct(&caller.actor, asked.read()?.into()).await?;
    Ok(SUCCESS)
}

/// Shows an event.
#[get("/admin/plugins/gamification/score_events/<id>")]
pub async fn show(
    _caller: May<need::ReadEvents>,
    app: &State<App>,
    id: EventIdPath,
) -> Result<Json<ScoreEvent>, ApiError> {
    let id = id.known()?;
    let event = app.store.read(move |connection| score_events::get(connection, id)).await?;
    event.map(Json).ok_or(ApiError::NotFound)
}

/// Takes an event back.
#[delete("/admin/plugins/gamification/score_events/<id>", data = "<asked>")]
pub async fn delete(
    caller: May<need::CorrectEvents>,
    app: &State<App>,
    id: EventIdPath,
    asked: Sent<DeleteEvent>,
) -> Result<Json<Success>, ApiError> {
    let id = id.known()?;
    app.actions.delete_event(&caller.actor, asked.read()?.of(id)).await?;
    Ok(SUCCESS)
}

/// Shows what was done to an event.
#[get("/admin/plugins/gamification/score_events/<id>/history", data = "<asked>")]
pub async fn history(
    _caller: May<need::ReadEvents>,
    app: &State<App>,
    id: EventIdPath,
    asked: Sent<ShowHistory>,
) -> Result<Paged<Revisions>, ApiError> {
    let id = id.known()?;
    let filter = HistoryFilter::from(asked.read()?);
    let page = app.store.read(move |connection| revisions::history(connection, id, &filter)).await?;
    let page = page.ok_or(ApiError::NotFound)?;
    let next = page.next.map(|last| format!("{EVENTS}/{id}/history?limit={}&after={last}", filter.limit));
    Ok(Paged { body: Revisions { revisions: page.revisions }, next })
}

/// The path and query of the next page.
fn link(filter: &EventFilter, last: EventId) -> String {
    let mut link = format!("{EVENTS}?");
    let mut add_all = |name: &str, values: &[String]| {
        let name = if values.len() > 1 { format!("{name}%5B%5D") } else { name.to_owned() };
        values.iter().for_each(|value| link.push_str(&format!("{name}={value}&")));
    };
    add_all("id", &filter.ids.iter().map(ToString::to_string).collect::<Vec<_>>());
    add_all("user_id", &filter.user_ids.iter().map(ToString::to_string).collect::<Vec<_>>());
    add_all("date", &filter.dates.iter().map(ToString::to_string).collect::<Vec<_>>());
    let mut add = |name: &str, value: Option<String>| add_all(name, value.as_slice());
    add("from_date", filter.from_date.map(|date| date.to_string()));
    add("to_date", filter.to_date.map(|date| date.to_string()));
    add("order", (filter.order == Order::Descending).then(|| "desc".to_owned()));
    add("limit", Some(filter.limit.to_string()));
    format!("{link}after={last}")
}
