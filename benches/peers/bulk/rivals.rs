//! What one would use instead: the sqlite3 program and PostgreSQL, on tables of the same columns, without the indexes that
//! scorekeeper keeps besides.

use std::process::Command;
use std::time::Instant;

use super::{Bench, Run};
use crate::private_postgres::Postgres;
use crate::programs::{find, output};

/// Reads the file with SQLite's own `.import` and makes the sums in one statement, durably.
pub fn sqlite(bench: &Bench) -> Option<Run> {
    find(&["sqlite3"], &[])?;
    let folder = tempfile::tempdir_in(bench.folder.path()).expect("a folder");
    let import = format!(".import --csv --skip 1 {} score_events", bench.table.file.display());
    let began = Instant::now();
    let mut sqlite3 = Command::new("sqlite3");
    sqlite3.arg("-bail").arg(folder.path().join("new.db")).args([
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE score_events (user_id INTEGER, date TEXT, points INTEGER, description TEXT)",
        "CREATE TABLE scores (user_id INTEGER, date TEXT, score INTEGER, PRIMARY KEY (user_id, date)) WITHOUT ROWID",
        &import,
        "INSERT INTO scores SELECT user_id, date, sum(points) FROM score_events GROUP BY user_id, date",
    ]);
    output(&mut sqlite3);
    Some(Run { seconds: began.elapsed().as_secs_f64(), peak_mb: None })
}

/// Reads the file with PostgreSQL's COPY and makes the sums in one statement.
pub fn postgres(bench: &Bench, postgres: Option<&Postgres>) -> Option<Run> {
    let postgres = postgres?;
    postgres.sql(
        "postgres",
        "DROP TABLE IF EXISTS score_events, scores;
         CREATE TABLE score_events (id bigserial PRIMARY KEY, user_id integer NOT NULL, date date NOT NULL,
             points integer NOT NULL, description text);
         CREATE TABLE scores (user_id integer, date date, score bigint, PRIMARY KEY (user_id, date))",
    );
    let copy = format!(
        "\\copy score_events (user_id, date, points, description) FROM '{}' WITH (FORMAT csv, HEADER)",
        bench.table.file.display()
    );
    let sums = "INSERT INTO scores SELECT user_id, date, sum(points) FROM score_events GROUP BY user_id, date";
    let began = Instant::now();
    let mut psql = postgres.client("psql", "postgres");
    output(psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &copy, "-c", sums]));
    Some(Run { seconds: began.elapsed().as_secs_f64(), peak_mb: None })
}
