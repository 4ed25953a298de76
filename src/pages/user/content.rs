//! What a user's page says.

use askama::Template;

use super::heat::Heat;
use super::history::{ChartRange, History};
use crate::domain::{EventDate, Period, ScoreEvent, UserId};
use crate::pages::address::Address;
use crate::pages::format;
use crate::pages::html::{Layout, Section};
use crate::pages::leaderboard::period_label;
use crate::pages::person::Person;
use crate::standings::{Catalog, Entry};
use crate::store::scores::DayScore;

/// How many days are shown in place of events, if the caller may not read events.
const DAYS_MAX: usize = 14;

/// How many characters of a description the list shows at most.
const DESCRIPTION_MAX: usize = 200;

/// What a user's page is made from.
pub struct UserSources<'s> {
    /// Users by name.
    pub catalog: &'s Catalog,
    /// The user.
    pub id: UserId,
    /// The day that is today.
    pub today: EventDate,
    /// All scored days up to today, oldest first.
    pub days: &'s [DayScore],
    /// The latest events, newest first; `None` where the caller may not read them.
    pub events: Option<&'s [ScoreEvent]>,
    /// Where the user stands on the first leaderboard, by period.
    pub standings: Vec<(Period, Option<Entry>)>,
}

/// Where a user stands on the first leaderboard over one period.
struct PeriodStanding {
    label: &'static str,
    url: String,
    position: Option<String>,
    medal: &'static str,
    score: String,
}

/// A link to another stretch of the chart.
struct RangeLink {
    label: &'static str,
    url: String,
    current: bool,
}

/// A line of the list at the end: an event, or a day.
struct LatestRow {
    date: String,
    points: String,
    taken: bool,
    description: String,
}

/// A user.
#[derive(Template)]
#[template(path = "user.html")]
pub struct UserPage<'p> {
    layout: Layout,
    person: Person,
    overall: String,
    standings: Vec<PeriodStanding>,
    ranges: Vec<RangeLink>,
    history: History,
    heat: Heat,
    events: Option<Vec<LatestRow>>,
    days: Vec<LatestRow>,
    empty: bool,
    address: &'p str,
    today: EventDate,
}

impl<'p> UserPage<'p> {
    /// The page, with that stretch in its chart.
    pub fn new(sources: &UserSources<'_>, range: ChartRange, address: &'p Address) -> UserPage<'p> {
        let id = sources.id;
        let ranges = ChartRange::ALL.map(|other| RangeLink {
            label: other.label(),
            url: format!("/users/{id}?range={}#history", other.name()),
            current: other == range,
        });
        let latest_days = sources.days.iter().rev().take(DAYS_MAX);
        UserPage {
            layout: Layout::new(Section::Leaderboard),
            person: Person::in_full(sources.catalog, id),
            overall: format::number(sources.days.iter().map(|day| day.score).sum()),
            standings: sources
                .standings
                .iter()
                .map(|(period, entry)| standing(sources, *period, entry.as_ref()))
                .collect(),
            ranges: ranges.into(),
            history: History::new(sources.days, range, sources.today),
            heat: Heat::new(sources.days, sources.today),
            events: sources.events.map(|events| events.iter().map(event).collect()),
            days: latest_days.map(|day| latest(day.date, day.score, String::new())).collect(),
            empty: sources.days.is_empty() && sources.events.is_none_or(<[_]>::is_empty),
            address: address.as_str(),
            today: sources.today,
        }
    }
}

fn standing(sources: &UserSources<'_>, period: Period, entry: Option<&Entry>) -> PeriodStanding {
    let window = period.window(sources.today);
    let in_window = sources.days.iter().filter(|day| window.contains(&day.date));
    PeriodStanding {
        label: period_label(period),
        url: format!("/leaderboard/1?period={period}&for_user_id={}", sources.id),
        position: entry.map(|entry| format::number(entry.position.into())),
        medal: entry.and_then(|entry| ["", "p1", "p2", "p3"].get(entry.position as usize).copied()).unwrap_or_default(),
        score: format::points(in_window.map(|day| day.score).sum()),
    }
}

fn event(event: &ScoreEvent) -> LatestRow {
    let description = event.description.as_ref().map(|text| text.as_str()).unwrap_or_default();
    latest(event.date, event.points.into(), format::cut(&format::plain(description), DESCRIPTION_MAX))
}

fn latest(date: EventDate, points: i64, description: String) -> LatestRow {
    LatestRow { date: format::short_date(date), points: format::signed(points), taken: points < 0, description }
}
