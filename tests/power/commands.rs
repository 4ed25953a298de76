//! Power cuts while commands store in bulk, make scores right, or make the first key.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::cuts::{Known, bites, survive};
use super::ledger::{Change, Ledger, events, sound};
use super::recording::{Recorded, Recording};
use crate::support::{Server, run};

/// How many lines the imported file has.
const LINES: i64 = 3_000;

/// A folder with a database in which a few events are, and a file to import.
fn with_rows() -> Arc<TempDir> {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let folder = server.stop();
    let rows =
        (1..=LINES).map(|number| format!("{},2023-0{}-11,{number},line {number}\n", number % 40 + 1, number % 9 + 1));
    let text: String = ["user_id,date,points,description\n".to_owned()].into_iter().chain(rows).collect();
    std::fs::write(folder.path().join("rows.csv"), text).expect("a file");
    folder
}

/// Imports a file, alone or beside a server.
fn import(beside: bool) -> (Recorded, Ledger) {
    let mut recording = Recording::begin(with_rows());
    let server = beside.then(|| recording.serve(&[]));
    let imported = recording.run(&["--database", "scores.db", "import", "rows.csv"]);
    assert!(imported.stdout.starts_with("imported"), "{imported:?}");
    if let Some(server) = server {
        server.stop();
    }
    let part = |number: i64| (format!("line {number}"), Some((number % 40 + 1, number)));
    let lines = Change { id: "imported".to_owned(), parts: (1..=LINES).map(part).collect(), is_whole: false };
    let mut before = Change::of_one("before", "", Some((13, 15)));
    before.is_whole = false;
    (recording.end(), Ledger(vec![before, lines]))
}

/// What was stored before is there, all of an import that was said to be done, and after another try all of any.
fn judge_import(ledger: &Ledger, folder: &Path, known: &Known) -> Result<(), String> {
    let mut known = known.clone();
    known.insert("before".to_owned());
    ledger.judge(folder, &known)?;
    let again = run(folder, &["--database", "scores.db", "import", "rows.csv"]);
    if again.code != Some(0) {
        return Err(format!("it can't be imported again: {again:?}"));
    }
    known.insert("imported".to_owned());
    ledger.judge(folder, &known)
}

#[test]
fn an_import_that_is_cut_off_stores_each_line_once_when_it_is_given_again() {
    for (name, beside) in [("import", false), ("import beside a server", true)] {
        let (recorded, ledger) = import(beside);
        survive(name, &recorded, 60, &|folder, known| judge_import(&ledger, folder, known));
        bites(name, &recorded, 60, &|folder, known| judge_import(&ledger, folder, known));
    }
}

#[test]
fn a_backfill_that_is_cut_off_changes_no_event_and_ends_when_it_is_given_again() {
    let folder = with_rows();
    let imported = run(folder.path(), &["--database", "scores.db", "import", "rows.csv"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let database = Connection::open(folder.path().join("scores.db")).expect("the database opens");
    database
        .execute_batch("UPDATE scores SET score = score + 7; DELETE FROM scores WHERE user_id % 3 = 0")
        .expect("changed");
    drop(database);
    let mut recording = Recording::begin(folder);
    let backfill = ["--database", "scores.db", "--backfill-from", "2023-01-01"];
    let before = events(&recording.folder().join("scores.db")).expect("the events");
    let done = recording.run(&backfill);
    assert!(done.stdout.starts_with("backfilled"), "{done:?}");
    let recorded = recording.end();
    let judge = |folder: &Path, known: &Known| {
        let file = folder.join("scores.db");
        if events(&file)? != before {
            return Err("the events have changed".to_owned());
        }
        if !known.contains("backfilled") {
            let again = run(folder, &backfill);
            if again.code != Some(0) {
                return Err(format!("it can't be given again: {again:?}"));
            }
        }
        sound(&file)
    };
    survive("backfill", &recorded, 80, &judge);
    bites("backfill", &recorded, 30, &judge);
}

/// The folder of the database is new too: its name has to be there.
#[test]
fn a_key_that_was_shown_outlives_a_power_cut_in_a_new_folder_too() {
    let mut recording = Recording::begin(Arc::new(TempDir::new().expect("a temporary folder")));
    let made = recording.run(&["--database", "new/folder/scores.db", "keys", "create"]);
    assert!(made.stdout.starts_with("sk_"), "{made:?}");
    let recorded = recording.end();
    let judge = |folder: &Path, known: &Known| {
        let file = folder.join("new/folder/scores.db");
        // It is shown before it is stored, so that none is stored which nobody has seen.
        if known.contains("ended") {
            sound(&file)?;
            let keys = Connection::open(&file).expect("it opens");
            let count = keys.query_row("SELECT count(*) FROM api_keys", [], |row| row.get::<_, i64>(0));
            return if count == Ok(1) { Ok(()) } else { Err(format!("{count:?} keys")) };
        }
        let again = run(folder, &["--database", "new/folder/scores.db", "keys", "create"]);
        if again.code == Some(0) { sound(&file) } else { Err(format!("it can't be made again: {again:?}")) }
    };
    survive("first key", &recorded, 60, &judge);
    bites("first key", &recorded, 30, &judge);
}
