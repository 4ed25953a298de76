//! Promise: a batch of events is stored in order and whole, or nothing of it is, and the refusal says which event it is
//! about.

use serde_json::{Value, json};

use crate::leaderboards::set_user;
use crate::support::{EVENTS, KEY, Reply, Request, Server, run, wait_for};

const BATCH: &str = "/admin/plugins/gamification/score_events/batch";
const DAY: &str = "2023-04-14";

fn event(user_id: i64, points: i64) -> Value {
    json!({"user_id": user_id, "date": DAY, "points": points})
}

fn batch(events: &[Value]) -> Value {
    json!({ "events": events })
}

fn post(server: &Server, events: &[Value]) -> Reply {
    server.post(BATCH, &batch(events))
}

/// A good batch of 18 events of which the last is changed.
fn eighteen(last: Value) -> Value {
    let mut events: Vec<Value> = (1..=17).map(|user_id| event(user_id, 1)).collect();
    events.push(last);
    batch(&events)
}

#[track_caller]
fn assert_invalid(reply: &Reply, name: &str) {
    let sentence = format!("You supplied invalid parameters to the request: {name}");
    reply.assert_error(400, "invalid_parameters", &sentence);
    assert!(reply.json().get("extras").is_none(), "{reply:?}");
}

#[track_caller]
fn assert_missing(reply: &Reply, name: &str) {
    let sentence = format!("param is missing or the value is empty: {name}");
    reply.assert_error(400, "invalid_parameters", &sentence);
}

#[test]
fn a_batch_is_answered_with_its_events_in_order() {
    let server = Server::start();
    server.award(7, DAY, 1);
    let karaoke = json!({"user_id": "13", "date": DAY, "points": 15.0, "description": "Karaoke night", "more": [{}]});
    let later = json!({"user_id": 14, "date": "2999-01-01", "points": -3, "description": null});
    let reply = post(&server, &[karaoke, later, event(13, 5)]);
    reply.assert_api_reply();
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let fields = |index: usize| {
        let event = &body["events"][index];
        let keys: Vec<_> = event.as_object().expect("an event").keys().cloned().collect();
        assert_eq!(keys, ["created_at", "date", "description", "id", "points", "updated_at", "user_id"]);
        assert_eq!(server.get(&format!("{EVENTS}/{}", event["id"])).json(), *event);
        (event["id"].clone(), event["user_id"].clone(), event["points"].clone(), event["description"].clone())
    };
    assert_eq!(fields(0), (json!(2), json!(13), json!(15), json!("Karaoke night")));
    assert_eq!(fields(1), (json!(3), json!(14), json!(-3), json!(null)));
    assert_eq!(fields(2), (json!(4), json!(13), json!(5), json!(null)));
    let first = r#"{"events":[{"id":2,"user_id":13,"date":"2023-04-14","points":15,"description":"Karaoke night","created_at":""#;
    assert!(reply.body.starts_with(first), "{}", reply.body);
    assert_eq!((server.score(13), server.score(14)), (20, 0));
    assert_eq!(server.count_events(), 4);
    let history = server.get(&format!("{EVENTS}/4/history")).json();
    assert_eq!(
        (&history["revisions"][0]["action"], &history["revisions"][0]["by"]),
        (&json!("create"), &json!("system"))
    );
}

#[test]
fn the_paths_of_a_batch_are_those_of_the_events() {
    let server = Server::start();
    for path in [
        format!("{BATCH}.json"),
        format!("{BATCH}/"),
        "/admin/plugins/discourse-gamification/score_events/batch".to_owned(),
        "/admin/plugins/discourse-gamification/score_events/batch.json".to_owned(),
    ] {
        assert_eq!(server.post(&path, &batch(&[event(1, 1)])).status, 200, "{path}");
    }
    assert_eq!(server.get(BATCH).status, 404);
    assert_eq!(server.put(BATCH, &json!({})).status, 404);
}

