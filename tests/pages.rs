//! Promise: a browser gets a page and every other client what it got before; every page, an error's too, bears the same
//! headers that keep it harmless; and what a page needs is kept for ever under a name that changes with it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::leaderboards::{create_board, quick, set_board, set_user};
use crate::support::{KEY, Reply, Server, Setup};

/// What a browser says that it accepts.
pub const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

const SAFE: [(&str, &str); 4] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Type", "text/html; charset=utf-8"),
];

/// Asks as a browser does.
pub fn browse(server: &Server, path: &str) -> Reply {
    server.anonymous("GET", path).header("Accept", BROWSER).send()
}

/// Asks as a browser does, and checks that a page of that status came.
#[track_caller]
pub fn open(server: &Server, path: &str, status: u16) -> String {
    let reply = browse(server, path);
    assert_eq!(reply.status, status, "{path}: {}", reply.body);
    assert_page(&reply);
    reply.body
}

/// Fails unless the reply is a page that can do no harm.
#[track_caller]
pub fn assert_page(reply: &Reply) {
    for (name, value) in SAFE {
        let all: Vec<&str> =
            reply.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).collect();
        assert_eq!(all, [value], "{name}");
    }
    assert!(reply.varies("Accept"), "{reply:?}");
    assert!(reply.header("X-Request-Id").is_some());
    let page = &reply.body;
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.trim_end().ends_with("</html>"), "{page}");
    assert_eq!(page.matches("<main").count(), 1);
    assert_eq!(page.matches("<h1").count(), 1, "one heading of the first level");
    // Of scripts there are only files, of styles only the one, and nothing is written into the page itself.
    for (at, _) in page.match_indices("<script") {
        assert!(page[at..].starts_with("<script src=\"/assets/"), "{}", &page[at..at + 60]);
    }
    assert!(!page.contains("<style"));
    for tag in tags(page) {
        for forbidden in [" style=", " onload=", " onerror=", " onclick=", "javascript:", "srcdoc"] {
            assert!(!tag.contains(forbidden), "{tag}");
        }
    }
    let ids: Vec<&str> = tags(page).iter().filter_map(|tag| attribute(tag, "id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids are used once: {ids:?}");
}

/// What stands between `<` and `>`. In what a page escapes neither is left.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag).collect()
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    Some(match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => rest.split(' ').next().unwrap_or_default(),
    })
}

/// What a page says: its text without tags, blanks joined.
pub fn text(page: &str) -> String {
    let (_, main) = page.split_once("<main").expect("a page has a main part");
    let bare: String =
        main.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| format!("{text} ")).collect();
    let bare = bare
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&");
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_page_comes_to_who_names_html_and_json_to_everyone_else() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    for path in ["/leaderboard", "/leaderboard/1", "/leaderboard?period=weekly"] {
        for accept in [
            BROWSER,
            "text/html",
            "text/html, application/json",
            "application/json;q=0.5, text/html;q=0.6",
            "text/*",
            "TEXT/HTML",
        ] {
            let reply = server.anonymous("GET", path).header("Accept", accept).send();
            assert_eq!(reply.status, 200, "{path} {accept}");
            assert_page(&reply);
        }
        for accept in [
            "*/*",
            "application/json",
            "application/json, text/html",
            "application/json, text/html;q=0.1",
            "application/*, text/*;q=0.9",
            "text/html;q=0",
            "application/xhtml+xml",
            "nonsense",
            "",
        ] {
            let reply = server.anonymous("GET", path).header("Accept", accept).send();
            assert_eq!(reply.json()["leaderboard"]["id"], 1, "{path} {accept}");
            assert_eq!(reply.header("Content-Type"), Some("application/json; charset=utf-8"));
            assert!(reply.varies("Accept"), "{reply:?}");
        }
        assert!(server.anonymous("GET", path).send().json().is_object());
        // What nobody's browser sends is not read to its end.
        let ranges = |count: usize| format!("text/html{}", ",a/b".repeat(count));
        assert_page(&server.anonymous("GET", path).header("Accept", &ranges(1000)).send());
        let long = server.anonymous("GET", path).header("Accept", &ranges(15_000)).send();
        assert_eq!(long.json()["leaderboard"]["id"], 1, "{path}");
    }
    for path in ["/leaderboard.json", "/leaderboard/1.json", "/leaderboard/1.json/"] {
        let reply = browse(&server, path);
        assert_eq!(reply.json()["leaderboard"]["id"], 1, "{path}");
        assert!(!reply.varies("Accept"), "{path}: {reply:?}");
    }
    open(&server, "/users/13", 200);
    for path in ["/users/13.json", "/nothing.json", "/leaderboard/1/nothing.json"] {
        browse(&server, path).assert_error(404, "not_found", "The requested URL or resource could not be found.");
    }
    server.anonymous("GET", "/users/13").send().assert_error(
        404,
        "not_found",
        "The requested URL or resource could not be found.",
    );
}

