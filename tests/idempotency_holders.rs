//! Promise: an `Idempotency-Key` belongs to the API key that it came with: two programs that act under one name never get
//! each other's answers.

use serde_json::{Value, json};

use crate::support::{EVENTS, KEY, Reply, Server, Setup, run};

const REPLAYED: &str = "Idempotent-Replayed";

fn body() -> Value {
    json!({"user_id": 13, "date": "2023-04-14", "points": 15})
}

/// Makes an all-users key.
fn new_key(server: &Server) -> String {
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.trim().to_owned()
}

/// An award as `system` with an API key, under the idempotency key `1`.
fn award(server: &Server, api_key: &str, body: &Value) -> Reply {
    let request = server.anonymous("POST", EVENTS).header("API-Key", api_key).header("API-Username", "system");
    request.header("Idempotency-Key", "1").json(body).send()
}

#[track_caller]
fn assert_new(reply: &Reply) {
    assert_eq!((reply.status, reply.header(REPLAYED)), (200, None), "{reply:?}");
}

#[track_caller]
fn assert_replay(reply: &Reply, first: &Reply) {
    assert_eq!((reply.header(REPLAYED), &reply.body), (Some("true"), &first.body), "{reply:?}");
}

#[test]
fn two_programs_never_get_each_others_answers() {
    let server = Server::start();
    let (one, other) = (new_key(&server), new_key(&server));
    let mut firsts = Vec::new();
    for key in [&one, &other, KEY] {
        let first = award(&server, key, &body());
        assert_new(&first);
        firsts.push(first);
    }
    assert_eq!(server.score(13), 45);
    for (key, first) in [&one, &other, KEY].into_iter().zip(&firsts) {
        assert_replay(&award(&server, key, &body()), first);
    }
    let another = json!({"user_id": 13, "date": "2023-04-14", "points": 16});
    assert_eq!(award(&server, &one, &another).error_type(), "idempotency_key_reused");
    assert_eq!(server.score(13), 45);
}

#[test]
fn successive_configured_keys_share_their_answers() {
    let server = Server::start();
    let first = award(&server, KEY, &body());
    assert_new(&first);
    let next = "the-configured-key-that-comes-after";
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_API_KEY", next).start();
    assert_replay(&award(&server, next, &body()), &first);
}

#[test]
fn answers_kept_before_keys_had_their_own_answer_any_key_of_the_acting_user() {
    let server = Server::start();
    let first = award(&server, KEY, &body());
    assert_new(&first);
    // As the migration has left the answers of an earlier layout.
    let kept = server.sql().execute("UPDATE idempotency_keys SET key_id = -1", []);
    assert_eq!(kept.expect("an answer"), 1);
    let key = new_key(&server);
    assert_replay(&award(&server, KEY, &body()), &first);
    assert_replay(&award(&server, &key, &body()), &first);
    let request = server.anonymous("POST", EVENTS).header("API-Key", &key).header("API-Username", "ana");
    assert_new(&request.header("Idempotency-Key", "1").json(&body()).send());
}
