//! The promise: a key that could not be shown is not kept, since nobody would ever know it. That holds for `keys create` and
//! for the key of the first start, and a place that nobody reads holds up neither.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use rusqlite::Connection;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tempfile::TempDir;

use crate::support::{Setup, binary, command, wait_for};

/// The file that the server logs to, beside stderr.
const LOG: &str = "server.log";

fn device(path: &str) -> File {
    File::options().write(true).open(path).expect("the device opens")
}

/// A pipe that is full, so that the next write to it waits for its reader.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("flags");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("flags");
    while writer.write(&[b'x'; 4096]).is_ok() {}
    fcntl_setfl(&writer, flags).expect("flags");
    (reader, writer)
}

fn pipe_without_reader() -> PipeWriter {
    std::io::pipe().expect("a pipe").1
}

fn count_keys(folder: &Path) -> i64 {
    let file = Connection::open(folder.join("scores.db")).expect("the database opens");
    file.query_row("SELECT count(*) FROM api_keys", [], |row| row.get(0)).expect("a count")
}

/// `keys create`, with what the shell is to do with its stdout or stderr.
fn redirected(folder: &Path, redirection: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!(r#"exec "$0" "$@" {redirection}"#)).arg(binary()).current_dir(folder);
    for (name, _) in command(folder).get_envs() {
        shell.env_remove(name);
    }
    shell
}

#[track_caller]
fn assert_not_kept(folder: &Path, case: &str, output: &Output) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{case}: {told}");
    assert_eq!(told.lines().count(), 1, "{case}: {told}");
    assert!(told.contains("the key is not kept"), "{case}: {told}");
    assert_eq!(count_keys(folder), 0, "{case}");
}

#[test]
fn a_key_that_could_not_be_printed_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let create = ["--database", "scores.db", "keys", "create"];
    let (_unread, full) = full_pipe();
    let places: [(&str, Stdio); 4] = [
        ("a full device", device("/dev/full").into()),
        ("a device that forgets", device("/dev/null").into()),
        ("a pipe whose reader is gone", pipe_without_reader().into()),
        ("a full pipe that nobody reads", full.into()),
    ];
    for (case, place) in places {
        let output = command(folder.path()).args(create).stdout(place).stderr(Stdio::piped()).output();
        assert_not_kept(folder.path(), case, &output.expect("the binary runs"));
    }
    for (case, redirection) in [("closed", ">&-"), ("for reading only", "1</dev/full")] {
        let output = redirected(folder.path(), redirection).args(create).output();
        assert_not_kept(folder.path(), case, &output.expect("the binary runs"));
    }
    let output = command(folder.path()).args(create).output().expect("the binary runs");
    assert!(output.status.success() && !output.stdout.is_empty());
    assert_eq!(count_keys(folder.path()), 1);
}

/// A server that is killed at the end of its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server that has no key, and waits until its log file says that it listens.
fn first_start(folder: &Path, mut server: Command) -> Killed {
    server.envs([("ROCKET_PORT", "0"), ("SCOREKEEPER_DATABASE", "scores.db"), ("SCOREKEEPER_LOG_FILE", LOG)]);
    let mut child = Killed(server.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the server starts"));
    wait_for("the server to listen", || {
        assert!(child.0.try_wait().expect("a child can be waited for").is_none(), "the server ended");
        std::fs::read_to_string(folder.join(LOG)).is_ok_and(|log| log.contains("listening on")).then_some(())
    });
    child
}

#[test]
fn the_first_key_is_not_kept_where_nobody_saw_it_and_the_next_start_makes_one() {
    let (_unread, full) = full_pipe();
    let places: [(&str, Option<Stdio>); 4] = [
        ("closed", None),
        ("a full device", Some(device("/dev/full").into())),
        ("a pipe whose reader is gone", Some(pipe_without_reader().into())),
        ("a full pipe that nobody reads", Some(full.into())),
    ];
    for (case, place) in places {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let server = match place {
            None => redirected(folder.path(), "2>&-"),
            Some(place) => {
                let mut server = command(folder.path());
                server.stderr(place);
                server
            }
        };
        let server = first_start(folder.path(), server);
        let log = std::fs::read_to_string(folder.path().join(LOG)).expect("a log");
        assert_eq!(count_keys(folder.path()), 0, "{case}: {log}");
        assert!(log.contains("no first API key could be made"), "{case}: {log}");
        drop(server);

        let next = Setup::in_folder(Arc::clone(&folder)).without_env("SCOREKEEPER_API_KEY").start();
        assert!(next.stderr().contains("It is shown this once"), "{case}: {}", next.stderr());
        assert_eq!(count_keys(folder.path()), 1, "{case}");
        next.stop();
    }
}
