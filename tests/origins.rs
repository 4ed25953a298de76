//! The promise: pages of the sites in `origins` may read what is public from a browser, and nothing else; a reply never
//! opens what a key or a cookie opens.

use std::fs;

use serde_json::json;

use crate::leaderboards::{quick, set_board, set_group};
use crate::settings::assert_refused;
use crate::support::{EVENTS, KEY, Reply, Server, Setup, wait_for};

const CLUB: &str = "https://club.example";
const TEAM: &str = "http://team.example:8080";
const OTHER: &str = "https://elsewhere.example";

/// What is public, once the standings are built.
const PUBLIC: [&str; 9] = [
    "/leaderboard",
    "/leaderboard.json",
    "/leaderboard/1",
    "/leaderboard/1?period=weekly&for_user_id=13",
    "/leaderboard/1/around/13",
    "/users/13/score",
    "/users/13/score.json",
    "/users/13/days",
    "/avatars/13/48.svg",
];

fn with_origins(origins: &str) -> Server {
    let server = quick().env("SCOREKEEPER_ORIGINS", origins).start();
    server.award(13, "2023-04-14", 15);
    server
}

/// GET by a page of that site, without a key.
fn read(server: &Server, path: &str, origin: &str) -> Reply {
    wait_for("the standings", || {
        let reply = server.anonymous("GET", path).header("Origin", origin).send();
        Some(reply).filter(|reply| reply.status != 202)
    })
}

/// The site that a reply lets read it.
#[track_caller]
fn opened(reply: &Reply) -> Option<&str> {
    assert_eq!(reply.header("Access-Control-Allow-Credentials"), None, "{reply:?}");
    assert!(reply.headers.iter().filter(|(name, _)| name == "vary").count() <= 1, "{reply:?}");
    reply.header("Access-Control-Allow-Origin")
}

#[test]
fn a_page_of_a_listed_site_reads_what_is_public() {
    let server = with_origins(&format!("{CLUB}, {TEAM}"));
    for path in PUBLIC {
        for origin in [CLUB, TEAM] {
            let reply = read(&server, path, origin);
            assert_eq!((reply.status, opened(&reply)), (200, Some(origin)), "{path}");
            assert!(reply.varies("Origin"), "{path}: {reply:?}");
            let exposed = reply.header("Access-Control-Expose-Headers").unwrap_or_default();
            assert!(["ETag", "X-Request-Id", "Link"].iter().all(|name| exposed.contains(name)), "{exposed}");
        }
        for origin in [OTHER, "null", "https://club.example:444", "http://club.example", "https://x.club.example"] {
            let reply = read(&server, path, origin);
            assert_eq!((reply.status, opened(&reply)), (200, None), "{path} {origin}");
            assert!(reply.varies("Origin"), "{path}: {reply:?}");
        }
        let without = server.anonymous("GET", path).send();
        assert_eq!(opened(&without), None, "{path}");
        assert!(without.varies("Origin"), "a cache must not give it to a page of a site: {without:?}");
    }
}

#[test]
fn errors_and_what_is_unchanged_can_be_read_too() {
    let server = with_origins(CLUB);
    for (path, status) in [
        ("/leaderboard/77", 404),
        ("/leaderboard/77/live", 404),
        ("/users/0/score", 404),
        ("/avatars/13/48.png", 404),
        ("/leaderboard?page=x", 400),
        ("/users/13/days?from_date=never", 400),
    ] {
        let reply = read(&server, path, CLUB);
        assert_eq!((reply.status, opened(&reply)), (status, Some(CLUB)), "{path}");
    }
    let tag = read(&server, "/leaderboard/1", CLUB).header("ETag").expect("a tag").to_owned();
    let again = server.anonymous("GET", "/leaderboard/1").header("Origin", CLUB).header("If-None-Match", &tag).send();
    assert_eq!((again.status, opened(&again)), (304, Some(CLUB)));
}

#[test]
fn a_stream_of_changes_can_be_read_by_a_listed_site_alone() {
    let server = with_origins(CLUB);
    let head = |origin: &str| {
        let request = format!("GET /leaderboard/1/live HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\r\n");
        server.raw(request.as_bytes()).split("\r\n\r\n").next().unwrap_or_default().to_owned()
    };
    let opened = format!("\r\naccess-control-allow-origin: {CLUB}\r\n");
    assert!(head(CLUB).contains(&opened), "{}", head(CLUB));
    assert!(!head(OTHER).contains("access-control"), "{}", head(OTHER));
}

#[test]
fn a_star_opens_what_is_public_to_every_site() {
    let server = with_origins("*");
    for path in PUBLIC {
        for origin in [CLUB, OTHER, "null"] {
            let reply = read(&server, path, origin);
            assert_eq!((reply.status, opened(&reply)), (200, Some("*")), "{path}");
            assert!(!reply.varies("Origin"), "all get the same: {reply:?}");
        }
    }
}

