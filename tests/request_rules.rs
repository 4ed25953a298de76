//! The promise: paths, headers, parameters and replies follow the same rules on every route.

use serde_json::{Value, json};

use crate::support::{EVENTS, KEY, RECALCULATE, Reply, Request, Server};

/// The paths below which Discourse has its plugin: the one that is used here, and that of its own name.
const PLUGIN: &str = "/admin/plugins/gamification";
const PLUGIN_OF_DISCOURSE: &str = "/admin/plugins/discourse-gamification";
const NOT_FOUND: &str = "The requested URL or resource could not be found.";

/// Sends one request as written, closes, and returns the status and the body.
fn raw(server: &Server, head: &str, body: &str) -> (u16, String) {
    let request =
        format!("{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = server.raw(request.as_bytes());
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    (status.unwrap_or_else(|| panic!("no status: {answer:?}")), body.unwrap_or_default())
}

/// The event that a request has stored.
#[track_caller]
fn stored(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// What an event says of its user, day, points and description.
fn essence(event: &Value) -> Value {
    json!([event["user_id"], event["date"], event["points"], event["description"]])
}

#[test]
fn a_path_with_json_and_with_a_slash_is_the_same_resource() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    for path in [
        EVENTS,
        &format!("{EVENTS}/1"),
        &format!("{EVENTS}/1/history"),
        RECALCULATE,
        "/users/13/score",
        "/users/13/days",
        "/health/live",
        "/health/ready",
    ] {
        let plain = server.get(path);
        assert_eq!(plain.status, 200, "{path}: {plain:?}");
        let discourse = path.replace(PLUGIN, PLUGIN_OF_DISCOURSE);
        for other in [
            format!("{path}.json"),
            format!("{path}/"),
            format!("{path}.json?"),
            format!("{path}?x=1"),
            format!("{discourse}.json?x=1"),
            discourse,
        ] {
            let reply = server.get(&other);
            assert_eq!((reply.status, &reply.body), (200, &plain.body), "{other}");
        }
    }
    for (prefix, form) in
        [PLUGIN, PLUGIN_OF_DISCOURSE].into_iter().flat_map(|prefix| ["", ".json"].map(|form| (prefix, form)))
    {
        let [events, recalculate] = [EVENTS, RECALCULATE].map(|path| path.replace(PLUGIN, prefix));
        let created =
            stored(&server.post(&format!("{events}{form}"), &json!({"user_id": 1, "date": "2023-04-14", "points": 1})));
        let id = &created["id"];
        stored(&server.put(&format!("{events}{form}"), &json!({"id": id, "points": 2})));
        stored(&server.put(&format!("{recalculate}{form}"), &json!({"from_date": "2023-04-01"})));
        stored(&server.delete(&format!("{events}/{id}{form}")));
    }
    assert_eq!(server.count_events(), 1);

    let event = json!({"user_id": 1, "date": "2023-04-14", "points": 1});
    let keyed = |path: &str| server.request("POST", path).header("Idempotency-Key", "one").json(&event).send();
    let first = keyed(&EVENTS.replace(PLUGIN, PLUGIN_OF_DISCOURSE));
    let again = keyed(EVENTS);
    assert_eq!((again.body, again.headers.iter().any(|(name, _)| name == "idempotent-replayed")), (first.body, true));
    let page = server.get(&format!("{}?limit=1", EVENTS.replace(PLUGIN, PLUGIN_OF_DISCOURSE)));
    assert_eq!(page.header("Link"), Some(&*format!("<{EVENTS}?limit=1&after=1>; rel=\"next\"")));
}

#[test]
fn header_names_are_taken_in_any_case() {
    let server = Server::start();
    for (key, username) in [
        ("API-Key", "API-Username"),
        ("Api-Key", "Api-Username"),
        ("api-key", "api-username"),
        ("API-KEY", "API-USERNAME"),
        ("aPi-kEy", "ApI-uSeRnAmE"),
    ] {
        let head = format!("GET {EVENTS} HTTP/1.1\r\n{key}: {KEY}\r\n{username}: system");
        assert_eq!(raw(&server, &head, ""), (200, r#"{"events":[]}"#.to_owned()), "{key}");
    }
}

#[test]
fn parameters_come_from_query_form_and_json_and_the_body_wins() {
    const COMPLETE: &str = "?user_id=13&date=2023-04-14&points=15&description=query";
    let server = Server::start();
    let post = |query: &str| server.request("POST", &format!("{EVENTS}{query}"));
    // (what is asked, the event that must come of it)
    let table: Vec<(&str, Request<'_>, Value)> = vec![
        ("query alone", post(COMPLETE), json!([13, "2023-04-14", 15, "query"])),
        (
            "form alone",
            post("").form("user_id=7&date=2023-05-01&points=-3&description=a+b%20c%2B"),
            json!([7, "2023-05-01", -3, "a b c+"]),
        ),
        (
            "JSON alone",
            post("").json(&json!({"user_id": 7, "date": "2023-05-01", "points": -3, "description": "a+b"})),
            json!([7, "2023-05-01", -3, "a+b"]),
        ),
        (
            "query and form side by side",
            post("?user_id=7&date=2023-05-01").form("points=4"),
            json!([7, "2023-05-01", 4, null]),
        ),
        ("query and JSON side by side", post("?points=4&date=2023-05-01").json(&json!({"user_id": 7})), {
            json!([7, "2023-05-01", 4, null])
        }),
        ("form over query", post(COMPLETE).form("points=4&description=form"), json!([13, "2023-04-14", 4, "form"])),
        (
            "JSON over query",
            post(COMPLETE).json(&json!({"user_id": 14, "description": "body"})),
            json!([14, "2023-04-14", 15, "body"]),
        ),
        (
            "good JSON over a bad query",
            post("?points=many").json(&json!({"user_id": 1, "date": "2023-04-14", "points": 2})),
            { json!([1, "2023-04-14", 2, null]) },
        ),
        (
            "null in JSON over query",
            post(COMPLETE).json(&json!({"description": null})),
            json!([13, "2023-04-14", 15, null]),
        ),
        ("the last of several in the query", post(&format!("{COMPLETE}&points=1&points=2")), {
            json!([13, "2023-04-14", 2, "query"])
        }),
        ("the last of several in the form", post(COMPLETE).form("points=1&points=2"), {
            json!([13, "2023-04-14", 2, "query"])
        }),
        (
            "percent-encoded names",
            post("").form("%75ser_id=5&d%61te=2023-04-14&points=1"),
            json!([5, "2023-04-14", 1, null]),
        ),
    ];
    for (what, request, expected) in table {
        assert_eq!(essence(&stored(&request.send())), expected, "{what}");
    }
    let over_a_required_one = post(COMPLETE).json(&json!({"points": null})).send();
    over_a_required_one.assert_error(400, "invalid_parameters", "param is missing or the value is empty: points");
}

#[test]
fn a_body_is_read_by_its_content_type_and_without_one_by_its_look() {
    const FORM: &str = "user_id=13&date=2023-04-14&points=15&description=a%20b";
    const JSON: &str = r#"{"user_id": 13, "date": "2023-04-14", "points": 15, "description": "a b"}"#;
    let server = Server::start();
    for (content_type, body) in [
        (None, FORM),
        (None, JSON),
        (Some("application/x-www-form-urlencoded"), FORM),
        (Some("application/x-www-form-urlencoded"), JSON),
        (Some("application/x-www-form-urlencoded; charset=utf-8"), FORM),
        (Some("Application/X-WWW-Form-Urlencoded"), FORM),
        (Some("application/json"), JSON),
        (Some("application/json; charset=utf-8"), JSON),
        (Some("APPLICATION/JSON"), JSON),
        (Some("application/vnd.api+json"), JSON),
    ] {
        let request = server.request("POST", EVENTS).bytes(body);
        let request = match content_type {
            Some(content_type) => request.header("Content-Type", content_type),
            None => request,
        };
        let event = stored(&request.send());
        assert_eq!(essence(&event), json!([13, "2023-04-14", 15, "a b"]), "{content_type:?} {body}");
    }
}

#[test]
fn an_empty_body_is_no_parameters_whatever_its_content_type() {
    let server = Server::start();
    for content_type in ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"] {
        let path = format!("{EVENTS}?user_id=13&date=2023-04-14&points=15");
        stored(&server.request("POST", &path).header("Content-Type", content_type).bytes("").send());
        let missing = server.request("POST", EVENTS).header("Content-Type", content_type).bytes("").send();
        missing.assert_error(400, "invalid_parameters", "param is missing or the value is empty: user_id");
    }
}

#[test]
fn unknown_parameters_are_ignored() {
    const COMPLETE: &str = "user_id=13&date=2023-04-14&points=15";
    let server = Server::start();
    let post = |query: &str| server.request("POST", &format!("{EVENTS}{query}"));
    for (what, request) in [
        ("in the query", post("?x=1&y[]=2&z[a]=3&=4&&id=9&%FF=%FF").form(COMPLETE)),
        ("in the form", post("").form(&format!("x=1&y[]=2&=&id=abc&{COMPLETE}&flag&%ZZ=%"))),
        (
            "in the JSON",
            post("").json(&json!({
                "user_id": 13, "date": "2023-04-14", "points": 15, "id": "abc", "x": {"y": [1, null]}, "": {}
            })),
        ),
    ] {
        assert_eq!(essence(&stored(&request.send())), json!([13, "2023-04-14", 15, null]), "{what}");
    }
    for path in [
        &format!("{EVENTS}?x=1&user=2"),
        &format!("{EVENTS}/1?limit=0&user_id=abc"),
        "/users/13/score?x=1",
        "/users/13/days?period=never",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
}

#[test]
fn an_integer_may_come_as_a_decimal_string() {
    let server = Server::start();
    for (user_id, points, expected) in [
        (json!("13"), json!("15"), json!([13, 15])),
        (json!(13), json!("-15"), json!([13, -15])),
        (json!("0013"), json!("-0"), json!([13, 0])),
        (json!("2147483647"), json!("-2147483648"), json!([2_147_483_647, -2_147_483_648_i64])),
        (json!(2_147_483_647), json!(2_147_483_647), json!([2_147_483_647, 2_147_483_647])),
        (json!("00000000000000000000000013"), json!("-00000000000000000000000001"), json!([13, -1])),
    ] {
        let body =
            json!({"user_id": user_id, "date": "2023-04-14", "points": points, "minimum_score": "-9999999999999"});
        let event = stored(&server.post(EVENTS, &body));
        assert_eq!(json!([event["user_id"], event["points"]]), expected, "{body}");
    }
    stored(&server.put(EVENTS, &json!({"id": "1", "points": "7"})));
    assert_eq!(server.get(&format!("{EVENTS}/1")).json()["points"], 7);
}

#[test]
fn replies_are_json_whatever_accept_says() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let requests = [
        ("GET", EVENTS.to_owned(), 200),
        ("GET", format!("{EVENTS}/1"), 200),
        ("GET", format!("{EVENTS}/1/history"), 200),
        ("GET", RECALCULATE.to_owned(), 200),
        ("GET", "/users/13/score".to_owned(), 200),
        ("GET", "/users/13/days".to_owned(), 200),
        ("GET", "/health/live".to_owned(), 200),
        ("GET", "/health/ready".to_owned(), 200),
        ("GET", "/nothing/here.json".to_owned(), 404),
        ("GET", format!("{EVENTS}/2"), 404),
        ("PATCH", EVENTS.to_owned(), 404),
        ("GET", "/admin/plugins/gamification/leaderboard/1".to_owned(), 404),
        ("GET", format!("{EVENTS}?limit=0"), 400),
        ("POST", EVENTS.to_owned(), 400),
    ];
    for accept in
        ["", "*/*", "application/json", "text/html", "text/html,application/xhtml+xml;q=0.9", "image/png", "///"]
    {
        for (method, path, status) in &requests {
            let reply = server.request(method, path).header("Accept", accept).send();
            assert_eq!(reply.status, *status, "{method} {path} with Accept {accept:?}: {reply:?}");
            reply.assert_api_reply();
        }
        let refused = server.anonymous("GET", EVENTS).header("Accept", accept).send();
        assert_eq!(refused.status, 403);
        refused.assert_api_reply();
    }
}

#[test]
fn every_reply_has_a_request_id_and_a_sane_one_is_kept() {
    let server = Server::start();
    let paths = [EVENTS, &format!("{EVENTS}/77"), &format!("{EVENTS}?limit=0"), "/nothing", "/health/live"];
    let mut seen = Vec::new();
    for path in paths {
        let ask = |id: &str| {
            let reply = server.request("GET", path).header("X-Request-Id", id).send();
            let ids: Vec<_> = reply.headers.iter().filter(|(name, _)| name == "x-request-id").collect();
            assert_eq!(ids.len(), 1, "{ids:?}");
            ids[0].1.clone()
        };
        let longest = "x".repeat(128);
        for sane in ["a", "7b4c1e0e-5a3b-4a39-8f6e-0d9c1b2a3f4d", "A.z:0_9/+=@-", &longest] {
            assert_eq!(ask(sane), sane, "{path}");
        }
        let too_long = "x".repeat(129);
        for odd in ["", " ", "a b", "a\tb", "<script>", "\"", "a,b", "é", "a;b", "{}", "%0a", "\\", &too_long] {
            let made = ask(odd);
            assert_ne!(made, odd, "{path}");
            seen.push(made);
        }
        let made = server.get(path);
        seen.push(made.header("X-Request-Id").expect("a request id").to_owned());
        let refused = server.anonymous("GET", EVENTS).send();
        seen.push(refused.header("X-Request-Id").expect("a request id").to_owned());
    }
    let sane = |id: &String| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(seen.iter().all(sane), "{seen:?}");
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "a request id was made twice");
}

#[test]
fn head_answers_as_get_does_without_a_body() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    for path in [
        EVENTS,
        &format!("{EVENTS}?limit=0"),
        &format!("{EVENTS}/1"),
        &format!("{EVENTS}/2"),
        &format!("{EVENTS}/1/history"),
        RECALCULATE,
        "/users/13/score",
        "/users/0/score",
        "/users/13/days",
        "/health/live",
        "/nothing",
    ] {
        let get = server.get(path);
        let head = server.request("HEAD", path).send();
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("Content-Type"), get.header("Content-Type"), "{path}");
        assert!(head.header("X-Request-Id").is_some(), "{path}");
    }
    assert_eq!(server.anonymous("HEAD", EVENTS).send().status, 403);
}

#[test]
fn a_form_cannot_change_the_method() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let one = format!("{EVENTS}/1");
    for method in ["delete", "DELETE", "put", "get"] {
        let reply = server.request("POST", &one).form(&format!("_method={method}")).send();
        reply.assert_error(404, "not_found", NOT_FOUND);
        let reply = server.request("POST", &one).form(&format!("_method={method}&id=1&points=99")).send();
        reply.assert_error(404, "not_found", NOT_FOUND);
    }
    assert_eq!(server.get(&one).json()["points"], 15);

    for method in ["put", "delete", "get", "patch"] {
        let form = format!("_method={method}&id=1&user_id=14&date=2023-04-14&points=1");
        let created = stored(&server.request("POST", EVENTS).form(&form).send());
        assert_eq!(essence(&created), json!([14, "2023-04-14", 1, null]), "{method}");
    }
    assert_eq!(server.count_events(), 5);
    assert_eq!(server.get(&one).json()["points"], 15);

    let reply = server.request("POST", RECALCULATE).form("_method=put&from_date=2023-04-01").send();
    reply.assert_error(404, "not_found", NOT_FOUND);
}
