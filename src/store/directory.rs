//! Users and groups, and the merging of two users into one.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use super::columns::Lossy;
use super::error::StoreError;
use super::facts::DirectoryChange;
use super::write::Write;
use crate::domain::{Group, GroupId, User, UserId, Username, drawn_avatar};

/// A change of a user; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChange {
    /// The username; needed for a user who is new, unless the change only ends the suspension of somebody forgotten.
    pub username: Option<Username>,
    /// The full name; an empty text takes it away.
    pub name: Option<String>,
    /// The address of the user's pictures; an empty text stands for the pictures of the server itself.
    pub avatar_template: Option<String>,
    /// Whether the user is in no leaderboard.
    pub suspended: Option<bool>,
}

/// A change of a group; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupChange {
    /// The name; needed for a group that is new.
    pub name: Option<String>,
    /// All members; a new group has none if they are not given.
    pub user_ids: Option<Vec<UserId>>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is done.
    Done,
    /// The user or group is new, and no name was given.
    NameMissing,
    /// Another user has that username.
    NameTaken,
}

/// Every user who is suspended, and so is in no leaderboard. This includes users of whom the directory has forgotten
/// everything else. They come in no order.
pub fn suspended_users(connection: &Connection) -> Result<Vec<UserId>, StoreError> {
    const SELECT: &str = "
        SELECT id FROM users WHERE suspended = 1 UNION ALL SELECT user_id FROM forgotten_suspended_users";
    let mut statement = connection.prepare_cached(SELECT)?;
    let users = statement.query_map([], |row| row.get(0))?;
    Ok(users.collect::<Result<_, _>>()?)
}

/// Whether the directory has forgotten this user, who was suspended then and still is.
pub fn forgotten_as_suspended(connection: &Connection, id: UserId) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM forgotten_suspended_users WHERE user_id = ?1)";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], |row| row.get(0))?)
}

/// One user.
pub fn user(connection: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    const SELECT: &str = "SELECT id, username, name, avatar_template, suspended FROM users WHERE id = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], read_user).optional()?)
}

/// The number of the user who has a username.
pub fn id_of(connection: &Connection, username: &Username) -> Result<Option<UserId>, StoreError> {
    const SELECT: &str = "SELECT id FROM users WHERE folded = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([username.folded()], |row| row.get(0)).optional()?)
}

/// The number of the user who is known by a name. The name is a username, or a name like `user-13`, which stands for a
/// user whom the directory does not know.
pub fn id_by_name(connection: &Connection, username: &Username) -> Result<Option<UserId>, StoreError> {
    Ok(id_of(connection, username)?.or_else(|| username.reserved_for()))
}

/// Every user, by number.
pub fn users(connection: &Connection) -> Result<Vec<User>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id, username, name, avatar_template, suspended FROM users ORDER BY id")?;
    let users = statement.query_map([], read_user)?;
    Ok(users.collect::<Result<_, _>>()?)
}

/// A page of users by number, those after `after`, and whether more follow.
pub fn list_users(connection: &Connection, after: i64, limit: usize) -> Result<(Vec<User>, bool), StoreError> {
    // This walks along the primary key.
    const SELECT: &str = "
        SELECT id, username, name, avatar_template, suspended FROM users WHERE id > ?1 ORDER BY id LIMIT ?2";
    let with_next = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut statement = connection.prepare_cached(SELECT)?;
    let users = statement.query_map((after, with_next), read_user)?;
    let mut users = users.collect::<Result<Vec<_>, _>>()?;
    let more = users.len() > limit;
    users.truncate(limit);
    Ok((users, more))
}

/// Whether a change of a user without a name says nothing but that a suspension ends, which the directory has kept of
/// somebody whom it forgot. This needs no name.
pub(super) fn only_releases(connection: &Connection, id: UserId, change: &UserChange) -> Result<bool, StoreError> {
    let UserChange { username, name, avatar_template, suspended } = change;
    let is_unsaid = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
    let is_all = username.is_none() && is_unsaid(name) && is_unsaid(avatar_template);
    Ok(*suspended == Some(false) && is_all && forgotten_as_suspended(connection, id)?)
}

