//! Promise: keys are made, shown once, listed and revoked in the browser; a key for one username makes no other.

use crate::support::browser::{Browser, hidden, unescape};
use crate::support::{EVENTS, Reply, Server, run};

const KEYS: &str = "/admin/keys";
const NEW: &str = "/admin/keys/new";

/// The ticks of a key that may read, give and take.
const TICKS: [(&str, &str); 3] =
    [("scopes[]", "events:read"), ("scopes[]", "events:award"), ("scopes[]", "events:deduct")];

/// Sends the form for a new key, with [`TICKS`].
fn make(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Reply {
    browser.post(KEYS, &[&TICKS as &[_], fields].concat())
}

/// The key that a reply shows.
#[track_caller]
fn shown(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    let key = reply.body.split("<pre id=\"key\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let key = key.expect("a key").to_owned();
    assert!(key.len() == 46 && key.starts_with("sk_"), "{key}");
    key
}

fn call(server: &Server, method: &str, key: &str, username: &str) -> u16 {
    let body = "user_id=13&date=2023-04-14&points=1";
    let request = server.anonymous(method, EVENTS).header("Api-Key", key).header("Api-Username", username);
    if method == "POST" { request.form(body).send().status } else { request.send().status }
}

#[test]
fn a_key_is_shown_once_and_works() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let list = browser.page(KEYS);
    assert!(list.contains("No keys are stored") && list.contains("scorekeeper keys create"), "{list}");
    let minted = hidden(&browser.page(NEW), "key");
    let reply =
        make(&browser, &[("key", &minted), ("description", "chat <b> bot"), ("username", ""), ("expires_on", "")]);
    let key = shown(&reply);
    let page = unescape(&reply.body);
    assert!(
        page.contains(&format!("curl -X GET '{}{EVENTS}?limit=1'", server.url())) && page.matches(&key).count() == 2,
        "{page}"
    );
    assert_eq!((call(&server, "POST", &key, "bob"), call(&server, "GET", &key, "bob")), (200, 200));
    // A second click makes no second key, and can't show the first.
    let again = make(&browser, &[("key", &minted), ("description", "chat <b> bot")]);
    assert!(again.status == 200 && again.body.contains("It was shown once already"), "{again:?}");
    assert!(!again.body.contains(&key));
    let list = browser.page(KEYS);
    assert!(list.contains(&format!("<code>{}…</code>", &key[..8])) && !list.contains(&key), "{list}");
    assert!(list.contains("chat &#60;b&#62; bot") && list.contains("all users"), "{list}");
    assert_eq!(list.matches(">active</span>").count(), 1);
    assert!(!server.log().contains(&key), "no key is logged");
}

#[test]
fn keys_are_for_whom_and_what_the_form_says() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let key = shown(&browser.post(
        KEYS,
        &[
            ("key", "k1"),
            ("username", "bob"),
            ("scopes[]", "events:read"),
            ("scopes[]", "export"),
            ("scopes[]", "metrics"),
            ("expires_on", "9999-12-31"),
        ],
    ));
    assert_eq!(call(&server, "GET", &key, "bob"), 200);
    assert_eq!((call(&server, "GET", &key, "ana"), call(&server, "POST", &key, "bob")), (403, 403));
    let list = browser.page(KEYS);
    assert!(list.contains("<bdi>bob</bdi>") && list.contains("read-only") && list.contains("31 Dec 9999"), "{list}");
    let long = "x".repeat(256);
    for (field, value, status) in [
        ("username", "x\u{7f}", 400),
        ("expires_on", "2023-02-30", 400),
        ("expires_on", "2023-04-14", 422),
        ("description", long.as_str(), 422),
        ("networks", "192.0.2.0/33", 400),
        ("scopes[]", "events:write", 400),
    ] {
        let reply = make(&browser, &[("key", "k2"), ("description", "typed"), (field, value)]);
        assert_eq!(reply.status, status, "{field} {value}");
        let id = format!("id=\"{}-error\"", field.trim_end_matches("[]"));
        assert!(reply.body.contains(&id), "{field}: {}", reply.body);
    }
    let count: i64 = server.sql().query_row("SELECT count(*) FROM api_keys", [], |row| row.get(0)).expect("a count");
    assert_eq!(count, 1);
}

