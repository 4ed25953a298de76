//! Promise: points are spent once. `minimum_score` refuses what the spendable score does not cover, however many ask at
//! the same time; `Idempotency-Key` makes a retry give the first answer again, whatever became of the connection.

use std::sync::Barrier;
use std::thread;

use chrono::{Days, Utc};
use serde_json::{Value, json};

use crate::support::{EVENTS, KEY, Reply, Server, Setup, run, wait_for};

const DAY: &str = "2023-04-14";
const REPLAYED: &str = "Idempotent-Replayed";

/// Ten days ahead: the future, wherever the clock stands.
fn future() -> String {
    (Utc::now().date_naive() + Days::new(10)).to_string()
}

fn ask(server: &Server, date: &str, points: i64, minimum: i64) -> Reply {
    server.post(EVENTS, &json!({"user_id": 13, "date": date, "points": points, "minimum_score": minimum}))
}

#[track_caller]
fn assert_refused(reply: &Reply, spendable: i64) {
    let want = format!(
        r#"{{"errors":["Not enough points: the spendable score is {spendable}."],"error_type":"insufficient_points","extras":{{"score":{spendable}}}}}"#
    );
    assert_eq!((reply.status, &reply.body), (422, &want));
    reply.assert_api_reply();
}

#[test]
fn a_redemption_is_stored_down_to_the_minimum_and_not_below() {
    let server = Server::start();
    server.award(13, DAY, 100);
    assert_refused(&ask(&server, DAY, -101, 0), 100);
    assert_refused(&ask(&server, DAY, -71, 30), 100);
    assert_eq!(server.count_events(), 1, "a refusal stores nothing");

    assert_eq!(ask(&server, DAY, -70, 30).status, 200);
    assert_eq!(server.score(13), 30);
    assert_refused(&ask(&server, DAY, -1, 30), 30);
    assert_eq!(ask(&server, DAY, -30, 0).status, 200);
    assert_refused(&ask(&server, DAY, -1, 0), 0);
    assert_eq!(server.count_events(), 3);

    // A credit line: the minimum may be negative. Without a minimum nothing is refused.
    assert_eq!(ask(&server, DAY, -50, -50).status, 200);
    assert_refused(&ask(&server, DAY, -1, -50), -50);
    server.award(13, DAY, -1);
    assert_eq!(server.score(13), -51);
}

#[test]
fn a_minimum_binds_awards_too_and_may_be_any_integer() {
    let server = Server::start();
    assert_refused(&ask(&server, DAY, 10, 11), 0);
    assert_refused(&ask(&server, DAY, 2_147_483_647, i64::MAX), 0);
    assert_eq!(ask(&server, DAY, 10, 10).status, 200);
    assert_eq!(ask(&server, DAY, -2_147_483_648, i64::MIN).status, 200);
    assert_refused(&ask(&server, DAY, 0, 0), 10 - 2_147_483_648);

    let with_null = json!({"user_id": 14, "date": DAY, "points": -5, "minimum_score": null});
    assert_eq!(server.post(EVENTS, &with_null).status, 200, "null is no minimum");
}

#[test]
fn deductions_dated_in_the_future_are_spent_already() {
    let server = Server::start();
    server.award(13, DAY, 100);
    assert_eq!(ask(&server, &future(), -60, 0).status, 200);
    assert_eq!(server.score(13), 100, "the overall score is today's");
    assert_refused(&ask(&server, DAY, -41, 0), 40);
    assert_refused(&ask(&server, &future(), -41, 0), 40);
    assert_eq!(ask(&server, DAY, -40, 0).status, 200);
    assert_eq!(server.score(13), 60);
}

#[test]
fn awards_dated_in_the_future_can_not_be_spent_yet() {
    let server = Server::start();
    server.award(13, &future(), 1000);
    assert_refused(&ask(&server, DAY, -1, 0), 0);
    assert_refused(&ask(&server, &future(), -1, 0), 0);
    assert_refused(&ask(&server, &future(), 500, 1), 0);
    assert_eq!(ask(&server, &future(), 500, 0).status, 200);
    assert_refused(&ask(&server, DAY, -1, 0), 0);
}

