//! What was imported from files: stored piece by piece, remembered together with how far it came, and taken back.
//!
//! Each piece is one short transaction, in which the progress is written down with the events. So an import that is broken
//! off goes on where it stopped, and no line is ever stored twice. Ids are given in a row within a transaction, so what an
//! import has stored is remembered as a few ranges of ids.

use std::ops::Range;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row};

use super::bulk::{BulkEvent, DaySums, EventInserter, next_id};
use super::error::StoreError;
use super::event_rows;
use super::revisions;
use super::write::Write;
use crate::domain::{
    Description, EventDate, EventId, IdempotencyKey, Points, RevisionAction, ScoreEvent, Timestamp, UserId, Username,
};

/// SHA-256 of a file's bytes.
pub type FileDigest = [u8; 32];

/// An import, whether or not it is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its number.
    pub id: i64,
    /// What the file was called.
    pub name: String,
    /// The acting username.
    pub by: Username,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; `None`: it was broken off, or is under way.
    pub ended_at: Option<Timestamp>,
    /// When somebody began to take it back.
    pub undo_began_at: Option<Timestamp>,
    /// When all of it was taken back.
    pub undone_at: Option<Timestamp>,
    /// How many records of the file are dealt with, from its beginning.
    pub records: u64,
    /// How many events were stored.
    pub events: u64,
}

/// An event of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedEvent {
    /// Whose points these are.
    pub user_id: UserId,
    /// The day they are for.
    pub date: EventDate,
    /// How many points.
    pub points: Points,
    /// What they are for.
    pub description: Option<Description>,
    /// If a line with this key was imported before, this one is passed over.
    pub key: Option<IdempotencyKey>,
}

/// Some events of an import, which are stored together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// How many records of the file were dealt with before it.
    pub records_before: u64,
    /// How many are when it is stored. This includes records that are left out.
    pub records_after: u64,
    /// The events.
    pub events: Vec<ImportedEvent>,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceStored {
    /// It is stored.
    Done {
        /// How many events were stored.
        events: u64,
        /// How many were passed over, because their keys were imported before.
        known: u64,
        /// How long that took, without the commit.
        took: Duration,
    },
    /// Another process has gone on with the same import, or takes it back. Nothing is stored.
    Overtaken,
}

const COLUMNS: &str = "id, name, by, began_at, ended_at, undo_began_at, undone_at, records, events";

fn import(row: &Row<'_>) -> rusqlite::Result<Import> {
    Ok(Import {
        id: row.get(0)?,
        name: row.get(1)?,
        by: row.get(2)?,
        began_at: row.get(3)?,
        ended_at: row.get(4)?,
        undo_began_at: row.get(5)?,
        undone_at: row.get(6)?,
        records: row.get::<_, i64>(7)?.unsigned_abs(),
        events: row.get::<_, i64>(8)?.unsigned_abs(),
    })
}

/// The imports of a file, the oldest first.
pub fn of_file(connection: &Connection, digest: &FileDigest) -> Result<Vec<Import>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM imports WHERE digest = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&select)?;
    let imports = statement.query_map([digest], import)?;
    Ok(imports.collect::<Result<_, _>>()?)
}

/// All imports, the oldest first.
pub fn list(connection: &Connection) -> Result<Vec<Import>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM imports ORDER BY id"))?;
    let imports = statement.query_map([], import)?;
    Ok(imports.collect::<Result<_, _>>()?)
}

/// Whether a line with this key was imported before.
pub fn is_known(connection: &Connection, key: &IdempotencyKey) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM imported_keys WHERE key = ?1)";
    Ok(connection.prepare_cached(SELECT)?.query_row([key.as_str()], |row| row.get(0))?)
}

/// Begins an import of a file and returns its number. `None`: since `known` imports of that file were found, another one has
/// begun.
pub fn begin(
    write: &Write<'_>,
    digest: &FileDigest,
    known: usize,
    name: &str,
    by: &Username,
) -> Result<Option<i64>, StoreError> {
    if of_file(write.connection, digest)?.len() != known {
        return Ok(None);
    }
    const INSERT: &str = "INSERT INTO imports (digest, name, by, began_at) VALUES (?1, ?2, ?3, ?4)";
    write.connection.prepare_cached(INSERT)?.execute((digest, name, by, write.now))?;
    Ok(Some(write.connection.last_insert_rowid()))
}

/// Stores a piece, and writes down how far the import has come.
pub fn store(write: &Write<'_>, id: i64, piece: &Piece, by: &Username) -> Result<PieceStored, StoreError> {
    let began = Instant::now();
    if !is_at(write, id, piece.records_before)? {
        return Ok(PieceStored::Overtaken);
    }
    let mut inserter = EventInserter::new(write, by)?;
    let first = next_id(write.connection)?;
    let mut next = first;
    for event in &piece.events {
        if let Some(key) = &event.key
            && !remember_key(write, key, next)?
        {
            continue;
        }
        let ImportedEvent { user_id, date, points, ref description, .. } = *event;
        let (description, times) = (description.as_ref(), (write.now, write.now));
        inserter.insert(EventId(next), BulkEvent { user_id, date, points, description, times })?;
        next += 1;
    }
    inserter.finish()?;
    step(write, id, piece.records_after, first..next)?;
    let events = (next - first).unsigned_abs();
    Ok(PieceStored::Done { events, known: piece.events.len() as u64 - events, took: began.elapsed() })
}

