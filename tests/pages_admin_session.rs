//! Promise: a browser signs in with an API key and a username, stays so for 8 hours at most and never longer than the
//! key works, and may do what the key may do.

use serde_json::json;

use crate::support::browser::{ACCEPT, Browser, SIGN_IN, hidden, unescape};
use crate::support::{EVENTS, KEY, Server, Setup, run, wait_for};

const SESSION: &str = "scorekeeper_session";

fn make_key(server: &Server, args: &[&str]) -> String {
    let made = run(server.folder().path(), &[&["--database", "scores.db", "keys", "create"], args].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.trim().to_owned()
}

#[track_caller]
fn assert_signed_out(browser: &Browser<'_>) {
    let reply = browser.get("/admin/events");
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin/sign-in?to=%2Fadmin%2Fevents")));
    assert_eq!(reply.body, "");
}

#[test]
fn signing_in_and_out() {
    let server = Server::start();
    let browser = Browser::new(&server);
    assert_signed_out(&browser);

    let signed_in = browser.sign_in(KEY, "ana");
    assert_eq!((signed_in.status, signed_in.header("Location")), (303, Some("/admin")), "{signed_in:?}");
    let cookie = signed_in.header("Set-Cookie").expect("a cookie");
    let token = browser.cookie(SESSION).expect("a session");
    assert_eq!(token.len(), 64);
    assert_eq!(cookie, format!("{SESSION}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=28800"));
    assert!(browser.page("/admin/events").contains("<bdi>ana</bdi>"));
    let home = browser.get("/admin");
    assert_eq!((home.status, home.header("Location")), (303, Some("/admin/events")));
    let again = browser.get(SIGN_IN);
    assert_eq!((again.status, again.header("Location")), (303, Some("/admin")));

    let tab = browser.tab();
    let out = browser.post("/admin/sign-out", &[]);
    assert_eq!((out.status, out.header("Location")), (303, Some("/admin/sign-in?done=signed-out")));
    assert!(out.header("Set-Cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{out:?}");
    assert!(browser.page("/admin/sign-in?done=signed-out").contains("You are signed out."));
    // The session is gone, not only the cookie.
    assert_signed_out(&tab);
}

#[test]
fn behind_a_proxy_that_speaks_tls_the_cookie_goes_over_tls_only() {
    for (trusted, is_secure) in [("127.0.0.1", true), ("10.0.0.0/8", false)] {
        let server = Setup::new().env("SCOREKEEPER_TRUSTED_PROXIES", trusted).start();
        let form = server.anonymous("GET", SIGN_IN).header("Accept", ACCEPT);
        let reply = form.header("X-Forwarded-Proto", "https").send();
        let cookie = reply.header("Set-Cookie").expect("a cookie");
        assert_eq!(cookie.contains("; Secure"), is_secure, "{cookie}");
    }
}

#[test]
fn signing_in_leads_back_to_where_one_wanted_to_go() {
    let server = Server::start();
    let browser = Browser::new(&server);
    let sent = browser.get("/admin/events?text=a%20b&by=%3Cb%3E");
    let to = sent.header("Location").expect("a place to sign in").to_owned();
    let form = browser.page(&to);
    let fields = [("csrf", hidden(&form, "csrf")), ("to", hidden(&form, "to"))];
    assert_eq!(fields[1].1, "/admin/events?text=a%20b&by=%3Cb%3E");
    let fields = [fields[0].1.as_str(), fields[1].1.as_str()];
    let reply = browser.submit(SIGN_IN, &[("csrf", fields[0]), ("to", fields[1]), ("key", KEY), ("username", "ana")]);
    assert_eq!(reply.header("Location"), Some(fields[1]));

    for elsewhere in ["https://a.example/", "//a.example/admin", "/leaderboard", "/admin\\@a.example"] {
        let browser = Browser::new(&server);
        let form = browser.page(SIGN_IN);
        let token = hidden(&form, "csrf");
        let fields = [("csrf", token.as_str()), ("to", elsewhere), ("key", KEY), ("username", "ana")];
        assert_eq!(browser.submit(SIGN_IN, &fields).header("Location"), Some("/admin"), "{elsewhere}");
    }
}

#[test]
fn a_key_and_username_that_do_not_go_together_open_nothing() {
    let server = Server::start();
    let anas = make_key(&server, &["--username", "ana"]);
    let all = make_key(&server, &[]);
    const WRONG: &str = "That key doesn't work, or it belongs to another username.";
    const NO_NAME: &str = "Enter your username. This key is for all users.";
    for (key, username, field, sentence) in [
        ("wrong", "ana", "key", WRONG),
        ("", "ana", "key", WRONG),
        (KEY, "", "username", NO_NAME),
        (KEY, "\u{7f}", "key", WRONG),
        (all.as_str(), "", "username", NO_NAME),
        (anas.as_str(), "bob", "key", WRONG),
        ("<b>\"'\u{202e}", "<script>alert(1)</script>", "key", WRONG),
    ] {
        let browser = Browser::new(&server);
        let reply = browser.sign_in(key, username);
        assert_eq!(reply.status, 403, "{key} {username}: {reply:?}");
        let said = format!("id=\"{field}-error\">{sentence}");
        assert!(unescape(&reply.body).contains(&said), "{key} {username}: {}", reply.body);
        assert!(
            !reply.body.contains("<script>alert") && (key.is_empty() || !reply.body.contains(key)),
            "{}",
            reply.body
        );
        assert!(browser.cookie(SESSION).is_none());
        assert_signed_out(&browser);
    }
    // A key for one username needs none, and acts as that one.
    for username in ["", "ana", "ANA"] {
        let browser = Browser::new(&server);
        assert_eq!(browser.sign_in(&anas, username).status, 303, "{username}");
        assert!(browser.page("/admin/events").contains("<bdi>ana</bdi>"));
    }
}

#[test]
fn the_form_has_to_be_of_this_browser() {
    let server = Server::start();
    let other = Browser::new(&server);
    let foreign = hidden(&other.page(SIGN_IN), "csrf");
    let browser = Browser::new(&server);
    let fields = [("key", KEY), ("username", "ana")];
    assert_eq!(browser.submit(SIGN_IN, &fields).status, 403, "no cookie and no token");
    browser.page(SIGN_IN);
    assert_eq!(browser.submit(SIGN_IN, &fields).status, 403, "no token");
    let fields = [("csrf", foreign.as_str()), ("key", KEY), ("username", "ana")];
    let reply = browser.submit(SIGN_IN, &fields);
    assert_eq!(reply.status, 403, "another's token");
    assert!(reply.body.contains("out of date"));
    assert!(browser.cookie(SESSION).is_none());
}

#[test]
fn a_session_ends_with_its_key() {
    let server = Server::start();
    let key = make_key(&server, &[]);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&key, "ana").status, 303);
    browser.page("/admin/events");
    let token = browser.csrf();
    let revoked = run(server.folder().path(), &["--database", "scores.db", "keys", "revoke", "1"]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert_signed_out(&browser);
    let reply = browser.submit("/admin/boards", &[("csrf", &token), ("name", "Late"), ("key", "k")]);
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("/admin/sign-in"), "{}", reply.body);
    let boards = server.get("/admin/plugins/gamification").json()["gamification_leaderboards"].clone();
    assert_eq!(boards.as_array().map(Vec::len), Some(1));
    // What was revoked does not come back by signing in, nor does the session.
    assert_eq!(browser.sign_in(&key, "ana").status, 403);
    assert_signed_out(&browser);
}

