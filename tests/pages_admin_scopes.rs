//! Promise: the administration shows only what the key of the session may use. Every page and every form is tried with keys
//! of a single scope: what a key may not use refuses and changes nothing, and nothing that is shown refuses.

use std::collections::BTreeSet;

use serde_json::json;

use crate::pages_admin_forms::{FORMS, KEY_FORMS, dump, furnished};
use crate::support::browser::{ACCEPT, Browser, hidden, unescape};
use crate::support::keys::SCOPES;
use crate::support::{EVENTS, Server, run};

/// Every page, with the scopes of which any one opens it. Two scopes with a plus are both needed.
const PAGES: [(&str, &[&str]); 30] = [
    ("/admin/events", &["events:read"]),
    ("/admin/events/1", &["events:read"]),
    ("/admin/events/1/delete", &["events:correct+events:read"]),
    ("/admin/award", &["events:award", "events:deduct"]),
    ("/admin/award/many", &["events:award", "events:deduct"]),
    ("/admin/boards", &["events:read", "boards"]),
    ("/admin/boards/2", &["events:read"]),
    ("/admin/boards/2/delete", &["boards+events:read"]),
    ("/admin/rules", &["events:read", "boards"]),
    ("/admin/forum", &["boards"]),
    ("/admin/forum/secret", &["boards"]),
    ("/admin/people", &["events:read", "users"]),
    ("/admin/people?names=missing", &["events:read", "users"]),
    ("/admin/people?sort=activity", &["events:read", "users"]),
    ("/admin/people/new-user", &["users"]),
    ("/admin/people/new-group", &["users"]),
    ("/admin/people/users/13", &["events:read"]),
    ("/admin/people/users/13/delete", &["users+events:read"]),
    ("/admin/people/users/13/merge?into_id=14", &["users+events:correct+events:read"]),
    ("/admin/people/groups/1", &["events:read"]),
    ("/admin/people/groups/1/delete", &["users+events:read"]),
    ("/admin/keys", &["keys"]),
    ("/admin/keys/new", &["keys"]),
    ("/admin/keys/1", &["keys"]),
    ("/admin/keys/1/rotate", &["keys"]),
    ("/admin/keys/1/revoke", &["keys"]),
    ("/admin/server", &["events:read", "recalculate"]),
    ("/admin/audit", &["keys"]),
    ("/admin/audit?kind=key", &["keys"]),
    ("/admin/events?key_id=1", &["events:read"]),
];

/// The scopes that a form needs.
fn needs(action: &str) -> &'static [&'static str] {
    match action {
        "/admin/sign-out" => &SCOPES,
        "/admin/events/1" | "/admin/events/1/delete" => &["events:correct"],
        "/admin/award/undo" => &["events:correct"],
        path if path.starts_with("/admin/award") => &["events:award", "events:deduct"],
        path if path.ends_with("/merge") => &["users+events:correct"],
        path if ["/admin/boards", "/admin/rules", "/admin/forum"].iter().any(|start| path.starts_with(start)) => {
            &["boards"]
        }
        path if path.starts_with("/admin/people") => &["users"],
        path if path.starts_with("/admin/keys") => &["keys"],
        "/admin/server" => &["recalculate"],
        other => panic!("which scope does the form to {other} need?"),
    }
}

/// Whether the scopes that are held are enough.
fn enough(needs: &[&str], held: &[&str]) -> bool {
    needs.iter().any(|need| need.split('+').all(|scope| held.contains(&scope)))
}

/// Signs in with a new key that holds these scopes.
fn signed_in<'s>(server: &'s Server, scopes: &[&str]) -> Browser<'s> {
    let args = ["--database", "scores.db", "keys", "create", "--scopes", &scopes.join(",")];
    let made = run(server.folder().path(), &args);
    assert_eq!(made.code, Some(0), "{made:?}");
    let browser = Browser::new(server);
    assert_eq!(browser.sign_in(made.stdout.trim(), "ana").status, 303, "{scopes:?}");
    browser
}

/// The status of what a link leads to: a page, or a file.
fn status(server: &Server, browser: &Browser<'_>, link: &str) -> u16 {
    let cookie = format!("scorekeeper_session={}", browser.cookie("scorekeeper_session").expect("a session"));
    server.anonymous("GET", link).header("Accept", ACCEPT).header("Cookie", &cookie).send().status
}

/// What stands after `before` up to a quotation mark, wherever that is in a page.
fn quoted<'p>(page: &'p str, before: &str) -> BTreeSet<&'p str> {
    page.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn a_page_opens_for_the_keys_that_may_use_it_and_shows_nothing_that_refuses() {
    let server = furnished();
    let some: [&[&str]; 5] = [
        &["events:read", "events:correct"],
        &["events:read", "boards"],
        &["events:read", "users"],
        &["events:read", "users", "events:correct"],
        &SCOPES,
    ];
    for held in SCOPES.iter().map(std::slice::from_ref).chain(some) {
        let browser = signed_in(&server, held);
        let before = dump(&server);
        for (path, needs) in PAGES {
            let reply = browser.get(path);
            let page = unescape(&reply.body);
            if !enough(needs, held) {
                assert_eq!(reply.status, 403, "{held:?} {path}: {page}");
                assert!(page.contains("This needs a key with the scope"), "{held:?} {path}: {page}");
            } else {
                assert_eq!(reply.status, 200, "{held:?} {path}: {page}");
            }
            // Whatever the page is, what it leads to opens, and what it sends is taken.
            for link in quoted(&page, "href=\"").into_iter().filter(|link| link.starts_with("/admin/")) {
                assert_ne!(status(&server, &browser, link), 403, "{held:?} {path} leads to {link}");
            }
            for form in page.split("method=\"post\"").skip(1).filter_map(|rest| rest.split("</form>").next()) {
                for action in quoted(form, "action=\"") {
                    // A form whose fields can't be changed has no button either.
                    let sends = form.contains("<button");
                    assert!(!sends || enough(self::needs(action), held), "{held:?} {path} sends to {action}");
                }
            }
        }
        assert_eq!(dump(&server), before, "{held:?}: looking changes nothing");
    }
}

