//! Promise: a key may do what its scopes say, and nothing else, on every route. What is refused changes nothing, and says which
//! scope is missing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::documentation::section;
use crate::support::forum::HOOK;
use crate::support::keys::{SCOPES, keys, make_key, stored, with_key};
use crate::support::{EVENTS, Reply, Server, Setup};

const API: &str = include_str!("../docs/api.md");
const BATCH: &str = "/admin/plugins/gamification/score_events/batch";
const SENTENCE: &str = "You are not permitted to view the requested resource.";

/// A row of the table of what each call needs.
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    /// What the second cell says.
    cell: &'static str,
}

/// The rows of the table in docs/api.md.
pub fn documented() -> Vec<Row> {
    let rows = section(API, "## What each call needs").lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| {
        let (call, cell) = row.split_once("` | ").expect("two cells");
        let (method, path) = call.split_once(' ').expect("a method and a path");
        Row { method, path, cell: cell.trim_end_matches(" |") }
    });
    rows.collect()
}

impl Row {
    /// The scopes of which a key needs all; empty: it needs none.
    fn needed(&self) -> BTreeSet<&'static str> {
        SCOPES.into_iter().filter(|scope| self.cell.contains(&format!("`{scope}`"))).collect()
    }

    /// The requests that are made of this row: a path, a body, and the scopes that are needed for it.
    fn requests(&self) -> Vec<(String, Value, BTreeSet<&'static str>)> {
        let path = concrete(self.path);
        let event = |points: i64| json!({"user_id": 13, "date": "2023-04-14", "points": points});
        let only = |scope: &'static str| BTreeSet::from([scope]);
        match (self.method, self.path) {
            ("POST", EVENTS) => [(15, "events:award"), (0, "events:award"), (-15, "events:deduct")]
                .map(|(points, scope)| (path.clone(), event(points), only(scope)))
                .into(),
            ("POST", BATCH) => [(vec![1, 0], vec!["events:award"]), (vec![-1], vec!["events:deduct"])]
                .into_iter()
                .chain([(vec![1, -1], vec!["events:award", "events:deduct"])])
                .map(|(points, scopes)| {
                    let events: Vec<Value> = points.into_iter().map(event).collect();
                    (path.clone(), json!({"events": events}), scopes.into_iter().collect())
                })
                .collect(),
            (method, documented) => vec![(path, body(method, documented), self.needed())],
        }
    }
}

/// The path of something that is there.
fn concrete(path: &str) -> String {
    let path = path.replace("USER_ID", "13").replace("SIZE.svg", "48.svg").replace("NAME", "solution");
    let id = match path.as_str() {
        path if path.contains("score_events") => "1",
        path if path.contains("/admin/plugins/gamification/leaderboard") => "2",
        path if path.contains("groups") => "10",
        path if path.contains("/leaderboard") => "1",
        _ => "13",
    };
    path.replace("ID", id)
}

/// A body that is taken.
fn body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("PUT", EVENTS) => json!({"id": 1, "points": 16}),
        ("PUT", path) if path.contains("rules") => json!({"points": 3}),
        ("POST" | "PUT", path) if path.contains("leaderboard") => {
            json!({"name": format!("{method}"), "created_by_id": 1})
        }
        ("PUT", path) if path.contains("users") => json!({"username": "ana"}),
        ("PUT", path) if path.contains("groups") => json!({"name": "staff"}),
        ("POST", "/admin/users/batch") => json!({"users": [{"id": 20, "username": "carl"}]}),
        ("POST", "/admin/users/merge") => json!({"from_id": 14, "into_id": 15}),
        _ => json!({}),
    }
}

/// A server with something of everything.
fn server(setup: Setup) -> Server {
    let server = setup.start();
    server.award(13, "2023-04-14", 15);
    for (path, body) in [
        ("/admin/users/13", json!({"username": "ada"})),
        ("/admin/users/14", json!({"username": "bob"})),
        ("/admin/groups/10", json!({"name": "all", "user_ids": [13]})),
    ] {
        assert_eq!(server.put(path, &body).status, 200, "{path}");
    }
    let board = server.post("/admin/plugins/gamification/leaderboard", &json!({"name": "Second", "created_by_id": 1}));
    assert_eq!((board.status, board.json()["id"].as_i64()), (200, Some(2)));
    server
}

fn ask(server: &Server, key: &str, row: &Row, path: &str, body: &Value) -> Reply {
    let request = with_key(server, key, row.method, path);
    if row.method == "GET" || row.method == "DELETE" { request.send() } else { request.json(body).send() }
}

#[track_caller]
fn assert_refused(reply: &Reply, needed: &BTreeSet<&str>, what: &str) {
    assert_eq!(reply.status, 403, "{what}: {reply:?}");
    reply.assert_error(403, "invalid_access", SENTENCE);
    let missing = reply.json()["extras"]["scope"].as_str().map(str::to_owned);
    assert!(missing.is_some_and(|missing| needed.contains(missing.as_str())), "{what}: {reply:?}");
}

