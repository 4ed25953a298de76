//! One key takes the place of another.

use chrono::TimeDelta;
use rusqlite::{Connection, named_params};
use serde::{Deserialize, Serialize};

use super::api_keys::{self, ApiKey, Descent, NewKey};
use super::error::StoreError;
use super::key_lines::{self, Circumstances, KeyState};
use super::write::Write;
use crate::domain::{KeyRef, PlainKey, Timestamp};

/// What became of a key whose place another was to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rotated {
    /// Another key took its place.
    Done {
        /// The number of the new key.
        id: i64,
        /// The moment from which the old key no longer works.
        old_ends_at: Timestamp,
    },
    /// There is no such key.
    Unknown,
    /// The key works no longer.
    Ended(KeyState),
    /// Another key took its place before.
    Before {
        /// The newest key in its place.
        successor_id: i64,
    },
    /// The key that acts is this key, or was made with it. A key that it puts in this one's place would need itself.
    NeededByActor,
}

/// Makes a key with the same rights as the key `id`, which then works for the time `grace` only. `with` is the key that
/// acts, and `ends_at` the moment from which that key no longer works.
///
/// # Errors
/// The database failed.
pub fn rotate(
    write: &Write<'_>,
    plain: &PlainKey,
    id: i64,
    grace: TimeDelta,
    (with, ends_at): (KeyRef, Option<Timestamp>),
    at: &Circumstances,
) -> Result<Rotated, StoreError> {
    let Some(old) = api_keys::get(write.connection, id)? else { return Ok(Rotated::Unknown) };
    match key_lines::state(write.connection, &old, at)? {
        KeyState::Works => {}
        state => return Ok(Rotated::Ended(state)),
    }
    if let Some(successor_id) = old.successor_id {
        return Ok(Rotated::Before { successor_id });
    }
    if needs(write.connection, with, &old)? {
        return Ok(Rotated::NeededByActor);
    }
    let earlier = |one: Option<Timestamp>, other: Option<Timestamp>| one.into_iter().chain(other).min();
    let new = NewKey {
        username: old.username.clone(),
        permissions: old.permissions,
        networks: old.networks.clone(),
        description: old.description.clone(),
        expires_on: old.expires_on,
    };
    let made_with = if with == KeyRef::CommandLine { old.made_with } else { with };
    let descent = Descent { made_with, ends_at: earlier(old.ends_at, ends_at), first_id: Some(old.first_id) };
    let successor_id = api_keys::create(write, plain, &new, descent)?;
    let grace_ends = Timestamp::new(write.now.moment() + grace);
    let old_ends_at = old.ends_at.map_or(grace_ends, |end| end.min(grace_ends));
    write.note_keys();
    const END: &str = "UPDATE api_keys SET ends_at = :ends_at WHERE id = :id";
    write.connection.prepare_cached(END)?.execute(named_params! { ":id": id, ":ends_at": old_ends_at })?;
    // Every key of the line names its newest, so that the way there is one step however often the key was replaced.
    const POINT: &str = "UPDATE api_keys SET successor_id = :new WHERE id = :id OR successor_id = :id";
    write.connection.prepare_cached(POINT)?.execute(named_params! { ":id": id, ":new": successor_id })?;
    Ok(Rotated::Done { id: successor_id, old_ends_at })
}

/// Whether the key `with` is of the same line as `key`, or would not work without a key of that line.
fn needs(connection: &Connection, with: KeyRef, key: &ApiKey) -> Result<bool, StoreError> {
    let KeyRef::Stored(with) = with else { return Ok(false) };
    const SELECT: &str = "
        WITH RECURSIVE above (id) AS (
            SELECT :with
            UNION
            SELECT api_keys.made_with FROM api_keys JOIN above USING (id) WHERE api_keys.made_with IS NOT NULL
            UNION
            SELECT api_keys.successor_id FROM api_keys JOIN above USING (id) WHERE api_keys.successor_id IS NOT NULL
        )
        SELECT EXISTS (SELECT 1 FROM api_keys JOIN above USING (id) WHERE coalesce(first_id, api_keys.id) = :first)";
    let mut statement = connection.prepare_cached(SELECT)?;
    Ok(statement.query_row(named_params! { ":with": with, ":first": key.first_id }, |row| row.get(0))?)
}