#[test]
fn a_form_is_refused_to_a_key_without_its_scope() {
    let server = furnished();
    for scope in SCOPES {
        let browser = signed_in(&server, &[scope]);
        let token = hidden(&browser.get("/admin/keys").body, "csrf");
        let before = dump(&server);
        for (path, fields) in FORMS.into_iter().skip(1).chain(KEY_FORMS) {
            if enough(needs(path), &[scope]) {
                continue;
            }
            let mut all = vec![("csrf", token.as_str())];
            all.extend_from_slice(fields);
            let reply = browser.submit(path, &all);
            assert_eq!(reply.status, 403, "{scope} {path}: {reply:?}");
            assert!(reply.body.contains("This needs a key with the scope"), "{scope} {path}: {reply:?}");
        }
        assert_eq!(dump(&server), before, "{scope}");
    }
}

#[test]
fn what_points_were_for_is_shown_to_who_may_read_events() {
    let server = furnished();
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 5, "description": "Karaoke night"});
    assert_eq!(server.post(EVENTS, &event).status, 200);
    for scope in SCOPES {
        let page = signed_in(&server, &[scope]).page("/users/13");
        assert_eq!(page.contains("Karaoke night"), scope == "events:read", "{scope}");
    }
}

#[test]
fn signing_in_leads_to_the_first_page_that_opens() {
    let server = furnished();
    for (scope, first) in [
        ("events:read", Some("/admin/events")),
        ("events:award", Some("/admin/award")),
        ("events:deduct", Some("/admin/award")),
        ("events:correct", None),
        ("recalculate", Some("/admin/server")),
        ("boards", Some("/admin/boards")),
        ("users", Some("/admin/people")),
        ("keys", Some("/admin/keys")),
        ("export", None),
        ("metrics", None),
    ] {
        let browser = signed_in(&server, &[scope]);
        let home = browser.get("/admin");
        assert_eq!(home.header("Location"), first, "{scope}: {home:?}");
        if first.is_none() {
            assert!(home.status == 403 && home.body.contains("opens none of these pages"), "{home:?}");
            assert!(home.body.contains("Sign out"), "{home:?}");
        }
    }
}

#[test]
fn what_is_stored_without_reading_is_said_to_be_stored() {
    let server = furnished();
    let browser = signed_in(&server, &["events:award"]);
    let page = browser.page("/admin/award");
    assert!(page.contains("<h1>Award points</h1>") && !page.contains("Redeem"), "{page}");
    let token = hidden(&page, "csrf");
    let send = |kind: &str, points: &str| {
        let fields = [
            ("csrf", token.as_str()),
            ("key", kind),
            ("kind", kind),
            ("user_id", "13"),
            ("points", points),
            ("date", "2023-04-14"),
        ];
        browser.submit("/admin/award", &fields)
    };
    let stored = send("award", "4");
    assert_eq!((stored.status, stored.header("Location")), (303, Some("/admin/award/stored?first=3")));
    let page = browser.page("/admin/award/stored?first=3");
    assert!(page.contains("has 9 points now") && !page.contains("Undo") && !page.contains("/admin/events"), "{page}");
    let taken = send("take", "4");
    assert!(taken.status == 403 && taken.body.contains("Your key may give points, and take none."), "{taken:?}");
    assert_eq!(server.score(13), 9);

    let browser = signed_in(&server, &["events:deduct"]);
    let page = browser.page("/admin/award");
    assert!(page.contains("<h1>Redeem points</h1>") && page.contains("value=\"redeem\" checked"), "{page}");
    assert!(page.contains("value=\"take\"") && !page.contains("value=\"award\""), "{page}");
    let fields = [("kind", "redeem"), ("key", "k"), ("user_id", "13"), ("points", "2"), ("date", "2023-04-14")];
    let token = hidden(&page, "csrf");
    let stored = browser.submit("/admin/award", &[&[("csrf", token.as_str())] as &[_], &fields].concat());
    assert_eq!((stored.status, server.score(13)), (303, 7), "{stored:?}");

    let browser = signed_in(&server, &["boards"]);
    let page = browser.page("/admin/boards");
    assert!(!page.contains(">Spring<") && page.contains("Another leaderboard"), "{page}");
    let fields = [("csrf", &*hidden(&page, "csrf")), ("key", "k"), ("name", "Blind")];
    let made = browser.submit("/admin/boards", &fields);
    assert_eq!(made.header("Location"), Some("/admin/boards?done=board-made"), "{made:?}");
}
