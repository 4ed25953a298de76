//! Promise: a key's successor has the same rights, the old key works for its time of grace, and what was answered under the
//! idempotency keys of one is answered again under the other.

use serde_json::json;

use crate::support::keys::{keys, list, make_key, revoke, rotate, with_key};
use crate::support::{EVENTS, Reply, Server, Setup};

const REPLAYED: &str = "Idempotent-Replayed";

/// An award under an idempotency key.
fn award(server: &Server, key: &str, idempotency_key: &str) -> Reply {
    let body = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    with_key(server, key, "POST", EVENTS).header("Idempotency-Key", idempotency_key).json(&body).send()
}

#[track_caller]
fn assert_replay(reply: &Reply, first: &Reply) {
    assert_eq!((reply.header(REPLAYED), &reply.body), (Some("true"), &first.body), "{reply:?}");
}

#[track_caller]
fn assert_new(reply: &Reply) {
    assert_eq!((reply.status, reply.header(REPLAYED)), (200, None), "{reply:?}");
}

#[test]
fn a_successor_has_the_same_rights() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    let rights = [
        "--scopes",
        "events:read,events:award",
        "--networks",
        "127.0.0.0/8",
        "--username",
        "system",
        "--description",
        "ticket shop",
        "--expires",
        "2099-12-31",
    ];
    let old = make_key(&folder, &rights);
    let new = rotate(&folder, &["1"]);
    assert!(new != old && new.starts_with("sk_") && new.len() == 46, "{new}");
    let row = |id: i64| -> String {
        let file = rusqlite::Connection::open(folder.join("scores.db")).expect("the database");
        let query = "SELECT scopes || ' ' || networks || ' ' || username || ' ' || description || ' ' || expires_on
                     FROM api_keys WHERE id = ?1";
        file.query_row(query, [id], |row| row.get(0)).expect("a key")
    };
    assert_eq!(row(2), row(1));
    let server = setup.start();
    for key in [&old, &new] {
        assert_eq!(list(&server, key).status, 200);
        let event = |points: i64| json!({"user_id": 13, "date": "2023-04-14", "points": points});
        let store = |points| with_key(&server, key, "POST", EVENTS).json(&event(points)).send();
        assert_eq!((store(5).status, store(-5).json()["extras"].clone()), (200, json!({"scope": "events:deduct"})));
    }
}

#[test]
fn the_old_key_lives_as_long_as_it_was_given() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    for _ in 0..3 {
        make_key(&folder, &[]);
    }
    let now = || chrono::Utc::now().timestamp_millis();
    let before = now();
    for (args, grace) in
        [(&["1"][..], 24 * 3_600_000), (&["2", "--grace", "7d"], 168 * 3_600_000), (&["3", "--grace", "0"], 0)]
    {
        let run = keys(&folder, &[&["rotate"], args].concat());
        assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 1), "{run:?}");
        assert!(run.stderr.contains(&format!("takes the place of key {}", args[0])), "{run:?}");
        let file = rusqlite::Connection::open(folder.join("scores.db")).expect("the database");
        let query = "SELECT ends_at FROM api_keys WHERE id = ?1";
        let ends: i64 = file.query_row(query, [args[0]], |row| row.get(0)).expect("an end");
        assert!((before + grace..=now() + grace).contains(&ends), "{args:?}: {ends}");
        let moment = chrono::DateTime::from_timestamp_millis(ends).expect("a moment");
        let list = keys(&folder, &["list"]).stdout;
        let line = list.lines().find(|line| line.starts_with(&format!("{} ", args[0]))).expect("a line").to_owned();
        assert!(line.contains(&moment.format("%Y-%m-%dT%H:%M:%S").to_string()), "{line}");
        assert!(line.contains(if grace == 0 { "expired" } else { "replaced" }), "{line}");
    }
}

#[test]
fn a_key_without_grace_ends_at_once_and_the_server_need_not_be_started_anew() {
    let server = Server::start();
    let folder = server.folder();
    let old = make_key(folder.path(), &[]);
    assert_eq!(list(&server, &old).status, 200);
    let new = rotate(folder.path(), &["1", "--grace", "0s"]);
    assert_eq!((list(&server, &old).status, list(&server, &new).status), (403, 200));
}

