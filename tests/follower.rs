//! Promise: with `read_only_from` a server takes a file that something else keeps current, serves every read of it, follows it,
//! and writes nothing.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::openapi::{furnished, operations};
use crate::support::forum::HOOK;
use crate::support::keys::{keys, list, make_key, revoke, with_key};
use crate::support::replica::{ELSEWHERE, Replica};
use crate::support::{EVENTS, Server, Setup, run_with, wait_for};

/// What `/health/ready` answers: `None` if the server is ready, else why it is not.
fn reason(server: &Server) -> Option<String> {
    let reply = server.anonymous("GET", "/health/ready").send();
    if reply.status == 200 {
        return None;
    }
    Some(reply.json()["reason"].as_str().expect("a reason").to_owned())
}

/// What the first board shows of its leader, if it shows one yet.
fn leader(server: &Server) -> Option<i64> {
    let reply = server.get("/leaderboard/1?period=all");
    reply.json()["users"][0]["total_score"].as_i64()
}

fn bytes(file: &Path) -> Vec<u8> {
    std::fs::read(file).expect("the file")
}

#[test]
fn it_shows_what_is_applied_and_changes_nothing() {
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    let key = make_key(origin.folder().path(), &[]);
    let mut replica = Replica::of(&origin);
    let before = bytes(&replica.file());
    let follower = replica.setup().start();
    assert_eq!(reason(&follower), None);
    assert_eq!((follower.score(13), follower.count_events()), (15, 1));
    // A key that was never used is not said to have been used here.
    assert_eq!(list(&follower, &key).status, 200);
    wait_for("the board", || (leader(&follower) == Some(15)).then_some(()));
    assert!(bytes(&replica.file()) == before, "the file was written");
    for points in 1..=3 {
        origin.award(13, "2023-04-14", points);
        replica.apply(&origin.database());
        let score = 15 + (1..=points).sum::<i64>();
        assert_eq!((follower.score(13), follower.count_events() as i64), (score, 1 + points));
        wait_for("the board to follow", || (leader(&follower) == Some(score)).then_some(()));
    }
    // Another file in its place, as after a restore from the beginning.
    origin.award(13, "2023-04-14", 100);
    replica.restore(&origin.database());
    assert_eq!(follower.score(13), 121);
    wait_for("the board to follow", || (leader(&follower) == Some(121)).then_some(()));
    let first = format!("/users/{}/score", 13);
    assert_eq!(follower.get(&first).json(), origin.get(&first).json());
    follower.stop();
}

#[test]
fn what_is_applied_finds_its_moment_however_many_read() {
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    let mut replica = Replica::of(&origin);
    let follower = replica.setup().start();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let reply = follower.get(&format!("{EVENTS}?limit=1"));
                    assert_eq!(reply.status, 200, "{reply:?}");
                }
            });
        }
        for points in 1..=3 {
            origin.award(13, "2023-04-14", points);
            replica.apply(&origin.database());
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(follower.score(13), 21);
}

#[test]
fn every_change_is_refused_with_the_address_where_it_is_made() {
    let origin = furnished(Setup::new());
    let replica = Replica::of(&origin);
    let before = bytes(&replica.file());
    let follower = replica.setup().start();
    let document = follower.anonymous("GET", "/openapi.json").send().json();
    let mut refused = 0;
    for (method, path, operation) in operations(&document) {
        // What a forum sends is refused for its signature first.
        if method == "GET" || path == HOOK {
            continue;
        }
        let sent = path.replace("{name}", "post_created").replace("{id}", "2");
        let body = &operation["requestBody"]["content"]["application/json"]["example"];
        let request = follower.request(&method, &sent);
        let reply = if body.is_null() { request.send() } else { request.json(body).send() };
        reply.assert_api_reply();
        let said = json!({
            "errors": [format!("This server only reads; changes are made at {ELSEWHERE}")],
            "error_type": "read_only",
            "extras": {"writes_at": ELSEWHERE},
        });
        assert_eq!((reply.status, reply.json()), (503, said), "{method} {sent}");
        let told = &operation["responses"]["503"]["content"]["application/json"]["examples"]["read_only"]["value"];
        assert_eq!(*told, reply.json(), "{method} {path}: what the document tells");
        refused += 1;
    }
    assert!(refused >= 15, "only {refused} changes were found");
    // Who may not is told so first, and what can't be read is refused as anywhere.
    assert_eq!(follower.anonymous("POST", EVENTS).json(&json!({"user_id": 13})).send().status, 403);
    assert_eq!(follower.post(EVENTS, &json!({"user_id": 13, "date": "2023-02-30", "points": 1})).status, 400);
    assert_eq!(reason(&follower), None, "a refused change is no fault");
    assert!(bytes(&replica.file()) == before, "the file was written");
    let told = follower.log();
    assert!(!told.contains("ERROR"), "{told}");
}

#[test]
fn a_key_that_was_revoked_elsewhere_is_refused_before_anything_else_is_told() {
    let origin = Server::start();
    let key = make_key(origin.folder().path(), &[]);
    let mut replica = Replica::of(&origin);
    let follower = replica.setup().start();
    let store = || {
        let event = json!({"user_id": 13, "date": "2023-04-14", "points": 1});
        with_key(&follower, &key, "POST", EVENTS).json(&event).send().status
    };
    assert_eq!([store(), store(), store()], [503; 3]);
    revoke(origin.folder().path(), 1);
    replica.apply(&origin.database());
    assert_eq!([store(), store()], [403; 2]);
}

