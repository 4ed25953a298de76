//! Promise: `import` stores what a file says, each line once, whatever happens on the way; says which lines it can't take, and
//! stores nothing then; and can take back what it stored.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, Run, Server, command, run, wait_for};

/// 25,092 events.
const CONTRIBUTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/contributions.csv");

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn import(folder: &Path, args: &[&str]) -> Run {
    run(folder, &[&["--database", "scores.db", "import"], args].concat())
}

/// Runs an import that reads `input` from its stdin.
fn import_stdin(folder: &Path, args: &[&str], input: &[u8]) -> Run {
    let mut command = command(folder);
    command.args(["--database", "scores.db", "import", "-"]).args(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    // It may end before it has read all.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("scores.db")).expect("the database opens")
}

fn count(folder: &Path) -> i64 {
    database(folder).query_row("SELECT count(*) FROM score_events", [], |row| row.get(0)).expect("a count")
}

/// All events as lines of a file, in the order of their ids.
fn stored(folder: &Path) -> Vec<String> {
    let database = database(folder);
    let select = "SELECT user_id || ',' || date || ',' || points || ',' || coalesce(description, '') FROM score_events
                  ORDER BY id";
    let mut statement = database.prepare(select).expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("the events");
    rows.collect::<Result<_, _>>().expect("rows")
}

/// Fails unless the run ended well with one line on stdout that begins so.
#[track_caller]
fn assert_said(run: &Run, want: &str) {
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with(want) && run.stdout.lines().count() == 1, "want {want}\ngot {run:?}");
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), text).expect("a file");
}

#[test]
fn a_file_is_stored_once_taken_back_and_stored_again() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    assert_said(&import(folder, &[CONTRIBUTIONS]), "imported 25,092 events (");
    let text = std::fs::read_to_string(CONTRIBUTIONS).expect("the file");
    assert_eq!(stored(folder), text.lines().skip(1).collect::<Vec<_>>());
    assert_scores_are_sums(&database(folder));
    let best = || server.get("/leaderboard/1?period=all&user_limit=1").json()["users"][0]["total_score"].as_i64();
    let want: i64 = database(folder)
        .query_row("SELECT max(s) FROM (SELECT sum(points) AS s FROM score_events GROUP BY user_id)", [], |row| {
            row.get(0)
        })
        .expect("a sum");
    wait_for("the leaderboard to follow", || (best() == Some(want)).then_some(()));

    assert_said(&import(folder, &[CONTRIBUTIONS]), "imported nothing: ");
    assert_eq!(count(folder), 25_092);
    assert_said(&import(folder, &["--undo", CONTRIBUTIONS]), "undone: 25,092 events of ");
    assert_eq!(count(folder), 0);
    assert_scores_are_sums(&database(folder));
    let history = server.get(&format!("{EVENTS}/25092/history")).json();
    let actions: Vec<_> =
        history["revisions"].as_array().expect("revisions").iter().map(|one| &one["action"]).collect();
    assert_eq!(actions, ["create", "delete"]);
    assert_eq!(history["revisions"][0]["by"], "import");
    assert_said(&import(folder, &["--undo", CONTRIBUTIONS]), "undone nothing: ");

    // Ids are never given again.
    assert_said(&import(folder, &[CONTRIBUTIONS, "--as", "ann"]), "imported 25,092 events (");
    assert_eq!(server.get(&format!("{EVENTS}?limit=1")).json()["events"][0]["id"], 25_093);
    assert_said(&import(folder, &[CONTRIBUTIONS, "--allow-repeat"]), "imported 25,092 events (");
    let list = import(folder, &["--list"]);
    assert_eq!(list.code, Some(0));
    let states: Vec<bool> = list.stdout.lines().skip(1).map(|line| line.contains("taken back")).collect();
    assert_eq!(states, [true, false, false], "{}", list.stdout);
    assert!(list.stdout.contains("ann"), "{}", list.stdout);
}

