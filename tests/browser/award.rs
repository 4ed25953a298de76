//! Awards in a real browser: suggestions by mouse and keyboard, and taking back what was stored.

use serde_json::json;

use super::chrome::{Chrome, ENTER};
use super::signed_in;
use crate::support::{Server, wait_for};

/// The key that goes down in a list (w3.org/TR/webdriver2, "Keyboard actions").
const DOWN: &str = "\u{e015}";

/// A server that knows some people and a group, and a browser that is signed in.
fn club() -> (Server, Chrome) {
    let (server, chrome) = signed_in();
    let users = json!({"users": [
        {"id": 13, "username": "zoe", "name": "Zoë van der Berg"},
        {"id": 14, "username": "anna", "name": "Anna Novak"},
        {"id": 15, "username": "anna.k", "name": "Anna Novak"},
    ]});
    assert_eq!(server.post("/admin/users/batch", &users).status, 200);
    assert_eq!(server.put("/admin/groups/5", &json!({"name": "Staff", "user_ids": [14, 15]})).status, 200);
    chrome.open(&format!("{}/admin/award", server.url()));
    (server, chrome)
}

/// What stands in the field for people.
fn lines(chrome: &Chrome) -> String {
    chrome.script("return document.querySelector('#user_id').value").as_str().expect("text").to_owned()
}

#[test]
fn people_are_suggested_while_their_names_are_typed() {
    let (server, chrome) = club();
    chrome.tab_to("#user_id");
    chrome.press("novak");
    chrome.wait_for_text(".suggestions", "anna.k");
    chrome.press(DOWN);
    chrome.press(DOWN);
    assert_eq!(chrome.text(".suggestions [aria-selected=true]").replace('\n', " "), "Anna Novak anna.k · user ID 15");
    let named = chrome.script(
        "const field = document.querySelector('#user_id');
         return document.getElementById(field.getAttribute('aria-activedescendant')).getAttribute('aria-selected')",
    );
    assert_eq!(named, "true");
    chrome.press(ENTER);
    assert_eq!(lines(&chrome), "anna.k\n");
    chrome.press("van der");
    chrome.wait_for_text(".suggestions", "Zoë");
    chrome.click(".suggestions li");
    assert_eq!(lines(&chrome), "anna.k\nzoe\n");
    chrome.press("staff");
    chrome.wait_for_text(".suggestions", "group · 2 people");
    chrome.press(DOWN);
    chrome.press(ENTER);
    assert_eq!(lines(&chrome), "anna.k\nzoe\ngroup:5\n");
    chrome.fill("#points", "5");
    chrome.click("main button.primary");
    chrome.wait_for_text("main h1", "Award 5 points to 3 people?");
    chrome.double_click("main button.primary");
    chrome.wait_for_text("main h1", "3 people have 5 more points now");
    assert_eq!((server.count_events(), server.score(13), server.score(15)), (3, 5, 5));
    chrome.click("form[action='/admin/award/undo'] button");
    chrome.wait_for_text("main h1", "Undone: 3 events are deleted.");
    assert_eq!(server.count_events(), 0);
    chrome.assert_quiet(&[]);
}

#[test]
fn a_line_that_is_not_clear_is_chosen() {
    let (server, chrome) = club();
    chrome.fill("#user_id", "anna novak");
    chrome.fill("#points", "5");
    chrome.click("main button.primary");
    chrome.wait_for_text("main", "“anna novak” may be Anna Novak");
    chrome.click("input[value='anna.k']");
    chrome.click("main button.primary");
    chrome.wait_for_text("main h1", "Award 5 points?");
    chrome.click("main button.primary");
    chrome.wait_for_text("main h1", "Anna Novak has 5 points now");
    assert_eq!(server.score(15), 5);
    chrome.click("main a.primary");
    chrome.wait_for_path("/admin/award");
    wait_for("the same points", || {
        (chrome.script("return document.querySelector('#points')?.value") == "5").then_some(())
    });
    chrome.assert_quiet(&["status of 400"]);
}

#[test]
fn the_minimum_is_asked_for_only_where_points_are_redeemed() {
    let (_server, chrome) = club();
    let is_shown = || chrome.script("return document.querySelector('#minimum_score').offsetParent !== null");
    assert_eq!(is_shown(), false);
    chrome.click("input[value=redeem]");
    assert_eq!(is_shown(), true);
    chrome.click("input[value=take]");
    assert_eq!(is_shown(), false);
    chrome.assert_quiet(&[]);
}
