//! Stored API keys.

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::StoreError;
use super::write::Write;
use crate::domain::{EventDate, Permissions, PlainKey, Timestamp, Username};

/// The shortest time between two uses of a key that are both written down.
pub const LAST_USE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A key to be stored.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The username that the key is for; `None`: it is for all users.
    pub username: Option<Username>,
    /// Whether it may only read.
    pub read_only: bool,
    /// What the key is for, in a person's words.
    pub description: Option<String>,
    /// The last day on which it works.
    pub expires_on: Option<EventDate>,
}

impl NewKey {
    /// What the key will allow.
    pub fn permissions(&self) -> Permissions {
        permissions(self.read_only)
    }
}

/// What a key allows.
pub fn permissions(read_only: bool) -> Permissions {
    if read_only { Permissions::READ_ONLY } else { Permissions::ALL }
}

/// A stored key: everything except the key itself, which is not stored.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its number.
    pub id: i64,
    /// The first characters of the key.
    pub prefix: String,
    /// The username that the key is for; `None`: it is for all users.
    pub username: Option<Username>,
    /// Whether it may only read.
    pub read_only: bool,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last day on which it works.
    pub expires_on: Option<EventDate>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key works on that day.
    pub fn works(&self, today: EventDate) -> bool {
        self.revoked_at.is_none() && self.expires_on.is_none_or(|last| today <= last)
    }

    /// Whether a use of the key at the moment `now` has to be written down.
    pub fn use_is_news(&self, now: Timestamp) -> bool {
        // A last use in the future means that the clock was set back.
        self.last_used_at.is_none_or(|last| now.since(last) >= LAST_USE_EVERY || last > now)
    }
}

/// Stores a key and returns its number.
pub fn create(write: &Write<'_>, plain: &PlainKey, key: &NewKey) -> Result<i64, StoreError> {
    const INSERT: &str = "
        INSERT INTO api_keys (prefix, digest, username, read_only, description, created_at, expires_on)
        VALUES (:prefix, :digest, :username, :read_only, :description, :now, :expires_on)";
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":prefix": plain.prefix(),
        ":digest": plain.digest().as_bytes(),
        ":username": key.username,
        ":read_only": key.read_only,
        ":description": key.description,
        ":now": write.now,
        ":expires_on": key.expires_on,
    })?;
    Ok(write.connection.last_insert_rowid())
}

/// Stores a key, unless any key is stored already, even one that no longer works. Returns its number if it
/// was stored.
pub fn create_first(write: &Write<'_>, plain: &PlainKey, key: &NewKey) -> Result<Option<i64>, StoreError> {
    let any: bool =
        write.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM api_keys)")?.query_row([], |row| row.get(0))?;
    if any { Ok(None) } else { create(write, plain, key).map(Some) }
}

/// The stored key that a caller sent, whether or not it still works.
pub fn find(connection: &Connection, plain: &PlainKey) -> Result<Option<ApiKey>, StoreError> {
    // The index of prefixes finds the few rows that may be the key's. They are then compared with it in constant time.
    const SELECT: &str = "
        SELECT id, prefix, username, read_only, description, created_at, expires_on, last_used_at, revoked_at, digest
        FROM api_keys WHERE prefix = ?1";
    let digest = plain.digest();
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([plain.prefix()])?;
    while let Some(row) = rows.next()? {
        let stored = row.get_ref(9)?;
        if stored.as_blob().is_ok_and(|stored| digest.matches(stored)) {
            return Ok(Some(api_key(row)?));
        }
    }
    Ok(None)
}

/// The stored key of that number, whether or not it still works.
pub fn get(connection: &Connection, id: i64) -> Result<Option<ApiKey>, StoreError> {
    const SELECT: &str = "
        SELECT id, prefix, username, read_only, description, created_at, expires_on, last_used_at, revoked_at
        FROM api_keys WHERE id = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], api_key).optional()?)
}

/// All keys, oldest first.
pub fn list(connection: &Connection) -> Result<Vec<ApiKey>, StoreError> {
    const SELECT: &str = "
        SELECT id, prefix, username, read_only, description, created_at, expires_on, last_used_at, revoked_at
        FROM api_keys ORDER BY id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let keys = statement.query_map([], api_key)?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// A place in the list of [`page`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlace {
    /// Whether the key there works.
    pub works: bool,
    /// Its number.
    pub id: i64,
}

/// A page of the list of keys: first those that work on the day `today`, then those that do not, each part newest
/// first. Returns at most `limit` keys that come after a place in this list, and whether more follow.
pub fn page(
    connection: &Connection,
    today: EventDate,
    after: Option<KeyPlace>,
    limit: usize,
) -> Result<(Vec<ApiKey>, bool), StoreError> {
    // This reads all keys, to sort them. There are few, because people make them one by one.
    const SELECT: &str = "
        SELECT id, prefix, username, read_only, description, created_at, expires_on, last_used_at, revoked_at,
               revoked_at IS NULL AND (expires_on IS NULL OR expires_on >= :today) AS works
        FROM api_keys WHERE (works, id) < (:works, :id) ORDER BY works DESC, id DESC LIMIT :limit";
    let KeyPlace { works, id } = after.unwrap_or(KeyPlace { works: true, id: i64::MAX });
    let mut statement = connection.prepare_cached(SELECT)?;
    let parameters = named_params! { ":today": today, ":works": works, ":id": id, ":limit": limit as i64 + 1 };
    let mut keys = statement.query_map(parameters, api_key)?.collect::<Result<Vec<_>, _>>()?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    Ok((keys, more))
}

/// Revokes a key from now on. A key that was revoked before keeps the earlier time. `false`: there is no such key.
pub fn revoke(write: &Write<'_>, id: i64) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id";
    let changed = write.connection.prepare_cached(UPDATE)?.execute(named_params! { ":id": id, ":now": write.now })?;
    Ok(changed > 0)
}

/// Writes down that a key is used, unless that was done within [`LAST_USE_EVERY`]. This is checked here again, because
/// many requests may ask for it before the first is written.
pub fn note_use(write: &Write<'_>, id: i64) -> Result<(), StoreError> {
    const UPDATE: &str = "
        UPDATE api_keys SET last_used_at = :now
        WHERE id = :id AND (last_used_at IS NULL OR last_used_at <= :before OR last_used_at > :now)";
    let before = Timestamp::new(write.now.moment() - LAST_USE_EVERY);
    write
        .connection
        .prepare_cached(UPDATE)?
        .execute(named_params! { ":id": id, ":now": write.now, ":before": before })?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: row.get(0)?,
        prefix: row.get(1)?,
        username: row.get(2)?,
        read_only: row.get(3)?,
        description: row.get(4)?,
        created_at: row.get(5)?,
        expires_on: row.get(6)?,
        last_used_at: row.get(7)?,
        revoked_at: row.get(8)?,
    })
}
