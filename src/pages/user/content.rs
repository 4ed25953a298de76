//! What a user's page says.

use askama::Template;

use super::heat::Heat;
use super::history::{ChartRange, History};
use super::latest::{LatestEvents, LatestList, LatestRow};
use crate::domain::{EventDate, Period, UserId};
use crate::pages::address::Address;
use crate::pages::format;
use crate::pages::html::{Layout, Section};
use crate::pages::keeper_bar::KeeperBar;
use crate::pages::leaderboard::{medal, period_label};
use crate::pages::me::Me;
use crate::pages::person::Person;
use crate::standings::{Catalog, Entry};
use crate::store::scores::{DayScore, Purse};

/// How many days are shown in place of events, if the caller may not read events.
const DAYS_MAX: usize = 14;

/// Above this many characters the score is set smaller, so that it stays in one piece.
const SCORE_CHARACTERS: usize = 13;

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
    /// What was earned and spent.
    pub purse: Purse,
    /// Events; `None` where the caller may not read them.
    pub events: Option<LatestEvents>,
    /// Where the user stands on the first leaderboard, by period.
    pub standings: Vec<(Period, Option<Entry>)>,
    /// Who looks.
    pub me: Me,
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

/// What was earned and spent, in words.
struct PurseWords {
    earned: String,
    spent: String,
    left: String,
}

impl PurseWords {
    fn new(overall: i64, purse: Purse) -> PurseWords {
        let at_least = if purse.is_all { "" } else { "at least " };
        PurseWords {
            earned: format!("{at_least}{}", format::number(overall.saturating_add(purse.spent))),
            spent: format!("{at_least}{}", format::number(purse.spent)),
            left: format::number(purse.spendable),
        }
    }
}

/// A user.
#[derive(Template)]
#[template(path = "user.html")]
pub struct UserPage<'p> {
    layout: Layout,
    person: Person,
    is_me: bool,
    overall: String,
    is_long: bool,
    unit: &'static str,
    purse: PurseWords,
    standings: Vec<PeriodStanding>,
    ranges: Vec<RangeLink>,
    history: History,
    heat: Heat,
    events: Option<LatestList>,
    days: Vec<LatestRow>,
    empty: bool,
    address: Option<&'p str>,
    today: EventDate,
}

impl<'p> UserPage<'p> {
    /// The same page for somebody who is signed in.
    pub fn for_keeper(mut self, keeper: Option<KeeperBar>) -> UserPage<'p> {
        self.layout = self.layout.with_keeper(keeper);
        self
    }

    /// The page, with that stretch in its chart. `address` is there for whoever is shown how points are given.
    pub fn new(sources: UserSources<'_>, range: ChartRange, address: Option<&'p Address>) -> UserPage<'p> {
        let id = sources.id;
        let ranges = ChartRange::ALL.map(|other| RangeLink {
            label: other.label(),
            url: format!("/users/{id}?range={}#history", other.name()),
            current: other == range,
        });
        let latest_days = sources.days.iter().rev().take(DAYS_MAX);
        let total = sources.days.iter().map(|day| day.score).sum();
        let overall = format::number(total);
        UserPage {
            layout: Layout::new(Section::Leaderboard),
            person: Person::in_full(sources.catalog, id),
            is_me: sources.me.0 == Some(id),
            is_long: overall.chars().count() > SCORE_CHARACTERS,
            overall,
            unit: format::unit(total),
            purse: PurseWords::new(total, sources.purse),
            standings: sources
                .standings
                .iter()
                .map(|(period, entry)| standing(&sources, *period, entry.as_ref()))
                .collect(),
            ranges: ranges.into(),
            history: History::new(sources.days, range, sources.today),
            heat: Heat::new(sources.days, sources.today),
            events: sources.events.as_ref().map(|events| LatestList::new(events, sources.today)),
            days: latest_days.map(LatestRow::of_day).collect(),
            empty: sources.days.is_empty() && sources.events.as_ref().is_none_or(LatestEvents::is_empty),
            address: address.map(Address::as_str),
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
        medal: entry.map(medal).unwrap_or_default(),
        score: format::points(in_window.map(|day| day.score).sum()),
    }
}