/// Whether an import is under way and has come just so far. If not, another process goes on with it, or takes it back.
pub(super) fn is_at(write: &Write<'_>, id: i64, records: u64) -> Result<bool, StoreError> {
    const IS_AT: &str = "
        SELECT 1 FROM imports WHERE id = ?1 AND records = ?2 AND ended_at IS NULL AND undo_began_at IS NULL";
    Ok(write.connection.prepare_cached(IS_AT)?.exists((id, records.cast_signed()))?)
}

/// Remembers a line's key with the id of its event. `false`: a line with this key was imported before.
pub(super) fn remember_key(write: &Write<'_>, key: &IdempotencyKey, event_id: i64) -> Result<bool, StoreError> {
    const REMEMBER: &str = "INSERT OR IGNORE INTO imported_keys (key, event_id) VALUES (?1, ?2)";
    Ok(write.connection.prepare_cached(REMEMBER)?.execute((key.as_str(), event_id))? > 0)
}

/// Writes down how far an import has come, and which events it has stored since the last time.
pub(super) fn step(write: &Write<'_>, id: i64, records: u64, ids: Range<i64>) -> Result<(), StoreError> {
    const STEP: &str = "UPDATE imports SET records = ?2, events = events + ?3 WHERE id = ?1";
    write.connection.prepare_cached(STEP)?.execute((id, records.cast_signed(), ids.end - ids.start))?;
    if !ids.is_empty() {
        const RANGE: &str = "INSERT INTO imported_events (import_id, first_id, last_id) VALUES (?1, ?2, ?3)";
        write.connection.prepare_cached(RANGE)?.execute((id, ids.start, ids.end - 1))?;
    }
    Ok(())
}

/// Writes down that an import is finished.
pub fn end(write: &Write<'_>, id: i64) -> Result<(), StoreError> {
    const END: &str = "UPDATE imports SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL";
    write.connection.prepare_cached(END)?.execute((id, write.now))?;
    Ok(())
}

/// What a step of taking back has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndoStep {
    /// How many events were taken back.
    pub events: u64,
    /// Whether more are left.
    pub more: bool,
}

/// Takes back some events of an import, at most `count_max`, the latest first. What was corrected since is taken back as it
/// is now, what was deleted already stays so, and every event's history stays.
pub fn undo(write: &Write<'_>, id: i64, count_max: i64, by: &Username) -> Result<UndoStep, StoreError> {
    const BEGIN: &str = "UPDATE imports SET undo_began_at = ?2 WHERE id = ?1 AND undo_began_at IS NULL";
    write.connection.prepare_cached(BEGIN)?.execute((id, write.now))?;
    const LAST: &str = "
        SELECT first_id, last_id FROM imported_events WHERE import_id = ?1 ORDER BY first_id DESC LIMIT 1";
    let range = write.connection.prepare_cached(LAST)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((first, last)) = range.optional()? else {
        const END: &str = "UPDATE imports SET undone_at = ?2, ended_at = coalesce(ended_at, ?2) WHERE id = ?1";
        write.connection.prepare_cached(END)?.execute((id, write.now))?;
        return Ok(UndoStep { events: 0, more: false });
    };
    let (first, last): (i64, i64) = (first, last);
    let from = first.max(last - count_max + 1);
    let events = delete_between(write, from, last, by)?;
    const FORGET_KEYS: &str = "DELETE FROM imported_keys WHERE event_id BETWEEN ?1 AND ?2";
    write.connection.prepare_cached(FORGET_KEYS)?.execute((from, last))?;
    if from == first {
        const FORGET: &str = "DELETE FROM imported_events WHERE import_id = ?1 AND first_id = ?2";
        write.connection.prepare_cached(FORGET)?.execute((id, first))?;
    } else {
        const SHORTEN: &str = "UPDATE imported_events SET last_id = ?3 WHERE import_id = ?1 AND first_id = ?2";
        write.connection.prepare_cached(SHORTEN)?.execute((id, first, from - 1))?;
    }
    Ok(UndoStep { events, more: true })
}

/// Deletes the events with ids from `first` to `last`, and tells how many there were.
fn delete_between(write: &Write<'_>, first: i64, last: i64, by: &Username) -> Result<u64, StoreError> {
    let select =
        format!("SELECT {} FROM score_events NOT INDEXED WHERE id BETWEEN ?1 AND ?2 ORDER BY id", event_rows::COLUMNS);
    let mut statement = write.connection.prepare_cached(&select)?;
    let events: Vec<ScoreEvent> = statement.query_map((first, last), event_rows::event)?.collect::<Result<_, _>>()?;
    let mut sums = DaySums::default();
    for event in &events {
        revisions::remember_creation(write, event.id)?;
        revisions::remember(write, event, RevisionAction::Delete, by)?;
        sums.add(event.user_id, event.date, -i64::from(event.points), -1);
    }
    const DELETE: &str = "DELETE FROM score_events WHERE id BETWEEN ?1 AND ?2";
    write.connection.prepare_cached(DELETE)?.execute((first, last))?;
    sums.store(write)?;
    Ok(events.len() as u64)
}
