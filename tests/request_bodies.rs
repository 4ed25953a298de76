//! The promise: what a request says is taken in each way in which programs write it, and no request makes more work than
//! its length.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use serde_json::{Value, json};

use crate::support::{EVENTS, KEY, PATIENCE, RECALCULATE, Reply, Server};

const BAD_BODY: &str = "You supplied invalid parameters to the request: body";

/// Fails unless a request stored an event; returns its user, points and description.
#[track_caller]
fn essence(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    let event = reply.json();
    json!([event["user_id"], event["points"], event["description"]])
}

/// POST of a body of that type.
fn post(server: &Server, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    server.request("POST", EVENTS).header("Content-Type", content_type).bytes(body).send()
}

#[test]
fn a_get_takes_its_parameters_from_its_query_alone() {
    let server = Server::start();
    server.award(1, "2023-04-14", 1);
    server.award(2, "2023-04-14", 1);
    for path in [EVENTS, "/leaderboard/1", "/users/1/score", "/admin/users", "/health/live"] {
        let plain = server.get(path);
        for body in ["user_id=2&page=99&period=daily&limit=x", r#"{"user_id":2,"page":99}"#, r#"{"user_id":"#] {
            let form = server.request("GET", path).form(body).send();
            assert_eq!((form.status, form.body), (plain.status, plain.body.clone()), "{path} with {body}");
            let json = server.request("GET", path).header("Content-Type", "application/json").bytes(body).send();
            assert_eq!((json.status, json.body), (plain.status, plain.body.clone()), "{path} with {body}");
        }
    }
    let two = server.request("GET", &format!("{EVENTS}?user_id=2")).form("user_id=1").send().json();
    assert_eq!((two["events"].as_array().map(Vec::len), &two["events"][0]["user_id"]), (Some(1), &json!(2)));
}

#[test]
fn a_get_is_answered_before_its_body_has_come() {
    let server = Server::start();
    let form = "n=&".repeat(200_000);
    for method in ["GET", "HEAD"] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        let head = format!(
            "{method} {EVENTS} HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {KEY}\r\nAPI-Username: system\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
            form.len(),
            &form[..100]
        );
        stream.write_all(head.as_bytes()).expect("the head is sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&status), "HTTP/1.1 200");
    }
}

