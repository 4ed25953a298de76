//! Promise: `scorekeeper backup` makes a whole copy in one file, beside a running server and of a file of any layout, for its
//! owner alone, and never overwrites a file unasked.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use crate::support::{Server, Setup, run};

/// Commands in the folder of a server say which database they mean.
fn backup(folder: &Path, rest: &[&str]) -> crate::support::Run {
    run(folder, &[&["--database", "scores.db", "backup"], rest].concat())
}

fn count(file: &Path, select: &str) -> i64 {
    let connection = Connection::open(file).expect("the file opens");
    connection.query_row(select, [], |row| row.get(0)).expect("a number")
}

#[test]
fn a_backup_beside_a_server_is_whole_and_one_file_for_its_owner() {
    let server = Server::start();
    for points in 1..=20 {
        server.award(13, "2023-04-14", points);
    }
    let folder = server.folder();
    let made = backup(folder.path(), &["copy.db"]);
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""), "{made:?}");
    assert!(made.stdout.starts_with("backed up") && made.stdout.lines().count() == 1, "{made:?}");
    let copy = folder.path().join("copy.db");
    assert_eq!(copy.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    let beside: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.starts_with("copy.db") && name != "copy.db")
        .collect();
    assert_eq!(beside, [""; 0]);
    let file = Connection::open(&copy).expect("the file opens");
    let mode: String = file.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "delete", "it needs no file beside it");
    assert_eq!(count(&copy, "SELECT sum(points) FROM score_events"), 210);
    assert_eq!(run(folder.path(), &["--database", "copy.db", "check"]).stdout, "ok\n");
    // A server takes it as it is.
    let server = Setup::in_folder(folder).env("SCOREKEEPER_DATABASE", "copy.db").start();
    assert_eq!(server.score(13), 210);
}

#[test]
fn a_backup_while_others_write_holds_all_that_was_acknowledged_before_it() {
    let server = Server::start();
    let (done, folder) = (AtomicBool::new(false), server.folder());
    std::thread::scope(|scope| {
        for user in 1..=4 {
            let (server, done) = (&server, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    server.award(user, "2023-04-14", 1);
                }
            });
        }
        for number in 0..5 {
            let before = server.count_events();
            let name = format!("copy-{number}.db");
            let made = backup(folder.path(), &[&name]);
            assert_eq!(made.code, Some(0), "{made:?}");
            let copy = folder.path().join(&name);
            let stored = count(&copy, "SELECT count(*) FROM score_events");
            assert!(stored >= before as i64, "{stored} of {before}");
            assert_eq!(count(&copy, "SELECT coalesce(sum(score), 0) FROM scores"), stored);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_file_that_exists_is_overwritten_only_by_force() {
    let folder = Server::start().stop();
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "a letter").expect("a file");
    let refused = backup(folder.path(), &["copy.db"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    assert!(refused.stderr.contains("copy.db exists already") && refused.stderr.lines().count() == 1, "{refused:?}");
    assert_eq!(std::fs::read_to_string(&copy).expect("a file"), "a letter");
    let forced = backup(folder.path(), &["--force", "copy.db"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert_eq!(run(folder.path(), &["--database", "copy.db", "check"]).stdout, "ok\n");
    // Not even by force does the database become a copy of itself.
    for file in ["scores.db", "./scores.db"] {
        let refused = backup(folder.path(), &["--force", file]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("is the database itself"), "{refused:?}");
    }
    assert_eq!(run(folder.path(), &["--database", "scores.db", "check"]).stdout, "ok\n");
}

#[test]
fn what_is_no_database_of_ours_or_can_not_be_written_is_refused_in_one_line() {
    let folder = Server::start().stop();
    std::fs::write(folder.path().join("letter.db"), "a letter, longer than the head of a database").expect("a file");
    for (database, to, why) in [
        ("missing.db", "copy.db", "missing.db does not exist"),
        ("letter.db", "copy.db", "is not a scorekeeper database"),
        ("scores.db", "no/folder/copy.db", "no/folder/copy.db"),
    ] {
        let refused = run(folder.path(), &["--database", database, "backup", to]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.stderr.contains(why) && refused.stderr.lines().count() == 1, "{refused:?}");
        assert!(!folder.path().join("copy.db").exists() && !folder.path().join("copy.db.part").exists());
    }
}

#[test]
fn a_damaged_database_gives_no_backup() {
    let folder = Server::start().stop();
    let file = folder.path().join("scores.db");
    let connection = Connection::open(&file).expect("the database opens");
    connection
        .execute_batch(
            "PRAGMA writable_schema = 1;
             UPDATE sqlite_schema SET sql = 'CREATE INDEX score_events_by_date ON score_events (id)'
             WHERE name = 'score_events_by_date';
             INSERT INTO score_events (user_id, date, points) VALUES (13, '2023-04-14', 15);",
        )
        .expect("it is damaged");
    drop(connection);
    let refused = backup(folder.path(), &["copy.db"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("is damaged"), "{refused:?}");
    assert!(!folder.path().join("copy.db").exists() && !folder.path().join("copy.db.part").exists());
}

#[test]
fn what_a_killed_backup_left_is_in_nobodys_way() {
    let folder = Server::start().stop();
    for ending in [".part", ".part-journal"] {
        std::fs::write(folder.path().join(format!("copy.db{ending}")), vec![7; 100_000]).expect("a file");
    }
    assert_eq!(backup(folder.path(), &["copy.db"]).code, Some(0));
    assert_eq!(run(folder.path(), &["--database", "copy.db", "check"]).stdout, "ok\n");
    assert!(!folder.path().join("copy.db.part").exists());
}
