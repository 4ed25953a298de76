//! Promise: `/openapi.json` says of every route what it takes and answers, and `/docs` shows it to people.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::forum::{self, HOOK, SECRET, post};
use crate::support::{Reply, Server, Setup};

const DOCUMENT: &str = "/openapi.json";

/// The document of a server.
fn document(server: &Server) -> Value {
    let reply = server.anonymous("GET", DOCUMENT).send();
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.assert_api_reply();
    reply.json()
}

/// Every operation: its method, its path, and what is said of it.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("methods").clone();
        let path = path.clone();
        methods
            .into_iter()
            .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_document_holds_every_route_and_no_other() {
    let rocket = scorekeeper::api::mount(rocket::build());
    let mounted = rocket.routes().map(|route| {
        let path = route.uri.path().replace('<', "{").replace('>', "}").replace("/openapi", DOCUMENT);
        format!("{} {path}", route.method)
    });
    let mounted: BTreeSet<String> = mounted.collect();
    let server = Server::start();
    let documented = operations(&document(&server)).into_iter().map(|(method, path, _)| format!("{method} {path}"));
    assert_eq!(documented.collect::<BTreeSet<_>>(), mounted);
}

#[test]
fn it_is_kept_by_caches_and_needs_no_key() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC", "false").start();
    let reply = server.anonymous("GET", DOCUMENT).header("Accept", "text/html").send();
    reply.assert_api_reply();
    assert_eq!(reply.header("Cache-Control"), Some("public, max-age=300"));
    let tag = reply.header("ETag").expect("a tag").to_owned();
    let again = server.anonymous("GET", DOCUMENT).header("If-None-Match", &tag).send();
    assert_eq!((again.status, again.body.as_str(), again.header("ETag")), (304, "", Some(tag.as_str())));
    let head = server.anonymous("HEAD", DOCUMENT).send();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(server.anonymous("OPTIONS", DOCUMENT).send().header("Allow"), Some("GET, HEAD, OPTIONS"));
}

#[test]
fn it_names_the_path_under_which_the_server_is_shown() {
    assert_eq!(document(&Server::start())["servers"], json!([{"url": "/"}]));
    let server = Setup::new().env("SCOREKEEPER_BASE_PATH", "/points").start();
    assert_eq!(document(&server)["servers"], json!([{"url": "/points"}]));
    let page = server.anonymous("GET", "/points/docs").send();
    assert!(page.body.contains("href=\"/points/openapi.json\""), "{}", page.body);
}

#[test]
fn parameters_are_said_as_they_are_declared() {
    let document = document(&Server::start());
    let events = &document["paths"]["/admin/plugins/gamification/score_events"];
    let limit = events["get"]["parameters"].as_array().expect("parameters").iter().find(|one| one["name"] == "limit");
    let schema = &limit.expect("a limit")["schema"];
    let said = (&schema["minimum"], &schema["maximum"], &schema["default"]);
    assert_eq!(said, (&json!(1), &json!(100), &json!(100)));
    let body = &events["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["required"], json!(["date", "points"]), "a username may stand for the user_id");
    assert_eq!(body["then"]["required"], json!(["user_id"]));
    assert_eq!(body["properties"]["user_id"]["maximum"], json!(2_147_483_647));
    let kinds: Vec<&String> =
        events["post"]["requestBody"]["content"].as_object().expect("kinds of bodies").keys().collect();
    assert_eq!(kinds, ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]);
    let refused = &events["post"]["responses"]["422"]["content"]["application/json"]["examples"];
    assert_eq!(refused["insufficient_points"]["value"]["extras"], json!({"score": 30}));
}

/// The schema that a reference leads to, or the schema itself.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("what a reference names"),
        None => schema,
    }
}

/// What of a value is against its schema. A member that the schema lacks is a fault too: the document would hide it.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    if let Some(options) = schema["anyOf"].as_array() {
        let fits = options.iter().any(|option| faults(document, option, value, at).is_empty());
        return if fits { Vec::new() } else { vec![format!("{at}: {value} is none of {options:?}")] };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!(kind)));
    if !is_kind || schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return vec![format!("{at}: {value} is not {schema}")];
    }
    match value {
        Value::Array(members) => {
            members.iter().flat_map(|member| faults(document, &schema["items"], member, &format!("{at}[]"))).collect()
        }
        Value::Object(members) => {
            let properties = schema["properties"].as_object().expect("an object has properties");
            let missing = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let missing =
                missing.filter(|name| !members.contains_key(*name)).map(|name| format!("{at}.{name} is missing"));
            let inner = members.iter().flat_map(|(name, value)| match properties.get(name) {
                Some(schema) => faults(document, schema, value, &format!("{at}.{name}")),
                None => vec![format!("{at}.{name} is not documented")],
            });
            missing.chain(inner).collect()
        }
        _ => Vec::new(),
    }
}

/// Fails unless a reply is one that the document tells of its operation.
#[track_caller]
fn assert_told(document: &Value, method: &str, path: &str, reply: &Reply) {
    let operation = &document["paths"][path][method.to_lowercase()];
    let told = resolved(document, &operation["responses"][reply.status.to_string()]);
    assert!(told.is_object(), "{method} {path} does not tell of {}: {}", reply.status, reply.body);
    for (name, header) in told["headers"].as_object().expect("headers") {
        let header = resolved(document, header);
        assert!(header["required"] != true || reply.header(name).is_some(), "{method} {path} lacks {name}");
    }
    let kind = reply.header("Content-Type").unwrap_or_default().split(';').next().unwrap_or_default();
    let media = &told["content"][kind];
    assert!(media.is_object() || reply.status == 304, "{method} {path} {}: {kind} is not told", reply.status);
    let schema = &media["schema"];
    if kind == "application/json" && path != DOCUMENT {
        let value = reply.json();
        let mut faults = faults(document, schema, &value, "");
        // Of each error that the call may give there is an example.
        if let Some(examples) = media["examples"].as_object()
            && examples.values().all(|example| example["value"]["error_type"] != value["error_type"])
        {
            faults.push(format!("the type is not told: {value}"));
        }
        assert!(faults.is_empty(), "{method} {path} {}: {faults:#?}", reply.status);
    }
}

