//! Standings: the ranked users of each board and period in use, in memory.
//!
//! One thread follows what the writer commits and keeps, for each window of days in use, every user's sum. Out of these it
//! makes a ranking for each board and period that somebody asks for: an immutable snapshot, swapped in whole. Readers take
//! the snapshot and never wait; no request runs SQL.
//!
//! The cost of a refresh follows what changed and who is ranked, not the length of history. Only what the thread has not
//! seen (a period that is asked for first, a change by another process) is read from the file.

mod catalog;
mod follower;
mod handle;
mod ranked;
mod totals;
mod view;
mod window;

pub use catalog::Catalog;
pub use handle::{Feed, Standings, StandingsThread};
pub use ranked::{Entry, Ranked};
pub use totals::{Sum, Totals};
pub use view::View;
pub use window::{Window, sum_windows};

use crate::domain::{EventDate, LeaderboardId, Period};

/// Whose window of days standings have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Day {
    /// The window as seen today.
    Today,
    /// The window as seen the day before: what movement is told against.
    Yesterday,
}

impl Day {
    /// The day itself.
    pub fn date(self, today: EventDate) -> EventDate {
        match self {
            Day::Today => today,
            Day::Yesterday => today.minus_days(1),
        }
    }
}

/// Which standings: of a board, over a period, as seen on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The board.
    pub board: LeaderboardId,
    /// The period.
    pub period: Period,
    /// The day.
    pub day: Day,
}

impl Key {
    /// The standings as they are.
    pub fn today(board: LeaderboardId, period: Period) -> Key {
        Key { board, period, day: Day::Today }
    }

    /// The same standings with the window of the day before.
    pub fn yesterday(self) -> Key {
        Key { day: Day::Yesterday, ..self }
    }
}