#[test]
fn a_session_ends_with_the_last_day_of_its_key() {
    let server = Server::start();
    let key = make_key(&server, &["--expires", "9999-12-31"]);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&key, "ana").status, 303);
    browser.page("/admin/events");
    server.sql().execute("UPDATE api_keys SET expires_on = '2020-01-01'", []).expect("the key expires");
    assert_signed_out(&browser);
    // Whatever the clock says, a key that became read-only writes no more.
    let key = make_key(&server, &[]);
    assert_eq!(browser.sign_in(&key, "ana").status, 303);
    server.sql().execute("UPDATE api_keys SET scopes = 'events:read'", []).expect("the key is changed");
    assert_eq!(browser.post("/admin/boards", &[("name", "Late")]).status, 403);
}

#[test]
fn a_session_ends_with_the_server_and_is_no_key() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let token = browser.cookie(SESSION).expect("a session");
    // The API asks for a key, whoever is signed in.
    for path in [EVENTS, "/admin/users", "/admin/plugins/gamification"] {
        let reply = server
            .anonymous("GET", path)
            .header("Cookie", &format!("{SESSION}={token}"))
            .header("Accept", ACCEPT)
            .send();
        reply.assert_error(403, "not_logged_in", "You need to be logged in to do that.");
    }
    for key in [token.as_str(), &browser.csrf()] {
        let reply = server.anonymous("GET", EVENTS).header("Api-Key", key).header("Api-Username", "ana").send();
        assert_eq!(reply.status, 403);
    }
    for guess in ["", "0", "\"", &"0".repeat(64), &format!("{token}0"), &token.to_uppercase()] {
        let browser = Browser::new(&server);
        browser.set_cookie(SESSION, guess);
        if *guess != token {
            assert_signed_out(&browser);
        }
    }
    let folder = server.stop();
    let server = Setup::in_folder(folder).start();
    let browser = Browser::new(&server);
    browser.set_cookie(SESSION, &token);
    assert_signed_out(&browser);
}