#[test]
fn a_request_has_a_thousand_parameters_at_most() {
    let server = Server::start();
    let good = "user_id=13&date=2023-04-14&points=15";
    let form = |count: usize| {
        let names: String = (0..count).map(|number| format!("n{number}=&")).collect();
        format!("{names}{good}")
    };
    let json = |count: usize| {
        let names: String = (0..count).map(|number| format!("\"n{number}\":0,")).collect();
        format!(r#"{{{names}"user_id":13,"date":"2023-04-14","points":15}}"#)
    };
    let parts = |count: usize| multipart(&[&[("n", "")].repeat(count)[..], &PARTS].concat());
    for (content_type, body) in
        [("application/x-www-form-urlencoded", &form as &dyn Fn(usize) -> String), ("application/json", &json)]
    {
        essence(&post(&server, content_type, body(997)));
        for count in [998, 60_000] {
            post(&server, content_type, body(count)).assert_error(400, "invalid_parameters", BAD_BODY);
            let untyped = server.request("POST", EVENTS).bytes(body(count)).send();
            untyped.assert_error(400, "invalid_parameters", BAD_BODY);
        }
    }
    essence(&post(&server, MULTIPART, parts(997)));
    for count in [998, 15_000] {
        post(&server, MULTIPART, parts(count)).assert_error(400, "invalid_parameters", BAD_BODY);
    }
    // One name again and again, names that can't be read, and both halves together count too.
    for body in ["a&".repeat(524_288), "%FF&".repeat(2000), "=&".repeat(2000)] {
        post(&server, "application/x-www-form-urlencoded", body).assert_error(400, "invalid_parameters", BAD_BODY);
    }
    let query = "q&".repeat(500);
    let split = |count: usize| server.request("POST", &format!("{EVENTS}?{query}")).form(&form(count)).send();
    essence(&split(497));
    split(498).assert_error(400, "invalid_parameters", BAD_BODY);
    let long = server.get(&format!("{EVENTS}?{}", "q&".repeat(1001)));
    long.assert_error(400, "invalid_parameters", BAD_BODY);
    assert_eq!(server.count_events(), 4);
}

#[test]
fn the_members_of_a_list_are_no_parameters() {
    let server = Server::start();
    let members = |group: &str| server.get(&format!("/admin/groups/{group}")).json()["user_ids"].clone();
    let ids: Vec<i64> = (1..=5000).collect();
    let one_by_one: String = ids.iter().map(|id| format!("user_ids[]={id}&")).collect();
    assert_eq!(server.request("PUT", "/admin/groups/1").form(&format!("{one_by_one}name=a")).send().status, 200);
    assert_eq!(members("1"), json!(ids));
    assert_eq!(server.put("/admin/groups/2", &json!({"name": "b", "user_ids": ids})).status, 200);
    assert_eq!(members("2"), json!(ids));
    let part = |id: &i64| ("user_ids[]", id.to_string());
    let parts: Vec<(&str, String)> = ids.iter().map(part).chain([("name", "c".to_owned())]).collect();
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = server.request("PUT", "/admin/groups/3").header("Content-Type", MULTIPART);
    assert_eq!(request.bytes(multipart(&parts)).send().status, 200);
    assert_eq!(members("3"), json!(ids));
}

#[test]
fn bodies_that_are_as_long_as_may_be_hold_up_nobody() {
    let server = Server::start();
    let bodies = [
        ("application/x-www-form-urlencoded", (0..160_000).map(|number| format!("{number:x}&")).collect::<String>()),
        ("application/x-www-form-urlencoded", "a[]&".repeat(262_000)),
        ("application/x-www-form-urlencoded", format!("x={}", "%".repeat(1_000_000))),
        (
            "application/json",
            format!("{{{}\"z\":0}}", (0..80_000).map(|number| format!("\"{number}\":0,")).collect::<String>()),
        ),
        ("application/json", format!("{{\"a\":[{}0]}}", "0,".repeat(500_000))),
        ("application/json", format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(170_000))),
        (MULTIPART, "--x\r\n".repeat(200_000)),
        (MULTIPART, format!("--x\r\n{}", "a: b\r\n".repeat(170_000))),
    ];
    thread::scope(|scope| {
        for (content_type, body) in &bodies {
            let server = &server;
            scope.spawn(move || {
                for (method, path) in [("POST", EVENTS), ("PUT", RECALCULATE)] {
                    let request = server.request(method, path).header("Content-Type", content_type);
                    let status = request.bytes(body.as_str()).send().status;
                    assert!(matches!(status, 200 | 400 | 429), "{status}: {}", &body[..40]);
                }
            });
        }
        for _ in 0..20 {
            assert_eq!(server.anonymous("GET", "/health/live").send().status, 200);
        }
    });
}

const MULTIPART: &str = "multipart/form-data; boundary=x";

/// The parts of a good event.
const PARTS: [(&str, &str); 3] = [("user_id", "13"), ("date", "2023-04-14"), ("points", "15")];