#[test]
fn the_api_stays_json_whatever_is_accepted() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    for path in [
        "/admin/plugins/gamification/score_events",
        "/admin/plugins/gamification/score_events/1",
        "/admin/plugins/gamification",
        "/admin/users",
        "/admin/groups",
        "/users/13/score",
        "/users/13/days",
        "/leaderboard/1/around/13",
        "/health/live",
    ] {
        let reply = server.request("GET", path).header("Accept", BROWSER).send();
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.json().is_object());
        assert!(!reply.varies("Accept"), "{path}: {reply:?}");
        assert_eq!(reply.header("Content-Security-Policy"), None);
    }
    let refused = browse(&server, "/admin/plugins/gamification/score_events");
    assert_eq!(refused.error_type(), "not_logged_in");
    let refused = browse(&server, "/leaderboard/99/around/13");
    assert_eq!(refused.error_type(), "not_found");
}

#[test]
fn the_door_leads_a_browser_to_the_leaderboard() {
    let server = Server::start();
    let reply = browse(&server, "/");
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/leaderboard")));
    let reply = server.anonymous("GET", "/").send();
    reply.assert_error(404, "not_found", "The requested URL or resource could not be found.");
}

#[test]
fn an_address_that_does_not_exist_is_told_to_a_browser_on_a_page_and_to_programs_as_json() {
    let server = Server::start();
    for path in
        ["/nothing", "/nothing/at/all/", "/admin/nothing", "/users", "/leaderboard/1/nothing", "/health", "/%FF"]
    {
        let page = open(&server, path, 404);
        assert!(text(&page).contains("Error 404 Nothing is here"), "{path}: {page}");
        assert!(page.contains("<a class=\"button\" href=\"/leaderboard\">"), "{path}: the way back");
        for accept in ["*/*", "application/json", "text/html;q=0"] {
            let reply = server.anonymous("GET", path).header("Accept", accept).send();
            reply.assert_error(404, "not_found", "The requested URL or resource could not be found.");
            assert!(reply.varies("Accept"), "{path}: {reply:?}");
        }
    }
    let posted = server.anonymous("POST", "/nothing").header("Accept", BROWSER).form("a=1").send();
    assert_eq!(posted.status, 404);
    assert_page(&posted);
}

#[test]
fn errors_on_the_path_of_a_page_are_pages() {
    let server = quick().start();
    let hidden = create_board(&server, "Hidden");
    set_board(&server, hidden, json!({"visible_to_groups_ids": [7]}));
    for path in ["/leaderboard/99", "/leaderboard/x", "/users/0", "/users/x", &format!("/leaderboard/{hidden}")] {
        let page = text(&open(&server, path, 404));
        assert!(page.contains("Error 404 Nothing is here"), "{page}");
    }
    for path in ["/leaderboard?page=x", "/leaderboard/1?for_user_id=0", "/leaderboard?user_limit=101"] {
        let page = text(&open(&server, path, 400));
        assert!(page.contains("This can't be read"), "{page}");
    }
    // A key that is sent has to be good, also with a page.
    let reply = server.anonymous("GET", "/leaderboard").header("Accept", BROWSER).header("Api-Key", "bad").send();
    assert_eq!(reply.status, 403);
    assert_page(&reply);
    let seen = server.request("GET", &format!("/leaderboard/{hidden}")).header("Accept", BROWSER).send();
    assert_eq!(seen.status, 200);
    assert!(seen.body.contains("Hidden"));
}

