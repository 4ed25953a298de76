//! An import that meets the end of the disk. Needs a C compiler, util-linux, and the right to mount a file system in a namespace of
//! its own.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{assert_each_line_once, database, import, importing, stored, write_file};
use crate::disk_faults::library;
use crate::support::{Server, binary};

/// Stands before the C library: writes to a write-ahead log fail, as those on a full disk do, after so many bytes as the variable
/// ROOM says.
const FAULTS: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static long left = -1;
static int is_full(int fd, size_t size) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 4 || strncmp(name + length - 4, "-wal", 4) != 0) return 0;
    if (left < 0) { const char *room = getenv("ROOM"); left = room ? atol(room) : 0; }
    if ((long) size > left) { errno = ENOSPC; return 1; }
    left -= (long) size;
    return 0;
}
ssize_t write(int fd, const void *bytes, size_t size) {
    if (is_full(fd, size)) return -1;
    return ((ssize_t (*)(int, const void *, size_t)) dlsym(RTLD_NEXT, "write"))(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    if (is_full(fd, size)) return -1;
    return ((ssize_t (*)(int, const void *, size_t, off_t)) dlsym(RTLD_NEXT, "pwrite"))(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    if (is_full(fd, size)) return -1;
    return ((ssize_t (*)(int, const void *, size_t, off64_t)) dlsym(RTLD_NEXT, "pwrite64"))(fd, bytes, size, at);
}
"#;

/// The log of this much holds what is made before the events, and some of these.
const ROOM: u32 = 1 << 20;

/// Imports where the log can take no more than [`ROOM`] bytes.
fn import_without_room(folder: &Path) -> Output {
    let mut command = importing(folder);
    command.env("LD_PRELOAD", library(folder, FAULTS)).env("ROOM", ROOM.to_string());
    command.output().expect("the binary runs")
}

#[track_caller]
fn assert_failed(output: &Output, why: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(why.iter().all(|why| last.contains(why)) && !said.contains("panicked"), "{said}");
    said
}

#[test]
fn alone_it_stores_nothing_and_says_why() {
    let folder = TempDir::new().expect("a temporary folder");
    let folder = folder.path();
    write_file(folder, 6_000, 400);
    let said = assert_failed(&import_without_room(folder), &["the disk is full"]);
    assert!(!said.contains("events are stored"), "{said}");
    assert_eq!(stored(folder), 0);
    assert_eq!(import(folder).code, Some(0));
    assert_each_line_once(folder);
}

#[test]
fn beside_another_process_it_says_how_much_is_stored_and_goes_on_after_it() {
    let folder = Server::start().stop();
    let folder = folder.path();
    write_file(folder, 6_000, 400);
    let neighbour = database(folder);
    neighbour.query_row("SELECT count(*) FROM imports", [], |_| Ok(())).expect("it is open");
    assert_failed(&import_without_room(folder), &["the disk is full", "events are stored: the same command goes on"]);
    let count = stored(folder);
    assert!(0 < count && count < 6_000, "{count} events are stored");
    assert_eq!(import(folder).code, Some(0));
    assert_each_line_once(folder);
}

#[test]
fn a_disk_that_is_too_small_is_refused_before_anything_is_stored() {
    let folder = TempDir::new().expect("a temporary folder");
    let folder = folder.path();
    write_file(folder, 20_000, 200);
    std::fs::create_dir(folder.join("disk")).expect("a folder");
    let script = "mount -t tmpfs -o size=4m tmpfs disk && \
                  { \"$0\" --database disk/scores.db import many.csv; echo \"$?\"; \"$0\" --database disk/scores.db import --list; }";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, binary()])
        .current_dir(folder)
        .output()
        .expect("unshare runs");
    let (said, list) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(said.contains("the disk has ") && said.contains("nothing is stored"), "{said}");
    assert!(list.starts_with("1\n") && list.lines().count() == 2, "{list}");
}
