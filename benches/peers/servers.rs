//! Servers as processes of their own, which end with the value that stands for them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use scorekeeper::domain::Period;

use crate::request::{self, Requests};
use crate::{load, rivals};

/// Set in the environment of a rival that this program starts of itself: which one.
const RIVAL: &str = "BENCH_RIVAL";
const EMPTY: &str = "empty";
const NAIVE: &str = "naive";

/// The program that is measured: the binary itself, as it is installed.
pub fn scorekeeper() -> Command {
    Command::new(env!("CARGO_BIN_EXE_scorekeeper"))
}

/// Is this process if it was started to be a rival; `false` if it was not.
pub fn serve_if_asked() -> bool {
    match std::env::var(RIVAL).as_deref() {
        Ok(EMPTY) => rivals::serve_empty(),
        Ok(NAIVE) => rivals::serve_naive(Path::new(&std::env::args().nth(1).expect("a file"))),
        _ => return false,
    }
    true
}

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// The key to send; what is no scorekeeper does not look.
    pub key: String,
}

impl Server {
    /// scorekeeper on that file, with a stored key, and its log in a file beside it.
    pub fn scorekeeper(file: &Path) -> Server {
        let key = make_key(file);
        Server::scorekeeper_with(file, key)
    }

    /// The same with a key that was made before.
    pub fn scorekeeper_with(file: &Path, key: String) -> Server {
        let mut command = scorekeeper();
        command.env("SCOREKEEPER_DATABASE", file);
        Server::start(command, &with_suffix(file, ".log"), key)
    }

    /// The server that does nothing.
    pub fn empty(folder: &Path) -> Server {
        Server::start(rival(EMPTY), &folder.join("empty.log"), "x".repeat(43))
    }

    /// The design that one would write first, on that file.
    pub fn naive(file: &Path) -> Server {
        let mut command = rival(NAIVE);
        command.arg(file);
        Server::start(command, &with_suffix(file, ".log"), "x".repeat(43))
    }

    fn start(mut command: Command, log: &Path, key: String) -> Server {
        let folder = log.parent().expect("a folder");
        let output = File::create(log).expect("a log");
        // Where no Rocket.toml lies.
        command.current_dir(folder).env("ROCKET_PORT", "0").stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = command.spawn().expect("the server starts");
        let mut server = Server { child, port: 0, key };
        let deadline = Instant::now() + Duration::from_secs(120);
        while server.port == 0 {
            assert!(Instant::now() < deadline, "the server does not say where it listens");
            assert!(server.child.try_wait().expect("a process").is_none(), "the server ended; see its log {log:?}");
            std::thread::sleep(Duration::from_millis(1));
            let said = std::fs::read_to_string(log).expect("a log");
            let rest = said.split_once("listening on http://127.0.0.1:").and_then(|(_, rest)| rest.split_once(' '));
            server.port = rest.map_or(0, |(port, _)| port.parse().expect("a port"));
        }
        server
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the leaderboard of that period is there, and returns the first page.
    pub fn wait_for_standings(&self, period: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(300);
        loop {
            let path = format!("/leaderboard?period={period}");
            let reply = request::exchange(self.port, &request::get(&path, None));
            if reply.status == 200 {
                return reply.body;
            }
            assert!(reply.status == 202 && Instant::now() < deadline, "standings: {reply:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the leaderboards of all periods are there: the first to ask for one waits until it is built.
    pub fn wait_for_all_standings(&self) {
        for period in Period::ALL {
            self.wait_for_standings(period.name());
        }
    }

    /// Loads it a little, so that what is measured then is not the first of its kind.
    pub fn warm_up(&self, connections: usize, span: Duration, requests: &mut Requests) {
        load::closed_loop(self.port, connections, span, requests);
    }

    /// Ends it cleanly, as a service manager does.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        let told = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status();
        assert!(told.expect("a shell").success(), "the server takes a signal");
        self.child.wait().expect("the server ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program, to be a rival.
fn rival(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(RIVAL, name);
    command
}

/// Makes a key for all users in that file, which is made too if it is missing.
pub fn make_key(file: &Path) -> String {
    let made = scorekeeper().args(["keys", "create", "--database"]).arg(file).output().expect("a program that runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("text").trim().to_owned()
}

/// The file of that name with something after it.
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
