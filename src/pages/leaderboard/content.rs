//! What a page of a leaderboard says, word by word.

use askama::Template;

use super::recent_days::RecentDays;
use crate::domain::{EventDate, Leaderboard, LeaderboardId, Period, UserId, Username};
use crate::pages::address::Address;
use crate::pages::chart::spark;
use crate::pages::html::{Layout, Section};
use crate::pages::person::Person;
use crate::pages::{assets, format};
use crate::standings::{Entry, View};
use crate::web::requests::leaderboard::PAGE_MAX;

/// How many users stand on the podium.
const PODIUM: usize = 3;

/// What a page of a leaderboard is made out of.
pub struct LeaderboardSources<'s> {
    /// The standings.
    pub view: &'s View,
    /// The standings of yesterday.
    pub before: Option<&'s View>,
    /// The points of the last days, for the users on the page.
    pub days: &'s RecentDays,
    /// The day that is today.
    pub today: EventDate,
}

/// Addresses of a leaderboard's pages: they keep the period, and whose row is marked.
#[derive(Debug, Clone, Copy)]
pub struct LeaderboardLinks {
    /// The board.
    pub board: LeaderboardId,
    /// The period.
    pub period: Period,
    /// Whose row is marked.
    pub for_user: Option<UserId>,
}

impl LeaderboardLinks {
    /// The address of a page, by its number from 0.
    pub fn to_page(self, page: usize) -> String {
        let mut link = format!("/leaderboard/{}?period={}", self.board.0, self.period);
        if page > 0 {
            link.push_str(&format!("&page={page}"));
        }
        if let Some(id) = self.for_user {
            link.push_str(&format!("&for_user_id={id}"));
        }
        link
    }

    /// The address of the stream that tells of changes of the first page.
    pub fn to_stream(self) -> String {
        format!("/leaderboard/{}/live?period={}", self.board.0, self.period)
    }

    /// The address of the page on which a user is, with that user's row marked.
    pub fn to_user(self, view: &View, id: UserId) -> String {
        let links = LeaderboardLinks { for_user: Some(id), ..self };
        match view.ranked.index(id) {
            Some(index) => format!("{}#u{id}", links.to_page(index / PAGE_MAX)),
            None => links.to_page(0),
        }
    }
}

/// A link of a page's navigation.
#[derive(Hash)]
pub struct NavLink {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
    /// Whether it leads to the page on which it stands.
    pub current: bool,
}

/// The top of the page.
pub struct Heading {
    name: String,
    dates: String,
    tabs: Vec<NavLink>,
}

