//! `/admin/people/many`: names for many users at once.

use std::time::Instant;

use askama::Template;
use rocket::http::Status;
use rocket::{State, get, post};

use super::input::Source;
use super::lines::{self, BadLine, NoLines};
use super::preview::{Bad, SHOWN_MAX, more};
use crate::domain::{User, UserId, drawn_avatar, fallback_username};
use crate::pages::admin::field::Field;
use crate::pages::admin::form::{Fault, Form, SentForm};
use crate::pages::admin::frame::{Frame, Tab};
use crate::pages::admin::{Layout, go};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::directory::{Put, UserChange};
use crate::store::user_batches::{self, Judged};
use crate::store::{BUSY_LIMIT, ReadConnection};
use crate::tables::{self, Cells, Row};
use crate::web::App;
use crate::web::caller::need;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::requests::directory::UserOfBatch;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// The longest text that a row of the preview shows of a change, in characters.
const CHANGES_MAX: usize = 160;

const TABLE: Source = Source { pasted: "table", file: "table_file" };

#[derive(Template)]
#[template(path = "admin/many_users.html")]
struct ManyPage {
    layout: Layout,
    admin: Frame,
    table: Field,
    table_file: Field,
}

#[derive(Template)]
#[template(path = "admin/many_users_preview.html")]
struct PreviewPage {
    layout: Layout,
    admin: Frame,
    /// Whether it was tried to store them although some are bad.
    refused: bool,
    users: String,
    new: String,
    changed: String,
    same: String,
    rows: Vec<UserRow>,
    more: Option<String>,
    bad: Bad,
    /// All that was typed, to be sent again.
    text: String,
}

/// What becomes of one line.
struct UserRow {
    number: u64,
    id: UserId,
    username: String,
    new: bool,
    /// What is different afterwards, in words; empty if nothing is.
    changes: String,
}

/// A line of the table. Each value is read as the parameter of that name.
struct UserLine([Option<String>; 5]);

impl Row for UserLine {
    const COLUMNS: &'static [&'static str] = &["id", "username", "name", "avatar_template", "suspended"];
    const NEEDED: &'static [&'static [&'static str]] = &[&["id"]];

    fn read(cells: &Cells<'_>) -> Result<UserLine, tables::Fault> {
        let mut texts = [const { None }; 5];
        for (column, text) in texts.iter_mut().enumerate() {
            *text = cells.text(column)?.map(String::from);
        }
        // A spreadsheet writes these words in capitals.
        if let Some(suspended) = &mut texts[4] {
            *suspended = suspended.trim().to_lowercase();
        }
        Ok(UserLine(texts))
    }
}

/// The lines of a form.
#[derive(Default)]
struct Lines {
    /// Where each change stands, and what it is.
    good: Vec<(u64, UserId, UserChange, Option<User>)>,
    bad: Vec<BadLine>,
}

/// The form, with what `typed` gives, and with what is wrong.
fn form_page(me: &SignedIn, typed: &str, fault: Option<&Fault>) -> Result<Html, ErrorPage> {
    let admin = Frame::new(Tab::People, me);
    let template = ManyPage {
        layout: admin.layout(),
        admin,
        table: Field::area("table", "Lines of a table").value(typed).rows(8).fault(fault),
        table_file: Field::file("table_file", "Or a CSV file").fault(fault),
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault)).unkept())
}

/// Reads the lines of a form; where the form as a whole is wrong, the page that says so.
async fn read(app: &App, me: &SignedIn, form: &mut Form) -> Result<Result<Lines, Html>, ErrorPage> {
    match read_lines(app, form).await {
        Ok(lines) => Ok(Ok(lines)),
        Err(NoLines::Page(page)) => Err(page),
        Err(NoLines::Fault(fault)) => form_page(me, form.typed(TABLE.pasted), Some(&fault)).map(Err),
    }
}

async fn read_lines(app: &App, form: &mut Form) -> Result<Lines, NoLines> {
    let rows = lines::rows_of_table::<UserLine>(TABLE.take(form)?, TABLE.pasted).await?;
    let mut lines = Lines::default();
    let (mut numbers, mut changes): (Vec<u64>, Vec<(UserId, UserChange)>) = Default::default();
    for tables::Line { number, row } in rows {
        match row.map_err(|fault| BadLine { number, why: fault.to_string() }).and_then(|row| change(number, row)) {
            Ok(change) => {
                numbers.push(number);
                changes.push(change);
            }
            Err(bad) => lines.bad.push(bad),
        }
    }
    let judge = move |connection: &ReadConnection<'_>| {
        user_batches::judge(connection, &changes).map(|judged| (changes, judged))
    };
    let (changes, judged) = app.store.read(judge).await?;
    for ((number, (id, change)), judged) in numbers.into_iter().zip(changes).zip(judged) {
        let why = match judged {
            Judged::Good(before) => {
                lines.good.push((number, id, change, before));
                continue;
            }
            Judged::Bad(Put::NameMissing) => "username: it is missing, and nobody has this number yet",
            Judged::Bad(_) => "username: this name is taken",
        };
        lines.bad.push(BadLine { number, why: why.to_owned() });
    }
    lines.bad.sort_by_key(|line| line.number);
    Ok(lines)
}

