//! Promise: points are given and redeemed after a look at what comes of it; a double click stores once, and nobody spends
//! what is not there.

use chrono::{Days, Utc};
use serde_json::json;

use crate::support::browser::{Browser, Fields, hidden_fields, unescape};
use crate::support::{EVENTS, Reply, Server};

const PREVIEW: &str = "/admin/award/preview";
const STORE: &str = "/admin/award";

/// The fields of the button under a preview.
fn button(page: &str) -> Vec<(String, String)> {
    hidden_fields(page, STORE)
}

fn press(browser: &Browser<'_>, fields: &[(String, String)]) -> Reply {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(STORE, &fields)
}

#[track_caller]
fn preview(browser: &Browser<'_>, fields: Fields<'_>) -> String {
    let reply = browser.post(PREVIEW, fields);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

#[test]
fn an_award_is_looked_at_then_stored() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "Zoë Ω", "name": "Zoë"}));
    server.award(13, "2023-04-14", 1200);
    let browser = Browser::signed_in(&server, "ana");
    let form = browser.page("/admin/award?user_id=13&kind=redeem");
    assert!(form.contains("\n13</textarea>") && form.contains("value=\"redeem\" checked"), "{form}");
    assert!(form.contains(&format!("value=\"{}\"", Utc::now().date_naive())), "today is filled in");

    let fields = [
        ("kind", "award"),
        ("user_id", "zoë ω"),
        ("points", "34"),
        ("date", "2023-04-15"),
        ("description", " it's\r\n<b> "),
    ];
    let page = preview(&browser, &fields);
    for text in ["<dd>1,200</dd>", "+34", "<dd>1,234</dd>", "<bdi>Zoë</bdi>", "15 April 2023", "Award 34 points?"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(server.count_events(), 1, "looking stores nothing");

    let fields = button(&page);
    let key = fields.iter().find(|(name, _)| name == "key").map(|(_, key)| key.len());
    assert_eq!(key, Some(64), "a key is minted with the form");
    // Two clicks.
    for _ in 0..2 {
        let reply = press(&browser, &fields);
        assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin/award/stored?first=2")), "{reply:?}");
    }
    assert_eq!((server.count_events(), server.score(13)), (2, 1234));
    let event = server.get(&format!("{EVENTS}/2")).json();
    assert_eq!(event["description"], json!(" it's\n<b> "));
    assert_eq!(server.get(&format!("{EVENTS}/2/history")).json()["revisions"][0]["by"], json!("ana"));
    // The same key stands for nothing else.
    let mut other = fields.clone();
    other.iter_mut().filter(|(name, _)| name == "points").for_each(|(_, value)| *value = "35".to_owned());
    assert_eq!(press(&browser, &other).status, 422);
    assert_eq!(server.count_events(), 2);
    // Another look mints another key.
    let again =
        button(&preview(&browser, &[("kind", "award"), ("user_id", "13"), ("points", "34"), ("date", "2023-04-15")]));
    assert_eq!(press(&browser, &again).header("Location"), Some("/admin/award/stored?first=3"));
}

#[test]
fn two_clicks_at_once_store_once() {
    let server = Server::start();
    server.award(13, "2023-04-14", 100);
    let browser = Browser::signed_in(&server, "ana");
    let page = preview(&browser, &[("kind", "redeem"), ("user_id", "13"), ("points", "60"), ("date", "2023-04-14")]);
    let fields = button(&page);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let clicks: Vec<_> = (0..4)
            .map(|_| {
                let (tab, fields) = (browser.tab(), fields.clone());
                let server = &server;
                let cookie = tab.cookie("scorekeeper_session").expect("a session");
                scope.spawn(move || {
                    let tab = Browser::new(server);
                    tab.set_cookie("scorekeeper_session", &cookie);
                    press(&tab, &fields)
                })
            })
            .collect();
        clicks.into_iter().map(|click| click.join().expect("a reply")).collect()
    });
    for reply in replies {
        assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin/award/stored?first=2")), "{reply:?}");
    }
    assert_eq!((server.count_events(), server.score(13)), (2, 40));
}

