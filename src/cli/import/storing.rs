//! The second pass: storing, in short transactions.

use std::time::Instant;

use super::users::Users;
use super::{Database, Earlier};
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
            if run.piece.events.len() >= run.pace.size() || run.bytes >= PIECE_BYTES_MAX { run.store() } else { Ok(()) }
        });
        let read = read.and_then(|read| {
            run.store()?;
            Ok(read)
        });
        let read = read.map_err(|failure| broken_off(failure, run.events + before))?;
        if read.digest != self.digest {
            let why = format!("{name} was changed while it was imported");
            return Err(broken_off(Failure::Failed(why), run.events + before));
        }
        self.database.actions.end_import(import).map_err(|refusal| self.database.failure(refusal))?;
        Ok(Stored { events: run.events, known: run.known, before, seconds: began.elapsed().as_secs_f64() })
    }

    fn begin(&self, known: usize, name: &str) -> Result<i64, Failure> {
        let begun = self.database.actions.begin_import(&self.database.actor, self.digest, known, name);
        begun.map_err(|refusal| self.database.failure(refusal))?.ok_or_else(overtaken)
    }
}

fn overtaken() -> Failure {
    Failure::failed("another process imports the same file, or takes it back, at this moment")
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
    /// Stores the piece, and begins the next.
    fn store(&mut self) -> Result<(), Failure> {
        let records = self.piece.records_after;
        if records == self.piece.records_before {
            return Ok(());
        }
        let next =
            Piece { records_before: records, records_after: records, events: Vec::with_capacity(self.pace.size()) };
        let piece = std::mem::replace(&mut self.piece, next);
        let count = piece.events.len();
        self.pace.pause();
        let stored = self.database.actions.import_piece(&self.database.actor, self.import, piece);
        self.bytes = 0;
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
