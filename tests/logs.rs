//! The promise: each request leaves one line in the log, as text or JSON, that tells who did what and never a secret.

use std::fs;

use serde_json::{Value, json};

use crate::support::{EVENTS, KEY, Server, Setup, wait_for};

const LOG: &str = "server.log";

/// A server that logs to [`LOG`] too, in this format.
fn logging(format: &str) -> Server {
    Setup::new().env("SCOREKEEPER_LOG_FILE", LOG).env("SCOREKEEPER_LOG_FORMAT", format).start()
}

fn log_file(server: &Server) -> String {
    fs::read_to_string(server.folder().path().join(LOG)).expect("a log file in UTF-8")
}

/// The one line that names a request's id, on stderr; it must stand in the log file too.
#[track_caller]
fn line_of(server: &Server, request_id: &str) -> String {
    let lines = |log: String| -> Vec<String> {
        log.lines().filter(|line| line.contains(request_id)).map(str::to_owned).collect()
    };
    let on_stderr = wait_for("the request to be logged", || {
        let lines = lines(server.stderr());
        (!lines.is_empty()).then_some(lines)
    });
    assert_eq!(on_stderr.len(), 1, "more than one line a request: {on_stderr:?}");
    // Each of the two is written by itself.
    wait_for("the line in the file", || (!lines(log_file(server)).is_empty()).then_some(()));
    assert_eq!(lines(log_file(server)), on_stderr, "the log file says something else");
    on_stderr[0].clone()
}

/// Waits until everything asked so far is in the log: requests are answered and logged one after another here.
fn flush(server: &Server) {
    server.anonymous("GET", "/health/live").header("X-Request-Id", "the-last-of-all").send();
    line_of(server, "the-last-of-all");
}

/// Whether `text` is a number with a point, such as `1.234`.
fn is_decimal(text: &str) -> bool {
    text.contains('.') && text.parse::<f64>().is_ok()
}

