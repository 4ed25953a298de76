//! Who looks at a leaderboard, and which boards they may see.

use std::sync::Arc;

use rocket::request::{FromRequest, Outcome, Request};

use super::caller::{May, ScoreReader, need, sent_key};
use super::error::ApiError;
use super::session::SignedIn;
use crate::domain::{Leaderboard, LeaderboardId};
use crate::standings::Catalog;

/// Who looks at a board: whether a good key came with the request, or a session that was begun with one.
pub struct BoardViewer {
    has_key: bool,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for BoardViewer {
    type Error = ApiError;

    /// A key is needed for a board that is not for all. One that is sent has to be good.
    async fn from_request(request: &'r Request<'_>) -> Outcome<BoardViewer, ApiError> {
        match sent_key(request) {
            Some(_) => May::<need::ReadEvents>::from_request(request).await.map(|_| BoardViewer { has_key: true }),
            None if SignedIn::of(request).await.is_some() => Outcome::Success(BoardViewer { has_key: true }),
            None => ScoreReader::from_request(request).await.map(|_| BoardViewer { has_key: false }),
        }
    }
}

impl BoardViewer {
    /// Whether it is known who looks.
    pub fn is_known(&self) -> bool {
        self.has_key
    }

    /// Whether a board may be seen.
    pub fn may_see(&self, board: &Leaderboard) -> bool {
        self.has_key || board.is_public()
    }

    /// The board of that number, or the first that may be seen.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is none that may be seen.
    pub fn board(&self, catalog: &Catalog, id: Option<LeaderboardId>) -> Result<Arc<Leaderboard>, ApiError> {
        let mut boards = catalog.boards.iter().filter(|board| id.is_none_or(|id| board.id == id));
        boards.find(|board| self.may_see(board)).cloned().ok_or(ApiError::NotFound)
    }
}
