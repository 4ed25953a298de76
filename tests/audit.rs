//! Promise: the log of administration tells who changed keys, boards, groups and users, and who had scores rebuilt, from
//! where, when, and what was different before. It never holds a secret, and is kept for 400 days.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{KEY, RECALCULATE, Reply, Server, Setup, run, wait_for};

const AUDIT: &str = "/admin/audit";
const BOARD: &str = "/admin/plugins/gamification/leaderboard";

/// The entries of the log, newest first.
#[track_caller]
fn entries(server: &Server) -> Vec<Value> {
    let reply = server.get(AUDIT);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["entries"].as_array().expect("entries").clone()
}

fn sent(server: &Server, method: &str, path: &str, form: &str) -> Reply {
    server.request(method, path).form(form).send()
}

/// What an entry says of a change: action, subject, before and after.
fn told(entry: &Value) -> (String, String, Value, Value) {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    (text("action"), text("subject"), entry["before"].clone(), entry["after"].clone())
}

/// What the log tells, oldest first.
fn all_told(server: &Server) -> Vec<(String, String, Value, Value)> {
    entries(server).iter().rev().map(told).collect()
}

fn line(
    action: &str,
    subject: &str,
    before: impl Into<Value>,
    after: impl Into<Value>,
) -> (String, String, Value, Value) {
    (action.to_owned(), subject.to_owned(), before.into(), after.into())
}

#[test]
fn an_entry_says_who_from_where_and_when_in_these_keys_and_this_order() {
    let server = Server::start();
    sent(&server, "PUT", "/admin/users/13", "username=ann");
    let body = server.get(AUDIT).body;
    let at = server.get(AUDIT).json()["entries"][0]["at"].as_str().expect("a time").to_owned();
    let expected = format!(
        r#"{{"entries":[{{"id":1,"at":"{at}","by":"system","key":null,"address":"127.0.0.1","action":"user.create","subject":"user 13","before":null,"after":"username \"ann\", suspended no"}}]}}"#
    );
    assert_eq!(body, expected);
    assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
}

