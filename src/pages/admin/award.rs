//! `/admin/award`: giving and redeeming points, with a preview of the result before it is stored.

use askama::Template;
use rocket::http::Status;
use rocket::{State, get, post};

use super::field::Field;
use super::form::{Fault, Form, FormRefusal, SentForm, minted_key};
use super::frame::{Frame, Tab};
use super::{Layout, go, who};
use crate::domain::{Award, EventDate, Points, Scope};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::standings::Catalog;
use crate::store::score_events::{self as events, Awarded};
use crate::store::scores;
use crate::web::App;
use crate::web::caller::need;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::requests::events::NewEvent;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// What is typed into the form.
const FIELDS: [&str; 6] = ["kind", "user_id", "points", "date", "description", "minimum_score"];

#[derive(Template)]
#[template(path = "admin/award.html")]
struct AwardPage {
    layout: Layout,
    admin: Frame,
    redeem: bool,
    user: Field,
    points: Field,
    date: Field,
    description: Field,
    minimum: Field,
    short: Option<Shortage>,
}

/// Somebody who has fewer points than would be redeemed.
struct Shortage {
    person: Person,
    score: String,
    wanted: String,
    minimum: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/award_preview.html")]
struct PreviewPage {
    layout: Layout,
    admin: Frame,
    redeem: bool,
    person: Person,
    /// Whether nobody with that number is known yet.
    unheard_of: bool,
    suspended: bool,
    change: String,
    amount: String,
    negative: bool,
    /// The score as it is and as it will be, if the key may read scores.
    before: Option<String>,
    after: Option<String>,
    date: String,
    /// Whether the event counts only from a later day on.
    later: bool,
    description: String,
    /// All that was typed, to be sent again.
    hidden: Vec<(&'static str, String)>,
    key: String,
}

/// Whether the form is about redeeming.
fn is_redeem(kind: &str) -> bool {
    kind == "redeem"
}

/// Reads what a form asks for, in the API's words: redeeming takes points away, and only points that the user has.
async fn read(app: &App, me: &SignedIn, form: &mut Form) -> Result<Award, FormRefusal> {
    let award = read_award(app, form).await?;
    let scope = award.scope();
    let sentence = if scope == Scope::EventsDeduct {
        "Your key may give points, and take none."
    } else {
        "Your key may take points, and give none."
    };
    let lacks = |_| Fault { field: "points", sentence: sentence.to_owned(), status: Status::Forbidden };
    me.actor.require(scope).map_err(lacks)?;
    Ok(award)
}

async fn read_award(app: &App, form: &mut Form) -> Result<Award, FormRefusal> {
    form.unify_lines("description");
    let mut parameters = form.filled_parameters();
    who::fill_in(app, &mut parameters, "user_id").await?;
    let new = NewEvent::read(&parameters).map_err(|error| FormRefusal::of(error, ""))?;
    let award = Award::from(new);
    if !is_redeem(form.typed("kind")) {
        return Ok(Award { minimum_score: None, ..award });
    }
    let points = Some(-i64::from(award.points)).filter(|points| *points < 0);
    let points = points.and_then(|points| Points::try_from(points).ok());
    let points = points.ok_or(Fault::new("points", "Enter how many points are redeemed: more than 0."))?;
    Ok(Award { points, minimum_score: Some(award.minimum_score.unwrap_or(0)), ..award })
}

impl Shortage {
    fn new(catalog: &Catalog, award: &Award, score: i64) -> Shortage {
        let minimum = award.minimum_score.filter(|minimum| *minimum != 0);
        Shortage {
            person: Person::in_full(catalog, award.user_id),
            score: format::points(score),
            wanted: format::number(-i64::from(award.points)),
            minimum: minimum.map(format::number),
        }
    }
}

/// Why the form is shown again.
enum Problem {
    /// A field is not right.
    Fault(Fault),
    /// The user has too few points.
    Shortage(Shortage),
}

/// The form, with the values that `typed` gives, and with the reason if it was refused when it was sent.
fn form_page(
    app: &App,
    admin: Frame,
    typed: impl Fn(&str) -> String,
    problem: Option<Problem>,
) -> Result<Html, ErrorPage> {
    let (fault, short) = match problem {
        Some(Problem::Fault(fault)) => (Some(fault), None),
        Some(Problem::Shortage(short)) => (None, Some(short)),
        None => (None, None),
    };
    let fault = fault.as_ref();
    let today = app.clock.today().to_string();
    let date = Some(typed("date")).filter(|date| !date.is_empty()).unwrap_or(today);
    let status = if short.is_some() { Status::UnprocessableEntity } else { Fault::status_of(fault) };
    let template = AwardPage {
        layout: admin.layout(),
        redeem: admin.may_deduct() && (is_redeem(&typed("kind")) || !admin.may_award()),
        admin,
        user: Field::text("user_id", "User").value(typed("user_id")).required().hint(who::HINT).fault(fault),
        points: Field::number("points", "Points").value(typed("points")).required().fault(fault),
        date: Field::date("date", "Day").value(date).required().fault(fault),
        description: Field::area("description", "Description").value(typed("description")).fault(fault),
        minimum: Field::number("minimum_score", "Leave at least")
            .value(typed("minimum_score"))
            .placeholder("0")
            .hint("When redeeming: the score that has to remain.")
            .fault(fault),
        short,
    };
    Ok(Html::new(&template)?.status(status).unkept())
}

/// The form as it was sent, with the reason why it is refused.
fn refused(app: &App, me: &SignedIn, form: &Form, problem: Problem) -> Result<Html, ErrorPage> {
    form_page(app, Frame::new(Tab::Award, me), |name| form.typed(name).to_owned(), Some(problem))
}

/// The empty form. The address may fill in fields.
#[get("/admin/award", data = "<parameters>")]
pub async fn form(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let admin = Frame::after(Tab::Award, &editor.0, parameters.text("done"));
    form_page(app, admin, |name| parameters.text(name).unwrap_or_default().to_owned(), None)
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
    let award = match read(app, &me, &mut form).await {
        Ok(award) => award,
        Err(refusal) => return refused(app, &me, &form, Problem::Fault(refusal.fault()?)),
    };
    let (today, wanted) = (app.clock.today(), award.clone());
    let found = app.store.read(move |connection| {
        let snapshot = connection.unchecked_transaction()?;
        let short = events::lacking(&snapshot, &wanted, today)?;
        Ok((short, scores::total(&snapshot, wanted.user_id, &(EventDate::MIN..=today))?))
    });
    match found.await? {
        (Some(score), _) => {
            let short = Shortage::new(&app.standings.catalog(), &award, score);
            refused(app, &me, &form, Problem::Shortage(short))
        }
        (None, before) => {
            let unheard_of = app.people.unheard_of(vec![award.user_id]).await?.contains(&award.user_id);
            preview_page(app, &me, &form, &award, before, unheard_of)
        }
    }
}

/// The preview of an award for somebody who has `before` points.
/// `unheard_of` says that nobody with that number is known yet.
fn preview_page(
    app: &App,
    me: &SignedIn,
    form: &Form,
    award: &Award,
    before: i64,
    unheard_of: bool,
) -> Result<Html, ErrorPage> {
    let admin = Frame::new(Tab::Award, me);
    let catalog = app.standings.catalog();
    let points = i64::from(award.points);
    let shows_score = app.public || admin.may_read();
    let description = award.description.as_ref().map(|description| description.as_str()).unwrap_or_default();
    let template = PreviewPage {
        layout: admin.layout(),
        admin,
        redeem: award.minimum_score.is_some(),
        unheard_of,
        suspended: catalog.suspended.contains(&award.user_id),
        person: Person::in_full(&catalog, award.user_id),
        change: format::signed(points),
        amount: format::points(points.abs()),
        negative: points < 0,
        before: shows_score.then(|| format::number(before)),
        after: shows_score.then(|| format::number(before.saturating_add(points))),
        date: format::date(award.date),
        later: award.date > app.clock.today(),
        description: format::plain(description).into_owned(),
        hidden: FIELDS
            .map(|name| match name {
                // A part of a name may soon be the name of somebody else too.
                "user_id" => (name, who::written(&catalog, award.user_id)),
                name => (name, form.typed(name).to_owned()),
            })
            .into(),
        key: minted_key()?,
    };
    Ok(Html::new(&template)?.unkept())
}

/// Stores the award, once for each key of a form.
#[post("/admin/award", data = "<form>")]
pub async fn store(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    let award = match read(app, &me, &mut form).await {
        Ok(award) => award,
        Err(refusal) => return refused(app, &me, &form, Problem::Fault(refusal.fault()?)),
    };
    let key = SentIdempotencyKey::of_form(form.typed("key")).read()?;
    match app.actions.award(&me.actor, award.clone(), key).await?.outcome {
        Awarded::Stored(event) if me.actor.require(Scope::EventsRead).is_ok() => {
            Ok(go(&format!("/admin/events/{}", event.id), "stored"))
        }
        // This key may not look at the event that it has stored.
        Awarded::Stored(_) => Ok(go(Tab::Award.path(), "stored")),
        Awarded::InsufficientPoints { score } => {
            let short = Shortage::new(&app.standings.catalog(), &award, score);
            refused(app, &me, &form, Problem::Shortage(short))
        }
    }
}
