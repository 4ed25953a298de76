//! `/leaderboard`: who leads, for everyone to see.

use std::borrow::Cow;
use std::sync::Arc;

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::stream::{Event, EventStream};
use rocket::response::{self, Responder, Response};
use rocket::{Shutdown, State, get};
use serde::Serialize;
use tokio::time::{Duration, sleep};

use super::App;
use super::caller::{Caller, Reader, sent_key};
use super::error::ApiError;
use super::parameters::Parameters;
use super::path::{LeaderboardIdPath, UserIdPath};
use super::reply;
use super::session::SignedIn;
use crate::domain::{Leaderboard, LeaderboardId, Period, UserId, drawn_avatar};
use crate::standings::{Catalog, Entry, Key, View};

/// Users on a page, unless fewer are asked for.
pub const PAGE_MAX: usize = 100;

/// Neighbours on each side, unless asked otherwise, and at most.
const RADIUS: usize = 5;
const RADIUS_MAX: usize = 50;

/// A live stream says at most so often that the board has changed.
const LIVE_EVERY: Duration = Duration::from_secs(1);

/// How often a live stream shows that it is alive where nothing else does.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// Who looks at a board: whether a good key came with the request, or a session that was begun with one.
pub struct Looker {
    has_key: bool,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Looker {
    type Error = ApiError;

    /// A key is needed for a board that is not for all. One that is sent has to be good.
    async fn from_request(request: &'r Request<'_>) -> Outcome<Looker, ApiError> {
        match sent_key(request) {
            Some(_) => Caller::from_request(request).await.map(|_| Looker { has_key: true }),
            None if SignedIn::of(request).await.is_some() => Outcome::Success(Looker { has_key: true }),
            None => Reader::from_request(request).await.map(|_| Looker { has_key: false }),
        }
    }
}

impl Looker {
    /// Whether it is known who looks.
    pub fn is_known(&self) -> bool {
        self.has_key
    }

    /// Whether a board may be seen.
    pub fn may_see(&self, board: &Leaderboard) -> bool {
        self.has_key || board.is_public()
    }

    /// The board of that number, or the first that may be seen.
    pub fn board(&self, catalog: &Catalog, id: Option<LeaderboardId>) -> Result<Arc<Leaderboard>, ApiError> {
        let mut boards = catalog.boards.iter().filter(|board| id.is_none_or(|id| board.id == id));
        boards.find(|board| self.may_see(board)).cloned().ok_or(ApiError::NotFound)
    }
}

/// A ranked user on the wire.
#[derive(Debug, Serialize)]
struct RankedUser<'c> {
    id: UserId,
    username: Cow<'c, str>,
    name: Option<&'c str>,
    avatar_template: Cow<'c, str>,
    total_score: i64,
    position: u32,
}

impl<'c> RankedUser<'c> {
    fn new(catalog: &'c Catalog, entry: &Entry) -> RankedUser<'c> {
        let user = catalog.users.get(&entry.user_id);
        RankedUser {
            id: entry.user_id,
            username: catalog.username(entry.user_id),
            name: user.and_then(|user| user.name.as_deref()),
            avatar_template: user
                .map_or_else(|| drawn_avatar(entry.user_id).into(), |user| user.avatar_template.as_str().into()),
            total_score: entry.score,
            position: entry.position,
        }
    }
}

/// The place of the user who was asked for.
#[derive(Debug, Serialize)]
struct Personal<'c> {
    user: Option<RankedUser<'c>>,
    position: Option<u32>,
}

/// `{}` where nobody was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum PersonalPart<'c> {
    Someone(Personal<'c>),
    Nobody {},
}

/// The part of a page that is the same for everyone who asks.
#[derive(Debug, Serialize)]
struct SharedPart<'v> {
    leaderboard: &'v Leaderboard,
    users: Vec<RankedUser<'v>>,
}

