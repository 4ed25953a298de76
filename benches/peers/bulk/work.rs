//! What scorekeeper does with the rows.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Bench, Run};
use crate::programs::free_port;

const KEY: &str = "measure";

/// How many clients send batches.
const CLIENTS: usize = 2;

/// The most memory that a process has held so far, in megabytes; `None` once it has ended.
fn peak_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Waits for the end of a process that has to succeed.
fn run(command: &mut Command) -> Run {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("a program that starts");
    let mut peak = None;
    let status = loop {
        peak = peak_mb(child.id()).or(peak);
        if let Some(status) = child.try_wait().expect("a process") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{command:?}: {status}");
    Run { seconds: began.elapsed().as_secs_f64(), peak_mb: peak }
}

fn command(bench: &Bench, arguments: &[&str], file: &Path) -> Command {
    let mut command = Command::new(&bench.program);
    command.args(arguments).arg("--database").arg(file).current_dir(bench.folder.path()).stdout(Stdio::null());
    command
}

/// Imports the file into an empty database.
pub fn import(bench: &Bench) -> Option<Run> {
    let folder = tempfile::tempdir_in(bench.folder.path()).expect("a folder");
    Some(run(command(bench, &["import"], &folder.path().join("new.db")).arg(&bench.table.file)))
}

/// Exports what was imported before; `None` if the program that is measured is of a time without `export`.
pub fn export(bench: &Bench) -> Option<Run> {
    let help = Command::new(&bench.program).args(["export", "--help"]).output().expect("a program that runs");
    if !help.status.success() {
        return None;
    }
    let file = bench.folder.path().join("imported.db");
    if !file.exists() {
        run(command(bench, &["import"], &file).arg(&bench.table.file));
    }
    let out = std::fs::File::create(bench.folder.path().join("exported.csv")).expect("a file");
    Some(run(command(bench, &["export", "events"], &file).stdout(out)))
}

/// Posts the rows to a server on an empty database.
pub fn batches(bench: &Bench, size: usize) -> Option<Run> {
    let folder = tempfile::tempdir_in(bench.folder.path()).expect("a folder");
    let bodies = Mutex::new(bench.table.bodies(size).into_iter());
    let server = Server::start(bench, &folder.path().join("new.db"));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let agent = ureq::Agent::new_with_defaults();
                loop {
                    let Some(body) = bodies.lock().expect("no client panics meanwhile").next() else { return };
                    let path = format!("{}/admin/plugins/gamification/score_events/batch", server.url);
                    let post = agent.post(path).header("Api-Key", KEY).header("Api-Username", "system");
                    let reply = post.header("Content-Type", "application/json").send(body).expect("an answer");
                    assert_eq!(reply.status(), 200);
                    reply.into_body().with_config().limit(64 << 20).read_to_vec().expect("a body");
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(Ok(bench.table.rows()), usize::try_from(server.stored()), "all rows are stored");
    Some(Run { seconds, peak_mb: peak_mb(server.child.id()) })
}

struct Server {
    child: Child,
    url: String,
    file: std::path::PathBuf,
}

impl Server {
    fn start(bench: &Bench, file: &Path) -> Server {
        let port = free_port();
        let child = command(bench, &[], file)
            .env("ROCKET_PORT", port.to_string())
            .env("ROCKET_ADDRESS", "127.0.0.1")
            .env("SCOREKEEPER_API_KEY", KEY)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let server = Server { child, url: format!("http://127.0.0.1:{port}"), file: file.to_owned() };
        let deadline = Instant::now() + Duration::from_secs(60);
        while ureq::get(format!("{}/health/live", server.url)).call().is_err() {
            assert!(Instant::now() < deadline, "the server does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// How many events the file holds.
    fn stored(&self) -> i64 {
        let connection = rusqlite::Connection::open(&self.file).expect("the file");
        connection.query_row("SELECT count(*) FROM score_events", [], |row| row.get(0)).expect("a count")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The file is thrown away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