impl Heading {
    /// The top of a board's page.
    pub fn new(board: &Leaderboard, links: LeaderboardLinks, today: EventDate) -> Heading {
        let tab = |period: Period| NavLink {
            label: period_label(period).to_owned(),
            url: LeaderboardLinks { period, ..links }.to_page(0),
            current: period == links.period,
        };
        let tabs = if board.period_filter_disabled { Vec::new() } else { Period::ALL.map(tab).into() };
        Heading {
            name: format::plain(board.name.as_str()).into_owned(),
            dates: dates(board, links.period, today),
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
pub fn dates(board: &Leaderboard, period: Period, today: EventDate) -> String {
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
pub struct LeaderboardRow {
    /// Who it is.
    pub person: Person,
    /// The position.
    pub position: String,
    /// The class of the stylesheet for a medal: `p1` gold, `p2` silver, `p3` bronze, else nothing.
    pub medal: &'static str,
    /// The score.
    pub score: String,
    movement: Movement,
    spark: String,
    spark_label: String,
    own: bool,
}

impl LeaderboardRow {
    /// A row that says no more than who stands where with which score.
    pub fn short(view: &View, entry: &Entry) -> LeaderboardRow {
        LeaderboardRow {
            person: Person::listed(&view.catalog, entry.user_id),
            position: format::number(entry.position.into()),
            medal: ["", "p1", "p2", "p3"].get(entry.position as usize).copied().unwrap_or_default(),
            score: format::number(entry.score),
            movement: Movement::Unknown,
            spark: String::new(),
            spark_label: String::new(),
            own: false,
        }
    }

    fn new(sources: &LeaderboardSources<'_>, entry: &Entry, days: &[i64], own: bool) -> LeaderboardRow {
        LeaderboardRow {
            movement: Movement::of(entry, sources.before),
            spark: spark(days),
            spark_label: format::points(days.iter().sum()),
            own,
            ..LeaderboardRow::short(sources.view, entry)
        }
    }
}

/// The user who was asked for, in a line that stays in view.
struct OwnRow {
    person: Person,
    /// Position and score; `None` if not ranked.
    standing: Option<(String, String)>,
    /// The address of the row.
    url: String,
}

/// A search for a person that found nobody.
pub struct FailedSearch {
    text: String,
    like: Vec<(Person, String)>,
}

impl FailedSearch {
    /// Nobody in particular has the name `text`. The names of `ids` are like it.
    pub fn new(view: &View, links: LeaderboardLinks, text: &str, ids: &[UserId]) -> FailedSearch {
        let suggest = |id: &UserId| (Person::listed(&view.catalog, *id), links.to_user(view, *id));
        FailedSearch {
            text: format::cut(&format::plain(text.trim()), Username::CHARACTERS_MAX),
            like: ids.iter().map(suggest).collect(),
        }
    }
}

/// A page of a leaderboard.
#[derive(Template)]
#[template(path = "leaderboard.html")]
pub struct LeaderboardPage<'p> {
    layout: Layout,
    heading: Heading,
    period: Period,
    ranked: String,
    podium: Vec<LeaderboardRow>,
    rows: Vec<LeaderboardRow>,
    own: Option<OwnRow>,
    sought: Option<FailedSearch>,
    page: usize,
    pages: Vec<Option<NavLink>>,
    last_page: String,
    boards: Vec<NavLink>,
    live: String,
    action: String,
    address: &'p str,
    today: EventDate,
    nobody: bool,
}

impl<'p> LeaderboardPage<'p> {
    /// The page of that number, from 0.
    pub fn new(
        sources: &LeaderboardSources<'_>,
        links: LeaderboardLinks,
        page: usize,
        boards: Vec<NavLink>,
        sought: Option<FailedSearch>,
        address: &'p Address,
    ) -> LeaderboardPage<'p> {
        let view = sources.view;
        let total = view.ranked.entries().len();
        let row = |(index, entry): (usize, &Entry)| {
            LeaderboardRow::new(sources, entry, &sources.days.of_row(index), links.for_user == Some(entry.user_id))
        };
        let mut podium: Vec<LeaderboardRow> = view.page(page, PAGE_MAX).iter().enumerate().map(row).collect();
        let rows = podium.split_off(if page == 0 { PODIUM.min(podium.len()) } else { 0 });
        let standing = |entry: &Entry| (format::number(entry.position.into()), format::points(entry.score));
        let own = links.for_user.map(|id| OwnRow {
            person: Person::listed(&view.catalog, id),
            standing: view.ranked.get(id).map(standing),
            url: links.to_user(view, id),
        });
        let last_page = total.saturating_sub(1) / PAGE_MAX;
        LeaderboardPage {
            layout: Layout::new(Section::Leaderboard),
            heading: Heading::new(&view.board, links, sources.today),
            period: links.period,
            ranked: format::count(total as i64, "person", "people"),
            podium,
            rows,
            own,
            sought,
            page,
            pages: pages(links, page, last_page),
            last_page: links.to_page(last_page),
            boards,
            live: format!("{}&any_change=true", links.to_stream()),
            action: format!("/leaderboard/{}", links.board.0),
            address: address.as_str(),
            today: sources.today,
            nobody: total == 0,
        }
    }

    fn script(&self) -> &'static str {
        assets::LIVE.url()
    }
}

/// Links to the first page, the last page and the pages around this one; `None` for a gap. There are no links if there
/// is only one page.
fn pages(links: LeaderboardLinks, page: usize, last: usize) -> Vec<Option<NavLink>> {
    if last == 0 {
        return Vec::new();
    }
    let mut numbers: Vec<usize> =
        [0, last].into_iter().chain(page.saturating_sub(3)..=page.saturating_add(3)).collect();
    numbers.retain(|number| *number <= last);
    numbers.sort_unstable();
    numbers.dedup();
    let mut shown = Vec::new();
    for (index, &number) in numbers.iter().enumerate() {
        if index > 0 && numbers[index - 1] + 1 < number {
            shown.push(None);
        }
        let label = format::number(number as i64 + 1);
        shown.push(Some(NavLink { label, url: links.to_page(number), current: number == page }));
    }
    shown
}

/// The page of a leaderboard whose standings are not built yet.
#[derive(Template)]
#[template(path = "building.html")]
pub struct BuildingPage {
    /// The layout.
    pub layout: Layout,
    /// The top.
    pub heading: Heading,
    /// Boards that can be seen.
    pub boards: Vec<NavLink>,
}
