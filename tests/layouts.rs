//! Promise: only the server changes the layout of a file. Every other command refuses a file of another layout in one line,
//! and leaves it as it is. Files are for their owner alone.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::earlier_layouts::file::{make_file_of, newest};
use crate::support::{KEY, Run, Server, Setup, binary, command, run};

/// Commands that work beside a server.
const COMMANDS: [&[&str]; 8] = [
    &["--database", "scores.db", "keys", "list"],
    &["--database", "scores.db", "keys", "create"],
    &["--database", "scores.db", "keys", "revoke", "1"],
    &["--database", "scores.db", "keys", "rotate", "1"],
    &["--database", "scores.db", "--backfill-from", "2023-04-14"],
    &["--database", "scores.db", "import", "-"],
    &["--database", "scores.db", "import", "--list"],
    &["--database", "scores.db", "export", "events"],
];

/// Makes a file one of the layout before.
const OLDER: &str =
    "DELETE FROM refinery_schema_history WHERE version = (SELECT max(version) FROM refinery_schema_history)";

/// Makes a file one of a layout that is still to be invented.
const NEWER: &str = "INSERT INTO refinery_schema_history SELECT 9999, 'of the future', applied_on, checksum
                     FROM refinery_schema_history WHERE version = 1";

/// The names of what lies in a folder.
fn names(folder: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry of the folder").file_name()).collect()
}

/// A folder with the file of a server that has ended, after `change`.
fn file_with(change: &str) -> Arc<TempDir> {
    let folder = Server::start().stop();
    let file = Connection::open(folder.path().join("scores.db")).expect("the database opens");
    file.execute_batch(change).expect("the change is made");
    folder
}

#[track_caller]
fn assert_refused(run: &Run, why: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(run.stderr.contains(why), "{run:?}");
}

#[test]
fn no_command_but_the_server_migrates_a_file() {
    let folder = file_with(OLDER);
    let before = std::fs::read(folder.path().join("scores.db")).expect("the file");
    for args in COMMANDS {
        assert_refused(&run(folder.path(), args), "is migrated by the next start of the server");
        assert!(
            std::fs::read(folder.path().join("scores.db")).expect("the file") == before,
            "{args:?} changed the file"
        );
    }
}

#[test]
fn a_file_of_a_newer_scorekeeper_is_refused_by_everyone() {
    let folder = file_with(NEWER);
    let before = std::fs::read(folder.path().join("scores.db")).expect("the file");
    let serve: &[&str] = &["--database", "scores.db"];
    for args in COMMANDS.into_iter().chain([serve]) {
        let run = run(folder.path(), args);
        assert_refused(&run, "was written by a newer scorekeeper");
        assert!(
            std::fs::read(folder.path().join("scores.db")).expect("the file") == before,
            "{args:?} changed the file"
        );
    }
}

#[test]
fn a_file_beside_its_server_is_refused_by_a_command_of_another_version_too() {
    let changes =
        [(OLDER, "is migrated by the next start of the server"), (NEWER, "was written by a newer scorekeeper")];
    for (change, why) in changes {
        let server = Server::start();
        server.sql().execute_batch(change).expect("the change is made");
        for args in COMMANDS {
            assert_refused(&run(server.folder().path(), args), why);
        }
        // Whatever the commands are, the server's next award is stored.
        server.award(13, "2023-04-14", 15);
        assert_eq!(server.score(13), 15);
    }
}

#[test]
fn backup_check_and_restore_take_an_earlier_layout_as_it_is() {
    let folder = Arc::new(TempDir::new().expect("a temporary folder"));
    make_file_of(newest() - 1, folder.path());
    let before = std::fs::read(folder.path().join("scores.db")).expect("the file");
    let run = |args: &[&str]| run(folder.path(), &[&["--database", "scores.db"], args].concat());
    assert_eq!(run(&["check"]).stdout, "ok\n");
    assert_eq!(run(&["backup", "copy.db"]).code, Some(0));
    assert!(std::fs::read(folder.path().join("scores.db")).expect("the file") == before);
    assert_eq!(run(&["restore", "copy.db"]).code, Some(0));
    assert_refused(&run(&["keys", "list"]), "is migrated by the next start of the server");
    let server = Setup::in_folder(folder).start();
    server.award(13, "2023-04-14", 15);
}

