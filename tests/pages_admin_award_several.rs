//! Promise: several people, or a whole group, get points by one form: whoever is not clear is asked about, the result is
//! looked at first, and all of it is stored or nothing, once.

use serde_json::{Value, json};

use crate::support::browser::{Browser, Fields, hidden_fields, unescape};
use crate::support::{EVENTS, Reply, Server, run};

const PREVIEW: &str = "/admin/award/preview";
const STORE: &str = "/admin/award";
const SUGGESTIONS: &str = "/admin/people/suggestions";

/// A server that knows some people, two of them by the same full name, and a group of three.
fn club() -> Server {
    let server = Server::start();
    let users = json!({"users": [
        {"id": 13, "username": "zoe", "name": "Zoë van der Berg"},
        {"id": 14, "username": "anna", "name": "Anna Novak"},
        {"id": 15, "username": "anna.k", "name": "Anna Novak"},
        {"id": 16, "username": "77", "name": "Mara Lindqvist"},
    ]});
    assert_eq!(server.post("/admin/users/batch", &users).status, 200);
    let group = json!({"name": "Staff", "user_ids": [13, 14, 16]});
    assert_eq!(server.put("/admin/groups/5", &group).status, 200);
    server.award(13, "2023-04-14", 100);
    server
}

fn fields<'f>(kind: &'f str, people: &'f str, points: &'f str) -> [(&'f str, &'f str); 5] {
    [("kind", kind), ("user_id", people), ("points", points), ("date", "2023-04-15"), ("description", "Party")]
}

