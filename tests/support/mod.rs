//! What every black-box test stands on: the real binary on a port of its own, a throwaway folder, and an HTTP client.
//!
//! A test says what it promises; ports, files, waiting and teardown live here.

#![allow(dead_code, reason = "each test file uses its own part of the harness")]

pub mod browser;
mod endings;
pub mod forum;
mod http;
pub mod keys;
pub mod random;
pub mod replica;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub use self::http::{Reply, Request};

/// The configured all-users key that servers of [`Server::start`] accept.
pub const KEY: &str = "configured-key-of-the-test-suite";
/// Base path of the score events.
pub const EVENTS: &str = "/admin/plugins/gamification/score_events";
/// Path of the recalculation.
pub const RECALCULATE: &str = "/admin/plugins/gamification/recalculate-scores";
/// The longest that a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Path of the binary under test: the one that was built with the tests, unless `TESTED_PROGRAM` names another.
pub fn binary() -> &'static str {
    static NAMED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("TESTED_PROGRAM").ok());
    NAMED.as_deref().unwrap_or(env!("CARGO_BIN_EXE_scorekeeper"))
}

/// A command of the binary in `folder`, with no setting inherited from the environment of the test run.
pub fn command(folder: &Path) -> Command {
    in_folder(Command::new(binary()), folder)
}

