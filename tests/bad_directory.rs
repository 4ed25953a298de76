//! The promise: on the routes of users, groups and merges, whatever is odd is answered with its documented 4xx, and nothing
//! odd is stored.

use serde_json::json;

use crate::bad_boards::{
    BLANKS, Before, NO_INTEGERS, NO_INTEGERS_TEXT, NO_LISTS, NO_TEXTS, NOT_FOUND, PAST_ID, assert_refused, invalid,
    missing, send,
};
use crate::support::Server;

#[test]
fn a_user_is_not_made_of_wrong_parameters() {
    let before = Before::new();
    let server = &before.server;
    let long = format!("\"{}\"", "é".repeat(61));
    let control = [r#""a\u0000b""#, r#""a\nb""#, r#""a\u007fb""#];
    for path in ["/admin/users/13", "/admin/users/14"] {
        let route = ("PUT", path);
        let good: &[(&str, &str)] = &[("username", r#""bob""#)];
        assert_refused(server, route, good, "username", &[NO_TEXTS, &control, &[&long]], &invalid("username"));
        let long = format!("\"{}\"", "é".repeat(256));
        assert_refused(server, route, good, "name", &[NO_TEXTS, &[&long]], &invalid("name"));
        let long = format!("\"/{}\"", "x".repeat(2000));
        let templates =
            [r#""a.png""#, r#""javascript:alert(1)""#, r#""ftp://x/y""#, r#""data:image/png,""#, r#""/a\nb""#];
        let values: &[&[&str]] = &[NO_TEXTS, &templates, &[&long]];
        assert_refused(server, route, good, "avatar_template", values, &invalid("avatar_template"));
        let no_flags = ["1", "0", r#""1""#, r#""yes""#, r#""""#, "[]", "{}"];
        assert_refused(server, route, good, "suspended", &[&no_flags], &invalid("suspended"));
        for form in ["username=%FF", "username=bob&name=%FF", "username=bob&avatar_template=%FF"] {
            let reply = server.request("PUT", path).form(form).send();
            assert_eq!((reply.status, reply.error_type().as_str()), (400, "invalid_parameters"), "{form}");
        }
    }
    // One who is new needs a username, and a blank one is none.
    for body in
        ["{}", r#"{"username":null}"#, r#"{"username":""}"#, r#"{"username":" ","name":"Bob"}"#, r#"{"name":"B"}"#]
    {
        let reply = send(server, "PUT", "/admin/users/14", body.to_owned());
        assert_eq!(reply.error(), missing("username"), "{body}: {reply:?}");
        reply.assert_error(400, "invalid_parameters", &missing("username"));
    }
    for (name, values) in [("limit", &["0", "101", "-1"][..]), ("after", &["-1"][..])] {
        for value in values.iter().chain(NO_INTEGERS_TEXT) {
            let reply = server.get(&format!("/admin/users?{name}={value}"));
            assert_eq!(reply.error(), invalid(name), "{name}={value}: {reply:?}");
            reply.assert_error(400, "invalid_parameters", &invalid(name));
        }
    }
    for value in ["%FF", &"x".repeat(256)] {
        let reply = server.get(&format!("/admin/users?filter={value}"));
        reply.assert_error(400, "invalid_parameters", &invalid("filter"));
    }
    before.assert_unchanged();
}

#[test]
fn a_group_is_not_made_of_wrong_parameters() {
    let before = Before::new();
    let server = &before.server;
    let long = format!("\"{}\"", "é".repeat(256));
    for path in ["/admin/groups/10", "/admin/groups/11"] {
        let good: &[(&str, &str)] = &[("name", r#""other""#)];
        assert_refused(server, ("PUT", path), good, "name", &[NO_TEXTS, &[&long]], &invalid("name"));
        assert_refused(server, ("PUT", path), good, "name", &[&BLANKS[1..]], &missing("name"));
        assert_refused(server, ("PUT", path), good, "user_ids", &[NO_LISTS], &invalid("user_ids"));
        for form in ["name=other&user_ids=x", "name=other&user_ids[]=0", "name=other&user_ids%5B%5D=%FF"] {
            let reply = server.request("PUT", path).form(form).send();
            reply.assert_error(400, "invalid_parameters", &invalid("user_ids"));
        }
    }
    for body in ["{}", r#"{"name":null}"#, r#"{"user_ids":[13]}"#] {
        let reply = send(server, "PUT", "/admin/groups/11", body.to_owned());
        assert_eq!(reply.error(), missing("name"), "{body}: {reply:?}");
        reply.assert_error(400, "invalid_parameters", &missing("name"));
    }
    before.assert_unchanged();
}

#[test]
fn nobody_is_merged_by_wrong_parameters() {
    let before = Before::new();
    let server = &before.server;
    let route = ("POST", "/admin/users/merge");
    let good: &[(&str, &str)] = &[("from_id", "13"), ("into_id", "14")];
    let numbers: Vec<&str> = NO_INTEGERS.iter().filter(|value| !BLANKS.contains(value)).copied().collect();
    for name in ["from_id", "into_id"] {
        assert_refused(server, route, good, name, &[&numbers, PAST_ID], &invalid(name));
        assert_refused(server, route, good, name, &[BLANKS], &missing(name));
    }
    for (body, sentence) in [
        ("{}", missing("from_id")),
        (r#"{"into_id":"x"}"#, missing("from_id")),
        (r#"{"from_id":"x"}"#, missing("into_id")),
        (r#"{"from_id":"x","into_id":"x"}"#, invalid("from_id")),
        ("7", invalid("body")),
    ] {
        send(server, route.0, route.1, body.to_owned()).assert_error(400, "invalid_parameters", &sentence);
    }
    for method in ["GET", "PUT", "DELETE"] {
        server.request(method, route.1).json(&json!({"from_id": 13, "into_id": 14})).send().assert_error(
            404,
            "not_found",
            NOT_FOUND,
        );
    }
    before.assert_unchanged();
}

#[test]
fn a_group_has_no_more_members_than_can_be_stored_at_once() {
    let server = Server::start();
    let put = |ids: std::ops::RangeInclusive<i64>| {
        let ids: Vec<i64> = ids.collect();
        server.put("/admin/groups/1", &json!({"name": "everyone", "user_ids": ids}))
    };
    let members = || server.get("/admin/groups").json()["groups"][0]["user_ids"].as_array().map(Vec::len);
    assert_eq!(put(1..=100_000).status, 200);
    assert_eq!(members(), Some(100_000));
    let refused = put(1..=100_001);
    refused.assert_error(400, "invalid_parameters", "You supplied invalid parameters to the request: user_ids");
    assert_eq!(members(), Some(100_000));
    // Who is in it already is not written again.
    assert_eq!(put(50_001..=100_000).status, 200);
    assert_eq!(members(), Some(50_000));
}
