//! What a page of a leaderboard says, word by word.

use std::collections::HashMap;

use askama::Template;

use crate::domain::{EventDate, Leaderboard, LeaderboardId, Period, UserId, Username};
use crate::pages::address::Address;
use crate::pages::chart::spark;
use crate::pages::html::{Layout, Section};
use crate::pages::person::Person;
use crate::pages::{assets, format};
use crate::standings::{Entry, View};
use crate::web::requests::leaderboard::PAGE_MAX;

/// How many stand on the podium.
const PODIUM: usize = 3;

/// What the page tells of.
pub struct Sources<'s> {
    /// The standings.
    pub view: &'s View,
    /// Those of yesterday.
    pub before: Option<&'s View>,
    /// Points of the last days, the oldest first.
    pub days: &'s HashMap<UserId, Vec<i64>>,
    /// The day.
    pub today: EventDate,
}

/// Which standings a page shows, to whom: what its links lead to.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The board.
    pub board: LeaderboardId,
    /// The period.
    pub period: Period,
    /// Whose row is marked.
    pub for_user: Option<UserId>,
}

impl Place {
    /// The path of a page.
    pub fn link(&self, page: usize) -> String {
        let mut link = format!("/leaderboard/{}?period={}", self.board.0, self.period);
        if page > 0 {
            link.push_str(&format!("&page={page}"));
        }
        if let Some(id) = self.for_user {
            link.push_str(&format!("&for_user_id={id}"));
        }
        link
    }

    /// The page on which a user is, as that user's own.
    pub fn way_to(&self, view: &View, id: UserId) -> String {
        let place = Place { for_user: Some(id), ..*self };
        match view.ranked.index(id) {
            Some(index) => format!("{}#u{id}", place.link(index / PAGE_MAX)),
            None => place.link(0),
        }
    }
}

/// A link that may be to where one is.
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
    /// Whether one is there.
    pub current: bool,
}

/// The top of the page.
pub struct Heading {
    name: String,
    dates: String,
    tabs: Vec<Link>,
}

impl Heading {
    /// The top of a board's page.
    pub fn new(board: &Leaderboard, place: Place, today: EventDate) -> Heading {
        let tab = |period: Period| Link {
            label: period_label(period).to_owned(),
            url: Place { period, ..place }.link(0),
            current: period == place.period,
        };
        let tabs = if board.period_filter_disabled { Vec::new() } else { Period::ALL.map(tab).into() };
        Heading {
            name: format::plain(board.name.as_str()).into_owned(),
            dates: dates(board, place.period, today),
            tabs,
        }
    }
}

/// What a period is called on its tab.
pub fn period_label(period: Period) -> &'static str {
    match period {
        Period::AllTime => "All time",
        Period::Yearly => "Year",
        Period::Quarterly => "Quarter",
        Period::Monthly => "Month",
        Period::Weekly => "Week",
        Period::Daily => "Day",
    }
}

/// The days that count, in words.
fn dates(board: &Leaderboard, period: Period, today: EventDate) -> String {
    let window = board.window(period, today);
    let (first, last) = (*window.start(), *window.end());
    match (first == EventDate::MIN, last == today) {
        _ if first > last => "No day counts".to_owned(),
        (true, true) => "All time".to_owned(),
        (true, false) => format!("Up to {}", format::date(last)),
        (false, true) if period == Period::AllTime => format!("Since {}", format::date(first)),
        (false, _) => format!("{} to {}", format::date(first), format::date(last)),
    }
}

/// How someone has moved since yesterday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Movement {
    Up(u32),
    Down(u32),
    Same,
    New,
    Unknown,
}

impl Movement {
    fn of(entry: &Entry, before: Option<&View>) -> Movement {
        let Some(before) = before else { return Movement::Unknown };
        let Some(then) = before.ranked.get(entry.user_id) else { return Movement::New };
        match (then.position, entry.position) {
            (then, now) if then > now => Movement::Up(then - now),
            (then, now) if then < now => Movement::Down(now - then),
            _ => Movement::Same,
        }
    }
}

/// A ranked user.
struct Row {
    person: Person,
    position: String,
    /// `p1`, `p2`, `p3` for whom there is metal.
    medal: &'static str,
    score: String,
    movement: Movement,
    spark: String,
    spark_label: String,
    own: bool,
}

