//! What sources of deeds send: the secrets that they sign with, and what came last.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::StoreError;
use super::write::Write;
use crate::domain::{Source, Timestamp, WebhookSecret};

/// How many deliveries are kept.
pub const DELIVERIES_MAX: i64 = 100;

/// A delivery that came well signed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When it came.
    pub at: Timestamp,
    /// What it was about, by the source's own name for it; empty: it did not say.
    pub event: String,
    /// What became of it, in words for people.
    pub outcome: String,
}

/// The secret that was made for a source, if one was.
pub fn secret(connection: &Connection, source: Source) -> Result<Option<WebhookSecret>, StoreError> {
    const SELECT: &str = "SELECT secret FROM webhook_secrets WHERE source = ?1";
    Ok(connection.prepare_cached(SELECT)?.query_row([source.name()], |row| row.get(0)).optional()?)
}

/// Keeps the secret of a source in place of the one before.
pub fn keep_secret(write: &Write<'_>, source: Source, secret: &WebhookSecret) -> Result<(), StoreError> {
    const UPSERT: &str = "
        INSERT INTO webhook_secrets (source, secret, made_at) VALUES (:source, :secret, :now)
        ON CONFLICT DO UPDATE SET secret = excluded.secret, made_at = excluded.made_at";
    write.connection.prepare_cached(UPSERT)?.execute(named_params! {
        ":source": source.name(),
        ":secret": secret.reveal(),
        ":now": write.now,
    })?;
    Ok(())
}

/// Writes down what became of a delivery, and forgets the oldest if there are too many.
pub fn record(write: &Write<'_>, source: Source, event: &str, outcome: &str) -> Result<(), StoreError> {
    const INSERT: &str = "
        INSERT INTO deliveries (source, at, event, outcome) VALUES (:source, :now, :event, :outcome)";
    write.connection.prepare_cached(INSERT)?.execute(named_params! {
        ":source": source.name(),
        ":now": write.now,
        ":event": event,
        ":outcome": outcome,
    })?;
    let last_forgotten = write.connection.last_insert_rowid() - DELIVERIES_MAX;
    write.connection.prepare_cached("DELETE FROM deliveries WHERE id <= ?1")?.execute([last_forgotten])?;
    Ok(())
}

/// What came last from a source, newest first: at most [`DELIVERIES_MAX`].
pub fn deliveries(connection: &Connection, source: Source) -> Result<Vec<Delivery>, StoreError> {
    const SELECT: &str = "SELECT at, event, outcome FROM deliveries WHERE source = ?1 ORDER BY id DESC";
    let mut statement = connection.prepare_cached(SELECT)?;
    let deliveries = statement.query_map([source.name()], delivery)?;
    Ok(deliveries.collect::<Result<_, _>>()?)
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery { at: row.get(0)?, event: row.get(1)?, outcome: row.get(2)? })
}