/// A body of such parts.
fn multipart(parts: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in parts {
        body.push_str(&format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body + "--x--\r\n"
}

#[test]
fn a_form_may_come_in_parts() {
    let server = Server::start();
    let described = |text: &str| multipart(&[&PARTS[..], &[("description", text)]].concat());
    for text in ["Karaoke night", "a=b&c%20d+", "line\r\nline", "--y--", "ä", ""] {
        let quoted = post(&server, "multipart/form-data; charset=utf-8; boundary=\"x\"", described(text));
        assert_eq!(essence(&quoted), json!([13, 15, text]));
        assert_eq!(essence(&post(&server, "Multipart/Form-Data; boundary=x", described(text))), json!([13, 15, text]));
    }
    // As curl -F sends it, with a type of its own for a part, and a part that nobody asks for.
    let curl = "------------------------d74496d66958873e";
    let body = format!(
        "--{curl}\r\nContent-Disposition: form-data; name=\"points\"\r\nContent-Type: text/plain\r\n\r\n4\r\n\
         --{curl}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n\u{0}\r\n--{curl}--\r\n"
    );
    let request = server.request("POST", &format!("{EVENTS}?user_id=7&date=2023-04-14&points=1"));
    let reply = request.header("Content-Type", &format!("multipart/form-data; boundary={curl}")).bytes(body).send();
    assert_eq!(essence(&reply), json!([7, 4, null]));
}

#[test]
fn a_form_in_parts_that_cannot_be_read_is_refused() {
    let server = Server::start();
    let good = multipart(&PARTS);
    for (content_type, body) in [
        ("multipart/form-data", good.as_str()),
        ("multipart/form-data; boundary=", &good),
        ("multipart/form-data; boundary=y", &good),
        ("multipart/mixed; boundary=x", &good),
        (MULTIPART, "--x"),
        (MULTIPART, "user_id=13&date=2023-04-14&points=15"),
        (MULTIPART, "--x\r\nContent-Disposition: form-data\r\n\r\n13\r\n--x--\r\n"),
        (MULTIPART, "--x\r\n\r\n13\r\n--x--\r\n"),
    ] {
        post(&server, content_type, body).assert_error(400, "invalid_parameters", BAD_BODY);
    }
    for length in 1..good.len() - 4 {
        post(&server, MULTIPART, &good[..length]).assert_error(400, "invalid_parameters", BAD_BODY);
    }
    for (disposition, name) in [
        ("form-data; name=\"points\"; filename=\"points.txt\"", "points"),
        ("form-data; name=\"description\"; filename=\"\"", "description"),
    ] {
        let good = good.trim_end().trim_end_matches("--x--");
        let body = format!("{good}--x\r\nContent-Disposition: {disposition}\r\n\r\n15\r\n--x--\r\n");
        let sentence = format!("You supplied invalid parameters to the request: {name}");
        post(&server, MULTIPART, body).assert_error(400, "invalid_parameters", &sentence);
    }
    let not_utf8 = [&b"--x\r\nContent-Disposition: form-data; name=\"user_id\"\r\n\r\n\xFF\r\n"[..], good.as_bytes()];
    assert_eq!(
        essence(&post(&server, MULTIPART, not_utf8.concat())),
        json!([13, 15, null]),
        "the last of a name counts"
    );
    let not_utf8 = [
        &good.as_bytes()[..good.len() - 7],
        b"--x\r\nContent-Disposition: form-data; name=\"user_id\"\r\n\r\n\xFF\r\n--x--",
    ];
    let sentence = "You supplied invalid parameters to the request: user_id";
    post(&server, MULTIPART, not_utf8.concat()).assert_error(400, "invalid_parameters", sentence);
    assert_eq!(server.count_events(), 1);
}

#[test]
fn a_whole_number_may_have_a_point_or_an_exponent() {
    let server = Server::start();
    for (points, stored) in [
        ("15.0", 15),
        ("1e2", 100),
        ("1.5E+1", 15),
        ("-20.00", -20),
        ("1500e-2", 15),
        ("-0.0", 0),
        ("2147483647.0", i32::MAX),
    ] {
        let body = format!(r#"{{"user_id":13.0,"date":"2023-04-14","points":{points}}}"#);
        assert_eq!(essence(&post(&server, "application/json", body)), json!([13, stored, null]), "{points}");
    }
    assert_eq!(server.put("/admin/groups/1", &json!({"name": "a", "user_ids": [1.0, "2", 3e0]})).status, 200);
    assert_eq!(server.get("/admin/groups/1").json()["user_ids"], json!([1, 2, 3]));
}

#[test]
fn a_text_may_come_as_a_number_or_as_true_and_is_what_was_written() {
    let server = Server::start();
    for text in ["1071", "1.50", "1e2", "-0", "0.10", "12345678901234567890123", "true", "false"] {
        let body = format!(r#"{{"user_id":13,"date":"2023-04-14","points":1,"description": {text} }}"#);
        assert_eq!(essence(&post(&server, "application/json", body)), json!([13, 1, text]));
    }
    let user = |body: &str| {
        server.request("PUT", "/admin/users/13").header("Content-Type", "application/json").bytes(body).send()
    };
    assert_eq!(user(r#"{"username":1071,"name":true}"#).status, 200);
    let shown = server.get("/admin/users/13").json();
    assert_eq!((&shown["username"], &shown["name"]), (&json!("1071"), &json!("true")));
}

#[test]
fn a_byte_order_mark_before_json_is_passed_over() {
    let server = Server::start();
    let body = "\u{feff}{\"user_id\":13,\"date\":\"2023-04-14\",\"points\":15}";
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        assert_eq!(essence(&post(&server, content_type, body)), json!([13, 15, null]));
    }
    assert_eq!(essence(&server.request("POST", EVENTS).bytes(body).send()), json!([13, 15, null]));
    for broken in ["\u{feff}", "\u{feff}\u{feff}{}", "\u{feff}13"] {
        post(&server, "application/json", broken).assert_error(400, "invalid_parameters", BAD_BODY);
    }
}
