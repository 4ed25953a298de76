//! Users, who go to the directory.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::check::{self, Report};
use super::distinct::{DistinctTexts, Key};
use super::pieces::in_pieces;
use super::{Context, Table};
use crate::cli::{Failure, wait};
use crate::domain::{UserId, Username};
use crate::store::directory::{self, UserChange};
use crate::tables::{DiscourseUser, Fault};

/// How long a transaction of users may wait for the lock of another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found of the users.
pub struct Checked {
    /// The bad lines.
    pub report: Report,
    /// Users who exchange names with each other, or pass them on. They are stored first, in one transaction.
    exchanging: HashSet<UserId>,
}

/// Checks all users: none may have a name that another user has, unless that one gets another name.
pub fn check(context: &Context<'_>, table: &mut Table) -> Result<Checked, Failure> {
    // Who is in the file is known only at its end. So the first pass finds who takes whose name, and the second one says
    // which of them may not.
    let mut there = HashSet::new();
    let mut takes: Vec<(UserId, UserId)> = Vec::new();
    let key = |user: &DiscourseUser| i64::from(user.id).unsigned_abs();
    let twice = ("id", "it is there twice");
    check::rows(context, table, key, twice, |user| {
        there.insert(user.id);
        takes.extend(owner(context, &user.username)?.filter(|owner| *owner != user.id).map(|owner| (user.id, owner)));
        Ok(Ok(()))
    })?;
    let refused: HashSet<UserId> =
        takes.iter().filter(|(_, owner)| !there.contains(owner)).map(|(user, _)| *user).collect();
    let exchanging = takes.iter().flat_map(|(user, owner)| [*user, *owner]).collect();
    let mut names = DistinctTexts::default();
    let mut seen = HashSet::new();
    let report = check::rows(context, table, key, twice, |user| {
        // The first attempt of a file in no order may have come here already.
        let is_first = seen.insert(user.id);
        let fault = |why: String| Ok(Err(Fault::in_column("username", why)));
        if refused.contains(&user.id) {
            return fault(format!("{:?} is the name of another user", user.username.as_str()));
        }
        if user.username.reserved_for().is_some_and(|id| id != user.id) {
            return fault(format!("{:?} is kept for the user of that number", user.username.as_str()));
        }
        if is_first && names.take(&user.username.folded()) == Key::Twice {
            return fault(format!("{:?} is there twice", user.username.as_str()));
        }
        Ok(Ok(()))
    })?;
    Ok(Checked { report, exchanging })
}

fn owner(context: &Context<'_>, name: &Username) -> Result<Option<UserId>, Failure> {
    let owner = context.store.read_blocking(|connection| directory::id_of(connection, name));
    owner.map_err(|error| context.failed(&error))
}

/// Stores all users, and returns how many there are.
pub fn store(context: &Context<'_>, table: &mut Table, checked: &Checked) -> Result<u64, Failure> {
    let mut count = 0;
    if !checked.exchanging.is_empty() {
        let mut exchanging = Vec::new();
        let row = |user: DiscourseUser| Ok(user);
        in_pieces(context, table, "looking for exchanged names", row, |users: Vec<DiscourseUser>| {
            exchanging.extend(
                users
                    .into_iter()
                    .filter(|user| checked.exchanging.contains(&user.id))
                    .map(|user| change(context, user)),
            );
            Ok(())
        })?;
        put(context, exchanging)?;
    }
    in_pieces(
        context,
        table,
        "storing users",
        |user| Ok(change(context, user)),
        |users| {
            count += users.len() as u64;
            put(context, users)
        },
    )?;
    Ok(count)
}

fn put(context: &Context<'_>, users: Vec<(UserId, UserChange)>) -> Result<(), Failure> {
    let put = wait(context.actions.put_users(&context.actor, users, Instant::now() + PATIENCE))?;
    put.map_err(|refusal| context.refused(refusal))
}

/// What the directory is to say of a user.
fn change(context: &Context<'_>, user: DiscourseUser) -> (UserId, UserChange) {
    let DiscourseUser { id, username, name, uploaded_avatar_id, suspended_till } = user;
    let avatar_template = context.forum.as_deref().and_then(|forum| {
        let upload = uploaded_avatar_id?;
        // An empty text stands for the picture that the server draws.
        Some(upload.map_or_else(String::new, |upload| avatar(forum, &username, upload)))
    });
    let suspended = suspended_till.map(|till| till.is_some_and(|till| till > context.clock.now()));
    (id, UserChange { username: Some(username), name: Some(name), avatar_template, suspended })
}

/// The address of a picture, as Discourse makes it out of the number of an upload.
fn avatar(forum: &str, username: &Username, upload: i64) -> String {
    /// The version of the form in which Discourse keeps pictures of several sizes.
    const VERSION: u32 = 2;
    let host = forum.split_once("://").map_or(forum, |(_, host)| host);
    let host = host.split_once('/').map_or(host, |(host, _)| host);
    format!("{forum}/user_avatar/{host}/{}/{{size}}/{upload}_{VERSION}.png", username.folded())
}
