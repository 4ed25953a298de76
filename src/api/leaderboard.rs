//! `/leaderboard`: who leads, for everyone to see.

use std::borrow::Cow;
use std::sync::Arc;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::stream::{Event, EventStream};
use rocket::response::{self, Responder, Response};
use rocket::{Shutdown, State, get};
use serde::Serialize;
use tokio::time::{Duration, interval, sleep};

use crate::domain::{Leaderboard, LeaderboardId, UserId, drawn_avatar};
use crate::standings::{Catalog, Entry, RenderingKey, StandingsKey, View};
use crate::web::App;
use crate::web::compression::{self, AcceptsGzip, Encoded};
use crate::web::error::ApiError;
use crate::web::path::{LeaderboardIdPath, UserIdPath};
use crate::web::reply;
use crate::web::request::Sent;
use crate::web::requests::leaderboard::{FollowBoard, PAGE_MAX, ShowAround, ShowBoard};
use crate::web::viewer::BoardViewer;

/// The shortest time between two messages of a live stream that say that the board has changed.
const LIVE_EVERY: Duration = Duration::from_secs(1);

/// How often a live stream checks whether its listener still may look. If not, the stream has to end within 5 seconds;
/// the check comes twice in that time.
const RIGHTS_EVERY: Duration = Duration::from_secs(2);

/// How often a live stream shows that it is alive if it has nothing else to send.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

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
    fn new(app: &App, catalog: &'c Catalog, entry: &Entry) -> RankedUser<'c> {
        let user = catalog.users.get(&entry.user_id);
        let base = &app.site.base;
        RankedUser {
            id: entry.user_id,
            username: catalog.username(entry.user_id),
            name: user.and_then(|user| user.name.as_deref()),
            avatar_template: match user {
                Some(user) => base.of(&user.avatar_template),
                None => base.of(&drawn_avatar(entry.user_id)).into_owned().into(),
            },
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

/// `{}` if no user was asked for.
#[derive(Debug, Serialize)]
struct Nobody {}

/// A page without the place of any one user.
#[derive(Debug, Serialize)]
struct BoardPage<'v> {
    personal: Nobody,
    leaderboard: &'v Leaderboard,
    users: Vec<RankedUser<'v>>,
}

/// The bytes of a page.
enum Body {
    /// The bytes that the view keeps for everyone who asks.
    Kept(Encoded),
    /// Bytes that were made for one reply.
    Made(Vec<u8>),
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        match self {
            Body::Kept(kept) => &kept.bytes,
            Body::Made(bytes) => bytes,
        }
    }
}

/// A page of standings, ready to be sent.
pub struct StandingsPage {
    status: Status,
    body: Body,
    /// The name of this page at this moment. `None` if the page is not there yet.
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
        let is_gzip = matches!(&self.body, Body::Kept(kept) if kept.is_gzip);
        let known = reply::is_known(request, &tag);
        let mut response: Response<'static> = if known {
            Response::build().status(Status::NotModified).finalize()
        } else {
            reply::raw_json(self.status, self.body)
        };
        if is_gzip && !known {
            compression::mark(&mut response);
        }
        let cache = if self.public { "public, max-age=1, must-revalidate" } else { "private, no-cache" };
        response.set_raw_header("Cache-Control", cache);
        response.set_raw_header("ETag", tag);
        Ok(response)
    }
}

/// The standings of the first board.
#[get("/leaderboard", data = "<asked>")]
pub async fn first(
    viewer: BoardViewer,
    app: &State<App>,
    accepts: AcceptsGzip,
    asked: Sent<ShowBoard>,
) -> Result<StandingsPage, ApiError> {
    page(viewer, app, accepts, None, &asked).await
}

/// The standings of a board.
#[get("/leaderboard/<id>", data = "<asked>")]
pub async fn show(
    viewer: BoardViewer,
    app: &State<App>,
    accepts: AcceptsGzip,
    id: LeaderboardIdPath,
    asked: Sent<ShowBoard>,
) -> Result<StandingsPage, ApiError> {
    page(viewer, app, accepts, Some(id.known()?), &asked).await
}

async fn page(
    viewer: BoardViewer,
    app: &App,
    accepts: AcceptsGzip,
    id: Option<LeaderboardId>,
    asked: &Sent<ShowBoard>,
) -> Result<StandingsPage, ApiError> {
    let board = viewer.board(&app.standings.catalog(), id)?;
    let asked = asked.read()?;
    let key = StandingsKey::today(board.id, board.period(asked.period));
    let Some(view) = app.standings.view(key).await else { return Ok(building(&board)) };
    let for_user = asked.for_user_id.map(|id| format!("-{id}")).unwrap_or_default();
    let body = match asked.for_user_id {
        None => Body::Kept(encoded_page(app, &view, asked.page(), asked.limit(), accepts)),
        Some(user_id) => with_personal(app, &view, user_id, &kept_page(app, &view, asked.page(), asked.limit())),
    };
    Ok(ready(app, &view, body, &format!("{}-{}{for_user}", asked.page(), asked.limit())))
}

