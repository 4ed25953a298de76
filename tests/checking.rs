//! Promise: `scorekeeper check` says `ok` of a sound database, or a line for each fault, changes nothing, and works beside a
//! server. `scorekeeper healthcheck` says whether the server is ready.

use std::path::Path;

use rusqlite::Connection;

use crate::support::{Run, Server, Setup, run, run_with, wait_for};

fn check(folder: &Path) -> Run {
    run(folder, &["--database", "scores.db", "check"])
}

#[track_caller]
fn assert_faults(run: &Run, lines: &[&str]) {
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert_eq!(run.stdout.lines().count(), lines.len(), "{run:?}");
    for (line, part) in run.stdout.lines().zip(lines) {
        assert!(line.contains(part), "{part}: {run:?}");
    }
}

#[test]
fn a_sound_database_is_ok_beside_its_server_and_without() {
    let server = Server::start();
    assert_eq!(check(server.folder().path()).stdout, "ok\n");
    server.award(13, "2023-04-14", 15);
    server.award(14, "2123-04-14", -15);
    let checked = check(server.folder().path());
    assert_eq!((checked.code, checked.stdout.as_str(), checked.stderr.as_str()), (Some(0), "ok\n", ""));
    let folder = server.stop();
    let before = std::fs::read(folder.path().join("scores.db")).expect("a file");
    assert_eq!(check(folder.path()).stdout, "ok\n");
    assert!(std::fs::read(folder.path().join("scores.db")).expect("a file") == before);
}

#[test]
fn lists_that_differ_from_the_events_are_told() {
    let server = Server::start();
    for user_id in [13, 14, 15] {
        server.award(user_id, "2023-04-14", 15);
    }
    // Later ids begin another block, so that the first one is full, and is written.
    let sql = server.sql();
    let later = "INSERT INTO score_events (id, user_id, date, points) VALUES (600000, 16, '2023-04-14', 0)";
    sql.execute_batch(later).expect("a later event");
    let written = || sql.query_row("SELECT written_below FROM user_events_state", [], |row| row.get::<_, i64>(0));
    wait_for("the block to be written", || (written() == Ok(2)).then_some(()));
    assert!(!check(server.folder().path()).stdout.contains("listed"), "the lists are sound");
    sql.execute_batch(
        "DELETE FROM user_events WHERE id = 1;
         UPDATE user_events SET points = 16 WHERE id = 2;
         INSERT INTO user_events (block, user_id, id, date, points, created_at, updated_at)
         VALUES (0, 17, 9, '2023-04-14', 1, 0, 0)",
    )
    .expect("lists are changed");
    let told = check(server.folder().path()).stdout;
    let listed: Vec<&str> = told.lines().filter(|line| line.contains("listed")).collect();
    let said = [
        "the events of user 14 are listed with an event 2 that is not so",
        "the events of user 17 are listed with an event 9 that is not so",
        "the events of user 13 are listed without event 1",
    ];
    assert_eq!(listed, said);
}

#[test]
fn scores_that_are_not_the_sums_of_their_events_are_told() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    server.award(14, "2023-05-14", 15);
    let sql = server.sql();
    sql.execute_batch(
        "UPDATE scores SET score = 20 WHERE user_id = 13;
         DELETE FROM scores WHERE user_id = 14;
         INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 15, 1, 3, 0)",
    )
    .expect("scores are changed");
    let faults = [
        "score of user 13 on 2023-04-14 is 5 points too high",
        "score of user 14 on 2023-05-14 is 15 points too low",
        "score of user 15 on 2023-06-01 is 3 points too high",
    ];
    let checked = check(server.folder().path());
    assert_faults(&checked, &faults);
    assert!(checked.stderr.contains("has 3 faults"), "{checked:?}");
    // Nothing was mended by looking.
    assert_faults(&check(server.folder().path()), &faults);
    let mended = run(server.folder().path(), &["--database", "scores.db", "--backfill-from", "2023-04-01"]);
    assert_eq!(mended.code, Some(0), "{mended:?}");
    assert_eq!(check(server.folder().path()).stdout, "ok\n");
}

#[test]
fn the_first_hundred_faults_are_told_one_by_one() {
    let server = Server::start();
    let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 250)
                INSERT INTO scores (month, user_id, day, score, events) SELECT 202306, n, 1, 3, 1 FROM n";
    server.sql().execute_batch(rows).expect("scores");
    let checked = check(server.folder().path());
    assert_eq!((checked.code, checked.stdout.lines().count()), (Some(1), 101), "{checked:?}");
    assert_eq!(checked.stdout.lines().last(), Some("and 150 more"));
}

