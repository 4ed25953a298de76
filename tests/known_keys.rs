//! Promise: a key that ends, or changes in any way, is no longer what it was with the next event that is sent, also where it was
//! used a moment ago and whoever changed it.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::keys::{keys, make_key, revoke, with_key};
use crate::support::{EVENTS, Reply, Server, Setup, wait_for};

const INVALID: &str = "You are not permitted to view the requested resource. The API username or key is invalid.";
const NOT_PERMITTED: &str = "You are not permitted to view the requested resource.";

fn event(points: i64) -> Value {
    json!({"user_id": 13, "date": "2023-04-14", "points": points})
}

fn store(server: &Server, key: &str) -> Reply {
    with_key(server, key, "POST", EVENTS).json(&event(1)).send()
}

/// A server, and two keys that were used for so many events that they are remembered. The first has the number 1.
fn used() -> (Server, String, String) {
    // Nothing looks at the file by the clock meanwhile, so only the transaction of an event can find out.
    let setup = Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "1h");
    let (one, other) = (make_key(setup.folder(), &[]), make_key(setup.folder(), &[]));
    let server = setup.start();
    for key in [&one, &other, &one, &other, &one] {
        assert_eq!(store(&server, key).status, 200);
    }
    // Noting the use of a key is a change of the file too, and may come a little later.
    wait_for("the uses to be noted", || {
        let query = "SELECT count(*) FROM api_keys WHERE last_used_at IS NULL";
        let unused: i64 = server.sql().query_row(query, [], |row| row.get(0)).expect("a count");
        (unused == 0).then_some(())
    });
    for key in [&one, &other] {
        assert_eq!(store(&server, key).status, 200);
    }
    (server, one, other)
}

fn execute(server: &Server, sql: &str) {
    server.sql().execute_batch(sql).expect("the key is changed");
}

#[test]
fn a_change_of_a_key_by_anybody_counts_with_the_next_event() {
    type Change = fn(&Server);
    let changes: [(&str, Change, &str); 7] = [
        ("revoked by the command line", |server| revoke(server.folder().path(), 1), INVALID),
        (
            "replaced by the command line",
            |server| {
                let rotated = keys(server.folder().path(), &["rotate", "1", "--grace", "0s"]);
                assert_eq!(rotated.code, Some(0), "{rotated:?}");
            },
            INVALID,
        ),
        ("revoked by SQL", |server| execute(server, "UPDATE api_keys SET revoked_at = 1 WHERE id = 1"), INVALID),
        ("deleted by SQL", |server| execute(server, "DELETE FROM api_keys WHERE id = 1"), INVALID),
        (
            "given to one username by SQL",
            |server| execute(server, "UPDATE api_keys SET username = 'ana' WHERE id = 1"),
            INVALID,
        ),
        (
            "bound to a network by SQL",
            |server| execute(server, "UPDATE api_keys SET networks = '192.0.2.0/24' WHERE id = 1"),
            NOT_PERMITTED,
        ),
        (
            "made to read only by SQL",
            |server| execute(server, "UPDATE api_keys SET scopes = 'events:read' WHERE id = 1"),
            NOT_PERMITTED,
        ),
    ];
    for (what, change, sentence) in changes {
        let (server, key, other) = used();
        let before = server.count_events();
        change(&server);
        // Whoever has no good key is not told what else is wrong.
        for body in [r#"{"user_id": 13, "date": "2023-04-14"#, "{}", r#"{"user_id": "x"}"#] {
            let refused = with_key(&server, &key, "POST", EVENTS).header("Content-Type", "application/json");
            let refused = refused.bytes(body.as_bytes()).send();
            assert_eq!(refused.status, 403, "{what}: {body}: {refused:?}");
        }
        let refused = store(&server, &key);
        assert_eq!(refused.status, 403, "{what}: {refused:?}");
        refused.assert_error(403, "invalid_access", sentence);
        assert_eq!(server.count_events(), before, "{what}");
        assert_eq!(store(&server, &other).status, 200, "{what}");
        assert_eq!(store(&server, &key).status, 403, "{what}, after another key was used");
    }
}