/// A user's neighbours.
#[get("/leaderboard/<id>/around/<user_id>", data = "<asked>")]
pub async fn around(
    viewer: BoardViewer,
    app: &State<App>,
    id: LeaderboardIdPath,
    user_id: UserIdPath,
    asked: Sent<ShowAround>,
) -> Result<StandingsPage, ApiError> {
    let board = viewer.board(&app.standings.catalog(), Some(id.known()?))?;
    let user_id = user_id.known()?;
    let asked = asked.read()?;
    let radius = asked.radius();
    let key = StandingsKey::today(board.id, board.period(asked.period));
    let Some(view) = app.standings.view(key).await else { return Ok(building(&board)) };
    let body = with_personal(app, &view, user_id, &render(app, &view, &view.ranked.around(user_id, radius)));
    Ok(ready(app, &view, body, &format!("around-{user_id}-{radius}")))
}

/// Sends the first page as Server-Sent Events whenever it has changed. With `any_change`, also sends it whenever other
/// pages have changed.
#[get("/leaderboard/<id>/live", data = "<asked>")]
pub async fn live<'r>(
    viewer: BoardViewer,
    app: &'r State<App>,
    id: LeaderboardIdPath,
    asked: Sent<FollowBoard>,
    mut shutdown: Shutdown,
) -> Result<EventStream![Event + 'r], ApiError> {
    let board = viewer.board(&app.standings.catalog(), Some(id.known()?))?;
    let asked = asked.read()?;
    let any_change = asked.any_change.unwrap_or(false);
    let key = StandingsKey::today(board.id, board.period(asked.period));
    let mut views = app.standings.watch(key);
    views.mark_changed();
    let listening = app.live.enter();
    let stream = EventStream! {
        let _listening = listening;
        let mut last: Option<Arc<[u8]>> = None;
        let mut rights = interval(RIGHTS_EVERY);
        loop {
            let changed = tokio::select! {
                changed = views.changed() => if changed.is_err() { break } else { true },
                _ = rights.tick() => false,
                _ = &mut shutdown => break,
            };
            // Since the last check a key may have been revoked, a board hidden, or its other periods switched off.
            let served = viewer.board(&app.standings.catalog(), Some(key.board));
            if !served.is_ok_and(|board| board.period(asked.period) == key.period) || !viewer.still_may_look(app) {
                break;
            }
            if !changed {
                continue;
            }
            let Some(view) = views.borrow_and_update().clone() else { continue };
            // The page is made once for all who listen, and for all who ask for it.
            let page = kept_page(app, &view, 0, PAGE_MAX);
            if !any_change && last.as_ref() == Some(&page) {
                continue;
            }
            yield Event::data(String::from_utf8_lossy(&page).into_owned()).event("leaderboard");
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
fn ready(app: &App, view: &View, body: Body, what: &str) -> StandingsPage {
    let tag = Some(format!("\"{}-{what}\"", view.version()));
    StandingsPage { status: Status::Ok, body, tag, public: view.board.is_public() && app.public }
}

/// The reply while standings are not there yet.
fn building(board: &Leaderboard) -> StandingsPage {
    #[derive(Serialize)]
    struct Building<'b> {
        personal: Nobody,
        leaderboard: &'b Leaderboard,
        users: [(); 0],
        reason: &'static str,
    }
    let reason = "The standings are being built. Please try again in a moment.";
    let body = serde_json::to_vec(&Building { personal: Nobody {}, leaderboard: board, users: [], reason });
    let body = Body::Made(body.expect("plain data has a JSON form"));
    StandingsPage { status: Status::Accepted, body, tag: None, public: false }
}

/// The beginning of a page without the place of any one user.
const FOR_NOBODY: &str = "{\"personal\":{}";

/// A page with the place of a user in it.
fn with_personal(app: &App, view: &View, user_id: UserId, page: &[u8]) -> Body {
    let entry = view.ranked.get(user_id);
    let personal = Personal {
        user: entry.map(|entry| RankedUser::new(app, &view.catalog, &entry)),
        position: entry.map(|entry| entry.position),
    };
    let mut body = b"{\"personal\":".to_vec();
    serde_json::to_writer(&mut body, &personal).expect("plain data has a JSON form, and memory takes it");
    body.extend_from_slice(&page[FOR_NOBODY.len()..]);
    Body::Made(body)
}

/// A page without the place of any one user. It is made once for each view.
fn kept_page(app: &App, view: &View, page: usize, limit: usize) -> Arc<[u8]> {
    view.kept(page_key(page, limit), || render(app, view, &view.page(page, limit)))
}

/// The same in the form that the client accepts. It is compressed once for each view.
fn encoded_page(app: &App, view: &View, page: usize, limit: usize, accepts: AcceptsGzip) -> Encoded {
    Encoded::kept(view, page_key(page, limit), accepts, || render(app, view, &view.page(page, limit)))
}

fn page_key(page: usize, limit: usize) -> RenderingKey {
    // Most people ask for the whole page, so this has variant 0.
    let variant = PAGE_MAX.saturating_sub(limit) as u64;
    RenderingKey { form: "json", page, variant, compressed: false }
}

fn render(app: &App, view: &View, entries: &[Entry]) -> Vec<u8> {
    let users = entries.iter().map(|entry| RankedUser::new(app, &view.catalog, entry)).collect();
    let page = BoardPage { personal: Nobody {}, leaderboard: &view.board, users };
    serde_json::to_vec(&page).expect("plain data has a JSON form")
}
