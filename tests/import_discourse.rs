//! Promise: `import-discourse` takes over events, users and scores, so that each day's score is what Discourse showed; what
//! is here already is passed over.

use std::path::Path;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, Run, Server, run};

const EVENT_COLUMNS: &str = "id,user_id,date,points,description,created_at,updated_at";

fn take_over(folder: &Path, args: &[&str]) -> Run {
    run(folder, &[&["--database", "scores.db", "import-discourse"], args].concat())
}

#[track_caller]
fn assert_said(run: &Run, want: &str) {
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with(want) && run.stdout.lines().count() == 1, "want {want}\ngot {run:?}");
}

#[track_caller]
fn assert_bad(run: &Run, why: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.stderr.lines().any(|line| line.starts_with(why)), "want {why}\ngot {run:?}");
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file");
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("scores.db")).expect("the database opens")
}

#[test]
fn events_keep_their_ids_and_times() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    let file = format!(
        "{EVENT_COLUMNS}\n\
         40,13,2023-04-14,15,Karaoke,2023-04-14 09:30:00.123456,2023-04-15 10:00:00\n\
         7,14,2023-04-14,-5,,2023-04-14 09:30:00 UTC,\n"
    );
    write(folder, "events.csv", &file);
    assert_said(&take_over(folder, &["--events", "events.csv"]), "imported 2 events (0 were here already) (");
    let event = server.get(&format!("{EVENTS}/40")).json();
    let want = json!({"id": 40, "user_id": 13, "date": "2023-04-14", "points": 15, "description": "Karaoke",
        "created_at": "2023-04-14T09:30:00.123Z", "updated_at": "2023-04-15T10:00:00.000Z"});
    assert_eq!(event, want);
    assert_eq!(server.get(&format!("{EVENTS}/7")).json()["updated_at"], "2023-04-14T09:30:00.000Z");
    assert_eq!(server.score(13), 15);
    assert_scores_are_sums(&database(folder));
    // The next new id is above them.
    let next = server.post(EVENTS, &json!({"user_id": 13, "date": "2023-04-14", "points": 1}));
    assert_eq!(next.json()["id"], 41);

    // What is here already is passed over, even if it was corrected or deleted since.
    server.put(EVENTS, &json!({"id": 40, "points": 20}));
    server.request("DELETE", &format!("{EVENTS}/7")).send();
    assert_said(&take_over(folder, &["--events", "events.csv"]), "imported 0 events (2 were here already) (");
    assert_eq!((server.score(13), server.score(14)), (21, 0));
    // Another event with a taken id is bad.
    for other in
        ["41,13,2023-04-14,9,,,", "40,13,2023-04-14,16,Karaoke,2023-04-14 09:30:00.123456,", "7,14,2023-04-14,9,,,"]
    {
        let id = other.split(',').next().expect("an id");
        write(folder, "other.csv", &format!("{EVENT_COLUMNS}\n50,13,2023-04-14,9,,,\n{other}\n"));
        let run = take_over(folder, &["--events", "other.csv"]);
        assert_bad(&run, &format!("line 3: id: {id} is taken by another event"));
        assert_eq!(server.get(&format!("{EVENTS}/50")).status, 404);
    }
    write(
        folder,
        "twice.csv",
        &format!("{EVENT_COLUMNS}\n60,13,2023-04-14,9,,,\n50,1,2023-04-14,9,,,\n60,13,2023-04-14,9,,,\n"),
    );
    assert_bad(&take_over(folder, &["--events", "twice.csv"]), "line 4: id: it is there twice");
}

