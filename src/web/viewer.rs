//! Who looks at a leaderboard, and which boards they may see.

use std::sync::Arc;

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::app::{App, app};
use super::caching::KeyNeeded;
use super::caller::{May, ScoreReader, need, sent_key};
use super::client::Client;
use super::error::ApiError;
use super::session::{SessionToken, SignedIn};
use crate::domain::{KeyRef, Leaderboard, LeaderboardId, Sender, Username};
use crate::standings::Catalog;

/// Who looks at a board, and what they have shown for it.
pub struct BoardViewer {
    shown: Shown,
    /// Where the request comes from.
    sender: Sender,
    /// Noted if the reply would be another one for somebody who has shown nothing.
    key_needed: KeyNeeded,
}

/// What somebody who looks has shown.
enum Shown {
    /// A good key, under that name.
    Key(KeyRef, Username),
    /// The cookie of a session, which was begun with a good key.
    Session(SessionToken),
    /// Nothing, and nothing is needed.
    Nothing,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for BoardViewer {
    type Error = ApiError;

    /// A key is needed for a board that is not for all. If a key is sent, it has to be good.
    async fn from_request(request: &'r Request<'_>) -> Outcome<BoardViewer, ApiError> {
        let key_needed = KeyNeeded::by(request);
        if !try_outcome!(app(request).await).public {
            key_needed.note();
        }
        let sender = Client::of(request).sender();
        let viewer = |shown| BoardViewer { shown, sender, key_needed: key_needed.clone() };
        if sent_key(request).is_some() {
            let caller = May::<need::ReadEvents>::identify(request).await;
            if !caller.is_success() {
                key_needed.note();
            }
            return caller.map(|caller| viewer(Shown::Key(caller.actor.key, caller.actor.username)));
        }
        match SignedIn::of(request).await {
            Some(signed_in) => Outcome::Success(viewer(Shown::Session(signed_in.token))),
            None => ScoreReader::from_request(request).await.map(|_| viewer(Shown::Nothing)),
        }
    }
}

impl BoardViewer {
    /// Whether it is known who looks.
    pub fn is_known(&self) -> bool {
        let known = !matches!(self.shown, Shown::Nothing);
        if known {
            self.key_needed.note();
        }
        known
    }

    /// Whether what was shown still works: a key that is valid, a session that lasts. If the database can't tell just
    /// now, it is taken to work.
    pub fn still_may_look(&self, app: &App) -> bool {
        match &self.shown {
            Shown::Key(key, username) => {
                app.actions.still_acts(*key, username, self.sender).map_or(true, |actor| actor.is_some())
            }
            Shown::Session(token) => {
                SignedIn::by_token(app, token, self.sender).map_or(true, |signed_in| signed_in.is_some())
            }
            Shown::Nothing => true,
        }
    }

    /// Whether a board may be seen.
    pub fn may_see(&self, board: &Leaderboard) -> bool {
        board.is_public() || self.is_known()
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