/// A page of standings, ready to be sent.
pub struct StandingsPage {
    status: Status,
    body: Vec<u8>,
    /// What names this page at this moment; `None` while it is not there yet.
    tag: Option<String>,
    public: bool,
}

impl<'r> Responder<'r, 'static> for StandingsPage {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let Some(tag) = self.tag else {
            let mut response = reply::raw_json(self.status, self.body);
            response.set_raw_header("Retry-After", "1");
            response.set_raw_header("Cache-Control", "no-store");
            return Ok(response);
        };
        let known = request.headers().get("If-None-Match").any(|tags| {
            tags.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
        });
        let mut response: Response<'static> = if known {
            Response::build().status(Status::NotModified).finalize()
        } else {
            reply::raw_json(self.status, self.body)
        };
        let cache = if self.public { "public, max-age=1, must-revalidate" } else { "private, no-cache" };
        response.set_raw_header("Cache-Control", cache);
        response.set_raw_header("ETag", tag);
        Ok(response)
    }
}

/// What is asked of a board.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// The period; `None` is the board's default.
    pub period: Option<Period>,
    /// The page, from 0.
    pub page: usize,
    /// Users on it, at most.
    pub limit: usize,
    /// Whose own place is asked for.
    pub for_user: Option<UserId>,
}

impl Query {
    /// Reads what is asked.
    pub fn of(parameters: &Parameters) -> Result<Query, ApiError> {
        Ok(Query {
            period: period(parameters),
            page: parameters.within("page", 0..=usize::MAX)?.unwrap_or(0),
            limit: parameters.within("user_limit", 1..=PAGE_MAX)?.unwrap_or(PAGE_MAX),
            for_user: parameters.optional("for_user_id")?,
        })
    }
}

/// The period that is asked for; one that is unknown means the board's default.
fn period(parameters: &Parameters) -> Option<Period> {
    parameters.optional("period").ok().flatten()
}

/// The standings of the first board.
#[get("/leaderboard", data = "<parameters>")]
pub async fn first(looker: Looker, app: &State<App>, parameters: Parameters) -> Result<StandingsPage, ApiError> {
    page(looker, app, None, &parameters).await
}

