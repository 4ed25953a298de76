//! `/admin/boards/ID`: all that one leaderboard is.

use std::collections::BTreeMap;

use askama::Template;
use rocket::{State, get, post};

use super::confirm::Confirm;
use super::field::Field;
use super::form::{Fault, Form, SentForm};
use super::{Frame, Layout, Tab, go};
use crate::domain::{GroupId, Leaderboard, LeaderboardId, LeaderboardSettings, Period};
use crate::pages::browser::Browser;
use crate::pages::format;
use crate::pages::html::{ErrorPage, Html};
use crate::pages::leaderboard::period_label;
use crate::store::{directory, leaderboards};
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::path::LeaderboardIdPath;
use crate::web::requests::boards::ReplaceBoard;
use crate::web::session::{SignedIn, SignedInEditor};

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
    groups: Vec<Groups>,
    /// What is wrong with something that has no field of its own.
    fault: Option<String>,
    deletable: bool,
}

/// Something to choose.
struct Choice {
    value: i64,
    label: String,
    chosen: bool,
}

/// Groups that a board has for some purpose.
struct Groups {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    choices: Vec<Choice>,
}

/// The lists of groups, with what they mean.
const LISTS: [(&str, &str, &str); 3] = [
    ("included_groups_ids", "Ranked groups", "None chosen: everyone is ranked."),
    ("excluded_groups_ids", "Groups left out", "Their members are not ranked, even if another group of theirs is."),
    ("visible_to_groups_ids", "Visible to", "None chosen: everyone may look. Else only with a key, or signed in."),
];

async fn find(app: &App, id: LeaderboardId) -> Result<(Leaderboard, BTreeMap<i64, String>), ErrorPage> {
    let (boards, groups) =
        app.store.read(move |connection| Ok((leaderboards::list(connection)?, directory::groups(connection)?))).await?;
    let board = boards.into_iter().find(|board| board.id == id).ok_or(ApiError::NotFound)?;
    let name = |name: &str| format::cut(&format::plain(name), 80);
    Ok((board, groups.into_iter().map(|group| (group.id.into(), name(&group.name))).collect()))
}

async fn page(app: &App, admin: Frame, id: LeaderboardId, refused: Option<(&Form, &Fault)>) -> Result<Html, ErrorPage> {
    let (board, groups) = find(app, id).await?;
    let fault = refused.map(|(_, fault)| fault);
    let typed = |name: &str, stored: String| match refused {
        Some((form, _)) => form.typed(name).to_owned(),
        None => stored,
    };
    let date = |date: Option<crate::domain::EventDate>| date.map(|date| date.to_string()).unwrap_or_default();
    let period = typed("default_period", board.default_period.number().to_string());
    let choices = |name: &str, stored: &[GroupId]| -> Vec<Choice> {
        let chosen: Vec<i64> = match refused {
            Some((form, _)) => form.all(name).iter().filter_map(|text| text.parse().ok()).collect(),
            None => stored.iter().map(|id| i64::from(*id)).collect(),
        };
        // A group that is gone stays chosen until somebody takes it out.
        let gone = chosen.iter().filter(|id| !groups.contains_key(id)).map(|id| (*id, format!("group {id}, deleted")));
        let known = groups.iter().map(|(id, name)| (*id, name.clone()));
        let choice = |(value, label)| Choice { value, label, chosen: chosen.contains(&value) };
        known.chain(gone).map(choice).collect()
    };
    let stored = [&board.included_groups_ids, &board.excluded_groups_ids, &board.visible_to_groups_ids];
    let lists = LISTS.iter().zip(stored).map(|((name, label, hint), stored)| Groups {
        name,
        label,
        hint,
        choices: choices(name, stored),
    });
    let may_write = admin.may_write();
    let own = ["name", "from_date", "to_date"];
    let template = BoardPage {
        layout: admin.layout(),
        id,
        title: format::plain(board.name.as_str()).into_owned(),
        updated: format::moment(board.updated_at),
        name: Field::text("name", "Name")
            .value(typed("name", board.name.as_str().to_owned()))
            .required()
            .locked_unless(may_write)
            .fault(fault),
        from_date: Field::date("from_date", "First day")
            .value(typed("from_date", date(board.from_date)))
            .hint("Scores of earlier days do not count.")
            .locked_unless(may_write)
            .fault(fault),
        to_date: Field::date("to_date", "Last day")
            .value(typed("to_date", date(board.to_date)))
            .hint("Scores of later days do not count.")
            .locked_unless(may_write)
            .fault(fault),
        periods: Period::ALL
            .into_iter()
            .map(|each| Choice {
                value: each.number().into(),
                label: period_label(each).to_owned(),
                chosen: each.number().to_string() == period,
            })
            .collect(),
        filter_disabled: match refused {
            Some((form, _)) => form.typed("period_filter_disabled") == "true",
            None => board.period_filter_disabled,
        },
        groups: lists.collect(),
        fault: fault.filter(|fault| !own.contains(&fault.field)).map(|fault| fault.sentence.clone()),
        deletable: id != LeaderboardId::GLOBAL,
        admin,
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault)).unkept())
}

/// Shows a board.
#[get("/admin/boards/<id>", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    me: SignedIn,
    app: &State<App>,
    id: LeaderboardIdPath,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(app, Frame::after(Tab::Boards, &me, parameters.text("done")), id.known()?, None).await
}

/// Replaces all of a board.
#[post("/admin/boards/<id>", data = "<form>")]
pub async fn update(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    id: LeaderboardIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    let id = id.known()?;
    let saved = match form.read_filled::<ReplaceBoard>().and_then(LeaderboardSettings::try_from) {
        Ok(settings) => app.actions.update_board(&editor.0.actor, id, settings).await.map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match saved {
        Ok(()) => Ok(go(&format!("/admin/boards/{}", id.0), "board-saved")),
        Err(error) => {
            let fault = Fault::of(error, "name")?;
            page(app, Frame::new(Tab::Boards, &editor.0), id, Some((&form, &fault))).await
        }
    }
}

/// Asks whether a board is to be deleted.
#[get("/admin/boards/<id>/delete")]
pub async fn ask_delete(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    id: LeaderboardIdPath,
) -> Result<Html, ErrorPage> {
    const CONSEQUENCE: &str = "Nobody can look at it any more. Events and scores stay as they are.";
    let id = id.known()?;
    let (board, _) = find(app, id).await?;
    if id == LeaderboardId::GLOBAL {
        return Err(ApiError::LeaderboardProtected.into());
    }
    let here = format!("/admin/boards/{}", id.0);
    let question = format!("Delete “{}”?", format::plain(board.name.as_str()));
    let frame = Frame::new(Tab::Boards, &editor.0);
    Confirm::new(frame, question, CONSEQUENCE, "Delete it", format!("{here}/delete"), here).page()
}

/// Deletes a board.
#[post("/admin/boards/<id>/delete", data = "<form>")]
pub async fn delete(
    _browser: Browser,
    editor: SignedInEditor,
    app: &State<App>,
    id: LeaderboardIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    form.of(&editor.0)?;
    app.actions.delete_board(&editor.0.actor, id.known()?).await?;
    Ok(go(Tab::Boards.path(), "board-deleted"))
}