#[test]
fn a_key_is_revoked_after_a_question_and_who_used_it_is_signed_out() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let key =
        shown(&browser.post(
            KEYS,
            &[("key", "k1"), ("description", "chat bot"), ("scopes[]", "keys"), ("scopes[]", "events:read")],
        ));
    let other = Browser::new(&server);
    assert_eq!(other.sign_in(&key, "bob").status, 303);
    assert!(other.page(KEYS).contains(">yours</span>"));
    let question = browser.page("/admin/keys/1/revoke");
    assert!(question.contains(&key[..8]) && question.contains("chat bot"), "{question}");
    assert_eq!(call(&server, "GET", &key, "bob"), 200, "asking changes nothing");
    let (_, page) = browser.post_through("/admin/keys/1/revoke", &[]);
    assert!(page.contains("The key is revoked.") && page.contains(">revoked</span>"), "{page}");
    assert_eq!(call(&server, "GET", &key, "bob"), 403);
    assert_eq!(other.get(KEYS).header("Location"), Some("/admin/sign-in?to=%2Fadmin%2Fkeys"));

    // One's own key, too.
    let key = shown(&browser.post(KEYS, &[("key", "k2"), ("scopes[]", "keys"), ("scopes[]", "events:read")]));
    assert_eq!(other.sign_in(&key, "bob").status, 303);
    assert!(other.page("/admin/keys/2/revoke").contains("will be signed out"));
    assert_eq!(other.post("/admin/keys/2/revoke", &[]).status, 303);
    assert_eq!(other.get(KEYS).status, 303);
}

#[test]
fn a_key_for_one_username_makes_and_revokes_no_other() {
    let server = Server::start();
    for args in [&["--username", "ana"] as &[_], &[], &["--username", "bob"]] {
        let made = run(server.folder().path(), &[&["--database", "scores.db", "keys", "create"], args].concat());
        assert_eq!(made.code, Some(0));
    }
    let keys = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--username", "ana"]);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(keys.stdout.trim(), "").status, 303);
    for username in ["", "bob", "ana"] {
        let key = shown(&make(&browser, &[("key", &format!("k{username}")), ("username", username)]));
        assert_eq!((call(&server, "GET", &key, "ana"), call(&server, "GET", &key, "bob")), (200, 403), "{username}");
    }
    for id in [2, 3] {
        let path = format!("/admin/keys/{id}/revoke");
        assert_eq!((browser.get(&path).status, browser.post(&path, &[]).status), (403, 403), "{id}");
        assert!(!browser.page(KEYS).contains(&path));
    }
    browser.post_through("/admin/keys/1/revoke", &[]);
}

#[test]
fn a_key_makes_none_that_works_longer_than_itself() {
    let server = Server::start();
    let made = run(
        server.folder().path(),
        &["--database", "scores.db", "keys", "create", "--expires", "2030-12-31", "--description", "ends"],
    );
    let browser = Browser::new(&server);
    browser.sign_in(made.stdout.trim(), "ana");
    for (minted, last) in [("k1", "2031-01-01"), ("k2", "9999-12-31")] {
        let refused = make(&browser, &[("key", minted), ("description", "longer"), ("expires_on", last)]);
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(unescape(&refused.body).contains("Your own key ends on 2030-12-31"), "{refused:?}");
    }
    shown(&make(&browser, &[("key", "k3"), ("description", "as long"), ("expires_on", "")]));
    shown(&make(&browser, &[("key", "k4"), ("description", "shorter"), ("expires_on", "2030-06-30")]));
    let sql = server.sql();
    let mut keys = sql.prepare("SELECT description, expires_on FROM api_keys ORDER BY id").expect("a statement");
    let keys: Vec<(String, String)> = keys
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect();
    let expected = [("ends", "2030-12-31"), ("as long", "2030-12-31"), ("shorter", "2030-06-30")];
    assert_eq!(keys, expected.map(|(one, other)| (one.to_owned(), other.to_owned())));
}
