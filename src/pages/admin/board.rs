//! `/admin/boards/ID`: all settings of one leaderboard.

use std::collections::BTreeMap;

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirmation;
use super::embed_card::EmbedCard;
use super::field::Field;
use super::form::{Filling, Form, FormRefusal, SentForm};
use super::frame::{Frame, Tab};
use super::{Layout, go};
use crate::domain::{EventDate, Group, GroupId, Leaderboard, LeaderboardId, LeaderboardSettings, Period};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::leaderboard::period_label;
use crate::standings::Catalog;
use crate::store::leaderboards;
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::LeaderboardIdPath;
use crate::web::requests::boards::ReplaceBoard;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// How many groups are offered for each purpose, not counting those that are chosen already.
const GROUPS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "admin/board.html")]
struct BoardPage {
    layout: Layout,
    admin: Frame,
    id: LeaderboardId,
    title: String,
    updated: String,
    name: Field,
    from_date: Field,
    to_date: Field,
    periods: Vec<Choice>,
    filter_disabled: bool,
    groups: Vec<GroupChoices>,
    /// Whether there are more groups than are offered.
    more_groups: bool,
    /// A fault in something that has no field of its own.
    fault: Option<String>,
    deletable: bool,
    /// How to show the board on another site.
    embed: EmbedCard,
}

/// Something to choose.
struct Choice {
    value: i64,
    label: String,
    chosen: bool,
}

/// The groups that a board may have for one purpose, and which of them it has.
struct GroupChoices {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    choices: Vec<Choice>,
}

/// The lists of groups, with what they mean.
const LISTS: [(&str, &str, &str); 3] = [
    ("included_groups_ids", "Ranked groups", "None chosen: everyone is ranked."),
    ("excluded_groups_ids", "Groups left out", "Their members are not ranked, even if another group of theirs is."),
    ("visible_to_groups_ids", "Visible to", "None chosen: everyone. Otherwise signed-in keepers and API keys only."),
];

async fn find(app: &App, id: LeaderboardId) -> Result<Leaderboard, ErrorPage> {
    let board = app.store.read(move |connection| leaderboards::get(connection, id)).await?;
    Ok(board.ok_or(ApiError::NotFound)?)
}

impl GroupChoices {
    /// The lists of groups: each offers the first groups by number, and all that are `chosen`.
    fn all(catalog: &Catalog, chosen: impl Fn(&str) -> Vec<i64>) -> Vec<GroupChoices> {
        let groups = catalog.groups();
        let name = |group: &Group| format::cut(&format::plain(&group.name), 80);
        let list = |(list, label, hint)| {
            let chosen = chosen(list);
            let first = groups.iter().take(GROUPS_MAX).map(|group| (i64::from(group.id), name(group)));
            let mut offered: BTreeMap<i64, String> = first.collect();
            for id in &chosen {
                // A group that has been deleted stays chosen until somebody takes it out.
                let named = || match groups.binary_search_by_key(id, |group| group.id.into()) {
                    Ok(at) => name(&groups[at]),
                    Err(_) => format!("group {id}, deleted"),
                };
                offered.entry(*id).or_insert_with(named);
            }
            let choices = offered.into_iter();
            let choices = choices.map(|(value, label)| Choice { value, label, chosen: chosen.contains(&value) });
            GroupChoices { name: list, label, hint, choices: choices.collect() }
        };
        LISTS.map(list).into()
    }
}

/// The periods that a board may show first.
fn periods(chosen: &str) -> Vec<Choice> {
    let choice = |period: Period| Choice {
        value: period.number().into(),
        label: period_label(period).to_owned(),
        chosen: period.number().to_string() == chosen,
    };
    Period::ALL.map(choice).into()
}

