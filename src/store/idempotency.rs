//! Answers kept for retries under the same `Idempotency-Key`.
//!
//! An answer is looked up and kept in the same transaction as the write itself. So a retry finds the whole first answer
//! or none, even if both requests arrive at once.

use std::io;

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::write::Write;
use crate::domain::{IdempotencyKey, KeyRef, Timestamp, Username};

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::days(7);

/// How many rows one transaction of [`forget_old`] removes.
const FORGET_MAX: i64 = 1000;

/// The value in the column of the API key for an answer that was kept before there was this column. Every API key gets
/// this answer.
const KEY_ID_ANY: i64 = -1;

/// What a retry has to match: the idempotency key, who sent it with which API key, and what was asked for.
#[derive(Debug, Clone)]
pub struct Idempotency {
    actor: String,
    key_id: i64,
    key: String,
    fingerprint: [u8; 32],
}

impl Idempotency {
    /// The idempotency key that `actor` sent with `parameters` to `path`. `api_key` is the API key, or the first of those
    /// whose place it took: only they get the answer again. The configured key counts as the same key even after it was
    /// changed.
    pub fn new(
        actor: &Username,
        api_key: KeyRef,
        key: IdempotencyKey,
        path: &str,
        parameters: &impl Serialize,
    ) -> Idempotency {
        let mut digest = Hashed(Sha256::new().chain_update(path).chain_update([0]));
        serde_json::to_writer(&mut digest, parameters).expect("plain data has a JSON form");
        let fingerprint = digest.0.finalize();
        let key_id = match api_key {
            // The numbers of stored keys begin at 1.
            KeyRef::Stored(id) => id,
            KeyRef::Configured => 0,
            KeyRef::CommandLine => -2,
            KeyRef::Webhook => -3,
        };
        Idempotency { actor: actor.folded(), key_id, key: key.as_str().to_owned(), fingerprint: fingerprint.into() }
    }
}

/// Hashes what is written to it: the JSON of a batch would take as much memory again as the batch itself.
struct Hashed(Sha256);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer, given now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once<T> {
    /// The work was done now.
    Fresh(T),
    /// The work was done before; this was its answer.
    Replayed(T),
    /// The idempotency key was used for something else before.
    KeyReused,
}

/// Does `work` and keeps its answer, unless the same was done before under the same key.
pub fn once<T>(
    write: &Write<'_>,
    idempotency: Option<&Idempotency>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<Once<T>, StoreError>
where
    T: Serialize + DeserializeOwned,
{
    let Some(Idempotency { actor, key_id, key, fingerprint }) = idempotency else { return work().map(Once::Fresh) };
    const SELECT: &str = "
        SELECT fingerprint, outcome FROM idempotency_keys
        WHERE actor = :actor AND key = :key AND key_id IN (:key_id, :any) AND created_at > :oldest";
    let oldest = Timestamp::new(write.now.moment() - KEPT);
    let kept: Option<(Vec<u8>, String)> = write
        .connection
        .prepare_cached(SELECT)?
        .query_row(
            named_params! {
                ":actor": actor, ":key": key, ":key_id": key_id, ":any": KEY_ID_ANY, ":oldest": oldest,
            },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((first, outcome)) = kept {
        if first != fingerprint {
            return Ok(Once::KeyReused);
        }
        let outcome = serde_json::from_str(&outcome).map_err(|error| StoreError::Damaged(error.to_string()))?;
        return Ok(Once::Replayed(outcome));
    }
    let outcome = work()?;
    const REPLACE: &str = "
        INSERT OR REPLACE INTO idempotency_keys (actor, key, key_id, fingerprint, outcome, created_at)
        VALUES (:actor, :key, :key_id, :fingerprint, :outcome, :now)";
    write.connection.prepare_cached(REPLACE)?.execute(named_params! {
        ":actor": actor,
        ":key": key,
        ":key_id": key_id,
        ":fingerprint": fingerprint,
        ":outcome": serde_json::to_string(&outcome).expect("plain data has a JSON form"),
        ":now": write.now,
    })?;
    Ok(Once::Fresh(outcome))
}

/// Removes answers that are older than [`KEPT`], at most a fixed number at a time. Returns whether there may be more.
pub fn forget_old(write: &Write<'_>) -> Result<bool, StoreError> {
    const DELETE: &str = "
        DELETE FROM idempotency_keys WHERE (actor, key, key_id) IN
            (SELECT actor, key, key_id FROM idempotency_keys WHERE created_at <= :oldest LIMIT :count)";
    let oldest = Timestamp::new(write.now.moment() - KEPT);
    let removed =
        write.connection.prepare_cached(DELETE)?.execute(named_params! { ":oldest": oldest, ":count": FORGET_MAX })?;
    Ok(i64::try_from(removed).is_ok_and(|removed| removed == FORGET_MAX))
}
