//! Changing users and groups, and merging two users into one.

use super::events::known;
use super::{Actions, Actor, Refusal, audit};
use crate::domain::{Group, GroupId, Scope, UserId, Username};
use crate::store::directory::{self, GroupChange, Put, UserChange};
use crate::store::merge::Names;
use crate::store::{StoreError, Write};

/// Whether the user or group that is stored may exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// It may exist already; then it is changed.
    Any,
    /// It must not exist yet.
    New,
}

impl Actions {
    /// The number of the user behind each name, in the order of the names; `None` for a name that nobody has.
    ///
    /// # Errors
    /// The database failed.
    pub async fn numbers_of(&self, names: Vec<Username>) -> Result<Vec<Option<UserId>>, StoreError> {
        self.store
            .read(move |connection| names.iter().map(|name| directory::id_by_name(connection, name)).collect())
            .await
    }

    /// Makes or changes a user, and waits until that shows.
    ///
    /// # Errors
    /// [`Refusal::Missing`], [`Refusal::NameTaken`]; [`Refusal::NumberTaken`] if the user should be new and is not;
    /// others as [`Refusal`] says.
    pub async fn put_user(
        &self,
        actor: &Actor,
        id: UserId,
        change: UserChange,
        existence: Existence,
    ) -> Result<(), Refusal> {
        actor.require(Scope::Users)?;
        let by = actor.author();
        let put = self.store.write(move |write| {
            if existence == Existence::New && directory::user(write.connection, id)?.is_some() {
                return Ok(None);
            }
            audit::of_user(write, &by, id, || directory::put_user(write, id, change)).map(Some)
        });
        self.shown(put.await?, "username").await
    }

    /// Forgets a user's names, and waits until that shows; points and groups stay.
    ///
    /// # Errors
    /// [`Refusal::Unknown`]; others as [`Refusal`] says.
    pub async fn delete_user(&self, actor: &Actor, id: UserId) -> Result<(), Refusal> {
        actor.require(Scope::Users)?;
        let by = actor.author();
        let delete = move |write: &Write<'_>| audit::of_user(write, &by, id, || directory::delete_user(write, id));
        let found = self.store.write(delete).await?;
        self.show().await;
        known(found)
    }

    /// Moves everything that one user has to another user, and waits until that shows.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if there is nothing to move; others as [`Refusal`] says.
    pub async fn merge_users(&self, actor: &Actor, from: UserId, into: UserId) -> Result<(), Refusal> {
        actor.require(Scope::Users)?;
        actor.require(Scope::EventsCorrect)?;
        let by = actor.author();
        let begun = move |write: &Write<'_>, names: &Names| audit::merge(write, &by, (from, into), names);
        let found = self.store.merge(from, into, begun).await?;
        self.show().await;
        known(found)
    }

    /// Makes or changes a group, and waits until that shows.
    ///
    /// # Errors
    /// As [`Actions::put_user`], but two groups may have one name; [`Refusal::TooManyMembers`] if there are more than
    /// [`Group::MEMBERS_MAX`].
    pub async fn put_group(
        &self,
        actor: &Actor,
        id: GroupId,
        change: GroupChange,
        existence: Existence,
    ) -> Result<(), Refusal> {
        actor.require(Scope::Users)?;
        if change.user_ids.as_ref().is_some_and(|user_ids| user_ids.len() > Group::MEMBERS_MAX) {
            return Err(Refusal::TooManyMembers);
        }
        let by = actor.author();
        let put = self.store.write(move |write| {
            if existence == Existence::New && directory::group_exists(write.connection, id)? {
                return Ok(None);
            }
            audit::of_group(write, &by, id, || directory::put_group(write, id, change)).map(Some)
        });
        self.shown(put.await?, "name").await
    }

    /// Removes a group, and waits until that shows; its members stay.
    ///
    /// # Errors
    /// [`Refusal::Unknown`]; others as [`Refusal`] says.
    pub async fn delete_group(&self, actor: &Actor, id: GroupId) -> Result<(), Refusal> {
        actor.require(Scope::Users)?;
        let by = actor.author();
        let delete = move |write: &Write<'_>| audit::of_group(write, &by, id, || directory::delete_group(write, id));
        let found = self.store.write(delete).await?;
        self.show().await;
        known(found)
    }

    /// Waits until the user or group that was stored shows, or says why it was not stored. `put` is `None` if the
    /// number is taken; `name` is the part of the input that holds the name.
    async fn shown(&self, put: Option<Put>, name: &'static str) -> Result<(), Refusal> {
        match put {
            Some(Put::Done) => {
                self.show().await;
                Ok(())
            }
            Some(Put::NameMissing) => Err(Refusal::Missing(name)),
            Some(Put::NameTaken) => Err(Refusal::NameTaken),
            None => Err(Refusal::NumberTaken),
        }
    }
}