/// Makes or changes a user. If the directory has forgotten a user who was suspended, the user is suspended again now,
/// unless the change says otherwise; a change that says only that needs no name, and gives none.
pub fn put_user(write: &Write<'_>, id: UserId, change: UserChange) -> Result<Put, StoreError> {
    let before = user(write.connection, id)?;
    let Some(username) = change.username.clone().or_else(|| before.as_ref().map(|user| user.username.clone())) else {
        if !only_releases(write.connection, id, &change)? {
            return Ok(Put::NameMissing);
        }
        lift_forgotten_suspension(write, id)?;
        note_user(write, id)?;
        return Ok(Put::Done);
    };
    let owner = id_of(write.connection, &username)?;
    // A user may keep a name, even if nobody could take that name today.
    let reserved = username.reserved_for().filter(|_| before.as_ref().is_none_or(|user| user.username != username));
    if owner.or(reserved).is_some_and(|owner| owner != id) {
        return Ok(Put::NameTaken);
    }
    let suspended_before = lift_forgotten_suspension(write, id)?;
    const UPSERT: &str = "
        INSERT INTO users (id, username, folded, name, avatar_template, suspended)
        VALUES (:id, :username, :folded, nullif(:name, ''), nullif(:avatar, ''), coalesce(:suspended, :suspended_before))
        ON CONFLICT DO UPDATE SET
            username = excluded.username,
            folded = excluded.folded,
            name = CASE WHEN :name IS NULL THEN name ELSE excluded.name END,
            avatar_template = CASE WHEN :avatar IS NULL THEN avatar_template ELSE excluded.avatar_template END,
            suspended = coalesce(:suspended, suspended)";
    write.connection.prepare_cached(UPSERT)?.execute(named_params! {
        ":id": id,
        ":username": username,
        ":folded": username.folded(),
        ":name": change.name,
        ":avatar": change.avatar_template,
        ":suspended": change.suspended,
        ":suspended_before": suspended_before,
    })?;
    note_user(write, id)?;
    Ok(Put::Done)
}

/// Forgets a user's names. Points and groups stay, and a suspended user stays suspended. `false`: the directory has no
/// such user.
pub fn delete_user(write: &Write<'_>, id: UserId) -> Result<bool, StoreError> {
    const KEEP: &str = "
        INSERT OR IGNORE INTO forgotten_suspended_users (user_id) SELECT id FROM users WHERE id = ?1 AND suspended = 1";
    write.connection.prepare_cached(KEEP)?.execute([id])?;
    let removed = write.connection.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id])?;
    note_user(write, id)?;
    Ok(removed > 0)
}

/// Every group with its members, by number. What another program has made a member and can be no user is left out.
pub fn groups(connection: &Connection) -> Result<Vec<Group>, StoreError> {
    const SELECT: &str = "
        SELECT id, name, user_id
        FROM groups LEFT JOIN group_members ON group_id = id AND user_id BETWEEN 1 AND 2147483647
        ORDER BY id, user_id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([])?;
    let mut groups: Vec<Group> = Vec::new();
    while let Some(row) = rows.next()? {
        let id: GroupId = row.get(0)?;
        if groups.last().is_none_or(|last| last.id != id) {
            groups.push(Group { id, name: row.get::<_, Lossy>(1)?.0, user_ids: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.user_ids.extend(row.get::<_, Option<UserId>>(2)?);
        }
    }
    Ok(groups)
}

/// What a group is called, without its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupName {
    /// The number.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
}

/// The names of all groups, by number. The cost depends on the number of groups, and not on how many members they have.
pub fn group_names(connection: &Connection) -> Result<Vec<GroupName>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM groups ORDER BY id")?;
    let names = statement.query_map([], |row| Ok(GroupName { id: row.get(0)?, name: row.get::<_, Lossy>(1)?.0 }))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Whether there is a group of that number.
pub fn group_exists(connection: &Connection, id: GroupId) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM groups WHERE id = ?1)";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], |row| row.get(0))?)
}

/// One group with its members.
pub fn group(connection: &Connection, id: GroupId) -> Result<Option<Group>, StoreError> {
    const NAME: &str = "SELECT name FROM groups WHERE id = ?1";
    let name = connection.prepare_cached(NAME)?.query_row([id], |row| row.get(0)).optional()?;
    let Some(Lossy(name)) = name else { return Ok(None) };
    Ok(Some(Group { id, name, user_ids: members(connection, id)? }))
}

/// The members of a group, by number, as in [`groups`].
fn members(connection: &Connection, id: GroupId) -> Result<Vec<UserId>, StoreError> {
    const SELECT: &str = "
        SELECT user_id FROM group_members
        WHERE group_id = ?1 AND user_id BETWEEN 1 AND 2147483647 ORDER BY user_id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let members = statement.query_map([id], |row| row.get(0))?;
    Ok(members.collect::<Result<_, _>>()?)
}

/// The groups that a user is in, by number.
pub fn groups_of(connection: &Connection, user_id: UserId) -> Result<Vec<GroupId>, StoreError> {
    const SELECT: &str = "
        SELECT group_id FROM group_members
        WHERE user_id = ?1 AND group_id BETWEEN 1 AND 2147483647 ORDER BY group_id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let groups = statement.query_map([user_id], |row| row.get(0))?;
    Ok(groups.collect::<Result<_, _>>()?)
}

/// Notes for the subscribers what a user is now.
fn note_user(write: &Write<'_>, id: UserId) -> Result<(), StoreError> {
    let now = user(write.connection, id)?;
    let suspended = match &now {
        Some(user) => user.suspended,
        None => forgotten_as_suspended(write.connection, id)?,
    };
    write.note_directory(DirectoryChange::User { id, now, suspended });
    Ok(())
}

