//! The second pass: storing, in one transaction where nobody else has the database open, else in short ones.

use std::time::Instant;

use super::loading::{self, Loading, Stopped};
use super::users::Users;
use super::{Database, Earlier, overtaken};
use crate::cli::Failure;
use crate::cli::bulk::{Pace, Progress, Source, each_row};
use crate::store::imports::{FileDigest, Piece, PieceStored};
use crate::tables::{EventLine, Form};

/// How many events the first transaction stores; later ones store what fits into their time.
const EVENTS_FIRST: usize = 500;

/// The least and the most of that.
const EVENTS_BOUNDS: (usize, usize) = (100, 50_000);

/// How many bytes the descriptions of a piece may have together, more or less.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// What is to be stored, and how.
pub struct Storing<'d> {
    pub database: &'d Database,
    pub form: Form,
    /// The digest of the file, as the first pass has found it.
    pub digest: FileDigest,
    /// The disk has room for a log that holds all of it.
    pub may_load: bool,
    /// Bad lines are left out.
    pub skip_bad: bool,
    pub quiet: bool,
}

/// What was stored.
pub struct Stored {
    /// How many events.
    pub events: u64,
    /// How many lines were passed over, because their keys were imported before.
    pub known: u64,
    /// How many events earlier runs had stored of this file.
    pub before: u64,
    /// How long it took.
    pub seconds: f64,
}

/// The import that is under way.
struct Run<'d> {
    database: &'d Database,
    import: i64,
    piece: Piece,
    bytes: usize,
    /// As long as it is one transaction.
    loading: Option<Loading<'d>>,
    pace: Pace,
    events: u64,
    known: u64,
}

impl Storing<'_> {
    /// Stores what is not stored of the file.
    ///
    /// # Errors
    /// The file can't be read, has changed since it was checked, or the database failed.
    pub fn run(&self, source: &mut Source, users: &mut Users<'_>, earlier: &Earlier) -> Result<Stored, Failure> {
        let began = Instant::now();
        let name = source.name.clone();
        let (import, records, before) = match earlier {
            Earlier::BrokenOff(import) => (import.id, import.records, import.events),
            Earlier::Nothing(known) | Earlier::Done(_, known) => (self.begin(*known, &name)?, 0, 0),
        };
        let mut run = Run {
            database: self.database,
            import,
            piece: Piece { records_before: records, records_after: records, events: Vec::new() },
            bytes: 0,
            loading: if self.may_load { Loading::begin(self.database, import, records)? } else { None },
            pace: Pace::new(&self.database.path, EVENTS_FIRST, EVENTS_BOUNDS),
            events: 0,
            known: 0,
        };
        let mut progress = Progress::new("storing", self.quiet);
        let read = each_row::<EventLine>(source, self.form, &mut progress, |record, row| {
            if record.index < records {
                return Ok(());
            }
            let event = match row {
                Ok(line) => users.event_of(line)?,
                Err(fault) => Err(fault),
            };
            match event {
                Ok(event) => {
                    run.bytes += event.description.as_ref().map_or(0, |description| description.as_str().len());
                    run.piece.events.push(event);
                }
                Err(_) if self.skip_bad => {}
                Err(fault) => {
                    return Err(Failure::Failed(format!(
                        "line {}: {fault}; it was good a moment ago, so {name} or the directory has changed meanwhile",
                        record.line
                    )));
                }
            }
            run.piece.records_after = record.index + 1;
            if run.is_piece_full() { run.hand_over() } else { Ok(()) }
        });
        let end = read.and_then(|read| {
            run.hand_over()?;
            if read.digest != self.digest {
                return Err(Failure::Failed(format!("{name} was changed while it was imported")));
            }
            run.end()
        });
        end.map_err(|failure| {
            run.break_off();
            broken_off(failure, run.events + before)
        })?;
        Ok(Stored { events: run.events, known: run.known, before, seconds: began.elapsed().as_secs_f64() })
    }

    fn begin(&self, known: usize, name: &str) -> Result<i64, Failure> {
        let begun = self.database.actions.begin_import(&self.database.actor, self.digest, known, name);
        begun.map_err(|refusal| self.database.failure(refusal))?.ok_or_else(overtaken)
    }
}

/// Adds to a failure what is stored already.
fn broken_off(failure: Failure, events: u64) -> Failure {
    match failure {
        Failure::Failed(why) if events > 0 => Failure::Failed(format!(
            "{why}; {events} events are stored: the same command goes on after them, and import --undo takes them back"
        )),
        failure => failure,
    }
}

impl Run<'_> {
    fn piece_size(&self) -> usize {
        if self.loading.is_some() { loading::EVENTS } else { self.pace.size() }
    }

    fn is_piece_full(&self) -> bool {
        self.piece.events.len() >= self.piece_size() || self.bytes >= PIECE_BYTES_MAX
    }

    /// Has the piece stored, and begins the next.
    fn hand_over(&mut self) -> Result<(), Failure> {
        let records = self.piece.records_after;
        if records == self.piece.records_before {
            return Ok(());
        }
        let next = Piece { records_before: records, records_after: records, events: Vec::new() };
        let piece = std::mem::replace(&mut self.piece, next);
        self.bytes = 0;
        let Some(loading) = &self.loading else { return self.store(piece) };
        let Some(piece) = loading.give(piece) else { return Ok(()) };
        if let Some(loading) = self.loading.take() {
            self.go_on_after(loading.stop()?)?;
        }
        self.store(piece)
    }

    /// Stores what one transaction has left, in short ones.
    fn go_on_after(&mut self, stopped: Stopped) -> Result<(), Failure> {
        self.events += stopped.count.events;
        self.known += stopped.count.known;
        stopped.left.into_iter().flatten().try_for_each(|piece| self.store(piece))
    }

    /// Finishes the import, once all pieces are handed over.
    fn end(&mut self) -> Result<(), Failure> {
        if let Some(loading) = self.loading.take() {
            let stopped = loading.end()?;
            let is_finished = stopped.left.is_none();
            self.go_on_after(stopped)?;
            if is_finished {
                return Ok(());
            }
        }
        self.database.actions.end_import(self.import).map_err(|refusal| self.database.failure(refusal))
    }

    /// Gives up what is not stored yet.
    fn break_off(&mut self) {
        // It may have given way a moment ago, and have stored what it had then. Otherwise nothing is stored.
        if let Some(Ok(stopped)) = self.loading.take().map(Loading::stop) {
            self.events += stopped.count.events;
        }
    }

    /// Stores a piece in a transaction of its own.
    fn store(&mut self, piece: Piece) -> Result<(), Failure> {
        let count = piece.events.len();
        self.pace.pause();
        let stored = self.database.actions.import_piece(&self.database.actor, self.import, piece);
        match stored.map_err(|refusal| self.database.failure(refusal))? {
            PieceStored::Overtaken => Err(overtaken()),
            PieceStored::Done { events, known, took } => {
                self.events += events;
                self.known += known;
                self.pace.took(count, took);
                Ok(())
            }
        }
    }
}
