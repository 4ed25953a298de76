//! Writing changes into the log of administration, and forgetting old entries.

use super::Actions;
use super::described::{self, Described};
use crate::domain::{
    Author, EventDate, GroupId, Leaderboard, LeaderboardId, RuleName, Source, Timestamp, User, UserId,
};
use crate::store::api_keys::ApiKey;
use crate::store::audit::{self, Action, Change, Subject};
use crate::store::directory::UserChange;
use crate::store::merge::Names;
use crate::store::user_batches::{self, BadUser};
use crate::store::{StoreError, Write, api_keys, directory, leaderboards, rules};

impl Actions {
    /// Removes entries of the log whose time is over, in short transactions, until none is left or `stopped` says so.
    /// Only a thread that may wait may call this.
    ///
    /// # Errors
    /// The database failed; what was removed stays removed.
    pub fn forget_old_entries(&self, stopped: impl Fn() -> bool) -> Result<(), StoreError> {
        while !stopped() && self.store.writer().write_blocking(audit::forget_old)? {}
        Ok(())
    }
}

/// The actions of which one was done, and the thing that it was done to.
struct Watched {
    create: Action,
    update: Action,
    delete: Action,
    subject: Subject,
}

/// Does `work`, which may make, change or remove a thing, and writes down what has become of the thing. `read` reads the
/// thing, before and after. Nothing is written down if the thing is as it was.
fn described_change<T, D: Described>(
    write: &Write<'_>,
    author: &Author,
    watched: Watched,
    read: impl Fn(&Write<'_>) -> Result<Option<D>, StoreError>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let before = read(write)?;
    let done = work()?;
    let (action, before, after) = match (before, read(write)?) {
        (None, None) => return Ok(done),
        (None, Some(after)) => (watched.create, None, Some(after.line())),
        (Some(before), None) => (watched.delete, Some(before.line()), None),
        (Some(before), Some(after)) => match D::difference(&before, &after) {
            None => return Ok(done),
            Some((were, are)) => (watched.update, Some(were), Some(are)),
        },
    };
    audit::record(write, author, &Change { action, subject: watched.subject, before, after })?;
    Ok(done)
}

/// Does `work`, which may change or remove a leaderboard, and writes down what has become of it.
pub(super) fn of_board<T>(
    write: &Write<'_>,
    author: &Author,
    id: LeaderboardId,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let thing = Watched {
        create: Action::BoardCreate,
        update: Action::BoardUpdate,
        delete: Action::BoardDelete,
        subject: Subject::Board(id),
    };
    let read = |write: &Write<'_>| match leaderboards::get(write.connection, id)? {
        Some(board) => Ok(Some(described::board(&board))),
        None => Ok(leaderboards::exists(write.connection, id)?.then(described::unreadable_board)),
    };
    described_change(write, author, thing, read, work)
}

/// Does `work`, which may make, change or remove a user, and writes down what has become of the user.
pub(super) fn of_user<T>(
    write: &Write<'_>,
    author: &Author,
    id: UserId,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let thing = Watched {
        create: Action::UserCreate,
        update: Action::UserUpdate,
        delete: Action::UserDelete,
        subject: Subject::User(id),
    };
    let read = |write: &Write<'_>| Ok(directory::user(write.connection, id)?.as_ref().map(described::user));
    let was_held = directory::forgotten_as_suspended(write.connection, id)?;
    let done = described_change(write, author, thing, read, work)?;
    // Of somebody who has no name before and after, nothing else is left to change.
    if was_held && read(write)?.is_none() && !directory::forgotten_as_suspended(write.connection, id)? {
        let [before, after] = ["suspended yes", "suspended no"].map(|state| Some(state.to_owned()));
        let change = Change { action: Action::UserUpdate, subject: Subject::User(id), before, after };
        audit::record(write, author, &change)?;
    }
    Ok(done)
}

/// Makes and changes many users, all or none, and writes down each change of a user who was there before, or who gets no name
/// now. Of those who are new one entry is written for all: there may be ten thousand.
pub(super) fn of_users(
    write: &Write<'_>,
    author: &Author,
    changes: Vec<(UserId, UserChange)>,
) -> Result<Result<(), BadUser>, StoreError> {
    /// How many of the new users are named.
    const NAMED_MAX: usize = 20;
    let mut made = Vec::new();
    let put = |id, change: UserChange| {
        let is_unnamed = change.username.is_none();
        let put = || directory::put_user(write, id, change);
        if is_unnamed || directory::user(write.connection, id)?.is_some() {
            return of_user(write, author, id, put);
        }
        made.push(id);
        put()
    };
    let done = user_batches::put_users(write, changes, put)?;
    if done.is_ok() && !made.is_empty() {
        let mut after: Vec<String> = made.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        if made.len() > NAMED_MAX {
            after.push(format!("and {} more", made.len() - NAMED_MAX));
        }
        let after = Some(format!("new: {}", after.join(", ")));
        let change = Change { action: Action::UserBatch, subject: Subject::Users, before: None, after };
        audit::record(write, author, &change)?;
    }
    Ok(done)
}