#[test]
fn users_go_to_the_directory() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    server.put("/admin/users/1", &json!({"username": "ann"}));
    server.put("/admin/users/2", &json!({"username": "bob"}));
    server.put("/admin/users/9", &json!({"username": "nine"}));
    let users = "id,username,name,uploaded_avatar_id,suspended_till\n\
                 2,Ann,Ann New,77,\n\
                 1,bob,,,2999-01-01 00:00:00\n\
                 3,cleo,Cleo,,2001-01-01 00:00:00\n";
    write(folder, "users.csv", users);
    let args = ["--users", "users.csv", "--forum", "https://forum.example.org/"];
    for _again in 0..2 {
        assert_said(&take_over(folder, &args), "imported 3 users (");
    }
    let user = |id: i64| server.get(&format!("/admin/users/{id}")).json();
    let names = [1, 2, 3].map(|id| user(id)["username"].as_str().expect("a name").to_owned());
    assert_eq!(names, ["bob", "Ann", "cleo"]);
    assert_eq!([1, 2, 3].map(|id| user(id)["suspended"] == true), [true, false, false]);
    let avatar = "https://forum.example.org/user_avatar/forum.example.org/ann/{size}/77_2.png";
    assert_eq!(user(2)["avatar_template"], avatar);
    assert_eq!(user(2)["name"], "Ann New");

    for (line, why) in [
        ("4,NINE,", "line 3: username: \"NINE\" is the name of another user"),
        ("4,user-5,", "line 3: username: \"user-5\" is kept for the user of that number"),
        ("4,USER-5,", "line 3: username: \"USER-5\" is kept for the user of that number"),
        ("3,cleo,", "line 3: id: it is there twice"),
        ("4,CLEO,", "line 3: username: \"CLEO\" is there twice"),
    ] {
        write(folder, "bad.csv", &format!("id,username,name\n3,cleo,\n{line}\n"));
        assert_bad(&take_over(folder, &["--users", "bad.csv"]), why);
    }
}

#[test]
fn each_day_has_the_score_that_discourse_showed() {
    let server = Server::start();
    let folder = server.folder();
    let folder = folder.path();
    write(folder, "events.csv", &format!("{EVENT_COLUMNS}\n5,13,2023-04-14,15,Karaoke,,\n6,14,2023-04-15,3,,,\n"));
    let scores =
        "user_id,date,score\n13,2023-04-14,20\n13,2023-04-13,7\n14,2023-04-15,3\n14,2023-04-16,0\n15,2023-04-16,-2\n";
    write(folder, "scores.csv", scores);
    let args = ["--events", "events.csv", "--scores", "scores.csv"];
    assert_said(&take_over(folder, &args), "imported 2 events (0 were here already), 5 days' scores with 3 events (");
    let days = |user: i64| server.get(&format!("/users/{user}/days")).json()["days"].clone();
    assert_eq!(days(13), json!([{"date": "2023-04-13", "score": 7}, {"date": "2023-04-14", "score": 20}]));
    assert_eq!(days(14), json!([{"date": "2023-04-15", "score": 3}]));
    assert_eq!(days(15), json!([{"date": "2023-04-16", "score": -2}]));
    let added = server.get(&format!("{EVENTS}?user_id=13&date=2023-04-14&order=desc")).json()["events"][0].clone();
    assert_eq!((&added["points"], &added["description"]), (&json!(5), &json!("Discourse activity")));
    assert_scores_are_sums(&database(folder));

    // Run again it adds nothing.
    let again = take_over(folder, &args);
    assert_said(&again, "imported 0 events (2 were here already), 5 days' scores with 0 events (");
    assert_eq!(server.count_events(), 5);

    write(folder, "boards.csv", "leaderboard_id,user_id,date,score\n1,13,2023-04-14,20\n2,13,2023-04-15,20\n");
    assert_bad(&take_over(folder, &["--scores", "boards.csv"]), "line 3: leaderboard_id: ");
    write(folder, "twice.csv", "user_id,date,score\n13,2023-04-14,20\n13,2023-04-14,20\n");
    assert_bad(
        &take_over(folder, &["--scores", "twice.csv"]),
        "line 3: user_id: the user has a score on that day already",
    );
}

#[test]
fn nothing_is_stored_while_a_line_of_any_file_is_bad() {
    let folder = TempDir::new().expect("a temporary folder");
    let folder = folder.path();
    write(folder, "events.csv", &format!("{EVENT_COLUMNS}\n5,13,2023-04-14,15,Karaoke,,\n"));
    write(folder, "users.csv", "id,username\n13,ann\n-1,system\n");
    let run = take_over(folder, &["--events", "events.csv", "--users", "users.csv"]);
    assert_bad(&run, "line 3: id: \"-1\" is not a number from 1 to 2147483647");
    let count: i64 = database(folder)
        .query_row("SELECT (SELECT count(*) FROM score_events) + (SELECT count(*) FROM users)", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(count, 0);
    assert_said(
        &take_over(folder, &["--events", "events.csv", "--dry-run"]),
        "imported nothing, since this is a dry run",
    );
    assert_eq!(take_over(folder, &[]).code, Some(2));
}
