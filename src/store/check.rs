//! Whether a file is sound: its structure, its references, whether scores are the sums of their events, and whether users, groups
//! and leaderboards can be read.
//!
//! It only reads, beside a server too, and takes a file of every earlier layout. What it finds is for a person to read, a line
//! for each fault.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::rebuild::{self, Difference};
use super::{backup, block_check, connection, directory_check, layout};
use crate::domain::EventDate;

/// How many faults are told one by one.
const TOLD_MAX: usize = 100;

/// The first layout with scores.
const LAYOUT_OF_SCORES: i64 = 2;

/// The first layout in which scores are kept month by month.
pub(super) const LAYOUT_OF_MONTHS: i64 = 8;

/// What is wrong with a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, a line each.
    pub told: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

impl Faults {
    fn add(&mut self, fault: String) {
        if self.told.len() < TOLD_MAX {
            // A text out of the file may hold anything.
            self.told.push(fault.replace(|character: char| character.is_control(), " "));
        } else {
            self.more += 1;
        }
    }

    /// How many faults were found.
    pub fn count(&self) -> u64 {
        self.told.len() as u64 + self.more
    }
}

/// Checks a file, and changes nothing. The cost is that of reading all of it some times.
///
/// # Errors
/// The file is missing, or can't be read.
pub fn check(database: &Path) -> Result<Faults, StoreError> {
    let mut faults = Faults::default();
    let layout = match backup::source_layout(database) {
        Ok(layout) => layout,
        Err(error @ (StoreError::Foreign(_) | StoreError::NewerLayout(_) | StoreError::Damaged(_))) => {
            faults.add(error.to_string());
            return Ok(faults);
        }
        Err(StoreError::Sqlite(error)) if is_damage(&error) => {
            faults.add(format!("{} is damaged: {error}", database.display()));
            return Ok(faults);
        }
        Err(error) => return Err(error),
    };
    let connection = Connection::open_with_flags(database, backup::read_only())?;
    connection::wait_when_busy(&connection)?;
    // What is compared has to be of one moment, also in a file that something else keeps current.
    connection::hold(&connection)?;
    let steps: [Step; 6] = [schema, integrity, references, scores, lists, directory];
    for step in steps {
        match step(&connection, layout, &mut faults) {
            Ok(()) => {}
            Err(StoreError::Damaged(what)) => faults.add(what),
            // Where a part of the schema is missing, which was told, what needs that part can't be looked at.
            Err(StoreError::Sqlite(error)) if is_of_statement(&error) && faults.count() > 0 => {}
            Err(StoreError::Sqlite(error)) if is_damage(&error) => faults.add(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(faults)
}

/// A part of the check, of a file of a layout.
type Step = fn(&Connection, i64, &mut Faults) -> Result<(), StoreError>;

/// Whether an error of SQLite says that the file is damaged.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)) || is_of_statement(error)
}

/// Whether an error of SQLite says that a statement can't be run, as where a table is missing.
fn is_of_statement(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown)
}

/// The file has what the migrations made that it says it has had.
fn schema(connection: &Connection, layout: i64, faults: &mut Faults) -> Result<(), StoreError> {
    layout::differences(connection, layout)?.into_iter().for_each(|fault| faults.add(fault));
    Ok(())
}

fn integrity(connection: &Connection, _: i64, faults: &mut Faults) -> Result<(), StoreError> {
    // One more than is told shows that there are more.
    connection::integrity_faults(connection, TOLD_MAX + 1)?.into_iter().for_each(|fault| faults.add(fault));
    Ok(())
}

/// Rows that name a row which is not there.
fn references(connection: &Connection, _: i64, faults: &mut Faults) -> Result<(), StoreError> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let row = row.get::<_, Option<i64>>(1)?.map_or_else(|| "a row".to_owned(), |row| format!("row {row}"));
        faults.add(format!("{row} of the table {table} names a row of {parent} that is not there"));
    }
    Ok(())
}

/// Scores that are not the sums of their events.
fn scores(connection: &Connection, layout: i64, faults: &mut Faults) -> Result<(), StoreError> {
    if layout < LAYOUT_OF_SCORES {
        return Ok(());
    }
    if layout < LAYOUT_OF_MONTHS {
        return scores_of_earlier_layout(connection, faults);
    }
    let mut first = Some(EventDate::MIN);
    while let Some(day) = first {
        let Some(found) = rebuild::compare(connection, day, |_| ControlFlow::Continue(()))? else { break };
        for difference in found.differences.iter().rev() {
            faults.add(told(difference));
        }
        first = found.next;
    }
    Ok(())
}

/// Lists of users' events that differ from the events.
fn lists(connection: &Connection, layout: i64, faults: &mut Faults) -> Result<(), StoreError> {
    if layout < block_check::LAYOUT_OF_BLOCKS {
        return Ok(());
    }
    block_check::compare(connection, |difference| {
        use block_check::Difference::{Contradicts, Lacks};
        faults.add(match difference {
            Lacks(user_id, id) => format!("the events of user {user_id} are listed without event {id}"),
            Contradicts(user_id, id) => {
                format!("the events of user {user_id} are listed with an event {id} that is not so")
            }
        });
    })
}

/// Users, groups and leaderboards that hold what can't be read.
fn directory(connection: &Connection, layout: i64, faults: &mut Faults) -> Result<(), StoreError> {
    if layout < directory_check::LAYOUT_OF_BOARDS {
        return Ok(());
    }
    directory_check::find(connection, |fault| faults.add(fault))
}

fn told(difference: &Difference) -> String {
    let Difference { user_id, date, score, events, .. } = difference;
    let lacks = match (*score, *events) {
        (0, events) => format!("counts {} events too {}", events.unsigned_abs(), few_or_many(events)),
        (score, _) => format!("is {} points too {}", score.unsigned_abs(), if score > 0 { "low" } else { "high" }),
    };
    format!("the score of user {user_id} on {date} {lacks}; a backfill from that day mends it")
}

fn few_or_many(missing: i64) -> &'static str {
    if missing > 0 { "few" } else { "many" }
}

/// The same for a file in which each user's days lie together. SQLite sorts on the disk what does not fit into its memory.
fn scores_of_earlier_layout(connection: &Connection, faults: &mut Faults) -> Result<(), StoreError> {
    const DIFFERENT: &str = "
        SELECT user_id, date, sum(points) FROM (
            SELECT user_id, date, points FROM score_events
            UNION ALL SELECT user_id, date, -score FROM scores)
        GROUP BY user_id, date HAVING sum(points) <> 0 ORDER BY user_id, date";
    let mut statement = connection.prepare(DIFFERENT)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let difference =
            Difference { user_id: row.get(0)?, date: row.get(1)?, score: row.get(2)?, events: 0, visible: true };
        faults.add(told(&difference));
    }
    Ok(())
}