#[test]
fn bad_files_get_a_line_and_store_nothing() {
    let folder = folder();
    let folder = folder.path();
    let good = "user_id,date,points\n1,2023-04-14,5\n";
    let cases: &[(&str, &[u8], &str)] = &[
        ("wrong header", b"13,2023-04-14,5\n1,2023-04-14,5\n", "line 1: no column is named user_id or username"),
        ("doubled header", b"user_id,date,points,date\n1,2023-04-14,5,x\n", "line 1: the column date is named twice"),
        ("ragged", b"user_id,date,points\n1,2023-04-14\n", "line 2: it has 2 values"),
        ("CR alone", b"user_id,date,points\r1,2023-04-14,5\r", "line 1: a carriage return without a line feed"),
        (
            "unclosed quote",
            b"user_id,date,points\n1,\"2023-04-14,5\n",
            "line 2: a quote is opened here and never closed",
        ),
        ("NUL", b"user_id,date,points\n1,2023-04-14,5\0\n", "line 2: a NUL character"),
        ("no UTF-8", b"user_id,date,points,description\n1,2023-04-14,5,\xff\n", "line 2: value 4 is not UTF-8"),
        ("empty", b"", "it is empty"),
        ("date", b"user_id,date,points\n1,2023-02-29,5\n", "line 2: date: \"2023-02-29\""),
        ("nobody", b"username,date,points\nnobody,2023-04-14,5\n", "line 2: username: nobody is called \"nobody\""),
    ];
    for (what, text, why) in cases {
        write(folder, "bad.csv", text);
        for run in [import(folder, &["bad.csv"]), import_stdin(folder, &[], text)] {
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{what}: {run:?}");
            assert!(run.stderr.lines().next().is_some_and(|line| line.contains(why)), "{what}: {run:?}");
            assert!(run.stderr.lines().count() <= 2 && !run.stderr.contains("panicked"), "{what}: {run:?}");
        }
    }
    for (file, why) in [(".", "is a folder"), ("nowhere.csv", "can't be read"), ("scores.db", "is the database itself")]
    {
        let run = import(folder, &[file]);
        assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{run:?}");
        assert!(run.stderr.contains(why), "{run:?}");
    }
    assert_eq!(count(folder), 0);
    write(folder, "header.csv", "user_id,date,points\n");
    assert_said(&import(folder, &["header.csv"]), "imported 0 events: ");

    // The first 20 bad lines are named, and how many more there are.
    let many: String = (0..25).map(|_| "0,2023-04-14,5\n").collect();
    write(folder, "many.csv", format!("{good}{many}"));
    let run = import(folder, &["many.csv"]);
    assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 22), "{run:?}");
    assert!(run.stderr.starts_with("line 3: user_id: ") && run.stderr.contains("and 5 more bad lines"), "{run:?}");
    assert_eq!(count(folder), 0);
    for args in [&["--nonsense"][..], &[], &["many.csv", "--list"], &["many.csv", "--as", ""]] {
        assert_eq!(import(folder, args).code, Some(2), "{args:?}");
    }
}

#[test]
fn one_line_of_two_gigabytes_takes_no_memory() {
    let folder = folder();
    let folder = folder.path();
    let file = std::fs::File::create(folder.join("long.csv")).expect("a file");
    (&file).write_all(b"user_id,date,points\n1,2023-04-14,").expect("a line");
    // A file with a hole reads as NULs and takes no space.
    file.set_len(2 << 30).expect("a long file");
    let limited = Command::new("sh")
        .args(["-c", "ulimit -v 1000000; exec \"$0\" --database scores.db import long.csv"])
        .arg(crate::support::binary())
        .current_dir(folder)
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("line 2: it is longer than 1024 KiB") && said.lines().count() == 1, "{said}");
    assert_eq!(count(folder), 0);
}

#[test]
fn bad_lines_are_left_out_when_asked_and_can_be_mended() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    server.put("/admin/users/7", &json!({"username": "Ann"}));
    write(folder, "all.csv", "date,username,points,description\n2023-04-14,ANN,5,\"a,\nb\"\n2023-04-14,bob,6,c\n");
    let run = import(folder, &["all.csv", "--skip-bad", "bad.csv"]);
    assert_said(&run, "imported 1 events, 1 bad lines are left out, see bad.csv (");
    assert!(run.stderr.starts_with("line 4: username: nobody is called \"bob\""), "{run:?}");
    assert_eq!(stored(folder), ["7,2023-04-14,5,a,\nb"]);
    let bad = std::fs::read_to_string(folder.join("bad.csv")).expect("the bad lines");
    let want = "reason,date,username,points,description\n\
                \"line 4: username: nobody is called \"\"bob\"\"\",2023-04-14,bob,6,c\n";
    assert_eq!(bad, want);
    server.put("/admin/users/8", &json!({"username": "bob"}));
    assert_said(&import(folder, &["bad.csv"]), "imported 1 events (");
    assert_eq!(stored(folder), ["7,2023-04-14,5,a,\nb", "8,2023-04-14,6,c"]);

    let lines = "{\"user_id\":0,\"date\":\"2023-04-14\",\"points\":1}\n[]\n";
    let run = import_stdin(folder, &["--format", "jsonl", "--skip-bad", "bad.jsonl"], lines.as_bytes());
    assert_said(&run, "imported 0 events, 2 bad lines are left out");
    let bad = std::fs::read_to_string(folder.join("bad.jsonl")).expect("the bad lines");
    assert!(bad.starts_with("{\"reason\":\"line 1: user_id: \\\"0\\\" is not a number"), "{bad}");
    assert!(bad.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{bad}");
}

