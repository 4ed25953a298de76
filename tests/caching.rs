//! The promise: what needed a key is kept by no cache, and what is for all says so itself.

use serde_json::json;

use crate::leaderboards::{quick, set_board, set_group};
use crate::support::browser::{ACCEPT, Browser};
use crate::support::{EVENTS, KEY, RECALCULATE, Reply, Setup, wait_for};

const NOBODYS: Option<&str> = Some("private, no-store");

/// What a reply says to caches.
#[track_caller]
fn cache(reply: &Reply) -> Option<&str> {
    let said = reply.headers.iter().filter(|(name, _)| name == "cache-control").count();
    assert_eq!(said, 1, "{reply:?}");
    reply.header("Cache-Control")
}

/// GET of what the standings have to be built for.
fn built(ask: impl Fn() -> Reply) -> Reply {
    wait_for("the standings", || Some(ask()).filter(|reply| reply.status != 202))
}

#[test]
fn what_needs_a_key_is_kept_by_nobody_whatever_becomes_of_it() {
    let server = Setup::new().env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", "0").start();
    server.award(13, "2023-04-14", 15);
    let one = format!("{EVENTS}/1");
    let table = [
        ("GET", EVENTS, 200),
        ("GET", &one, 200),
        ("GET", &format!("{one}/history"), 200),
        ("GET", &format!("{EVENTS}/77"), 404),
        ("GET", &format!("{EVENTS}?limit=0"), 400),
        ("POST", EVENTS, 400),
        ("PUT", &format!("{EVENTS}?id=1&points=16"), 200),
        ("PUT", &format!("{EVENTS}?id=77&points=16"), 404),
        ("GET", RECALCULATE, 200),
        ("GET", "/admin/plugins/gamification", 200),
        ("GET", "/admin/users", 200),
        ("GET", "/admin/groups", 200),
        ("HEAD", EVENTS, 200),
        ("DELETE", &one, 200),
    ];
    for (method, path, status) in table {
        let reply = server.request(method, path).send();
        assert_eq!((reply.status, cache(&reply)), (status, NOBODYS), "{method} {path}");
        for refused in [
            server.anonymous(method, path).send(),
            server.anonymous(method, path).header("API-Key", "another").header("API-Username", "system").send(),
            server.anonymous(method, path).header("API-Key", KEY).send(),
        ] {
            assert_eq!((refused.status, cache(&refused)), (403, NOBODYS), "{method} {path}");
        }
    }
    let large = server.request("POST", EVENTS).bytes("x".repeat((1 << 20) + 1)).send();
    assert_eq!((large.status, cache(&large)), (413, NOBODYS));
}

#[test]
fn what_is_for_all_is_public_with_a_key_too_and_the_rest_is_not_kept() {
    let server = quick().start();
    for path in ["/leaderboard", "/leaderboard/1", "/leaderboard/1/around/13"] {
        for ask in [&(|| server.anonymous("GET", path).send()) as &dyn Fn() -> Reply, &|| server.get(path)] {
            assert_eq!(cache(&built(ask)), Some("public, max-age=1, must-revalidate"), "{path}");
        }
        let refused = server.anonymous("GET", path).header("API-Key", "another").send();
        assert_eq!((refused.status, cache(&refused)), (403, NOBODYS), "{path}");
    }
    let picture = server.anonymous("GET", "/avatars/13/48.svg").send();
    assert_eq!(cache(&picture), Some("public, max-age=3600"));
    for path in ["/users/13/score", "/users/13/days", "/health/live", "/nothing", "/leaderboard/77", "/avatars/13"] {
        assert_eq!(cache(&server.anonymous("GET", path).send()), Some("no-store"), "{path}");
    }
    let unheard = server.raw(b"FROBNICATE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(unheard.contains("\r\ncache-control: no-store\r\n"), "{unheard}");
}

#[test]
fn where_reading_needs_a_key_nothing_is_public() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC", "false").start();
    server.award(13, "2023-04-14", 15);
    let browser = Browser::signed_in(&server, "ana");
    let session = format!("scorekeeper_session={}", browser.cookie("scorekeeper_session").expect("a session"));
    for (path, said) in [
        ("/users/13/score", NOBODYS),
        ("/users/13/days", NOBODYS),
        ("/avatars/13/48.svg", NOBODYS),
        ("/leaderboard", Some("private, no-cache")),
        ("/leaderboard/1/around/13", Some("private, no-cache")),
        ("/leaderboard/77", NOBODYS),
    ] {
        let with_session = || server.anonymous("GET", path).header("Cookie", &session).send();
        assert_eq!(cache(&built(|| server.get(path))), said, "{path}");
        assert_eq!(cache(&built(with_session)), said, "{path}");
        let refused = server.anonymous("GET", path).send();
        assert_eq!((refused.status, cache(&refused)), (403, NOBODYS), "{path}");
    }
    for path in ["/leaderboard", "/users/13"] {
        let page = built(|| server.anonymous("GET", path).header("Accept", ACCEPT).header("Cookie", &session).send());
        assert_eq!((page.status, cache(&page)), (200, NOBODYS), "{path}");
    }
}

#[test]
fn a_page_that_shows_more_to_who_is_signed_in_is_kept_by_nobody() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    set_group(&server, 10, &[]);
    let browser = Browser::signed_in(&server, "ana");
    let visitor = Browser::new(&server);
    assert_eq!(cache(&built(|| visitor.get("/leaderboard/1"))), Some("no-cache"));
    assert_eq!(cache(&built(|| browser.get("/leaderboard/1"))), NOBODYS, "it says who is signed in");
    assert_eq!(cache(&visitor.get("/users/13")), Some("no-cache"));
    assert_eq!(cache(&browser.get("/users/13")), NOBODYS, "who is signed in sees what points were for");
    set_board(&server, 1, json!({"visible_to_groups_ids": [10]}));
    assert_eq!(cache(&built(|| browser.get("/leaderboard/1"))), NOBODYS);
    assert_eq!(cache(&built(|| server.get("/leaderboard/1"))), Some("private, no-cache"));
    let hidden = server.anonymous("GET", "/leaderboard/1").send();
    assert_eq!((hidden.status, cache(&hidden)), (404, Some("no-store")));
}

#[test]
fn no_proxy_holds_a_stream_back_and_none_keeps_that_of_a_board_for_some() {
    let server = quick().start();
    let head = |headers: &str| {
        let request = format!("GET /leaderboard/1/live HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        server.raw(request.as_bytes()).split("\r\n\r\n").next().unwrap_or_default().to_owned()
    };
    let public = head("");
    assert!(public.contains("\r\nx-accel-buffering: no\r\n"), "{public}");
    assert!(public.contains("\r\ncache-control: no-cache\r\n"), "{public}");
    set_group(&server, 10, &[]);
    set_board(&server, 1, json!({"visible_to_groups_ids": [10]}));
    let private = head(&format!("API-Key: {KEY}\r\nAPI-Username: system\r\n"));
    assert!(private.contains("\r\nx-accel-buffering: no\r\n"), "{private}");
    assert!(private.contains("\r\ncache-control: private, no-store\r\n"), "{private}");
    let other = server.get("/health/live");
    assert_eq!(other.header("X-Accel-Buffering"), None);
}