#[test]
fn a_retry_is_answered_alike_under_either_key() {
    let server = Server::start();
    let folder = server.folder();
    let old = make_key(folder.path(), &[]);
    let first = award(&server, &old, "order-1");
    assert_new(&first);
    let second = rotate(folder.path(), &["1"]);
    assert_replay(&award(&server, &second, "order-1"), &first);
    let later = award(&server, &second, "order-2");
    assert_new(&later);
    assert_replay(&award(&server, &old, "order-2"), &later);
    // And under the successor's successor, for all of them.
    let third = rotate(folder.path(), &["2", "--grace", "1h"]);
    let newest = award(&server, &third, "order-3");
    assert_new(&newest);
    for key in [&old, &second, &third] {
        assert_replay(&award(&server, key, "order-1"), &first);
        assert_replay(&award(&server, key, "order-2"), &later);
        assert_replay(&award(&server, key, "order-3"), &newest);
    }
    let other = make_key(folder.path(), &[]);
    assert_new(&award(&server, &other, "order-1"));
    assert_eq!(server.score(13), 60);
}

#[test]
fn a_batch_is_answered_alike_under_either_key() {
    let server = Server::start();
    let folder = server.folder();
    let old = make_key(folder.path(), &[]);
    let batch = |key: &str| {
        let body = json!({"events": [{"user_id": 13, "date": "2023-04-14", "points": 15}]});
        let request = with_key(&server, key, "POST", &format!("{EVENTS}/batch"));
        request.header("Idempotency-Key", "night-1").json(&body).send()
    };
    let first = batch(&old);
    assert_new(&first);
    assert_replay(&batch(&rotate(folder.path(), &["1"])), &first);
    assert_new(&batch(&make_key(folder.path(), &[])));
    assert_eq!(server.score(13), 30);
}

#[test]
fn what_can_not_be_replaced_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for args in [&[][..], &["--expires", "2020-01-01"], &[], &[]] {
        make_key(folder, args);
    }
    revoke(folder, 1);
    rotate(folder, &["3", "--grace", "0s"]);
    rotate(folder, &["4"]);
    let before = keys(folder, &["list"]).stdout;
    for (id, why) in [
        ("1", "key 1 is revoked"),
        ("2", "key 2 has expired"),
        ("3", "key 3 has expired"),
        ("4", "key 6 has taken the place of key 4"),
        ("99", "there is no key 99"),
        ("0", "there is no key 0"),
    ] {
        let run = keys(folder, &["rotate", id]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(1), "", 1), "{id}: {run:?}");
        assert!(run.stderr.contains(why), "{id}: {run:?}");
    }
    for wrong in
        [&["rotate"][..], &["rotate", "one"], &["rotate", "6", "--grace", "soon"], &["rotate", "6", "--grace", "-1h"]]
    {
        assert_eq!(keys(folder, wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(keys(folder, &["rotate", "6", "--grace", "9999d"]).code, Some(2));
    assert_eq!(keys(folder, &["list"]).stdout, before, "nothing was changed");
}

#[test]
fn a_successor_that_could_not_be_shown_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    make_key(folder.path(), &[]);
    let before = keys(folder.path(), &["list"]).stdout;
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the device");
    let mut rotate = crate::support::command(folder.path());
    let output =
        rotate.args(["--database", "scores.db", "keys", "rotate", "1"]).stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the key is not kept"));
    assert_eq!(keys(folder.path(), &["list"]).stdout, before);
}

#[test]
fn a_rotation_is_in_the_log_of_administration() {
    let server = Server::start();
    let folder = server.folder();
    make_key(folder.path(), &["--description", "ticket shop"]);
    let new = rotate(folder.path(), &["1"]);
    let entry = server.get("/admin/audit?limit=1").json()["entries"][0].clone();
    assert_eq!((&entry["action"], &entry["subject"]), (&json!("key.rotate"), &json!("key 1")));
    assert!(entry["before"].as_str().is_some_and(|before| before.contains("ticket shop")), "{entry}");
    assert!(entry["after"].as_str().is_some_and(|after| after.contains("replaced by key 2")), "{entry}");
    assert!(!entry.to_string().contains(&new), "{entry}");
}
