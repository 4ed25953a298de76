//! Requests about who leads.

use crate::domain::{Period, UserId};
use crate::standings::View;
use crate::web::kinds::{Limit, PageNumber, Radius};
use crate::web::request::request;

/// How many users a page has, unless fewer are asked for.
pub const PAGE_MAX: usize = View::PAGE_USERS;

request! {
    /// A page of a leaderboard.
    pub struct ShowBoard {
        /// The period; one that is unknown means the board's default.
        lenient period: Period,
        /// Which page, from 0; a page has 100 users.
        defaulted page: PageNumber = "0",
        /// Only so many of the page.
        defaulted user_limit: Limit = "100",
        /// Whose own place is told, on whatever page it is.
        optional for_user_id: UserId,
    }
}

impl ShowBoard {
    /// Which page, from 0.
    pub fn page(&self) -> usize {
        self.page.get()
    }

    /// How many users of the page.
    pub fn limit(&self) -> usize {
        self.user_limit.get()
    }
}

request! {
    /// A user's neighbours on a leaderboard.
    pub struct ShowAround {
        /// How many neighbours on each side.
        defaulted radius: Radius = "5",
        /// The period; one that is unknown means the board's default.
        lenient period: Period,
    }
}

impl ShowAround {
    /// How many neighbours on each side.
    pub fn radius(&self) -> usize {
        self.radius.get()
    }
}

request! {
    /// A leaderboard as it changes.
    pub struct FollowBoard {
        /// The period; one that is unknown means the board's default.
        lenient period: Period,
        /// Whether changes below the first page are told too.
        lenient any_change: bool,
    }
}