#[test]
fn a_redemption_taken_back_can_be_spent_again() {
    let server = Server::start();
    server.award(13, DAY, 100);
    let spent = ask(&server, DAY, -100, 0).json();
    assert_refused(&ask(&server, DAY, -100, 0), 0);
    assert_eq!(server.put(EVENTS, &json!({"id": spent["id"], "points": -40})).status, 200);
    assert_refused(&ask(&server, DAY, -100, 0), 60);
    assert_eq!(server.delete(&format!("{EVENTS}/{}", spent["id"])).status, 200);
    assert_eq!(ask(&server, DAY, -100, 0).status, 200);
    // Each user spends their own points only.
    server.award(14, DAY, 500);
    assert_refused(&ask(&server, DAY, -1, 0), 0);
}

/// Sends the same request `count` times at once.
fn at_once(count: usize, send: impl Fn(usize) -> Reply + Sync) -> Vec<Reply> {
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..count)
            .map(|client| {
                let (start, send) = (&start, &send);
                scope.spawn(move || {
                    start.wait();
                    send(client)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a reply")).collect()
    })
}

#[test]
fn of_two_hundred_redemptions_at_once_the_balance_allows_one() {
    let server = Server::start();
    server.award(13, DAY, 100);
    let replies = at_once(200, |client| {
        let json =
            json!({"user_id": 13, "date": DAY, "points": -100, "minimum_score": 0, "description": client.to_string()});
        server.post(EVENTS, &json)
    });
    let (stored, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((stored.len(), refused.len()), (1, 199));
    refused.iter().for_each(|reply| assert_refused(reply, 0));
    assert_eq!(server.score(13), 0);
    assert_eq!(server.count_events(), 2);
}

/// A POST of `body` by `user` under `key`.
fn keyed_by(server: &Server, user: &str, key: &str, body: &Value) -> Reply {
    let request = server.anonymous("POST", EVENTS).header("API-Key", KEY).header("API-Username", user);
    request.header("Idempotency-Key", key).json(body).send()
}

fn keyed(server: &Server, key: &str, body: &Value) -> Reply {
    keyed_by(server, "system", key, body)
}

#[track_caller]
fn assert_new(reply: &Reply) {
    assert_eq!((reply.status, reply.header(REPLAYED)), (200, None), "{reply:?}");
}

#[track_caller]
fn assert_replay(reply: &Reply, first: &Reply) {
    assert_eq!(reply.header(REPLAYED), Some("true"), "{reply:?}");
    assert_eq!((reply.status, &reply.body), (first.status, &first.body));
    reply.assert_api_reply();
}

#[track_caller]
fn assert_reused(reply: &Reply) {
    let sentence = "This Idempotency-Key was used before with other parameters.";
    reply.assert_error(422, "idempotency_key_reused", sentence);
    assert_eq!(reply.header(REPLAYED), None);
}

#[test]
fn a_retry_gets_the_first_answer_and_stores_nothing() {
    let server = Server::start();
    let body = json!({"user_id": 13, "date": DAY, "points": 15, "description": "Karaoke night"});
    let first = keyed(&server, "order-1", &body);
    assert_new(&first);
    assert_replay(&keyed(&server, "order-1", &body), &first);
    // What became of the event meanwhile makes no difference.
    assert_eq!(server.put(EVENTS, &json!({"id": first.json()["id"], "points": 99})).status, 200);
    assert_replay(&keyed(&server, "order-1", &body), &first);
    assert_eq!(server.delete(&format!("{EVENTS}/{}", first.json()["id"])).status, 200);
    assert_replay(&keyed(&server, "order-1", &body), &first);
    assert_eq!(server.count_events(), 0);

    assert_new(&keyed(&server, "order-2", &body));
    assert_eq!(server.post(EVENTS, &body).header(REPLAYED), None);
    assert_eq!(server.score(13), 30);
}

#[test]
fn the_same_parameters_are_the_same_however_they_are_written() {
    let server = Server::start();
    let first = keyed(&server, "k", &json!({"user_id": 13, "date": DAY, "points": 15, "description": null}));
    assert_new(&first);
    let strings = json!({"user_id": "13", "points": "15", "date": DAY, "colour": "unknown parameters are ignored"});
    assert_replay(&keyed(&server, "k", &strings), &first);
    let form = format!("points=15&date={DAY}&user_id=13");
    let request = server.request("POST", &format!("{EVENTS}.json")).header("idempotency-key", "k");
    assert_replay(&request.form(&form).send(), &first);
    let in_query = server.request("POST", &format!("{EVENTS}?{form}")).header("Idempotency-Key", "k");
    assert_replay(&in_query.send(), &first);
    assert_eq!(server.count_events(), 1);
}

#[test]
fn a_key_used_with_other_parameters_is_refused() {
    let server = Server::start();
    server.award(13, DAY, 100);
    let body = json!({"user_id": 13, "date": DAY, "points": -15, "description": "Mug", "minimum_score": 0});
    let first = keyed(&server, "k", &body);
    assert_new(&first);
    for (name, value) in [
        ("user_id", json!(14)),
        ("date", json!("2023-04-15")),
        ("points", json!(-16)),
        ("description", json!("mug")),
        ("description", json!("")),
        ("description", json!(null)),
        ("minimum_score", json!(1)),
        ("minimum_score", json!(null)),
    ] {
        let mut other = body.clone();
        other[name] = value;
        assert_reused(&keyed(&server, "k", &other));
    }
    assert_replay(&keyed(&server, "k", &body), &first);
    assert_eq!(server.count_events(), 2);
}

#[test]
fn a_key_belongs_to_the_user_who_acts() {
    let server = Server::start();
    let (one, other) =
        (json!({"user_id": 13, "date": DAY, "points": 1}), json!({"user_id": 13, "date": DAY, "points": 2}));
    let first = keyed_by(&server, "Alice", "k", &one);
    assert_new(&first);
    assert_new(&keyed_by(&server, "Bob", "k", &other));
    assert_replay(&keyed_by(&server, "aLICE", "k", &one), &first);
    assert_reused(&keyed_by(&server, "alice", "k", &other));
    // The letters of the key itself do count.
    assert_new(&keyed_by(&server, "Alice", "K", &other));
    assert_eq!(server.score(13), 5);
}

#[test]
fn a_refused_redemption_stays_refused() {
    let server = Server::start();
    server.award(13, DAY, 30);
    let redeem = json!({"user_id": 13, "date": DAY, "points": -100, "minimum_score": 0});
    let refusal = keyed(&server, "mug", &redeem);
    assert_refused(&refusal, 30);
    assert_eq!(refusal.header(REPLAYED), None);
    server.award(13, DAY, 500);
    assert_replay(&keyed(&server, "mug", &redeem), &refusal);
    assert_eq!(server.score(13), 530);
    assert_new(&keyed(&server, "another-mug", &redeem));
}

#[test]
fn faulty_and_unauthorised_requests_use_no_key_up() {
    let server = Server::start();
    let body = json!({"user_id": 13, "date": DAY, "points": 15});
    for faulty in [json!({"user_id": 13, "date": DAY}), json!({"user_id": 13, "date": "2023-02-30", "points": 15})] {
        assert_eq!(keyed(&server, "k", &faulty).status, 400);
    }
    let no_key = server.anonymous("POST", EVENTS).header("Idempotency-Key", "k").json(&body).send();
    let wrong = server.anonymous("POST", EVENTS).header("API-Key", "wrong").header("API-Username", "system");
    let wrong = wrong.header("Idempotency-Key", "k").json(&body).send();
    let args = ["--database", "scores.db", "keys", "create", "--read-only"];
    let read_only = run(server.folder().path(), &args).stdout;
    let read_only = server.anonymous("POST", EVENTS).header("API-Key", read_only.trim());
    let read_only = read_only.header("API-Username", "system").header("Idempotency-Key", "k").json(&body).send();
    for reply in [no_key, wrong, read_only] {
        assert_eq!(reply.status, 403, "{reply:?}");
    }
    assert_new(&keyed(&server, "k", &body));
    assert_reused(&keyed(&server, "k", &json!({"user_id": 13, "date": DAY, "points": 16})));
}

#[test]
fn requests_at_once_under_one_key_store_once() {
    let server = Server::start();
    let replies = at_once(32, |_| keyed(&server, "k", &json!({"user_id": 13, "date": DAY, "points": 15})));
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body), "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| reply.header(REPLAYED).is_none()).count(), 1);
    assert_eq!(server.score(13), 15);
}

#[test]
fn answers_are_remembered_over_a_restart() {
    let server = Server::start();
    let (award, redeem) = (
        json!({"user_id": 13, "date": DAY, "points": 15}),
        json!({"user_id": 13, "date": DAY, "points": -100, "minimum_score": 0}),
    );
    let (stored, refused) = (keyed(&server, "award", &award), keyed(&server, "redeem", &redeem));
    assert_eq!((stored.status, refused.status), (200, 422));
    let server = Setup::in_folder(server.kill()).start();
    server.award(13, DAY, 1000);
    let server = Setup::in_folder(server.stop()).start();
    assert_replay(&keyed(&server, "award", &award), &stored);
    assert_replay(&keyed(&server, "redeem", &redeem), &refused);
    assert_reused(&keyed(&server, "award", &redeem));
    assert_eq!(server.score(13), 1015);
}

#[test]
fn after_seven_days_a_key_is_new() {
    let server = Server::start();
    let body = json!({"user_id": 13, "date": DAY, "points": 15});
    let first = keyed(&server, "k", &body);
    let age = |by_ms: i64| {
        let aged = server.sql().execute("UPDATE idempotency_keys SET created_at = created_at - ?1", [by_ms]);
        assert_eq!(aged.expect("the keys are aged"), 1);
    };
    let (day_ms, hour_ms) = (86_400_000, 3_600_000);
    age(7 * day_ms - hour_ms);
    assert_replay(&keyed(&server, "k", &body), &first);
    age(hour_ms + 1000);
    let second = keyed(&server, "k", &body);
    assert_new(&second);
    assert_replay(&keyed(&server, "k", &body), &second);
    age(8 * day_ms);
    assert_new(&keyed(&server, "k", &json!({"user_id": 13, "date": DAY, "points": 16})));
    assert_eq!(server.score(13), 46);
}

#[test]
fn a_key_is_1_to_255_visible_characters() {
    let server = Server::start();
    let body = json!({"user_id": 13, "date": DAY, "points": 15});
    for good in ["k".to_owned(), "k".repeat(255), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".to_owned()] {
        let first = keyed(&server, &good, &body);
        assert_new(&first);
        assert_replay(&keyed(&server, &good, &body), &first);
    }
    for bad in ["".to_owned(), "k".repeat(256), "two words".to_owned(), "tab\tbed".to_owned()] {
        let sentence = "You supplied invalid parameters to the request: Idempotency-Key";
        keyed(&server, &bad, &body).assert_error(400, "invalid_parameters", sentence);
    }
    let body = body.to_string();
    let request = format!(
        "POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\
         Idempotency-Key: schlüssel\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = server.raw(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("invalid parameters to the request: Idempotency-Key"), "{answer}");
    assert_eq!(server.count_events(), 3);
}

/// However the two timers stand to each other: one of them may always be the first.
#[test]
fn answers_are_not_kept_for_ever() {
    for (today_every, recent_every) in [("200ms", "24h"), ("24h", "200ms")] {
        let server = Setup::new()
            .env("SCOREKEEPER_TODAY_EVERY", today_every)
            .env("SCOREKEEPER_RECENT_EVERY", recent_every)
            .start();
        let award = json!({"user_id": 13, "date": DAY, "points": 15});
        for key in ["old", "new"] {
            let reply = server.request("POST", EVENTS).header("Idempotency-Key", key).json(&award).send();
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        let sql = server.sql();
        let aged = "UPDATE idempotency_keys SET created_at = created_at - 691200000 WHERE key = 'old'";
        assert_eq!(sql.execute(aged, []), Ok(1));
        let kept =
            || sql.query_row("SELECT group_concat(key) FROM idempotency_keys", [], |row| row.get::<_, String>(0));
        wait_for("the old answer to go", || (kept().expect("a list of keys") == "new").then_some(()));
    }
}
