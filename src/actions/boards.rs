//! Setting up leaderboards.

use super::events::known;
use super::{Actions, Actor, Answer, Refusal, audit};
use crate::domain::{Author, IdempotencyKey, Leaderboard, LeaderboardId, LeaderboardSettings, Scope};
use crate::store::leaderboards::{self, Changed};
use crate::store::{StoreError, Write, directory};

/// The resource that an idempotency key of a new board belongs to.
const RESOURCE: &str = "/admin/boards";

/// Discourse's id for its system user. If no user of the directory has made a board, the system has.
const SYSTEM: i64 = -1;

/// A leaderboard to be made.
#[derive(Debug, Clone)]
pub struct NewBoard {
    /// Its settings.
    pub settings: LeaderboardSettings,
    /// Who makes it: a user's number, or -1 for the system. `None`: the user of the acting name, if the directory has one,
    /// else the system.
    pub created_by_id: Option<i64>,
}

impl Actions {
    /// Makes a leaderboard and waits until it can be looked at.
    ///
    /// # Errors
    /// [`Refusal::NameTaken`]; others as [`Refusal`] says.
    pub async fn create_board(&self, actor: &Actor, new: NewBoard) -> Result<Leaderboard, Refusal> {
        actor.require(Scope::Boards)?;
        let by = actor.author();
        let board = done(self.store.write(move |write| create(write, new, &by)).await?)?;
        self.show().await;
        Ok(board)
    }

    /// Does what [`Actions::create_board`] does, but only once for each idempotency key. The outcome is the number of
    /// the board.
    ///
    /// # Errors
    /// As those of [`Actions::create_board`].
    pub async fn create_board_once(
        &self,
        actor: &Actor,
        new: NewBoard,
        key: Option<IdempotencyKey>,
    ) -> Result<Answer<LeaderboardId>, Refusal> {
        actor.require(Scope::Boards)?;
        let by = actor.author();
        let name = new.settings.name.clone();
        let created = self.once(actor, key, RESOURCE, &name, move |write| {
            Ok(match create(write, new, &by)? {
                Changed::Done(board) => Some(board.id.0),
                Changed::Unknown | Changed::NameTaken => None,
            })
        });
        let Answer { outcome, replayed } = created.await?;
        let id = outcome.ok_or(Refusal::NameTaken)?;
        self.show().await;
        Ok(Answer { outcome: LeaderboardId(id), replayed })
    }

    /// Replaces everything of a leaderboard except who made it, and waits until that shows.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::NameTaken`]; others as [`Refusal`] says.
    pub async fn update_board(
        &self,
        actor: &Actor,
        id: LeaderboardId,
        settings: LeaderboardSettings,
    ) -> Result<(), Refusal> {
        actor.require(Scope::Boards)?;
        let by = actor.author();
        done(
            self.store
                .write(move |write| audit::of_board(write, &by, id, || leaderboards::update(write, id, settings)))
                .await?,
        )?;
        self.show().await;
        Ok(())
    }

    /// Removes a leaderboard, and waits until nobody sees it any more. The first leaderboard can't be removed.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::LeaderboardProtected`]; others as [`Refusal`] says.
    pub async fn delete_board(&self, actor: &Actor, id: LeaderboardId) -> Result<(), Refusal> {
        actor.require(Scope::Boards)?;
        if id == LeaderboardId::GLOBAL {
            return Err(Refusal::LeaderboardProtected);
        }
        let by = actor.author();
        let delete = move |write: &Write<'_>| audit::of_board(write, &by, id, || leaderboards::delete(write, id));
        let found = self.store.write(delete).await?;
        self.show().await;
        known(found)
    }
}

/// Makes the board in one transaction. First only its name is stored, which gives it a number; then all its settings
/// are stored under that number.
fn create(write: &Write<'_>, new: NewBoard, by: &Author) -> Result<Changed<Leaderboard>, StoreError> {
    let creator = match new.created_by_id {
        Some(id) => id,
        None => directory::id_of(write.connection, &by.username)?.map_or(SYSTEM, i64::from),
    };
    let board = match leaderboards::create(write, &new.settings.name, creator)? {
        Changed::Done(board) => board,
        refused => return Ok(refused),
    };
    let changed = leaderboards::update(write, board.id, new.settings)?;
    if let Changed::Done(board) = &changed {
        audit::board_made(write, by, board)?;
    }
    Ok(changed)
}

fn done<T>(changed: Changed<T>) -> Result<T, Refusal> {
    match changed {
        Changed::Done(value) => Ok(value),
        Changed::Unknown => Err(Refusal::Unknown),
        Changed::NameTaken => Err(Refusal::NameTaken),
    }
}
