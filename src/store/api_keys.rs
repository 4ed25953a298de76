//! Stored API keys: what is kept of a key, and the ways to make, find and revoke one. Whether a key works depends on
//! others too; that is in `key_lines`.

use std::net::IpAddr;

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::StoreError;
use super::write::Write;
use crate::domain::{EventDate, KeyDigest, KeyRef, Networks, Permissions, PlainKey, Timestamp, Username};

/// The shortest time between two uses of a key that are both written down.
pub const LAST_USE_EVERY: TimeDelta = TimeDelta::minutes(1);

/// The number that stands for the configured key where a column holds the number of a key. Those of stored keys begin at 1.
const CONFIGURED: i64 = 0;

/// What a key to be stored is for.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The username that the key is for; `None`: it is for all users.
    pub username: Option<Username>,
    /// What it allows.
    pub permissions: Permissions,
    /// Where it may be used from.
    pub networks: Networks,
    /// What the key is for, in a person's words.
    pub description: Option<String>,
    /// The last day on which it works.
    pub expires_on: Option<EventDate>,
}

/// Where a key to be stored comes from.
#[derive(Debug, Clone, Copy)]
pub struct Descent {
    /// The key that it is made with, and without which it does not work.
    pub made_with: KeyRef,
    /// The moment from which it no longer works, if its maker ends then because another key took the maker's place.
    pub ends_at: Option<Timestamp>,
    /// The first of the keys whose place it takes; `None`: it takes the place of none.
    pub first_id: Option<i64>,
}

impl Descent {
    /// A key that is made by a command on the machine itself. It needs no other key.
    pub const COMMAND_LINE: Descent = Descent { made_with: KeyRef::CommandLine, ends_at: None, first_id: None };
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
    /// What it allows.
    pub permissions: Permissions,
    /// Where it may be used from.
    pub networks: Networks,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last day on which it works.
    pub expires_on: Option<EventDate>,
    /// The moment from which it no longer works, because another key took its place.
    pub ends_at: Option<Timestamp>,
    /// The newest of the keys that took its place.
    pub successor_id: Option<i64>,
    /// The first of the keys that took each other's place, up to this one; its own number if it is that key.
    pub first_id: i64,
    /// The key that it was made with, and without which it does not work. [`KeyRef::CommandLine`]: it needs none.
    pub made_with: KeyRef,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The client's address at that use.
    pub last_used_from: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether a use of the key at the moment `now` has to be written down.
    pub fn use_is_news(&self, now: Timestamp) -> bool {
        use_is_news(self.last_used_at, now)
    }
}

/// Whether a use at the moment `now` has to be written down of a key that was last used then.
pub fn use_is_news(last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
    // A last use in the future means that the clock was set back.
    last_used_at.is_none_or(|last| now.since(last) >= LAST_USE_EVERY || last > now)
}

/// Stores a key and returns its number.
pub fn create(write: &Write<'_>, plain: &PlainKey, key: &NewKey, descent: Descent) -> Result<i64, StoreError> {
    const INSERT: &str = "
        INSERT INTO api_keys (prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at,
                              first_id, made_with)
        VALUES (:prefix, :digest, :username, :scopes, :networks, :description, :now, :expires_on, :ends_at,
                :first_id, :made_with)";
    let made_with = match descent.made_with {
        KeyRef::Stored(id) => Some(id),
        KeyRef::Configured => Some(CONFIGURED),
        KeyRef::CommandLine | KeyRef::Webhook => None,
    };
    write.note_keys();
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":prefix": plain.prefix(),
        ":digest": plain.digest().as_bytes(),
        ":username": key.username,
        ":scopes": key.permissions,
        ":networks": Some(&key.networks).filter(|networks| !networks.are_everywhere()),
        ":description": key.description,
        ":now": write.now,
        ":expires_on": key.expires_on,
        ":ends_at": descent.ends_at,
        ":first_id": descent.first_id,
        ":made_with": made_with,
    })?;
    Ok(write.connection.last_insert_rowid())
}