#[test]
fn ids_go_on_after_those_that_were_deleted() {
    let server = Server::start();
    let last = server.award(1, DAY, 1)["id"].as_i64().expect("an id");
    assert_eq!(server.delete(&format!("{EVENTS}/{last}")).status, 200);
    let reply = post(&server, &[event(1, 1), event(1, 2)]).json();
    assert_eq!((&reply["events"][0]["id"], &reply["events"][1]["id"]), (&json!(last + 1), &json!(last + 2)));
    assert_eq!(server.award(1, DAY, 1)["id"], last + 3);
}

#[test]
fn a_fault_names_the_event_and_stores_nothing() {
    let server = Server::start();
    for (last, name) in [
        (json!({"user_id": 18, "date": "2023-02-30", "points": 1}), "events[17].date"),
        (json!({"user_id": 0, "date": DAY, "points": 1}), "events[17].user_id"),
        (json!({"user_id": 18, "date": DAY, "points": "many"}), "events[17].points"),
        (json!({"user_id": 18, "date": DAY, "points": 1, "description": {}}), "events[17].description"),
        (json!({"user_id": 18, "date": DAY, "points": 1, "minimum_score": 0.5}), "events[17].minimum_score"),
        (json!({"user_id": 18, "date": DAY, "points": 1, "username": ""}), "events[17].username"),
        (json!({"user_id": 18, "username": "user-19", "date": DAY, "points": 1}), "events[17].username"),
        (json!([18, DAY, 1]), "events[17]"),
        (json!("13"), "events[17]"),
        (json!(null), "events[17]"),
    ] {
        assert_invalid(&server.post(BATCH, &eighteen(last)), name);
    }
    for (last, name) in [
        (json!({"date": DAY, "points": 1}), "events[17].user_id"),
        (json!({"user_id": 18, "points": 1}), "events[17].date"),
        (json!({"user_id": 18, "date": DAY, "points": " "}), "events[17].points"),
        (json!({}), "events[17].user_id"),
    ] {
        assert_missing(&server.post(BATCH, &eighteen(last)), name);
    }
    // The first event with a fault is named, and its first fault.
    let two = [event(1, 1), json!({"user_id": 2, "points": 1}), json!({"date": "x"})];
    assert_missing(&post(&server, &two), "events[1].date");
    assert_eq!(server.count_events(), 0);
}