#[test]
fn it_waits_for_a_file_and_for_one_of_its_layout() {
    let mut replica = Replica::new();
    let follower = replica.setup().start();
    assert_eq!(reason(&follower).as_deref(), Some("scores.db does not exist"));
    assert_eq!(follower.anonymous("GET", "/health/live").send().status, 200);
    for path in ["/leaderboard/1", "/users/13/score", EVENTS] {
        assert_eq!(follower.get(path).status, 503, "{path}");
    }
    let metrics = |name: &str| {
        let text = follower.get("/metrics").body;
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).map(str::to_owned);
        value.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    assert_eq!((metrics("scorekeeper_ready").as_str(), metrics("scorekeeper_follower").as_str()), ("0", "1"));
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    replica.restore(&origin.database());
    wait_for("the server to be ready", || reason(&follower).is_none().then_some(()));
    wait_for("the board", || (leader(&follower) == Some(15)).then_some(()));
    assert_eq!((follower.score(13), metrics("scorekeeper_ready").as_str()), (15, "1"));
    // The origin is upgraded before the follower, or after it.
    for (change, why) in [
        ("UPDATE refinery_schema_history SET version = version + 1 WHERE version = VERSION", "newer"),
        ("DELETE FROM refinery_schema_history WHERE version = VERSION", "earlier"),
    ] {
        let other = origin.folder().path().join("other.db");
        std::fs::copy(replica.file(), &other).expect("a copy");
        let connection = rusqlite::Connection::open(&other).expect("the copy");
        let version = "(SELECT max(version) FROM refinery_schema_history)";
        connection.execute_batch(&change.replace("VERSION", version)).expect("another layout");
        drop(connection);
        let right = bytes(&replica.file());
        replica.apply(&other);
        let told = wait_for("the server not to be ready", || reason(&follower));
        match why {
            "newer" => assert_eq!(told, "scores.db was written by a newer scorekeeper"),
            _ => assert_eq!(
                told,
                "scores.db has an earlier layout than this program reads; upgrade the server that writes it, or run its \
                 version here"
            ),
        }
        assert_eq!(follower.get(EVENTS).status, 503);
        std::fs::write(&other, right).expect("the layout as it was");
        replica.apply(&other);
        wait_for("the server to be ready", || reason(&follower).is_none().then_some(()));
    }
}

#[test]
fn commands_read_the_file_and_refuse_to_change_it() {
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    make_key(origin.folder().path(), &["--description", "of the origin"]);
    let replica = Replica::of(&origin);
    let folder = replica.folder.path();
    let before = bytes(&replica.file());
    std::fs::write(folder.join("events.csv"), "user_id,date,points\n13,2023-04-14,1\n").expect("a file");
    let follow = |args: &[&str]| {
        run_with(folder, args, &[("SCOREKEEPER_READ_ONLY_FROM", ELSEWHERE), ("SCOREKEEPER_DATABASE", "scores.db")])
    };
    for args in [
        &["keys", "create"][..],
        &["keys", "revoke", "1"],
        &["keys", "rotate", "1"],
        &["import", "events.csv"],
        &["import", "--undo", "events.csv"],
        &["import-discourse", "--events", "events.csv"],
        &["restore", "events.csv"],
        &["--backfill-from", "2023-01-01"],
    ] {
        let refused = follow(args);
        let line = format!(
            "scorekeeper: setting read_only_from: scores.db is only read here; changes are made at {ELSEWHERE}\n"
        );
        assert_eq!((refused.code, refused.stderr, refused.stdout), (Some(1), line, String::new()), "{args:?}");
    }
    for (args, told) in [
        (&["keys", "list"][..], "of the origin"),
        (&["import", "--list"], "IMPORTED"),
        (&["export", "events"], "13,,2023-04-14,15"),
        (&["check"], "ok\n"),
        (&["backup", "backup.db"], "backed up scores.db to backup.db"),
    ] {
        let done = follow(args);
        assert_eq!(done.code, Some(0), "{args:?}: {done:?}");
        assert!(done.stdout.contains(told), "{args:?}: {done:?}");
    }
    assert!(bytes(&replica.file()) == before, "the file was written");
    let settings = follow(&["settings"]).stdout;
    assert!(settings.lines().any(|line| line.starts_with("read_only_from") && line.contains(ELSEWHERE)), "{settings}");
    let bad = run_with(folder, &["check"], &[("SCOREKEEPER_READ_ONLY_FROM", "points.example")]);
    assert_eq!(bad.code, Some(1), "{bad:?}");
}

#[test]
fn without_the_setting_it_becomes_the_server() {
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    let replica = Replica::of(&origin);
    origin.kill();
    let follower = replica.setup().start();
    assert_eq!(follower.post(EVENTS, &json!({"user_id": 13, "date": "2023-04-14", "points": 1})).status, 503);
    let server = Setup::in_folder(follower.stop()).start();
    let event = server.award(13, "2023-04-15", 5);
    assert_eq!((event["id"].as_i64(), server.score(13)), (Some(2), 20));
    assert_eq!(keys(server.folder().path(), &["create"]).code, Some(0));
    let check = run_with(server.folder().path(), &["check"], &[("SCOREKEEPER_DATABASE", "scores.db")]);
    assert_eq!((check.code, check.stdout.as_str()), (Some(0), "ok\n"), "{check:?}");
}
