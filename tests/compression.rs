//! The promise: a reply of 1 KiB or more is compressed for who accepts gzip, and says the same; streams and pages with a
//! form's token are not. Caches are told, and a tag is good for both forms.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::leaderboards::quick;
use crate::support::browser::{ACCEPT, Browser, SIGN_IN};
use crate::support::{EVENTS, Server, wait_for};

/// A reply as it comes over the wire: its head in small letters, and its body.
struct Wire {
    head: String,
    body: Vec<u8>,
}

impl Wire {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(have, _)| *have == name).map(|(_, value)| value)
    }

    fn is_gzip(&self) -> bool {
        self.header("content-encoding") == Some("gzip")
    }

    fn varies(&self) -> bool {
        self.header("vary").is_some_and(|value| value.split(", ").any(|name| name == "accept-encoding"))
    }

    /// The body as text, unpacked if it is compressed. Its length is what the head says.
    #[track_caller]
    fn text(&self) -> String {
        let length: usize = self.header("content-length").expect("a length").parse().expect("a number");
        assert_eq!(length, self.body.len(), "{}", self.head);
        let mut text = String::new();
        if self.is_gzip() {
            GzDecoder::new(&self.body[..]).read_to_string(&mut text).expect("it is gzip");
        } else {
            text = String::from_utf8(self.body.clone()).expect("text");
        }
        text
    }
}

/// Sends a request as `system` with these headers, each ended by CR LF.
fn ask(server: &Server, line: &str, headers: &str) -> Wire {
    let key = if headers.contains("Accept: text/html") || headers.contains("Cookie") {
        String::new()
    } else {
        format!("Api-Key: {}\r\nApi-Username: system\r\n", crate::support::KEY)
    };
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{key}{headers}\r\n");
    let bytes = server.raw_bytes(request.as_bytes());
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    Wire { head, body: bytes[end + 4..].to_vec() }
}

const GZIP: &str = "Accept-Encoding: gzip\r\n";
const PAGE: &str = "Accept: text/html\r\n";

/// A server with a hundred users on its board.
fn a_full_page() -> Server {
    let server = quick().start();
    for user_id in 1..=100 {
        server.award(user_id, "2023-04-14", user_id);
    }
    wait_for("the standings", || {
        let users = server.get("/leaderboard/1").json()["users"].as_array().map_or(0, Vec::len);
        (users == 100).then_some(())
    });
    server
}

#[test]
fn long_replies_are_compressed_and_say_the_same() {
    let server = a_full_page();
    let asset = {
        let page = ask(&server, "GET /leaderboard/1", PAGE).text();
        let at = page.find("/assets/style.").expect("a stylesheet");
        page[at..].split('"').next().expect("its end").to_owned()
    };
    for (path, headers) in [
        ("/leaderboard/1", ""),
        ("/leaderboard/1?for_user_id=13", ""),
        ("/leaderboard/1/around/50?radius=50", ""),
        (EVENTS, ""),
        ("/leaderboard/1", PAGE),
        ("/leaderboard/1?for_user_id=13", PAGE),
        ("/users/13", PAGE),
        (asset.as_str(), ""),
    ] {
        let plain = ask(&server, &format!("GET {path}"), headers);
        assert!(!plain.is_gzip() && plain.varies() && plain.text().len() >= 1024, "{path}: {}", plain.head);
        for _ in 0..2 {
            let packed = ask(&server, &format!("GET {path}"), &format!("{headers}{GZIP}"));
            assert!(packed.is_gzip() && packed.varies(), "{path}: {}", packed.head);
            assert!(packed.body.len() * 2 < plain.body.len(), "{path}: {} bytes", packed.body.len());
            assert_eq!(packed.text(), plain.text(), "{path}");
            assert_eq!(packed.header("content-type"), plain.header("content-type"), "{path}");
        }
        let refused = ask(&server, &format!("GET {path}"), &format!("{headers}Accept-Encoding: gzip;q=0, *\r\n"));
        assert!(!refused.is_gzip(), "{path}: {}", refused.head);
    }
}

