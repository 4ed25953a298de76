//! `/admin/award/many`: points for many people at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use rocket::http::Status;
use rocket::{State, get, post};

use super::input::Source;
use super::lines::{self, GoodLine, Lines, NoLines};
use super::preview::{Bad, SHOWN_MAX, more};
use crate::domain::{Award, EventDate, UserId};
use crate::pages::admin::Layout;
use crate::pages::admin::award::stored;
use crate::pages::admin::field::Field;
use crate::pages::admin::form::{Fault, Form, FormRefusal, SentForm, minted_key};
use crate::pages::admin::frame::{Frame, Tab};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::store::event_batches::BatchAwarded;
use crate::store::{BUSY_LIMIT, scores};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::request::Request;
use crate::web::requests::events::NewEvent;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// The longest description that a row of the preview shows, in characters.
const DESCRIPTION_MAX: usize = 80;

const NAMES: Source = Source { pasted: "names", file: "names_file" };
const TABLE: Source = Source { pasted: "table", file: "table_file" };

/// What is typed into the forms, and is sent again by the preview.
const FIELDS: [&str; 6] = ["kind", "names", "points", "date", "description", "table"];

#[derive(Template)]
#[template(path = "admin/many_awards.html")]
struct ManyPage {
    layout: Layout,
    admin: Frame,
    names: Field,
    names_file: Field,
    points: Field,
    date: Field,
    description: Field,
    table: Field,
    table_file: Field,
    today: String,
}

#[derive(Template)]
#[template(path = "admin/many_awards_preview.html")]
struct PreviewPage {
    layout: Layout,
    admin: Frame,
    /// Whether it was tried to store them although some are bad.
    refused: bool,
    events: String,
    people: String,
    change: String,
    shows_score: bool,
    rows: Vec<Row>,
    more: Option<String>,
    bad: Bad,
    hidden: Vec<(&'static str, String)>,
    key: String,
}

/// What becomes of one line.
struct Row {
    number: u64,
    person: Person,
    suspended: bool,
    change: String,
    negative: bool,
    /// The score as it is and as it will be, if the key may read scores.
    before: Option<String>,
    after: Option<String>,
    date: String,
    /// Whether it counts only from a later day on.
    later: bool,
    description: String,
    same_as: Option<u64>,
}

/// The forms, with what `typed` gives, and with what is wrong.
fn form_page(
    app: &App,
    me: &SignedIn,
    typed: impl Fn(&str) -> String,
    fault: Option<&Fault>,
) -> Result<Html, ErrorPage> {
    let admin = Frame::new(Tab::Award, me);
    let today = app.clock.today().to_string();
    let date = Some(typed("date")).filter(|date| !date.is_empty()).unwrap_or_else(|| today.clone());
    let template = ManyPage {
        layout: admin.layout(),
        admin,
        names: Field::area("names", "People, one a line")
            .value(typed("names"))
            .rows(8)
            .hint("Usernames or user IDs.")
            .fault(fault),
        names_file: Field::file("names_file", "Or a file with them").fault(fault),
        points: Field::number("points", "Points for each").value(typed("points")).required().fault(fault),
        date: Field::date("date", "Date").value(date).required().fault(fault),
        description: Field::area("description", "Description").value(typed("description")).rows(2).fault(fault),
        table: Field::area("table", "Lines of a table").value(typed("table")).rows(8).fault(fault),
        table_file: Field::file("table_file", "Or a CSV file").fault(fault),
        today,
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault)).unkept())
}

/// Reads the lines of a form; where the form as a whole is wrong, the page that says so.
async fn read(app: &App, me: &SignedIn, form: &mut Form) -> Result<Result<Lines, Html>, ErrorPage> {
    match read_lines(app, form).await {
        Ok(lines) => Ok(Ok(lines.permitted(&me.actor))),
        Err(NoLines::Page(page)) => Err(page),
        Err(NoLines::Fault(fault)) => form_page(app, me, |name| form.typed(name).to_owned(), Some(&fault)).map(Err),
    }
}

async fn read_lines(app: &App, form: &mut Form) -> Result<Lines, NoLines> {
    /// Stands for the number of each of the users.
    const STAND_IN: &str = "1";
    if form.typed("kind") == "table" {
        let text = TABLE.take(form)?;
        return lines::of_table(app, text, TABLE.pasted).await;
    }
    let text = NAMES.take(form)?;
    form.unify_lines("description");
    let mut parameters = form.filled_parameters();
    parameters.set("user_id", STAND_IN);
    let each = NewEvent::read(&parameters).map_err(|error| FormRefusal::of(error, "").fault());
    let each = match each {
        Ok(new) => Award { minimum_score: None, ..Award::from(new) },
        Err(Ok(fault)) => return Err(NoLines::Fault(fault)),
        Err(Err(page)) => return Err(NoLines::Page(page)),
    };
    lines::of_names(app, &text, NAMES.pasted, &each).await
}