#[test]
fn a_line_of_text_tells_method_path_status_duration_username_and_request_id() {
    let server = logging("text");
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    let ask = |method: &str, path: &str, username: &str, id: &str| {
        server
            .anonymous(method, path)
            .header("API-Key", KEY)
            .header("API-Username", username)
            .header("X-Request-Id", id)
    };
    ask("POST", EVENTS, "ada", "r-created").json(&event).send();
    ask("GET", &format!("{EVENTS}.json?user_id=13&limit=5"), "Bob", "r-listed").send();
    ask("PUT", EVENTS, "ada", "r-refused").json(&json!({"id": 1})).send();
    ask("DELETE", &format!("{EVENTS}/99"), "ada", "r-unknown").send();
    for (id, method, path, status, username) in [
        ("r-created", "POST", EVENTS, "200", "ada"),
        ("r-listed", "GET", &format!("{EVENTS}.json"), "200", "Bob"),
        ("r-refused", "PUT", EVENTS, "400", "ada"),
        ("r-unknown", "DELETE", &format!("{EVENTS}/99"), "404", "ada"),
    ] {
        let line = line_of(&server, id);
        let (start, message) = line.split_once(" request: ").unwrap_or_else(|| panic!("no request line: {line}"));
        let (time, level) = start.split_once(' ').expect("a time and a level");
        assert!(time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T", "{line}");
        assert_eq!(level.trim(), "INFO", "{line}");
        let words: Vec<&str> = message.split(' ').collect();
        assert_eq!((words[0], words[1], words[2], words[4]), (method, path, status, "ms"), "{line}");
        assert!(is_decimal(words[3]), "{line}");
        assert_eq!(words[5..], [username, id], "{line}");
    }
    for (id, request) in [
        ("r-anonymous", server.anonymous("GET", "/users/13/score")),
        ("r-no-key", server.anonymous("GET", EVENTS)),
        ("r-no-route", server.anonymous("PATCH", "/nothing")),
    ] {
        request.header("X-Request-Id", id).send();
        let line = line_of(&server, id);
        assert!(line.contains(" request: ") && line.ends_with(id), "{line}");
    }
}

#[test]
fn a_line_of_json_tells_the_same_in_fields() {
    let server = logging("json");
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    let created = server
        .anonymous("POST", &format!("{EVENTS}?ignored=1"))
        .header("API-Key", KEY)
        .header("API-Username", r#"Zoë "the\owl" <x>"#)
        .header("X-Request-Id", "r-created")
        .json(&event)
        .send();
    assert_eq!(created.status, 200, "{created:?}");
    let line: Value = serde_json::from_str(&line_of(&server, "r-created")).expect("a JSON object");
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&json!("POST"), &json!(EVENTS), &json!(200)),
        "{line}"
    );
    assert_eq!(
        (&line["username"], &line["request_id"]),
        (&json!(r#"Zoë "the\owl" <x>"#), &json!("r-created")),
        "{line}"
    );
    assert!(line["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0), "{line}");
    assert_eq!((&line["level"], &line["target"]), (&json!("INFO"), &json!("request")), "{line}");

    server.anonymous("GET", EVENTS).header("X-Request-Id", "r-no-key").send();
    let line: Value = serde_json::from_str(&line_of(&server, "r-no-key")).expect("a JSON object");
    assert_eq!((&line["status"], &line["method"]), (&json!(403), &json!("GET")), "{line}");

    flush(&server);
    for log in [log_file(&server), server.stderr()] {
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
            for key in ["time", "level", "target", "message"] {
                assert!(line[key].is_string(), "no {key}: {line}");
            }
        }
    }
}

#[test]
fn the_log_holds_no_query_no_body_and_no_key() {
    for format in ["text", "json"] {
        let server = logging(format);
        server.get(&format!("{EVENTS}?user_id=13&secret=in-the-query"));
        server.get("/nothing?secret=in-the-query");
        server.request("POST", EVENTS).form("user_id=x&description=in-the-body").send();
        server.post(EVENTS, &json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": "in-the-body"}));
        server.request("POST", EVENTS).header("Content-Type", "application/json").bytes("{in-the-body").send();
        server.anonymous("GET", EVENTS).header("API-Key", "in-the-header").header("API-Username", "mallory").send();
        server.request("GET", EVENTS).header("Cookie", "in-the-header").send();
        server.request("GET", EVENTS).header("Idempotency-Key", "in-the-header").send();
        flush(&server);
        for log in [log_file(&server), server.stderr()] {
            for secret in ["in-the-query", "in-the-body", "in-the-header", KEY, "user_id=13", "mallory"] {
                assert!(!log.contains(secret), "{secret} is in the {format} log: {log}");
            }
        }
    }
}

#[test]
fn nothing_that_a_client_sends_breaks_a_line_or_a_terminal() {
    for format in ["text", "json"] {
        let server = logging(format);
        let head = format!("Host: localhost\r\nConnection: close\r\nAPI-Key: {KEY}\r\n");
        for path in [
            "/%0a2026-01-01T00:00:00.000Z%20INFO%20%20request:%20forged",
            "/%1b[31mred%0d%0a",
            "/\u{9b}31m",
            "/caf\u{e9}\u{2028}next",
            "/\"quoted\\",
            "/%00",
        ] {
            server.raw(format!("GET {path} HTTP/1.1\r\n{head}API-Username: system\r\n\r\n").as_bytes());
        }
        for value in ["a\tb", "\u{9b}31m", "a\u{85}b", "a\u{2028}b"] {
            server.raw(format!("GET {EVENTS} HTTP/1.1\r\n{head}API-Username: {value}\r\n\r\n").as_bytes());
            let id = format!("X-Request-Id: {value}\r\n");
            server.raw(format!("GET {EVENTS} HTTP/1.1\r\n{head}{id}API-Username: system\r\n\r\n").as_bytes());
        }
        flush(&server);
        for log in [log_file(&server), server.stderr()] {
            let odd = |symbol: char| symbol != '\n' && symbol.is_control();
            assert!(!log.contains(odd), "a control character is in the {format} log: {log:?}");
            for line in log.lines() {
                match format {
                    "json" => assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}"),
                    _ => assert!(line.len() > 24 && &line[23..25] == "Z ", "not the start of a line: {line:?}"),
                }
            }
            let mark = if format == "json" { r#""request_id""# } else { " request: " };
            let requests = log.lines().filter(|line| line.contains(mark)).count();
            assert!(requests >= 15, "a request is missing: {log}");
        }
    }
}

#[test]
fn the_log_file_is_added_to_by_the_next_start() {
    let server = logging("text");
    server.anonymous("GET", "/health/live").header("X-Request-Id", "r-before").send();
    line_of(&server, "r-before");
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_LOG_FILE", LOG).start();
    server.anonymous("GET", "/health/live").header("X-Request-Id", "r-after").send();
    line_of(&server, "r-after");
    assert!(log_file(&server).contains("r-before"));
}

#[test]
fn a_request_that_a_page_could_have_answered_leaves_one_line_too() {
    let server = logging("text");
    for path in ["/leaderboard", "/leaderboard/1", "/users/13", "/admin", "/nothing"] {
        server.anonymous("GET", path).header("Accept", "application/json").send();
    }
    flush(&server);
    let log = log_file(&server);
    let lines = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!((lines(" request: GET "), lines(" WARN ")), (6, 0), "{log}");
    assert!(!log.contains("forwarding"), "{log}");
}
