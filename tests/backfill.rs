//! Promise: `--backfill-from` makes every score from that day on the sum of its events again, beside a running server as
//! well as without one; says in one line what it found; and changes nothing when it can't.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chrono::{Days, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, Run, Server, Setup, run, run_with, wait_for};

fn backfill(folder: &Path, from: &str) -> Run {
    run(folder, &["--database", "scores.db", "--backfill-from", from])
}

/// A folder whose `scores.db` has three users with 10 points on each day from 2023-04-10 to 2023-04-19.
fn ten_days() -> Arc<TempDir> {
    let server = Server::start();
    for day in 10..20 {
        for user in 1..=3 {
            server.award(user, &format!("2023-04-{day}"), 10);
        }
    }
    server.stop()
}

fn database(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("scores.db")).expect("the database opens")
}

fn tamper(folder: &TempDir, sql: &str) {
    database(folder).execute_batch(sql).expect("the rows are changed");
}

/// Every row of the scores, and when it holds, what the file says about itself.
fn scores(folder: &TempDir) -> Vec<(i64, String, i64)> {
    let database = database(folder);
    let mut statement = database.prepare("SELECT user_id, date, score FROM scores ORDER BY 1, 2").expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("the scores");
    rows.collect::<Result<_, _>>().expect("rows")
}

/// Fails unless the run ended well and its stdout is the summary alone, up to the time it took.
#[track_caller]
fn assert_summary(run: &Run, want: &str) {
    assert_eq!(run.code, Some(0), "{run:?}");
    let line = run.stdout.strip_suffix('\n').expect("a line");
    let (summary, time) = line.rsplit_once(" (").expect("the time it took");
    assert_eq!(summary, format!("backfilled {want}"));
    let seconds = time.strip_suffix(" s)").expect("seconds");
    assert!(seconds.parse::<f64>().is_ok() && seconds.contains('.'), "{line}");
    assert!(!run.stderr.contains('\x1b'), "no bar where nobody looks at it: {:?}", run.stderr);
}

/// Fails unless the run ended with `code` and said why in one line.
#[track_caller]
fn assert_fault(run: &Run, code: i32) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{run:?}");
    assert_eq!(run.stderr.trim_end().lines().count(), 1, "{run:?}");
    assert!(run.stderr.trim_end().len() > 10, "{run:?}");
}

#[test]
fn with_nothing_wrong_it_finds_nothing() {
    let folder = ten_days();
    let before = scores(&folder);
    let nothing = "0 scores on 0 days were different and are right now";
    let whole = backfill(folder.path(), "2023-04-10");
    assert_summary(&whole, &format!("2023-04-10 to 2023-04-19: 10 days checked, {nothing}"));
    let last = backfill(folder.path(), "2023-04-19");
    assert_summary(&last, &format!("2023-04-19 to 2023-04-19: 1 days checked, {nothing}"));
    let none = backfill(folder.path(), "2023-04-20");
    assert_summary(&none, &format!("2023-04-20 to 2023-04-20: 0 days checked, {nothing}"));
    assert_eq!(scores(&folder), before);
}

#[test]
fn it_repairs_events_changed_inserted_and_deleted() {
    let folder = ten_days();
    tamper(
        &folder,
        "UPDATE score_events SET points = 12 WHERE user_id = 1 AND date = '2023-04-11';
         INSERT INTO score_events (user_id, date, points) VALUES (1, '2023-04-12', 5), (4, '2023-04-12', 6);
         INSERT INTO score_events (user_id, date, points) VALUES (2, '2023-04-30', 7);
         DELETE FROM score_events WHERE user_id = 3 AND date = '2023-04-13';",
    );
    let run = backfill(folder.path(), "2023-04-10");
    let want = "2023-04-10 to 2023-04-30: 11 days checked, 5 scores on 4 days were different and are right now";
    assert_summary(&run, want);
    assert_scores_are_sums(&database(&folder));
    let again = backfill(folder.path(), "2023-04-10");
    assert!(again.stdout.contains(" 0 scores on 0 days "), "{again:?}");
}

#[test]
fn it_repairs_scores_changed_deleted_and_made_up() {
    let folder = ten_days();
    let before = scores(&folder);
    tamper(
        &folder,
        "UPDATE scores SET score = -999 WHERE date = '2023-04-11';
         DELETE FROM scores WHERE user_id = 2 AND date IN ('2023-04-12', '2023-04-13');
         INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 4, 12, 6, 1), (202303, 4, 1, 6, 1);
         INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 1, 1, 8, 1);",
    );
    let run = backfill(folder.path(), "2023-04-01");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains(", 7 scores on 4 days were different and are right now ("), "{run:?}");
    tamper(&folder, "DELETE FROM scores WHERE date = '2023-03-01'");
    assert_eq!(scores(&folder), before);
    assert_scores_are_sums(&database(&folder));
}

