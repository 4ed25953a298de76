//! `/admin/plugins/gamification/score_events.csv`: all events that the list's filters want, as a table.

use std::io::{self, Cursor};
use std::sync::Arc;

use rocket::futures::stream::try_unfold;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{State, get};
use tokio_util::io::StreamReader;

use crate::actions::{Actions, Actor};
use crate::domain::{Scope, Sender};
use crate::export::{Export, Table};
use crate::store::{Store, StoreError};
use crate::tables::Form;
use crate::web::caller::{May, need};
use crate::web::error::ApiError;
use crate::web::request::Sent;
use crate::web::requests::events::ListEvents;
use crate::web::{App, Client};

/// A table that is read page by page while it is sent.
pub struct Csv {
    first: Vec<u8>,
    rest: Rest,
}

/// What is not sent yet, and who it is sent to.
struct Rest {
    export: Export,
    store: Store,
    actions: Arc<Actions>,
    actor: Actor,
}

/// Sends the events as CSV. The filter's `limit` is passed over.
#[get("/admin/plugins/gamification/score_events.csv", data = "<asked>")]
pub async fn export(
    caller: May<need::ExportEvents>,
    app: &State<App>,
    asked: Sent<ListEvents>,
) -> Result<Csv, ApiError> {
    let filter = asked.read_named(app).await?.into();
    // The first page is read before anything is sent, so that a database that can't be read is an error.
    let (first, export) = page(&app.store, Export::new(Table::Events(filter), Form::CSV)).await?;
    let (store, actions, actor) = (app.store.clone(), Arc::clone(&app.actions), caller.actor);
    Ok(Csv { first, rest: Rest { export, store, actions, actor } })
}

/// Reads the next page. Nothing of the database is kept until the one after it is asked for.
async fn page(store: &Store, mut export: Export) -> Result<(Vec<u8>, Export), StoreError> {
    store.read(move |connection| Ok((export.page(connection)?, export))).await
}

impl Rest {
    /// The next page, and what is left then; `None`: all is sent.
    ///
    /// # Errors
    /// The database failed, or the key works no longer. The reply has begun, so all that can be done is to break it off: the
    /// client sees that it is not whole.
    async fn next(self, sender: Sender) -> io::Result<Option<(Vec<u8>, Rest)>> {
        if self.export.is_done() {
            return Ok(None);
        }
        let Rest { export, store, actions, actor } = self;
        // If the database can't tell just now, the page can't be read either.
        if let Ok(acting) = actions.still_acts(actor.key, &actor.username, sender)
            && acting.is_none_or(|actor| actor.require(Scope::Export).is_err())
        {
            return Err(io::Error::other("the key works no longer"));
        }
        let (bytes, export) = page(&store, export).await.map_err(io::Error::other)?;
        Ok(Some((bytes, Rest { export, store, actions, actor })))
    }
}

impl<'r> Responder<'r, 'static> for Csv {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let sender = Client::of(request).sender();
        let pages = try_unfold((Some(self.first), self.rest), move |(first, rest)| async move {
            match first {
                Some(first) => Ok::<_, io::Error>(Some((Cursor::new(first), (None, rest)))),
                None => {
                    let next = rest.next(sender).await?;
                    Ok(next.map(|(bytes, rest)| (Cursor::new(bytes), (None, rest))))
                }
            }
        });
        let mut response = Response::new();
        response.set_raw_header("Content-Type", "text/csv; charset=utf-8");
        response.set_raw_header("Content-Disposition", "attachment; filename=\"score_events.csv\"");
        response.set_streamed_body(StreamReader::new(Box::pin(pages)));
        Ok(response)
    }
}
