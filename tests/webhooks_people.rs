//! Promise: the directory follows the forum's users: names, pictures, suspension. Numbers are the truth, and a name that
//! can't be taken harms nothing else.

use serde_json::{Value, json};

use crate::support::forum::{INSTANCE, SECRET, connected, delivery, tell, user, with};
use crate::support::{Server, wait_for};

/// The username, the full name, and whether the user is suspended; null: the directory has no such user.
fn known(server: &Server, id: i64) -> Value {
    let reply = server.get(&format!("/admin/users/{id}"));
    if reply.status == 404 {
        return Value::Null;
    }
    let user = reply.json();
    json!([user["username"], user["name"], user["suspended"]])
}

#[test]
fn names_pictures_and_suspension_follow_the_forum() {
    let server = connected();
    tell(&server, "user_created", &user(13, "ann", "Ann Example"));
    assert_eq!(known(&server, 13), json!(["ann", "Ann Example", false]));
    let template = server.get("/admin/users/13").json()["avatar_template"].clone();
    assert_eq!(template, format!("{INSTANCE}/user_avatar/club.example/ann/{{size}}/7_2.png"));
    tell(&server, "user_updated", &user(13, "anna", "Anna Example"));
    assert_eq!(known(&server, 13), json!(["anna", "Anna Example", false]));
    tell(&server, "user_updated", &with(user(13, "anna", ""), "user", &json!({"name": null})));
    assert_eq!(known(&server, 13), json!(["anna", null, false]));
    for (event, suspended) in [
        ("user_suspended", true),
        ("user_updated", true),
        ("user_unsuspended", false),
        ("user_approved", false),
        ("user_destroyed", true),
    ] {
        tell(&server, event, &user(13, "anna", "Anna"));
        assert_eq!(known(&server, 13), json!(["anna", "Anna", suspended]), "{event}");
    }
    // One of whom nothing was known.
    tell(&server, "user_destroyed", &user(14, "bob", "Bob"));
    assert_eq!(known(&server, 14), json!(["bob", "Bob", true]));
    tell(&server, "user_created", &with(user(1, "system", ""), "user", &json!({"id": -1})));
    assert_eq!(server.get("/admin/users").json()["users"].as_array().map(Vec::len), Some(2));
}

#[test]
fn who_is_suspended_leaves_the_leaderboard() {
    let server = connected();
    server.award(13, "2026-03-05", 5);
    let users = || server.get("/leaderboard/1").json()["users"].as_array().map(Vec::len);
    wait_for("the user", || (users() == Some(1)).then_some(()));
    tell(&server, "user_suspended", &user(13, "ann", "Ann"));
    wait_for("an empty board", || (users() == Some(0)).then_some(()));
    tell(&server, "user_unsuspended", &user(13, "ann", "Ann"));
    wait_for("the user", || (users() == Some(1)).then_some(()));
}

#[test]
fn a_name_that_a_stale_user_holds_is_freed() {
    let server = connected();
    tell(&server, "user_created", &user(13, "ann", "Ann"));
    tell(&server, "user_created", &user(14, "bob", "Bob"));
    // The forum has renamed 13, which was not told, and then 14 took the name, which is written otherwise.
    let said = tell(&server, "user_updated", &user(14, "Ann", "Bob"));
    assert_eq!(said, "user 14: in step, and user 13 gave up the name");
    assert_eq!(known(&server, 14), json!(["Ann", "Bob", false]));
    assert_eq!(known(&server, 13), json!(["user-13", "Ann", false]));
    let audit = server.get("/admin/audit?kind=user").json();
    let by = |entry: &Value| (entry["by"].as_str() == Some("discourse")) && entry["key"].is_null();
    assert!(audit["entries"].as_array().is_some_and(|all| all.len() == 4 && all.iter().all(by)), "{audit}");
    tell(&server, "user_updated", &user(13, "ann2", "Ann"));
    assert_eq!(known(&server, 13), json!(["ann2", "Ann", false]));
}

#[test]
fn a_name_or_picture_that_can_not_be_taken_harms_nothing_else() {
    let server = connected();
    tell(&server, "user_created", &user(13, "ann", "Ann"));
    // The name is kept for user 15, and so is what stands for users without a name.
    let said = tell(&server, "user_updated", &user(13, "user-15", "Anna"));
    assert_eq!(said, "user 13: in step but for the name, which can't be taken");
    assert_eq!(known(&server, 13), json!(["ann", "Anna", false]));
    for name in ["a\u{202e}b", "", &"x".repeat(61)] {
        tell(&server, "user_suspended", &user(13, name, "Anna"));
        assert_eq!(known(&server, 13), json!(["ann", "Anna", true]), "{name:?}");
        tell(&server, "user_unsuspended", &user(13, name, &"n".repeat(256)));
        assert_eq!(known(&server, 13), json!(["ann", "Anna", false]), "{name:?}");
    }
    // Whose names are forgotten is released all the same.
    tell(&server, "user_suspended", &user(13, "ann", "Anna"));
    server.delete("/admin/users/13");
    for name in ["user-15", "\u{200b}"] {
        let said = tell(&server, "user_suspended", &user(13, name, "Anna"));
        assert!(said.contains("user 13: ignored"), "{said}");
    }
    let said = tell(&server, "user_unsuspended", &user(13, "user-15", "Anna"));
    assert_eq!(said, "user 13: suspended no longer; the rest is ignored, since the name can't be taken");
    assert_eq!(known(&server, 13), Value::Null);
    tell(&server, "user_updated", &user(13, "ann", "Anna"));
    assert_eq!(known(&server, 13), json!(["ann", "Anna", false]));
    // Nobody can be shown without a name.
    let said = tell(&server, "user_created", &user(14, "USER-15", "Bob"));
    assert_eq!(said, "user 14: ignored, the name can't be taken");
    let said = tell(&server, "user_created", &user(14, "\u{200b}", "Bob"));
    assert!(said.contains("user 14: ignored"), "{said}");
    assert_eq!(known(&server, 14), Value::Null);
    let odd = json!({"avatar_template": "javascript:alert(1)"});
    tell(&server, "user_updated", &with(user(13, "ann", "Ann"), "user", &odd));
    let picture = server.get("/admin/users/13").json()["avatar_template"].clone();
    assert!(picture.as_str().is_some_and(|picture| picture.starts_with(INSTANCE)), "{picture}");
}

#[test]
fn a_path_to_a_picture_is_of_no_use_without_the_forums_address() {
    let server = connected();
    let body = user(13, "ann", "Ann").to_string();
    let signed = crate::support::forum::signature(SECRET, body.as_bytes());
    let request = server.anonymous("POST", crate::support::forum::HOOK).header("X-Discourse-Event", "user_created");
    let reply = request.header("X-Discourse-Event-Signature", &signed).bytes(body).send();
    assert_eq!(reply.status, 200, "{reply:?}");
    let picture = server.get("/admin/users/13").json()["avatar_template"].clone();
    assert!(picture.as_str().is_some_and(|picture| picture.starts_with("/avatars/")), "{picture}");
    // The same with it.
    let body = user(13, "ann", "Ann").to_string();
    assert_eq!(delivery(&server, SECRET, "user_updated", body.as_bytes()).send().status, 200);
    let picture = server.get("/admin/users/13").json()["avatar_template"].clone();
    assert!(picture.as_str().is_some_and(|picture| picture.starts_with(INSTANCE)), "{picture}");
}
