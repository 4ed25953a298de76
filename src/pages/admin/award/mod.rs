//! `/admin/award`: giving, redeeming and taking away the points of one person or many, with a preview of the result before it
//! is stored.

mod asked;
mod people;
mod preview_page;
mod shortage;
pub mod stored;

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use rocket::http::Status;
use rocket::{State, get, post};

use self::asked::{Asked, NotAsked, Way};
use self::people::Doubts;
use self::shortage::Shortage;
use super::Layout;
use super::field::Field;
use super::form::{Fault, Form, SentForm};
use super::frame::{Frame, Tab};
use crate::domain::{Award, EventId};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::html::Html;
use crate::store::BUSY_LIMIT;
use crate::store::event_batches::BatchAwarded;
use crate::web::App;
use crate::web::caller::need;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::kinds::Parameter;
use crate::web::parameters::Parameters;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;
use crate::web::stored_forms::StoredForm;

/// Where the script asks who may be meant.
const SUGGESTIONS: &str = "/admin/people/suggestions";

#[derive(Template)]
#[template(path = "admin/award.html")]
struct AwardPage {
    layout: Layout,
    admin: Frame,
    way: Way,
    people: Field,
    points: Field,
    date: Field,
    description: Field,
    minimum: Field,
    doubts: Option<Doubts>,
    short: Option<Shortage>,
}

impl AwardPage {
    fn is_award(&self) -> bool {
        self.way == Way::Award
    }

    fn is_redeem(&self) -> bool {
        self.way == Way::Redeem
    }

    fn is_take(&self) -> bool {
        self.way == Way::Take
    }
}

/// Why the form is shown again.
enum Problem {
    /// A field is not right.
    Fault(Fault),
    /// It is not clear who is meant.
    Doubts(Doubts),
    /// Somebody has too few points.
    Shortage(Shortage),
}

/// The form, with the values that `typed` gives, and with the reason if it was refused when it was sent.
fn form_page(
    app: &App,
    admin: Frame,
    typed: impl Fn(&str) -> String,
    problem: Option<Problem>,
) -> Result<Html, ErrorPage> {
    let (mut fault, mut doubts, mut short) = (None, None, None);
    match problem {
        Some(Problem::Fault(found)) => fault = Some(found),
        Some(Problem::Doubts(found)) => doubts = Some(found),
        Some(Problem::Shortage(found)) => short = Some(found),
        None => {}
    }
    if let Some(doubts) = &doubts {
        fault = Some(doubts.fault());
    }
    let fault = fault.as_ref();
    let today = app.clock.today().to_string();
    let date = Some(typed("date")).filter(|date| !date.is_empty()).unwrap_or(today);
    let status = match (&doubts, &short) {
        (None, None) => Fault::status_of(fault),
        (Some(_), _) => Status::BadRequest,
        (None, Some(_)) => Status::UnprocessableEntity,
    };
    let way = match (admin.may_award(), admin.may_deduct()) {
        (true, false) => Way::Award,
        (false, true) if Way::of(&typed("kind")) == Way::Award => Way::Redeem,
        _ => Way::of(&typed("kind")),
    };
    let people = Field::area(people::FIELD, "People, one a line")
        .value(typed(people::FIELD))
        .rows(3)
        .required()
        .hint("A user ID, a username or a full name. “group:” and its name is everybody in a group.")
        .fault(fault);
    let template = AwardPage {
        layout: admin.layout(),
        way,
        people: if admin.may_read() { people.suggesting(SUGGESTIONS) } else { people },
        points: Field::number("points", "Points for each").value(typed("points")).required().fault(fault),
        date: Field::date("date", "Date").value(date).required().fault(fault),
        description: Field::area("description", "Description").value(typed("description")).rows(2).fault(fault),
        minimum: Field::number("minimum_score", "Score must stay at or above")
            .value(typed("minimum_score"))
            .placeholder("0")
            .fault(fault),
        admin,
        doubts,
        short,
    };
    Ok(Html::new(&template)?.status(status).unkept())
}

