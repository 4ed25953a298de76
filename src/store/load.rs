//! Storing what comes from a file in one transaction, where no other process has the database open.
//!
//! A commit costs a flush of the disk, and writes again pages that the commit before has written. Where nobody waits, an import
//! is therefore one transaction: all of it is stored or nothing. Its events come from another thread, which goes on reading the
//! file meanwhile. If another process opens the database, what has come is committed at once, and whoever imports goes on in
//! short transactions.

mod sums;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::oneshot;

use self::sums::{Sum, Sums};
use super::bulk::next_id;
use super::error::StoreError;
use super::id_blocks::block_of;
use super::imports::{self, ImportedEvent, Piece};
use super::insertion::Insertion;
use super::neighbours::Neighbours;
use super::newest_events::State;
use super::scores::ADD_ROWS;
use super::write::Write;
use super::writer::Writer;
use crate::domain::Username;

/// How many pieces may wait to be stored. While they are stored the file is read on.
const PIECES_WAITING_MAX: usize = 16;

/// What is to be loaded.
pub struct Load {
    /// The number of the import, which has begun.
    pub import: i64,
    /// How many records of the file are dealt with already.
    pub records: u64,
    /// Who imports.
    pub by: Username,
    /// Who else may have the database open.
    pub neighbours: Neighbours,
}

/// What became of a load.
#[derive(Debug)]
pub enum Loaded {
    /// All is stored, and the import is finished.
    Wholly(Count),
    /// Another process has opened the database. What came before these pieces is stored.
    InPart(Count, Vec<Piece>),
    /// Another process has gone on with the same import, or takes it back. Nothing is stored.
    Overtaken,
}

/// How much was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many events.
    pub events: u64,
    /// How many were passed over, because their keys were imported before.
    pub known: u64,
}

/// What the thread that stores is handed.
enum Part {
    Piece(Piece),
    /// There is no more. Without this nothing is stored.
    End,
}

/// Hands the pieces of an import to the thread that stores them. If it is dropped before its end, nothing is stored.
pub struct Feed {
    parts: SyncSender<Part>,
    gives_way: Arc<AtomicBool>,
    outcome: oneshot::Receiver<Result<Loaded, StoreError>>,
}

impl Feed {
    /// Begins the transaction.
    ///
    /// # Errors
    /// The writer takes no more work.
    pub fn begin(writer: &Writer, load: Load) -> Result<Feed, StoreError> {
        let (parts, received) = sync_channel(PIECES_WAITING_MAX);
        let gives_way = Arc::new(AtomicBool::new(false));
        let way = Arc::clone(&gives_way);
        let outcome = writer.submit(move |write| store(write, &load, received, &way))?;
        Ok(Feed { parts, gives_way, outcome })
    }

    /// Hands over a piece. `Some`: it is not taken, and [`Feed::stop`] tells why.
    pub fn give(&self, piece: Piece) -> Option<Piece> {
        if self.gives_way.load(Ordering::SeqCst) {
            return Some(piece);
        }
        match self.parts.send(Part::Piece(piece)) {
            Err(refused) => match refused.0 {
                Part::Piece(piece) => Some(piece),
                Part::End => None,
            },
            Ok(()) => None,
        }
    }

    /// Says that all pieces are given, and waits until they are stored.
    ///
    /// # Errors
    /// The database failed, and nothing is stored.
    pub fn end(self) -> Result<Loaded, StoreError> {
        // If it is not taken, the outcome tells why.
        let _ = self.parts.send(Part::End);
        self.stop()
    }