/// A command in `folder`, with no setting inherited from the environment of the test run.
fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder);
    for (name, _) in std::env::vars() {
        if name.starts_with("SCOREKEEPER_") || name.starts_with("ROCKET_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a finished run of the binary left behind.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary in `folder` with `args` to its end.
pub fn run(folder: &Path, args: &[&str]) -> Run {
    run_with(folder, args, &[])
}

/// Like [`run`], with environment variables.
pub fn run_with(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Run {
    let mut command = command(folder);
    command.args(args).envs(env.iter().copied()).stdin(Stdio::null());
    let output = command.output().expect("the binary runs");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A folder with a database that holds the events which `fill`, one or more statements, inserts, and the sums of them.
pub fn holding(fill: &str) -> Arc<TempDir> {
    let folder = Server::start().stop();
    let database = rusqlite::Connection::open(folder.path().join("scores.db")).expect("the database opens");
    let all = format!(
        "BEGIN;
         {fill};
         INSERT INTO scores (month, user_id, day, score, events)
         SELECT CAST(substr(date, 1, 4) || substr(date, 6, 2) AS INTEGER), user_id, CAST(substr(date, 9) AS INTEGER),
                sum(points), count(*)
         FROM score_events GROUP BY user_id, date;
         COMMIT"
    );
    database.execute_batch(&all).expect("the events");
    folder
}

/// Waits until `condition` yields something; fails the test after [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How a server is started: its folder, settings and arguments.
pub struct Setup {
    folder: Arc<TempDir>,
    env: HashMap<String, String>,
    args: Vec<String>,
    /// The hard limit of descriptors, if it is not that of the test run.
    descriptors: Option<u32>,
}

impl Setup {
    /// A new throwaway folder, `scores.db` in it, any free port and [`KEY`] as the configured key.
    pub fn new() -> Setup {
        Setup::in_folder(Arc::new(TempDir::new().expect("a temporary folder")))
    }

    /// The same in a folder that exists: how a test starts a second server on the same file.
    pub fn in_folder(folder: Arc<TempDir>) -> Setup {
        let env = HashMap::from([
            ("ROCKET_PORT".to_owned(), "0".to_owned()),
            ("ROCKET_ADDRESS".to_owned(), "127.0.0.1".to_owned()),
            ("SCOREKEEPER_DATABASE".to_owned(), "scores.db".to_owned()),
            ("SCOREKEEPER_API_KEY".to_owned(), KEY.to_owned()),
        ]);
        Setup { folder, env, args: Vec::new(), descriptors: None }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Setup {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts without an environment variable that [`Setup::new`] sets.
    pub fn without_env(mut self, name: &str) -> Setup {
        self.env.remove(name);
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: &str) -> Setup {
        self.args.push(arg.to_owned());
        self
    }

    /// Starts with a hard limit of descriptors.
    pub fn descriptors(mut self, limit: u32) -> Setup {
        self.descriptors = Some(limit);
        self
    }

    /// The folder that the server will run in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the binary and waits until it listens.
    pub fn start(self) -> Server {
        let mut command = command(self.folder.path());
        if let Some(limit) = self.descriptors {
            let limited = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
            let program = std::mem::replace(&mut command, in_folder(Command::new("sh"), self.folder.path()));
            command.arg("-c").arg(limited).arg(program.get_program());
        }
        command.envs(&self.env).args(&self.args);
        Server::spawn(command, self.folder)
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    folder: Arc<TempDir>,
    stderr: Arc<Mutex<String>>,
    /// Gathers `stderr` until the process and all that it started have closed it.
    reader: JoinHandle<()>,
    agent: ureq::Agent,
    pub port: u16,
}

impl Server {
    /// A server with the defaults of [`Setup::new`].
    pub fn start() -> Server {
        Setup::new().start()
    }

    /// Starts `command` as a server; its stderr must name the address that it listens on.
    pub fn spawn(command: Command, folder: Arc<TempDir>) -> Server {
        Server::try_spawn(command, folder)
            .unwrap_or_else(|(status, stderr)| panic!("the server ended with {status}: {stderr}"))
    }

    /// Like [`Server::spawn`], for a start that may be refused: then how it ended, and its stderr.
    pub fn try_spawn(mut command: Command, folder: Arc<TempDir>) -> Result<Server, (ExitStatus, String)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stderr = Arc::new(Mutex::new(String::new()));
        let pipe = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let seen = Arc::clone(&stderr);
        let reader = std::thread::spawn(move || {
            for line in pipe.split(b'\n').map_while(Result::ok) {
                let mut seen = seen.lock().expect("no test panics while it holds the lock");
                seen.push_str(&String::from_utf8_lossy(&line));
                seen.push('\n');
            }
        });
        let port = wait_for("the server to listen", || {
            let seen = stderr.lock().expect("the reader never panics").clone();
            if let Ok(Some(status)) = child.try_wait() {
                return Some(Err(status));
            }
            let (_, rest) = seen.split_once("listening on http")?;
            let (_, rest) = rest.split_once("://127.0.0.1:")?;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            rest[digits.len()..].starts_with(['\n', ' ', '"']).then(|| digits.parse().ok().map(Ok)).flatten()
        });
        let port = match port {
            Ok(port) => port,
            Err(status) => {
                reader.join().expect("the reader never panics");
                return Err((status, stderr.lock().expect("the reader never panics").clone()));
            }
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Server { child, folder, stderr, reader, agent, port })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The folder that the server runs in, shared: keep it to restart on the same file.
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("scores.db")
    }

    /// A plain connection to the database file, beside the server: what the sqlite3 shell would be.
    pub fn sql(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.database()).expect("the database opens");
        connection.busy_timeout(PATIENCE).expect("a busy timeout");
        connection
    }

    /// All that the server has written to stderr so far, and all that it ever wrote after [`Server::wait`]. A line of the log
    /// may come after the answer to the request that it is about: see [`Server::log`].
    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("the reader never panics").clone()
    }

    /// The log on stderr with every line about what was answered before: it ends with a request of its own. For servers
    /// that log each request.
    pub fn log(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let last = format!("last-of-all-{}-", COUNT.fetch_add(1, Ordering::Relaxed));
        self.anonymous("GET", "/health/live").header("X-Request-Id", &last).send();
        wait_for("the last request to be logged", || {
            let log = self.stderr();
            log.contains(&last).then_some(log)
        })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a request with no key.
    pub fn anonymous(&self, method: &str, path: &str) -> Request<'_> {
        Request::new(self, method, path)
    }

    /// Starts a request as `system` with [`KEY`].
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        self.anonymous(method, path).header("API-Key", KEY).header("API-Username", "system")
    }

    /// GET as `system`.
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send()
    }

    /// POST of JSON as `system`.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.request("POST", path).json(body).send()
    }

    /// PUT of JSON as `system`.
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.request("PUT", path).json(body).send()
    }

    /// DELETE as `system`.
    pub fn delete(&self, path: &str) -> Reply {
        self.request("DELETE", path).send()
    }

    /// Stores one event and returns it.
    pub fn award(&self, user_id: i64, date: &str, points: i64) -> Value {
        let reply = self.post(EVENTS, &serde_json::json!({"user_id": user_id, "date": date, "points": points}));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }

    /// The user's overall score.
    pub fn score(&self, user_id: i64) -> i64 {
        let reply = self.get(&format!("/users/{user_id}/score"));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["total_score"].as_i64().expect("total_score is an integer")
    }

    /// How many events the server lists, counted over all pages.
    pub fn count_events(&self) -> usize {
        let (mut count, mut after) = (0, 0);
        loop {
            let reply = self.get(&format!("{EVENTS}?after={after}")).json();
            let events = reply["events"].as_array().expect("a list of events").clone();
            let Some(last) = events.last() else { return count };
            after = last["id"].as_i64().expect("an id");
            count += events.len();
        }
    }

    /// Writes raw bytes to the server and returns what comes back until it closes the connection or falls silent for
    /// two seconds: for requests that no client library would send.
    pub fn raw(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(&self.raw_bytes(bytes)).into_owned()
    }

    /// Like [`Server::raw`], for answers that are no text.
    pub fn raw_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server accepts");
        stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a read timeout");
        stream.write_all(bytes).expect("the request is sent");
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            answer.extend_from_slice(&piece[..count]);
        }
        answer
    }
}