/// Reads a line as the API reads a user of a batch.
fn change(number: u64, UserLine(texts): UserLine) -> Result<(UserId, UserChange), BadLine> {
    let mut parameters = Parameters::default();
    for (name, text) in UserLine::COLUMNS.iter().zip(texts) {
        if let Some(text) = text {
            parameters.set(name, text);
        }
    }
    let user = UserOfBatch::read(&parameters).map_err(|error| BadLine::of(number, &error))?;
    Ok(user.into())
}

/// The empty form.
#[get("/admin/people/many")]
pub async fn form(_browser: Browser, editor: SignedInFor<need::NameUsers>) -> Result<Html, ErrorPage> {
    form_page(&editor.0, "", None)
}

/// The form with what was typed, so that it can be changed.
#[post("/admin/people/many/again", data = "<form>")]
pub async fn again(_browser: Browser, editor: SignedInFor<need::NameUsers>, form: SentForm) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    form_page(&editor.0, form.typed(TABLE.pasted), None)
}

/// Shows what the lines would change, and what is wrong in them.
#[post("/admin/people/many/preview", data = "<form>")]
pub async fn preview(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    match read(app, &me, &mut form).await? {
        Ok(lines) => preview_page(&me, &form, lines, false),
        Err(page) => Ok(page),
    }
}

/// Stores the lines in one transaction. Sent twice, they change nothing the second time.
#[post("/admin/people/many", data = "<form>")]
pub async fn store(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    let lines = match read(app, &me, &mut form).await? {
        Ok(lines) => lines,
        Err(page) => return Ok(page),
    };
    if lines.good.is_empty() || !lines.bad.is_empty() && form.typed("leave_out") != "true" {
        return preview_page(&me, &form, lines, true);
    }
    let changes = lines.good.into_iter().map(|(_, id, change, _)| (id, change)).collect();
    app.actions.put_users(&me.actor, changes, Instant::now() + BUSY_LIMIT).await?;
    Ok(go(Tab::People.path(), "users-saved"))
}

/// What is different after a change, in words.
fn differences(id: UserId, change: &UserChange, before: Option<&User>) -> Vec<String> {
    let mut words = Vec::new();
    if let Some((_, user)) = change.username.as_ref().zip(before).filter(|(now, user)| **now != user.username) {
        words.push(format!("was {}", user.username.as_str()));
    }
    let name = before.and_then(|user| user.name.as_deref()).unwrap_or_default();
    if let Some(now) = change.name.as_deref().filter(|now| *now != name) {
        words.push(if now.is_empty() { "no full name".to_owned() } else { format!("name {now}") });
    }
    let drawn = drawn_avatar(id);
    let picture = before.map(|user| user.avatar_template.as_str()).unwrap_or(&drawn);
    if let Some(now) = change.avatar_template.as_deref() {
        let now = if now.is_empty() { &drawn } else { now };
        if now != picture {
            words.push("another picture".to_owned());
        }
    }
    // Who is not in the directory and gets no name is somebody forgotten, whose suspension ends.
    let was_suspended = before.map_or(change.username.is_none(), |user| user.suspended);
    match change.suspended.filter(|now| *now != was_suspended) {
        Some(true) => words.push("suspended".to_owned()),
        Some(false) => words.push("suspended no longer".to_owned()),
        None => {}
    }
    words
}

/// The preview. `refused` says that it was tried to store lines of which some are bad.
fn preview_page(me: &SignedIn, form: &Form, lines: Lines, refused: bool) -> Result<Html, ErrorPage> {
    let Lines { good, bad } = lines;
    let row = |(number, id, change, before): &(u64, UserId, UserChange, Option<User>)| {
        let username = change.username.as_ref().or(before.as_ref().map(|user| &user.username));
        let username = username.map_or_else(|| fallback_username(*id), |name| name.as_str().to_owned());
        let changes = differences(*id, change, before.as_ref()).join(", ");
        UserRow {
            number: *number,
            id: *id,
            username: format::plain(&username).into_owned(),
            new: before.is_none() && change.username.is_some(),
            changes: format::cut(&format::plain(&changes), CHANGES_MAX),
        }
    };
    let mut rows: Vec<UserRow> = good.iter().map(row).collect();
    let new = rows.iter().filter(|row| row.new).count();
    let changed = rows.iter().filter(|row| !row.new && !row.changes.is_empty()).count();
    let number = |count: usize| format::number(count as i64);
    rows.truncate(SHOWN_MAX);
    let admin = Frame::new(Tab::People, me);
    let template = PreviewPage {
        layout: admin.layout(),
        admin,
        refused: refused && !bad.is_empty(),
        users: format::count(good.len() as i64, "user", "users"),
        new: number(new),
        changed: number(changed),
        same: number(good.len() - new - changed),
        more: more(good.len(), rows.len(), "user", "users"),
        rows,
        bad: Bad::new(&bad),
        text: form.typed(TABLE.pasted).to_owned(),
    };
    let status = if refused { Status::UnprocessableEntity } else { Status::Ok };
    Ok(Html::new(&template)?.status(status).unkept())
}