#[test]
fn an_absurd_score_is_refused_or_repaired() {
    let folder = ten_days();
    for column in ["score", "events"] {
        for absurd in [i64::MIN, i64::MAX] {
            let sql = format!("UPDATE scores SET {column} = {absurd} WHERE user_id = 1");
            // The file may know better than to take it.
            let _ = database(&folder).execute_batch(&sql);
            let run = backfill(folder.path(), "2023-04-10");
            assert_eq!(run.code, Some(0), "{sql}: {run:?}");
            assert_scores_are_sums(&database(&folder));
        }
    }
}

#[test]
fn days_before_the_date_are_left_alone() {
    let folder = ten_days();
    tamper(&folder, "UPDATE score_events SET points = 11");
    let run = backfill(folder.path(), "2023-04-15");
    assert_summary(
        &run,
        "2023-04-15 to 2023-04-19: 5 days checked, 15 scores on 5 days were different and are right now",
    );
    for (user, date, score) in scores(&folder) {
        assert_eq!(score, if *date < *"2023-04-15" { 10 } else { 11 }, "user {user} on {date}");
    }
    let from_the_beginning = backfill(folder.path(), "0001-01-01");
    assert!(from_the_beginning.stdout.contains(", 15 scores on 5 days were "), "{from_the_beginning:?}");
    assert_scores_are_sums(&database(&folder));
}

#[test]
fn days_to_come_are_rebuilt_too() {
    let future = (Utc::now().date_naive() + Days::new(20)).to_string();
    let server = Server::start();
    server.award(1, &future, 10);
    let folder = server.stop();
    tamper(&folder, "UPDATE score_events SET points = 11");
    let today = Utc::now().date_naive().to_string();
    let run = backfill(folder.path(), &today);
    assert_summary(
        &run,
        &format!("{today} to {future}: 1 days checked, 1 scores on 1 days were different and are right now"),
    );
    assert_eq!(scores(&folder), [(1, future, 11)]);
}

#[test]
fn numbers_are_grouped_and_the_database_may_come_from_the_environment() {
    let folder = ten_days();
    let first_day = "DATE('2010-01-01', '+' || value || ' days')";
    tamper(
        &folder,
        &format!(
            "WITH RECURSIVE days(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM days WHERE value < 1233)
             INSERT INTO score_events (user_id, date, points) SELECT 5, {first_day}, 1 FROM days;"
        ),
    );
    let run = run_with(folder.path(), &["--backfill-from", "2010-01-01"], &[("SCOREKEEPER_DATABASE", "scores.db")]);
    assert_summary(
        &run,
        "2010-01-01 to 2023-04-19: 1,244 days checked, 1,234 scores on 1,234 days were different and are right now",
    );
    assert_scores_are_sums(&database(&folder));
}

#[test]
fn a_date_that_is_none_or_to_come_exits_2_and_changes_nothing() {
    let folder = ten_days();
    tamper(&folder, "UPDATE scores SET score = 999");
    let before = scores(&folder);
    let future = (Utc::now().date_naive() + Days::new(2)).to_string();
    for date in
        ["", "2023-4-1", "20230401", "yesterday", "2023-02-30", "0000-01-01", " 2023-04-01", "9999-12-31", &future]
    {
        assert_fault(&backfill(folder.path(), date), 2);
    }
    assert_eq!(scores(&folder), before);
    // No date at all is a wrong use of the program.
    assert_eq!(run(folder.path(), &["--database", "scores.db", "--backfill-from"]).code, Some(2));
}

#[test]
fn a_file_that_is_no_database_exits_1_and_stays_as_it_is() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("scores.db");
    assert_fault(&backfill(folder.path(), "2023-04-01"), 1);
    assert!(!path.exists(), "a missing file is not made");
    assert_fault(&run(folder.path(), &["--database", "no/such/folder/scores.db", "--backfill-from", "2023-04-01"]), 1);

    let text = "Dear diary,\n".repeat(500);
    std::fs::write(&path, &text).expect("a text file");
    assert_fault(&backfill(folder.path(), "2023-04-01"), 1);
    assert_eq!(std::fs::read_to_string(&path).expect("still text"), text);

    std::fs::remove_file(&path).expect("the text file goes");
    std::fs::create_dir(&path).expect("a folder in its place");
    assert_fault(&backfill(folder.path(), "2023-04-01"), 1);
}

