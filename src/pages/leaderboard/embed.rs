//! `/embed/leaderboard/ID`: a small leaderboard for a frame on another site. It has no navigation, keeps itself up to
//! date, and says how high it is to the page around it.
//!
//! It shows what everyone may see and nothing else: no key and no session makes a difference.

use std::str::FromStr;
use std::sync::Arc;

use askama::Template;
use rocket::http::Status;
use rocket::request::Request as HttpRequest;
use rocket::response::{self, Responder};
use rocket::{State, get};

use super::facts::dates;
use super::links::LeaderboardLinks;
use super::number_of;
use super::rows::LeaderboardRow;
use crate::domain::{EventDate, Leaderboard, LeaderboardId};
use crate::pages::assets;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::{Framing, Html, rendered};
use crate::standings::{RenderingKey, StandingsKey, View};
use crate::web::App;
use crate::web::compression::AcceptsGzip;
use crate::web::error::ApiError;
use crate::web::kinds::{JsonType, Kind, Parameter};
use crate::web::parameters::Parameters;
use crate::web::path::LeaderboardIdPath;
use crate::web::request::{Request, request};

/// How many users are shown, unless the address says otherwise.
const ROWS: usize = 10;

request! {
    /// A leaderboard in a frame.
    struct ShowEmbedded {
        /// The period; one that is unknown means the board's default.
        lenient period: crate::domain::Period,
        /// How many users are shown.
        optional rows: crate::web::kinds::Limit,
        /// The colours: those of the system, light or dark.
        optional theme: Theme,
    }
}

/// The colours of an embedded leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Theme {
    /// Those that the reader's system prefers.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// The value of `color-scheme`.
    fn schemes(self) -> &'static str {
        match self {
            Theme::Auto => "light dark",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The class for the stylesheet.
    fn class(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl FromStr for Theme {
    type Err = ();

    fn from_str(text: &str) -> Result<Theme, ()> {
        match text {
            "auto" => Ok(Theme::Auto),
            "light" => Ok(Theme::Light),
            "dark" => Ok(Theme::Dark),
            _ => Err(()),
        }
    }
}

impl Parameter for Theme {
    const KIND: Kind =
        Kind { json: JsonType::Word(&["auto", "light", "dark"]), accepted: "auto, light or dark", example: "auto" };

    fn from_text(text: &str) -> Option<Theme> {
        text.parse().ok()
    }
}

/// What is around the content of every embedded page.
struct Surround {
    theme: Theme,
    /// The address of the whole leaderboard.
    whole: String,
}

impl Surround {
    fn style(&self) -> &'static str {
        assets::EMBED_STYLE.url()
    }

    /// The script that tells the height.
    fn script(&self) -> &'static str {
        assets::EMBED.url()
    }
}

/// A leaderboard in a frame.
#[derive(Template)]
#[template(path = "embed.html")]
struct EmbeddedBoard {
    around: Surround,
    name: String,
    dates: String,
    /// The address of the stream that tells of changes.
    live: String,
    /// `None` while the standings are being built.
    rows: Option<Vec<LeaderboardRow>>,
    /// How many are ranked, in words.
    ranked: String,
}

impl EmbeddedBoard {
    fn new(board: &Leaderboard, links: LeaderboardLinks, theme: Theme, today: EventDate) -> EmbeddedBoard {
        EmbeddedBoard {
            around: Surround { theme, whole: links.to_page(0) },
            name: format::plain(board.name.as_str()).into_owned(),
            dates: dates(board, links.period, today),
            live: links.to_stream(),
            rows: None,
            ranked: String::new(),
        }
    }

    fn with(self, view: &View, rows: usize) -> EmbeddedBoard {
        let entries = view.page(0, rows);
        let listed = entries.iter().map(|entry| LeaderboardRow::short(view, entry));
        let ranked = format::count(view.ranked.len() as i64, "person", "people");
        EmbeddedBoard { rows: Some(listed.collect()), ranked, ..self }
    }

    fn script(&self) -> &'static str {
        assets::LIVE.url()
    }
}

/// An error in a frame.
#[derive(Template)]
#[template(path = "embed_error.html")]
struct EmbeddedError {
    around: Surround,
    sentence: &'static str,
}

/// Shows a board in a frame.
#[get("/embed/leaderboard/<id>", data = "<parameters>")]
pub async fn show(
    app: &State<App>,
    accepts: AcceptsGzip,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<Html, EmbedRefusal> {
    let board = public_board(app, id.known()?)?;
    let asked = ShowEmbedded::read(&parameters)?;
    let links = LeaderboardLinks { board: board.id, period: board.period(asked.period), for_user: None };
    let (rows, theme) = (asked.rows.map_or(ROWS, |rows| rows.get()), asked.theme.unwrap_or_default());
    let today = app.clock.today();
    let page = || EmbeddedBoard::new(&board, links, theme, today);
    let framing = Framing::on(&app.site.origins);
    let Some(view) = app.standings.view(StandingsKey::today(links.board, links.period)).await else {
        let html = Html::new(&page())?.status(Status::Accepted).unkept();
        return Ok(html.header("Retry-After", "1").header("Refresh", "2").framed(framing));
    };
    let variant = number_of(&(today, rows, theme));
    let key = RenderingKey { form: "embed", page: 0, variant, compressed: false };
    let html = match Html::find_kept(&view, key, accepts) {
        Some(kept) => kept,
        None => Html::keep(app, &view, key, accepts, rendered(&page().with(&view, rows))?),
    };
    Ok(html.framed(framing))
}

/// The board of that number, if everyone may see it.
fn public_board(app: &App, id: LeaderboardId) -> Result<Arc<Leaderboard>, ApiError> {
    let catalog = app.standings.catalog();
    let board = catalog.board(id).filter(|board| app.public && board.is_public());
    board.cloned().ok_or(ApiError::NotFound)
}

/// An error: in a frame a sentence, and for programs JSON.
#[derive(Debug)]
pub enum EmbedRefusal {
    /// The request is refused.
    Refused(ApiError),
    /// The page can't be made.
    Broken(ErrorPage),
}

impl From<ApiError> for EmbedRefusal {
    fn from(error: ApiError) -> EmbedRefusal {
        EmbedRefusal::Refused(error)
    }
}

impl From<ErrorPage> for EmbedRefusal {
    fn from(page: ErrorPage) -> EmbedRefusal {
        EmbedRefusal::Broken(page)
    }
}

impl<'r> Responder<'r, 'static> for EmbedRefusal {
    fn respond_to(self, request: &'r HttpRequest<'_>) -> response::Result<'static> {
        let error = match self {
            EmbedRefusal::Refused(error) if Browser::wants_page(request) => error,
            EmbedRefusal::Refused(error) => return error.respond_to(request),
            EmbedRefusal::Broken(page) => return page.respond_to(request),
        };
        let Some(app) = request.rocket().state::<App>() else { return Err(Status::InternalServerError) };
        let sentence = match &error {
            ApiError::NotFound => "This leaderboard is not here, or not for everyone to see.",
            ApiError::Invalid { name: "rows", .. } => {
                "The address asks for too few or too many rows: 1 to 100 can be shown."
            }
            ApiError::Invalid { name: "theme", .. } => "The theme in the address has to be auto, light or dark.",
            _ => "This leaderboard can’t be shown right now.",
        };
        let around = Surround { theme: Theme::Auto, whole: "/leaderboard".to_owned() };
        let page = Html::new(&EmbeddedError { around, sentence }).map_err(|_| Status::InternalServerError)?;
        page.status(error.status()).unkept().framed(Framing::on(&app.site.origins)).respond_to(request)
    }
}
