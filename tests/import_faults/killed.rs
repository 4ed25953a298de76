//! An import that is killed.

use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;

use super::{assert_each_line_once, database, import, start, stored, write_file};
use crate::support::{Server, wait_for};

const LINES: i64 = 6_000;

/// How often it is killed.
const KILLS: u32 = 20;

#[test]
fn alone_it_stores_all_or_nothing_and_each_line_once_when_run_again() {
    let whole = TempDir::new().expect("a temporary folder");
    write_file(whole.path(), LINES as usize, 20);
    let began = Instant::now();
    assert_eq!(import(whole.path()).code, Some(0));
    let takes = began.elapsed();
    assert_each_line_once(whole.path());
    let mut broken_off = 0;
    for moment in 1..=KILLS {
        let folder = TempDir::new().expect("a temporary folder");
        let folder = folder.path();
        write_file(folder, LINES as usize, 20);
        let mut child = start(folder);
        // Any moment will do. These are spread over the time that a whole import has taken.
        std::thread::sleep(takes * moment / (KILLS + 1));
        child.kill().expect("it can be killed");
        broken_off += u32::from(child.wait().expect("it ends").code().is_none());
        if folder.join("scores.db").metadata().is_ok_and(|file| file.len() > 0) && is_laid_out(folder) {
            let count = stored(folder);
            assert!(count == 0 || count == LINES, "{count} events are stored");
        }
        let again = import(folder);
        assert_eq!(again.code, Some(0), "{again:?}");
        assert_each_line_once(folder);
        assert!(import(folder).stdout.starts_with("imported nothing: "));
    }
    assert!(broken_off > 0, "no import was broken off");
}

/// Whether the process that was killed has come so far that there are tables.
fn is_laid_out(folder: &Path) -> bool {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'user_events_state'";
    database(folder).query_row(tables, [], |row| row.get::<_, i64>(0)).expect("a count") > 0
}

#[test]
fn beside_a_server_it_goes_on_where_it_stopped() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    write_file(folder, LINES as usize, 20);
    let watch = server.sql();
    let records = || -> i64 {
        watch.query_row("SELECT coalesce(max(records), 0) FROM imports", [], |row| row.get(0)).expect("the progress")
    };
    let mut broken_off = 0;
    for moment in 1..=KILLS {
        let mut child = start(folder);
        wait_for("the import to come so far", || {
            let is_there = records() >= i64::from(moment) * LINES / i64::from(KILLS + 1);
            (is_there || child.try_wait().expect("a child").is_some()).then_some(())
        });
        child.kill().expect("it can be killed");
        broken_off += u32::from(child.wait().expect("it ends").code().is_none());
        server.award(2_000, "2023-04-14", 1);
        let remembered = "SELECT sum(events) FROM imports";
        let remembered: i64 = watch.query_row(remembered, [], |row| row.get(0)).expect("a sum");
        assert_eq!(stored(folder), remembered);
    }
    assert!(broken_off >= KILLS / 2, "only {broken_off} imports were broken off");
    let last = import(folder);
    assert_eq!(last.code, Some(0), "{last:?}");
    assert_each_line_once(folder);
    assert_eq!(server.score(2_000), i64::from(KILLS));
    assert!(import(folder).stdout.starts_with("imported nothing: "));
}
