//! The promise: a log that can't be written holds up no request and no end of the server. Lines that find no room are
//! counted, and told of as soon as lines can be written again; the other place that lines go to lacks none.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{PATIENCE, Server, Setup, command, wait_for};

/// The file that the server logs to, beside stderr.
const LOG: &str = "server.log";

/// Requests whose lines are more than a pipe and the server's own queue hold together: a kilobyte each.
const MANY: usize = 8_000;

/// The longest that a server with a stuck log may take to end.
const LONGEST_END: Duration = Duration::from_secs(6);

/// Sends requests until [`MANY`] are answered, each of which leaves a long line.
fn send_many(port: u16) {
    let path = format!("/nothing/{}", "x".repeat(1_000));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let agent: ureq::Agent = ureq::Agent::config_builder()
                    .http_status_as_error(false)
                    .timeout_global(Some(PATIENCE))
                    .build()
                    .new_agent();
                for _ in 0..MANY / 4 {
                    let reply = agent.get(format!("http://127.0.0.1:{port}{path}")).call().expect("an answer");
                    assert_eq!(reply.status(), 404);
                }
            });
        }
    });
}

/// A server whose stderr is read up to the line that names its port, and then no more.
struct Unread {
    child: Child,
    /// Taken by whoever begins to read again.
    stderr: Option<BufReader<ChildStderr>>,
    port: u16,
}

impl Unread {
    fn start(folder: &Path) -> Unread {
        let mut command = command(folder);
        command.envs([("ROCKET_PORT", "0"), ("SCOREKEEPER_API_KEY", "k"), ("SCOREKEEPER_LOG_FILE", LOG)]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a server");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).expect("a line") > 0, "the server ended");
            if let Some((_, rest)) = line.split_once("listening on http://127.0.0.1:") {
                break rest.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
            }
        };
        Unread { child, stderr: Some(stderr), port }
    }

    fn terminate(&mut self) {
        let kill = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status();
        assert!(kill.expect("sh runs").success());
        let begin = Instant::now();
        let child = &mut self.child;
        let status = wait_for("the server to end", || child.try_wait().expect("a child can be waited for"));
        assert_eq!(status.code(), Some(0));
        assert!(begin.elapsed() < LONGEST_END, "it took {:?}", begin.elapsed());
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many lines a log says were dropped, all told.
fn dropped(log: &str) -> usize {
    let told = |line: &str| {
        let (before, _) = line.split_once(" lines were dropped")?;
        before.rsplit(' ').next()?.replace(',', "").parse::<usize>().ok()
    };
    log.lines().filter_map(told).sum()
}

fn requests(log: &str) -> usize {
    log.lines().filter(|line| line.contains(" request: GET /nothing/x")).count()
}

#[test]
fn a_pipe_that_nobody_reads_holds_up_neither_requests_nor_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Unread::start(folder.path());
    send_many(server.port);
    server.terminate();
    let log = fs::read_to_string(folder.path().join(LOG)).expect("the log file");
    assert_eq!((requests(&log), dropped(&log)), (MANY, 0), "the file lacks what only stderr could not take");
    assert!(log.contains("stopped"), "{}", &log[log.len() - 200..]);
}

#[test]
fn lines_that_were_dropped_are_told_of_when_the_reader_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Unread::start(folder.path());
    send_many(server.port);
    let mut stderr = server.stderr.take().expect("not taken before");
    let (told, telling) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut read = String::new();
        while stderr.read_line(&mut read).expect("UTF-8") > 0 {
            if dropped(read.lines().next_back().expect("a line")) > 0 {
                let _ = told.send(());
            }
        }
        read
    });
    telling.recv_timeout(PATIENCE).expect("a line that tells of those that were dropped");
    server.terminate();
    let log = reader.join().expect("the reader ends");
    let (written, dropped) = (requests(&log), dropped(&log));
    assert!(written > 0 && dropped > 0, "{written} written, {dropped} dropped");
    assert_eq!(written + dropped, MANY);
}