/// The form as it was sent, with the reason why it is refused.
fn refused(app: &App, me: &SignedIn, form: &Form, problem: Problem) -> Result<Html, ErrorPage> {
    form_page(app, Frame::new(Tab::Award, me), |name| form.typed(name).to_owned(), Some(problem))
}

/// Reads what a form asks for; where it can't be done as it is, the form again with the reason.
async fn read(app: &App, me: &SignedIn, form: &mut Form) -> Result<Result<Asked, Html>, ErrorPage> {
    let problem = match asked::read(app, me, form).await {
        Ok(asked) => return Ok(Ok(asked)),
        Err(NotAsked::Doubts(doubts)) => Problem::Doubts(doubts),
        Err(NotAsked::Refusal(refusal)) => Problem::Fault(refusal.fault()?),
    };
    refused(app, me, form, problem).map(Err)
}

/// The empty form. The address may fill in fields, or name the first event of a form that this session has stored: then the
/// day, the points and the description are the same again.
#[get("/admin/award", data = "<parameters>")]
pub async fn form(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let like = parameters.text("like").and_then(EventId::from_text);
    let like = like.and_then(|first| app.stored_forms.find(me.csrf(), first));
    let admin = Frame::after(Tab::Award, &me, parameters.text("done"));
    form_page(app, admin, |name| remembered(like.as_ref(), &parameters, name), None)
}

/// What a field holds at first: what the address says, or what was stored before.
fn remembered(like: Option<&StoredForm>, parameters: &Parameters, name: &str) -> String {
    if let Some(text) = parameters.text(name) {
        return text.to_owned();
    }
    let Some(each) = like.and_then(|like| like.each.as_deref()) else { return String::new() };
    match name {
        "kind" => Way::of_award(each).kind().to_owned(),
        "points" => i64::from(each.points).abs().to_string(),
        "date" => each.date.to_string(),
        "description" => each.description.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
        "minimum_score" => {
            each.minimum_score.filter(|minimum| *minimum != 0).map_or_else(String::new, |minimum| minimum.to_string())
        }
        _ => String::new(),
    }
}

/// The form with what was typed, so that it can be changed.
#[post("/admin/award/again", data = "<form>")]
pub async fn again(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let form = form.of(&editor.0)?;
    form_page(app, Frame::new(Tab::Award, &editor.0), |name| form.typed(name).to_owned(), None)
}

/// Shows what the award would change.
#[post("/admin/award/preview", data = "<form>")]
pub async fn preview(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    // What an earlier preview found is not what the lines say now.
    form.set(asked::IDS, "");
    let asked = match read(app, &me, &mut form).await? {
        Ok(asked) => asked,
        Err(page) => return Ok(page),
    };
    match Shortage::of(app, &asked).await? {
        Some(short) => refused(app, &me, &form, Problem::Shortage(short)),
        None => preview_page::page(app, &me, &form, &asked).await,
    }
}

/// Stores the award in one transaction, once for each key of a form.
#[post("/admin/award", data = "<form>")]
pub async fn store(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    let asked = match read(app, &me, &mut form).await? {
        Ok(asked) => asked,
        Err(page) => return Ok(page),
    };
    let key = SentIdempotencyKey::of_form(form.typed("key")).read()?;
    let awards: Arc<[Award]> = asked.awards().collect();
    let each = Some(Arc::new(asked.each().clone()));
    match app.actions.award_all(&me.actor, Arc::clone(&awards), key, Instant::now() + BUSY_LIMIT).await?.outcome {
        BatchAwarded::Stored { first, .. } => Ok(stored::noted(app, &me, first, &awards, each)),
        BatchAwarded::InsufficientPoints { index, score } => {
            let short = Shortage::of_stored(app, &asked, index, score).await?;
            refused(app, &me, &form, Problem::Shortage(short))
        }
    }
}