#[test]
fn every_route_takes_the_scopes_of_its_row_and_no_others() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    let scoped = SCOPES.map(|scope| (scope, make_key(&folder, &["--scopes", scope])));
    let server = server(setup);
    // What a forum tells is signed, and needs no key.
    for row in documented().into_iter().filter(|row| row.path != HOOK) {
        // A live stream does not end, and `live_rights` listens to it.
        for (path, body, needed) in row.requests().into_iter().filter(|(path, ..)| !path.ends_with("/live")) {
            let what = |key: &str| format!("{} {path} {body} with {key}", row.method);
            for (scope, key) in scoped.iter().filter(|(scope, _)| !needed.is_empty() && !needed.contains(scope)) {
                let before = stored(&server);
                // Of a batch nothing is read before its key may store anything at all.
                let mut named = needed.clone();
                named.extend((row.path == BATCH).then_some("events:award"));
                assert_refused(&ask(&server, key, &row, &path, &body), &named, &what(scope));
                assert!(stored(&server) == before, "something was changed by {}", what(scope));
            }
            // All but one are not enough, and all alone are.
            for lacking in &needed {
                let others = SCOPES.into_iter().filter(|scope| scope != lacking).collect::<Vec<_>>().join(",");
                let key = make_key(&folder, &["--scopes", &others]);
                let before = stored(&server);
                let reply = ask(&server, &key, &row, &path, &body);
                assert_refused(&reply, &BTreeSet::from([*lacking]), &what(&others));
                assert!(stored(&server) == before, "something was changed by {}", what(&others));
            }
            let enough = if needed.is_empty() { vec!["metrics"] } else { needed.iter().copied().collect() };
            let key = make_key(&folder, &["--scopes", &enough.join(",")]);
            let reply = ask(&server, &key, &row, &path, &body);
            assert_eq!(reply.status, 200, "{}: {reply:?}", what(&enough.join(",")));
            if needed.is_empty() {
                assert_eq!(server.anonymous(row.method, &path).send().status, 200, "{path} without a key");
            }
        }
    }
}

#[test]
fn a_batch_is_refused_for_the_first_event_that_its_key_may_not_store() {
    let setup = Setup::new();
    let make = |scopes: &str| make_key(setup.folder(), &["--scopes", scopes]);
    let (award, deduct, both) = (make("events:award"), make("events:deduct"), make("events:award,events:deduct"));
    let server = setup.start();
    let event = |points: i64| json!({"user_id": 13, "date": "2023-04-14", "points": points});
    let post = |key: &str, points: &[i64]| {
        let events: Vec<Value> = points.iter().map(|points| event(*points)).collect();
        let request = with_key(&server, key, "POST", BATCH).header("Idempotency-Key", "one-batch");
        request.json(&json!({ "events": events })).send()
    };
    let mixed = [5, 0, -1, -2, 3];
    let backwards = [-2, -1, 0, 5];
    for (key, points, index, scope) in [
        (&award, &mixed[..], 2, "events:deduct"),
        (&deduct, &mixed, 0, "events:award"),
        (&deduct, &backwards, 2, "events:award"),
    ] {
        let refused = post(key, points);
        refused.assert_error(403, "invalid_access", SENTENCE);
        assert_eq!(refused.json()["extras"], json!({"index": index, "scope": scope}), "{points:?}");
        assert_eq!(server.count_events(), 0);
    }
    // A refusal is not what a key's retry gets: it is decided anew.
    assert_eq!((post(&award, &[5, 0]).status, post(&deduct, &[-1, -2]).status), (200, 200));
    assert_eq!(post(&both, &mixed).json()["events"].as_array().map(Vec::len), Some(mixed.len()));
    assert_eq!((server.count_events(), server.score(13)), (9, 7));
}