#[test]
fn an_answer_is_repeated_only_to_a_key_that_still_works() {
    let (server, key, _) = used();
    let send = || with_key(&server, &key, "POST", EVENTS).header("Idempotency-Key", "once").json(&event(5)).send();
    let (first, again) = (send(), send());
    assert_eq!((first.status, &first.body), (200, &again.body));
    execute(&server, "UPDATE api_keys SET revoked_at = 1 WHERE id = 1");
    send().assert_error(403, "invalid_access", INVALID);
}

#[test]
fn a_key_that_may_do_more_than_before_does_it_with_the_next_event() {
    let setup = Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "1h");
    let key = make_key(setup.folder(), &["--scopes", "events:award"]);
    let server = setup.start();
    let deduct = || with_key(&server, &key, "POST", EVENTS).json(&event(-1)).send();
    assert_eq!([(); 3].map(|()| store(&server, &key).status), [200; 3]);
    deduct().assert_error(403, "invalid_access", NOT_PERMITTED);
    execute(&server, "UPDATE api_keys SET scopes = 'events:award,events:deduct'");
    assert_eq!((deduct().status, server.score(13)), (200, 2));
}

#[test]
fn a_request_that_is_refused_is_no_use_of_its_key() {
    let (server, key, other) = used();
    execute(&server, "UPDATE api_keys SET revoked_at = 1, last_used_at = 7, last_used_from = '192.0.2.1' WHERE id = 1");
    for body in [event(1), json!({})] {
        assert_eq!(with_key(&server, &key, "POST", EVENTS).json(&body).send().status, 403);
    }
    // What was handed to the writer before this is done when it is answered.
    assert_eq!(store(&server, &other).status, 200);
    let query = "SELECT last_used_at FROM api_keys WHERE id = 1";
    assert_eq!(server.sql().query_row(query, [], |row| row.get(0)), Ok(7));
}

#[test]
fn only_who_still_has_a_good_key_is_told_that_there_were_too_many_requests() {
    let setup = Setup::new().env("SCOREKEEPER_REQUESTS_PER_MINUTE", "2").env("SCOREKEEPER_STANDINGS_EVERY", "1h");
    let key = make_key(setup.folder(), &[]);
    let server = setup.start();
    assert_eq!([store(&server, &key).status, store(&server, &key).status], [200, 200]);
    assert_eq!(store(&server, &key).status, 429);
    // No transaction has found out since.
    execute(&server, "UPDATE api_keys SET revoked_at = 1");
    store(&server, &key).assert_error(403, "invalid_access", INVALID);
}

#[test]
fn a_wrong_key_counts_once_however_long_its_event_is() {
    let server = Setup::new().env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", "2").start();
    let long = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": "x".repeat(9_000)});
    let send = || with_key(&server, "sk_wrong", "POST", EVENTS).json(&long).send().status;
    assert_eq!([send(), send(), send()], [403, 403, 429]);
}

#[test]
fn events_of_many_clients_are_all_stored_while_others_change_the_file() {
    let (server, key, _) = used();
    let before = server.count_events();
    let done = AtomicBool::new(false);
    let sent: usize = std::thread::scope(|scope| {
        let send = || {
            let mut sent = 0;
            while !done.load(Ordering::SeqCst) {
                assert_eq!(store(&server, &key).status, 200);
                sent += 1;
            }
            sent
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
        // Each of these makes what is remembered old.
        for _ in 0..20 {
            execute(&server, "UPDATE api_keys SET description = 'changed' WHERE id = 2");
        }
        done.store(true, Ordering::SeqCst);
        clients.into_iter().map(|client| client.join().expect("every event is stored")).sum()
    });
    assert_eq!(server.count_events(), before + sent);
}