/// The standings of a board.
#[get("/leaderboard/<id>", data = "<parameters>")]
pub async fn show(
    looker: Looker,
    app: &State<App>,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<StandingsPage, ApiError> {
    page(looker, app, Some(id.known()?), &parameters).await
}

async fn page(
    looker: Looker,
    app: &App,
    id: Option<LeaderboardId>,
    parameters: &Parameters,
) -> Result<StandingsPage, ApiError> {
    let board = looker.board(&app.standings.catalog(), id)?;
    let query = Query::of(parameters)?;
    let key = Key::today(board.id, board.period(query.period));
    let Some(view) = app.standings.view(key).await else { return Ok(building(&board)) };
    let shared = shared_page(&view, query.page, query.limit);
    let for_user = query.for_user.map(|id| format!("-{id}")).unwrap_or_default();
    Ok(ready(app, &view, query.for_user, &shared, &format!("{}-{}{for_user}", query.page, query.limit)))
}

/// A user's neighbours.
#[get("/leaderboard/<id>/around/<user_id>", data = "<parameters>")]
pub async fn around(
    looker: Looker,
    app: &State<App>,
    id: LeaderboardIdPath,
    user_id: UserIdPath,
    parameters: Parameters,
) -> Result<StandingsPage, ApiError> {
    let board = looker.board(&app.standings.catalog(), Some(id.known()?))?;
    let user_id = user_id.known()?;
    let radius = parameters.within("radius", 1..=RADIUS_MAX)?.unwrap_or(RADIUS);
    let key = Key::today(board.id, board.period(period(&parameters)));
    let Some(view) = app.standings.view(key).await else { return Ok(building(&board)) };
    let shared = render(&view, view.ranked.around(user_id, radius));
    Ok(ready(app, &view, Some(user_id), &shared, &format!("around-{user_id}-{radius}")))
}

/// The first page, whenever it has changed, as Server-Sent Events; with `any_change` also whenever others have.
#[get("/leaderboard/<id>/live", data = "<parameters>")]
pub async fn live(
    looker: Looker,
    app: &State<App>,
    id: LeaderboardIdPath,
    parameters: Parameters,
    mut shutdown: Shutdown,
) -> Result<EventStream![Event], ApiError> {
    let board = looker.board(&app.standings.catalog(), Some(id.known()?))?;
    let any_change = parameters.optional("any_change").ok().flatten().unwrap_or(false);
    let key = Key::today(board.id, board.period(period(&parameters)));
    let mut views = app.standings.watch(key);
    views.mark_changed();
    let stream = EventStream! {
        let mut last: Option<Arc<str>> = None;
        loop {
            tokio::select! {
                changed = views.changed() => if changed.is_err() { break },
                _ = &mut shutdown => break,
            }
            let Some(view) = views.borrow_and_update().clone() else { continue };
            if !looker.may_see(&view.board) {
                break;
            }
            // Made once for all who listen, and for all who ask for the page.
            let page = shared_page(&view, 0, PAGE_MAX);
            if !any_change && last.as_ref() == Some(&page) {
                continue;
            }
            yield Event::data(format!("{{\"personal\":{{}},{page}}}")).event("leaderboard");
            last = Some(page);
            tokio::select! {
                () = sleep(LIVE_EVERY) => {}
                _ = &mut shutdown => break,
            }
        }
    };
    Ok(stream.heartbeat(HEARTBEAT_EVERY))
}

/// The reply with standings; `what` tells it from other replies with the same view.
fn ready(app: &App, view: &View, for_user: Option<UserId>, shared: &str, what: &str) -> StandingsPage {
    let mut body = b"{\"personal\":".to_vec();
    write_json(&mut body, &personal(view, for_user));
    body.push(b',');
    body.extend_from_slice(shared.as_bytes());
    body.push(b'}');
    let tag = Some(format!("\"{}-{what}\"", view.version()));
    StandingsPage { status: Status::Ok, body, tag, public: view.board.is_public() && app.public }
}

/// The reply while standings are not there yet.
fn building(board: &Leaderboard) -> StandingsPage {
    #[derive(Serialize)]
    struct Building<'b> {
        personal: PersonalPart<'static>,
        leaderboard: &'b Leaderboard,
        users: [(); 0],
        reason: &'static str,
    }
    let mut body = Vec::new();
    let personal = PersonalPart::Nobody {};
    let reason = "The standings are being built. Please try again in a moment.";
    write_json(&mut body, &Building { personal, leaderboard: board, users: [], reason });
    StandingsPage { status: Status::Accepted, body, tag: None, public: false }
}

fn personal(view: &View, for_user: Option<UserId>) -> PersonalPart<'_> {
    let Some(user_id) = for_user else { return PersonalPart::Nobody {} };
    let entry = view.ranked.get(user_id);
    PersonalPart::Someone(Personal {
        user: entry.map(|entry| RankedUser::new(&view.catalog, entry)),
        position: entry.map(|entry| entry.position),
    })
}

/// `"leaderboard":{…},"users":[…]` of a page, which every reply with that page has.
fn shared_page(view: &View, page: usize, limit: usize) -> Arc<str> {
    view.page(page, limit, || render(view, view.ranked.page(page.saturating_mul(PAGE_MAX), limit)))
}

fn render(view: &View, entries: &[Entry]) -> String {
    let users = entries.iter().map(|entry| RankedUser::new(&view.catalog, entry)).collect();
    let text = serde_json::to_string(&SharedPart { leaderboard: &view.board, users });
    let text = text.expect("plain data has a JSON form");
    text[1..text.len() - 1].to_owned()
}

fn write_json(body: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(body, value).expect("plain data has a JSON form, and memory takes it");
}
