//! Promise: after storing, a page tells what came of it, takes back just that, once, and leads to the next award with the
//! same date, points and description.

use chrono::{Days, Utc};
use serde_json::json;

use crate::support::browser::{Browser, hidden, hidden_fields, unescape};
use crate::support::{EVENTS, Reply, Server, run};

const PREVIEW: &str = "/admin/award/preview";
const STORE: &str = "/admin/award";
const UNDO: &str = "/admin/award/undo";

/// Previews and stores an award, and returns the path of the page that follows.
#[track_caller]
fn store(browser: &Browser<'_>, kind: &str, people: &str, points: &str, date: &str) -> String {
    let fields =
        [("kind", kind), ("user_id", people), ("points", points), ("date", date), ("description", "Karaoke <night>")];
    let page = browser.post(PREVIEW, &fields);
    assert_eq!(page.status, 200, "{page:?}");
    let fields = hidden_fields(&page.body, STORE);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = browser.submit(STORE, &fields);
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.header("Location").expect("a place to go to").to_owned()
}

fn press_undo(browser: &Browser<'_>, page: &str) -> Reply {
    let fields = hidden_fields(page, UNDO);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(UNDO, &fields)
}

#[test]
fn what_was_stored_is_told_repeated_and_taken_back_once() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "zoe", "name": "Zoë van der Berg"}));
    server.award(13, "2023-04-14", 100);
    let browser = Browser::signed_in(&server, "ana");
    let told = store(&browser, "award", "zoe", "12", "2023-04-15");
    assert_eq!(told, "/admin/award/stored?first=2");
    let page = browser.page(&told);
    for text in [
        "<bdi>Zoë van der Berg</bdi> has 112 points now",
        "+12",
        "15 April 2023",
        "Karaoke &#60;night&#62;",
        "/admin/events/2",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // The next award has the same date, points and description, and names nobody yet.
    let next = unescape(&browser.page("/admin/award?like=2"));
    for text in ["name=\"points\" type=\"number\" value=\"12\"", "value=\"2023-04-15\"", "Karaoke <night></textarea>"] {
        assert!(next.contains(text), "{text}: {next}");
    }
    assert!(next.contains("value=\"award\" checked") && !next.contains("zoe"), "{next}");

    // Somebody else's event comes between, and stays.
    server.award(13, "2023-04-14", 1);
    for _ in 0..2 {
        let reply = press_undo(&browser, &page);
        assert_eq!((reply.status, reply.header("Location")), (303, Some(told.as_str())), "{reply:?}");
        assert_eq!((server.score(13), server.count_events()), (101, 2));
    }
    let undone = browser.page(&told);
    assert!(undone.contains("Undone: 1 event is deleted.") && !undone.contains(UNDO), "{undone}");
    let history = server.get(&format!("{EVENTS}/2/history")).json()["revisions"].clone();
    assert_eq!((&history[1]["action"], &history[1]["by"]), (&json!("delete"), &json!("ana")));
    assert_eq!(history.as_array().map(Vec::len), Some(2), "twice does nothing twice");
}

#[test]
fn all_of_several_is_taken_back_at_once() {
    let server = Server::start();
    server.award(13, "2023-04-14", 100);
    let browser = Browser::signed_in(&server, "ana");
    let told = store(&browser, "take", "13\n14\n15", "1", "2023-04-15");
    let page = browser.page(&told);
    assert!(page.contains("3 people have 1 less point now"), "{page}");
    assert!(browser.page("/admin/award?like=2").contains("value=\"take\" checked"));
    // One of them has been deleted by hand.
    assert_eq!(server.delete(&format!("{EVENTS}/3")).status, 200);
    assert_eq!(press_undo(&browser, &page).status, 303);
    assert_eq!([13, 14, 15].map(|id| server.score(id)), [100, 0, 0]);
    assert_eq!(server.count_events(), 1);
    assert!(browser.page(&told).contains("Undone: 3 events are deleted."));
}

#[test]
fn many_at_once_is_taken_back_too() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let table = "user_id,date,points\r\n13,2023-04-14,5\r\n13,2023-04-15,6\r\n14,2023-04-15,7\r\n";
    let page = browser.post("/admin/award/many/preview", &[("kind", "table"), ("table", table)]).body;
    let fields = hidden_fields(&page, "/admin/award/many");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = browser.submit("/admin/award/many", &fields);
    let page = browser.page(reply.header("Location").expect("a place to go to"));
    assert!(page.contains("3 events are stored."), "{page}");
    assert_eq!(server.count_events(), 3);
    assert_eq!(press_undo(&browser, &page).status, 303);
    assert_eq!(server.count_events(), 0);
}

#[test]
fn points_of_a_later_day_are_told_as_such() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let later = Utc::now().date_naive() + Days::new(40);
    let page = browser.page(&store(&browser, "award", "13", "5", &later.to_string()));
    assert!(page.contains("<bdi>user-13</bdi> will have +5 on "), "{page}");
    let page = browser.page(&store(&browser, "award", "13\n14", "5", &later.to_string()));
    assert!(page.contains("2 people will have +5 on "), "{page}");
}

#[test]
fn only_the_session_that_stored_it_and_a_key_that_may_correct_takes_it_back() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let told = store(&browser, "award", "13", "5", "2023-04-15");
    let other = Browser::signed_in(&server, "bob");
    let elsewhere = other.get(&told);
    assert_eq!((elsewhere.status, elsewhere.header("Location")), (303, Some("/admin/award")));
    assert_eq!(other.post(UNDO, &[("first", "1")]).status, 404);
    assert_eq!(browser.post(UNDO, &[("first", "7")]).status, 404);
    assert_eq!(browser.submit(UNDO, &[("first", "1")]).status, 403, "without the token of the session");
    assert!(!other.page("/admin/award?like=1").contains("Karaoke"), "what others typed is not told");

    let scopes = "events:read,events:award";
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--scopes", scopes]);
    let giver = Browser::new(&server);
    assert_eq!(giver.sign_in(made.stdout.trim(), "ana").status, 303);
    let page = giver.page(&store(&giver, "award", "13", "5", "2023-04-15"));
    assert!(page.contains("has 10 points now") && !page.contains("Undo"), "{page}");
    let token = hidden(&giver.page("/admin/award"), "csrf");
    assert_eq!(giver.submit(UNDO, &[("csrf", &token), ("first", "2")]).status, 403);
    assert_eq!(server.count_events(), 2);
}
