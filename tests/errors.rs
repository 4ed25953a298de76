//! The promise: every fault on every route is answered with its documented status, type and sentence, and stores nothing.
//!
//! Each test walks one row of the error table over all the routes that it applies to.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{self, EVENTS, KEY, RECALCULATE, Reply, Request, Server, Setup};

const LOG_IN: (u16, &str, &str) = (403, "not_logged_in", "You need to be logged in to do that.");
const INVALID_ACCESS: (u16, &str, &str) = (
    403,
    "invalid_access",
    "You are not permitted to view the requested resource. The API username or key is invalid.",
);
const READ_ONLY: (u16, &str, &str) = (403, "invalid_access", "You are not permitted to view the requested resource.");
const NOT_FOUND: (u16, &str, &str) = (404, "not_found", "The requested URL or resource could not be found.");
const TOO_LARGE: (u16, &str, &str) =
    (413, "payload_too_large", "The request body is too large: at most 1048576 bytes are taken.");
const INSUFFICIENT: (u16, &str, &str) = (422, "insufficient_points", "Not enough points: the spendable score is 15.");
const KEY_REUSED: (u16, &str, &str) =
    (422, "idempotency_key_reused", "This Idempotency-Key was used before with other parameters.");

/// A route that needs a key, with parameters that it would take.
struct Route {
    method: &'static str,
    path: String,
    writes: bool,
    body: Option<Value>,
}

/// All routes that need a key, on the event 1.
fn routes() -> Vec<Route> {
    let route = |method, path: &str, writes, body| Route { method, path: path.to_owned(), writes, body };
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    vec![
        route("GET", EVENTS, false, None),
        route("POST", EVENTS, true, Some(event)),
        route("PUT", EVENTS, true, Some(json!({"id": 1, "points": 99}))),
        route("GET", &format!("{EVENTS}/1"), false, None),
        route("GET", &format!("{EVENTS}/1/history"), false, None),
        route("DELETE", &format!("{EVENTS}/1"), true, None),
        route("GET", RECALCULATE, false, None),
        route("PUT", RECALCULATE, true, Some(json!({"from_date": "2023-04-01"}))),
    ]
}

