//! Whether a stored key works, which depends on the keys above it: nothing outlives the key that it was made with.
//!
//! A key that was made with another works only while its maker does. If another key took the maker's place, what the
//! maker made goes on as long as the newest key in that place works; if the maker was revoked, it ends. This is looked up
//! whenever a key is used, and nothing has to be written when a key ends.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::api_keys::{self, ApiKey, made_with};
use super::error::StoreError;
use crate::domain::{EventDate, KeyDigest, KeyRef, Timestamp};

/// How many keys are looked at above a key, before it is taken not to work.
const STEPS_MAX: usize = 200;

/// What decides beside the file whether a key works.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// The time.
    pub now: Timestamp,
    /// The day.
    pub today: EventDate,
    /// Whether a key is configured. What was made with the configured key needs one.
    pub is_key_configured: bool,
}

/// Whether a key works, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyState {
    /// It works.
    Works,
    /// It was revoked.
    Revoked,
    /// Its last day, or the time that it had after another key took its place, is over.
    Expired,
    /// The key that it was made with works no longer.
    MakerEnded,
}

/// What decides about a key by itself.
struct Ends {
    revoked_at: Option<Timestamp>,
    expires_on: Option<EventDate>,
    ends_at: Option<Timestamp>,
    successor_id: Option<i64>,
    made_with: KeyRef,
}

impl Ends {
    fn state(&self, at: &Circumstances) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.expires_on.is_some_and(|last| last < at.today) || self.ends_at.is_some_and(|end| end <= at.now) {
            KeyState::Expired
        } else {
            KeyState::Works
        }
    }
}

/// Whether a key works.
///
/// # Errors
/// The database failed.
pub fn state(connection: &Connection, key: &ApiKey, at: &Circumstances) -> Result<KeyState, StoreError> {
    let ends = Ends {
        revoked_at: key.revoked_at,
        expires_on: key.expires_on,
        ends_at: key.ends_at,
        successor_id: key.successor_id,
        made_with: key.made_with,
    };
    Ok(match ends.state(at) {
        KeyState::Works if !maker_works(connection, key.made_with, at, STEPS_MAX)? => KeyState::MakerEnded,
        state => state,
    })
}

/// The stored key that begins so and has this digest, if it works, and goes on to work until somebody changes a key.
///
/// # Errors
/// The database failed.
pub fn find_lasting(
    connection: &Connection,
    prefix: &str,
    digest: &KeyDigest,
    at: &Circumstances,
) -> Result<Option<ApiKey>, StoreError> {
    let Some((key, KeyState::Works)) = find(connection, prefix, digest, at)? else { return Ok(None) };
    Ok(if may_expire(connection, &key)? { None } else { Some(key) })
}

/// Whether a key that works may stop to work by itself, as time passes: it or one that it needs has an end. All others work until
/// somebody changes a key.
///
/// # Errors
/// The database failed.
fn may_expire(connection: &Connection, key: &ApiKey) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT expires_on IS NOT NULL OR ends_at IS NOT NULL, made_with FROM api_keys WHERE id = ?1";
    let (mut has_end, mut maker) = (key.expires_on.is_some() || key.ends_at.is_some(), key.made_with);
    for _ in 0..STEPS_MAX {
        let KeyRef::Stored(id) = maker else { return Ok(has_end) };
        let row = connection.prepare_cached(SELECT)?.query_row([id], |row| Ok((row.get(0)?, made_with(row.get(1)?))));
        let Some((ends, next)) = row.optional()? else { return Ok(true) };
        (has_end, maker) = (has_end || ends, next);
    }
    Ok(true)
}

/// Whether a key that is made now with that one will work.
///
/// # Errors
/// The database failed.
pub fn may_make(connection: &Connection, with: KeyRef, at: &Circumstances) -> Result<bool, StoreError> {
    // The new key is one step, and so is each key that may take its place.
    maker_works(connection, with, at, STEPS_MAX - 2)
}

fn maker_works(
    connection: &Connection,
    mut maker: KeyRef,
    at: &Circumstances,
    steps_max: usize,
) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT revoked_at, expires_on, ends_at, successor_id, made_with FROM api_keys WHERE id = ?1";
    for _ in 0..steps_max {
        let id = match maker {
            KeyRef::CommandLine => return Ok(true),
            KeyRef::Webhook => return Ok(false),
            KeyRef::Configured => return Ok(at.is_key_configured),
            KeyRef::Stored(id) => id,
        };
        let Some(ends) = connection.prepare_cached(SELECT)?.query_row([id], ends).optional()? else { return Ok(false) };
        maker = match (ends.state(at), ends.successor_id) {
            (KeyState::Works, _) => ends.made_with,
            (KeyState::Expired, Some(successor)) => KeyRef::Stored(successor),
            _ => return Ok(false),
        };
    }
    Ok(false)
}

fn ends(row: &Row<'_>) -> rusqlite::Result<Ends> {
    Ok(Ends {
        revoked_at: row.get(0)?,
        expires_on: row.get(1)?,
        ends_at: row.get(2)?,
        successor_id: row.get(3)?,
        made_with: made_with(row.get(4)?),
    })
}

/// The stored key that begins so and has this digest, and whether it works.
///
/// # Errors
/// The database failed.
pub fn find(
    connection: &Connection,
    prefix: &str,
    digest: &KeyDigest,
    at: &Circumstances,
) -> Result<Option<(ApiKey, KeyState)>, StoreError> {
    with_state(connection, api_keys::find(connection, prefix, digest)?, at)
}

/// The stored key of that number, and whether it works.
///
/// # Errors
/// The database failed.
pub fn get(connection: &Connection, id: i64, at: &Circumstances) -> Result<Option<(ApiKey, KeyState)>, StoreError> {
    with_state(connection, api_keys::get(connection, id)?, at)
}

fn with_state(
    connection: &Connection,
    key: Option<ApiKey>,
    at: &Circumstances,
) -> Result<Option<(ApiKey, KeyState)>, StoreError> {
    key.map(|key| state(connection, &key, at).map(|state| (key, state))).transpose()
}

/// All keys, oldest first, and whether each works.
///
/// # Errors
/// The database failed.
pub fn list(connection: &Connection, at: &Circumstances) -> Result<Vec<(ApiKey, KeyState)>, StoreError> {
    let keys = api_keys::all(connection)?;
    keys.into_iter().map(|key| state(connection, &key, at).map(|state| (key, state))).collect()
}

/// A place in the list of [`page`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlace {
    /// Whether the key there works.
    pub works: bool,
    /// Its number.
    pub id: i64,
}

/// A page of the list of keys: first those that work, then those that do not, each part newest first. Returns at most
/// `limit` keys that come after a place in this list, and whether more follow.
///
/// # Errors
/// The database failed.
pub fn page(
    connection: &Connection,
    at: &Circumstances,
    after: Option<KeyPlace>,
    limit: usize,
) -> Result<(Vec<(ApiKey, KeyState)>, bool), StoreError> {
    // This reads all keys, to sort them. There are few, because people make them one by one.
    let place = |(key, state): &(ApiKey, KeyState)| (*state == KeyState::Works, key.id);
    let mut keys = list(connection, at)?;
    keys.retain(|key| after.is_none_or(|after| place(key) < (after.works, after.id)));
    keys.sort_by_key(|key| std::cmp::Reverse(place(key)));
    let more = keys.len() > limit;
    keys.truncate(limit);
    Ok((keys, more))
}