#[test]
fn where_reading_is_not_public_a_page_offers_to_sign_in() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC", "false").start();
    server.award(13, "2023-04-14", 15);
    for path in ["/leaderboard", "/leaderboard/1", "/users/13"] {
        let page = open(&server, path, 403);
        assert!(page.contains("href=\"/admin/sign-in\""), "{page}");
        assert!(!page.contains("15"), "{page}");
        let reply = server.request("GET", path).header("Accept", BROWSER).send();
        assert_eq!(reply.status, 200, "{path}");
        assert_page(&reply);
    }
}

#[test]
fn too_many_requests_are_told_on_a_page() {
    let server = Setup::new().env("SCOREKEEPER_REQUESTS_PER_MINUTE", "1").env("SCOREKEEPER_PUBLIC", "false").start();
    let ask = || server.request("GET", "/leaderboard").header("Accept", BROWSER).send();
    assert_eq!(ask().status, 200);
    let reply = ask();
    assert_eq!(reply.status, 429);
    assert_page(&reply);
    assert!(reply.header("Retry-After").is_some());
    assert!(text(&reply.body).contains("too many times"), "{}", reply.body);
}

#[test]
fn what_a_page_needs_is_compiled_in_and_kept_for_ever() {
    let server = Server::start();
    let page = open(&server, "/leaderboard", 200);
    let mut seen = 0;
    for tag in tags(&page) {
        for name in ["href", "src"] {
            let Some(path) = attribute(tag, name).filter(|path| path.starts_with("/assets/")) else { continue };
            let reply = server.anonymous("GET", path).send();
            assert_eq!(reply.status, 200, "{path}");
            assert_eq!(reply.header("Cache-Control"), Some("public, max-age=31536000, immutable"));
            assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"));
            let parts: Vec<&str> = path.rsplit('/').next().expect("a name").split('.').collect();
            let [_, digest, ending] = parts[..] else { panic!("{path} has no digest") };
            assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path}");
            let kind = match ending {
                "css" => "text/css; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                _ => "image/svg+xml",
            };
            assert_eq!(reply.header("Content-Type"), Some(kind), "{path}");
            let old = path.replace(digest, "0123456789abcdef");
            assert_eq!(server.anonymous("GET", &old).send().status, 404);
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
    for path in ["/assets/style.css", "/assets/", "/assets/..%2fstyle.css"] {
        assert_eq!(server.anonymous("GET", path).send().status, 404, "{path}");
    }
    // Nothing of another server is named, save in what is shown as text.
    let elsewhere = tags(&page).into_iter().find(|tag| tag.contains("://"));
    assert_eq!(elsewhere, None);
}

#[test]
fn whatever_someone_is_called_is_shown_harmlessly() {
    let server = quick().start();
    let markup = "<script>alert(1)</script>\"'>&amp;";
    let turned = "\u{202e}evil\u{2066}";
    let names = [
        (1, markup, "\"><img src=x onerror=alert(1)>".to_owned(), "javascript:alert(1)"),
        (2, turned, "\u{1b}[31m\u{0}\u{7}".to_owned(), "https://a.example/\"onload=x/{size}.png"),
        (3, "' onmouseover='x", "x".repeat(255), "//a.example/{size}.png"),
        (4, "{{ 7 * 7 }}{% raw %}", "<!--".to_owned(), "data:text/html,<script>1</script>"),
    ];
    let mut shown = Vec::new();
    for (id, username, name, avatar) in &names {
        server.award(*id, "2023-04-14", 10 - id);
        // A username that would be refused today may have been stored before.
        let insert = "INSERT INTO users (id, username, folded) VALUES (?1, ?2, lower(?2))";
        assert_eq!(server.sql().execute(insert, (id, username)), Ok(1));
        let fields = json!({"name": name, "avatar_template": avatar});
        if server.put(&format!("/admin/users/{id}"), &fields).status != 200 {
            // What the directory does not take as a picture is no danger to a page.
            set_user(&server, *id, &json!({"name": name}));
        }
        shown.push(format!("/users/{id}"));
    }
    let board = create_board(&server, "</title><script>alert(1)</script>");
    let long = "<b>\u{202e}".repeat(2_500);
    let event = json!({"user_id": 1, "date": "2023-04-15", "points": 1, "description": long});
    assert_eq!(server.post("/admin/plugins/gamification/score_events", &event).status, 200);
    shown.extend([
        "/leaderboard".to_owned(),
        format!("/leaderboard/{board}?for_user_id=1"),
        "/leaderboard?find=%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE".to_owned(),
        format!("/leaderboard?find={}", "%3Cb%3E".repeat(500)),
        "/leaderboard/%3Cscript%3E".to_owned(),
        "/leaderboard?page=%3Cscript%3E".to_owned(),
    ]);
    for path in shown {
        let reply = server.request("GET", &path).header("Accept", BROWSER).send();
        // The one whose name holds just that is found.
        if reply.status == 303 && path.contains("find=") {
            continue;
        }
        assert!(matches!(reply.status, 200 | 400 | 404), "{path}: {}", reply.status);
        assert_page(&reply);
        assert!(
            !reply.body.contains("<script>")
                && !reply.body.contains("<img src=x")
                && !reply.body.contains("<b>\u{fffd}")
        );
        assert!(!reply.body.contains(['\u{202e}', '\u{2066}', '\u{1b}', '\u{0}', '\u{7}']), "{path}");
        // Names of files hold digests, which may hold any digits.
        let reckoned = reply.body.lines().any(|line| line.contains("49") && !line.contains("/assets/"));
        assert!(!reckoned, "{path}: a template in a name is no template");
        for tag in tags(&reply.body) {
            if let Some(src) = tag.starts_with("img").then(|| attribute(tag, "src")).flatten() {
                let from_here = src.starts_with('/') && !src.starts_with("//");
                assert!(from_here || src.starts_with("https://"), "{path}: {tag}");
            }
        }
        assert!(reply.body.len() < 60_000, "{path}: {} bytes", reply.body.len());
    }
    let page = server.request("GET", "/users/1").header("Accept", BROWSER).send().body;
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{page}");
}

#[test]
fn a_command_that_is_shown_names_this_server_and_nothing_else() {
    let server = Server::start();
    let page = server.request("GET", "/leaderboard").header("Accept", BROWSER).send().body;
    assert!(page.contains(&format!("curl -X POST 'http://127.0.0.1:{}/admin/", server.port)), "{page}");
    assert!(page.contains("Api-Key: $KEY") && !page.contains(KEY));
    for (host, shown) in [("scores.example", "http://scores.example/"), ("$(id)", "http://localhost:8000/")] {
        let answer = server.raw(
            format!(
                "GET /leaderboard HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nApi-Key: {KEY}\r\n\
                 Api-Username: system\r\nConnection: close\r\n\r\n"
            )
            .as_bytes(),
        );
        assert!(answer.contains(&format!("curl -X POST '{shown}")), "{answer}");
    }
}

#[test]
fn a_head_request_has_the_headers_of_the_page() {
    let server = Server::start();
    let reply = server.anonymous("HEAD", "/leaderboard").header("Accept", BROWSER).send();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, "");
    for (name, value) in SAFE {
        assert_eq!(reply.header(name), Some(value));
    }
}
