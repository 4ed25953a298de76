//! Promise: rules can be changed and a forum connected in the browser. The secret is shown only to those who may make one, and
//! what came is told, refusals included.

use serde_json::{Value, json};

use crate::support::browser::{Browser, assert_safe, unescape};
use crate::support::forum::{HOOK, SECRET, connected, deliver, delivery, post, tell, unsigned, with};
use crate::support::keys::make_key;
use crate::support::{Server, Setup};

const RULES: &str = "/admin/rules";
const FORUM: &str = "/admin/forum";

fn rule(server: &Server, name: &str) -> Value {
    let rules = server.get(RULES).json();
    let found = rules["rules"].as_array().and_then(|rules| rules.iter().find(|rule| rule["name"] == name));
    found.expect("the rule").clone()
}

/// The row of a rule in the page.
fn row(page: &str, label: &str) -> String {
    let found = page.split("<tr").find(|row| row.contains(&format!("<span>{label}<small>")));
    unescape(found.expect("the row of the rule"))
}

#[test]
fn a_rule_is_a_row_with_a_form() {
    let server = connected();
    let browser = Browser::signed_in(&server, "ana");
    let today = chrono::Utc::now();
    for (post_id, ago) in [(1, 0), (2, 29), (3, 30), (4, 400)] {
        let at = json!({"created_at": (today - chrono::TimeDelta::days(ago)).to_rfc3339()});
        tell(&server, "post_created", &with(post(post_id, 13), "post", &at));
    }
    let page = browser.page(RULES);
    let posts = row(&page, "Posts");
    assert!(posts.contains("name=\"points\" type=\"number\" value=\"2\""), "{posts}");
    assert!(posts.contains("checked") && posts.contains("class=\"num\">2</td>"), "two in 30 days: {posts}");
    assert_eq!(page.matches("<form id=").count(), 6);
    let fields = [("points", "4"), ("enabled", "true"), ("daily_limit", "10"), ("category_ids", "9, 4")];
    let (to, page) = browser.post_through("/admin/rules/post_created/edit", &fields);
    assert!(to.starts_with(RULES) && page.contains("The rule is saved."), "{to}");
    let expected =
        json!({"name": "post_created", "points": 4, "enabled": true, "daily_limit": 10, "category_ids": [4, 9]});
    assert_eq!(rule(&server, "post_created"), expected);
    assert!(row(&page, "Posts").contains("value=\"4, 9\""));
    // A box that is not ticked, and blanks.
    browser
        .post_through("/admin/rules/post_created/edit", &[("points", "4"), ("daily_limit", ""), ("category_ids", " ")]);
    let expected =
        json!({"name": "post_created", "points": 4, "enabled": false, "daily_limit": null, "category_ids": []});
    assert_eq!(rule(&server, "post_created"), expected);
    assert!(!row(&browser.page(RULES), "Posts").contains("checked"));
    assert!(browser.page("/admin/audit?kind=rule").contains("rule post_created"));
    assert_eq!(browser.post("/admin/rules/days_visited/edit", &fields).status, 404);
}

#[test]
fn what_is_wrong_stands_in_its_row_with_what_was_typed() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    for (field, typed, sentence) in [
        ("points", "many", "Enter a whole number"),
        ("points", "", "Enter a whole number"),
        ("daily_limit", "-1", "Enter a whole number from 0"),
        ("category_ids", "four", "Enter a number from 1"),
    ] {
        let mut fields = vec![("points", "4"), ("enabled", "true"), ("daily_limit", "7"), ("category_ids", "9")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, typed));
        let reply = browser.post("/admin/rules/solution/edit", &fields);
        assert_eq!(reply.status, 400, "{field}: {reply:?}");
        let (wrong, right) = (row(&reply.body, "Solutions"), row(&reply.body, "Posts"));
        assert!(wrong.contains(sentence) && wrong.contains(&format!("value=\"{typed}\"")), "{field}: {wrong}");
        assert!(wrong.contains("aria-invalid") && !right.contains("aria-invalid"), "{field}: {wrong}");
        assert!(right.contains("value=\"2\""), "{right}");
    }
    assert_eq!(rule(&server, "solution")["points"], 10);
}