#[test]
fn a_batch_is_a_json_list_of_1_to_10_000_objects() {
    let server = Server::start();
    assert_missing(&server.post(BATCH, &json!({})), "events");
    assert_missing(&server.post(BATCH, &json!({"events": null})), "events");
    assert_missing(&server.post(BATCH, &json!({"events": []})), "events");
    for wrong in [json!({}), json!("1,2"), json!(1)] {
        assert_invalid(&server.post(BATCH, &json!({ "events": wrong })), "events");
    }
    assert_invalid(&post(&server, &vec![event(1, 1); 10_001]), "events");
    let form = "events[0][user_id]=1&events[0][date]=2023-04-14&events[0][points]=1";
    assert_invalid(&server.request("POST", BATCH).form(form).send(), "body");
    assert_invalid(&server.request("POST", BATCH).bytes("[1]").send(), "body");
    assert_invalid(&server.request("POST", BATCH).bytes(r#"{"events":[{}"#).send(), "body");
    assert_invalid(&server.request("POST", BATCH).header("Content-Type", "text/csv").bytes("{}").send(), "body");
    assert_eq!(server.count_events(), 0);
    // curl names a form as the type of whatever it sends.
    let body = format!("\u{feff}{}", batch(&[event(1, 1)]));
    assert_eq!(server.request("POST", BATCH).form(&body).send().status, 200);
    let all = post(&server, &vec![event(2, 1); 10_000]);
    assert_eq!((all.status, server.score(2)), (200, 10_000));
    assert_eq!(all.json()["events"].as_array().map(Vec::len), Some(10_000));
}

#[test]
fn a_batch_may_take_16_mib() {
    let server = Server::start();
    let filled = |bytes: usize| {
        let description = "d".repeat(10_000);
        let one = json!({"user_id": 1, "date": DAY, "points": 1, "description": description});
        let mut body = batch(&vec![one; 1_600]).to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        server.request("POST", BATCH).header("Content-Type", "application/json").bytes(body).send()
    };
    assert_eq!(filled(16 << 20).status, 200);
    assert_eq!(server.score(1), 1_600);
    let sentence = "The request body is too large: at most 16777216 bytes are taken.";
    filled((16 << 20) + 1).assert_error(413, "payload_too_large", sentence);
    let long = format!("{}{}", event(1, 1), " ".repeat(1 << 20));
    assert_eq!(server.request("POST", EVENTS).bytes(long).send().status, 413, "only a batch may be so long");
    assert_eq!(server.score(1), 1_600);
}

#[test]
fn each_minimum_sees_the_events_before_it() {
    let server = Server::start();
    server.award(13, DAY, 100);
    let spend = |user_id: i64, points: i64, minimum: i64| json!({"user_id": user_id, "date": DAY, "points": points, "minimum_score": minimum});
    let refused = post(&server, &[spend(13, -70, 0), spend(14, 5, 0), spend(13, -40, 0), spend(13, -1000, 0)]);
    refused.assert_error(422, "insufficient_points", "Not enough points: the spendable score is 30.");
    assert_eq!(refused.json()["extras"], json!({"index": 2, "score": 30}));
    assert_eq!((server.count_events(), server.score(13), server.score(14)), (1, 100, 0));
    // An event without a minimum counts for those after it; points for a day that is yet to come do not.
    let future = json!({"user_id": 13, "date": "2999-01-01", "points": 500});
    let refused = post(&server, &[event(13, -100), future.clone(), spend(13, -1, 0)]);
    assert_eq!(refused.json()["extras"], json!({"index": 2, "score": 0}));
    let stored = post(&server, &[event(13, 50), spend(13, -150, 0), spend(14, -5, -5), future]);
    assert_eq!((stored.status, server.score(13), server.score(14)), (200, 0, -5), "{stored:?}");
}

/// A POST of the batch under an idempotency key.
fn keyed(server: &Server, path: &str, key: &str, body: &Value) -> Reply {
    server.request("POST", path).header("Idempotency-Key", key).json(body).send()
}

#[test]
fn a_repeated_batch_gets_the_first_answer_again() {
    let server = Server::start();
    let body = batch(&[event(13, 1), json!({"user_id": 14, "date": DAY, "points": 2, "description": "two"})]);
    let first = keyed(&server, BATCH, "one", &body);
    assert_eq!((first.status, first.header("Idempotent-Replayed")), (200, None));
    server.award(15, DAY, 1);
    for path in [BATCH, "/admin/plugins/discourse-gamification/score_events/batch.json"] {
        let again = keyed(&server, path, "one", &body);
        assert_eq!((again.status, &again.body, again.header("Idempotent-Replayed")), (200, &first.body, Some("true")));
    }
    assert_eq!(server.count_events(), 3);
    let other = keyed(&server, BATCH, "one", &batch(&[event(13, 1)]));
    assert_eq!((other.status, other.error_type().as_str()), (422, "idempotency_key_reused"));
    let single = keyed(&server, EVENTS, "one", &event(13, 1));
    assert_eq!((single.status, single.error_type().as_str()), (422, "idempotency_key_reused"));
}

#[test]
fn a_refused_batch_stays_refused_under_its_key_and_a_wrong_one_does_not() {
    let server = Server::start();
    let spend = batch(&[event(14, 1), json!({"user_id": 13, "date": DAY, "points": -10, "minimum_score": 0})]);
    let first = keyed(&server, BATCH, "spend", &spend);
    assert_eq!((first.status, &first.json()["extras"]), (422, &json!({"index": 1, "score": 0})));
    server.award(13, DAY, 100);
    let again = keyed(&server, BATCH, "spend", &spend);
    assert_eq!((again.status, &again.body, again.header("Idempotent-Replayed")), (422, &first.body, Some("true")));
    assert_eq!(keyed(&server, BATCH, "wrong", &batch(&[json!({})])).status, 400);
    assert_eq!(keyed(&server, BATCH, "wrong", &batch(&[event(13, 1)])).status, 200);
    assert_invalid(&keyed(&server, BATCH, "with blank", &batch(&[event(13, 1)])), "Idempotency-Key");
}

#[test]
fn users_of_a_batch_may_be_named_by_username() {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann"}));
    set_user(&server, 14, &json!({"username": "Bob"}));
    let of = |who: Value| {
        let mut event = json!({"date": DAY, "points": 1});
        who.as_object().expect("an object").iter().for_each(|(name, value)| event[name] = value.clone());
        event
    };
    let stored = post(
        &server,
        &[
            of(json!({"username": "BOB"})),
            of(json!({"user_id": 15})),
            of(json!({"username": "nobody", "user_id": 16})),
            of(json!({"username": "User-77"})),
            of(json!({"username": "ann", "user_id": 13})),
        ],
    );
    let users: Vec<_> =
        stored.json()["events"].as_array().expect("events").iter().map(|event| event["user_id"].clone()).collect();
    assert_eq!(users, [14, 15, 16, 77, 13]);
    let refused = post(&server, &[of(json!({"username": "ann"})), of(json!({"username": "nobody"}))]);
    refused.assert_error(422, "unknown_user", "Nobody in the directory has this username.");
    assert_eq!(refused.json()["extras"], json!({"index": 1}));
    assert_invalid(&post(&server, &[of(json!({"username": "ann", "user_id": 14}))]), "events[0].username");
    assert_eq!(server.count_events(), 5);
}

#[test]
fn a_key_that_may_not_write_stores_no_batch() {
    let server = Server::start();
    let made = run(server.folder().path(), &["keys", "create", "--read-only", "--database", "scores.db"]);
    let send = |request: Request<'_>| request.json(&batch(&[event(13, 1)])).send();
    let read_only =
        server.anonymous("POST", BATCH).header("Api-Username", "system").header("Api-Key", made.stdout.trim());
    let refused = send(read_only);
    refused.assert_error(403, "invalid_access", "You are not permitted to view the requested resource.");
    assert_eq!(send(server.anonymous("POST", BATCH)).error_type(), "not_logged_in");
    let wrong = send(server.anonymous("POST", BATCH).header("Api-Key", "wrong").header("Api-Username", "system"));
    assert_eq!(wrong.error_type(), "invalid_access");
    assert_eq!(server.count_events(), 0);
    assert_eq!(send(server.anonymous("POST", BATCH).header("Api-Key", KEY).header("Api-Username", "x")).status, 200);
}

#[test]
fn a_batch_shows_on_the_leaderboard_and_agrees_with_a_rebuild() {
    let server = Server::start();
    let events: Vec<Value> = (0..2_000).map(|index| event(1 + index % 700, index % 7 - 2)).collect();
    assert_eq!(post(&server, &events).status, 200);
    let expected: i64 = (0..2_000).filter(|index| index % 700 == 9).map(|index| index % 7 - 2).sum();
    assert_eq!(server.score(10), expected);
    wait_for("the batch on the leaderboard", || {
        let board = server.get("/leaderboard/1?period=all_time&for_user_id=10").json();
        (board["personal"]["user"]["total_score"] == expected).then_some(())
    });
    let rebuilt = run(server.folder().path(), &["--backfill-from", "2023-01-01", "--database", "scores.db"]);
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    assert!(rebuilt.stdout.contains(" 0 "), "{}", rebuilt.stdout);
}
