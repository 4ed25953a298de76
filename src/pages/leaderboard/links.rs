//! Addresses of a leaderboard's pages.

use std::sync::Arc;

use crate::domain::{EventDate, Leaderboard, LeaderboardId, Period, UserId};
use crate::pages::format;
use crate::standings::View;
use crate::web::requests::leaderboard::PAGE_MAX;

/// How many other boards are linked to.
const BOARDS_MAX: usize = 50;

/// Addresses of a leaderboard's pages: they keep the period, and whose row is marked.
#[derive(Debug, Clone, Copy)]
pub struct LeaderboardLinks {
    /// The board.
    pub board: LeaderboardId,
    /// The period.
    pub period: Period,
    /// Whose row the address asks to mark.
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
        LeaderboardLinks { for_user: Some(id), ..self }.to_row(view, id)
    }

    /// The address of a user's row.
    pub fn to_row(self, view: &View, id: UserId) -> String {
        match view.ranked.index(id) {
            Some(index) => format!("{}#u{id}", self.to_page(index / PAGE_MAX)),
            None => self.to_page(0),
        }
    }

    /// Links to boards, if there are several: they keep whose row is marked, and the period where that board counts any of
    /// its days.
    pub fn to_boards<'b>(self, boards: impl Iterator<Item = &'b Arc<Leaderboard>>, today: EventDate) -> Vec<NavLink> {
        let link = |board: &Arc<Leaderboard>| {
            let period = if board.window(self.period, today).is_empty() { Period::AllTime } else { self.period };
            NavLink {
                label: format::plain(board.name.as_str()).into_owned(),
                url: LeaderboardLinks { board: board.id, period, ..self }.to_page(0),
                current: board.id == self.board,
            }
        };
        let links: Vec<NavLink> = boards.take(BOARDS_MAX).map(link).collect();
        if links.len() > 1 { links } else { Vec::new() }
    }

    /// Links to the first page, the last page and the pages around this one; `None` for a gap. There are no links if there
    /// is only one page.
    pub fn to_pages(self, page: usize, last: usize) -> Vec<Option<NavLink>> {
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
            shown.push(Some(NavLink { label, url: self.to_page(number), current: number == page }));
        }
        shown
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