#[test]
fn head_has_the_length_of_what_get_would_send() {
    let server = a_full_page();
    for path in ["/leaderboard/1", EVENTS, "/users/13/score"] {
        for headers in ["", GZIP] {
            let get = ask(&server, &format!("GET {path}"), headers);
            let head = ask(&server, &format!("HEAD {path}"), headers);
            assert!(head.body.is_empty(), "{path}");
            for name in ["content-length", "content-encoding", "vary", "etag", "content-type"] {
                assert_eq!(head.header(name), get.header(name), "{path}: {name}");
            }
        }
    }
}

#[test]
fn a_tag_is_good_for_both_forms() {
    let server = a_full_page();
    for path in ["/leaderboard/1", "/leaderboard/1?for_user_id=13", "/leaderboard/1/around/13"] {
        let line = format!("GET {path}");
        let tags = ["", GZIP].map(|headers| ask(&server, &line, headers).header("etag").expect("a tag").to_owned());
        let [plain, packed] = &tags;
        assert!(plain.starts_with('"'), "{plain}");
        assert_eq!(packed, &format!("w/{plain}"), "other bytes with the same meaning have a weak tag");
        for known in &tags {
            for (headers, tag) in [("", plain), (GZIP, packed)] {
                let known = known.replace("w/", "W/");
                let reply = ask(&server, &line, &format!("{headers}If-None-Match: {known}\r\n"));
                assert_eq!((reply.status(), reply.body.len()), (304, 0), "{path} {known} {headers}");
                assert!(reply.varies() && !reply.is_gzip(), "{}", reply.head);
                assert_eq!(reply.header("etag"), Some(tag.as_str()), "{path} {known} {headers}");
            }
        }
    }
}

#[test]
fn short_replies_are_sent_as_they_are_and_caches_are_told() {
    let server = quick().start();
    for path in ["/users/13/score", "/avatars/13/48.svg", "/health/live", "/nothing"] {
        let reply = ask(&server, &format!("GET {path}"), GZIP);
        assert!(!reply.is_gzip() && reply.varies(), "{path}: {}", reply.head);
    }
    let body = "user_id=13&date=2023-04-14&points=15";
    let headers = format!("{GZIP}Content-Length: {}\r\n\r\n{body}", body.len());
    let stored = ask(&server, &format!("POST {EVENTS}"), &headers);
    assert_eq!((stored.status(), stored.is_gzip(), stored.varies()), (200, false, false), "{}", stored.head);
}

#[test]
fn a_stream_is_not_compressed() {
    let server = a_full_page();
    let request = format!("GET /leaderboard/1/live HTTP/1.1\r\nHost: localhost\r\n{GZIP}\r\n");
    let answer = server.raw(request.as_bytes());
    assert!(!answer.contains("content-encoding") && answer.contains("event:leaderboard"), "{answer}");
}

#[test]
fn a_page_with_the_token_of_a_form_is_not_compressed() {
    let server = a_full_page();
    let browser = Browser::signed_in(&server, "ana");
    let session = format!("Cookie: scorekeeper_session={}\r\n", browser.cookie("scorekeeper_session").expect("one"));
    for path in ["/admin/events", "/admin/award", "/admin/boards/1", "/admin/people", "/admin/keys"] {
        let page = ask(&server, &format!("GET {path}"), &format!("{session}Accept: {ACCEPT}\r\n{GZIP}"));
        assert!(page.text().contains("name=\"csrf\""), "{path}");
        assert!(!page.is_gzip() && page.text().len() > 1024, "{path}: {}", page.head);
    }
    let sign_in = ask(&server, &format!("GET {SIGN_IN}"), &format!("Accept: {ACCEPT}\r\n{GZIP}"));
    assert!(sign_in.text().contains("name=\"csrf\"") && !sign_in.is_gzip(), "{}", sign_in.head);
    let board = ask(&server, "GET /leaderboard/1", &format!("{session}Accept: {ACCEPT}\r\n{GZIP}"));
    assert!(board.is_gzip(), "it has no form with a token: {}", board.head);
    let user = ask(&server, "GET /users/13", &format!("{session}Accept: {ACCEPT}\r\n{GZIP}"));
    assert!(user.is_gzip() && !user.text().contains("csrf"), "{}", user.head);
}
