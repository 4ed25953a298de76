//! Who looks at a leaderboard, and which boards they may see.

use std::sync::Arc;

use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};

use super::app::{App, app};
use super::caching::KeyNeeded;
use super::caller::{May, ScoreReader, need, sent_key};
use super::client::Client;
use super::error::ApiError;
use super::session::{SessionToken, SignedIn};
use crate::actions::Actor;
use crate::domain::{KeyRef, Leaderboard, LeaderboardId, Scope, Username};
use crate::standings::Catalog;

/// Who looks at a board, and what they have shown for it.
pub struct BoardViewer {
    shown: Shown,
    /// Whether what was shown opens boards that are not for all.
    may_read: bool,
    /// Whether what was shown gives points here.
    may_award: bool,
    /// Whether this server only reads.
    only_reads: bool,
    client: Client,
    /// Noted if the reply would be another one for somebody who has shown nothing.
    key_needed: KeyNeeded,
}

/// What somebody who looks has shown.
enum Shown {
    /// A good key, under that name.
    Key(KeyRef, Username),
    /// The cookie of a session, which was begun with a good key.
    Session(SessionToken, Box<Actor>),
    /// Nothing, and nothing is needed.
    Nothing,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for BoardViewer {
    type Error = ApiError;

    /// A key is needed for a board that is not for all. If a key is sent, it has to be good.
    async fn from_request(request: &'r Request<'_>) -> Outcome<BoardViewer, ApiError> {
        let key_needed = KeyNeeded::by(request);
        let app = try_outcome!(app(request).await);
        if !app.public {
            key_needed.note();
        }
        let viewer = |shown, may_read, may_award| {
            let client = Client::of(request);
            let only_reads = app.store.changes_at().is_some();
            let may_award = may_award && !only_reads;
            BoardViewer { shown, may_read, may_award, only_reads, client, key_needed: key_needed.clone() }
        };
        let (shown, actor) = if sent_key(request).is_some() {
            // A key that may not read sees what everybody sees.
            let caller = May::<need::GoodKey>::identify(request).await;
            if !caller.is_success() {
                key_needed.note();
            }
            let actor = try_outcome!(caller).actor;
            (Shown::Key(actor.key, actor.username.clone()), actor)
        } else if let Some(signed_in) = SignedIn::of(request).await {
            (Shown::Session(signed_in.token, Box::new(signed_in.actor.clone())), signed_in.actor)
        } else {
            return ScoreReader::from_request(request).await.map(|_| viewer(Shown::Nothing, false, false));
        };
        match actor.require(Scope::EventsRead) {
            Err(refusal) if !app.public => ApiError::from(refusal).refuse(request),
            may_read => {
                let may_award = actor.require(Scope::EventsAward).is_ok();
                Outcome::Success(viewer(shown, may_read.is_ok(), may_award))
            }
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

    /// Who is signed in, if somebody is. A reply that tells of it is for nobody else.
    pub fn keeper(&self) -> Option<&Actor> {
        match &self.shown {
            Shown::Session(_, actor) => {
                self.key_needed.note();
                Some(actor)
            }
            Shown::Key(..) | Shown::Nothing => None,
        }
    }

    /// Whether this server only reads, whatever was shown.
    pub fn only_reads(&self) -> bool {
        self.only_reads
    }

    /// Whether what was shown still works: a key that is valid, a session that lasts. If the database can't tell just
    /// now, it is taken to work.
    pub fn still_may_look(&self, app: &App) -> bool {
        match &self.shown {
            Shown::Key(key, username) => works(app.still_acts(*key, username, &self.client)),
            Shown::Session(token, _) => works(SignedIn::by_token(app, token, &self.client)),
            Shown::Nothing => true,
        }
    }

    /// Whether what was shown opens events and their descriptions.
    pub fn may_read(&self) -> bool {
        self.is_known() && self.may_read
    }

    /// Whether what was shown gives points.
    pub fn may_award(&self) -> bool {
        self.is_known() && self.may_award
    }

    /// Whether a board may be seen.
    pub fn may_see(&self, board: &Leaderboard) -> bool {
        board.is_public() || self.may_read()
    }

    /// The board of that number, or the first that may be seen.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is none that may be seen; [`ApiError::NotPermitted`] if a key was sent that may not read;
    /// [`ApiError::Unavailable`] if the file was not read yet.
    pub fn board(&self, catalog: &Catalog, id: Option<LeaderboardId>) -> Result<Arc<Leaderboard>, ApiError> {
        if catalog.is_unread() {
            return Err(ApiError::Unavailable);
        }
        let mut boards = catalog.boards.iter().filter(|board| id.is_none_or(|id| board.id == id));
        boards.find(|board| self.may_see(board)).cloned().ok_or(match self.shown {
            Shown::Key(..) if !self.may_read => ApiError::NotPermitted(Scope::EventsRead),
            _ => ApiError::NotFound,
        })
    }
}

/// Whether a look-up says that something still works, or can't tell because the database failed.
fn works<T>(found: Result<Option<T>, ApiError>) -> bool {
    match found {
        Ok(found) => found.is_some(),
        Err(error) => error.status() != Status::Forbidden,
    }
}
