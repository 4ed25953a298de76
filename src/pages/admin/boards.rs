//! `/admin/boards`: the leaderboards, and making another.

use askama::Template;
use rocket::{State, get, post};

use super::field::Field;
use super::form::{Filling, Form, FormRefusal, SentForm, minted_key};
use super::frame::{Frame, Tab};
use super::{Layout, go};
use crate::actions::NewBoard;
use crate::domain::{Leaderboard, LeaderboardId, Scope};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::leaderboard::period_label;
use crate::store::leaderboards;
use crate::web::App;
use crate::web::caller::need;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::kinds::After;
use crate::web::parameters::Parameters;
use crate::web::requests::boards::NameBoard;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// How many boards a page has.
const BOARDS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "admin/boards.html")]
struct BoardsPage {
    layout: Layout,
    admin: Frame,
    rows: Vec<BoardRow>,
    /// Whether the list begins with its first board.
    first_page: bool,
    /// Where the list goes on.
    next: Option<String>,
    name: Field,
    key: String,
    address: Address,
}

struct BoardRow {
    id: LeaderboardId,
    name: String,
    period: &'static str,
    days: String,
    ranked: String,
    public: bool,
}

impl BoardRow {
    fn new(board: &Leaderboard) -> BoardRow {
        let ranked = match (board.included_groups_ids.len(), board.excluded_groups_ids.len()) {
            (0, 0) => "everyone".to_owned(),
            (0, out) => format!("everyone but {}", format::count(out as i64, "group", "groups")),
            (within, 0) => format::count(within as i64, "group", "groups"),
            (within, out) => format!("{} but {out}", format::count(within as i64, "group", "groups")),
        };
        let days = match (board.from_date, board.to_date) {
            (None, None) => "all".to_owned(),
            (Some(from), None) => format!("from {}", format::short_date(from)),
            (None, Some(to)) => format!("until {}", format::short_date(to)),
            (Some(from), Some(to)) => format!("{} to {}", format::short_date(from), format::short_date(to)),
        };
        BoardRow {
            id: board.id,
            name: format::cut(&format::plain(board.name.as_str()), 80),
            period: period_label(board.default_period),
            days,
            ranked,
            public: board.is_public(),
        }
    }
}

/// The list after the board of that number, with the form below it.
async fn page(app: &App, admin: Frame, address: Address, after: i64, filling: Filling<'_>) -> Result<Html, ErrorPage> {
    let (boards, more) = if admin.may_read() {
        app.store.read(move |connection| leaderboards::page(connection, after, BOARDS_MAX)).await?
    } else {
        (Vec::new(), false)
    };
    let template = BoardsPage {
        layout: admin.layout(),
        admin,
        rows: boards.iter().map(BoardRow::new).collect(),
        first_page: after == 0,
        next: boards.last().filter(|_| more).map(|last| format!("{}?after={}", Tab::Boards.path(), last.id.0)),
        name: Field::text("name", "Name").value(filling.value("name", "")).required().fault(filling.fault()),
        key: minted_key()?,
        address,
    };
    Ok(Html::new(&template)?.status(filling.status()).unkept())
}

/// Shows the list.
#[get("/admin/boards", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::SeeBoards>,
    address: Address,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let after = parameters.optional("after").ok().flatten().map_or(0, After::get);
    page(app, Frame::after(Tab::Boards, &me.0, parameters.text("done")), address, after, Filling::Stored).await
}

/// Stores the board that a form asks for, once for each key of a form.
async fn store_new(app: &App, me: &SignedIn, form: &Form) -> Result<LeaderboardId, FormRefusal> {
    let new = form.read_filled::<NameBoard>().and_then(NewBoard::try_from);
    let new = new.map_err(|error| FormRefusal::of(error, "name"))?;
    let key = SentIdempotencyKey::of_form(form.typed("key")).read().map_err(ErrorPage::from)?;
    let made = app.actions.create_board_once(&me.actor, new, key).await;
    Ok(made.map_err(|refusal| FormRefusal::of(refusal, "name"))?.outcome)
}

/// Makes a board.
#[post("/admin/boards", data = "<form>")]
pub async fn create(
    _browser: Browser,
    editor: SignedInFor<need::SetUpBoards>,
    address: Address,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    match store_new(app, &me, &form).await {
        Ok(id) if me.actor.require(Scope::EventsRead).is_ok() => {
            Ok(go(&format!("/admin/boards/{}", id.0), "board-created"))
        }
        // This key may not look at the leaderboard that it has made.
        Ok(_) => Ok(go(Tab::Boards.path(), "board-made")),
        Err(refusal) => {
            page(app, Frame::new(Tab::Boards, &me), address, 0, Filling::Refused(&form, &refusal.fault()?)).await
        }
    }
}
