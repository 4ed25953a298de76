//! Leaderboards: who is ranked over which days, and who may look.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::date::EventDate;
use super::directory::GroupId;
use super::period::Period;
use super::timestamp::Timestamp;
use super::unacceptable::Unacceptable;

/// The number of a leaderboard, given by the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LeaderboardId(pub i64);

impl LeaderboardId {
    /// The board that exists from the start and can't be deleted.
    pub const GLOBAL: LeaderboardId = LeaderboardId(1);

    /// A board that nobody sees. It ranks everyone over all days, so that a user's own position can be told. No stored
    /// board has this number, because the database gives numbers from 1 on.
    pub const EVERYONE: LeaderboardId = LeaderboardId(0);
}

/// What a board is called: 1 to 255 characters, with no blanks before or after them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LeaderboardName(String);

impl LeaderboardName {
    /// The longest name, in characters.
    pub const CHARACTERS_MAX: usize = 255;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in lower case. Names are compared in this form, and no two boards have the same.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// Whether no board may have this name, because `/leaderboard/new` is a page in Discourse.
    pub fn is_reserved(&self) -> bool {
        self.folded() == "new"
    }
}

impl TryFrom<String> for LeaderboardName {
    type Error = Unacceptable;

    fn try_from(text: String) -> Result<LeaderboardName, Unacceptable> {
        let text = text.trim();
        if (1..=LeaderboardName::CHARACTERS_MAX).contains(&text.chars().count()) {
            Ok(LeaderboardName(text.to_owned()))
        } else {
            Err(Unacceptable { accepted: "a name of 1 to 255 characters" })
        }
    }
}

/// A leaderboard. Its JSON has these keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaderboard {
    /// Its number.
    pub id: LeaderboardId,
    /// What it is called.
    pub name: LeaderboardName,
    /// Who made it; -1 is the system.
    pub created_by_id: i64,
    /// Scores of earlier days do not count.
    pub from_date: Option<EventDate>,
    /// Scores of later days do not count.
    pub to_date: Option<EventDate>,
    /// The groups whose members may look at the board; empty: everyone may.
    pub visible_to_groups_ids: Vec<GroupId>,
    /// The groups whose members are ranked; empty: everyone is.
    pub included_groups_ids: Vec<GroupId>,
    /// The groups whose members are not ranked, even if they are also in an included group.
    pub excluded_groups_ids: Vec<GroupId>,
    /// The period that is shown if none is asked for. In JSON it is a number.
    #[serde(serialize_with = "as_number")]
    pub default_period: Period,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether only the default period is served.
    pub period_filter_disabled: bool,
}

fn as_number<S: serde::Serializer>(period: &Period, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(period.number())
}

impl Leaderboard {
    /// The board [`LeaderboardId::EVERYONE`].
    pub fn of_everyone() -> Leaderboard {
        Leaderboard {
            id: LeaderboardId::EVERYONE,
            name: LeaderboardName("Everyone".to_owned()),
            created_by_id: -1,
            from_date: None,
            to_date: None,
            visible_to_groups_ids: Vec::new(),
            included_groups_ids: Vec::new(),
            excluded_groups_ids: Vec::new(),
            default_period: Period::AllTime,
            updated_at: Timestamp::from_millis(0),
            period_filter_disabled: false,
        }
    }

    /// The period that a request gets which asks for `asked`.
    pub fn period(&self, asked: Option<Period>) -> Period {
        asked.filter(|_| !self.period_filter_disabled).unwrap_or(self.default_period)
    }

    /// The days that count on the day `today`. If none do, the range is empty: its first day is after its last day.
    pub fn window(&self, period: Period, today: EventDate) -> RangeInclusive<EventDate> {
        let window = period.window(today);
        let first = self.from_date.map_or(*window.start(), |from| from.max(*window.start()));
        let last = self.to_date.map_or(*window.end(), |to| to.min(*window.end()));
        first..=last
    }

    /// Whether everyone may look at the board.
    pub fn is_public(&self) -> bool {
        self.visible_to_groups_ids.is_empty()
    }
}

/// The settings of a board: everything except its number and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaderboardSettings {
    /// See [`Leaderboard::name`].
    pub name: LeaderboardName,
    /// See [`Leaderboard::from_date`].
    pub from_date: Option<EventDate>,
    /// See [`Leaderboard::to_date`].
    pub to_date: Option<EventDate>,
    /// See [`Leaderboard::visible_to_groups_ids`].
    pub visible_to_groups_ids: Vec<GroupId>,
    /// See [`Leaderboard::included_groups_ids`].
    pub included_groups_ids: Vec<GroupId>,
    /// See [`Leaderboard::excluded_groups_ids`].
    pub excluded_groups_ids: Vec<GroupId>,
    /// See [`Leaderboard::default_period`].
    pub default_period: Period,
    /// See [`Leaderboard::period_filter_disabled`].
    pub period_filter_disabled: bool,
}

impl LeaderboardSettings {
    /// A board of that name for everyone, over all days.
    pub fn named(name: LeaderboardName) -> LeaderboardSettings {
        LeaderboardSettings {
            name,
            from_date: None,
            to_date: None,
            visible_to_groups_ids: Vec::new(),
            included_groups_ids: Vec::new(),
            excluded_groups_ids: Vec::new(),
            default_period: Period::AllTime,
            period_filter_disabled: false,
        }
    }
}
