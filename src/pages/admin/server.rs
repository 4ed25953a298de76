//! `/admin/server`: what is to know of the server, and the recalculation of scores, with how far it is.

use askama::Template;
use rocket::{State, get, post};

use super::Layout;
use super::field::Field;
use super::form::{Fault, Filling, Form, FormRefusal, SentForm, minted_key};
use super::frame::{Frame, Tab};
use super::server_facts::ServerFacts;
use super::server_state::{self, ServerState};
use crate::actions::Refusal;
use crate::domain::EventDate;
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::rollup::Status;
use crate::store::recalculations;
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::request::Request;
use crate::web::requests::recalculation::Recalculate;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// The choices, each with how many days before today it begins. `None`: it begins with the first day there is.
const SPANS: [(&str, &str, Option<u32>); 5] = [
    ("10", "The last 10 days", Some(10)),
    ("30", "The last 30 days", Some(30)),
    ("90", "The last 90 days", Some(90)),
    ("365", "The last year", Some(365)),
    ("all", "All days", None),
];

/// The name of the choice of a date.
const BY_DATE: &str = "date";

#[derive(Template)]
#[template(path = "admin/server.html")]
struct ServerPage {
    layout: Layout,
    admin: Frame,
    server: ServerFacts,
    state: ServerState,
    running: bool,
    run: Option<RunReport>,
    remaining: u32,
    limit: u32,
    spans: Vec<Span>,
    by_date: bool,
    from_date: Field,
    fault: Option<String>,
    key: String,
    address: Address,
}

/// The recalculation that runs, or the last one.
struct RunReport {
    from: String,
    done: u64,
    total: u64,
    percent: u64,
    counts: String,
    /// When it ended, and what it found.
    result: Option<(String, String)>,
}

struct Span {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

impl RunReport {
    fn new(status: &Status) -> Option<RunReport> {
        let from = status.from_date?;
        let (done, total) = (status.progress.days_done, status.progress.days_total);
        let days = format::count(total as i64, "day", "days");
        let found = match status.scores_different {
            0 => "All scores were right.".to_owned(),
            1 => "1 score was different, and is right now.".to_owned(),
            different => format!("{} scores were different, and are right now.", format::number(different as i64)),
        };
        Some(RunReport {
            from: if from == EventDate::MIN { "the first day".to_owned() } else { format::date(from) },
            done,
            total: total.max(1),
            percent: done * 100 / total.max(1),
            counts: format!("{} of {days}", format::number(done as i64)),
            result: status.finished_at.map(|at| (format::moment(at), format!("{days} looked through. {found}"))),
        })
    }
}

async fn page(app: &App, admin: Frame, address: Address, filling: Filling<'_>) -> Result<Html, ErrorPage> {
    let (now, limit) = (app.clock.now(), app.actions.recalculations_per_day());
    let remaining = app.store.read(move |connection| recalculations::remaining(connection, now, limit)).await?;
    let status = app.rollup.status();
    let fault = filling.fault();
    let span = filling.value("span", "10");
    let mut server = ServerFacts::of(app, &admin).await?;
    server.facts.extend(server_state::facts(app));
    let template = ServerPage {
        layout: admin.layout(),
        server,
        state: ServerState::of(app, &admin),
        running: status.running,
        run: RunReport::new(&status),
        remaining,
        limit,
        spans: SPANS.map(|(value, label, _)| Span { value, label, chosen: value == span }).into(),
        by_date: span == BY_DATE,
        from_date: Field::date("from_date", "First day").value(filling.value("from_date", "")).fault(fault),
        fault: fault.filter(|fault| fault.field != "from_date").map(|fault| fault.sentence.clone()),
        key: minted_key()?,
        address,
        admin,
    };
    Ok(Html::new(&template)?.status(filling.status()).unkept())
}

/// Shows the server, how far the recalculation is, and the form to start another.
#[get("/admin/server")]
pub async fn show(
    _browser: Browser,
    me: SignedInFor<need::SeeRecalculation>,
    address: Address,
    app: &State<App>,
) -> Result<Html, ErrorPage> {
    page(app, Frame::new(Tab::Server, &me.0), address, Filling::Stored).await
}

/// Where the page was before.
#[get("/admin/recalculate")]
pub fn moved(_browser: Browser) -> Html {
    Html::moved(Tab::Server.path())
}

/// Reads the first day that is recalculated.
fn from_date(app: &App, form: &Form) -> Result<EventDate, ApiError> {
    let mut parameters = form.filled_parameters();
    let span = form.typed("span");
    if span == BY_DATE {
        parameters.require(&["from_date"])?;
    } else {
        let (_, _, days) = SPANS.iter().find(|(value, ..)| *value == span).ok_or(ApiError::Missing("span"))?;
        let first = days.map_or(EventDate::MIN, |days| app.clock.today().minus_days(days));
        parameters.set("from_date", first.to_string());
    }
    Recalculate::read(&parameters)?.first_day(app)
}

/// Starts the recalculation that a form asks for, once for each key of a form.
async fn run(app: &App, me: &SignedIn, form: &Form) -> Result<(), FormRefusal> {
    let from_date = from_date(app, form).map_err(|error| FormRefusal::of(error, ""))?;
    let key = SentIdempotencyKey::of_form(form.typed("key")).read().map_err(ErrorPage::from)?;
    match app.actions.recalculate(&me.actor, from_date, key).await {
        Ok(()) => Ok(()),
        Err(refusal @ Refusal::Limited { .. }) => {
            let error = ApiError::from(refusal);
            Err(Fault { field: "span", sentence: error.sentence(), status: error.status() }.into())
        }
        Err(refusal) => Err(ErrorPage::from(refusal).into()),
    }
}

/// Starts a recalculation.
#[post("/admin/server", data = "<form>")]
pub async fn start(
    _browser: Browser,
    editor: SignedInFor<need::Recalculate>,
    address: Address,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    match run(app, &me, &form).await {
        Ok(()) => Ok(Html::moved(Tab::Server.path())),
        Err(refusal) => {
            let frame = Frame::new(Tab::Server, &me);
            page(app, frame, address, Filling::Refused(&form, &refusal.fault()?)).await
        }
    }
}
