//! Promise: a batch of users is put into the directory whole, or nothing of it is.

use serde_json::{Value, json};

use crate::leaderboards::set_user;
use crate::support::{Reply, Server};

const BATCH: &str = "/admin/users/batch";

fn post(server: &Server, users: Value) -> Reply {
    server.post(BATCH, &json!({ "users": users }))
}

/// The directory's users as `id username name suspended`.
fn directory(server: &Server) -> Vec<String> {
    let users = server.get("/admin/users").json()["users"].as_array().expect("users").clone();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |user: &Value| {
        format!("{} {} {} {}", user["id"], text(&user["username"]), text(&user["name"]), user["suspended"])
    };
    users.iter().map(line).collect()
}

#[test]
fn users_are_made_and_changed_at_once() {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann", "name": "Ann Example", "suspended": true}));
    server.award(14, "2023-04-14", 5);
    let reply = post(
        &server,
        json!([
            {"id": 14, "username": "bob", "name": "Bob", "avatar_template": "/pictures/{size}.png"},
            {"id": "13", "suspended": false},
            {"id": 15, "username": "carl", "name": null, "unknown": []},
        ]),
    );
    reply.assert_api_reply();
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#));
    assert_eq!(directory(&server), ["13 ann Ann Example false", "14 bob Bob false", "15 carl - false"]);
    assert_eq!(server.get("/admin/users/14").json()["avatar_template"], "/pictures/{size}.png");
    // The answer comes once the leaderboards show it.
    assert_eq!(server.get("/leaderboard/1").json()["users"][0]["username"], "bob");
}

#[test]
fn a_refused_user_is_named_and_nothing_is_stored() {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann"}));
    let before = directory(&server);
    let good = json!({"id": 14, "username": "bob"});
    let taken = post(&server, json!([good, {"id": 15, "username": "ANN"}]));
    taken.assert_error(422, "name_taken", "This name is taken.");
    assert_eq!(taken.json()["extras"], json!({"index": 1}));
    let twice = post(&server, json!([good, {"id": 13, "name": "Ann"}, {"id": 15, "username": "Bob"}]));
    assert_eq!((twice.error_type().as_str(), &twice.json()["extras"]["index"]), ("name_taken", &json!(2)));
    let reserved = post(&server, json!([good, {"id": 15, "username": "user-16"}]));
    assert_eq!((reserved.status, &reserved.json()["extras"]["index"]), (422, &json!(1)));
    for (wrong, sentence) in [
        (json!({"username": "carl"}), "param is missing or the value is empty: users[1].id"),
        (json!({"id": 15}), "param is missing or the value is empty: users[1].username"),
        (json!({"id": 15, "username": " "}), "param is missing or the value is empty: users[1].username"),
        (
            json!({"id": 15, "username": "a\u{200b}"}),
            "You supplied invalid parameters to the request: users[1].username",
        ),
        (json!({"id": 0, "username": "carl"}), "You supplied invalid parameters to the request: users[1].id"),
        (
            json!({"id": 15, "username": "c", "suspended": "x"}),
            "You supplied invalid parameters to the request: users[1].suspended",
        ),
        (json!(7), "You supplied invalid parameters to the request: users[1]"),
    ] {
        post(&server, json!([good, wrong])).assert_error(400, "invalid_parameters", sentence);
    }
    post(&server, json!([])).assert_error(400, "invalid_parameters", "param is missing or the value is empty: users");
    assert_eq!(directory(&server), before);
    assert_eq!(server.get("/leaderboard/1").json()["users"], json!([]));
}