impl Row {
    fn new(sources: &Sources<'_>, entry: &Entry, own: bool) -> Row {
        let days = sources.days.get(&entry.user_id).map(Vec::as_slice).unwrap_or_default();
        Row {
            person: Person::listed(&sources.view.catalog, entry.user_id),
            position: format::number(entry.position.into()),
            medal: ["", "p1", "p2", "p3"].get(entry.position as usize).copied().unwrap_or_default(),
            score: format::number(entry.score),
            movement: Movement::of(entry, sources.before),
            spark: spark(days),
            spark_label: format::count(days.iter().sum(), "point", "points"),
            own,
        }
    }
}

/// The place of the user who was asked for, kept in view.
struct Own {
    person: Person,
    /// Position and score; `None` if not ranked.
    standing: Option<(String, String)>,
    /// Where the row is.
    url: String,
}

/// A search that found nobody.
pub struct Sought {
    text: String,
    like: Vec<(Person, String)>,
}

impl Sought {
    /// Nobody is called so; some are called nearly so.
    pub fn new(view: &View, place: Place, text: &str, ids: &[UserId]) -> Sought {
        let suggest = |id: &UserId| (Person::listed(&view.catalog, *id), place.way_to(view, *id));
        Sought {
            text: format::cut(&format::plain(text.trim()), Username::CHARACTERS_MAX),
            like: ids.iter().map(suggest).collect(),
        }
    }
}

/// A board.
#[derive(Template)]
#[template(path = "leaderboard.html")]
pub struct LeaderboardPage<'p> {
    layout: Layout,
    heading: Heading,
    period: Period,
    ranked: String,
    podium: Vec<Row>,
    rows: Vec<Row>,
    own: Option<Own>,
    sought: Option<Sought>,
    page: usize,
    pages: Vec<Option<Link>>,
    last_page: String,
    boards: Vec<Link>,
    live: String,
    action: String,
    address: &'p str,
    today: EventDate,
    nobody: bool,
}

impl<'p> LeaderboardPage<'p> {
    /// A page with who is `shown` on it.
    pub fn new(
        sources: &Sources<'_>,
        place: Place,
        page: usize,
        shown: &[Entry],
        boards: Vec<Link>,
        sought: Option<Sought>,
        address: &'p Address,
    ) -> LeaderboardPage<'p> {
        let view = sources.view;
        let total = view.ranked.entries().len();
        let mut podium: Vec<Row> =
            shown.iter().map(|entry| Row::new(sources, entry, place.for_user == Some(entry.user_id))).collect();
        let rows = podium.split_off(if page == 0 { PODIUM.min(podium.len()) } else { 0 });
        let standing =
            |entry: &Entry| (format::number(entry.position.into()), format::count(entry.score, "point", "points"));
        let own = place.for_user.map(|id| Own {
            person: Person::listed(&view.catalog, id),
            standing: view.ranked.get(id).map(standing),
            url: place.way_to(view, id),
        });
        let last_page = total.saturating_sub(1) / PAGE_MAX;
        LeaderboardPage {
            layout: Layout::new(Section::Leaderboard),
            heading: Heading::new(&view.board, place, sources.today),
            period: place.period,
            ranked: format::count(total as i64, "person", "people"),
            podium,
            rows,
            own,
            sought,
            page,
            pages: pages(place, page, last_page),
            last_page: place.link(last_page),
            boards,
            live: format!("/leaderboard/{}/live?period={}&any_change=true", place.board.0, place.period),
            action: format!("/leaderboard/{}", place.board.0),
            address: address.as_str(),
            today: sources.today,
            nobody: total == 0,
        }
    }

    fn script(&self) -> &'static str {
        assets::LIVE.url()
    }
}

/// Links to pages: the first, the last, those around; `None` for a gap. Nothing where there is one page.
fn pages(place: Place, page: usize, last: usize) -> Vec<Option<Link>> {
    if last == 0 {
        return Vec::new();
    }
    let mut numbers: Vec<usize> =
        [0, last].into_iter().chain(page.saturating_sub(3)..=page.saturating_add(3)).collect();
    numbers.retain(|number| *number <= last);
    numbers.sort_unstable();
    numbers.dedup();
    let mut links = Vec::new();
    for (index, &number) in numbers.iter().enumerate() {
        if index > 0 && numbers[index - 1] + 1 < number {
            links.push(None);
        }
        let label = format::number(number as i64 + 1);
        links.push(Some(Link { label, url: place.link(number), current: number == page }));
    }
    links
}

/// A board that is not there yet.
#[derive(Template)]
#[template(path = "building.html")]
pub struct BuildingPage {
    /// The layout.
    pub layout: Layout,
    /// The top.
    pub heading: Heading,
    /// Boards that can be seen.
    pub boards: Vec<Link>,
}