async fn page(
    app: &App,
    admin: Frame,
    address: &Address,
    id: LeaderboardId,
    filling: Filling<'_>,
) -> Result<Html, ErrorPage> {
    let board = find(app, id).await?;
    let catalog = app.standings.catalog();
    let chosen = |name: &str| -> Vec<i64> {
        match (filling, name) {
            (Filling::Refused(form, _), _) => form.all(name).iter().filter_map(|text| text.parse().ok()).collect(),
            (Filling::Stored, "included_groups_ids") => numbers(&board.included_groups_ids),
            (Filling::Stored, "excluded_groups_ids") => numbers(&board.excluded_groups_ids),
            (Filling::Stored, _) => numbers(&board.visible_to_groups_ids),
        }
    };
    let date =
        |name, stored: Option<EventDate>| filling.value(name, stored.map(|date| date.to_string()).unwrap_or_default());
    let (fault, may_write) = (filling.fault(), admin.may_set_up_boards());
    let template = BoardPage {
        layout: admin.layout(),
        id,
        title: format::plain(board.name.as_str()).into_owned(),
        updated: format::moment(board.updated_at),
        name: Field::text("name", "Name")
            .value(filling.value("name", board.name.as_str()))
            .required()
            .locked_unless(may_write)
            .fault(fault),
        from_date: Field::date("from_date", "First day")
            .value(date("from_date", board.from_date))
            .hint("Scores of earlier days do not count.")
            .locked_unless(may_write)
            .fault(fault),
        to_date: Field::date("to_date", "Last day")
            .value(date("to_date", board.to_date))
            .hint("Scores of later days do not count.")
            .locked_unless(may_write)
            .fault(fault),
        periods: periods(&filling.value("default_period", board.default_period.number().to_string())),
        filter_disabled: filling.flag("period_filter_disabled", board.period_filter_disabled),
        more_groups: catalog.groups().len() > GROUPS_MAX,
        groups: GroupChoices::all(&catalog, chosen),
        fault: fault
            .filter(|fault| !["name", "from_date", "to_date"].contains(&fault.field))
            .map(|fault| fault.sentence.clone()),
        deletable: id != LeaderboardId::GLOBAL,
        embed: EmbedCard::new(app, &board, address),
        admin,
    };
    let html = Html::new(&template)?.status(filling.status()).unkept();
    Ok(if template.embed.has_preview() { html.with_frames() } else { html })
}

fn numbers(ids: &[GroupId]) -> Vec<i64> {
    ids.iter().map(|id| i64::from(*id)).collect()
}

/// Shows a board.
#[get("/admin/boards/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedInFor<need::ReadEvents>,
    app: &State<App>,
    address: Address,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(app, Frame::after(Tab::Boards, &me.0, parameters.text("done")), &address, id.known()?, Filling::Stored).await
}

/// Stores the settings of a board that a form asks for.
async fn save(app: &App, me: &SignedIn, id: LeaderboardId, form: &Form) -> Result<(), FormRefusal> {
    let asked = form.read_filled::<ReplaceBoard>().and_then(LeaderboardSettings::try_from);
    let settings = asked.map_err(|error| FormRefusal::of(error, "name"))?;
    let saved = app.actions.update_board(&me.actor, id, settings).await;
    saved.map_err(|refusal| FormRefusal::of(refusal, "name"))
}

/// Replaces all settings of a board.
#[post("/admin/boards/<id>", data = "<form>")]
pub async fn update(
    _browser: Browser,
    editor: SignedInFor<need::SetUpBoards>,
    app: &State<App>,
    address: Address,
    id: LeaderboardIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    let id = id.known()?;
    match save(app, &me, id, &form).await {
        Ok(()) => Ok(go(&format!("/admin/boards/{}", id.0), "board-saved")),
        Err(refusal) => {
            page(app, Frame::new(Tab::Boards, &me), &address, id, Filling::Refused(&form, &refusal.fault()?)).await
        }
    }
}

/// Asks whether a board is to be deleted.
#[get("/admin/boards/<id>/delete")]
pub async fn ask_delete(
    _browser: Browser,
    editor: SignedInFor<need::SetUpSeenBoards>,
    app: &State<App>,
    id: LeaderboardIdPath,
) -> Result<Html, ErrorPage> {
    let id = id.known()?;
    let board = find(app, id).await?;
    if id == LeaderboardId::GLOBAL {
        return Err(ApiError::LeaderboardProtected.into());
    }
    let here = format!("/admin/boards/{}", id.0);
    let confirmation = Confirmation {
        question: format!("Delete “{}”?", format::plain(board.name.as_str())),
        consequence: "Nobody can open it any more. Events and scores stay as they are.",
        facts: Vec::new(),
        hidden: Vec::new(),
        button: "Delete it",
        action: format!("{here}/delete"),
        back: here,
    };
    confirmation.page(Frame::new(Tab::Boards, &editor.0))
}

/// Deletes a board.
#[post("/admin/boards/<id>/delete", data = "<form>")]
pub async fn delete(
    _browser: Browser,
    editor: SignedInFor<need::SetUpBoards>,
    app: &State<App>,
    id: LeaderboardIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    app.actions.delete_board(&editor.0.actor, id.known()?).await?;
    Ok(go(Tab::Boards.path(), "board-deleted"))
}