#[test]
fn a_log_file_that_nobody_reads_holds_up_neither_the_start_nor_requests_nor_the_end() {
    for is_open in [false, true] {
        let setup = Setup::new();
        let fifo = setup.folder().join(LOG);
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        let silent_reader = is_open.then(|| fs::File::options().read(true).write(true).open(&fifo).expect("a FIFO"));
        let mut server = setup.env("SCOREKEEPER_LOG_FILE", LOG).start();
        send_many(server.port);
        server.signal("TERM");
        let begin = Instant::now();
        assert_eq!(server.wait().code(), Some(0));
        assert!(begin.elapsed() < LONGEST_END, "it took {:?}", begin.elapsed());
        wait_for("all of stderr", || server.stderr().contains("stopped").then_some(()));
        let stderr = server.stderr();
        assert_eq!((requests(&stderr), dropped(&stderr)), (MANY, 0), "stderr lacks what only the file could not take");
        drop(silent_reader);
    }
}

#[test]
fn a_log_that_can_not_be_written_is_no_reason_to_stop() {
    let setup = Setup::new().env("SCOREKEEPER_LOG_FILE", "/dev/full");
    let server = setup.start();
    assert_eq!(server.anonymous("GET", "/health/live").send().status, 200);
    server.stop();
}

#[test]
fn a_hangup_opens_the_log_file_anew_and_ends_nothing() {
    let server = Setup::new().env("SCOREKEEPER_LOG_FILE", LOG).start();
    let ask = |id: &str| {
        assert_eq!(server.anonymous("GET", "/health/live").header("X-Request-Id", id).send().status, 200);
    };
    let folder = server.folder();
    let (log, moved) = (folder.path().join(LOG), folder.path().join("server.log.1"));
    let holds = |file: &Path, id: &str| fs::read_to_string(file).is_ok_and(|log| log.contains(id)).then_some(());
    ask("r-before");
    wait_for("the line before", || holds(&log, "r-before"));
    fs::rename(&log, &moved).expect("the log moves");
    ask("r-moved");
    wait_for("the line in the moved file", || holds(&moved, "r-moved"));
    server.signal("HUP");
    wait_for("a new file", || log.exists().then_some(()));
    ask("r-after");
    wait_for("the line after", || holds(&log, "r-after"));
    assert_eq!(fs::metadata(&log).expect("a log file").permissions().mode() & 0o7777, 0o600, "of the new file");
    assert!(holds(&moved, "r-after").is_none() && holds(&log, "r-before").is_none());

    // Where the new one can't be opened, the old one goes on.
    fs::remove_file(&log).expect("the log goes");
    fs::create_dir(&log).expect("a folder in its place");
    server.signal("HUP");
    wait_for("a line that says so", || server.stderr().contains("can't be opened anew").then_some(()));
    ask("r-last");
    server.stop();
}

#[test]
fn a_hangup_ends_no_server_without_a_log_file() {
    let server = Server::start();
    for _ in 0..3 {
        server.signal("HUP");
        assert_eq!(server.anonymous("GET", "/health/live").send().status, 200);
    }
    server.stop();
}

#[test]
fn a_log_file_is_made_for_its_owner_alone() {
    for umask in ["000", "022", "0277"] {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        // The database is made before, so that the umask meets the log file alone.
        Setup::in_folder(Arc::clone(&folder)).start().stop();
        let mut server = command(folder.path());
        let program = server.get_program().to_owned();
        server = {
            let mut shell = Command::new("sh");
            shell.current_dir(folder.path()).arg("-c").arg(format!("umask {umask}; exec \"$0\"")).arg(program);
            for (name, value) in server.get_envs() {
                match value {
                    Some(value) => shell.env(name, value),
                    None => shell.env_remove(name),
                };
            }
            shell
        };
        server.envs([("ROCKET_PORT", "0"), ("SCOREKEEPER_API_KEY", "k"), ("SCOREKEEPER_DATABASE", "scores.db")]);
        server.env("SCOREKEEPER_LOG_FILE", LOG);
        let server = Server::spawn(server, Arc::clone(&folder));
        let mode = fs::metadata(folder.path().join(LOG)).expect("a log file").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "with the umask {umask}");
        drop(server);
    }
}

#[test]
fn the_last_line_of_a_start_that_fails_is_no_panic_where_it_can_not_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = fs::File::options().write(true).open("/dev/full").expect("a full device");
    let mut refused = command(folder.path());
    let status = refused.env("SCOREKEEPER_PUBLIC", "maybe").stderr(full).status().expect("the binary runs");
    assert_eq!(status.code(), Some(1));
}