/// Removes a user from the list of suspended users whom the directory has forgotten. `false`: the user was not in it.
fn lift_forgotten_suspension(write: &Write<'_>, id: UserId) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM forgotten_suspended_users WHERE user_id = ?1";
    Ok(write.connection.prepare_cached(DELETE)?.execute([id])? > 0)
}

/// Notes for the subscribers what a group is now.
fn note_group(write: &Write<'_>, id: GroupId) -> Result<(), StoreError> {
    write.note_directory(DirectoryChange::Group { id, now: group(write.connection, id)? });
    Ok(())
}

/// Makes or changes a group.
pub fn put_group(write: &Write<'_>, id: GroupId, change: GroupChange) -> Result<Put, StoreError> {
    const NAME: &str = "SELECT name FROM groups WHERE id = ?1";
    let before: Option<Lossy> = write.connection.prepare_cached(NAME)?.query_row([id], |row| row.get(0)).optional()?;
    let Some(name) = change.name.or(before.map(|Lossy(name)| name)) else { return Ok(Put::NameMissing) };
    const UPSERT: &str = "
        INSERT INTO groups (id, name) VALUES (:id, :name) ON CONFLICT DO UPDATE SET name = excluded.name";
    write.connection.prepare_cached(UPSERT)?.execute(named_params! { ":id": id, ":name": name })?;
    if let Some(mut user_ids) = change.user_ids {
        user_ids.sort_unstable();
        user_ids.dedup();
        replace_members(write, id, &user_ids)?;
        write.note_directory(DirectoryChange::Group { id, now: Some(Group { id, name, user_ids }) });
    } else {
        note_group(write, id)?;
    }
    Ok(Put::Done)
}

/// Makes these users the members of a group. Only users who join or leave are written, because most changes of a large
/// group are small. One statement writes all who join, and one all who leave: so 100,000 who join take some 60
/// milliseconds. A member that can be no user is taken out too.
fn replace_members(write: &Write<'_>, id: GroupId, after: &[UserId]) -> Result<(), StoreError> {
    const DELETE: &str = "
        DELETE FROM group_members WHERE group_id = ?1 AND user_id IN (SELECT value FROM json_each(?2))";
    const INSERT: &str = "INSERT INTO group_members (group_id, user_id) SELECT ?1, value FROM json_each(?2)";
    // Two short ranges of the primary key.
    const CLEAN: &str = "DELETE FROM group_members WHERE group_id = ?1 AND (user_id < 1 OR user_id > 2147483647)";
    write.connection.prepare_cached(CLEAN)?.execute([id])?;
    let before = members(write.connection, id)?;
    for (statement, some, others) in [(DELETE, &before[..], after), (INSERT, after, &before[..])] {
        let only: Vec<UserId> = some.iter().filter(|id| others.binary_search(id).is_err()).copied().collect();
        if !only.is_empty() {
            let list = serde_json::to_string(&only).expect("numbers have a JSON form");
            write.connection.prepare_cached(statement)?.execute((id, list))?;
        }
    }
    Ok(())
}

/// Removes a group, and the note of who was in it. `false`: there is no such group.
pub fn delete_group(write: &Write<'_>, id: GroupId) -> Result<bool, StoreError> {
    let removed = write.connection.prepare_cached("DELETE FROM groups WHERE id = ?1")?.execute([id])?;
    note_group(write, id)?;
    Ok(removed > 0)
}

/// Moves the groups of the user `from` to the user `into`, and forgets `from`. `false`: the directory knows nothing of
/// `from`.
pub(super) fn merge(write: &Write<'_>, from: UserId, into: UserId) -> Result<bool, StoreError> {
    let users = named_params! { ":from": from, ":into": into };
    let execute = |statement: &str| write.connection.prepare_cached(statement)?.execute(users);
    let changed = groups_of(write.connection, from)?;
    let groups = execute("UPDATE OR IGNORE group_members SET user_id = :into WHERE user_id = :from")?;
    let rest = write.connection.prepare_cached("DELETE FROM group_members WHERE user_id = ?1")?.execute([from])?;
    for group in changed {
        note_group(write, group)?;
    }
    note_user(write, into)?;
    // The suspension of `from` ends too, because the user has nothing any more: everything belongs to the other user
    // now.
    let lifted = lift_forgotten_suspension(write, from)?;
    let known = write.connection.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([from])? > 0;
    note_user(write, from)?;
    Ok(known || lifted || groups + rest > 0)
}

fn read_user(row: &Row<'_>) -> rusqlite::Result<User> {
    let id = row.get(0)?;
    Ok(User {
        id,
        username: row.get(1)?,
        name: row.get::<_, Option<Lossy>>(2)?.map(|Lossy(name)| name),
        avatar_template: row.get::<_, Option<Lossy>>(3)?.map_or_else(|| drawn_avatar(id), |Lossy(address)| address),
        suspended: row.get(4)?,
    })
}
