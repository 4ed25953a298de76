//! `/admin/events.csv` and `/admin/people.csv`: what a list shows, with its filters, as a file for a spreadsheet.
//!
//! The rows are read page by page while they are sent, each page in a read of its own. So memory stays small, and a client
//! that reads slowly holds nothing up. Whoever may no longer take them out gets no further page.

use std::io::{self, Cursor};
use std::pin::Pin;

use rocket::futures::Stream;
use rocket::request::Request;
use rocket::response::stream::stream;
use rocket::response::{self, Responder, Response};
use rocket::{State, get};
use tokio_util::io::StreamReader;

use super::events::{search, wanted};
use crate::domain::User;
use crate::export;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::standings::UserFilter;
use crate::store::StoreError;
use crate::store::event_search::{self, EventSearch, FoundEvent, SearchEnd};
use crate::store::export::ExportedEvent;
use crate::tables::{Field, Form, TableWriter};
use crate::web::App;
use crate::web::caller::need;
use crate::web::parameters::Parameters;
use crate::web::request::Request as _;
use crate::web::requests::directory::ListUsers;
use crate::web::signed_in_for::SignedInFor;

/// How many rows are read at once.
const PAGE: usize = 1000;

const USER_COLUMNS: &[&str] = &["id", "username", "name", "avatar_template", "suspended"];

/// Rows on their way. An error breaks the connection, so that nobody takes the half for the whole.
type Rows<'r> = Pin<Box<dyn Stream<Item = io::Result<Cursor<Vec<u8>>>> + Send + 'r>>;

/// A file that a browser saves.
pub struct Download<'r> {
    name: &'static str,
    rows: Rows<'r>,
}

impl<'r> Responder<'r, 'r> for Download<'r> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::new();
        response.set_raw_header("Content-Type", "text/csv; charset=utf-8");
        response.set_raw_header("Content-Disposition", format!("attachment; filename=\"{}\"", self.name));
        response.set_raw_header("X-Content-Type-Options", "nosniff");
        response.set_raw_header("Cache-Control", "no-store");
        response.set_streamed_body(StreamReader::new(self.rows));
        Ok(response)
    }
}

/// Reads a page for somebody who has asked for it.
///
/// # Errors
/// The database failed, or the asker may no longer have it. This breaks the download off.
async fn read<T>(
    me: &SignedInFor<need::Export>,
    app: &App,
    page: impl Future<Output = Result<T, StoreError>>,
) -> io::Result<T> {
    if !me.still_may(app) {
        log::warn!("a download broke off, since the session or its key has ended");
        return Err(io::Error::other("the session or its key has ended"));
    }
    page.await.map_err(|error| {
        log::error!("a download broke off: {error}");
        io::Error::other(error)
    })
}

/// The events that a search finds, newest first.
#[get("/admin/events.csv", data = "<parameters>")]
pub async fn events<'r>(
    _browser: Browser,
    me: SignedInFor<need::Export>,
    app: &'r State<App>,
    parameters: Parameters,
) -> Result<Download<'r>, ErrorPage> {
    let wanted = match wanted(app, &parameters).await {
        Ok(wanted) => wanted,
        Err(refusal) => return Err(refusal.into_page()),
    };
    let search = search(&wanted)?;
    let mut search = EventSearch { limit: PAGE, ..search };
    let rows = stream! {
        let mut table = TableWriter::new(Form::CSV, export::EVENTS);
        loop {
            let wanted = search.clone();
            let page = app.store.read(move |connection| event_search::search(connection, &wanted));
            let found = match read(&me, app, page).await {
                Ok(found) => found,
                Err(error) => {
                    yield Err(error);
                    return;
                }
            };
            let catalog = app.standings.catalog();
            for found in &found.events {
                let username = catalog.users.get(&found.event.user_id).map(|user| user.username.as_str());
                write_event(&mut table, found, username);
            }
            yield Ok(Cursor::new(table.take()));
            search.before = match found.end {
                SearchEnd::Exhausted => return,
                SearchEnd::Full(id) | SearchEnd::Paused(id, _) => Some(id),
            };
        }
    };
    Ok(Download { name: "events.csv", rows: Box::pin(rows) })
}

fn write_event(table: &mut TableWriter, found: &FoundEvent, username: Option<&str>) {
    let event = &found.event;
    let row = ExportedEvent {
        id: event.id.0,
        user_id: event.user_id.into(),
        username: username.map(Into::into),
        date: &event.date.to_string(),
        points: event.points.into(),
        description: event.description.as_ref().map(|description| description.as_str()),
        created_at: event.created_at,
        updated_at: event.updated_at,
        created_by: &found.created_by,
    };
    export::write_event(table, &row);
}

/// The users whom a filter lets through, by number.
#[get("/admin/people.csv", data = "<parameters>")]
pub async fn users<'r>(
    _browser: Browser,
    me: SignedInFor<need::Export>,
    app: &'r State<App>,
    parameters: Parameters,
) -> Result<Download<'r>, ErrorPage> {
    let filter = UserFilter::from(ListUsers::read(&parameters.without_blanks())?);
    let mut filter = UserFilter { limit: PAGE, ..filter };
    let rows = stream! {
        let mut table = TableWriter::new(Form::CSV, USER_COLUMNS);
        loop {
            let page = app.people.list_users(filter.clone());
            let (users, more) = match read(&me, app, page).await {
                Ok(page) => page,
                Err(error) => {
                    yield Err(error);
                    return;
                }
            };
            users.iter().for_each(|user| write_user(&mut table, user));
            yield Ok(Cursor::new(table.take()));
            match users.last() {
                Some(last) if more => filter.after = last.id.into(),
                _ => return,
            }
        }
    };
    Ok(Download { name: "users.csv", rows: Box::pin(rows) })
}

fn write_user(table: &mut TableWriter, user: &User) {
    table.row(&[
        Field::Number(user.id.into()),
        Field::Text(user.username.as_str()),
        user.name.as_deref().map_or(Field::None, Field::Text),
        Field::Text(&user.avatar_template),
        Field::Flag(user.suspended),
    ]);
}
