//! Promise: whatever befalls an import, each line is stored once in the end: the process is killed, the disk is full, or a server
//! is started on the same file meanwhile.

#[cfg(feature = "program-tests")]
mod full_disk;
mod killed;
mod neighbours;

use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;

use crate::durability::assert_scores_are_sums;
use crate::support::{Run, command, run};

/// The file that is imported.
const FILE: &str = "many.csv";

/// Writes a file with so many lines, whose descriptions have so many characters.
fn write_file(folder: &Path, lines: usize, length: usize) {
    let mut text = String::from("user_id,date,points,description\n");
    for line in 0..lines {
        let (user, day, points) = (1 + line * 7_919 % 997, 1 + line % 28, line as i64 % 50 - 10);
        writeln!(text, "{user},2023-04-{day:02},{points},{line:0length$}").expect("memory");
    }
    std::fs::write(folder.join(FILE), text).expect("a file");
}

fn importing(folder: &Path) -> Command {
    let mut command = command(folder);
    command.args(["--database", "scores.db", "import", "--quiet", FILE]).stdin(Stdio::null());
    command
}

fn start(folder: &Path) -> Child {
    importing(folder).stdout(Stdio::null()).spawn().expect("the binary runs")
}

fn import(folder: &Path) -> Run {
    run(folder, &["--database", "scores.db", "import", FILE])
}

/// How many events of the import are stored. As long as it is looked, this process has the database open.
fn stored(folder: &Path) -> i64 {
    let database = database(folder);
    assert_scores_are_sums(&database);
    let count = "SELECT count(*) FROM score_events WHERE created_by = 'import'";
    database.query_row(count, [], |row| row.get(0)).expect("a count")
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("scores.db")).expect("the database opens")
}

/// Fails unless each line of the file is stored once, in the order of the file, and the scores are the sums.
#[track_caller]
fn assert_each_line_once(folder: &Path) {
    let text = std::fs::read_to_string(folder.join(FILE)).expect("the file");
    let database = database(folder);
    let select = "SELECT user_id || ',' || date || ',' || points || ',' || description FROM score_events
                  WHERE created_by = 'import' ORDER BY id";
    let mut statement = database.prepare(select).expect("a statement");
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("the events");
    let rows: Vec<String> = rows.collect::<Result<_, _>>().expect("rows");
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(rows == lines, "{} events of {} lines", rows.len(), lines.len());
    assert_scores_are_sums(&database);
    let fault: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(fault, "ok");
}
