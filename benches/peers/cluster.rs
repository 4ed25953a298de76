//! A PostgreSQL of our own, in a folder of its own, reached by a socket that nobody else knows.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::programs::{self, Daemon, find, output};
use crate::report::median;
use crate::request;

/// The user whom Debian's package makes; PostgreSQL refuses to run as root.
const USER: &str = "postgres";

/// What differs from its defaults: a share of the memory as is usual, and no vacuum at a time that we don't choose.
const SETTINGS: [&str; 6] = [
    "shared_buffers=1GB",
    "work_mem=40MB",
    "max_wal_size=4GB",
    "autovacuum=off",
    "synchronous_commit=on",
    "listen_addresses=",
];

/// The running server.
pub struct Cluster {
    _daemon: Daemon,
    programs: PathBuf,
    /// Where its socket lies: short enough for one.
    socket: tempfile::TempDir,
}

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
        let programs = installed()?;
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
        let socket = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder for the socket");
        if is_root() {
            programs::give(socket.path(), USER);
        }
        let data = folder.join("data");
        if fresh {
            std::fs::create_dir(&data).expect("a folder");
            if is_root() {
                programs::give(&data, USER);
            }
            let mut initdb = as_user(&programs.join("initdb"));
            initdb.args(["--auth=trust", "--username", USER, "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"]);
            output(initdb.arg(&data));
        }
        let mut command = as_user(&programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(socket.path());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        // SIGINT ends its sessions and writes everything down.
        let daemon = Daemon::start(command, "INT");
        let mut cluster = Cluster { _daemon: daemon, programs, socket };
        cluster.wait();
        if fresh {
            let began = Instant::now();
            fill(bench, &cluster);
            std::fs::write(&filled, "").expect("a mark");
            eprintln!("filled PostgreSQL with {events} events in {:.0} s", began.elapsed().as_secs_f64());
        }
        Some(cluster)
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.client("pg_isready", "postgres").output().is_ok_and(|ready| ready.status.success()) {
            assert!(self._daemon.lives() && Instant::now() < deadline, "PostgreSQL starts");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A program that talks to it.
    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(self.socket.path()).args(["-U", USER, "-d", database]);
        command
    }

    /// Runs statements, each by itself unless they open a transaction.
    pub fn sql(&self, database: &str, statements: &str) {
        let mut psql = self.client("psql", database);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1"]);
        for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
            psql.arg("-c").arg(statement);
        }
        output(&mut psql);
    }

    /// Runs a transaction over and over.
    pub fn pgbench(&self, bench: &Bench, database: &str, clients: usize, script: &str) -> Pgbench {
        let folder = tempfile::tempdir_in(bench.files.folder()).expect("a folder");
        let file = folder.path().join("script.sql");
        std::fs::write(&file, script).expect("a script");
        let seconds = bench.options.span().as_secs_f64().round().max(1.0).to_string();
        // Here -d is for debugging, and the database comes last.
        let mut pgbench = Command::new(self.programs.join("pgbench"));
        pgbench.current_dir(folder.path()).arg("-h").arg(self.socket.path()).args(["-U", USER]);
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

/// Where its programs are, of the newest version if there are several.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        std::cmp::Reverse(version.and_then(|version| version.parse::<u32>().ok()))
    });
    find(&["initdb", "postgres", "psql", "pg_isready", "pgbench"], &folders)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The program, run by someone who is not root, and ended if this process ends without a word.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--init-groups"]);
    }
    command.args(["--pdeathsig", "INT", "--"]).arg(program).current_dir("/");
    command
}
