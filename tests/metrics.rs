//! Promise: `/metrics` tells in Prometheus' text what the server does: on the main port to keys with the scope `metrics`, which
//! need no name, or on a port of its own to everyone who reaches it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use crate::support::keys::make_key;
use crate::support::{EVENTS, KEY, Server, Setup, wait_for};

/// Each sample, by its name with its labels.
pub fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
    });
    samples.collect()
}

fn scrape(server: &Server) -> BTreeMap<String, f64> {
    let reply = server.anonymous("GET", "/metrics").header("Api-Key", KEY).send();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    samples(&reply.body)
}

#[test]
fn what_the_server_does_is_counted() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": -100, "minimum_score": 0});
    assert_eq!(server.post(EVENTS, &event).status, 422);
    for _ in 0..2 {
        let event = json!({"user_id": 13, "date": "2023-04-14", "points": 1});
        assert_eq!(server.request("POST", EVENTS).header("Idempotency-Key", "k").json(&event).send().status, 200);
    }
    let batch = json!({"events": [event_of(1), event_of(2), event_of(3)]});
    assert_eq!(server.post(&format!("{EVENTS}/batch"), &batch).status, 200);
    assert_eq!(server.get(&format!("{EVENTS}/999")).status, 404);
    assert_eq!(server.get("/no/such/path/at-all").status, 404);
    assert_eq!(server.anonymous("GET", EVENTS).header("Api-Key", "wrong").send().status, 403);
    let found = scrape(&server);
    let requests = |method: &str, route: &str, status: u16| {
        let name =
            format!("scorekeeper_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}");
        found.get(&name).copied()
    };
    assert_eq!(requests("POST", EVENTS, 200), Some(3.0), "{found:#?}");
    assert_eq!(requests("POST", EVENTS, 422), Some(1.0));
    assert_eq!(requests("GET", &format!("{EVENTS}/<id>"), 404), Some(1.0));
    assert_eq!(requests("GET", EVENTS, 403), Some(1.0));
    assert_eq!(requests("GET", "unknown", 404), Some(1.0));
    assert!(!found.keys().any(|name| name.contains("such") || name.contains("999")), "{found:#?}");
    let histogram = format!("{{method=\"POST\",route=\"{EVENTS}\"");
    assert_eq!(found[&format!("scorekeeper_http_request_duration_seconds_count{histogram}}}")], 4.0);
    let up_to =
        |bound: &str| found[&format!("scorekeeper_http_request_duration_seconds_bucket{histogram},le=\"{bound}\"}}")];
    assert!(up_to("0.001") <= up_to("0.01") && up_to("0.01") <= up_to("10"));
    assert_eq!(up_to("+Inf"), 4.0);
    assert_eq!(found["scorekeeper_events_stored_total"], 5.0);
    assert_eq!(found["scorekeeper_events_refused_total"], 1.0);
    assert_eq!(found["scorekeeper_events_replayed_total"], 1.0);
    assert!(found["scorekeeper_commits_total"] >= 4.0);
    assert_eq!(found["scorekeeper_commits_total"], found["scorekeeper_commit_duration_seconds_count"]);
    assert_eq!(found["scorekeeper_commit_events_sum"], 5.0);
    assert_eq!(found["scorekeeper_commits_failed_total"], 0.0);
    assert_eq!(found["scorekeeper_wrong_keys_total"], 1.0);
    assert_eq!(found["scorekeeper_ready"], 1.0);
    assert!(found["scorekeeper_connections_open"] >= 1.0);
    assert!(found["scorekeeper_database_bytes"] > 0.0 && found["scorekeeper_disk_free_bytes"] > 0.0);
    assert!(found["scorekeeper_standings_age_seconds"] < 60.0);
    assert!(
        found.contains_key("scorekeeper_write_queue_length") && found.contains_key("scorekeeper_database_log_bytes")
    );
    assert!(found.contains_key(&format!("scorekeeper_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))));
    assert!(found.contains_key("scorekeeper_connections_cut_off_total{reason=\"head\"}"));
    wait_for("the rebuilds of the start", || (scrape(&server)["scorekeeper_rollup_runs_total"] >= 1.0).then_some(()));
}

fn event_of(points: i64) -> serde_json::Value {
    json!({"user_id": 14, "date": "2023-04-14", "points": points})
}

#[test]
fn a_difference_that_a_rebuild_finds_is_counted() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    server.sql().execute("UPDATE scores SET score = 20", []).expect("a score");
    let recalculated = server.put(crate::support::RECALCULATE, &json!({"from_date": "2023-04-01"}));
    assert_eq!(recalculated.status, 200, "{recalculated:?}");
    wait_for("the difference", || (scrape(&server)["scorekeeper_rollup_differences_total"] == 1.0).then_some(()));
}

#[test]
fn live_listeners_are_counted_while_they_listen() {
    let server = Server::start();
    assert_eq!(scrape(&server)["scorekeeper_live_listeners"], 0.0);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    stream.write_all(b"GET /leaderboard/1/live HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is sent");
    wait_for("the listener", || (scrape(&server)["scorekeeper_live_listeners"] == 1.0).then_some(()));
    drop(stream);
    server.award(13, "2023-04-14", 15);
    wait_for("the listener to go", || (scrape(&server)["scorekeeper_live_listeners"] == 0.0).then_some(()));
}

#[test]
fn a_key_with_the_scope_reads_them_without_a_name() {
    let setup = Setup::new();
    let [metrics, other, mine] = [&["--scopes", "metrics"][..], &["--scopes", "events:read"], &["--username", "ada"]]
        .map(|args| make_key(setup.folder(), args));
    let server = setup.start();
    let ask = |key: &str| server.anonymous("GET", "/metrics").header("Api-Key", key).send();
    assert_eq!(ask(&metrics).status, 200);
    assert_eq!(ask(&mine).status, 200);
    assert_eq!(
        server.anonymous("GET", "/metrics").header("Authorization", &format!("Bearer {metrics}")).send().status,
        200
    );
    assert_eq!((ask(&other).status, ask(&other).json()["extras"]["scope"].clone()), (403, json!("metrics")));
    assert_eq!(ask("wrong").error_type(), "invalid_access");
    assert_eq!(server.anonymous("GET", "/metrics").send().error_type(), "not_logged_in");
    // A key for another route still needs its name.
    assert_eq!(server.anonymous("GET", EVENTS).header("Api-Key", &other).send().status, 403);
}

#[test]
fn an_address_of_their_own_serves_them_without_a_key_and_nothing_else() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let server = Setup::new().env("SCOREKEEPER_METRICS_ADDRESS", &free.to_string()).start();
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(free).expect("it listens");
        stream.write_all(format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).expect("it is sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("a reply");
        reply
    };
    let reply = ask("GET /metrics");
    let (head, body) = reply.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert_eq!(samples(body)["scorekeeper_ready"], 1.0);
    assert!(ask("GET /health/ready").starts_with("HTTP/1.1 404 "));
    assert!(ask("POST /metrics").starts_with("HTTP/1.1 405 "));
    assert_eq!(server.get("/metrics").status, 404);
    server.stop();
}
