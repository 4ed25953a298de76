//! What a page of a leaderboard says, word by word.

use askama::Template;

use super::facts::Heading;
use super::links::{LeaderboardLinks, NavLink};
use super::rows::{LeaderboardRow, LeaderboardSources, Movement};
use crate::domain::{EventDate, Period, UserId, Username};
use crate::pages::address::Address;
use crate::pages::chart::spark_scale;
use crate::pages::html::{Layout, Section};
use crate::pages::keeper_bar::KeeperBar;
use crate::pages::person::Person;
use crate::pages::{assets, format};
use crate::standings::View;
use crate::web::requests::leaderboard::PAGE_MAX;

/// How many users stand on the podium.
const PODIUM: usize = 3;

/// Whose row is marked.
#[derive(Debug, Clone, Copy)]
pub struct Marked {
    /// The user.
    pub id: UserId,
    /// Whether it is whoever looks, and not somebody whom the address asks for.
    pub is_reader: bool,
}

/// A user whose row is marked, in a strip that stays in view.
struct OwnRow {
    person: Person,
    is_reader: bool,
    /// `None` if not ranked.
    standing: Option<OwnStanding>,
    /// The address of the row.
    url: String,
}

/// Where that user stands.
struct OwnStanding {
    position: String,
    score: String,
    /// What is missing to the next place, in words.
    next: String,
}

impl OwnRow {
    fn new(view: &View, links: LeaderboardLinks, marked: Marked) -> OwnRow {
        let standing = view.ranked.get(marked.id).map(|entry| OwnStanding {
            position: format::number(entry.position.into()),
            score: format::points(entry.score),
            next: match view.ranked.next_place(marked.id) {
                Some(next) => {
                    format!("{} to place {}", format::points(next.points), format::number(next.position.into()))
                }
                None => "Nobody is ahead".to_owned(),
            },
        });
        OwnRow {
            person: Person::listed(&view.catalog, marked.id),
            is_reader: marked.is_reader,
            standing,
            url: links.to_row(view, marked.id),
        }
    }
}

/// A search for a person that found nobody in particular.
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

/// What only one reader's page has, or a page for a few.
pub struct ForReader<'p> {
    /// Whose row is marked.
    pub marked: Option<Marked>,
    /// The search that led here and found nobody.
    pub sought: Option<FailedSearch>,
    /// The address of the server, for whoever may give points: then a page on which nobody is shows how.
    pub address: Option<&'p Address>,
}

/// A page of a leaderboard.
#[derive(Template)]
#[template(path = "leaderboard.html")]
pub struct LeaderboardPage<'p> {
    layout: Layout,
    heading: Heading,
    period: Period,
    podium: Vec<LeaderboardRow>,
    rows: Vec<LeaderboardRow>,
    own: Option<OwnRow>,
    sought: Option<FailedSearch>,
    /// The line of zero of all drawings of days.
    zero: i64,
    page: usize,
    pages: Vec<Option<NavLink>>,
    last_page: String,
    boards: Vec<NavLink>,
    live: String,
    action: String,
    address: Option<&'p str>,
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
        reader: ForReader<'p>,
    ) -> LeaderboardPage<'p> {
        let view = sources.view;
        let total = view.ranked.len();
        let entries = view.page(page, PAGE_MAX);
        let scale = spark_scale(&sources.days.all());
        let rows = entries.iter().enumerate().map(|(index, entry)| {
            let own = reader.marked.is_some_and(|marked| marked.id == entry.user_id);
            LeaderboardRow::new(sources, entry, &sources.days.of_row(index), &scale, own)
        });
        let mut podium: Vec<LeaderboardRow> = rows.collect();
        let rows = podium.split_off(if page == 0 { PODIUM.min(podium.len()) } else { 0 });
        let last_page = total.saturating_sub(1) / PAGE_MAX;
        let heading = Heading::new(&view.board, links, sources.today, Some(total));
        LeaderboardPage {
            layout: Layout::new(Section::Leaderboard),
            period: links.period,
            podium,
            rows,
            own: reader.marked.map(|marked| OwnRow::new(view, links, marked)),
            sought: reader.sought,
            zero: scale.zero,
            page,
            pages: links.to_pages(page, last_page),
            last_page: links.to_page(last_page),
            boards,
            live: format!("{}&any_change=true", links.to_stream()),
            action: format!("/leaderboard/{}", links.board.0),
            // Points of today would not count on a board that is not running.
            address: reader.address.filter(|_| heading.is_live).map(Address::as_str),
            heading,
            today: sources.today,
            nobody: total == 0,
        }
    }

    /// The same page for somebody who is signed in.
    pub fn for_keeper(mut self, keeper: Option<KeeperBar>) -> LeaderboardPage<'p> {
        self.layout = self.layout.with_keeper(keeper);
        self
    }

    fn script(&self) -> &'static str {
        assets::LIVE.url()
    }
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
