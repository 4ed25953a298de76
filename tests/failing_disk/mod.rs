//! Promise: where the disk fails, the server answers 503 or goes on. It acknowledges nothing that is not on the disk, says that
//! nothing was stored only where nothing was, and either recovers by itself or ends with a line that says what to do.
//!
//! strace makes one system call of the real program fail, or all from one on: each in turn, until the load is over before the
//! fault comes. A thread of the program counts its own calls, so one number meets several moments.

mod fault;
mod flushes;
mod load;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use self::fault::{Fault, start};
use self::load::Heard;
use crate::power::disk::Files;
use crate::power::recording::{read_folder, write_folder};
use crate::support::{PATIENCE, Server, Setup, wait_for};

/// What a run with a fault has come to.
#[derive(Debug, PartialEq, Eq)]
enum Run {
    /// The fault came.
    Met,
    /// All was over before.
    Passed,
}

/// A folder, and what clients have been told of the database in it.
#[derive(Default)]
struct Before {
    files: Files,
    heard: Heard,
}

/// Runs a short load with a fault, then starts again on a disk that works.
fn run(before: &Before, fault: &Fault) -> Run {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    write_folder(folder.path(), &before.files);
    let trace = TempDir::new().expect("a temporary folder");
    let trace = trace.path().join("trace");
    let mut heard = before.heard.clone();
    match start(&folder, fault, &trace) {
        // The program could not be loaded.
        Err((status, _)) if status.code() == Some(127) => return Run::Met,
        Err((status, stderr)) => {
            assert_eq!(status.code(), Some(1), "{fault}: {stderr}");
            assert!(
                stderr.lines().any(|line| line.starts_with("scorekeeper: ")),
                "{fault}: it ended without a word: {stderr}"
            );
        }
        Ok(server) => serve(server, fault, &mut heard),
    }
    let server = Setup::in_folder(Arc::clone(&folder)).start();
    let count = server.count_events();
    server.stop();
    let all = crate::power::ledger::events(&folder.path().join("scores.db")).expect("the file can be read");
    assert_eq!(count, all.len(), "{fault}");
    if let Err(wrong) = heard.ledger.judge(folder.path(), &heard.known) {
        panic!("{fault}: {wrong}; heard was {:#?}", heard.told);
    }
    let text = std::fs::read_to_string(&trace).expect("a trace");
    if text.contains("(INJECTED)") { Run::Met } else { Run::Passed }
}

/// Works with a server whose disk fails, and ends it.
fn serve(mut server: Server, fault: &Fault, heard: &mut Heard) {
    heard.work(&server);
    if !fault.stays {
        // What failed once works again: so does the server, or it has ended and said why.
        wait_for(&format!("{fault}: writes to go on, or the server to end; heard {:#?}", heard.told), || {
            (server.has_ended().is_some() || heard.store(&server)).then_some(())
        });
        wait_for(&format!("{fault}: the server to be ready"), || {
            let is_ready = |server: &Server| {
                server.anonymous("GET", "/health/ready").try_send().is_ok_and(|reply| reply.status == 200)
            };
            (server.has_ended().is_some() || is_ready(&server)).then_some(())
        });
    }
    // Some are killed, some end by themselves.
    let status = server.end(if fault.at.is_multiple_of(2) { "KILL" } else { "TERM" });
    let stderr = server.stderr();
    match status.code() {
        Some(0) | None => {}
        Some(1) => assert!(stderr.lines().any(|line| line.contains("scorekeeper ends")), "{fault}: {stderr}"),
        other => panic!("{fault}: the server ended with {other:?}: {stderr}"),
    }
    assert!(!stderr.contains("panicked"), "{fault}: {stderr}");
}

/// A database in use, whose log was not moved into the file yet.
fn in_use() -> Before {
    let server = Server::start();
    let mut heard = Heard::default();
    heard.work(&server);
    let mut files = read_folder(server.kill().path());
    files.retain(|name, _| !name.ends_with("-shm"));
    Before { files, heard }
}

/// Lets a call fail at each of its turns, or at each so many.
fn sweep(before: &Before, call: &'static str, error: &'static str, stays: bool, step: usize) -> usize {
    // The night takes each.
    let step = if std::env::var_os("FAULTS_EACH").is_some() { 1 } else { step };
    let runs = (1..).step_by(step).map(|at| run(before, &Fault { call, error, at, stays }));
    runs.take_while(|run| *run == Run::Met).count()
}

/// Sweeps side by side, two at a time.
fn sweep_all(before: &Before, sweeps: &[(&'static str, &'static str, bool, usize)]) {
    let open: Mutex<VecDeque<_>> = Mutex::new(sweeps.iter().copied().collect());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = open.lock().expect("no sweep holds it").pop_front();
                    let Some((call, error, stays, step)) = next else { return };
                    let count = sweep(before, call, error, stays, step);
                    let turns = if stays { "from a turn on" } else { "at one turn" };
                    println!("{call} fails with {error} {turns}: {count} runs, nothing acknowledged is lost");
                    assert!(count > 0, "{call} never failed");
                }
            });
        }
    });
}

#[test]
fn whatever_call_fails_under_load_no_answer_is_wrong() {
    assert!(PATIENCE.as_secs() > 20, "a commit waits for locks meanwhile");
    let sweeps = [
        ("pwrite64", "EIO", false, 7),
        ("pwrite64", "ENOSPC", false, 11),
        ("fdatasync", "EIO", false, 1),
        ("fdatasync", "ENOSPC", false, 4),
        ("ftruncate", "EIO", false, 1),
        ("pread64", "EIO", false, 9),
        ("pwrite64", "EIO", true, 23),
        ("pwrite64", "ENOSPC", true, 23),
        ("fdatasync", "EIO", true, 4),
        ("pread64", "EIO", true, 19),
    ];
    sweep_all(&in_use(), &sweeps);
}

#[test]
fn whatever_call_fails_while_a_database_is_made_the_next_start_goes_on() {
    let sweeps = [
        ("pwrite64", "EIO", true, 23),
        ("pwrite64", "ENOSPC", true, 31),
        ("fdatasync", "EIO", false, 2),
        ("fsync", "EIO", false, 1),
        ("renameat2", "EIO", false, 1),
        ("ftruncate", "EIO", false, 1),
    ];
    sweep_all(&Before::default(), &sweeps);
}
