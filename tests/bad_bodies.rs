//! The promise: no body is too deep, too large, too short or too garbled to be answered with its documented 4xx, and
//! nothing of it is stored.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::bad_input::{assert_nothing_stored, one_event};
use crate::support::{EVENTS, KEY, RECALCULATE, Server};

/// The routes that read a body, with a body that each would take.
const READING_A_BODY: [(&str, &str, &str); 3] = [
    ("POST", EVENTS, r#"{"user_id": 13, "date": "2023-04-14", "points": 15}"#),
    ("PUT", EVENTS, r#"{"id": 1, "points": 99}"#),
    ("PUT", RECALCULATE, r#"{"from_date": "2023-04-14"}"#),
];

#[test]
fn a_body_that_is_no_json_object_is_refused() {
    const SENTENCE: &str = "You supplied invalid parameters to the request: body";
    let server = one_event();
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let object = (r#"{"x":"#.repeat(depth), "}".repeat(depth));
        [format!(r#"{{"x":{open}{close}}}"#), format!("{}1{}", object.0, object.1), format!(r#"{{"x":{open}"#)]
    };
    let mut bodies: Vec<Vec<u8>> = nested(200).into_iter().chain(nested(100_000)).map(String::into_bytes).collect();
    for broken in [
        "[]",
        "[1]",
        r#"[{"user_id": 13}]"#,
        r#""text""#,
        "13",
        "null",
        "true",
        "{",
        "}",
        "{}{}",
        r#"{"user_id": 13}}"#,
        r#"{"user_id"}"#,
        r#"{"user_id": }"#,
        r#"{"user_id": 13,}"#,
        r#"{user_id: 13}"#,
        "{'user_id': 13}",
        "not json",
        "user_id=13&date=2023-04-14&points=15",
        r#"{"user_id": 013}"#,
        r#"{"user_id": NaN}"#,
        r#"{"x": "\ud800"}"#,
        "{\"x\": \"\n\"}",
        " ",
        "\0",
        "<xml/>",
    ] {
        bodies.push(broken.into());
    }
    bodies.push(b"{\"description\": \"caf\xE9\"}".to_vec());
    bodies.push(b"{\"x\": \"\xED\xA0\x80\"}".to_vec());
    bodies.push(b"\xFF\xFE{\0}\0".to_vec());
    for (method, path, good) in READING_A_BODY {
        let truncated = (1..good.len()).map(|length| good.as_bytes()[..length].to_vec());
        for body in bodies.iter().cloned().chain(truncated) {
            let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            for content_type in ["application/json", "application/vnd.api+json"] {
                let request = server.request(method, path).header("Content-Type", content_type);
                let reply = request.bytes(body.clone()).send();
                assert_eq!((reply.status, reply.error().as_str()), (400, SENTENCE), "{method} {path} of {start}");
                reply.assert_error(400, "invalid_parameters", SENTENCE);
            }
        }
        for content_type in
            ["text/plain", "multipart/form-data; boundary=x", "application/xml", "text/json", "junk", "/"]
        {
            let request = server.request(method, path).header("Content-Type", content_type);
            let reply = request.bytes(good).send();
            assert_eq!((reply.status, reply.error().as_str()), (400, SENTENCE), "{method} {path} as {content_type}");
        }
    }
    assert_nothing_stored(&server);
}

#[test]
fn a_form_that_is_not_utf8_is_refused_for_the_parameter() {
    let server = one_event();
    for (body, name) in [
        (&b"user_id=13&date=2023-04-14&points=15&description=caf\xE9"[..], "description"),
        (b"user_id=\xFF&date=2023-04-14&points=15", "user_id"),
        (b"user_id=13&date=\xFF&points=15", "date"),
    ] {
        let form = "application/x-www-form-urlencoded";
        for request in [
            server.request("POST", EVENTS).header("Content-Type", form).bytes(body),
            server.request("POST", EVENTS).bytes(body),
        ] {
            let sentence = format!("You supplied invalid parameters to the request: {name}");
            request.send().assert_error(400, "invalid_parameters", &sentence);
        }
    }
    assert_nothing_stored(&server);
}

/// Whether a client that has sent its request goes on listening or hangs up half.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Listens,
    HangsUp,
}

/// Sends a head and a body on a connection of its own, whatever the server does meanwhile, and returns its answer.
fn push(server: &Server, head: &str, body: &[u8], then: Then) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a read timeout");
    let mut writing = stream.try_clone().expect("a second handle");
    let request = [
        head.as_bytes(),
        b"\r\nHost: localhost\r\nConnection: close\r\nAPI-Username: system\r\nAPI-Key: ",
        KEY.as_bytes(),
        b"\r\n\r\n",
        body,
    ]
    .concat();
    let writer = std::thread::spawn(move || {
        let _ = writing.write_all(&request);
        if then == Then::HangsUp {
            let _ = writing.shutdown(Shutdown::Write);
        }
    });
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let _ = writer.join();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_body_past_a_mebibyte_is_too_large_and_one_of_just_that_is_not() {
    const SENTENCE: &str = "The request body is too large: at most 1048576 bytes are taken.";
    let server = one_event();
    for (method, path, good) in &READING_A_BODY {
        for size in [(1 << 20) + 1, 2 << 20] {
            let json = format!("{good}{}", " ".repeat(size - good.len()));
            let form = format!("x={}", "x".repeat(size - 2));
            let by_json = server.request(method, path).header("Content-Type", "application/json").bytes(json.clone());
            by_json.send().assert_error(413, "payload_too_large", SENTENCE);
            server.request(method, path).form(&form).send().assert_error(413, "payload_too_large", SENTENCE);

            let chunks: Vec<u8> = json.as_bytes().chunks(4000).fold(Vec::new(), |mut chunks, chunk| {
                chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                chunks.extend_from_slice(chunk);
                chunks.extend_from_slice(b"\r\n");
                chunks
            });
            let head =
                format!("{method} {path} HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked");
            let answer = push(&server, &head, &[&chunks[..], b"0\r\n\r\n"].concat(), Then::Listens);
            assert!(answer.starts_with("HTTP/1.1 413 "), "{size} bytes in chunks: {answer:?}");
            assert!(answer.contains(SENTENCE), "{answer:?}");
        }
    }
    assert_nothing_stored(&server);

    let good = READING_A_BODY[0].2;
    let full = format!("{good}{}", " ".repeat((1 << 20) - good.len()));
    let reply = server.request("POST", EVENTS).header("Content-Type", "application/json").bytes(full).send();
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn a_body_that_ends_before_its_announced_length_stores_nothing() {
    let server = one_event();
    for (method, path, good) in &READING_A_BODY {
        for content_type in ["application/json", "application/x-www-form-urlencoded"] {
            let head = format!("{method} {path} HTTP/1.1\r\nContent-Type: {content_type}\r\nContent-Length: 4000");
            let answer = push(&server, &head, good.as_bytes(), Then::HangsUp);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
        }
    }
    let form = b"user_id=13&date=2023-04-14&points=15";
    for length in ["37", "1048576"] {
        let head = format!("POST {EVENTS} HTTP/1.1\r\nContent-Length: {length}");
        let answer = push(&server, &head, form, Then::HangsUp);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
    }
    assert_nothing_stored(&server);
}
