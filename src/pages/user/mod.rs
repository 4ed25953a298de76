//! `/users/ID` for people: what a user has, where the user stands, and how that came about from day to day.

mod content;
mod heat;
mod history;

use rocket::futures::future::join_all;
use rocket::{State, get};

use super::address::Address;
use super::browser::Browser;
use super::error_page::ErrorPage;
use super::html::Html;
use crate::domain::{EventDate, LeaderboardId, Period, ScoreEvent, UserId};
use crate::standings::{Catalog, Entry, StandingsKey};
use crate::store::Order;
use crate::store::event_list::{self, EventFilter};
use crate::store::scores::{self, DayScore};
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::UserIdPath;
use crate::web::viewer::BoardViewer;
use content::{UserPage, UserSources};
use history::ChartRange;

/// How many events the page shows.
const EVENTS_MAX: usize = 20;

/// Shows a user.
#[get("/users/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    viewer: BoardViewer,
    app: &State<App>,
    address: Address,
    id: UserIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let id = id.known()?;
    let range = parameters.optional("range").ok().flatten().unwrap_or(ChartRange::Year);
    let today = app.clock.today();
    let catalog = app.standings.catalog();
    let (days, events) = stored(app, id, today, viewer.may_read()).await?;
    let standings = standings(app, &viewer, &catalog, id).await;
    let sources = UserSources { catalog: &catalog, id, today, days: &days, events: events.as_deref(), standings };
    Ok(Html::new(&UserPage::new(&sources, range, &address))?)
}

/// The user's days up to today, and the latest events, if whoever asks may read events, as in the API.
async fn stored(
    app: &App,
    id: UserId,
    today: EventDate,
    may_read: bool,
) -> Result<(Vec<DayScore>, Option<Vec<ScoreEvent>>), ApiError> {
    let latest = EventFilter {
        ids: Vec::new(),
        user_ids: vec![id],
        dates: Vec::new(),
        from_date: None,
        to_date: None,
        order: Order::Descending,
        after: None,
        limit: EVENTS_MAX,
    };
    let read = app.store.read(move |connection| {
        let days = scores::days(connection, id, &(EventDate::MIN..=today))?;
        let events = may_read.then(|| event_list::list(connection, &latest)).transpose()?;
        Ok((days, events.map(|page| page.events)))
    });
    Ok(read.await?)
}

/// Where the user stands on the first board, for each period that it serves. There is nothing if the caller may not see
/// that board. An entry is `None` if the user is not ranked, or not yet.
async fn standings(app: &App, viewer: &BoardViewer, catalog: &Catalog, id: UserId) -> Vec<(Period, Option<Entry>)> {
    let board = catalog.board(LeaderboardId::GLOBAL).filter(|board| viewer.may_see(board));
    let Some(board) = board else { return Vec::new() };
    let served = Period::ALL.into_iter().filter(|period| board.period(Some(*period)) == *period);
    join_all(served.map(|period| async move {
        let view = app.standings.view(StandingsKey::today(LeaderboardId::GLOBAL, period)).await;
        (period, view.and_then(|view| view.ranked.get(id).copied()))
    }))
    .await
}