#[test]
fn a_file_that_is_missing_is_made_by_the_command_that_writes_into_it_and_no_other() {
    for args in COMMANDS {
        let folder = TempDir::new().expect("a temporary folder");
        let run = run(folder.path(), args);
        if args.ends_with(&["create"]) {
            assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 1), "{run:?}");
            let file = Connection::open(folder.path().join("scores.db")).expect("the database opens");
            let keys: i64 = file.query_row("SELECT count(*) FROM api_keys", [], |row| row.get(0)).expect("a count");
            assert_eq!(keys, 1);
        } else if args.ends_with(&["-"]) {
            assert_refused(&run, "it is empty");
        } else {
            assert_refused(&run, "scores.db does not exist");
            assert_eq!(names(folder.path()), BTreeSet::new(), "{args:?}");
        }
    }
}

#[test]
fn a_migration_that_can_not_be_done_is_tried_once() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = Connection::open(folder.path().join("scores.db")).expect("a new file");
    // A table of ours that no migration made.
    file.execute_batch("PRAGMA application_id = 0x73636f72; CREATE TABLE score_events (id INTEGER)").expect("a table");
    drop(file);
    let start = |name: &str, fault: &str| {
        let began = Instant::now();
        let run = run(folder.path(), &["--database", name]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains(fault), "{run:?}");
        began.elapsed()
    };
    // Ten attempts in one start would take 450 ms in pauses alone, each time. Once, one start may be slow by itself.
    let quickest = |name, fault| (0..5).map(|_| start(name, fault)).min().expect("five starts");
    std::fs::write(folder.path().join("notes.txt"), "This is no database.").expect("a file");
    let (refused, tried) = (quickest("notes.txt", "notes.txt"), quickest("scores.db", "can't be migrated"));
    assert!(tried < refused + Duration::from_millis(400), "{tried:?}; a start without a migration takes {refused:?}");
}

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap_or_else(|fault| panic!("{}: {fault}", file.display())).permissions().mode() & 0o777
}

/// Starts a server, or another command, with a umask.
fn with_umask(umask: &str, folder: &Path, args: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!(r#"umask {umask}; exec "$0" "$@""#)).arg(binary()).args(args);
    shell.current_dir(folder);
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("SCOREKEEPER_") || name.starts_with("ROCKET_"))
    {
        shell.env_remove(name);
    }
    shell.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1").env("SCOREKEEPER_API_KEY", KEY);
    shell
}

#[test]
fn files_and_folders_are_for_their_owner_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        let args = ["--database", "deep/below/scores.db"];
        let server = Server::spawn(with_umask(umask, folder.path(), &args), Arc::clone(&folder));
        server.award(13, "2023-04-14", 15);
        for name in ["deep", "deep/below"] {
            assert_eq!(mode(&folder.path().join(name)), 0o700, "{name} with umask {umask}");
        }
        for name in ["scores.db", "scores.db-wal", "scores.db-shm"] {
            assert_eq!(mode(&folder.path().join("deep/below").join(name)), 0o600, "{name} with umask {umask}");
        }
        let told = server.log();
        assert!(!told.contains("chmod"), "{told}");

        let made = with_umask(umask, folder.path(), &["--database", "other/keys.db", "keys", "create"]).output();
        assert!(made.expect("the binary runs").status.success());
        assert_eq!(mode(&folder.path().join("other/keys.db")), 0o600);
    }
}

#[test]
fn a_file_that_others_may_read_is_told_of_and_left_as_it_is() {
    let folder = Server::start().stop();
    let file = folder.path().join("scores.db");
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("the mode is changed");
    let server = Setup::in_folder(folder).start();
    let told = server.log();
    let lines: Vec<_> = told.lines().filter(|line| line.contains("chmod 600")).collect();
    assert!(matches!(lines[..], [line] if line.contains("scores.db") && line.contains("644")), "{told}");
    assert_eq!(mode(&file), 0o644);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_without_rights_is_named() {
    let folder = Server::start().stop();
    let open = Permissions::from_mode(0o666);
    std::fs::set_permissions(folder.path().join("scores.db"), open).expect("the mode is changed");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).expect("the mode is changed");
    // The superuser has all rights everywhere, so the command is run as somebody else then.
    let id = Command::new("id").arg("-u").output().expect("id of coreutils runs");
    for (file, what) in [("scores.db", "of a server"), ("new.db", "that is not there")] {
        let mut limited = command(folder.path());
        if id.stdout == b"0\n" {
            limited = Command::new("setpriv");
            limited.args(["--reuid=65534", "--regid=65534", "--clear-groups", binary()]).current_dir(folder.path());
        }
        let output = limited.args(["--database", file, "keys", "create"]).output().expect("the binary runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "a file {what}: {told}");
        assert!(told.contains("the folder . may not be written in"), "a file {what}: {told}");
    }
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("the mode is changed");
}