#[test]
fn two_users_can_exchange_their_names_within_a_batch() {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann"}));
    set_user(&server, 14, &json!({"username": "bob"}));
    let swapped = post(&server, json!([{"id": 13, "username": "Bob"}, {"id": 14, "username": "Ann"}]));
    assert_eq!(swapped.status, 200, "{swapped:?}");
    assert_eq!(directory(&server), ["13 Bob - false", "14 Ann - false"]);
    // A name that its owner gives up further down is free too; of one who keeps it, it is not.
    let chain = post(&server, json!([{"id": 15, "username": "bob"}, {"id": 13, "username": "carl"}]));
    assert_eq!(chain.status, 200, "{chain:?}");
    let refused = post(&server, json!([{"id": 16, "username": "ann"}, {"id": 14, "username": "Ann", "name": "A"}]));
    assert_eq!((refused.status, &refused.json()["extras"]), (422, &json!({"index": 0})));
    assert_eq!(directory(&server), ["13 carl - false", "14 Ann - false", "15 bob - false"]);
    for (name, id) in [("carl", 13), ("ann", 14), ("bob", 15)] {
        let awarded =
            server.post(crate::support::EVENTS, &json!({"username": name, "date": "2023-04-14", "points": 1}));
        assert_eq!(awarded.json()["user_id"], id, "{name}");
    }
}

#[test]
fn a_user_twice_in_a_batch_is_what_the_last_change_says() {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann", "name": "Ann"}));
    let reply = post(
        &server,
        json!([{"id": 13, "username": "x"}, {"id": 13, "suspended": true}, {"id": 13, "username": "ann"}]),
    );
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(directory(&server), ["13 ann Ann true"]);
}

#[test]
fn who_was_forgotten_is_released_among_others_once() {
    let server = Server::start();
    let release = json!({"id": 13, "suspended": false});
    set_user(&server, 13, &json!({"username": "ann", "suspended": true}));
    server.delete("/admin/users/13");
    let refused = post(&server, json!([release, {"id": 14, "username": "bob"}, release]));
    let sentence = "param is missing or the value is empty: users[2].username";
    refused.assert_error(400, "invalid_parameters", sentence);
    assert_eq!(post(&server, json!([release, {"id": 14, "username": "bob"}])).status, 200);
    assert_eq!(directory(&server), ["14 bob - false"]);
    let entries = server.get("/admin/audit").json()["entries"].clone();
    assert_eq!((&entries[0]["action"], &entries[0]["after"]), (&json!("user.batch"), &json!("new: 14")));
    assert_eq!((&entries[1]["action"], &entries[1]["subject"]), (&json!("user.update"), &json!("user 13")));
    set_user(&server, 13, &json!({"username": "ann"}));
    assert_eq!(server.get("/admin/users/13").json()["suspended"], false);
}

#[test]
fn ten_thousand_users_are_a_batch_and_one_more_is_not() {
    let server = Server::start();
    let users = |count: usize| (1..=count).map(|id| json!({"id": id, "username": format!("u{id}")})).collect::<Value>();
    let sentence = "You supplied invalid parameters to the request: users";
    post(&server, users(10_001)).assert_error(400, "invalid_parameters", sentence);
    assert_eq!(post(&server, users(10_000)).status, 200);
    assert_eq!(server.get("/admin/users/10000").json()["username"], "u10000");
    assert_eq!(server.get("/admin/users/10001").status, 404);
}

#[test]
fn the_log_of_administration_tells_of_each_change_and_once_of_those_who_are_new() {
    let server = Server::start();
    set_user(&server, 13, &json!({"username": "ann"}));
    set_user(&server, 14, &json!({"username": "bob"}));
    let mut users = vec![json!({"id": 13, "username": "anna"}), json!({"id": 14, "username": "bob"})];
    users.extend((20..42).map(|id| json!({"id": id, "username": format!("u{id}")})));
    assert_eq!(post(&server, json!(users)).status, 200);
    assert_eq!(post(&server, json!([{"id": 50, "username": "x"}, {"id": 51, "username": "x"}])).status, 422);
    let entries = server.get("/admin/audit").json()["entries"].as_array().expect("entries").clone();
    let told: Vec<_> = entries.iter().map(|entry| (&entry["action"], &entry["subject"], &entry["after"])).collect();
    let new = "new: 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, and 2 more";
    assert_eq!(told[0], (&json!("user.batch"), &json!("users"), &json!(new)));
    assert_eq!((told[1].0, told[1].1), (&json!("user.update"), &json!("user 13")));
    assert_eq!((told[2].0, told[2].1, told.len()), (&json!("user.create"), &json!("user 14"), 4));
}