#[test]
fn nobody_redeems_what_is_not_there() {
    let server = Server::start();
    server.award(13, "2023-04-14", 30);
    let browser = Browser::signed_in(&server, "ana");
    let redeem = |points: &'static str, minimum: &'static str| {
        [("kind", "redeem"), ("user_id", "13"), ("points", points), ("date", "2023-04-15"), ("minimum_score", minimum)]
    };
    let page = preview(&browser, &redeem("30", ""));
    assert!(page.contains("<dd>30</dd>") && page.contains("−30") && page.contains("<dd>0</dd>"), "{page}");
    for (points, minimum) in [("31", ""), ("2147483647", ""), ("30", "1"), ("1", "30")] {
        for path in [PREVIEW, STORE] {
            let mut fields = redeem(points, minimum).to_vec();
            fields.push(("key", "k"));
            fields.push(("description", points));
            let reply = browser.post(path, &fields);
            assert_eq!(reply.status, 422, "{points} {minimum} {path}: {reply:?}");
            assert!(reply.body.contains("can spend 30 points"), "{}", reply.body);
            assert!(
                reply.body.contains(&format!("name=\"points\" type=\"number\" value=\"{points}\"")),
                "{}",
                reply.body
            );
            if path == STORE {
                server.sql().execute("DELETE FROM idempotency_keys", []).expect("the refusal is forgotten");
            }
        }
    }
    assert_eq!((server.count_events(), server.score(13)), (1, 30));
    // Between the look and the click somebody else was faster.
    let fields = button(&page);
    server.award(13, "2023-04-14", -10);
    for _ in 0..2 {
        let reply = press(&browser, &fields);
        assert_eq!(reply.status, 422);
        assert!(reply.body.contains("can spend 20 points"), "{}", reply.body);
    }
    // Taking points away asks nobody.
    let fields =
        button(&preview(&browser, &[("kind", "take"), ("user_id", "13"), ("points", "50"), ("date", "2023-04-15")]));
    assert_eq!(press(&browser, &fields).status, 303);
    assert_eq!(server.score(13), -30);
}

#[test]
fn a_future_day_counts_then() {
    let server = Server::start();
    server.award(13, "2023-04-14", 30);
    let later = (Utc::now().date_naive() + Days::new(10)).to_string();
    let browser = Browser::signed_in(&server, "ana");
    let page = preview(&browser, &[("kind", "award"), ("user_id", "13"), ("points", "5"), ("date", &later)]);
    assert!(page.contains("counts from then on") && page.contains("Score then"), "{page}");
    assert_eq!(press(&browser, &button(&page)).status, 303);
    assert_eq!(server.score(13), 30);
}

#[test]
fn what_is_wrong_is_said_beside_its_field_and_nothing_is_stored() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let long = "x".repeat(10_001);
    let good =
        [("kind", "award"), ("user_id", "13"), ("points", "5"), ("date", "2023-04-14"), ("description", "typed <b>")];
    for (name, value, status) in [
        ("user_id", "", 400),
        ("user_id", "0", 400),
        ("user_id", "nobody", 400),
        ("points", "", 400),
        ("points", "5.5", 400),
        ("points", "2147483648", 400),
        ("date", "", 400),
        ("date", "2023-02-29", 400),
        ("description", long.as_str(), 400),
        ("minimum_score", "some", 400),
    ] {
        let mut fields: Vec<(&str, &str)> = good.to_vec();
        fields.push((name, value));
        fields.push(("key", "k"));
        for path in [PREVIEW, STORE] {
            let reply = browser.post(path, &fields);
            assert_eq!(reply.status, status, "{name} {path}");
            assert!(reply.body.contains(&format!("id=\"{name}-error\"")), "{name}: {}", reply.body);
            assert!(name == "description" || unescape(&reply.body).contains("typed <b>"), "{name}");
        }
    }
    for (kind, points) in [("redeem", "0"), ("redeem", "-5"), ("take", "0"), ("take", "-5"), ("award", "-1")] {
        let reply =
            browser.post(PREVIEW, &[("kind", kind), ("user_id", "13"), ("points", points), ("date", "2023-04-14")]);
        assert_eq!(reply.status, 422, "{kind} {points}");
        assert!(reply.body.contains("id=\"points-error\""));
    }
    for key in ["", "with blank", &"k".repeat(256)] {
        let mut fields = good.to_vec();
        fields.push(("key", key));
        assert_eq!(browser.post(STORE, &fields).status, 400, "{key}");
    }
    assert_eq!(server.count_events(), 0);
    // Changing one's mind brings the form back as it was.
    let page = preview(&browser, &good);
    let fields = button(&page);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let form = browser.submit("/admin/award/again", &fields);
    assert_eq!(form.status, 200);
    assert!(
        form.body.contains("value=\"5\"") && unescape(&form.body).contains("\ntyped <b></textarea>"),
        "{}",
        form.body
    );
}
