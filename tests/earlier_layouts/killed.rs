//! A migration that is killed, as by a power cut, at many moments: in the middle of a write, between two, before a flush.
//! Needs a C compiler.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::file::{Contents, layout_of, layouts, make_file_of, newest};
use crate::support::{KEY, Setup, command};

/// Stands before the C library: at the call of that number which changes a file, the process kills itself. Of a write it
/// then writes a half.
const CUT: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int calls;
static int is_time(int fd) {
    struct stat found;
    const char *at = getenv("CUT_AT");
    if (!at || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
    return __sync_add_and_fetch(&calls, 1) == atoi(at);
}
static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }
#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))
ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*next)(int, const void *, size_t) = NEXT(ssize_t (*)(int, const void *, size_t), "write");
    if (is_time(fd)) { next(fd, bytes, count / 2); die(); }
    return next(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    ssize_t (*next)(int, const void *, size_t, off_t) = NEXT(ssize_t (*)(int, const void *, size_t, off_t), "pwrite");
    if (is_time(fd)) { next(fd, bytes, count / 2, at); die(); }
    return next(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t (*next)(int, const void *, size_t, off64_t) = NEXT(ssize_t (*)(int, const void *, size_t, off64_t), "pwrite64");
    if (is_time(fd)) { next(fd, bytes, count / 2, at); die(); }
    return next(fd, bytes, count, at);
}
int fsync(int fd) { if (is_time(fd)) die(); return NEXT(int (*)(int), "fsync")(fd); }
int fdatasync(int fd) { if (is_time(fd)) die(); return NEXT(int (*)(int), "fdatasync")(fd); }
int ftruncate(int fd, off_t to) { if (is_time(fd)) die(); return NEXT(int (*)(int, off_t), "ftruncate")(fd, to); }
int ftruncate64(int fd, off64_t to) { if (is_time(fd)) die(); return NEXT(int (*)(int, off64_t), "ftruncate64")(fd, to); }
"#;

fn compile(folder: &Path) {
    let (source, library) = (folder.join("cut.c"), folder.join("cut.so"));
    std::fs::write(&source, CUT).expect("a file");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(library).arg(source).status();
    assert!(compiled.expect("cc runs").success());
}

/// Starts the server on the folder's file with a cut at that call. `false`: it was not reached before the server listened.
fn is_cut(library: &Path, folder: &Path, at: u32) -> bool {
    let mut command = command(folder);
    command.env("LD_PRELOAD", library).env("CUT_AT", at.to_string());
    command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1");
    command.env("SCOREKEEPER_DATABASE", "scores.db").env("SCOREKEEPER_API_KEY", KEY);
    // The copy before a migration would take most of the calls, and most cuts.
    command.env("SCOREKEEPER_BACKUP_BEFORE_MIGRATION", "false");
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
    let told = BufReader::new(child.stderr.take().expect("stderr is piped"));
    let mut lines = Vec::new();
    for line in told.lines().map_while(Result::ok) {
        let listens = line.contains("listening on");
        lines.push(line);
        if listens {
            child.kill().expect("it can be killed");
            child.wait().expect("it is reaped");
            return false;
        }
    }
    let status = child.wait().expect("it is reaped");
    assert_eq!(status.signal(), Some(9), "{status}: {lines:?}");
    true
}

/// Kills a start on a file of that layout at the given call; the next start has to find it whole. `false`: the server listened
/// before there were so many calls.
fn cut_and_start_again(library: &Path, layout: u32, at: u32, fill: impl Fn(&Path) -> Contents) -> bool {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    let before = fill(folder.path());
    if !is_cut(library, folder.path(), at) {
        return false;
    }
    // What the cut left is looked at in a copy, since looking takes up the log.
    let copy = TempDir::new().expect("a temporary folder");
    for name in ["scores.db", "scores.db-wal"] {
        let _ = std::fs::copy(folder.path().join(name), copy.path().join(name));
    }
    let left = layout_of(&Connection::open(copy.path().join("scores.db")).expect("the copy opens"));
    assert!([layout, newest()].contains(&left), "cut at {at}, layout {layout} became {left}");

    let server = Setup::in_folder(folder).start();
    before.assert_kept(&server.database(), layout);
    true
}

#[test]
fn killed_at_any_moment_it_is_whole_after_the_next_start() {
    let tools = TempDir::new().expect("a temporary folder");
    compile(tools.path());
    let library = tools.path().join("cut.so");
    let library = &library;
    std::thread::scope(|scope| {
        let (odd, even): (Vec<u32>, Vec<u32>) =
            layouts().into_iter().filter(|layout| *layout < newest()).partition(|layout| layout % 2 == 1);
        for half in [odd, even] {
            scope.spawn(move || {
                for layout in half {
                    // Each layout is cut at other moments than its neighbours.
                    let mut at = 1 + layout % 7;
                    let mut cuts = 0;
                    while cut_and_start_again(library, layout, at, |folder| make_file_of(layout, folder)) {
                        at += 4 + layout % 5 + at / 12;
                        cuts += 1;
                    }
                    assert!(cuts >= 4, "layout {layout} was cut {cuts} times");
                }
            });
        }
    });
}

/// A file in which a migration writes before its end, since it is larger than the memory for its pages.
#[test]
fn killed_in_the_middle_of_laying_a_large_file_out_anew_it_is_whole_after_the_next_start() {
    const LAYOUT: u32 = 7;
    const MORE: &str = "
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
        INSERT INTO score_events (user_id, date, points, description, created_by)
        SELECT 1000 + n % 1000, date('2020-01-01', (n % 1000) || ' days'), n % 50, hex(zeroblob(200)), 'ada' FROM numbers;
        DELETE FROM scores;
        INSERT INTO scores (user_id, date, score, events)
        SELECT user_id, date, sum(points), count(*) FROM score_events GROUP BY user_id, date";
    let tools = TempDir::new().expect("a temporary folder");
    compile(tools.path());
    let fill = |folder: &Path| {
        make_file_of(LAYOUT, folder);
        let connection = Connection::open(folder.join("scores.db")).expect("the file opens");
        connection.execute_batch(MORE).expect("more events");
        Contents::of(&connection)
    };
    for at in [700, 3_000, 7_000] {
        assert!(cut_and_start_again(&tools.path().join("cut.so"), LAYOUT, at, fill), "nothing was cut at {at}");
    }
}
