//! `/users/ID` for people: what a user has, where the user stands, and how that came about from day to day.

mod content;
mod heat;
mod history;
mod latest;

use rocket::futures::future::join_all;
use rocket::{State, get};

use super::address::Address;
use super::browser::Browser;
use super::error_page::ErrorPage;
use super::html::Html;
use super::keeper_bar::KeeperBar;
use super::me::Me;
use crate::domain::{EventDate, EventId, LeaderboardId, Period, UserId};
use crate::standings::{Catalog, Entry, StandingsKey};
use crate::store::Order;
use crate::store::event_list::{self, EventFilter};
use crate::store::scores::{self, DayScore, Purse};
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::UserIdPath;
use crate::web::request::{Request, request};
use crate::web::viewer::BoardViewer;
use content::{UserPage, UserSources};
use history::ChartRange;
use latest::LatestEvents;

/// How many events the page shows.
const EVENTS_MAX: usize = 20;

/// How many events of one day the page shows.
const DAY_EVENTS_MAX: usize = 100;

request! {
    /// A user's page.
    struct ShowUser {
        /// Which stretch of days the chart shows.
        lenient range: ChartRange,
        /// Only the events of this day are listed, for those who may read them.
        lenient date: EventDate,
        /// Only events that were stored before this one are listed.
        lenient after: EventId,
    }
}

/// Shows a user.
#[get("/users/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    viewer: BoardViewer,
    me: Me,
    app: &State<App>,
    address: Address,
    id: UserIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let id = id.known()?;
    let asked = ShowUser::read(&parameters)?;
    let today = app.clock.today();
    let catalog = app.standings.catalog();
    let shows_events = app.public_descriptions || viewer.may_read();
    let Stored { days, purse, events } = stored(app, id, today, shows_events.then_some(&asked)).await?;
    let standings = standings(app, &viewer, &catalog, id).await;
    // How points are given is shown to whoever may give them, where there are none.
    let is_empty = days.is_empty() && events.as_ref().is_none_or(LatestEvents::is_empty);
    let address = (is_empty && viewer.may_award()).then_some(&address);
    let sources = UserSources { catalog: &catalog, id, today, days: &days, purse, events, standings, me };
    let keeper = viewer.keeper().map(|actor| KeeperBar::new(actor, Some(id), viewer.only_reads()));
    let page = UserPage::new(sources, asked.range.unwrap_or(ChartRange::Year), address).for_keeper(keeper);
    let html = Html::new(&page)?;
    Ok(if me.0.is_some() { html.for_one() } else { html })
}

/// What is stored of a user.
struct Stored {
    /// The days up to today.
    days: Vec<DayScore>,
    purse: Purse,
    /// The latest events, or those that were asked for.
    events: Option<LatestEvents>,
}

/// Reads what is stored of a user; events only if they are `asked` for.
async fn stored(app: &App, id: UserId, today: EventDate, asked: Option<&ShowUser>) -> Result<Stored, ApiError> {
    let filter = asked.map(|asked| EventFilter {
        ids: Vec::new(),
        user_ids: vec![id],
        dates: asked.date.into_iter().collect(),
        from_date: None,
        to_date: None,
        order: Order::Descending,
        after: asked.after,
        limit: if asked.date.is_some() { DAY_EVENTS_MAX } else { EVENTS_MAX },
    });
    let day = asked.and_then(|asked| asked.date);
    let is_first = asked.is_some_and(|asked| asked.after.is_none());
    let read = app.store.read(move |connection| {
        let days = scores::days(connection, id, &(EventDate::MIN..=today))?;
        let purse = scores::purse(connection, id, today)?;
        let page = filter.map(|filter| event_list::list(connection, &filter)).transpose()?;
        let events =
            page.map(|page| LatestEvents { user: id, day, is_first, events: page.events, has_more: page.more });
        Ok(Stored { days, purse, events })
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
        (period, view.and_then(|view| view.ranked.get(id)))
    }))
    .await
}