impl Route {
    fn ask<'s>(&self, server: &'s Server, headers: &[(&str, &str)]) -> Request<'s> {
        let mut request = server.anonymous(self.method, &self.path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match &self.body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

/// All that the database holds of events, scores and recalculations.
pub fn stored(server: &Server) -> [i64; 6] {
    let sql = server.sql();
    let count = |query: &str| sql.query_row(query, [], |row| row.get(0)).expect("the schema is as documented");
    [
        count("SELECT count(*) FROM score_events"),
        count("SELECT coalesce(sum(points), 0) FROM score_events"),
        count("SELECT count(*) FROM event_revisions"),
        count("SELECT coalesce(sum(score), 0) FROM scores"),
        count("SELECT count(*) FROM recalculations"),
        count("SELECT count(*) FROM idempotency_keys"),
    ]
}

/// A server with one event of 15 points of user 13.
pub fn one_event(setup: Setup) -> Server {
    let server = setup.start();
    assert_eq!(server.award(13, "2023-04-14", 15)["id"], 1);
    server
}

#[track_caller]
fn assert_refused(reply: &Reply, what: &str, (status, error_type, sentence): (u16, &str, &str)) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    reply.assert_error(status, error_type, sentence);
    // Some refusals say more, for programs.
    if !matches!(error_type, "insufficient_points" | "rate_limit") && reply.json()["extras"]["scope"].is_null() {
        assert_eq!(reply.body, format!(r#"{{"errors":["{sentence}"],"error_type":"{error_type}"}}"#), "{what}");
    }
}

/// The members of an object as a query.
fn query(object: &Value) -> String {
    let pairs = object.as_object().into_iter().flatten().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// The same for a parameter that is named wrong.
#[track_caller]
fn assert_invalid(reply: &Reply, what: &str, name: &str) {
    let sentence = format!("You supplied invalid parameters to the request: {name}");
    assert_refused(reply, what, (400, "invalid_parameters", &sentence));
}

fn create_key(folder: &Path, args: &[&str]) -> String {
    let run = support::run(folder, &[&["keys", "create", "--database", "scores.db"], args].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout.trim().to_owned()
}

#[test]
fn no_key_means_logging_in() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    for route in routes() {
        let with_query = format!("{}?api_key={KEY}&api_username=system", route.path);
        for (what, request) in [
            ("no headers", route.ask(&server, &[])),
            ("a username alone", route.ask(&server, &[("API-Username", "system")])),
            ("an empty key", route.ask(&server, &[("API-Key", ""), ("API-Username", "system")])),
            ("a blank key", route.ask(&server, &[("API-Key", "  "), ("API-Username", "system")])),
            ("another scheme", route.ask(&server, &[("Authorization", &format!("Basic {KEY}"))])),
            ("the key in the query", server.anonymous(route.method, &with_query)),
        ] {
            assert_refused(&request.send(), &format!("{} {} with {what}", route.method, route.path), LOG_IN);
        }
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn a_key_that_is_not_good_is_refused() {
    let setup = Setup::new();
    let for_ada = create_key(setup.folder(), &["--username", "Ada"]);
    let expired = create_key(setup.folder(), &["--expires", "2020-01-01"]);
    let revoked = create_key(setup.folder(), &[]);
    let server = one_event(setup.env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", "0"));
    let revocation = support::run(server.folder().path(), &["keys", "revoke", "3", "--database", "scores.db"]);
    assert_eq!(revocation.code, Some(0), "{revocation:?}");

    let before = stored(&server);
    let too_long = "x".repeat(61);
    let callers: &[(&str, &[(&str, &str)])] = &[
        ("an unknown key", &[("API-Key", "wrong"), ("API-Username", "system")]),
        ("an unknown key without a username", &[("API-Key", "wrong")]),
        ("a revoked key", &[("API-Key", &revoked), ("API-Username", "system")]),
        ("an expired key", &[("API-Key", &expired), ("API-Username", "system")]),
        ("a username that the key is not for", &[("API-Key", &for_ada), ("API-Username", "system")]),
        ("an all-users key without a username", &[("API-Key", KEY)]),
        ("an all-users key with a blank username", &[("API-Key", KEY), ("API-Username", " ")]),
        ("a username that is too long", &[("API-Key", KEY), ("API-Username", &too_long)]),
        ("a username with a control character", &[("API-Key", KEY), ("API-Username", "a\tb")]),
    ];
    for route in routes() {
        for (what, headers) in callers {
            let reply = route.ask(&server, headers).send();
            assert_refused(&reply, &format!("{} {} with {what}", route.method, route.path), INVALID_ACCESS);
        }
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn a_read_only_key_reads_and_does_not_write() {
    let setup = Setup::new();
    let key = create_key(setup.folder(), &["--read-only"]);
    let server = one_event(setup);
    let before = stored(&server);
    for route in routes() {
        let reply = route.ask(&server, &[("API-Key", &key), ("API-Username", "system")]).send();
        match route.writes {
            true => assert_refused(&reply, &format!("{} {}", route.method, route.path), READ_ONLY),
            false => assert_eq!(reply.status, 200, "{} {}: {reply:?}", route.method, route.path),
        }
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn unknown_paths_methods_and_ids_are_not_found() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    let refused = |method: &str, path: &str| {
        for request in [server.request(method, path), server.anonymous(method, path)] {
            assert_refused(&request.send(), &format!("{method} {path}"), NOT_FOUND);
        }
    };
    for path in [
        "/nothing",
        "/admin/plugins/gamification/score_eventsx",
        "/admin/plugins/gamification/score_events.xml",
        "/admin/plugins/gamification/score_events.json.json",
        "/ADMIN/plugins/gamification/score_events",
        "/admin/plugins/gamification/score_events/1/nothing",
        "/admin/plugins/gamification/score_events/1/history/2",
        "/admin/plugins/gamification/recalculate",
        "/users/13/nothing",
        "/health/nothing",
        "/health/live/x",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            refused(method, path);
        }
    }
    for (path, known) in [
        (EVENTS, &["GET", "POST", "PUT"][..]),
        (&format!("{EVENTS}/1"), &["GET", "DELETE"]),
        (&format!("{EVENTS}/1/history"), &["GET"]),
        (RECALCULATE, &["GET", "PUT"]),
        ("/users/13/score", &["GET"]),
        ("/users/13/days", &["GET"]),
        ("/health/live", &["GET"]),
        ("/health/ready", &["GET"]),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "FROBNICATE"] {
            if !known.contains(&method) {
                refused(method, path);
            }
        }
    }
    const HUGE: &str = "99999999999999999999";
    for id in ["2", "0", "-1", "abc", "1abc", "1.5", "+1", "%201", "%FF", "9223372036854775807", HUGE] {
        for (method, path) in [("GET", ""), ("DELETE", ""), ("GET", "/history"), ("GET", ".json")] {
            let path = format!("{EVENTS}/{id}{path}");
            assert_refused(&server.request(method, &path).send(), &format!("{method} {path}"), NOT_FOUND);
        }
    }
    for id in ["2", "0", "-1", "9223372036854775807"] {
        let id: i64 = id.parse().expect("an id");
        let reply = server.put(EVENTS, &json!({"id": id, "points": 1}));
        assert_refused(&reply, &format!("PUT of id {id}"), NOT_FOUND);
    }
    for user_id in ["0", "-1", "2147483648", "abc", "1.5", "+1", "%FF", HUGE] {
        for path in ["score", "days"] {
            refused("GET", &format!("/users/{user_id}/{path}"));
        }
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn a_required_parameter_that_is_missing_is_named_the_first_of_them() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    let post = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    for (method, complete, required) in
        [("POST", post, &["user_id", "date", "points"][..]), ("PUT", json!({"id": 1, "points": 99}), &["id", "points"])]
    {
        for (index, name) in required.iter().enumerate() {
            for value in [None, Some(json!(null)), Some(json!("")), Some(json!(" \t\n"))] {
                // The named one and all after it are missing; those before it are wrong, which is said only later.
                let mut body = complete.clone();
                for later in &required[index..] {
                    body.as_object_mut().expect("an object").remove(*later);
                }
                if let Some(value) = &value {
                    body[*name] = value.clone();
                }
                for earlier in &required[..index] {
                    body[*earlier] = json!("wrong");
                }
                let sentence = format!("param is missing or the value is empty: {name}");
                let reply = server.request(method, EVENTS).json(&body).send();
                assert_refused(&reply, &format!("{method} {body}"), (400, "invalid_parameters", &sentence));
            }
        }
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn a_wrong_parameter_is_named_the_first_of_them() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    let good_post = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    for (method, path, good, wrong) in [
        ("POST", EVENTS, &good_post, json!({"minimum_score": "x", "description": [], "points": "x"})),
        ("POST", EVENTS, &good_post, json!({"points": "x", "date": "x", "user_id": "x"})),
        ("PUT", EVENTS, &json!({"id": 1, "points": 9}), json!({"description": [], "points": "x", "id": "x"})),
        ("PUT", RECALCULATE, &json!({}), json!({"from_date": "x"})),
        ("PUT", RECALCULATE, &json!({}), json!({"from_date": "9999-12-31"})),
        ("GET", EVENTS, &json!({}), json!({"date": "x", "id": "x"})),
        ("GET", EVENTS, &json!({}), json!({"user_id": "x"})),
        ("GET", EVENTS, &json!({}), json!({"to_date": "2023-02-30", "from_date": "2023-13-01"})),
        ("GET", EVENTS, &json!({}), json!({"order": "up"})),
        ("GET", EVENTS, &json!({}), json!({"limit": 101})),
        ("GET", EVENTS, &json!({}), json!({"after": -1})),
        ("GET", "/users/13/score", &json!({}), json!({"period": "hourly"})),
        ("GET", "/users/13/days", &json!({}), json!({"from_date": "x"})),
        ("GET", "/users/13/days", &json!({}), json!({"to_date": "x"})),
    ] {
        // In the documented order of parameters.
        const ORDER: [&str; 12] = [
            "id",
            "user_id",
            "date",
            "from_date",
            "to_date",
            "points",
            "description",
            "minimum_score",
            "period",
            "order",
            "limit",
            "after",
        ];
        let names: Vec<&str> = ORDER.into_iter().filter(|name| wrong.get(name).is_some()).collect();
        for (index, name) in names.iter().enumerate() {
            let mut body = good.clone();
            for name in &names[index..] {
                body[*name] = wrong[*name].clone();
            }
            let request = match method {
                // A GET takes its parameters from its query alone.
                "GET" => server.request(method, &format!("{path}?{}", query(&body))),
                _ => server.request(method, path).json(&body),
            };
            assert_invalid(&request.send(), &format!("{method} {path} {body}"), name);
        }
    }
    for key in ["", " ", "a b", "é", &"x".repeat(256)] {
        let reply = server.request("POST", EVENTS).header("Idempotency-Key", key).json(&good_post).send();
        assert_invalid(&reply, key, "Idempotency-Key");
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn a_body_that_cannot_be_read_is_named_or_too_large() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    let taking_a_body = || routes().into_iter().filter(|route| route.body.is_some());
    for route in taking_a_body() {
        let what = format!("{} {}", route.method, route.path);
        let ask = || server.request(route.method, &route.path);
        assert_invalid(&ask().header("Content-Type", "application/json").bytes("{").send(), &what, "body");
        assert_invalid(&ask().header("Content-Type", "text/plain").bytes("user_id=1").send(), &what, "body");
    }
    for route in taking_a_body().filter(|route| route.writes) {
        let what = format!("{} {}", route.method, route.path);
        let mut body = route.body.expect("a writing route has a body").to_string();
        body.push_str(&" ".repeat((1 << 20) + 1 - body.len()));
        let request = server.request(route.method, &route.path).header("Content-Type", "application/json");
        assert_refused(&request.bytes(body).send(), &what, TOO_LARGE);
    }
    assert_eq!(stored(&server), before);
}

#[test]
fn a_rule_that_refuses_says_which() {
    let server = one_event(Setup::new());
    let before = stored(&server);
    let redeem = json!({"user_id": 13, "date": "2023-04-15", "points": -20, "minimum_score": 0});
    let reply = server.post(EVENTS, &redeem);
    assert_refused(&reply, "too few points", INSUFFICIENT);
    let body = r#"{"errors":["Not enough points: the spendable score is 15."],"error_type":"insufficient_points","extras":{"score":15}}"#;
    assert_eq!(reply.body, body);
    assert_eq!(stored(&server), before);

    let keyed = |points: i64| {
        let body = json!({"user_id": 13, "date": "2023-04-15", "points": points});
        server.request("POST", EVENTS).header("Idempotency-Key", "k-1").json(&body).send()
    };
    assert_eq!(keyed(1).status, 200);
    let before = stored(&server);
    assert_refused(&keyed(2), "a key used again", KEY_REUSED);
    assert_eq!(stored(&server), before);
}

#[test]
fn a_server_that_is_not_public_asks_for_a_key_to_read_scores() {
    let setup = Setup::new().env("SCOREKEEPER_PUBLIC", "false");
    let key = create_key(setup.folder(), &["--read-only"]);
    let server = one_event(setup);
    for path in ["/users/13/score", "/users/13/score.json", "/users/13/days", "/users/99/score"] {
        assert_refused(&server.anonymous("GET", path).send(), path, LOG_IN);
        let wrong = server.anonymous("GET", path).header("API-Key", "wrong").header("API-Username", "system");
        assert_refused(&wrong.send(), path, INVALID_ACCESS);
        let nobody = server.anonymous("GET", path).header("API-Key", &key);
        assert_refused(&nobody.send(), path, INVALID_ACCESS);
        let reader = server.anonymous("GET", path).header("API-Key", &key).header("API-Username", "ada");
        assert_eq!(reader.send().status, 200, "{path}");
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(server.anonymous("GET", path).send().status, 200, "{path}");
    }

    let server = one_event(Setup::new());
    for path in ["/users/13/score", "/users/13/days"] {
        assert_eq!(server.anonymous("GET", path).send().status, 200, "{path}");
    }
}