#[test]
fn nothing_is_opened_with_a_key_or_where_a_key_is_needed() {
    for origins in [CLUB, "*"] {
        let server = with_origins(origins);
        for path in PUBLIC {
            for key in [KEY, "another", " "] {
                let reply = server.anonymous("GET", path).header("Origin", CLUB).header("API-Key", key);
                assert_eq!(opened(&reply.header("API-Username", "ana").send()), None, "{path} {key}");
            }
        }
        for path in [EVENTS, "/admin/users", "/admin/plugins/gamification", "/health/live", "/users/13", "/nothing"] {
            let reply = read(&server, path, CLUB);
            assert_eq!((opened(&reply), reply.varies("Origin")), (None, false), "{path}");
        }
        let posted = server.anonymous("POST", EVENTS).header("Origin", CLUB).form("user_id=13").send();
        assert_eq!((posted.status, opened(&posted)), (403, None));
        set_group(&server, 10, &[]);
        set_board(&server, 1, json!({"visible_to_groups_ids": [10]}));
        let hidden = read(&server, "/leaderboard/1", CLUB);
        assert_eq!(hidden.status, 404, "a page of another site sees no more than anyone without a key");
    }
}

#[test]
fn without_origins_and_without_public_reads_nothing_is_opened() {
    let closed = Server::start();
    let private = Setup::new().env("SCOREKEEPER_PUBLIC", "false").env("SCOREKEEPER_ORIGINS", CLUB).start();
    let empty = Setup::new().env("SCOREKEEPER_ORIGINS", "").start();
    for server in [&closed, &private, &empty] {
        for path in PUBLIC {
            let reply = read(server, path, CLUB);
            assert_eq!((opened(&reply), reply.varies("Origin")), (None, false), "{path}");
            let preflight = server.anonymous("OPTIONS", path).header("Origin", CLUB);
            let preflight = preflight.header("Access-Control-Request-Method", "GET").send();
            assert_eq!((preflight.status, opened(&preflight)), (204, None), "{path}");
        }
    }
}

#[test]
fn a_preflight_is_answered_for_public_reads_alone() {
    let server = with_origins(CLUB);
    let ask = |path: &str, origin: &str, method: &str| {
        let request = server.anonymous("OPTIONS", path).header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", method);
        request.header("Access-Control-Request-Headers", "if-none-match").send()
    };
    for path in PUBLIC.into_iter().chain(["/leaderboard/1/live"]) {
        let reply = ask(path, CLUB, "GET");
        assert_eq!((reply.status, opened(&reply)), (204, Some(CLUB)), "{path}");
        assert_eq!(reply.header("Access-Control-Allow-Methods"), Some("GET, HEAD"), "{path}");
        let headers = reply.header("Access-Control-Allow-Headers").unwrap_or_default().to_lowercase();
        assert!(headers.contains("if-none-match") && !headers.contains("api-"), "{path}: {headers}");
        assert_eq!(reply.header("Access-Control-Max-Age"), Some("3600"), "{path}");
        assert_eq!(reply.header("Allow"), Some("GET, HEAD, OPTIONS"), "{path}");
        assert!(reply.varies("Origin"), "{path}: {reply:?}");
        assert_eq!(opened(&ask(path, OTHER, "GET")), None, "{path}");
    }
    for path in [EVENTS, "/admin/users/13", "/admin/plugins/gamification/leaderboard/1", "/health/ready", "/users/13"] {
        let reply = ask(path, CLUB, "PUT");
        assert_eq!((reply.status, opened(&reply)), (204, None), "{path}");
        assert_eq!(reply.header("Access-Control-Allow-Methods"), None, "{path}");
    }
}

#[test]
fn what_is_no_origin_stops_the_start_and_the_line_says_what_is_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    for (value, meant) in [
        ("club.example", "begins with https:// or http://"),
        ("https://club.example/", "no slash at its end"),
        ("https://club.example, https://team.example/points", "no path"),
        ("https://*.club.example", "name each one"),
        ("https://bücher.example", "xn--"),
        ("\"https://club.example\"", "without the quotes"),
        ("*, https://club.example", "give origins such as"),
        ("https://club.example:x", "give origins such as"),
    ] {
        assert_refused(
            folder.path(),
            &[],
            &[("SCOREKEEPER_ORIGINS", value)],
            &["scorekeeper: setting origins: ", meant],
        );
    }
    fs::write(folder.path().join("Rocket.toml"), "[default.scorekeeper]\norigins = [1]\n").expect("a file");
    assert_refused(folder.path(), &[], &[], &["setting origins: ", "a list of other values than texts"]);
    fs::write(folder.path().join("Rocket.toml"), "[default.scorekeeper]\ndatabase = [\"a.db\"]\n").expect("a file");
    assert_refused(folder.path(), &[], &[], &["setting database: ", "an array"]);
}

#[test]
fn the_file_may_have_a_list() {
    let setup = quick();
    let list = format!("[default.scorekeeper]\norigins = [\"{CLUB}\", \"HTTP://Team.Example:8080\"]\n");
    fs::write(setup.folder().join("Rocket.toml"), list).expect("a file");
    let server = setup.start();
    for (origin, named) in [(CLUB, Some(CLUB)), (TEAM, Some(TEAM)), (OTHER, None)] {
        assert_eq!(opened(&read(&server, "/users/13/score", origin)), named);
    }
    let folder = server.stop();
    fs::write(folder.path().join("Rocket.toml"), "[default.scorekeeper]\norigins = []\n").expect("a file");
    let server = Setup::in_folder(folder).start();
    assert_eq!(opened(&read(&server, "/users/13/score", CLUB)), None);
}
