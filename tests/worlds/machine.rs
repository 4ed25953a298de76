//! The real program in a folder of its own, under a clock that is set by hand.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tempfile::TempDir;

use super::calendar::Calendar;
use crate::support::{KEY, PATIENCE, Run, Server, Setup, run_with, wait_for};

const CLOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/worlds/clock.c");

pub struct Machine {
    folder: Arc<TempDir>,
    clock: File,
    env: Vec<(&'static str, String)>,
    server: Option<Server>,
    /// Whether the rebuild at the start of this server has ended.
    is_rebuilt: Cell<bool>,
}

/// The clock as a library, made once.
fn clock_library() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds");
        std::fs::create_dir_all(&folder).expect("a folder");
        let (made, library) = (folder.join(format!("{}.so", std::process::id())), folder.join("clock.so"));
        let status =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).args([CLOCK, "-ldl"]).status();
        assert!(status.expect("cc runs").success(), "the clock does not compile");
        // Worlds of another run may use the library that is there.
        std::fs::rename(&made, &library).expect("a library");
        library
    })
}

/// A new database as the first start makes it, made once.
fn new_database() -> &'static [u8] {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Server::start().stop();
        std::fs::read(folder.path().join("scores.db")).expect("a database")
    })
}

impl Machine {
    /// A new database and a server on it.
    pub fn new(calendar: &Calendar, ranking: &str) -> Machine {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        std::fs::write(folder.path().join("scores.db"), new_database()).expect("a database");
        let clock = folder.path().join("clock");
        let env = vec![
            ("LD_PRELOAD", clock_library().display().to_string()),
            ("WORLD_CLOCK", clock.display().to_string()),
            ("SCOREKEEPER_TIME_ZONE", calendar.zone.to_string()),
            ("SCOREKEEPER_RANKING", ranking.to_owned()),
            ("SCOREKEEPER_STANDINGS_EVERY", "100ms".to_owned()),
            ("SCOREKEEPER_RECALCULATIONS_PER_DAY", "1000".to_owned()),
        ];
        let clock = File::create(&clock).expect("a clock");
        let mut machine = Machine { folder, clock, env, server: None, is_rebuilt: Cell::new(false) };
        machine.set_clock(calendar.now);
        machine.start();
        machine
    }

    /// Sets the clock of all that runs in the folder.
    pub fn set_clock(&self, now: DateTime<Utc>) {
        self.clock.write_all_at(&now.timestamp_millis().to_ne_bytes(), 0).expect("the clock is set");
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    pub fn start(&mut self) {
        let setup = Setup::in_folder(Arc::clone(&self.folder));
        self.server = Some(self.env.iter().fold(setup, |setup, (name, value)| setup.env(name, value)).start());
        self.is_rebuilt.set(false);
    }

    pub fn kill(&mut self) {
        self.server.take().expect("the server runs").kill();
    }

    /// Stops the server as an init system does.
    pub fn stop(&mut self) {
        self.server.take().expect("the server runs").stop();
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        let mut env: Vec<(&str, &str)> = self.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        env.extend([("SCOREKEEPER_DATABASE", "scores.db"), ("SCOREKEEPER_API_KEY", KEY)]);
        run_with(self.folder(), args, &env)
    }

    /// A connection as another program has one.
    pub fn sql(&self) -> Connection {
        let connection = Connection::open(self.folder().join("scores.db")).expect("the database opens");
        connection.busy_timeout(PATIENCE).expect("a busy timeout");
        connection
    }

    /// Waits until the rebuild that every start begins with is over.
    pub fn wait_for_rebuild(&self) {
        if !self.is_rebuilt.replace(true) {
            wait_for("the rebuild at the start", || {
                let text = self.server().get("/metrics").body;
                let runs = text.lines().find_map(|line| line.strip_prefix("scorekeeper_rollup_runs_total "))?;
                (runs != "0").then_some(())
            });
        }
    }

    /// The last lines that the server has written of more than requests.
    pub fn last_lines(&self) -> String {
        let text = self.server.as_ref().map(Server::stderr).unwrap_or_default();
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains(" request: ")).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}