#[test]
fn whoever_has_no_name_is_named_by_number_in_any_case() {
    let folder = folder();
    let folder = folder.path();
    let lines = "username,date,points\nUSER-5,2023-04-14,1\nuser-5,2023-04-14,2\n\"User-6\",2023-04-14,3\n";
    write(folder, "all.csv", lines);
    assert_said(
        &import(folder, &["all.csv", "--dry-run"]),
        "imported nothing, since this is a dry run: 3 events are good",
    );
    assert_said(&import(folder, &["all.csv"]), "imported 3 events");
    assert_eq!(stored(folder), ["5,2023-04-14,1,", "5,2023-04-14,2,", "6,2023-04-14,3,"]);
    // A number that is written in another way is nobody's.
    write(folder, "bad.csv", "username,date,points\nUser-007,2023-04-14,1\nUSER-+7,2023-04-14,1\n");
    let run = import(folder, &["bad.csv"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    for want in ["line 2: username: nobody is called \"User-007\"", "line 3: username: nobody is called \"USER-+7\""] {
        assert!(run.stderr.contains(want), "{run:?}");
    }
    assert_eq!(count(folder), 3);
}

#[test]
fn a_sheet_that_grows_is_imported_again() {
    let folder = folder();
    let folder = folder.path();
    let sheet = "idempotency_key,user_id,date,points\na,1,2023-04-14,5\n,1,2023-04-14,6\na,1,2023-04-14,7\n";
    write(folder, "sheet.csv", sheet);
    assert_said(&import(folder, &["sheet.csv"]), "imported 2 events, 1 lines are passed over");
    write(folder, "sheet.csv", format!("{sheet}b,1,2023-04-15,8\n").replace(",1,2023-04-14,6\n", ""));
    assert_said(
        &import(folder, &["sheet.csv", "--dry-run"]),
        "imported nothing, since this is a dry run: 1 events are",
    );
    assert_said(&import(folder, &["sheet.csv"]), "imported 1 events, 2 lines are passed over");
    assert_eq!(stored(folder), ["1,2023-04-14,5,", "1,2023-04-14,6,", "1,2023-04-15,8,"]);
    // A key is free again once its event is taken back.
    assert_said(&import(folder, &["--undo", "sheet.csv"]), "undone: 1 events");
    assert_said(&import(folder, &["sheet.csv"]), "imported 1 events, 2 lines are passed over");
}

#[test]
fn a_dry_run_stores_nothing_and_makes_no_file() {
    let folder = folder();
    let folder = folder.path();
    let run = import(folder, &["--dry-run", CONTRIBUTIONS]);
    assert_said(&run, "imported nothing, since this is a dry run: 25,092 events are good");
    assert!(!folder.join("scores.db").exists());
    for args in [["--list"].as_slice(), &["--undo", CONTRIBUTIONS]] {
        let run = import(folder, args);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains("does not exist") && !folder.join("scores.db").exists(), "{run:?}");
    }
}

#[test]
fn texts_lose_the_apostrophe_of_a_spreadsheet_unless_they_are_raw() {
    for (args, want) in [(&[][..], "=1+1"), (&["--raw"], "'=1+1")] {
        let folder = folder();
        let text = "user_id,date,points,description\n1,2023-04-14,-5,'=1+1\n1,2023-04-14,5,it's\n1,2023-04-14,5,\"\"\n";
        assert_said(&import_stdin(folder.path(), args, text.as_bytes()), "imported 3 events");
        let texts = [format!("1,2023-04-14,-5,{want}"), "1,2023-04-14,5,it's".to_owned(), "1,2023-04-14,5,".to_owned()];
        assert_eq!(stored(folder.path()), texts);
    }
}