#[test]
fn a_refusal_names_the_scope_and_nothing_else_is_looked_at_before() {
    let setup = Setup::new();
    let deduct = make_key(setup.folder(), &["--scopes", "events:deduct"]);
    let read = make_key(setup.folder(), &["--read-only"]);
    let server = setup.start();
    let store = |key: &str, body: &Value| with_key(&server, key, "POST", EVENTS).json(body).send();
    let event = |points: i64| json!({"user_id": 13, "date": "2023-04-14", "points": points});
    for (key, points, scope) in [(&read, 5, "events:award"), (&read, -5, "events:deduct"), (&deduct, 0, "events:award")]
    {
        let refused = store(key, &event(points));
        let expected =
            format!(r#"{{"errors":["{SENTENCE}"],"error_type":"invalid_access","extras":{{"scope":"{scope}"}}}}"#);
        assert_eq!((refused.status, refused.body), (403, expected));
    }
    // A key that may store nothing is not told what else would be wrong.
    assert_eq!(store(&read, &json!({})).status, 403);
    assert_eq!(store(&deduct, &json!({})).status, 400);
    assert_eq!(store(&deduct, &event(-5)).status, 200);
}

#[test]
fn a_board_that_is_not_for_all_needs_a_key_that_reads() {
    let setup = Setup::new();
    let (deduct, read) = (
        make_key(setup.folder(), &["--scopes", "events:deduct"]),
        make_key(setup.folder(), &["--scopes", "events:read"]),
    );
    let server = server(setup);
    let hidden = json!({"name": "Second", "visible_to_groups_ids": [10]});
    assert_eq!(server.put("/admin/plugins/gamification/leaderboard/2", &hidden).status, 200);
    let look = |key: &str, path: &str| with_key(&server, key, "GET", path).send();
    assert_eq!((look(&read, "/leaderboard/2").status, look(&deduct, "/leaderboard/1").status), (200, 200));
    for path in ["/leaderboard/2", "/leaderboard/2/around/13", "/leaderboard/2/live"] {
        let refused = look(&deduct, path);
        refused.assert_error(403, "invalid_access", SENTENCE);
        assert_eq!(refused.json()["extras"], json!({"scope": "events:read"}), "{path}");
    }
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_PUBLIC", "false").start();
    for path in ["/leaderboard", "/leaderboard/1", "/users/13/score", "/users/13/days", "/avatars/13/48.svg"] {
        assert_eq!(with_key(&server, &read, "GET", path).send().status, 200, "{path}");
        let refused = with_key(&server, &deduct, "GET", path).send();
        refused.assert_error(403, "invalid_access", SENTENCE);
    }
}

#[test]
fn keys_list_and_create_speak_of_scopes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    make_key(folder, &["--scopes", " events:award , events:read,events:read"]);
    make_key(folder, &["--read-only"]);
    make_key(folder, &["--scopes", "events:read,export,metrics"]);
    make_key(folder, &[]);
    let list = keys(folder, &["list"]).stdout;
    for (line, scopes) in list.lines().skip(1).zip(["events:read,events:award", "read-only", "read-only", "all"]) {
        assert!(line.split_whitespace().any(|cell| cell == scopes), "{scopes} in {line}");
    }
    for wrong in
        [&["--scopes", ""][..], &["--scopes", "events"], &["--scopes", "all"], &["--scopes", "boards", "--read-only"]]
    {
        let run = keys(folder, &[&["create"], wrong].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{wrong:?}: {run:?}");
    }
    let told = keys(folder, &["create", "--scopes", "events:write"]).stderr;
    assert!(SCOPES.iter().all(|scope| told.contains(scope)), "{told}");
}

#[test]
fn keys_of_an_earlier_layout_keep_what_they_could_do() {
    let file = rusqlite::Connection::open_in_memory().expect("a database");
    file.execute_batch(include_str!("../migrations/V3__api_keys.sql")).expect("the earlier layout");
    file.execute_batch(
        "INSERT INTO api_keys (id, prefix, digest, username, read_only, created_at, expires_on, last_used_at, revoked_at)
         VALUES (3, 'aaaaaaaa', zeroblob(32), NULL, 0, 1, NULL, NULL, NULL),
                (5, 'bbbbbbbb', randomblob(32), 'ada', 1, 2, '2030-12-31', 3, 4)",
    )
    .expect("two keys");
    file.execute_batch(include_str!("../migrations/V13__key_rights.sql")).expect("the migration");
    let kept = "SELECT id || ' ' || prefix || ' ' || coalesce(username, '-') || ' ' || scopes || ' ' || created_at || ' ' ||
                       coalesce(expires_on, '-') || ' ' || coalesce(last_used_at, '-') || ' ' || coalesce(revoked_at, '-')
                FROM api_keys WHERE networks IS NULL AND made_with IS NULL AND ends_at IS NULL ORDER BY id";
    let kept: Vec<String> =
        file.prepare(kept).and_then(|mut keys| keys.query_map([], |row| row.get(0))?.collect()).expect("the keys");
    let all = SCOPES.join(",");
    let expected = [
        format!("3 aaaaaaaa - {all} 1 - - -"),
        "5 bbbbbbbb ada events:read,export,metrics 2 2030-12-31 3 4".to_owned(),
    ];
    assert_eq!(kept, expected);
    file.execute("INSERT INTO api_keys (prefix, digest, scopes, created_at) VALUES ('c', zeroblob(32), '', 1)", [])
        .expect_err("digests stay unique");
    file.execute("INSERT INTO api_keys (prefix, digest, scopes, created_at) VALUES ('c', randomblob(32), '', 1)", [])
        .expect("another key");
    assert_eq!(file.last_insert_rowid(), 6, "numbers go on");
}
