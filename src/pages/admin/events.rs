//! `/admin/events`: what happened, newest first, with a search.

use askama::Template;
use rocket::{State, get};

use super::field::Field;
use super::form::{Fault, FormRefusal};
use super::frame::{Frame, Tab};
use super::{Layout, encoded, who};
use crate::domain::{EventDate, EventId};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::standings::Catalog;
use crate::store::event_search::{self, EventSearch, FoundEvent, SearchEnd};
use crate::store::event_totals::{Sign, Totals};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::kinds::{After, JsonType, Kind, Parameter, TextForm};
use crate::web::parameters::Parameters;
use crate::web::signed_in_for::SignedInFor;

/// How many events a page has.
const PAGE: usize = 50;

/// How many characters of a description the list shows at most.
const DESCRIPTION_MAX: usize = 140;

/// Where the script asks who may be meant.
const SUGGESTIONS: &str = "/admin/people/suggestions";

/// The longest text that can be searched for, in characters.
const TEXT_MAX: usize = 255;

/// The names of the filters, as in an address.
const FILTERS: [&str; 7] = ["user_id", "from_date", "to_date", "sign", "text", "by", "key_id"];

#[derive(Template)]
#[template(path = "admin/events.html")]
struct EventsPage {
    layout: Layout,
    admin: Frame,
    user: Field,
    from_date: Field,
    to_date: Field,
    text: Field,
    by: Field,
    /// The number of a key, if the address names one.
    key: Option<Field>,
    sign: Option<Sign>,
    fault: Option<String>,
    /// Whether anything narrows the list.
    filtered: bool,
    /// Whether the list begins with the newest.
    newest: bool,
    rows: Vec<EventRow>,
    totals: Option<Ledger>,
    ranges: Vec<Range>,
    next: Option<NextPage>,
    /// The address of the list without `after`.
    here: String,
    /// The address of all that the filters let through, as CSV.
    download: String,
    address: Address,
    today: String,
}

/// A row of the list.
struct EventRow {
    id: EventId,
    stored: String,
    stored_at: String,
    person: Person,
    date: String,
    points: String,
    negative: bool,
    description: String,
    by: String,
}

/// What all events are together that the filters let through.
struct Ledger {
    /// How many there are, with their noun.
    events: String,
    given: String,
    taken: String,
    /// Whether there may be more than these.
    is_part: bool,
}

/// A span of days that is often asked for.
struct Range {
    label: &'static str,
    url: String,
    /// Whether the list shows it.
    is_shown: bool,
}

/// The link to the events that follow.
struct NextPage {
    url: String,
    /// How far back the search went, if the page ended because enough events were looked at.
    back_to: Option<String>,
}

impl EventsPage {
    fn awards(&self) -> bool {
        self.sign == Some(Sign::Award)
    }

    fn deductions(&self) -> bool {
        self.sign == Some(Sign::Deduction)
    }
}

impl From<Totals> for Ledger {
    fn from(totals: Totals) -> Ledger {
        Ledger {
            events: format::count(totals.events, "event", "events"),
            given: format!("+{}", format::number(totals.given)),
            // A minus also where nothing was taken, so that the two can be told apart.
            taken: format!("−{}", format::number(totals.taken.saturating_abs())),
            is_part: !totals.is_all,
        }
    }
}