#[test]
fn the_pages_show_what_a_key_may_use() {
    let setup = Setup::new();
    let read = make_key(setup.folder(), &["--read-only"]);
    let boards = make_key(setup.folder(), &["--scopes", "boards"]);
    let server = setup.start();
    let browser = Browser::new(&server);
    browser.sign_in(&read, "ana");
    let page = browser.page(RULES);
    assert!(page.contains("Solutions") && !page.contains("<form id=") && !page.contains(FORUM), "{page}");
    assert_eq!(browser.get(FORUM).status, 403);
    let browser = Browser::new(&server);
    browser.sign_in(&boards, "ana");
    let page = browser.page(RULES);
    assert!(!page.contains("Solutions") && page.contains(FORUM), "{page}");
    assert!(browser.page(FORUM).contains("Make a secret"));
}

/// The secret that the page shows.
fn shown_secret(page: &str) -> String {
    let (_, rest) = page.split_once("<pre id=\"secret\">").expect("the secret is shown");
    rest.split('<').next().unwrap_or_default().to_owned()
}

#[test]
fn a_secret_is_made_shown_again_and_replaced() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let body = post(1, 13).to_string();
    let works = |secret: &str| delivery(&server, secret, "post_created", body.as_bytes()).send().status;
    let page = browser.page(FORUM);
    assert!(page.contains("Make a secret first") && !page.contains("Payload URL"), "{page}");
    assert_eq!(works("any"), 404);
    browser.post(&format!("{FORUM}/secret"), &[]);
    let page = browser.page(FORUM);
    assert!(page.contains(&format!("{}{HOOK}</pre>", server.url())), "{page}");
    assert!(page.contains("This address is not encrypted"), "{page}");
    for event in ["topic_created", "post_recovered", "post_liked", "unaccepted_solution", "chat_message_restored"] {
        assert!(page.contains(event), "{event}");
    }
    let first = shown_secret(&page);
    assert!(first.len() >= 32 && shown_secret(&browser.page(FORUM)) == first);
    assert_eq!((works(&first), server.score(13)), (200, 2));
    let asked = browser.page(&format!("{FORUM}/secret"));
    assert!(asked.contains("Make another secret?") && shown_secret(&browser.page(FORUM)) == first);
    browser.post(&format!("{FORUM}/secret"), &[]);
    let second = shown_secret(&browser.page(FORUM));
    assert!(second != first);
    assert_eq!((works(&first), works(&second)), (403, 200));
    let reply = browser.get(FORUM);
    assert_safe(FORUM, &reply);
    let log = browser.page("/admin/audit?kind=webhook");
    assert_eq!(log.matches("made a secret for").count(), 2, "{log}");
    let lines = server.log();
    for secret in [&first, &second] {
        assert!(!lines.contains(secret) && !log.contains(secret), "a secret is told");
    }
    // The setting beats it, and is never shown.
    let setup = Setup::in_folder(server.stop()).env("SCOREKEEPER_DISCOURSE_SECRET", SECRET);
    let server = setup.start();
    let browser = Browser::signed_in(&server, "ana");
    let page = browser.page(FORUM);
    assert!(page.contains("discourse_secret") && !page.contains(SECRET) && !page.contains(&second), "{page}");
    let status = |secret: &str| delivery(&server, secret, "post_created", body.as_bytes()).send().status;
    assert_eq!((status(&second), status(SECRET)), (403, 200));
}

#[test]
fn what_came_last_is_told_with_refusals_and_is_bounded() {
    let server = connected();
    let browser = Browser::signed_in(&server, "ana");
    assert!(browser.page(FORUM).contains("Nothing yet."));
    tell(&server, "ping", &json!({"ping": "OK"}));
    tell(&server, "post_created", &post(1, 13));
    deliver(&server, "post_created", &json!({"post": {"id": 2}}));
    unsigned(&server, "<b>post</b>", b"{}").send();
    delivery(&server, "another secret", "post_created", b"{}").send();
    let page = unescape(&browser.page(FORUM));
    for said in [
        "ignored: a ping",
        "post_created:1: counted",
        "param is missing or the value is empty: post.user_id",
        "it is not signed; it came from 127.0.0.1",
        "its signature is not that of its body and the secret",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!browser.page(FORUM).contains("<b>post</b>"));
    for number in 0..120 {
        tell(&server, "post_created", &post(1000 + number, 13));
        assert_eq!(unsigned(&server, "post_created", b"{}").send().status, 403);
    }
    let kept: i64 = server.sql().query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0)).expect("a count");
    assert_eq!(kept, 100);
    assert_eq!(browser.page(FORUM).matches("<time ").count(), 50);
}
