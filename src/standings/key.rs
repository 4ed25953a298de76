//! What names standings: a board, a period, and the day whose window counts.

use crate::domain::{EventDate, LeaderboardId, Period};

/// The day for which the window of a period is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// The window as it is today.
    Today,
    /// The window as it was yesterday. A page compares today's positions with these.
    Yesterday,
}

impl AsOf {
    /// The day itself.
    pub fn date(self, today: EventDate) -> EventDate {
        match self {
            AsOf::Today => today,
            AsOf::Yesterday => today.minus_days(1),
        }
    }
}

/// Which standings: of a board, over a period, as of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StandingsKey {
    /// The board.
    pub board: LeaderboardId,
    /// The period.
    pub period: Period,
    /// The day.
    pub as_of: AsOf,
}

impl StandingsKey {
    /// The standings of today.
    pub fn today(board: LeaderboardId, period: Period) -> StandingsKey {
        StandingsKey { board, period, as_of: AsOf::Today }
    }

    /// The same standings with the window of the day before.
    pub fn yesterday(self) -> StandingsKey {
        StandingsKey { as_of: AsOf::Yesterday, ..self }
    }
}