    /// Waits for what became of a load that takes no more.
    ///
    /// # Errors
    /// The database failed, and nothing is stored.
    pub fn stop(self) -> Result<Loaded, StoreError> {
        drop(self.parts);
        self.outcome.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// Stores what comes, until its end or until another process has opened the database.
fn store(write: &Write<'_>, load: &Load, parts: Receiver<Part>, gives_way: &AtomicBool) -> Result<Loaded, StoreError> {
    if !imports::is_at(write, load.import, load.records)? {
        return Ok(Loaded::Overtaken);
    }
    let mut loading = Loading::begin(write, load)?;
    while let Ok(part) = parts.recv() {
        match part {
            Part::Piece(piece) => loading.store(&piece)?,
            Part::End => {
                let count = loading.finish()?;
                imports::end(write, load.import)?;
                return Ok(Loaded::Wholly(count));
            }
        }
        if load.neighbours.are_there() {
            // From now on nothing more is given, save what is being given at this moment.
            gives_way.store(true, Ordering::SeqCst);
            let count = loading.finish()?;
            let left = parts.into_iter().filter_map(|part| match part {
                Part::Piece(piece) => Some(piece),
                Part::End => None,
            });
            return Ok(Loaded::InPart(count, left.collect()));
        }
    }
    // Whoever gave has broken off. An error takes back what is written.
    Err(StoreError::Closed)
}

/// A connection without what has nothing to do, or nothing to find, for events that are stored under new ids.
struct Bare<'c>(&'c Connection);

impl<'c> Bare<'c> {
    /// Takes that away, for events with ids from `first` on.
    fn new(connection: &'c Connection, first: i64) -> Result<Bare<'c>, StoreError> {
        let bare = Bare(connection);
        // The triggers write down what comes into a block of ids that counts as written. New ids lie above all such blocks, if
        // no program has taken events away without their history.
        if block_of(first) >= State::read(connection)?.written_below {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        }
        bare.check_rows(false)?;
        Ok(bare)
    }

    /// Whether rows are checked by what their table says. The types of an event promise all of that.
    fn check_rows(&self, check: bool) -> rusqlite::Result<()> {
        self.0.pragma_update(None, "ignore_check_constraints", !check)
    }
}

impl Drop for Bare<'_> {
    /// Whatever comes next on the connection needs both, also after a failure.
    fn drop(&mut self) {
        let triggers = self.0.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true);
        if let Err(error) = triggers.map(|_| ()).and(self.check_rows(true)) {
            log::error!("rows are stored without their checks from now on: {error}");
        }
    }
}

/// The load that is under way.
struct Loading<'w> {
    write: &'w Write<'w>,
    load: &'w Load,
    events: Insertion<'w>,
    scores: Insertion<'w>,
    sums: Sums,
    bare: Bare<'w>,
    first: i64,
    next: i64,
    records: u64,
    known: u64,
}

impl<'w> Loading<'w> {
    fn begin(write: &'w Write<'w>, load: &'w Load) -> Result<Loading<'w>, StoreError> {
        // OR FAIL spares SQLite copies of pages, as for a single event.
        const EVENTS: &str = "
            INSERT OR FAIL INTO score_events
                (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES";
        let connection = write.connection;
        let first = next_id(connection)?;
        let bare = Bare::new(connection, first)?;
        Ok(Loading {
            write,
            load,
            events: Insertion::new(connection, (EVENTS, ""), (5, ", ?1, ?1, ?2"), &[&write.now, &load.by])?,
            scores: Insertion::new(connection, ADD_ROWS, (5, ""), &[])?,
            sums: Sums::new(),
            bare,
            first,
            next: first,
            records: load.records,
            known: 0,
        })
    }

    fn store(&mut self, piece: &Piece) -> Result<(), StoreError> {
        let mut new: Vec<(i64, &ImportedEvent)> = Vec::with_capacity(piece.events.len());
        for event in &piece.events {
            if let Some(key) = &event.key
                && !imports::remember_key(self.write, key, self.next)?
            {
                self.known += 1;
                continue;
            }
            new.push((self.next, event));
            self.next += 1;
        }
        self.events.insert(&new, |values, (id, event)| {
            values.bind(id)?;
            values.bind(event.user_id)?;
            values.bind(event.date)?;
            values.bind(event.points)?;
            values.bind(&event.description)
        })?;
        for (_, event) in new {
            if self.sums.add(event.user_id, event.date, event.points.into()) {
                self.add_sums()?;
            }
        }
        self.records = piece.records_after;
        Ok(())
    }

    /// Adds the sums to the scores, in the order of their table.
    fn add_sums(&mut self) -> Result<(), StoreError> {
        // A sum may become larger than a score may be, so these rows are checked.
        self.bare.check_rows(true)?;
        self.scores.insert(self.sums.put_together(), |values, sum: &Sum| {
            let (month, user_id, day) = sum.place();
            values.bind(month)?;
            values.bind(user_id)?;
            values.bind(day)?;
            values.bind(sum.score)?;
            values.bind(sum.events)
        })?;
        self.sums.clear();
        Ok(self.bare.check_rows(false)?)
    }

    /// Adds what is left to the scores, and writes down how far the import has come.
    fn finish(mut self) -> Result<Count, StoreError> {
        self.add_sums()?;
        imports::step(self.write, self.load.import, self.records, self.first..self.next)?;
        let events = (self.next - self.first).unsigned_abs();
        self.write.note_events(events);
        self.write.note_unlisted_scores();
        Ok(Count { events, known: self.known })
    }
}
