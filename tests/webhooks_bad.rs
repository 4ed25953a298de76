//! Promise: only what is signed with the secret is read at all. Whatever else a body is, it gets its answer and changes nothing.

use serde_json::json;

use crate::pages_admin_forms::dump;
use crate::support::forum::{
    HOOK, SECRET, chat_message, connected, deliver, delivery, like, post, signature, solved, tell, topic, unsigned,
    user, with,
};
use crate::support::{Server, Setup};

const WRONG: &str = "You are not permitted to view the requested resource. The API username or key is invalid.";

#[test]
fn without_a_secret_nothing_is_there() {
    let server = Server::start();
    let body = post(123, 13).to_string();
    for request in [
        unsigned(&server, "post_created", body.as_bytes()),
        delivery(&server, SECRET, "post_created", body.as_bytes()),
        delivery(&server, "", "post_created", body.as_bytes()),
        delivery(&server, SECRET, "post_created", &vec![b' '; (1 << 20) + 1]),
    ] {
        request.send().assert_error(404, "not_found", "The requested URL or resource could not be found.");
    }
    assert_eq!(server.count_events(), 0);
}

#[test]
fn what_is_not_well_signed_is_refused_before_it_is_read() {
    let server = connected();
    let (body, before) = (post(123, 13).to_string(), dump(&server));
    let right = signature(SECRET, body.as_bytes());
    let mut other = right.clone().into_bytes();
    let last = other.len() - 1;
    other[last] = if other[last] == b'0' { b'1' } else { b'0' };
    let other = String::from_utf8(other).expect("ASCII");
    for wrong in [
        "",
        "sha256=",
        &right[..right.len() - 1],
        &format!("{right}0"),
        &right.replace("sha256=", "sha1="),
        &right["sha256=".len()..],
        &other,
        &signature("another secret", body.as_bytes()),
        &signature(SECRET, b"another body"),
        "sha256=zz",
    ] {
        let request = unsigned(&server, "post_created", body.as_bytes());
        request.header("X-Discourse-Event-Signature", wrong).send().assert_error(403, "invalid_access", WRONG);
    }
    unsigned(&server, "post_created", body.as_bytes()).send().assert_error(403, "invalid_access", WRONG);
    // What can't be read is not read either.
    for body in [&b"{"[..], b"", &[0xff; 10], "[".repeat(100_000).as_bytes()] {
        unsigned(&server, "post_created", body).send().assert_error(403, "invalid_access", WRONG);
    }
    // One byte less is another body.
    let cut = delivery(&server, SECRET, "post_created", &body.as_bytes()[..body.len() - 1]);
    assert_eq!(cut.send().status, 200);
    let request = unsigned(&server, "post_created", &body.as_bytes()[..body.len() - 1]);
    request.header("X-Discourse-Event-Signature", &right).send().assert_error(403, "invalid_access", WRONG);
    assert_eq!(dump(&server), before);
    // A wrong signature is no wrong key: neither is told to wait.
    for _ in 0..20 {
        assert_eq!(unsigned(&server, "post_created", body.as_bytes()).send().status, 403);
    }
    let wrong_key = server.anonymous("GET", "/admin/rules").header("Api-Key", "wrong").header("Api-Username", "ana");
    assert_eq!(wrong_key.send().status, 403);
    tell(&server, "post_created", &post(123, 13));
    assert_eq!(server.score(13), 2);
}