/// Does `work`, which may make, change or remove a group, and writes down what has become of it.
pub(super) fn of_group<T>(
    write: &Write<'_>,
    author: &Author,
    id: GroupId,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let thing = Watched {
        create: Action::GroupCreate,
        update: Action::GroupUpdate,
        delete: Action::GroupDelete,
        subject: Subject::Group(id),
    };
    described_change(write, author, thing, |write: &Write<'_>| directory::group(write.connection, id), work)
}

/// Does `work`, which may change a rule, and writes down what has become of it.
pub(super) fn of_rule<T>(
    write: &Write<'_>,
    author: &Author,
    name: RuleName,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Rules are neither made nor removed.
    let thing = Watched {
        create: Action::RuleUpdate,
        update: Action::RuleUpdate,
        delete: Action::RuleUpdate,
        subject: Subject::Rule(name),
    };
    let read = |write: &Write<'_>| Ok(Some(described::rule(&rules::get(write.connection, name)?)));
    described_change(write, author, thing, read, work)
}

/// Writes down that a secret was made for a source. What it is, is told nowhere.
pub(super) fn webhook_secret_made(
    write: &Write<'_>,
    author: &Author,
    source: Source,
    is_first: bool,
) -> Result<(), StoreError> {
    let change = Change {
        action: Action::WebhookSecret,
        subject: Subject::Webhook(source),
        before: (!is_first).then(|| "a secret".to_owned()),
        after: Some(if is_first { "a secret" } else { "another secret" }.to_owned()),
    };
    audit::record(write, author, &change)
}

/// Writes down that a leaderboard was made.
pub(super) fn board_made(write: &Write<'_>, author: &Author, board: &Leaderboard) -> Result<(), StoreError> {
    let (action, subject) = (Action::BoardCreate, Subject::Board(board.id));
    audit::record(write, author, &Change { action, subject, before: None, after: Some(described::board(board).line()) })
}

/// Writes down that a key was made.
pub(super) fn key_made(write: &Write<'_>, author: &Author, id: i64) -> Result<(), StoreError> {
    let after = api_keys::get(write.connection, id)?.map(|key| described::key(&key).line());
    audit::record(write, author, &Change { action: Action::KeyCreate, subject: Subject::Key(id), before: None, after })
}

/// Writes down that the key `successor` took the place of the key `old`, as that was before.
pub(super) fn key_rotated(
    write: &Write<'_>,
    author: &Author,
    old: &ApiKey,
    (successor, old_ends_at): (i64, Timestamp),
) -> Result<(), StoreError> {
    let begins = api_keys::get(write.connection, successor)?.map(|key| described::quoted(&key.prefix));
    let change = Change {
        action: Action::KeyRotate,
        subject: Subject::Key(old.id),
        before: Some(described::key(old).line()),
        after: Some(format!("ends {old_ends_at}, replaced by key {successor}, begins {}", begins.unwrap_or_default())),
    };
    audit::record(write, author, &change)
}

/// Revokes a key and writes that down, unless the key was revoked before. `false`: there is no such key.
pub(super) fn key_revoked(write: &Write<'_>, author: &Author, id: i64) -> Result<bool, StoreError> {
    let Some(key) = api_keys::get(write.connection, id)? else { return Ok(false) };
    if key.revoked_at.is_none() {
        api_keys::revoke(write, id)?;
        let before = Some(described::key(&key).line());
        let change = Change { action: Action::KeyRevoke, subject: Subject::Key(id), before, after: None };
        audit::record(write, author, &change)?;
    }
    Ok(true)
}

/// Writes down that the scores from a day on are rebuilt.
pub(super) fn recalculation(write: &Write<'_>, author: &Author, first: EventDate) -> Result<(), StoreError> {
    let (action, subject) = (Action::RecalculationStart, Subject::Scores);
    audit::record(write, author, &Change { action, subject, before: None, after: Some(format!("from {first}")) })
}

/// Writes down that a user becomes part of another one. `names` are what the directory knows of the two.
pub(super) fn merge(
    write: &Write<'_>,
    author: &Author,
    (from, into): (UserId, UserId),
    names: &Names,
) -> Result<(), StoreError> {
    let written = |id: UserId, user: &Option<User>| match user {
        Some(user) => format!("user {id}, {}", described::user(user).line()),
        None => format!("user {id}, without a name"),
    };
    let change = Change {
        action: Action::UserMerge,
        subject: Subject::User(from),
        before: Some(written(from, &names.0)),
        after: Some(format!("merged into {}", written(into, &names.1))),
    };
    audit::record(write, author, &change)
}
