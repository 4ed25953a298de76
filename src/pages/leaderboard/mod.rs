//! `/leaderboard` for people: who leads, who has moved, and where the reader stands.

mod content;
pub mod embed;
mod facts;
mod links;
mod recent_days;
mod rows;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request as HttpRequest};
use rocket::{State, get};

use super::address::Address;
use super::browser::Browser;
use super::error_page::ErrorPage;
use super::html::{Html, Layout, Section, rendered};
use super::keeper_bar::KeeperBar;
use super::me::Me;
use crate::domain::LeaderboardId;
use crate::standings::{Found, RenderingKey, StandingsKey};
use crate::web::App;
use crate::web::compression::AcceptsGzip;
use crate::web::error::ApiError;
use crate::web::kinds::{FullName, JsonType, Kind, Parameter, TextForm};
use crate::web::parameters::Parameters;
use crate::web::path::LeaderboardIdPath;
use crate::web::request::Request;
use crate::web::requests::leaderboard::ShowBoard;
use crate::web::viewer::BoardViewer;

use content::{BuildingPage, FailedSearch, ForReader, LeaderboardPage, Marked};
use facts::Heading;
pub use facts::period_label;
use links::LeaderboardLinks;
use recent_days::RecentDays;
pub use recent_days::Turns;
use rows::LeaderboardSources;
pub use rows::medal;

/// How long a page waits for yesterday's standings. The page is good without them too.
const YESTERDAY_PATIENCE: Duration = Duration::from_millis(500);

/// How many names are offered after a search for a name that nobody has.
const SUGGESTIONS_MAX: usize = 8;

/// The name of somebody who is searched for. It is not blank.
struct SoughtName(String);

impl Parameter for SoughtName {
    const KIND: Kind = Kind {
        json: JsonType::Text { characters_max: FullName::CHARACTERS_MAX, form: TextForm::Filled },
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
    reader: Reader,
    app: &State<App>,
    turns: &State<Turns>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(&reader, browser.accepts, app, turns, None, &parameters).await
}

/// Shows a board.
#[get("/leaderboard/<id>", data = "<parameters>")]
pub async fn show(
    browser: Browser,
    reader: Reader,
    app: &State<App>,
    turns: &State<Turns>,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(&reader, browser.accepts, app, turns, Some(id.known()?), &parameters).await
}

/// Who looks at a page.
pub struct Reader {
    viewer: BoardViewer,
    me: Me,
    /// The address of the server, as the reader knows it.
    address: Address,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Reader {
    type Error = ApiError;

    async fn from_request(request: &'r HttpRequest<'_>) -> Outcome<Reader, ApiError> {
        let viewer = try_outcome!(BoardViewer::from_request(request).await);
        let address = Address::from_request(request).await.map_error(|(_, never)| match never {});
        Outcome::Success(Reader { viewer, me: Me::of(request), address: try_outcome!(address) })
    }
}

/// A page of a leaderboard. It is the same for all who see the same boards, and is rendered once for all of them. Only
/// a page with a marked row, or one after a search, is made for one reader.
async fn page(
    reader: &Reader,
    accepts: AcceptsGzip,
    app: &App,
    turns: &Turns,
    id: Option<LeaderboardId>,
    parameters: &Parameters,
) -> Result<Html, ErrorPage> {
    let Reader { viewer, me, address } = reader;
    let catalog = app.standings.catalog();
    let board = viewer.board(&catalog, id)?;
    let asked = ShowBoard::read(parameters)?;
    let links = LeaderboardLinks { board: board.id, period: board.period(asked.period), for_user: asked.for_user_id };
    let today = app.clock.today();
    let boards = links.to_boards(catalog.boards.iter().filter(|board| viewer.may_see(board)), today);
    let key = StandingsKey::today(links.board, links.period);
    let (view, before) =
        rocket::tokio::join!(app.standings.view(key), app.standings.view_within(key.yesterday(), YESTERDAY_PATIENCE));
    let Some(view) = view else {
        let heading = Heading::new(&board, links, today, None);
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
    // This is asked before the days are read, so that what is read is at least as new as this number says.
    let edition = view.ranked.days();
    let days = RecentDays::of(app, turns, &view, page, today, number_of(&(today, edition))).await?;
    let sources = LeaderboardSources { view: &view, before: before.as_deref(), days: &days, today };
    // Where nobody is ranked, a command with the address of the server is shown to whoever may give points, if points of today
    // count there.
    let counts_today = view.board.window(links.period, today).contains(&today);
    let shows_command = view.ranked.is_empty() && counts_today && viewer.may_award();
    let address = shows_command.then_some(address);
    let marked = asked.for_user_id.or(me.0).map(|id| Marked { id, is_reader: me.0 == Some(id) });
    // What is kept is for all, so it has no keeper.
    let keeper = viewer.keeper().map(|actor| KeeperBar::new(actor, asked.for_user_id, viewer.only_reads()));
    if marked.is_some() || sought.is_some() || keeper.is_some() {
        let for_reader = ForReader { marked, sought, address };
        let shown = LeaderboardPage::new(&sources, links, page, boards, for_reader).for_keeper(keeper);
        let html = Html::own(rendered(&shown)?);
        return Ok(if me.0.is_some() { html.for_one() } else { html });
    }
    let before = before.as_ref().map(|before| before.version());
    let variant = number_of(&(today, edition, before, address.map(Address::as_str), &boards));
    let key = RenderingKey { form: "html", page, variant, compressed: false };
    if let Some(kept) = Html::find_kept(&view, key, accepts) {
        return Ok(kept);
    }
    let for_all = ForReader { marked: None, sought: None, address };
    let page = rendered(&LeaderboardPage::new(&sources, links, page, boards, for_all))?;
    Ok(Html::keep(app, &view, key, accepts, page))
}

/// One number for everything that a kept page depends on, except its view.
fn number_of(parts: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}