/// A server with all that the samples of the document ask for.
pub fn furnished(setup: Setup) -> Server {
    let server = setup.start();
    for day in 1..=10 {
        server.award(13, &format!("2023-04-{day:02}"), 15);
    }
    let made = [
        server.put("/admin/users/13", &json!({"username": "ann", "name": "Ann Example"})),
        server.put("/admin/users/14", &json!({"username": "bob"})),
        server.put("/admin/groups/10", &json!({"name": "staff", "user_ids": [13]})),
    ];
    assert!(made.iter().all(|reply| reply.status == 200), "{made:?}");
    server
}

#[test]
fn real_replies_are_what_the_document_tells() {
    let server = furnished(Setup::new().env("SCOREKEEPER_DISCOURSE_SECRET", SECRET));
    let document = document(&server);
    let told = |method: &str, documented: &str, reply: &Reply| assert_told(&document, method, documented, reply);
    for (method, path, operation) in operations(&document) {
        if path.ends_with("/live") || method == "DELETE" {
            continue;
        }
        // A forum signs, and what it sends is read by its header.
        if path == HOOK {
            let body = post(123, 13);
            told(&method, &path, &forum::deliver(&server, "post_created", &body));
            told(&method, &path, &forum::deliver(&server, "post_created", &json!({"post": {"id": 1}})));
            told(&method, &path, &server.anonymous("POST", HOOK).json(&body).send());
            continue;
        }
        let sent = path
            .replace("leaderboard/{id}", if method == "GET" { "leaderboard/1" } else { "leaderboard/2" })
            .replace("groups/{id}", "groups/10")
            .replace("score_events/{id}", "score_events/6")
            .replace("{id}", "13")
            .replace("{user_id}", "13")
            .replace("{file}", "48.svg")
            .replace("{name}", "post_created");
        let body = &operation["requestBody"]["content"]["application/json"]["example"];
        let request = |request: crate::support::Request<'_>| {
            if body.is_null() { request.send() } else { request.json(body).send() }
        };
        let reply = request(server.request(&method, &sent));
        // The samples are in an order that works, but for the settings of a board that is not there yet.
        assert!(
            reply.status < 300 || (method == "PUT" && sent.ends_with("leaderboard/2")),
            "{method} {sent}: {reply:?}"
        );
        told(&method, &path, &reply);
        // Without a key, with a bad one, with a body that is none.
        told(&method, &path, &request(server.anonymous(&method, &sent)));
        told(&method, &path, &request(server.anonymous(&method, &sent).header("API-Key", "x")));
        if method != "GET" {
            let broken = server.request(&method, &sent).header("Content-Type", "application/json").bytes("{");
            told(&method, &path, &broken.send());
        }
        if path.contains('{') {
            told(&method, &path, &request(server.request(&method, &path.replace(['{', '}'], "~"))));
        }
    }
    for (path, id) in [("score_events", 6), ("leaderboard", 2)] {
        let path = format!("/admin/plugins/gamification/{path}");
        let reply = server.delete(&format!("{path}/{id}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        told("DELETE", &format!("{path}/{{id}}"), &reply);
    }
    let first = server.delete("/admin/plugins/gamification/leaderboard/1");
    told("DELETE", "/admin/plugins/gamification/leaderboard/{id}", &first);
    let poor = json!({"user_id": 77, "date": "2023-04-14", "points": -1, "minimum_score": 0});
    told("POST", crate::support::EVENTS, &server.post(crate::support::EVENTS, &poor));
}

#[test]
fn a_stream_s_refusal_of_too_many_parameters_is_told() {
    let server = Server::start();
    let reply = server.anonymous("GET", &format!("/leaderboard/1/live?{}", "a&".repeat(1_001))).send();
    assert_eq!(reply.status, 400, "{reply:?}");
    assert_told(&document(&server), "GET", "/leaderboard/{id}/live", &reply);
}

#[test]
fn every_example_of_an_answer_has_the_form_that_is_told() {
    let document = document(&Server::start());
    for (method, path, operation) in operations(&document) {
        for (status, reply) in operation["responses"].as_object().expect("replies") {
            let media = &reply["content"]["application/json"];
            if media["example"].is_object() {
                let faults = faults(&document, &media["schema"], &media["example"], "");
                assert!(faults.is_empty(), "{method} {path} {status}: {faults:#?}");
            }
        }
    }
}

#[test]
fn the_page_shows_every_call_without_a_script() {
    let server = Server::start();
    let page = server.anonymous("GET", "/docs").send();
    assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("Content-Security-Policy").is_some_and(|policy| policy.contains("default-src 'none'")));
    let document = document(&server);
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(page.body.contains(&format!("<h3 id=\"{id}\">")), "{id}");
        assert!(page.body.contains(&format!("<b>{method}</b> {path}")), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or("Idempotency-Key");
            assert!(page.body.contains(&format!("<code>{name}</code>")), "{id} {name}");
        }
    }
    let ids: Vec<&str> = page.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id stands twice: {ids:?}");
    assert!(!page.body.contains("<style") && !page.body.contains(" style="), "a style of its own");
    assert!(page.body.contains(&format!("URL={}", server.url())), "the address of this server");
}
