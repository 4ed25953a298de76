//! Promise: all that is in the file can be taken out again, as text that a spreadsheet can open safely, and what is taken out
//! can be put in again unchanged.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{EVENTS, Run, Server, command, run};

/// 25,092 events.
const CONTRIBUTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/contributions.csv");

/// Texts that are hard to carry.
const TEXTS: [&str; 10] = [
    "=1+1",
    "'=1+1",
    "''-5",
    "it's, \"so\"",
    "two\nlines",
    "tab\tand\r\nreturn",
    "\ttab first",
    "@home",
    "ünïcödé 🎤 \u{202e}",
    "",
];

fn scorekeeper(folder: &Path, database: &str, args: &[&str]) -> Run {
    run(folder, &[&["--database", database], args].concat())
}

#[track_caller]
fn export(folder: &Path, args: &[&str]) -> String {
    let run = scorekeeper(folder, "scores.db", &[&["export"], args].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    run.stdout
}

/// User, day, points and description of all events, in the order of their ids.
fn stored(file: &Path) -> Vec<(i64, String, i64, Option<String>)> {
    let connection = Connection::open(file).expect("the database opens");
    let select = "SELECT user_id, date, points, description FROM score_events ORDER BY id";
    let mut statement = connection.prepare(select).expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.expect("the events").collect::<Result<_, _>>().expect("rows")
}

#[test]
fn what_was_imported_comes_out_as_it_went_in() {
    let folder = TempDir::new().expect("a temporary folder");
    let folder = folder.path();
    assert_eq!(scorekeeper(folder, "scores.db", &["import", CONTRIBUTIONS]).code, Some(0));
    let out = export(folder, &["events"]);
    let mut rows = csv::Reader::from_reader(out.as_bytes());
    let head = "id,user_id,username,date,points,description,created_at,updated_at,created_by";
    assert_eq!(rows.headers().expect("a header").iter().collect::<Vec<_>>().join(","), head);
    let columns = |row: csv::StringRecord| [1, 3, 4, 5].map(|at| row[at].to_owned()).join(",");
    let rows: Vec<String> = rows.records().map(|row| columns(row.expect("a row"))).collect();
    let text = std::fs::read_to_string(CONTRIBUTIONS).expect("the file");
    assert_eq!(rows, text.lines().skip(1).collect::<Vec<_>>());

    // Scores are the sums of events.
    let scores = export(folder, &["scores"]);
    let sum = |text: &str, column: usize| -> i64 {
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        rows.records().map(|row| row.expect("a row")[column].parse::<i64>().expect("a number")).sum()
    };
    assert_eq!(sum(&scores, 3), sum(&out, 4));
    let of_days = export(folder, &["scores", "--from", "2020-01-01", "--to", "2020-01-31"]);
    let events_of_days = export(folder, &["events", "--from", "2020-01-01", "--to", "2020-01-31"]);
    assert!(of_days.lines().count() > 5, "{of_days}");
    assert!(of_days.lines().skip(1).all(|line| line.contains(",2020-01-")), "{of_days}");
    assert_eq!(sum(&of_days, 3), sum(&events_of_days, 4));
    let of_user = export(folder, &["scores", "--user", "2", "--format", "jsonl"]);
    let events_of_user = export(folder, &["events", "--user", "2", "--format", "jsonl"]);
    let total = |text: &str, name: &str| -> i64 {
        let line = |line| serde_json::from_str::<Value>(line).expect("JSON")[name].as_i64().expect("a number");
        text.lines().map(line).sum()
    };
    assert!(events_of_user.lines().count() > 2);
    assert_eq!(total(&of_user, "score"), total(&events_of_user, "points"));
}

#[test]
fn any_text_goes_from_one_database_to_another() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "-ann", "name": "Ann, \"the\" best"}));
    for text in TEXTS {
        let event = json!({"user_id": 13, "date": "2023-04-14", "points": -5, "description": text});
        assert_eq!(server.post(EVENTS, &event).status, 200);
    }
    server.award(14, "2023-04-15", 5);
    let folder = server.folder();
    let folder = folder.path();
    let csv = export(folder, &["events"]);
    assert!(csv.contains(",'-ann,2023-04-14,-5,'=1+1,"), "{csv}");
    for (form, raw) in [("csv", None), ("csv", Some("--raw")), ("jsonl", None)] {
        let other = format!("{form}{}.db", raw.unwrap_or_default());
        let pipe = format!(
            "\"$0\" export events --format {form} {raw} --database scores.db |
             \"$0\" import - --format {form} {raw} --quiet --database {other}",
            raw = raw.unwrap_or_default()
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &pipe, crate::support::binary()])
            .current_dir(folder)
            .output()
            .expect("sh runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.starts_with("imported 11 events ("), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stderr, b"");
        let (here, there) = (stored(&folder.join("scores.db")), stored(&folder.join(&other)));
        assert_eq!(here, there, "{form} {raw:?}");
        assert_eq!(there[9].3.as_deref(), Some(""));
        assert_eq!(there[10].3, None);
    }
    let raw = export(folder, &["events", "--raw"]);
    assert!(raw.contains(",-ann,2023-04-14,-5,=1+1,"), "{raw}");
}

