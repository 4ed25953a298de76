//! A private PostgreSQL, filled as the other files are.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::Bench;
use crate::private_postgres::{self, Postgres, USER};
use crate::programs::output;
use crate::report::median;
use crate::request;

/// The running server.
pub struct Cluster(Postgres);

/// What pgbench says.
#[derive(Debug, Clone, Copy)]
pub struct Pgbench {
    /// Transactions a second.
    pub rate: f64,
    /// In milliseconds.
    pub p99_ms: f64,
}

impl Pgbench {
    /// The medians of several runs.
    pub fn median(runs: &[Pgbench]) -> Pgbench {
        Pgbench {
            rate: median(runs.iter().map(|run| run.rate).collect()),
            p99_ms: median(runs.iter().map(|run| run.p99_ms).collect()),
        }
    }
}

impl Cluster {
    /// Starts one, filled by `fill` unless a kept one is; `None` if PostgreSQL is not installed.
    pub fn start(bench: &Bench, fill: impl Fn(&Bench, &Cluster)) -> Option<Cluster> {
        private_postgres::installed()?;
        let (events, users, today) = (bench.options.events, bench.users.0, request::today());
        let folder = bench.files.lasting().join(format!("postgres-events-{events}-users-{users}"));
        // The views' days are of the day when they were made.
        let filled = folder.join(format!("filled-{today}"));
        let fresh = !filled.exists();
        if fresh {
            // There may be none, or one that was not filled to its end or on another day.
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).expect("a folder");
        }
        let cluster = Cluster(Postgres::start(&folder)?);
        if fresh {
            let began = Instant::now();
            fill(bench, &cluster);
            std::fs::write(&filled, "").expect("a mark");
            eprintln!("filled PostgreSQL with {events} events in {:.0} s", began.elapsed().as_secs_f64());
        }
        Some(cluster)
    }

    /// Runs statements, each by itself unless they open a transaction.
    pub fn sql(&self, database: &str, statements: &str) {
        self.0.sql(database, statements);
    }

    /// Runs a transaction over and over.
    pub fn pgbench(&self, bench: &Bench, database: &str, clients: usize, script: &str) -> Pgbench {
        let folder = tempfile::tempdir_in(bench.files.folder()).expect("a folder");
        let file = folder.path().join("script.sql");
        std::fs::write(&file, script).expect("a script");
        let seconds = bench.options.span().as_secs_f64().round().max(1.0).to_string();
        // Here -d is for debugging, and the database comes last.
        let mut pgbench = Command::new(self.0.programs.join("pgbench"));
        pgbench.current_dir(folder.path()).arg("-h").arg(self.0.socket.path()).args(["-U", USER]);
        pgbench.args(["-n", "-M", "prepared", "-l", "--log-prefix=log", "-T", &seconds, "-c", &clients.to_string()]);
        let said = output(pgbench.arg("-f").arg(&file).arg(database));
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        Pgbench { rate: rate.unwrap_or_else(|| panic!("a rate in: {said}")), p99_ms: p99(folder.path()) }
    }
}

/// Of the latencies that pgbench has written down: its third column, in microseconds.
fn p99(folder: &Path) -> f64 {
    let mut micros: Vec<u64> = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log")) {
            let log = std::fs::read_to_string(path).expect("a log");
            micros.extend(log.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u64>().ok()));
        }
    }
    micros.sort_unstable();
    micros.get(micros.len() * 99 / 100).map_or(0.0, |micros| *micros as f64 / 1000.0)
}
