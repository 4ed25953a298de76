//! `/leaderboard` for people: who leads, who has moved, and where the reader stands.

mod content;
pub mod embed;
mod recent_days;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use rocket::http::Status;
use rocket::{State, get};

use super::address::Address;
use super::browser::Browser;
use super::error_page::ErrorPage;
use super::format;
use super::html::{Html, Layout, Section, rendered};
use crate::domain::{Leaderboard, LeaderboardId};
use crate::standings::{Catalog, Found, RenderingKey, StandingsKey};
use crate::web::App;
use crate::web::compression::AcceptsGzip;
use crate::web::kinds::{FullName, JsonType, Kind, Parameter};
use crate::web::parameters::Parameters;
use crate::web::path::LeaderboardIdPath;
use crate::web::request::Request;
use crate::web::requests::leaderboard::ShowBoard;
use crate::web::viewer::BoardViewer;

use content::{BuildingPage, FailedSearch, Heading, LeaderboardLinks, LeaderboardPage, LeaderboardSources};
pub use content::{NavLink, period_label};
use recent_days::RecentDays;
pub use recent_days::Turns;

/// How long a page waits for yesterday's standings. The page is good without them too.
const YESTERDAY_PATIENCE: Duration = Duration::from_millis(500);

/// How many names are offered after a search for a name that nobody has.
const SUGGESTIONS_MAX: usize = 8;

/// How many other boards are linked to.
const BOARDS_MAX: usize = 50;

/// The name of somebody who is searched for. It is not blank.
struct SoughtName(String);

impl Parameter for SoughtName {
    const KIND: Kind = Kind {
        json: JsonType::Text { characters_max: FullName::CHARACTERS_MAX },
        accepted: "a username, a full name or a user ID",
        example: "ann",
    };

    fn from_text(text: &str) -> Option<SoughtName> {
        Some(text.trim()).filter(|text| !text.is_empty()).map(|text| SoughtName(text.to_owned()))
    }
}

/// Shows the first board that the caller may see.
#[get("/leaderboard", data = "<parameters>")]
pub async fn first(
    browser: Browser,
    viewer: BoardViewer,
    app: &State<App>,
    turns: &State<Turns>,
    address: Address,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(&viewer, app, turns, browser.accepts, &address, None, &parameters).await
}

/// Shows a board.
#[get("/leaderboard/<id>", data = "<parameters>")]
pub async fn show(
    browser: Browser,
    viewer: BoardViewer,
    app: &State<App>,
    turns: &State<Turns>,
    address: Address,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(&viewer, app, turns, browser.accepts, &address, Some(id.known()?), &parameters).await
}

/// A page of a leaderboard. It is the same for all who see the same boards, and is rendered once for all of them. Only
/// a page with a marked row, or one after a search, is made for one reader.
async fn page(
    viewer: &BoardViewer,
    app: &App,
    turns: &Turns,
    accepts: AcceptsGzip,
    address: &Address,
    id: Option<LeaderboardId>,
    parameters: &Parameters,
) -> Result<Html, ErrorPage> {
    let catalog = app.standings.catalog();
    let board = viewer.board(&catalog, id)?;
    let asked = ShowBoard::read(parameters)?;
    let links = LeaderboardLinks { board: board.id, period: board.period(asked.period), for_user: asked.for_user_id };
    let boards = other_boards(viewer, &catalog, &board);
    let today = app.clock.today();
    let key = StandingsKey::today(links.board, links.period);
    // This is asked before the view, so that what is read later is at least as new as this number says.
    let refreshes = app.standings.refreshes();
    let (view, before) =
        rocket::tokio::join!(app.standings.view(key), app.standings.view_within(key.yesterday(), YESTERDAY_PATIENCE));
    let Some(view) = view else {
        let heading = Heading::new(&board, links, today);
        let page = BuildingPage { layout: Layout::new(Section::Leaderboard), heading, boards };
        let html =
            Html::new(&page)?.status(Status::Accepted).unkept().header("Retry-After", "1").header("Refresh", "2");
        return Ok(html);
    };
    let mut sought = None;
    if let Some(SoughtName(text)) = parameters.optional("find").ok().flatten() {
        match app.people.find(&text, SUGGESTIONS_MAX).await? {
            Found::One(id) => return Ok(Html::moved(links.to_user(&view, id))),
            Found::Like(ids) => sought = Some(FailedSearch::new(&view, links, &text, &ids)),
        }
    }
    let page = asked.page();
    let days = RecentDays::of(app, turns, &view, page, today, number_of(&(today, refreshes))).await?;
    let sources = LeaderboardSources { view: &view, before: before.as_deref(), days: &days, today };
    let render = |boards, sought| rendered(&LeaderboardPage::new(&sources, links, page, boards, sought, address));
    if links.for_user.is_some() || sought.is_some() {
        return Ok(Html::own(render(boards, sought)?));
    }
    // Where nobody is ranked, the page shows a command with the address of the server.
    let shown_address = view.ranked.entries().is_empty().then_some(address.as_str());
    let before = before.as_ref().map(|before| before.version());
    let variant = number_of(&(today, refreshes, before, shown_address, &boards));
    let key = RenderingKey { form: "html", page, variant, compressed: false };
    if let Some(kept) = Html::find_kept(&view, key, accepts) {
        return Ok(kept);
    }
    Ok(Html::keep(app, &view, key, accepts, render(boards, None)?))
}

/// One number for everything that a kept page depends on, except its view.
fn number_of(parts: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

fn other_boards(viewer: &BoardViewer, catalog: &Catalog, board: &Arc<Leaderboard>) -> Vec<NavLink> {
    let seen = catalog.boards.iter().filter(|board| viewer.may_see(board));
    let links: Vec<NavLink> = seen
        .take(BOARDS_MAX)
        .map(|other| NavLink {
            label: format::plain(other.name.as_str()).into_owned(),
            url: format!("/leaderboard/{}", other.id.0),
            current: other.id == board.id,
        })
        .collect();
    if links.len() > 1 { links } else { Vec::new() }
}