#[test]
fn users_and_boards_come_out_too() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "ann", "name": "=Ann", "suspended": true}));
    server.put("/admin/groups/3", &json!({"name": "staff"}));
    server.put("/admin/plugins/gamification/leaderboard/1", &json!({"name": "All, of us", "included_groups_ids": [3]}));
    let folder = server.folder();
    let folder = folder.path();
    assert_eq!(export(folder, &["users"]), "id,username,name,avatar_template,suspended\n13,ann,'=Ann,,true\n");
    let boards = export(folder, &["boards"]);
    assert!(boards.contains("\n1,\"All, of us\",-1,,,[],[3],[],0,"), "{boards}");
    let board: Value = serde_json::from_str(&export(folder, &["boards", "--format", "jsonl"])).expect("JSON");
    let shown = &server.get("/admin/plugins/gamification").json()["gamification_leaderboards"][0];
    assert_eq!(&board, shown);
}

#[test]
fn what_can_not_be_exported_is_said() {
    let folder = TempDir::new().expect("a temporary folder");
    let folder = folder.path();
    let run = scorekeeper(folder, "scores.db", &["export", "events"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.stderr.contains("does not exist") && !folder.join("scores.db").exists(), "{run:?}");
    for args in [
        &["export"][..],
        &["export", "keys"],
        &["export", "users", "--user", "1"],
        &["export", "events", "--user", "0"],
    ] {
        assert_eq!(scorekeeper(folder, "scores.db", args).code, Some(2), "{args:?}");
    }
}

#[test]
fn a_reader_that_has_enough_ends_an_export_quietly() {
    let folder = TempDir::new().expect("a temporary folder");
    let folder = folder.path();
    assert_eq!(scorekeeper(folder, "scores.db", &["import", CONTRIBUTIONS]).code, Some(0));
    let mut child = command(folder)
        .args(["--database", "scores.db", "export", "events"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("id,user_id,"), "{line}");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn the_api_sends_the_same_table_to_a_key_that_may() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    assert_eq!(scorekeeper(folder, "scores.db", &["import", CONTRIBUTIONS]).code, Some(0));
    for text in TEXTS {
        server.post(EVENTS, &json!({"user_id": 1_000_000, "date": "2023-04-14", "points": 5, "description": text}));
    }
    let csv = format!("{EVENTS}.csv");
    let reply = server.get(&csv);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("Content-Type"), Some("text/csv; charset=utf-8"));
    assert_eq!(reply.header("Cache-Control"), Some("private, no-store"));
    assert!(reply.body == export(folder, &["events"]), "the same as the command's");
    let other = server.get("/admin/plugins/discourse-gamification/score_events.csv");
    assert!(other.body == reply.body, "the other prefix");

    let some = server.get(&format!("{csv}?user_id=1000000&order=desc&limit=2&from_date=2023-04-14"));
    let ids: Vec<&str> = some.body.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!((ids[0], ids[1], ids.iter().filter(|id| id.starts_with("2510")).count()), ("id", "25102", 3), "{ids:?}");
    assert!(some.body.contains("25093,1000000,,2023-04-14,5,'=1+1,"), "{}", some.body);
    assert_eq!(server.get(&format!("{csv}?date=2023-02-30")).status, 400);
    assert_eq!(server.get(&format!("{csv}?username=nobody")).error_type(), "unknown_user");
    assert_eq!(server.anonymous("GET", &csv).send().status, 403);

    let key = |scopes: &str| {
        let run = scorekeeper(folder, "scores.db", &["keys", "create", "--scopes", scopes]);
        run.stdout.trim_end().to_owned()
    };
    for (scopes, status) in [("export", 200), ("events:read", 403)] {
        let request = server.anonymous("GET", &csv).header("API-Key", &key(scopes)).header("API-Username", "system");
        let reply = request.send();
        assert_eq!(reply.status, status, "{scopes}");
        if status == 403 {
            assert_eq!(reply.json()["extras"], json!({"scope": "export"}));
        }
    }
}