/// The spans of days that are often asked for, each with its first and last day.
fn ranges(today: EventDate) -> [(&'static str, Option<(EventDate, EventDate)>); 7] {
    let first_of_month = |day: EventDate| day.minus_days(chrono::Datelike::day0(&day.calendar_day()));
    let this_month = first_of_month(today);
    let last_month = this_month.minus_days(1);
    [
        ("All", None),
        ("Today", Some((today, today))),
        ("Yesterday", Some((today.minus_days(1), today.minus_days(1)))),
        ("7 days", Some((today.minus_days(6), today))),
        ("30 days", Some((today.minus_days(29), today))),
        ("This month", Some((this_month, today))),
        ("Last month", Some((first_of_month(last_month), last_month))),
    ]
}

impl Parameter for Sign {
    const KIND: Kind =
        Kind { json: JsonType::Word(&["award", "deduction"]), accepted: "award or deduction", example: "award" };

    fn from_text(text: &str) -> Option<Sign> {
        match text {
            "award" => Some(Sign::Award),
            "deduction" => Some(Sign::Deduction),
            _ => None,
        }
    }
}

/// Words to search for.
struct Words(String);

impl Parameter for Words {
    const KIND: Kind = Kind {
        json: JsonType::Text { characters_max: TEXT_MAX, form: TextForm::Any },
        accepted: "at most 255 characters",
        example: "karaoke",
    };

    fn from_text(text: &str) -> Option<Words> {
        (text.chars().count() <= TEXT_MAX).then(|| Words(text.trim().to_owned()))
    }
}

impl EventRow {
    fn new(catalog: &Catalog, found: &FoundEvent) -> EventRow {
        let event = &found.event;
        let description = event.description.as_ref().map(|description| description.as_str()).unwrap_or_default();
        EventRow {
            id: event.id,
            stored: format::short_moment(event.created_at),
            stored_at: event.created_at.to_string(),
            person: Person::in_full(catalog, event.user_id),
            date: format::short_date(event.date),
            points: format::signed(event.points.into()),
            negative: i64::from(event.points) < 0,
            description: format::cut(&format::plain(description), DESCRIPTION_MAX),
            by: format::cut(&format::plain(&found.created_by), 40),
        }
    }
}

/// The filters that are filled in, with the number of the user whom one of them names.
///
/// # Errors
/// It is not clear whom the filter names.
pub async fn wanted(app: &App, parameters: &Parameters) -> Result<Parameters, FormRefusal> {
    let mut wanted = parameters.without_blanks();
    who::fill_in(app, &mut wanted, "user_id").await?;
    Ok(wanted)
}

/// Whether a filter, as it stands in an address, is about days.
fn is_of_days(filter: &str) -> bool {
    filter.starts_with("from_date=") || filter.starts_with("to_date=")
}

/// Reads what is searched for.
pub fn search(parameters: &Parameters) -> Result<EventSearch, ApiError> {
    Ok(EventSearch {
        user_id: parameters.optional("user_id")?,
        from_date: parameters.optional("from_date")?,
        to_date: parameters.optional("to_date")?,
        sign: parameters.optional("sign")?,
        text: parameters.optional("text")?.map(|Words(words)| words),
        by: parameters.optional("by")?,
        key_id: parameters.optional("key_id")?,
        before: parameters.optional("after")?.map(|after: After| EventId(after.get())),
        limit: PAGE,
        with_totals: false,
        counted: None,
    })
}

/// What the requests before this one have counted, where a search goes on that has stopped.
fn counted(parameters: &Parameters) -> Option<Totals> {
    let number = |name| parameters.optional::<i64>(name).ok().flatten();
    let (events, given, taken) = (number("counted")?, number("given")?, number("taken")?);
    Some(Totals { events: events.max(0), given: given.max(0), taken: taken.min(0), is_all: false })
}

/// Shows the list.
#[get("/admin/events", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::ReadEvents>,
    address: Address,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let typed = |name| parameters.text(name).unwrap_or_default().trim().to_owned();
    let wanted = wanted(app, &parameters).await;
    let search = wanted.and_then(|wanted| search(&wanted).map_err(|error| FormRefusal::of(error, "")));
    let (search, fault) = match search {
        Ok(search) => (Some(EventSearch { with_totals: true, counted: counted(&parameters), ..search }), None),
        Err(refusal) => (None, Some(refusal.fault()?)),
    };
    let sign = search.as_ref().and_then(|search| search.sign);
    let newest = search.as_ref().is_none_or(|search| search.before.is_none());
    let found = match search {
        Some(search) => Some(app.store.read(move |connection| event_search::search(connection, &search)).await?),
        None => None,
    };
    let filters: Vec<String> = FILTERS
        .into_iter()
        .filter(|name| !typed(name).is_empty())
        .map(|name| format!("{name}={}", encoded(&typed(name))))
        .collect();
    let here = format!("/admin/events?{}", filters.join("&"));
    let download = format!("/admin/events.csv?{}", filters.join("&"));
    let catalog = app.standings.catalog();
    let separator = if filters.is_empty() { "" } else { "&" };
    let next = |id: EventId| format!("{here}{separator}after={id}");
    let totals = found.as_ref().and_then(|page| page.totals);
    let next = |end| match end {
        SearchEnd::Exhausted => None,
        SearchEnd::Full(id) => Some(NextPage { url: next(id), back_to: None }),
        SearchEnd::Paused(id, stored_at) => {
            let Totals { events, given, taken, .. } = totals.unwrap_or_default();
            let url = format!("{}&counted={events}&given={given}&taken={taken}", next(id));
            Some(NextPage { url, back_to: Some(format::moment(stored_at)) })
        }
    };
    let others: Vec<&String> = filters.iter().filter(|filter| !is_of_days(filter)).collect();
    let shown_days = (typed("from_date"), typed("to_date"));
    let range = |(label, days): (&'static str, Option<(EventDate, EventDate)>)| {
        let (from, to) = days.map(|(from, to)| (from.to_string(), to.to_string())).unwrap_or_default();
        let days = (!from.is_empty()).then(|| format!("from_date={from}&to_date={to}"));
        let query: Vec<&str> = others.iter().map(|filter| filter.as_str()).chain(days.as_deref()).collect();
        Range { label, url: format!("/admin/events?{}", query.join("&")), is_shown: shown_days == (from, to) }
    };
    let template = EventsPage {
        layout: Layout::new(super::Section::Administration),
        user: Field::search("user_id", "Person")
            .value(typed("user_id"))
            .placeholder("name or ID")
            .suggesting(SUGGESTIONS)
            .fault(fault.as_ref()),
        from_date: Field::date("from_date", "From date").value(typed("from_date")).fault(fault.as_ref()),
        to_date: Field::date("to_date", "To date").value(typed("to_date")).fault(fault.as_ref()),
        text: Field::search("text", "Description contains").value(typed("text")).fault(fault.as_ref()),
        by: Field::search("by", "Created or changed by")
            .value(typed("by"))
            .placeholder("username")
            .fault(fault.as_ref()),
        key: Some(typed("key_id"))
            .filter(|typed| !typed.is_empty())
            .map(|typed| Field::number("key_id", "Key").value(typed).fault(fault.as_ref())),
        sign,
        fault: fault
            .as_ref()
            .filter(|fault| ["sign", "after"].contains(&fault.field))
            .map(|fault| fault.sentence.clone()),
        filtered: !filters.is_empty(),
        newest,
        rows: found.iter().flat_map(|page| &page.events).map(|found| EventRow::new(&catalog, found)).collect(),
        totals: totals.filter(|totals| totals.events > 0).map(Ledger::from),
        ranges: ranges(app.clock.today()).into_iter().map(range).collect(),
        next: found.as_ref().and_then(|page| next(page.end)),
        here: here.clone(),
        download,
        address,
        today: app.clock.today().to_string(),
        admin: Frame::after(Tab::Events, &me.0, parameters.text("done")),
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault.as_ref())).unkept())
}