/// The empty forms.
#[get("/admin/award/many")]
pub async fn form(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
) -> Result<Html, ErrorPage> {
    form_page(app, &editor.0, |_| String::new(), None)
}

/// The forms with what was typed, so that it can be changed.
#[post("/admin/award/many/again", data = "<form>")]
pub async fn again(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    form_page(app, &editor.0, |name| form.typed(name).to_owned(), None)
}

/// Shows what the lines would change, and what is wrong in them.
#[post("/admin/award/many/preview", data = "<form>")]
pub async fn preview(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    match read(app, &me, &mut form).await? {
        Ok(lines) => preview_page(app, &me, &form, lines, false).await,
        Err(page) => Ok(page),
    }
}

/// Stores the lines in one transaction, once for each key of a form.
#[post("/admin/award/many", data = "<form>")]
pub async fn store(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
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
        return preview_page(app, &me, &form, lines, true).await;
    }
    let key = SentIdempotencyKey::of_form(form.typed("key")).read()?;
    let awards: Arc<[Award]> = lines.good.into_iter().map(|line| line.award).collect();
    let each = awards.first().filter(|_| form.typed("kind") != "table").map(|award| Arc::new(award.clone()));
    match app.actions.award_all(&me.actor, Arc::clone(&awards), key, Instant::now() + BUSY_LIMIT).await?.outcome {
        BatchAwarded::Stored { first, .. } => Ok(stored::noted(app, &me, first, &awards, each)),
        // None of the awards names a minimum.
        BatchAwarded::InsufficientPoints { score, .. } => Err(ApiError::InsufficientPoints { score }.into()),
    }
}

/// The preview. `refused` says that it was tried to store lines of which some are bad.
async fn preview_page(app: &App, me: &SignedIn, form: &Form, lines: Lines, refused: bool) -> Result<Html, ErrorPage> {
    let Lines { good, bad } = lines;
    let shown = &good[..good.len().min(SHOWN_MAX)];
    let people: HashSet<UserId> = good.iter().map(|line| line.award.user_id).collect();
    let shown_people: HashSet<UserId> = shown.iter().map(|line| line.award.user_id).collect();
    let today = app.clock.today();
    let totals = app.store.read(move |connection| {
        let snapshot = connection.unchecked_transaction()?;
        let total = |id| Ok((id, scores::total(&snapshot, id, &(EventDate::MIN..=today))?));
        shown_people.into_iter().map(total).collect::<Result<HashMap<UserId, i64>, _>>()
    });
    let mut totals = totals.await?;
    let admin = Frame::new(Tab::Award, me);
    let shows_score = app.public || admin.may_read();
    let catalog = app.standings.catalog();
    let row = |line: &GoodLine| {
        let Award { user_id, date, points, description, .. } = &line.award;
        let points = i64::from(*points);
        let total = totals.entry(*user_id).or_default();
        let before = *total;
        *total = before.saturating_add(points);
        let description = description.as_ref().map(|description| description.as_str()).unwrap_or_default();
        Row {
            number: line.number,
            person: Person::listed(&catalog, *user_id),
            suspended: catalog.suspended.contains(*user_id),
            change: format::signed(points),
            negative: points < 0,
            before: shows_score.then(|| format::number(before)),
            after: shows_score.then(|| format::number(*total)),
            date: format::short_date(*date),
            later: *date > today,
            description: format::cut(&format::plain(description), DESCRIPTION_MAX),
            same_as: line.same_as,
        }
    };
    let rows: Vec<Row> = shown.iter().map(row).collect();
    let template = PreviewPage {
        layout: admin.layout(),
        admin,
        refused: refused && !bad.is_empty(),
        events: format::count(good.len() as i64, "event", "events"),
        people: format::count(people.len() as i64, "person", "people"),
        change: format::signed(good.iter().map(|line| i64::from(line.award.points)).sum()),
        shows_score,
        more: more(good.len(), rows.len(), "event", "events"),
        rows,
        bad: Bad::new(&bad),
        hidden: FIELDS.map(|name| (name, form.typed(name).to_owned())).into(),
        key: minted_key()?,
    };
    let status = if refused { Status::UnprocessableEntity } else { Status::Ok };
    Ok(Html::new(&template)?.status(status).unkept())
}
