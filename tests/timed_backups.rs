//! Promise: with `backup_folder` set, backups are made by the clock, the newest stay, and what is not one of them is untouched.
//! Before a start lays a file out anew, it makes a copy of it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::earlier_layouts::file::make_file_of;
use crate::metrics::samples;
use crate::support::browser::Browser;
use crate::support::{KEY, Setup, run, wait_for};

/// The names of the backups in a folder, sorted.
fn backups(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_backup(name)).collect();
    names.sort();
    names
}

/// Whether a name is `scorekeeper-YYYYMMDDTHHMMSSZ.db`.
fn is_backup(name: &str) -> bool {
    let Some(moment) = name.strip_prefix("scorekeeper-").and_then(|rest| rest.strip_suffix("Z.db")) else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    moment.split_once('T').is_some_and(|(day, time)| (day.len(), time.len()) == (8, 6) && digits(day) && digits(time))
}

fn setup(every: &str, keep: &str) -> Setup {
    let setup = Setup::new().env("SCOREKEEPER_BACKUP_FOLDER", "kept/backups").env("SCOREKEEPER_BACKUP_EVERY", every);
    setup.env("SCOREKEEPER_BACKUP_KEEP", keep)
}

#[test]
fn backups_are_made_by_the_clock_and_the_newest_stay() {
    let setup = setup("100ms", "2");
    let folder = setup.folder().join("kept/backups");
    std::fs::create_dir_all(&folder).expect("a folder");
    let old = ["scorekeeper-20200101T000000Z.db", "scorekeeper-20200102T000000Z.db"];
    let strangers = ["scorekeeper.db", "scorekeeper-20200101T000000Z.db.gz", "scorekeeper-2020.db", "notes.txt"];
    for name in old.iter().chain(&strangers) {
        std::fs::write(folder.join(name), "kept").expect("a file");
    }
    // What an earlier process left unfinished takes no space for ever.
    std::fs::write(folder.join("scorekeeper-20200103T000000Z.db.part"), "half").expect("a file");
    let server = setup.start();
    server.award(13, "2023-04-14", 15);
    let kept = wait_for("the old ones to go", || {
        Some(backups(&folder))
            .filter(|names| names.len() == 2 && names.iter().all(|name| !old.contains(&name.as_str())))
    });
    wait_for("newer ones", || (backups(&folder).first() > kept.last()).then_some(()));
    for stranger in strangers {
        assert_eq!(std::fs::read_to_string(folder.join(stranger)).expect("a file"), "kept");
    }
    assert!(!folder.join("scorekeeper-20200103T000000Z.db.part").exists());
    let home = server.stop();
    let newest = backups(&folder).pop().expect("a backup");
    let mode = folder.join(&newest).metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let newest = format!("kept/backups/{newest}");
    assert_eq!(run(home.path(), &["--database", &newest, "check"]).stdout, "ok\n");
    assert_eq!(Setup::in_folder(home).env("SCOREKEEPER_DATABASE", &newest).start().score(13), 15);
}

#[test]
fn a_start_makes_one_only_if_the_newest_is_old_enough() {
    let server = setup("1h", "7").start();
    let folder = server.folder().path().join("kept/backups");
    let first = wait_for("the first backup", || Some(backups(&folder)).filter(|names| !names.is_empty()));
    let mode = |path: &Path| path.metadata().expect("a folder").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(folder.parent().expect("a folder"))), (0o700, 0o700));
    let home = server.stop();
    let env = |setup: Setup, every: &str| {
        setup.env("SCOREKEEPER_BACKUP_FOLDER", "kept/backups").env("SCOREKEEPER_BACKUP_EVERY", every)
    };
    let server = env(Setup::in_folder(home), "1h").start();
    server.award(13, "2023-04-14", 15);
    let home = server.stop();
    assert_eq!(backups(&folder), first);
    let server = env(Setup::in_folder(home), "1s").start();
    wait_for("another backup", || (backups(&folder).len() > 1).then_some(()));
    drop(server);
}

#[test]
fn files_of_a_clock_that_ran_ahead_keep_no_backup_from_being_made() {
    let setup = setup("1h", "2");
    let folder = setup.folder().join("kept/backups");
    std::fs::create_dir_all(&folder).expect("a folder");
    let ahead = ["scorekeeper-99980101T000000Z.db", "scorekeeper-99990101T000000Z.db"];
    for name in ahead {
        std::fs::write(folder.join(name), "of a wrong clock").expect("a file");
    }
    let server = setup.start();
    let metric = "scorekeeper_backup_last_timestamp_seconds";
    let made_at = wait_for("a backup of now", || {
        let reply = server.anonymous("GET", "/metrics").header("Api-Key", KEY).send();
        samples(&reply.body).get(metric).copied()
    });
    assert!(made_at < 253_000_000_000.0, "it is of the year 9998: {made_at}");
    let kept = backups(&folder);
    assert_eq!(kept[1..], ahead[1..]);
    assert!(!ahead.contains(&kept[0].as_str()), "{kept:?}");
    let browser = Browser::signed_in(&server, "ana");
    assert!(browser.page("/admin/server").contains(&format!("Download the newest: {}", kept[0])));
    let home = server.stop();
    let made = format!("kept/backups/{}", kept[0]);
    assert_eq!(run(home.path(), &["--database", &made, "check"]).stdout, "ok\n");
}

#[test]
fn a_folder_that_can_not_be_written_is_told_and_the_server_goes_on() {
    let setup = setup("1h", "7");
    std::fs::write(setup.folder().join("kept"), "a file where the folder should be").expect("a file");
    let server = setup.start();
    wait_for("a line in the log", || server.stderr().contains("no backup could be made").then_some(()));
    server.award(13, "2023-04-14", 15);
    assert_eq!(server.anonymous("GET", "/health/ready").send().status, 200);
    server.stop();
}

#[test]
fn a_start_that_lays_tables_out_anew_copies_the_file_before() {
    for (setting, is_copied) in [(None, true), (Some("false"), false)] {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        make_file_of(12, folder.path());
        let setup = Setup::in_folder(folder);
        let setup = match setting {
            Some(value) => setup.env("SCOREKEEPER_BACKUP_BEFORE_MIGRATION", value),
            None => setup,
        };
        let server = setup.start();
        assert!(server.count_events() >= 30);
        let folder = server.stop();
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let copies: Vec<String> = names.filter(|name| name.starts_with("scores.db.before-V")).collect();
        assert_eq!(copies.len(), usize::from(is_copied), "{copies:?}");
        for copy in copies {
            let mode = folder.path().join(&copy).metadata().expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let connection = Connection::open(folder.path().join(&copy)).expect("the copy opens");
            let select = "SELECT max(version) FROM refinery_schema_history";
            assert_eq!(connection.query_row(select, [], |row| row.get::<_, i64>(0)).expect("a layout"), 12);
        }
    }
}