/// Stores a key, unless any key is stored already, even one that no longer works. Returns its number if it
/// was stored.
pub fn create_first(write: &Write<'_>, plain: &PlainKey, key: &NewKey) -> Result<Option<i64>, StoreError> {
    let any: bool =
        write.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM api_keys)")?.query_row([], |row| row.get(0))?;
    if any { Ok(None) } else { create(write, plain, key, Descent::COMMAND_LINE).map(Some) }
}

/// The stored key that begins so and has this digest, whether or not it still works.
pub fn find(connection: &Connection, prefix: &str, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
    // The index of prefixes finds the few rows that may be the key's. They are then compared with it in constant time.
    const SELECT: &str = "
        SELECT id, prefix, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id,
               made_with, last_used_at, last_used_from, revoked_at, digest
        FROM api_keys WHERE prefix = ?1";
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([prefix])?;
    while let Some(row) = rows.next()? {
        let stored = row.get_ref(15)?;
        if stored.as_blob().is_ok_and(|stored| digest.matches(stored)) {
            return Ok(Some(api_key(row)?));
        }
    }
    Ok(None)
}

/// The stored key of that number, whether or not it still works.
pub fn get(connection: &Connection, id: i64) -> Result<Option<ApiKey>, StoreError> {
    const SELECT: &str = "
        SELECT id, prefix, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id,
               made_with, last_used_at, last_used_from, revoked_at
        FROM api_keys WHERE id = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([id], api_key).optional()?)
}

/// All keys, oldest first.
pub fn all(connection: &Connection) -> Result<Vec<ApiKey>, StoreError> {
    const SELECT: &str = "
        SELECT id, prefix, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id,
               made_with, last_used_at, last_used_from, revoked_at
        FROM api_keys ORDER BY id";
    let mut statement = connection.prepare_cached(SELECT)?;
    let keys = statement.query_map([], api_key)?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// Revokes a key from now on. A key that was revoked before keeps the earlier time. `false`: there is no such key.
pub fn revoke(write: &Write<'_>, id: i64) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id";
    write.note_keys();
    let changed = write.connection.prepare_cached(UPDATE)?.execute(named_params! { ":id": id, ":now": write.now })?;
    Ok(changed > 0)
}

/// Writes down that a key is used, and from which address, unless that was done within [`LAST_USE_EVERY`]. This is checked
/// here again, because many requests may ask for it before the first is written.
pub fn note_use(write: &Write<'_>, id: i64, from: IpAddr) -> Result<(), StoreError> {
    const UPDATE: &str = "
        UPDATE api_keys SET last_used_at = :now, last_used_from = :from
        WHERE id = :id AND (last_used_at IS NULL OR last_used_at <= :before OR last_used_at > :now)";
    let before = Timestamp::new(write.now.moment() - LAST_USE_EVERY);
    write.connection.prepare_cached(UPDATE)?.execute(named_params! {
        ":id": id, ":now": write.now, ":from": from.to_string(), ":before": before,
    })?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let id = row.get(0)?;
    Ok(ApiKey {
        id,
        prefix: row.get(1)?,
        username: row.get(2)?,
        permissions: row.get(3)?,
        networks: row.get::<_, Option<Networks>>(4)?.unwrap_or_default(),
        description: row.get(5)?,
        created_at: row.get(6)?,
        expires_on: row.get(7)?,
        ends_at: row.get(8)?,
        successor_id: row.get(9)?,
        first_id: row.get::<_, Option<i64>>(10)?.unwrap_or(id),
        made_with: made_with(row.get(11)?),
        last_used_at: row.get(12)?,
        last_used_from: row.get(13)?,
        revoked_at: row.get(14)?,
    })
}

/// The key that stands in the column `made_with`.
pub(super) fn made_with(column: Option<i64>) -> KeyRef {
    match column {
        Some(CONFIGURED) => KeyRef::Configured,
        Some(id) => KeyRef::Stored(id),
        None => KeyRef::CommandLine,
    }
}