#[test]
fn damage_missing_parts_and_dangling_references_are_told() {
    for (change, faults) in [
        ("DROP INDEX score_events_by_date", vec!["the index score_events_by_date is missing"]),
        (
            "PRAGMA foreign_keys = 0; INSERT INTO imported_events VALUES (77, 1, 2)",
            vec!["imported_events names a row of imports"],
        ),
        ("UPDATE refinery_schema_history SET checksum = 1 WHERE version = 3", vec!["V3__api_keys was another one"]),
    ] {
        let folder = Server::start().stop();
        Connection::open(folder.path().join("scores.db")).expect("a file").execute_batch(change).expect("a change");
        assert_faults(&check(folder.path()), &faults);
    }
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let folder = server.stop();
    let file = folder.path().join("scores.db");
    let mut bytes = std::fs::read(&file).expect("a file");
    let page = 4096;
    let end = bytes.len();
    bytes[2 * page..end].fill(7);
    std::fs::write(&file, bytes).expect("a file");
    let damaged = check(folder.path());
    assert_eq!((damaged.code, damaged.stderr.lines().count()), (Some(1), 1), "{damaged:?}");
}

#[test]
fn what_is_not_ours_is_a_fault_and_what_is_missing_can_not_be_checked() {
    let folder = Server::start().stop();
    std::fs::write(folder.path().join("letter.db"), "a letter, longer than the head of a database").expect("a file");
    let letter = run(folder.path(), &["--database", "letter.db", "check"]);
    assert_faults(&letter, &["letter.db is not a scorekeeper database"]);
    let missing = run(folder.path(), &["--database", "missing.db", "check"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), ""), "{missing:?}");
    assert!(missing.stderr.contains("missing.db does not exist"), "{missing:?}");
}

#[test]
fn a_healthcheck_says_in_one_line_whether_the_server_is_ready() {
    let server = Server::start();
    let port = server.port.to_string();
    let ask = |port: &str, address: &str| {
        run_with(server.folder().path(), &["healthcheck"], &[("ROCKET_PORT", port), ("ROCKET_ADDRESS", address)])
    };
    for address in ["127.0.0.1", "0.0.0.0"] {
        let ready = ask(&port, address);
        assert_eq!((ready.code, ready.stdout.as_str(), ready.stderr.as_str()), (Some(0), "ready\n", ""), "{ready:?}");
    }
    std::fs::remove_file(server.database()).expect("the file is there");
    let unready = ask(&port, "127.0.0.1");
    assert_eq!((unready.code, unready.stdout.as_str()), (Some(1), ""), "{unready:?}");
    assert!(unready.stderr.contains("was deleted or replaced") && unready.stderr.lines().count() == 1, "{unready:?}");
    let folder = server.folder();
    drop(server);
    let gone = run_with(folder.path(), &["healthcheck"], &[("ROCKET_PORT", &port), ("ROCKET_ADDRESS", "127.0.0.1")]);
    assert_eq!((gone.code, gone.stderr.lines().count()), (Some(1), 1), "{gone:?}");
    let none = run_with(folder.path(), &["healthcheck"], &[("ROCKET_PORT", "0")]);
    assert_eq!((none.code, none.stderr.lines().count()), (Some(1), 1), "{none:?}");
}

#[test]
fn a_healthcheck_speaks_tls_where_the_server_does() {
    let setup = Setup::new();
    let made = rcgen::generate_simple_self_signed(["scores.example.org".to_owned()]).expect("a certificate");
    std::fs::write(setup.folder().join("cert.pem"), made.cert.pem()).expect("a file");
    std::fs::write(setup.folder().join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
    let tls = [("SCOREKEEPER_TLS_CERTIFICATE", "cert.pem"), ("SCOREKEEPER_TLS_KEY", "key.pem")];
    let server = tls.iter().fold(setup, |setup, (name, value)| setup.env(name, value)).start();
    let port = server.port.to_string();
    let env = [&tls[..], &[("ROCKET_PORT", port.as_str()), ("ROCKET_ADDRESS", "127.0.0.1")]].concat();
    let ready = run_with(server.folder().path(), &["healthcheck"], &env);
    assert_eq!((ready.code, ready.stdout.as_str()), (Some(0), "ready\n"), "{ready:?}");
}
