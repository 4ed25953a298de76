//! Promise: if the disk fails in the moment of the commit, the answer says that nobody can tell whether the change is
//! stored, and the same request with the same key makes it certain. Needs a C compiler.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{EVENTS, KEY, Server, Setup, command, wait_for};

/// Stands before the C library: flushing fails as long as a file exists.
const FAULTS: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int broken(void) { const char *file = getenv("BROKEN"); return file && access(file, F_OK) == 0; }
int fsync(int fd) {
    if (broken()) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
    if (broken()) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"#;

/// Compiles a library of C that is to stand before the C library.
pub fn library(folder: &Path, text: &str) -> PathBuf {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("faults.c"), text).expect("a file");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([path("faults.so"), path("faults.c")]).status();
    assert!(compiled.expect("cc runs").success());
    path("faults.so")
}

/// Starts a server whose disk can't be flushed as long as there is a file `broken`.
fn start(folder: &Arc<TempDir>) -> Server {
    let mut command = command(folder.path());
    command.env("LD_PRELOAD", library(folder.path(), FAULTS)).env("BROKEN", folder.path().join("broken"));
    command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1");
    command.env("SCOREKEEPER_DATABASE", "scores.db").env("SCOREKEEPER_API_KEY", KEY);
    Server::spawn(command, Arc::clone(folder))
}

fn set_broken(folder: &Path, broken: bool) {
    let file = folder.join("broken");
    if broken { std::fs::write(file, "") } else { std::fs::remove_file(file) }.expect("the file is changed");
}

#[test]
fn a_commit_that_the_disk_failed_is_of_unknown_outcome_and_certain_when_repeated() {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    let server = start(&folder);
    server.award(13, "2023-04-14", 15);
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 5});
    let keyed = |server: &Server| server.request("POST", EVENTS).header("Idempotency-Key", "k-1").json(&event).send();
    set_broken(folder.path(), true);
    let reply = keyed(&server);
    assert_eq!((reply.status, reply.error_type().as_str()), (503, "outcome_unknown"), "{reply:?}");
    assert!(reply.error().contains("repeat it with the same Idempotency-Key"), "{reply:?}");
    assert!(reply.header("Retry-After").is_some(), "{reply:?}");
    assert_eq!(server.anonymous("GET", "/health/ready").send().status, 503);
    // In the file there may be the commit now. A crash brings that to light, and the repeated request counts once.
    let server = Setup::in_folder(server.kill());
    set_broken(folder.path(), false);
    let server = server.start();
    assert_eq!(keyed(&server).status, 200);
    assert_eq!(server.score(13), 20);
}

#[test]
fn once_the_disk_is_well_again_the_repeated_request_counts_once() {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    let server = start(&folder);
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 5});
    let keyed = || server.request("POST", EVENTS).header("Idempotency-Key", "k-1").json(&event).send();
    set_broken(folder.path(), true);
    assert_eq!(keyed().error_type(), "outcome_unknown");
    set_broken(folder.path(), false);
    wait_for("the server to be ready", || {
        (server.anonymous("GET", "/health/ready").send().status == 200).then_some(())
    });
    assert_eq!(keyed().status, 200);
    assert_eq!(keyed().header("Idempotent-Replayed"), Some("true"));
    assert_eq!(server.score(13), 5);
}
