//! A PostgreSQL of our own, in a folder of its own, reached by a socket that nobody else knows.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::programs::{self, Daemon, find, output};

/// The user whom Debian's package makes; PostgreSQL refuses to run as root.
pub const USER: &str = "postgres";

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
pub struct Postgres {
    daemon: Daemon,
    /// Where its programs are.
    pub programs: PathBuf,
    /// Where its socket lies: short enough for one.
    pub socket: tempfile::TempDir,
}

impl Postgres {
    /// Starts one on the data in that folder, which are made anew if they are not there; `None` if it is not installed.
    pub fn start(folder: &Path) -> Option<Postgres> {
        let programs = installed()?;
        let data = folder.join("data");
        let fresh = !data.exists();
        let socket = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder for the socket");
        if is_root() {
            programs::give(socket.path(), USER);
        }
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
        let mut postgres = Postgres { daemon, programs, socket };
        postgres.wait();
        Some(postgres)
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.client("pg_isready", "postgres").output().is_ok_and(|ready| ready.status.success()) {
            assert!(self.daemon.lives() && Instant::now() < deadline, "PostgreSQL starts");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A program that talks to it.
    pub fn client(&self, program: &str, database: &str) -> Command {
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
}

/// Where its programs are, of the newest version if there are several.
pub fn installed() -> Option<PathBuf> {
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
