//! Making and changing many users in one transaction, all or none.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::directory::{self, Put, UserChange};
use super::error::StoreError;
use super::write::Write;
use crate::domain::{User, UserId, Username};

/// Why a batch of users was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadUser {
    /// Which change was refused, counted from 0.
    pub index: usize,
    /// Why.
    pub put: Put,
}

/// Makes or changes users in order, each by `put`, which does what [`put_user`](super::directory::put_user) does. Names
/// are free for others as soon as the batch gives their owners other names, wherever it does so: so two users can
/// exchange their names.
pub fn put_users(
    write: &Write<'_>,
    changes: Vec<(UserId, UserChange)>,
    mut put: impl FnMut(UserId, UserChange) -> Result<Put, StoreError>,
) -> Result<Result<(), BadUser>, StoreError> {
    write.all_or_nothing(|| {
        release_names(write, &changes)?;
        for (index, (id, change)) in changes.into_iter().enumerate() {
            match put(id, change)? {
                Put::Done => {}
                refused => return Ok(Err(BadUser { index, put: refused })),
            }
        }
        Ok(Ok(()))
    })
}

/// Takes from each user who is to be called otherwise the name by which others would find it taken. In its place stands
/// a text that is nobody's name; the user gets the new name when its own change is made.
fn release_names(write: &Write<'_>, changes: &[(UserId, UserChange)]) -> Result<(), StoreError> {
    const UPDATE: &str = "UPDATE users SET folded = char(0) || id WHERE id = ?1 AND folded <> ?2";
    let mut update = write.connection.prepare_cached(UPDATE)?;
    for (id, change) in changes {
        if let Some(username) = &change.username {
            update.execute((id, username.folded()))?;
        }
    }
    Ok(())
}

/// What [`put_users`] would make of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It would be stored; the user as the directory knows it so far.
    Good(Option<User>),
    /// It would be refused, for this reason.
    Bad(Put),
}

/// What [`put_users`] would make of each change, if those that it would refuse were left out.
pub fn judge(connection: &Connection, changes: &[(UserId, UserChange)]) -> Result<Vec<Judged>, StoreError> {
    let known = |(id, _): &(UserId, UserChange)| directory::user(connection, *id);
    let before = changes.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let mut refused: Vec<Option<Put>> = vec![None; changes.len()];
    // A name that a refused change would have set free is not free. So all are looked at again until no more is refused.
    while refuse_more(connection, changes, &before, &mut refused)? {}
    let judged = |(user, refused): (Option<User>, Option<Put>)| refused.map_or(Judged::Good(user), Judged::Bad);
    Ok(before.into_iter().zip(refused).map(judged).collect())
}

/// Goes through the changes that are not refused yet, and refuses those that can't be made. Returns whether there were any.
fn refuse_more(
    connection: &Connection,
    changes: &[(UserId, UserChange)],
    before: &[Option<User>],
    refused: &mut [Option<Put>],
) -> Result<bool, StoreError> {
    let kept =
        |refused: &[Option<Put>]| (0..changes.len()).filter(|index| refused[*index].is_none()).collect::<Vec<_>>();
    let renamed = |index: &usize| {
        let (id, change) = &changes[*index];
        let (now, then) = (change.username.as_ref()?, &before[*index].as_ref()?.username);
        (now.folded() != then.folded()).then_some(*id)
    };
    let kept = kept(refused);
    let released: HashSet<UserId> = kept.iter().filter_map(renamed).collect();
    // The names that this list has given so far, by who has them and by who they are.
    let (mut given, mut names) = (HashMap::<String, UserId>::new(), HashMap::<UserId, Username>::new());
    // Who needs no name, since only the suspension of somebody forgotten ends; that happens once.
    let mut pardoned = HashSet::<UserId>::new();
    let mut more = false;
    for index in kept {
        let (id, change) = &changes[index];
        let then = names.get(id).or(before[index].as_ref().map(|user| &user.username)).cloned();
        let Some(username) = change.username.clone().or_else(|| then.clone()) else {
            if !directory::only_releases(connection, *id, change)? || !pardoned.insert(*id) {
                refused[index] = Some(Put::NameMissing);
                more = true;
            }
            continue;
        };
        let owner = match given.get(&username.folded()) {
            Some(owner) => Some(*owner),
            None => directory::id_of(connection, &username)?.filter(|owner| !released.contains(owner)),
        };
        let reserved = username.reserved_for().filter(|_| then.as_ref() != Some(&username));
        if owner.or(reserved).is_some_and(|owner| owner != *id) {
            refused[index] = Some(Put::NameTaken);
            more = true;
            continue;
        }
        if let Some(then) = names.insert(*id, username.clone()) {
            given.remove(&then.folded());
        }
        given.insert(username.folded(), *id);
    }
    Ok(more)
}
