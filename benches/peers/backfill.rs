//! Rebuilding all scores: the program's own backfill, SQLite doing the same by one statement, and a server beside it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use scorekeeper::store;

use crate::Bench;
use crate::draw::{DAYS, Dates};
use crate::load::{Load, Paced};
use crate::report::{Figures, Table, at_least, at_most, median, number};
use crate::request::{self, Requests};
use crate::servers::{Server, scorekeeper};
use crate::{fill, watch};

/// In megabytes.
const MEMORY_MAX: f64 = 200.0;
/// POSTs a second beside it, and the connections that they come by.
const WRITES: (f64, usize) = (200.0, 8);
/// In milliseconds.
const WRITE_P99_MAX: f64 = 50.0;

/// What the scores are like before.
#[derive(Clone, Copy)]
struct State {
    name: &'static str,
    key: &'static str,
    /// What makes them so.
    spoil: Option<&'static str>,
}

const STATES: [State; 3] = [
    State { name: "all scores right", key: "healthy", spoil: None },
    State { name: "all scores wrong", key: "wrong", spoil: Some("UPDATE scores SET score = score + 1") },
    State { name: "no scores", key: "none", spoil: Some("DELETE FROM scores") },
];

/// The same by SQL: as one would write it, and in the order in which the scores lie in the file.
const BY_SQL: [&str; 2] = ["user_id, date", "substr(date, 1, 7), user_id, date"];

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let ours = bench.files.copy(bench.options.events, "backfill.db");
    let sqlite = bench.files.copy(bench.options.events, "sqlite.db");
    let mut runs: [Vec<Backfilled>; 3] = Default::default();
    let mut by_sql: [Vec<f64>; 2] = Default::default();
    for _ in 0..bench.options.rounds {
        for (state, runs) in STATES.iter().zip(&mut runs) {
            spoil(&ours, state);
            runs.push(backfill(&ours));
            check(&ours);
        }
        for (columns, runs) in BY_SQL.iter().zip(&mut by_sql) {
            runs.push(aggregate(&sqlite, columns));
        }
    }
    let by_sql = by_sql.map(median);
    let best = by_sql[0].min(by_sql[1]);
    bench.facts.note("backfill.sqlite", best);
    let mut table =
        Table::new(&["recalculating every score", "seconds", "times faster than SQLite", "peak memory, MB"]);
    for (state, runs) in STATES.iter().zip(&runs) {
        let seconds = median(runs.iter().map(|run| run.seconds).collect());
        let memory = median(runs.iter().map(|run| run.memory as f64 / 1e6).collect());
        bench.facts.note(format!("backfill.{}", state.key), seconds);
        table.row([
            format!("scorekeeper, {}", state.name),
            number(seconds),
            at_least(best / seconds, 1.0),
            at_most(memory, MEMORY_MAX),
        ]);
    }
    table.row(["SQLite, by user and day".into(), number(by_sql[0]), number(best / by_sql[0]), "-".into()]);
    table.row([
        "SQLite, in the order of the scores in the file".into(),
        number(by_sql[1]),
        number(best / by_sql[1]),
        "-".into(),
    ]);
    table.print(&format!("Backfill of {} events over two years", bench.options.events));
    beside(bench, &ours);
}

/// How a server's writes fare while it goes on.
fn beside(bench: &mut Bench, file: &Path) {
    let mut table = Table::new(&["beside the server", "POST/s", "p99", "p99.9", "max", "seconds"]);
    let mut loads: [Vec<Load>; STATES.len() + 1] = Default::default();
    let mut seconds: [Vec<f64>; STATES.len() + 1] = Default::default();
    for round in 0..bench.options.rounds as u64 {
        for (index, state) in [None].into_iter().chain(STATES.map(Some)).enumerate() {
            if let Some(state) = &state {
                spoil(file, state);
            }
            let server = Server::scorekeeper(file);
            server.wait_for_standings("all_time");
            let requests = |seed| Requests::posts(&server.key, bench.users, Dates::Lifelike, seed);
            server.warm_up(1, bench.options.warm_up(), &mut requests(0));
            let writes = Paced::start(server.port, WRITES.1, WRITES.0, requests(round + 1));
            seconds[index].push(match state {
                Some(_) => backfill(file).seconds,
                None => {
                    std::thread::sleep(bench.options.span());
                    bench.options.span().as_secs_f64()
                }
            });
            loads[index].push(writes.stop());
            server.stop();
            check(file);
        }
    }
    let names = ["nothing"].into_iter().chain(STATES.iter().map(|state| state.name));
    for ((name, loads), seconds) in names.zip(loads).zip(seconds) {
        let figures = Figures::of(&loads);
        table.row([
            if name == "nothing" { name.to_owned() } else { format!("a backfill, {name}") },
            number(figures.rate),
            at_most(figures.p99_ms, WRITE_P99_MAX),
            number(figures.p999_ms),
            number(figures.max_ms),
            number(median(seconds)),
        ]);
    }
    table.print(&format!("{} POST/s beside a backfill of {} events", number(WRITES.0), bench.options.events));
}

/// One backfill.
struct Backfilled {
    seconds: f64,
    /// The most that it held, in bytes.
    memory: u64,
}

/// Runs the program as an operator does.
fn backfill(file: &Path) -> Backfilled {
    let from = request::today().minus_days(DAYS + 365).to_string();
    let mut command = scorekeeper();
    command.arg("--database").arg(file).args(["--backfill-from", &from]).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().expect("a program that runs");
    let mut memory = 0;
    let status = loop {
        memory = memory.max(watch::memory(child.id(), "VmHWM"));
        if let Some(status) = child.try_wait().expect("a process") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = began.elapsed().as_secs_f64();
    assert!(status.success(), "the backfill: {status}");
    Backfilled { seconds, memory }
}

/// Makes the scores wrong, and has all of that on the disk before the clock starts.
fn spoil(file: &Path, state: &State) {
    if let Some(spoil) = state.spoil {
        let connection = Connection::open(file).expect("a connection");
        connection.execute(spoil, []).expect("other scores");
        checkpoint(&connection);
        fill::sync(file);
    }
}

/// SQLite's way, on a connection that is set as all of scorekeeper's are.
fn aggregate(file: &Path, columns: &str) -> f64 {
    let connection = store::Reader::open(file).expect("a connection");
    connection.pragma_update(None, "query_only", false).expect("a setting");
    let began = Instant::now();
    connection
        .execute_batch(&format!(
            "BEGIN IMMEDIATE; DELETE FROM scores;
             INSERT INTO scores (month, user_id, day, score, events)
             SELECT replace(substr(date, 1, 7), '-', ''), user_id, substr(date, 9), sum(points), count(*)
             FROM score_events GROUP BY {columns};
             COMMIT"
        ))
        .expect("scores");
    let seconds = began.elapsed().as_secs_f64();
    checkpoint(&connection);
    seconds
}

fn checkpoint(connection: &Connection) {
    connection.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(())).expect("a checkpoint");
}

/// Holds the scores against the events, in sum.
fn check(file: &Path) {
    let connection = Connection::open(file).expect("a connection");
    let sums = |select: &str| -> (i64, i64) {
        connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("sums")
    };
    let scores = sums("SELECT sum(score), sum(events) FROM scores");
    assert_eq!(scores, sums("SELECT sum(points), count(*) FROM score_events"), "scores after a backfill");
}
