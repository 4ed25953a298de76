//! A ranked user as a page shows it.

use super::recent_days::RecentDays;
use crate::domain::EventDate;
use crate::pages::chart::{Scale, Strokes, spark};
use crate::pages::format;
use crate::pages::person::Person;
use crate::standings::{Entry, View};

/// Above this many characters a score on the podium is set smaller, so that it stays in one piece.
const SCORE_CHARACTERS: usize = 9;

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

/// How someone has moved since yesterday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// So many places up.
    Up(u32),
    /// So many places down.
    Down(u32),
    /// Still at that place.
    Same,
    /// Not ranked yesterday.
    New,
    /// Nobody knows.
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

/// The class of the stylesheet for a medal: `p1` gold, `p2` silver, `p3` bronze, else nothing. Who has no points has won
/// nothing, even where nobody has more.
pub fn medal(entry: &Entry) -> &'static str {
    let class = ["", "p1", "p2", "p3"].get(entry.position as usize).copied().unwrap_or_default();
    if entry.score > 0 { class } else { "" }
}

/// A ranked user.
pub struct LeaderboardRow {
    /// Who it is.
    pub person: Person,
    /// The position.
    pub position: String,
    /// See [`medal`].
    pub medal: &'static str,
    /// The score.
    pub score: String,
    /// The word for the unit of the score.
    pub unit: &'static str,
    /// Whether the score has many digits.
    pub is_long: bool,
    /// How many places were gained or lost since yesterday.
    pub movement: Movement,
    /// The points of the last days; `None` if there were none on any of them.
    pub recent: Option<Recent>,
    /// Whether it is the row of whoever looks, or of whom the address asks for.
    pub own: bool,
}

/// The points of a user's last days.
pub struct Recent {
    /// Their sum, with its sign.
    pub sum: String,
    /// Whether more was taken than given.
    pub is_loss: bool,
    /// A stroke for each day.
    pub strokes: Strokes,
}

impl LeaderboardRow {
    /// A row that says no more than who stands where with which score.
    pub fn short(view: &View, entry: &Entry) -> LeaderboardRow {
        let score = format::number(entry.score);
        LeaderboardRow {
            person: Person::listed(&view.catalog, entry.user_id),
            position: format::number(entry.position.into()),
            medal: medal(entry),
            is_long: score.chars().count() > SCORE_CHARACTERS,
            score,
            unit: format::unit(entry.score),
            movement: Movement::Unknown,
            recent: None,
            own: false,
        }
    }

    /// A row with everything. `days` are the points of the last days, on a scale that all rows of the page share.
    pub fn new(sources: &LeaderboardSources<'_>, entry: &Entry, days: &[i64], scale: &Scale, own: bool) -> Self {
        let sum = days.iter().sum();
        let recent = Recent { sum: format::signed(sum), is_loss: sum < 0, strokes: spark(days, scale) };
        LeaderboardRow {
            movement: Movement::of(entry, sources.before),
            recent: days.iter().any(|points| *points != 0).then_some(recent),
            own,
            ..LeaderboardRow::short(sources.view, entry)
        }
    }
}