#[track_caller]
fn preview(browser: &Browser<'_>, fields: Fields<'_>) -> String {
    let reply = browser.post(PREVIEW, fields);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

/// Presses the button under a preview.
fn press(browser: &Browser<'_>, page: &str) -> Reply {
    let fields = hidden_fields(page, STORE);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(STORE, &fields)
}

/// The rows of a preview, without what only looks good.
fn rows(page: &str) -> Vec<String> {
    let body = page.split("<tbody>").nth(1).and_then(|body| body.split("</tbody>").next()).unwrap_or_default();
    let text = |row: &str| {
        let pieces = row.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
        pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
    };
    body.split("</tr>").map(text).filter(|row| !row.is_empty()).collect()
}

fn people(server: &Server) -> Vec<i64> {
    let events = server.get(EVENTS).json()["events"].as_array().expect("events").clone();
    events.iter().map(|event| event["user_id"].as_i64().expect("an id")).collect()
}

#[test]
fn people_and_a_group_get_points_in_one_transaction() {
    let server = club();
    let browser = Browser::signed_in(&server, "ana");
    let lines = "Group:staff\r\n zoë VAN der berg \r\n\r\n15\r\nuser-99\r\n";
    let page = preview(&browser, &fields("award", lines, "5"));
    assert_eq!(
        rows(&page),
        [
            "Zoë van der Berg 13 100 +5 105",
            "Anna Novak 14 0 +5 5",
            "Mara Lindqvist 16 0 +5 5",
            "Anna Novak 15 0 +5 5",
            "user-99 not known yet 99 0 +5 5",
        ]
    );
    for text in ["Award 5 points to 5 people?", "+25", "1 line names somebody who is named before", "15 April 2023"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(server.count_events(), 1, "looking stores nothing");
    // Who comes into the group between the look and the click gets nothing, and two clicks store once.
    assert_eq!(server.put("/admin/groups/5", &json!({"user_ids": [13, 14, 16, 17]})).status, 200);
    for _ in 0..2 {
        let reply = press(&browser, &page);
        assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin/award/stored?first=2")), "{reply:?}");
    }
    assert_eq!(people(&server), [13, 13, 14, 16, 15, 99]);
    assert!(browser.page("/admin/award/stored?first=2").contains("5 people have 5 more points now"));
}

#[test]
fn whoever_is_not_clear_is_asked_about_and_chosen() {
    let server = club();
    let browser = Browser::signed_in(&server, "ana");
    let lines = "anna novak\r\nlindq\r\nnobody at all\r\nanna";
    for path in [PREVIEW, STORE] {
        let reply = browser.post(path, &[&fields("award", lines, "5") as &[_], &[("key", "k")]].concat());
        assert_eq!(reply.status, 400, "{reply:?}");
        let page = unescape(&reply.body);
        for text in [
            "Several people are called “anna novak”.",
            "value=\"anna.k\"><span><bdi>Anna Novak</bdi> <span class=\"soft\">anna.k · user ID 15<",
            "Nobody is called “lindq”.",
            // The username reads as a number, so the number of the user stands for it.
            "value=\"16\"><span><bdi>Mara Lindqvist</bdi> <span class=\"soft\">77 · user ID 16<",
            "Nobody is called “nobody at all”.",
            "id=\"user_id-error\">Some lines are not clear.",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("name=\"choice_3\""), "a username is clear: {page}");
    }
    assert_eq!(server.count_events(), 1);
    let chosen = [
        ("line_0", "anna novak"),
        ("choice_0", "anna.k"),
        ("line_1", "lindq"),
        ("choice_1", "16"),
        ("line_2", "nobody at all"),
        ("choice_2", "-"),
    ];
    let page = preview(&browser, &[&fields("award", lines, "5") as &[_], &chosen].concat());
    assert_eq!(rows(&page), ["Anna Novak 15 0 +5 5", "Mara Lindqvist 16 0 +5 5", "Anna Novak 14 0 +5 5"]);
    // Changing one's mind brings back the lines as they are now.
    let again = hidden_fields(&page, STORE);
    let lines = again.iter().find(|(name, _)| name == "user_id").map(|(_, lines)| lines.as_str());
    assert_eq!(lines, Some("anna.k\n16\nanna"));
    assert_eq!(press(&browser, &page).status, 303);
    assert_eq!(people(&server), [13, 15, 16, 14]);
}

#[test]
fn nothing_is_redeemed_if_one_of_them_has_too_few() {
    let server = club();
    server.award(14, "2023-04-14", 10);
    let browser = Browser::signed_in(&server, "ana");
    let reply = browser.post(PREVIEW, &fields("redeem", "zoe\r\nanna\r\n16", "20"));
    assert_eq!(reply.status, 422, "{reply:?}");
    for text in [
        "Anna Novak</bdi> <span class=\"soft\">user ID 14</span> can spend 10 points",
        "can spend 0 points",
        "20 would be",
    ] {
        assert!(reply.body.contains(text), "{text}: {}", reply.body);
    }
    assert!(!reply.body.contains("can spend 100 points"), "{}", reply.body);
    let page = preview(&browser, &fields("redeem", "zoe\r\nanna", "10"));
    server.award(14, "2023-04-14", -1);
    let refused = press(&browser, &page);
    assert!(refused.status == 422 && refused.body.contains("can spend 9 points"), "{refused:?}");
    assert_eq!((server.score(13), server.score(14)), (100, 9));
    // Taking points away asks nobody.
    let page = preview(&browser, &fields("take", "zoe\r\nanna", "10"));
    assert!(page.contains("Take away 10 points from 2 people?") && page.contains(">−1</td>"), "{page}");
    assert_eq!(press(&browser, &page).status, 303);
    assert_eq!((server.score(13), server.score(14)), (90, -1));
}

#[test]
fn a_large_group_is_cut_for_the_eye_and_checked_whole() {
    let server = Server::start();
    let ids: Vec<i64> = (1..=1_000).collect();
    assert_eq!(server.put("/admin/groups/7", &json!({"name": "all", "user_ids": ids})).status, 200);
    let browser = Browser::signed_in(&server, "ana");
    let page = preview(&browser, &fields("award", "group:7", "5"));
    assert_eq!(rows(&page).len(), 100);
    assert!(page.contains("… and 900 more.") && page.contains("1,000 of them are not known yet"), "{page}");
    assert_eq!(press(&browser, &page).header("Location"), Some("/admin/award/stored?first=1"));
    assert_eq!((server.score(1), server.score(1_000)), (5, 5));
    let reply = browser.post(PREVIEW, &fields("redeem", "group:all", "6"));
    assert!(reply.status == 422 && reply.body.contains("… and 980 others"), "{reply:?}");
    for (group, status, sentence) in [
        ("group:none", 400, "No group is called “none”."),
        ("group:", 400, "No group is called"),
        ("group:8", 400, "No group"),
    ] {
        let reply = browser.post(PREVIEW, &fields("award", group, "5"));
        assert_eq!(reply.status, status, "{group}");
        assert!(reply.body.contains("No group is called"), "{sentence}: {}", reply.body);
    }
    let many: String = (1..=10_001).map(|id| format!("{id}\n")).collect();
    let reply = browser.post(PREVIEW, &fields("award", &many, "5"));
    assert!(reply.status == 422 && reply.body.contains("These are more than 10,000 people."), "{}", reply.status);
}

#[test]
fn names_are_suggested_to_a_session_that_may_read() {
    let server = club();
    let browser = Browser::signed_in(&server, "ana");
    let ask = |browser: &Browser<'_>, text: &str| {
        let cookie = format!("scorekeeper_session={}", browser.cookie("scorekeeper_session").unwrap_or_default());
        let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let path = format!("{SUGGESTIONS}?text={text}");
        server.anonymous("GET", &path).header("Accept", "application/json").header("Cookie", &cookie).send()
    };
    let values = |text: &str| -> Vec<String> {
        let reply = ask(&browser, text);
        assert_eq!((reply.status, reply.header("Cache-Control")), (200, Some("private, no-store")), "{reply:?}");
        let value = |one: &Value| one["value"].as_str().expect("a value").to_owned();
        let list = |name: &str| reply.json()[name].as_array().expect("a list").clone();
        list("people").iter().chain(&list("groups")).map(value).collect()
    };
    assert_eq!(values("novak"), ["anna", "anna.k"]);
    assert_eq!(values("VAN DER"), ["zoe"]);
    assert_eq!(values("taff"), ["group:5"]);
    assert!(values("nobody").is_empty());
    let zoe = ask(&browser, "zoe").json();
    let want = json!({"value": "zoe", "title": "Zoë van der Berg", "detail": "zoe · user ID 13"});
    assert_eq!(zoe["people"][0], want);
    assert_eq!(ask(&browser, "").status, 400);
    assert_eq!(ask(&Browser::new(&server), "zoe").status, 403);
    assert_eq!(server.get(&format!("{SUGGESTIONS}?text=zoe")).status, 403, "a key alone is no session");
    // A key that may only give points is told nobody's name, and asked for no name either.
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--scopes", "events:award"]);
    let giver = Browser::new(&server);
    assert_eq!(giver.sign_in(made.stdout.trim(), "ana").status, 303);
    assert_eq!(ask(&giver, "zoe").status, 403);
    assert!(!giver.page("/admin/award").contains("data-suggest"));
    let token = crate::support::browser::hidden(&giver.page("/admin/award"), "csrf");
    let reply =
        giver.submit(PREVIEW, &[&fields("award", "anna novak", "5") as &[_], &[("csrf", token.as_str())]].concat());
    assert!(reply.status == 400 && !reply.body.contains("anna.k"), "{reply:?}");
}