#[test]
fn boards_groups_and_users_are_told_with_what_was_different() {
    let server = Server::start();
    let made = sent(&server, "POST", BOARD, "name=Spring&created_by_id=-1&from_date=2023-03-01");
    let id = made.json()["id"].as_i64().expect("a number");
    let board = format!("{BOARD}/{id}");
    sent(&server, "PUT", &board, "name=Spring 2023&from_date=2023-03-01&included_groups_ids[]=10");
    sent(&server, "PUT", "/admin/groups/10", "name=staff&user_ids=13,14");
    sent(&server, "PUT", "/admin/groups/10", "user_ids=14,15");
    sent(&server, "PUT", "/admin/users/13", "username=ann&name=Ann");
    sent(&server, "PUT", "/admin/users/13", "suspended=true");
    sent(&server, "PUT", "/admin/users/13", "username=anna&name=");
    server.delete("/admin/users/13");
    server.delete("/admin/groups/10");
    server.delete(&board);
    let board = format!("board {id}");
    let expected = [
        line("board.create", &board, Value::Null, r#"name "Spring", first day 2023-03-01, period all_time"#),
        line("board.update", &board, r#"name "Spring", no ranked groups"#, r#"name "Spring 2023", ranked groups 10"#),
        line("group.create", "group 10", Value::Null, r#"name "staff", 2 members: 13 14"#),
        line("group.update", "group 10", "2 members", "2 members; joined: 15; left: 13"),
        line("user.create", "user 13", Value::Null, r#"username "ann", name "Ann", suspended no"#),
        line("user.update", "user 13", "suspended no", "suspended yes"),
        line("user.update", "user 13", r#"username "ann", name "Ann""#, r#"username "anna", no name"#),
        line("user.delete", "user 13", r#"username "anna", suspended yes"#, Value::Null),
        line("group.delete", "group 10", r#"name "staff", 2 members: 14 15"#, Value::Null),
        line(
            "board.delete",
            &board,
            r#"name "Spring 2023", first day 2023-03-01, ranked groups 10, period all_time"#,
            Value::Null,
        ),
    ];
    assert_eq!(all_told(&server), expected);
}

#[test]
fn what_changes_nothing_is_not_told() {
    let server = Server::start();
    sent(&server, "PUT", "/admin/users/13", "username=ann");
    sent(&server, "PUT", "/admin/groups/10", "name=staff&user_ids=13");
    assert_eq!(entries(&server).len(), 2);
    // The same again, changes that are refused, and things that are not there.
    for reply in [
        sent(&server, "PUT", "/admin/users/13", "username=ann&suspended=false"),
        sent(&server, "PUT", "/admin/groups/10", "user_ids=13,13"),
        sent(&server, "PUT", "/admin/users/14", "username=ANN"),
        sent(&server, "PUT", "/admin/users/14", "name=Nobody"),
        sent(&server, "PUT", &format!("{BOARD}/1"), "name=Global Leaderboard"),
        sent(&server, "POST", BOARD, "name=Global Leaderboard&created_by_id=-1"),
        server.delete("/admin/users/99"),
        server.delete("/admin/groups/99"),
        server.delete(&format!("{BOARD}/99")),
        sent(&server, "POST", "/admin/users/merge", "from_id=98&into_id=99"),
        sent(&server, "PUT", RECALCULATE, "from_date=9999-01-01"),
    ] {
        assert!(reply.status < 500, "{reply:?}");
    }
    assert_eq!(entries(&server).len(), 2);
    // Points are no administration: each event has its own history.
    server.award(13, "2023-04-14", 15);
    assert_eq!(entries(&server).len(), 2);
}

#[test]
fn a_merge_is_told_once_with_both_names() {
    let server = Server::start();
    sent(&server, "PUT", "/admin/users/13", "username=ann");
    // So many events that they move in several transactions.
    let sql = server.sql();
    sql.execute_batch(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
         INSERT INTO score_events (user_id, date, points) SELECT 14, '2023-04-14', 1 FROM numbers;
         INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 14, 14, 1200, 1200)",
    )
    .expect("events");
    assert_eq!(sent(&server, "POST", "/admin/users/merge", "from_id=14&into_id=13").status, 200);
    let expected = line(
        "user.merge",
        "user 14",
        "user 14, without a name",
        r#"merged into user 13, username "ann", suspended no"#,
    );
    assert_eq!(told(&entries(&server)[0]), expected);
    assert_eq!((entries(&server).len(), server.score(13)), (2, 1200));
}

#[test]
fn a_recalculation_is_told_and_so_is_a_backfill() {
    let server = Server::start();
    assert_eq!(sent(&server, "PUT", RECALCULATE, "from_date=2023-04-01").status, 200);
    let folder = server.folder().path().to_owned();
    let backfill = run(&folder, &["--database", "scores.db", "--backfill-from", "2023-01-01"]);
    assert_eq!(backfill.code, Some(0), "{backfill:?}");
    let log = entries(&server);
    assert_eq!(told(&log[1]), line("recalculation.start", "scores", Value::Null, "from 2023-04-01"));
    assert_eq!(told(&log[0]), line("recalculation.start", "scores", Value::Null, "from 2023-01-01"));
    assert_eq!((&log[0]["key"], &log[0]["address"]), (&Value::Null, &Value::Null), "a command has neither");
    assert_eq!((&log[1]["key"], &log[1]["address"]), (&Value::Null, &json!("127.0.0.1")));
}

#[test]
fn keys_are_told_without_any_secret() {
    let server = Server::start();
    let folder = server.folder().path().to_owned();
    let keys = |args: &[&str]| run(&folder, &[&["--database", "scores.db", "keys"], args].concat());
    let plain = keys(&["create", "--description", "the \"shop\"", "--username", "shop"]).stdout.trim().to_owned();
    let other = keys(&["create"]).stdout.trim().to_owned();
    assert_eq!(keys(&["revoke", "1"]).code, Some(0));
    assert_eq!(keys(&["revoke", "1"]).code, Some(0), "once more changes nothing");
    let log = entries(&server);
    assert_eq!(log.len(), 3, "{log:?}");
    let (action, subject, before, after) = told(&log[2]);
    assert_eq!((action.as_str(), subject.as_str(), before), ("key.create", "key 1", Value::Null));
    let after = after.as_str().expect("a line").to_owned();
    assert!(after.contains(r#"for "shop""#) && after.contains(r#"description "the \"shop\"""#), "{after}");
    let (action, subject, before, none) = told(&log[0]);
    assert_eq!((action.as_str(), subject.as_str(), none), ("key.revoke", "key 1", Value::Null));
    assert_eq!(before.as_str(), Some(after.as_str()));
    // Whoever uses a key is told with its number.
    let request = server.anonymous("PUT", "/admin/users/13").header("Api-Key", &other).header("Api-Username", "ana");
    assert_eq!(request.form("username=ann").send().status, 200);
    let newest = &entries(&server)[0];
    assert_eq!((&newest["by"], &newest["key"]), (&json!("ana"), &json!(2)));
    let all = server.get(AUDIT).body;
    for secret in [&plain, &other, &KEY.to_owned()] {
        assert!(!all.contains(secret.as_str()) && !all.contains(&secret[9..]), "{all}");
    }
}

#[test]
fn the_first_key_of_a_server_is_told() {
    let server = Setup::new().without_env("SCOREKEEPER_API_KEY").start();
    let sql = server.sql();
    let entry = wait_for("the first key", || {
        let select = "SELECT by, action, subject, address FROM audit_entries";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        sql.query_row(select, [], read).ok()
    });
    let expected: (String, String, String, Option<String>) =
        ("system".to_owned(), "key.create".to_owned(), "key 1".to_owned(), None);
    assert_eq!(entry, expected);
}

#[test]
fn pages_lead_to_the_end_and_can_be_of_one_kind() {
    let server = Server::start();
    for id in 1..=5 {
        sent(&server, "PUT", &format!("/admin/users/{id}"), &format!("username=user{id}x"));
        sent(&server, "PUT", &format!("/admin/groups/{id}"), "name=g");
    }
    let ids = |path: &str| {
        let (mut seen, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let reply = server.get(&path);
            let page = reply.json()["entries"].as_array().expect("entries").clone();
            assert!(page.len() <= 2, "{path}");
            seen.extend(page.iter().map(|entry| entry["id"].as_i64().expect("an id")));
            next = reply.header("Link").map(|link| {
                let address = link.strip_suffix(">; rel=\"next\"").and_then(|link| link.strip_prefix('<'));
                let address = address.expect("a link");
                address[address.find("/admin").expect("a path")..].to_owned()
            });
        }
        seen
    };
    assert_eq!(ids(&format!("{AUDIT}?limit=2")), (1..=10).rev().collect::<Vec<_>>());
    assert_eq!(ids(&format!("{AUDIT}?limit=2&kind=user")), [9, 7, 5, 3, 1]);
    assert_eq!(ids(&format!("{AUDIT}?limit=2&kind=rule")), [0; 0]);
    for bad in ["limit=0", "limit=101", "after=x", "kind=colour"] {
        assert_eq!(server.get(&format!("{AUDIT}?{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn only_a_key_that_manages_keys_reads_it() {
    let server = Server::start();
    assert_eq!(server.anonymous("GET", AUDIT).send().status, 403);
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--read-only"]);
    let read_only = server.anonymous("GET", AUDIT).header("Api-Key", made.stdout.trim()).header("Api-Username", "ana");
    assert_eq!(read_only.send().status, 403);
    assert_eq!(server.get(AUDIT).header("Cache-Control"), Some("private, no-store"));
    assert_eq!(server.get("/admin/audit.json").status, 200);
}

#[test]
fn what_is_older_than_400_days_is_forgotten() {
    let folder = Server::start().stop();
    let file = Connection::open(folder.path().join("scores.db")).expect("the database opens");
    // Some thousand entries that are too old, and two that are not.
    file.execute_batch(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
         INSERT INTO audit_entries (at, by, action, subject)
         SELECT unixepoch('now', '-401 days') * 1000, 'ana', 'user.create', 'user 13' FROM numbers;
         INSERT INTO audit_entries (at, by, action, subject)
         VALUES (unixepoch('now', '-399 days') * 1000, 'ana', 'user.update', 'user 13'),
                (unixepoch('now') * 1000, 'ana', 'user.update', 'user 13')",
    )
    .expect("entries");
    drop(file);
    let server = Setup::in_folder(folder).start();
    wait_for("the old entries to be forgotten", || (entries(&server).len() == 2).then_some(()));
    let ids: Vec<_> = entries(&server).iter().map(|entry| entry["id"].as_i64()).collect();
    assert_eq!(ids, [Some(2502), Some(2501)]);
    // An id is not given again.
    sent(&server, "PUT", "/admin/users/13", "username=ann");
    assert_eq!(entries(&server)[0]["id"].as_i64(), Some(2503));
}
