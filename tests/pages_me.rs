//! Promise: "This is me" on a user's page has every leaderboard tell the reader's own place and what is missing to the next one.
//! It works without JavaScript and without a session, can be taken back, and shows nobody else whose page it was.

use serde_json::json;

use crate::leaderboards::{assert_ranks, create_board, quick, set_user};
use crate::pages::{BROWSER, browse, open, text};
use crate::support::browser::Browser;
use crate::support::{Reply, Server, Setup, wait_for};

const STRIP: &str = "class=\"mine\"";

/// A server on which 13 is third, one point behind 12.
fn server() -> Server {
    let server = quick().start();
    for (user, points) in [(11, 50), (12, 21), (13, 20), (14, 20), (15, 3)] {
        server.award(user, "2023-04-14", points);
    }
    assert_ranks(&server, "/leaderboard", &[(11, 50, 1), (12, 21, 2), (13, 20, 3), (14, 20, 3), (15, 3, 4)]);
    server
}

/// Sends the form of a user's page as a browser that says where it comes from.
fn choose(server: &Server, path: &str, site: Option<&str>) -> Reply {
    let request = server.anonymous("POST", path).header("Accept", BROWSER);
    let request = if let Some(site) = site { request.header("Sec-Fetch-Site", site) } else { request };
    request.bytes("").send()
}

#[test]
fn every_board_shows_the_row_of_who_has_said_so() {
    let server = server();
    set_user(&server, 13, &json!({"username": "ada"}));
    let second = create_board(&server, "Second");
    let browser = Browser::new(&server);
    let page = browser.page("/users/13");
    assert!(page.contains("<form class=\"me actions\" method=\"post\" action=\"/users/13/me\">"), "{page}");
    let reply = browser.submit("/users/13/me", &[]);
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/users/13")));
    let cookie = reply.header("Set-Cookie").expect("a cookie");
    assert_eq!(cookie, "scorekeeper_me=13; HttpOnly; SameSite=Lax; Path=/; Max-Age=31536000");
    assert!(browser.page("/users/13").contains("action=\"/users/13/not-me\""));
    assert!(browser.page("/users/14").contains("action=\"/users/14/me\""), "another is not the reader");
    let page = browser.page("/leaderboard");
    let said = text(&page);
    assert!(said.contains("ada You: position 3 20 points 1 point to place 2 Show the row"), "{said}");
    assert!(page.contains("data-row=\"u13\"") && page.contains("class=\"p3 own\""), "{page}");
    let path = format!("/leaderboard/{second}?period=all_time");
    let page = wait_for("the second board", || Some(browser.page(&path)).filter(|page| page.contains("id=\"u13\"")));
    assert!(text(&page).contains("You: position 3"), "{page}");
    assert!(text(&browser.page("/leaderboard?period=weekly")).contains("You are not ranked here."));
    // Whom the address asks for comes before.
    let page = browser.page("/leaderboard?for_user_id=15");
    assert!(text(&page).contains("user-15 Position 4 3 points 17 points to place 3"), "{page}");
    assert!(text(&browser.page("/leaderboard?for_user_id=13")).contains("You: position 3"));
    // It can be taken back.
    let reply = browser.submit("/users/13/not-me", &[]);
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/users/13")));
    assert!(reply.header("Set-Cookie").expect("a cookie").contains("Max-Age=0"), "{reply:?}");
    assert!(!browser.page("/leaderboard").contains(STRIP) && browser.page("/users/13").contains("/users/13/me"));
}

#[test]
fn the_first_has_nobody_ahead() {
    let server = server();
    let browser = Browser::new(&server);
    browser.submit("/users/11/me", &[]);
    assert!(text(&browser.page("/leaderboard")).contains("You: position 1 50 points Nobody is ahead"));
}

#[test]
fn nobody_else_is_shown_whose_page_it_was() {
    let server = server();
    let plain = open(&server, "/leaderboard", 200);
    let mine = |id: &str| {
        let cookie = format!("scorekeeper_me={id}");
        server.anonymous("GET", "/leaderboard").header("Accept", BROWSER).header("Cookie", &cookie).send()
    };
    for id in ["13", "14", "13"] {
        let reply = mine(id);
        assert_eq!(reply.body.matches(STRIP).count(), 1, "{}", reply.body);
        assert!(reply.body.contains(&format!("data-row=\"u{id}\"")), "{}", reply.body);
        assert_eq!(reply.header("Cache-Control"), Some("private, no-store"));
        let shared = browse(&server, "/leaderboard");
        assert_eq!((shared.body, shared.headers.iter().any(|(_, value)| value == "no-cache")), (plain.clone(), true));
    }
    // What is no number of a user is nobody.
    for id in ["", "0", "-1", "13; x", "ada", "99999999999999999999", "\"><script>"] {
        assert_eq!(mine(id).body.contains("class=\"mine\""), id.starts_with("13"), "{id}");
    }
    let reply = server.anonymous("GET", "/users/13").header("Accept", BROWSER).header("Cookie", "scorekeeper_me=13");
    assert_eq!(reply.send().header("Cache-Control"), Some("private, no-store"));
    // The API knows nothing of it.
    let api = server.anonymous("GET", "/leaderboard").header("Cookie", "scorekeeper_me=13").send();
    assert_eq!(api.json()["personal"], json!({}));
}

#[test]
fn another_site_can_not_choose() {
    let server = server();
    for site in ["cross-site", "same-site"] {
        for path in ["/users/13/me", "/users/13/not-me"] {
            let reply = choose(&server, path, Some(site));
            assert_eq!((reply.status, reply.header("Set-Cookie")), (403, None), "{site} {path}");
        }
    }
    for site in [Some("same-origin"), Some("none"), None] {
        assert_eq!(choose(&server, "/users/13/me", site).status, 303, "{site:?}");
    }
    // A GET changes nothing, and programs have no use for it.
    assert_eq!(browse(&server, "/users/13/me").status, 404);
    assert_eq!(server.anonymous("POST", "/users/13/me").bytes("").send().status, 404);
    assert_eq!(choose(&server, "/users/0/me", None).status, 404);
}

#[test]
fn who_may_not_look_can_not_choose() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC", "false").start();
    assert_eq!(choose(&server, "/users/13/me", None).status, 403);
}

#[test]
fn behind_a_path_the_cookie_is_for_that_path() {
    let server = Setup::new().env("SCOREKEEPER_BASE_PATH", "/points").start();
    let reply = choose(&server, "/points/users/13/me", None);
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/points/users/13")));
    assert!(reply.header("Set-Cookie").expect("a cookie").contains("; Path=/points"), "{reply:?}");
}
