//! Promise: on a disk that is really full the server says that it is not ready, serves reads, and goes on by itself once there is
//! space. Needs util-linux and the right to mount a file system in a namespace of its own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{EVENTS, KEY, Server, binary, run_with, wait_for};

/// A server whose database lies on a small disk of its own.
struct OnSmallDisk {
    server: Server,
    /// A file that fills the disk, as it is seen from outside.
    filler: PathBuf,
}

impl OnSmallDisk {
    fn start(megabytes: u32, env: &[(&str, &str)]) -> OnSmallDisk {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        let disk = folder.path().join("disk");
        std::fs::create_dir(&disk).expect("a folder");
        let mut command = Command::new("unshare");
        let script = format!("mount -t tmpfs -o size={megabytes}m tmpfs disk && exec \"$0\"");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script, binary()]).current_dir(folder.path());
        command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1").envs(env.iter().copied());
        command.env("SCOREKEEPER_DATABASE", "disk/scores.db").env("SCOREKEEPER_API_KEY", KEY);
        let server = Server::spawn(command, Arc::clone(&folder));
        // The root of the process leads into its namespace.
        let inside = disk.strip_prefix("/").expect("an absolute path");
        let filler = PathBuf::from(format!("/proc/{}/root", server.pid())).join(inside).join("filler");
        OnSmallDisk { server, filler }
    }

    /// Writes into the filler until the disk takes no more.
    fn fill(&self) {
        use std::io::Write;
        let mut filler = std::fs::File::create(&self.filler).expect("a file on the disk");
        while filler.write_all(&[7; 4096]).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(&self.filler).expect("the filler is there");
    }

    fn readiness(&self) -> (u16, Value) {
        let reply = self.server.anonymous("GET", "/health/ready").send();
        (reply.status, reply.json())
    }

    fn write(&self, description: &str) -> u16 {
        let event = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": description});
        self.server.post(EVENTS, &event).status
    }
}

#[test]
fn a_server_on_a_full_disk_is_not_ready_until_there_is_space() {
    let world = OnSmallDisk::start(32, &[]);
    assert_eq!(world.write("before"), 200);
    world.fill();
    let long = "x".repeat(9_000);
    wait_for("a write to fail", || (world.write(&long) == 503).then_some(()));
    assert_eq!(world.readiness(), (503, json!({"status": "unavailable", "reason": "the disk is full"})));
    assert!(world.server.count_events() > 0, "reads go on");
    // Whatever fits into the last bytes changes nothing of that.
    let _ = world.write("small");
    assert_eq!(world.readiness().0, 503);
    assert_eq!(world.server.anonymous("GET", "/health/live").send().status, 200);
    world.empty();
    wait_for("the server to be ready", || (world.readiness().0 == 200).then_some(()));
    assert_eq!(world.write("after"), 200);
}

#[test]
fn a_batch_that_finds_no_space_is_not_stored_and_told() {
    let world = OnSmallDisk::start(24, &[]);
    let events: Vec<Value> = (0..10_000)
        .map(|n| json!({"user_id": 1 + n % 100, "date": "2023-04-14", "points": 1, "description": "x".repeat(1_300)}))
        .collect();
    let batch = json!({"events": events});
    let path = format!("{EVENTS}/batch");
    let reply =
        wait_for("a batch to fail", || Some(world.server.post(&path, &batch)).filter(|reply| reply.status == 503));
    assert_eq!(reply.error_type(), "unavailable");
    assert_eq!(world.readiness().0, 503);
    assert_eq!(world.server.anonymous("GET", "/health/live").send().status, 200);
}

#[test]
fn a_backup_that_finds_no_space_is_told_and_deletes_none() {
    let env = [("SCOREKEEPER_BACKUP_FOLDER", "disk/backups"), ("SCOREKEEPER_BACKUP_EVERY", "1s")];
    let world = OnSmallDisk::start(24, &[env[0], env[1], ("SCOREKEEPER_BACKUP_KEEP", "1")]);
    let backups = world.filler.with_file_name("backups");
    let names = || {
        let entries = std::fs::read_dir(&backups).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".db")).collect::<Vec<_>>()
    };
    wait_for("a backup", || (!names().is_empty()).then_some(()));
    world.fill();
    wait_for("a failure", || world.server.stderr().contains("no backup could be made").then_some(()));
    assert!(!names().is_empty());
    let metrics = |server: &Server| server.get("/metrics").body;
    let failures = wait_for("a failure in the metrics", || {
        let body = metrics(&world.server);
        let line = body.lines().find_map(|line| line.strip_prefix("scorekeeper_backup_failures_total "));
        line.and_then(|count| count.parse::<u64>().ok()).filter(|count| *count > 0)
    });
    assert!(failures > 0);
    world.empty();
}

#[test]
fn a_file_that_can_not_be_copied_before_it_is_laid_out_anew_is_not_migrated() {
    let folder = Server::start().stop();
    let path = folder.path().join("scores.db");
    let connection = rusqlite::Connection::open(&path).expect("the database opens");
    connection
        .execute_batch(
            "PRAGMA wal_checkpoint(TRUNCATE); CREATE TABLE big (a); INSERT INTO big VALUES (zeroblob(3000000));
             DELETE FROM refinery_schema_history WHERE version > 12; DROP TABLE id_floor;",
        )
        .expect("an earlier layout");
    drop(connection);
    let before = std::fs::read(&path).expect("a file");
    // The limit of a file's size stands for the end of the disk.
    let limited = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 2000; exec "$0""#, binary()])
        .current_dir(folder.path())
        .envs([("ROCKET_PORT", "0"), ("SCOREKEEPER_DATABASE", "scores.db")])
        .output()
        .expect("the binary runs");
    let told = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert_eq!(limited.status.code(), Some(1), "{told}");
    assert!(told.contains("backup_before_migration = false"), "{told}");
    assert!(std::fs::read(&path).expect("a file") == before);
    assert_eq!(run_with(folder.path(), &["--database", "scores.db", "backup", "copy.db"], &[]).code, Some(0));
}