#[test]
fn well_signed_nonsense_is_passed_over_and_logged() {
    let server = connected();
    let before = dump(&server);
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let whole = post(123, 13).to_string();
    for body in [
        &b""[..],
        b"{",
        b"null",
        b"17",
        b"\"post\"",
        b"[]",
        b"[{\"post\":{}}]",
        b"post=1",
        b"payload=",
        b"payload=%FF",
        &[0xff, 0xfe],
        &whole.as_bytes()[..whole.len() / 2],
        deep.as_bytes(),
        b"{\"post\":{\"id\":1}} and more",
    ] {
        let reply = delivery(&server, SECRET, "post_created", body).send();
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#), "{body:?}");
        assert_eq!(reply.header("X-Scorekeeper-Outcome"), Some("ignored: its body is no JSON object"));
    }
    let reply = delivery(&server, SECRET, "", post(123, 13).to_string().as_bytes()).send();
    assert_eq!(reply.status, 200);
    assert_eq!(dump(&server), before);
    let log = server.log();
    assert!(log.contains("ignored: its body is no JSON object"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[test]
fn what_is_nested_deeply_in_a_part_that_nobody_needs_harms_nothing() {
    let server = connected();
    let deep = format!("{}1{}", "[{\"a\":".repeat(50_000), "}]".repeat(50_000));
    let body = post(123, 13).to_string().replacen("\"mentioned_users\":[]", &format!("\"mentioned_users\":{deep}"), 1);
    assert!(body.len() > 300_000);
    let reply = delivery(&server, SECRET, "post_created", body.as_bytes()).send();
    assert_eq!((reply.status, server.score(13)), (200, 2), "{reply:?}");
    let body = post(124, 13).to_string().replacen("\"user_id\":13", &format!("\"user_id\":{deep}"), 1);
    let reply = delivery(&server, SECRET, "post_created", body.as_bytes()).send();
    reply.assert_error(400, "invalid_parameters", "You supplied invalid parameters to the request: post.user_id");
}

#[test]
fn a_part_that_is_needed_and_malformed_is_named() {
    let server = connected();
    let before = dump(&server);
    let wrong = [
        ("post_created", post(1, 13), "post", "id", json!("x")),
        ("post_created", post(1, 13), "post", "id", json!(1.5)),
        ("post_created", post(1, 13), "post", "user_id", json!([13])),
        ("post_created", post(1, 13), "post", "user_id", json!(2_147_483_648_i64)),
        ("post_created", post(1, 13), "post", "user_id", json!(true)),
        ("post_created", post(1, 13), "post", "created_at", json!("yesterday")),
        ("post_created", post(1, 13), "post", "created_at", json!(17)),
        ("post_created", post(1, 13), "post", "updated_at", json!({})),
        ("post_created", post(1, 13), "post", "wiki", json!("true")),
        ("post_created", post(1, 13), "post", "hidden", json!(1)),
        ("post_created", post(1, 13), "post", "topic_archetype", json!(["private_message"])),
        ("post_created", post(1, 13), "post", "category_id", json!("four")),
        ("post_destroyed", post(1, 13), "post", "id", json!("1x")),
        ("topic_created", topic(1, 13), "topic", "created_by", json!(13)),
        ("topic_created", topic(1, 13), "topic.created_by", "id", json!("ann")),
        ("post_liked", like(1, 13, 8), "like", "post", json!("1")),
        ("post_liked", like(1, 13, 8), "like.post", "user_id", json!(1e10)),
        ("post_liked", like(1, 13, 8), "like.user", "id", json!("eight")),
        ("accepted_solution", solved(1, 13), "solved", "user_id", json!("13.5")),
        ("chat_message_created", chat_message(1, 13), "chat_message", "message", json!([])),
        ("chat_message_created", chat_message(1, 13), "chat_message.message.user", "id", json!("me")),
        ("chat_message_created", chat_message(1, 13), "chat_message.channel", "chatable_type", json!(3)),
        ("user_created", user(13, "ann", "Ann"), "user", "id", json!("ann")),
        ("user_created", user(13, "ann", "Ann"), "user", "username", json!(13)),
        ("user_updated", user(13, "ann", "Ann"), "user", "name", json!({})),
    ];
    for (event, body, part, name, value) in wrong {
        let reply = deliver(&server, event, &with(body, part, &json!({name: value})));
        let sentence = format!("You supplied invalid parameters to the request: {part}.{name}");
        reply.assert_error(400, "invalid_parameters", &sentence);
    }
    let missing = [
        ("post_created", json!({}), "post"),
        ("post_created", json!({"post": null}), "post"),
        ("post_created", json!({"post": {}}), "post.id"),
        ("post_created", json!({"post": {"id": 1}}), "post.user_id"),
        ("post_created", with(post(1, 13), "post", &json!({"user_id": null})), "post.user_id"),
        ("post_destroyed", json!({"post": {"user_id": 13}}), "post.id"),
        ("topic_created", json!({"topic": {"id": 1}}), "topic.created_by"),
        ("post_liked", json!({"like": {"post": {"id": 1, "user_id": 13}}}), "like.user"),
        ("post_liked", json!({"like": {"post": {"id": 1}, "user": {"id": 8}}}), "like.post.user_id"),
        ("accepted_solution", json!({"post": {"id": 1}}), "solved"),
        ("chat_message_created", json!({"chat_message": {"message": {"id": 1}}}), "chat_message.message.user"),
        ("user_created", json!({"user": {"username": "ann"}}), "user.id"),
    ];
    for (event, body, name) in missing {
        let sentence = format!("param is missing or the value is empty: {name}");
        deliver(&server, event, &body).assert_error(400, "invalid_parameters", &sentence);
    }
    assert_eq!(dump(&server), before);
}

#[test]
fn a_body_may_be_a_mebibyte_and_no_more() {
    let server = connected();
    let body = post(123, 13).to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let reply = delivery(&server, SECRET, "post_created", padded((1 << 20) + 1).as_bytes()).send();
    assert_eq!((reply.status, reply.error_type().as_str()), (413, "payload_too_large"));
    assert_eq!(server.score(13), 0);
    assert_eq!(delivery(&server, SECRET, "post_created", padded(1 << 20).as_bytes()).send().status, 200);
    assert_eq!(server.score(13), 2);
    // Whoever does not sign hears that first.
    unsigned(&server, "post_created", &vec![b'x'; (1 << 20) + 1]).send().assert_error(403, "invalid_access", WRONG);
}

#[test]
fn a_form_is_signed_as_it_is_sent() {
    let server = connected();
    let encoded: String = post(123, 13).to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (name, body) in [("JSON", post(122, 13).to_string()), ("a form", format!("payload={encoded}"))] {
        let request = server.anonymous("POST", HOOK).header("X-Discourse-Event", "post_created");
        let signed = request.header("X-Discourse-Event-Signature", &signature(SECRET, body.as_bytes()));
        assert_eq!(signed.form(&body).send().status, 200, "{name}");
    }
    assert_eq!(server.score(13), 4);
    let request = server.anonymous("POST", HOOK).header("X-Discourse-Event", "post_created");
    let inner = signature(SECRET, post(123, 13).to_string().as_bytes());
    let reply = request.header("X-Discourse-Event-Signature", &inner).form(&format!("payload={encoded}")).send();
    reply.assert_error(403, "invalid_access", WRONG);
}

#[test]
fn other_methods_and_names_of_the_path_are_as_everywhere() {
    let setup = Setup::new().env("SCOREKEEPER_DISCOURSE_SECRET", SECRET);
    let server = setup.env("SCOREKEEPER_BASE_PATH", "/points").start();
    let body = post(123, 13).to_string();
    for (path, method, status) in [
        ("/webhooks/discourse.json", "POST", 200),
        ("/points/webhooks/discourse", "POST", 200),
        ("/webhooks/discourse", "GET", 404),
        ("/webhooks/discourse", "PUT", 404),
        ("/webhooks/other", "POST", 404),
        ("/webhooks/discourse/x", "POST", 404),
    ] {
        let request = server.anonymous(method, path).header("X-Discourse-Event", "post_created");
        let request = request.header("X-Discourse-Event-Signature", &signature(SECRET, body.as_bytes()));
        assert_eq!(request.bytes(body.clone()).send().status, status, "{method} {path}");
    }
    assert_eq!(server.score(13), 2);
}
