//! What clients have asked for, and whether a file holds what they were told.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use scorekeeper::store::check::check;

use super::cuts::Known;

/// What an event is: whose, and how many points. `None`: it is not there.
pub type State = Option<(i64, i64)>;

/// A change that a client has asked for.
#[derive(Debug, Clone)]
pub struct Change {
    /// By what its answer is known.
    pub id: String,
    /// The events that it changes, by their descriptions, and what they are then.
    pub parts: Vec<(String, State)>,
    /// Whether it is done in one transaction.
    pub is_whole: bool,
}

impl Change {
    pub fn of_one(id: &str, token: &str, state: State) -> Change {
        Change { id: id.to_owned(), parts: vec![(token.to_owned(), state)], is_whole: true }
    }
}

/// All changes. Those of one event stand in the order in which they were asked for, each after the answer of the one before.
#[derive(Debug, Default, Clone)]
pub struct Ledger(pub Vec<Change>);

impl Ledger {
    /// Holds the events of a file against the changes that are known to be done.
    pub fn compare(&self, found: &HashMap<String, (i64, i64)>, known: &Known) -> Result<(), String> {
        // The answer of the next change may not have come yet.
        self.differences(found, known, 1).into_iter().next().map_or(Ok(()), Err)
    }

    /// The same for a copy that was made while clients went on: of what came after the known changes, any may be in it.
    pub fn compare_running(&self, found: &HashMap<String, (i64, i64)>, known: &Known) -> Result<(), String> {
        self.differences(found, known, usize::MAX).into_iter().next().map_or(Ok(()), Err)
    }

    /// All that is not as it was answered, where so many changes of an event may be done beyond those that are known.
    pub fn differences(&self, found: &HashMap<String, (i64, i64)>, known: &Known, ahead: usize) -> Vec<String> {
        let mut histories: HashMap<&str, Vec<(&Change, State)>> = HashMap::new();
        for change in &self.0 {
            for (token, state) in &change.parts {
                histories.entry(token).or_default().push((change, *state));
            }
        }
        let strangers = found.keys().filter(|token| !histories.contains_key(token.as_str()));
        let mut differences: Vec<String> = strangers.map(|stranger| format!("nobody stored {stranger}")).collect();
        for (token, history) in &histories {
            let done = history.iter().rposition(|(change, _)| known.contains(&change.id));
            let least = done.and_then(|at| history[at].1);
            let mut next = history.iter().skip(done.map_or(0, |at| at + 1)).take(ahead);
            let is = found.get(*token).copied();
            if is != least && next.all(|(_, state)| is != *state) {
                differences.push(format!("{token} is {is:?}, but was answered as {least:?}"));
            }
        }
        for change in self.0.iter().filter(|change| change.is_whole && !known.contains(&change.id)) {
            let is_done = |(token, state): &&(String, State)| found.get(token).copied() == *state;
            let done = change.parts.iter().filter(is_done).count();
            if done != 0 && done != change.parts.len() {
                differences.push(format!("{} is done by {done} of {} parts", change.id, change.parts.len()));
            }
        }
        differences
    }

    /// Whether anything was said that has to be kept.
    fn is_any_done(&self, known: &Known) -> bool {
        self.0.iter().any(|change| known.contains(&change.id))
    }

    /// Judges the file in a folder: it is sound, and holds what was answered.
    pub fn judge(&self, folder: &Path, known: &Known) -> Result<(), String> {
        let file = folder.join("scores.db");
        if is_unborn(&file) {
            return if self.is_any_done(known) { Err("the database is gone".to_owned()) } else { starts(folder) };
        }
        sound(&file)?;
        self.compare(&events(&file)?, known)
    }
}

/// Whether a file has not been made yet: it is missing, or no migration is in it.
fn is_unborn(file: &Path) -> bool {
    let count = |of: &str| -> rusqlite::Result<i64> {
        open(file)?.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0))
    };
    !file.exists() || count("sqlite_schema") == Ok(0) || count("refinery_schema_history") == Ok(0)
}

/// The real program takes a folder as it is.
pub fn starts(folder: &Path) -> Result<(), String> {
    let made = crate::support::run(folder, &["--database", "scores.db", "keys", "create"]);
    if made.code == Some(0) { sound(&folder.join("scores.db")) } else { Err(format!("{made:?}")) }
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// What `scorekeeper check` finds in a file.
pub fn sound(file: &Path) -> Result<(), String> {
    let faults = check(file).map_err(|error| format!("it can't be checked: {error}"))?;
    if faults.count() == 0 { Ok(()) } else { Err(format!("the check finds {:?}", faults.told)) }
}

/// The events of a file, by their descriptions. None is there twice.
pub fn events(file: &Path) -> Result<HashMap<String, (i64, i64)>, String> {
    let failed = |error: rusqlite::Error| error.to_string();
    let connection = open(file).map_err(failed)?;
    const EVENTS: &str = "SELECT coalesce(description, ''), user_id, points FROM score_events";
    let mut statement = connection.prepare(EVENTS).map_err(failed)?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?))));
    let mut events = HashMap::new();
    for row in rows.map_err(failed)? {
        let (token, state) = row.map_err(failed)?;
        if events.insert(token.clone(), state).is_some() {
            return Err(format!("{token} is stored twice"));
        }
    }
    Ok(events)
}

#[test]
fn the_ledger_finds_what_is_lost_half_done_and_never_asked_for() {
    let batch = Change {
        id: "b".to_owned(),
        parts: vec![("y".to_owned(), Some((1, 1))), ("z".to_owned(), Some((1, 2)))],
        is_whole: true,
    };
    let ledger = Ledger(vec![Change::of_one("a", "x", Some((1, 5))), Change::of_one("c", "x", None), batch]);
    let is_good = |found: &[(&str, (i64, i64))], known: &[&str]| {
        let found = found.iter().map(|(token, state)| ((*token).to_owned(), *state)).collect();
        ledger.compare(&found, &known.iter().map(|id| (*id).to_owned()).collect::<HashSet<_>>()).is_ok()
    };
    let (x, y, z) = (("x", (1, 5)), ("y", (1, 1)), ("z", (1, 2)));
    assert!(is_good(&[], &[]) && is_good(&[x], &[]) && is_good(&[x], &["a"]) && is_good(&[], &["a"]));
    assert!(is_good(&[], &["a", "c"]) && is_good(&[y, z], &["b"]) && is_good(&[y, z], &[]));
    assert!(!is_good(&[x], &["a", "c"]), "a deletion is lost");
    assert!(!is_good(&[], &["b"]) && !is_good(&[y], &[]), "a batch is lost or half there");
    assert!(!is_good(&[("w", (1, 5))], &[]) && !is_good(&[("x", (1, 6))], &["a"]));
}
