//! Promise: `scorekeeper restore` puts a sound backup in place of the database, whole or not at all, keeps what stood there, and
//! lets no id be given again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{EVENTS, Run, Server, Setup, command, run};

fn restore(folder: &Path, from: &str) -> Run {
    run(folder, &["--database", "scores.db", "restore", from])
}

fn backup(folder: &Path, to: &str) {
    let made = run(folder, &["--database", "scores.db", "backup", to]);
    assert_eq!(made.code, Some(0), "{made:?}");
}

/// The names of all files in the folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
}

fn sum(file: &Path) -> i64 {
    let connection = Connection::open(file).expect("the file opens");
    connection.query_row("SELECT coalesce(sum(points), 0) FROM score_events", [], |row| row.get(0)).expect("a sum")
}

#[test]
fn a_backup_takes_the_place_and_its_later_ids_are_not_given_again() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    backup(server.folder().path(), "copy.db");
    let later = server.award(13, "2023-04-14", 5)["id"].as_i64().expect("an id");
    let last = server.award(13, "2023-04-14", 5)["id"].as_i64().expect("an id");
    // The highest id of all is one that is only in the history.
    assert_eq!(server.delete(&format!("{EVENTS}/{last}")).status, 200);
    // The server is killed, so what is later is in the write-ahead log alone.
    let folder = server.kill();
    assert!(folder.path().join("scores.db-wal").metadata().expect("a log").len() > 0);
    let restored = restore(folder.path(), "copy.db");
    assert_eq!((restored.code, restored.stderr.as_str()), (Some(0), ""), "{restored:?}");
    assert!(restored.stdout.starts_with("restored") && restored.stdout.lines().count() == 1, "{restored:?}");
    assert!(!names(folder.path()).contains("scores.db-wal"), "{:?}", names(folder.path()));
    assert!(names(folder.path()).contains("scores.db.before-restore-wal"), "{:?}", names(folder.path()));
    assert_eq!(sum(&folder.path().join("scores.db.before-restore")), 20, "what stood there is whole");
    let server = Setup::in_folder(folder).start();
    assert_eq!(server.score(13), 15);
    assert_eq!(server.get(&format!("{EVENTS}/{later}")).status, 404);
    assert_eq!(server.award(13, "2023-04-14", 1)["id"].as_i64(), Some(last + 1));
    let batch = serde_json::json!({"events": [{"user_id": 13, "date": "2023-04-14", "points": 1}]});
    let stored = server.post(&format!("{EVENTS}/batch"), &batch).json();
    assert_eq!(stored["events"][0]["id"].as_i64(), Some(last + 2));
}

#[test]
fn what_was_kept_can_be_restored_and_nothing_kept_is_overwritten() {
    let server = Server::start();
    backup(server.folder().path(), "copy.db");
    server.award(13, "2023-04-14", 15);
    let folder = server.kill();
    assert_eq!(restore(folder.path(), "copy.db").code, Some(0));
    assert_eq!(sum(&folder.path().join("scores.db")), 0);
    let back = restore(folder.path(), "scores.db.before-restore");
    assert_eq!(back.code, Some(0), "{back:?}");
    assert!(back.stdout.contains("scores.db.before-restore-2"), "{back:?}");
    assert_eq!(sum(&folder.path().join("scores.db")), 15);
    assert_eq!(sum(&folder.path().join("scores.db.before-restore")), 15);
    assert_eq!(sum(&folder.path().join("scores.db.before-restore-2")), 0);
    assert_eq!(run(folder.path(), &["--database", "scores.db", "check"]).stdout, "ok\n");
}

#[test]
fn nothing_is_put_in_place_of_a_database_that_is_open() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    backup(server.folder().path(), "copy.db");
    let before = names(server.folder().path());
    let refused = restore(server.folder().path(), "copy.db");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    assert!(
        refused.stderr.contains("is open in another process") && refused.stderr.lines().count() == 1,
        "{refused:?}"
    );
    assert_eq!(names(server.folder().path()), before);
    server.award(13, "2023-04-14", 5);
    assert_eq!(server.score(13), 20);
}