#[test]
fn who_is_signed_in_sees_boards_that_need_a_key() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC", "false").start();
    server.award(13, "2023-04-14", 5);
    server.put("/admin/groups/1", &json!({"name": "staff"}));
    let update = json!({"name": "Staff", "visible_to_groups_ids": [1]});
    assert_eq!(server.put("/admin/plugins/gamification/leaderboard/1", &update).status, 200);
    let browser = Browser::signed_in(&server, "ana");
    let cookie = format!("{SESSION}={}", browser.cookie(SESSION).expect("a session"));
    let look = |cookie: Option<&str>, method: &str, path: &str| {
        let request = server.anonymous(method, path);
        match cookie {
            Some(cookie) => request.header("Cookie", cookie).send(),
            None => request.send(),
        }
    };
    for path in ["/leaderboard", "/leaderboard/1", "/users/13/score", "/users/13/days", "/leaderboard/1/around/13"] {
        assert_eq!(look(None, "GET", path).status, 403, "{path}");
        let reply =
            wait_for("the standings", || Some(look(Some(&cookie), "GET", path)).filter(|reply| reply.status != 202));
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        assert!(reply.header("Cache-Control").is_none_or(|cache| !cache.contains("public")), "{path}");
    }
}

#[test]
fn who_is_signed_in_sees_what_points_were_for() {
    let server = Server::start();
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 5, "description": "Karaoke night"});
    assert_eq!(server.post(EVENTS, &event).status, 200);
    let look = |cookie: &str| {
        let request = server.anonymous("GET", "/users/13").header("Accept", ACCEPT).header("Cookie", cookie);
        request.send().body
    };
    let browser = Browser::signed_in(&server, "ana");
    let cookie = format!("{SESSION}={}", browser.cookie(SESSION).expect("a session"));
    assert!(look(&cookie).contains("Karaoke night"));
    assert!(!look(&format!("{SESSION}=other")).contains("Karaoke night"));
}

#[test]
fn a_read_only_key_looks_and_changes_nothing() {
    let server = Server::start();
    server.award(13, "2023-04-14", 5);
    let key = make_key(&server, &["--read-only"]);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&key, "ana").status, 303);
    for path in [
        "/admin/events",
        "/admin/events/1",
        "/admin/boards",
        "/admin/boards/1",
        "/admin/people",
        "/admin/people/users/13",
        "/admin/server",
    ] {
        let page = browser.page(path);
        assert!(page.contains("read-only"), "{path}");
        // Signing out and looking are all that it can do.
        for form in page.split("method=\"post\"").skip(1).filter_map(|rest| rest.split("</form>").next()) {
            assert!(form.contains("/admin/sign-out") || !form.contains("<button"), "{path}: {form}");
        }
    }
    for path in
        ["/admin/award", "/admin/events/1/delete", "/admin/people/new-user", "/admin/keys", "/admin/keys/1/revoke"]
    {
        let reply = browser.get(path);
        assert_eq!(reply.status, 403, "{path}");
        assert!(reply.body.contains("This needs a key with the scope"), "{}", reply.body);
    }
    assert_eq!(browser.post("/admin/sign-out", &[]).status, 303);
}
