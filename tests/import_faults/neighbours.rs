//! An import, and another process that opens the same database meanwhile.

use std::path::Path;
use std::process::Stdio;

use super::{FILE, assert_each_line_once, database, importing, write_file};
use crate::support::{EVENTS, Setup, run, wait_for};

const LINES: usize = 60_000;

/// How many bytes the write-ahead log has.
fn log_length(folder: &Path) -> u64 {
    folder.join("scores.db-wal").metadata().map_or(0, |log| log.len())
}

/// How many ranges of ids the import has stored: one for each transaction.
fn transactions(folder: &Path) -> i64 {
    database(folder).query_row("SELECT count(*) FROM imported_events", [], |row| row.get(0)).expect("a count")
}

#[test]
fn it_gives_way_to_a_server_that_is_started_and_whose_board_follows() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    write_file(&folder, LINES, 600);
    let child = importing(&folder).stdout(Stdio::piped()).spawn().expect("the binary runs");
    // More than a few pages stand in the log only while one transaction is storing more than fits into memory.
    wait_for("the import to store", || (log_length(&folder) > 1 << 20).then_some(()));
    let server = setup.start();
    server.award(2_000, "2023-04-14", 1);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.starts_with("imported 60,000 events ("), "{said}");
    assert_each_line_once(&folder);
    assert!(transactions(&folder) > 1, "it did not give way");
    let want: i64 = database(&folder)
        .query_row("SELECT max(s) FROM (SELECT sum(points) AS s FROM score_events GROUP BY user_id)", [], |row| {
            row.get(0)
        })
        .expect("a sum");
    let best = || server.get("/leaderboard/1?period=all&user_limit=1").json()["users"][0]["total_score"].as_i64();
    wait_for("the board to follow", || (best() == Some(want)).then_some(()));
    assert_eq!(server.score(2_000), 1);
}

#[test]
fn alone_it_is_one_transaction_after_which_all_is_as_before() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    write_file(&folder, 2_000, 20);
    let output = importing(&folder).output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(transactions(&folder), 1);
    assert_each_line_once(&folder);
    let server = setup.start();
    assert_eq!(server.award(7, "2023-04-14", 5)["id"], 2_001);
    let list = server.get(&format!("{EVENTS}?user_id=1&limit=3")).json();
    let users: Vec<_> = list["events"].as_array().expect("events").iter().map(|event| &event["user_id"]).collect();
    assert_eq!(users, [1, 1, 1]);
    let undone = run(&folder, &["--database", "scores.db", "import", "--undo", FILE]);
    assert!(undone.stdout.starts_with("undone: 2,000 events"), "{undone:?}");
    assert_eq!(server.count_events(), 1);
}