#[test]
fn what_is_no_sound_database_of_ours_is_refused_before_anything_is_touched() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let folder = server.stop();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("letter.db"), "a letter, longer than the head of a database").expect("a file");
    std::fs::write(path("empty.db"), "").expect("a file");
    Connection::open(path("other.db")).expect("a file").execute_batch("CREATE TABLE t (a)").expect("a table");
    let copies = [
        (
            "newer.db",
            "INSERT INTO refinery_schema_history SELECT 9999, 'n', applied_on, checksum
                      FROM refinery_schema_history WHERE version = 1",
        ),
        (
            "damaged.db",
            "PRAGMA writable_schema = 1;
                        UPDATE sqlite_schema SET sql = 'CREATE INDEX score_events_by_date ON score_events (id)'
                        WHERE name = 'score_events_by_date'",
        ),
    ];
    for (name, change) in copies {
        backup(folder.path(), name);
        Connection::open(path(name)).expect("a file").execute_batch(change).expect("a change");
    }
    let mut cut = std::fs::read(path("newer.db")).expect("a file");
    cut.truncate(cut.len() / 2);
    std::fs::write(path("cut.db"), cut).expect("a file");
    let (before, bytes) = (names(folder.path()), std::fs::read(path("scores.db")).expect("a file"));
    for (name, why) in [
        ("missing.db", "does not exist"),
        ("letter.db", "is not a scorekeeper database"),
        ("empty.db", "is not a scorekeeper database"),
        ("other.db", "is not a scorekeeper database"),
        ("newer.db", "was written by a newer scorekeeper"),
        ("damaged.db", ""),
        ("cut.db", ""),
        ("scores.db", "is the database itself"),
    ] {
        let refused = restore(folder.path(), name);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{name}: {refused:?}");
        assert!(refused.stderr.contains(why) && refused.stderr.lines().count() == 1, "{name}: {refused:?}");
        assert_eq!(names(folder.path()), before, "{name}");
        assert!(std::fs::read(path("scores.db")).expect("a file") == bytes, "{name} changed the file");
    }
}

#[test]
fn a_machine_that_burned_gets_its_backup_and_is_told_of_the_ids() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    backup(server.folder().path(), "copy.db");
    let backup = std::fs::read(server.folder().path().join("copy.db")).expect("a file");
    for stands in [None, Some("what is left of a burned disk, longer than a head"), Some("")] {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        std::fs::write(folder.path().join("copy.db"), &backup).expect("a file");
        if let Some(stands) = stands {
            std::fs::write(folder.path().join("scores.db"), stands).expect("a file");
            std::fs::write(folder.path().join("scores.db-wal"), "and of its log").expect("a file");
        }
        let restored = restore(folder.path(), "copy.db");
        assert_eq!(restored.code, Some(0), "{restored:?}");
        assert_eq!(restored.stderr.contains("may be given again"), stands.is_some(), "{restored:?}");
        let kept = |name: &str| std::fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!(kept("scores.db.before-restore").as_deref(), stands);
        assert_eq!(kept("scores.db.before-restore-wal").as_deref(), stands.map(|_| "and of its log"));
        let server = Setup::in_folder(folder).start();
        assert_eq!(server.score(13), 15);
    }
}

#[test]
fn keys_that_were_revoked_since_are_named() {
    let server = Server::start();
    let key = ["--database", "scores.db", "keys"];
    assert_eq!(run(server.folder().path(), &[&key[..], &["create"]].concat()).code, Some(0));
    backup(server.folder().path(), "copy.db");
    assert_eq!(run(server.folder().path(), &[&key[..], &["revoke", "1"]].concat()).code, Some(0));
    assert_eq!(run(server.folder().path(), &[&key[..], &["create"]].concat()).code, Some(0));
    let folder = server.stop();
    let restored = restore(folder.path(), "copy.db");
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(restored.stderr.contains("working again: keys 1;"), "{restored:?}");
    // Key 2 was given since, so the next is key 3.
    assert_eq!(run(folder.path(), &[&key[..], &["create"]].concat()).code, Some(0));
    let listed = run(folder.path(), &[&key[..], &["list"]].concat()).stdout;
    let ids: Vec<&str> = listed.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(ids, ["1", "3"]);
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_or_the_new_whole() {
    let server = Server::start();
    let long = "x".repeat(9_000);
    for _ in 0..100 {
        let event = serde_json::json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": long});
        assert_eq!(server.post(EVENTS, &event).status, 200);
    }
    backup(server.folder().path(), "copy.db");
    server.award(13, "2023-04-14", 900);
    let mut folder = server.kill();
    let began = std::time::Instant::now();
    assert_eq!(restore(folder.path(), "copy.db").code, Some(0));
    let whole = began.elapsed();
    let (mut old, mut new) = (0, 0);
    for part in 0..=20_u32 {
        // The log holds something again each time.
        let server = Setup::in_folder(folder).start();
        let stood = server.award(13, "2023-04-14", 7)["points"].as_i64().map(|_| server.score(13)).expect("points");
        folder = server.kill();
        let mut restoring = command(folder.path());
        restoring.args(["--database", "scores.db", "restore", "copy.db"]);
        let mut restoring =
            restoring.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(whole * part / 20);
        restoring.kill().expect("it can be killed");
        restoring.wait().expect("it is reaped");
        let server = Setup::in_folder(folder).start();
        match server.score(13) {
            100 => new += 1,
            score if score == stood => old += 1,
            score => panic!("{score} is neither 100 nor {stood}"),
        }
        folder = server.stop();
        assert_eq!(run(folder.path(), &["--database", "scores.db", "check"]).stdout, "ok\n");
    }
    assert!(old > 0 && new + old == 21, "{old} old, {new} new");
}