#[test]
fn another_programs_database_is_left_alone() {
    let folder = TempDir::new().expect("a temporary folder");
    tamper(&folder, "PRAGMA application_id = 1234; CREATE TABLE diary (entry TEXT); INSERT INTO diary VALUES ('Dear')");
    assert_fault(&backfill(folder.path(), "2023-04-01"), 1);
    let tables: Vec<String> = {
        let database = database(&folder);
        let mut statement = database.prepare("SELECT name FROM sqlite_schema").expect("a statement");
        let rows = statement.query_map([], |row| row.get(0)).expect("the tables");
        rows.collect::<Result<_, _>>().expect("names")
    };
    assert_eq!(tables, ["diary"]);
}

#[test]
fn a_running_server_shows_the_result_without_a_restart() {
    let server = Setup::in_folder(ten_days()).start();
    assert_eq!(server.score(1), 100);
    tamper(&server.folder(), "UPDATE score_events SET points = points + user_id; DELETE FROM scores WHERE user_id = 3");
    let run = backfill(server.folder().path(), "2023-04-10");
    assert_summary(
        &run,
        "2023-04-10 to 2023-04-19: 10 days checked, 30 scores on 10 days were different and are right now",
    );
    for (user, score, position) in [(1, 110, 3), (2, 120, 2), (3, 130, 1)] {
        wait_for("the repaired scores", || {
            let reply = server.get(&format!("/users/{user}/score")).json();
            (reply["total_score"] == json!(score) && reply["position"] == json!(position)).then_some(())
        });
    }
}

/// Creates, corrects and deletes until told to stop; returns what the client's events are worth.
fn write_until_told(server: &Server, user: i64, stop: &AtomicBool, written: &AtomicUsize) -> i64 {
    let mut worth = 0;
    let mut events: Vec<Value> = Vec::new();
    for turn in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let points = turn % 17 - 3;
        match turn % 4 {
            2 => {
                let event = &mut events[turn as usize / 4];
                let reply = server.put(EVENTS, &json!({"id": event["id"], "points": points}));
                assert_eq!(reply.status, 200, "{}", reply.body);
                worth += points - event["points"].as_i64().expect("points");
                event["points"] = json!(points);
            }
            3 => {
                let event = events.pop().expect("more are created than deleted");
                let reply = server.delete(&format!("{EVENTS}/{}", event["id"]));
                assert_eq!(reply.status, 200, "{}", reply.body);
                worth -= event["points"].as_i64().expect("points");
            }
            _ => {
                events.push(server.award(user, &format!("2023-04-{:02}", turn % 28 + 1), points));
                worth += points;
            }
        }
        written.fetch_add(1, Ordering::SeqCst);
    }
    worth
}

#[test]
fn it_works_beside_a_server_under_load_even_twice_at_once() {
    let server = Setup::in_folder(ten_days()).start();
    let (stop, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let more = |count: usize| {
        let target = written.load(Ordering::SeqCst) + count;
        wait_for("writes to go on", || (written.load(Ordering::SeqCst) >= target).then_some(()));
    };
    let folder = server.folder();
    let worth: Vec<i64> = thread::scope(|scope| {
        let (server, stop, written) = (&server, &stop, &written);
        let clients: Vec<_> =
            (11..15).map(|user| scope.spawn(move || write_until_told(server, user, stop, written))).collect();
        for _ in 0..3 {
            more(20);
            // Rows of other users, on days that are being written to.
            tamper(
                &folder,
                "UPDATE score_events SET points = points + 1 WHERE user_id <= 3;
                 UPDATE scores SET score = score + 1000;
                 DELETE FROM scores WHERE user_id = 2 AND date > '2023-04-14';
                 INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 9, 14, 1, 1);",
            );
            let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| backfill(folder.path(), "2023-04-01"))).collect();
            for run in runs {
                let run = run.join().expect("the backfill ends");
                assert_eq!(run.code, Some(0), "{run:?}");
            }
        }
        more(20);
        stop.store(true, Ordering::SeqCst);
        clients.into_iter().map(|client| client.join().expect("the client ends")).collect()
    });
    assert_scores_are_sums(&server.sql());
    for (user, worth) in (11..15).zip(worth) {
        assert_eq!(server.score(user), worth, "user {user}");
    }
    for user in 1..=3 {
        assert_eq!(server.score(user), 130, "user {user}");
    }
}
