//! The promise: a user may be named by username where a request takes a number.

use serde_json::{Value, json};

use crate::leaderboards::set_user;
use crate::score_events::{pages, six_events};
use crate::support::{EVENTS, Reply, Server};

const UNKNOWN: &str = "Nobody in the directory has this username.";
const ANOTHERS: &str = "You supplied invalid parameters to the request: username";

/// A server that knows Ann as 13 and Bob as 14.
fn ann_and_bob() -> Server {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann"}));
    set_user(&server, 14, &json!({"username": "Bob"}));
    server
}

/// POST of an event with these members besides its day and points.
fn post(server: &Server, who: &Value) -> Reply {
    let mut event = json!({"date": "2023-04-14", "points": 1});
    for (name, value) in who.as_object().expect("an object") {
        event[name] = value.clone();
    }
    server.post(EVENTS, &event)
}

#[test]
fn an_event_is_stored_for_whom_a_username_names() {
    let server = ann_and_bob();
    for (who, user_id) in [
        (json!({"username": "ann"}), 13),
        (json!({"username": "ANN"}), 13),
        (json!({"username": " bob "}), 14),
        (json!({"username": "bob", "user_id": null}), 14),
        (json!({"username": "user-77"}), 77),
        (json!({"username": "USER-77"}), 77),
        (json!({"username": " User-2147483647 "}), 2147483647),
        (json!({"username": "User-13", "user_id": 13}), 13),
        (json!({"username": "ann", "user_id": 13}), 13),
        (json!({"username": "nobody", "user_id": 14}), 14),
        (json!({"username": null, "user_id": 14}), 14),
    ] {
        let reply = post(&server, &who);
        assert_eq!((reply.status, reply.json()["user_id"].as_i64()), (200, Some(user_id)), "{who}: {reply:?}");
    }
    let form = server.request("POST", EVENTS).form("username=ann&date=2023-04-14&points=1").send();
    assert_eq!(form.json()["user_id"], 13);
    set_user(&server, 15, &json!({"username": "1071"}));
    assert_eq!(post(&server, &json!({"username": 1071})).json()["user_id"], 15);
}

#[test]
fn a_username_that_is_nobodys_or_anothers_stores_nothing() {
    let server = ann_and_bob();
    // A number that is written in another way is nobody's.
    for name in ["nobody", "13", "user-0", "USER-0", "user-007", "User-007", "user-+7", "user--7", "user-2147483648"] {
        post(&server, &json!({"username": name})).assert_error(422, "unknown_user", UNKNOWN);
    }
    for who in [
        json!({"username": "ann", "user_id": 14}),
        json!({"username": "user-77", "user_id": 78}),
        json!({"username": "USER-77", "user_id": 78}),
        json!({"username": ""}),
        json!({"username": "x".repeat(61)}),
        json!({"username": ["ann"]}),
    ] {
        post(&server, &who).assert_error(400, "invalid_parameters", ANOTHERS);
    }
    // What is wrong otherwise is told of first.
    let missing = server.post(EVENTS, &json!({"username": "nobody", "points": 1}));
    missing.assert_error(400, "invalid_parameters", "param is missing or the value is empty: date");
    let wrong = post(&server, &json!({"username": "nobody", "points": "many"}));
    wrong.assert_error(400, "invalid_parameters", "You supplied invalid parameters to the request: points");
    let neither = post(&server, &json!({}));
    neither.assert_error(400, "invalid_parameters", "param is missing or the value is empty: user_id");
    assert_eq!(server.count_events(), 0);
}

#[test]
fn one_key_and_either_name_of_the_same_user_are_the_same_request() {
    let server = ann_and_bob();
    let keyed = |who: &str| {
        let form = format!("{who}&date=2023-04-14&points=1");
        server.request("POST", EVENTS).header("Idempotency-Key", "one").form(&form).send()
    };
    let first = keyed("username=ann");
    for who in ["user_id=13", "username=Ann", "user_id=13&username=ann"] {
        let again = keyed(who);
        assert_eq!((again.status, &again.body, again.header("Idempotent-Replayed")), (200, &first.body, Some("true")));
    }
    assert_eq!(keyed("username=bob").error_type(), "idempotency_key_reused");
}

#[test]
fn events_are_listed_of_whom_usernames_name() {
    let server = six_events();
    set_user(&server, 1, &json!({"username": "ann"}));
    set_user(&server, 2, &json!({"username": "bob"}));
    for (query, expected) in [
        ("username=ann", vec![1, 3, 5]),
        ("username=BOB", vec![2, 6]),
        ("username=user-3", vec![4]),
        ("username=User-3", vec![4]),
        ("username[]=bob&username[]=USER-3", vec![2, 4, 6]),
        ("username=ann&user_id=1", vec![1, 3, 5]),
        ("username=nobody&user_id=1", vec![1, 3, 5]),
        ("username=ann&user_id[]=1&user_id[]=2", vec![1, 2, 3, 5, 6]),
        ("username=ann&date=2023-05-01", vec![5]),
    ] {
        for limit in [1, 100] {
            let listed = pages(&server, &format!("{EVENTS}?{query}&limit={limit}")).concat();
            assert_eq!(listed, expected, "{query} by {limit}");
        }
    }
    let get = |query: &str| server.get(&format!("{EVENTS}?{query}"));
    get("username=nobody").assert_error(422, "unknown_user", UNKNOWN);
    get("username[]=ann&username[]=nobody").assert_error(422, "unknown_user", UNKNOWN);
    get("username=ann&user_id=2").assert_error(400, "invalid_parameters", ANOTHERS);
    get("username=").assert_error(400, "invalid_parameters", ANOTHERS);
}
