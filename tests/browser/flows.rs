//! The daily work, by mouse and by keyboard.

use serde_json::json;

use super::chrome::{Chrome, ENTER};
use super::{sign_in, signed_in};
use crate::support::{Server, run, wait_for};

/// Fills in the form and goes on to the preview.
fn preview(chrome: &Chrome, server: &Server, kind: &str, points: &str) {
    chrome.open(&format!("{}/admin/award?kind={kind}", server.url()));
    chrome.fill("#user_id", "13");
    chrome.fill("#points", points);
    chrome.click("main button.primary");
}

#[test]
fn an_award_shows_on_a_leaderboard_that_is_open() {
    let (server, chrome) = signed_in();
    let administration = chrome.window();
    let board = chrome.new_window();
    chrome.open(&format!("{}/leaderboard", server.url()));
    chrome.wait_for_text("main", "Nobody has points here yet");
    chrome.wait_for_text("#live-state", "Live");
    chrome.script("window.sameWindow = true");
    chrome.look_at(&administration);
    preview(&chrome, &server, "award", "15");
    chrome.wait_for_text("main h1", "Award 15 points?");
    chrome.click("main button.primary");
    chrome.wait_for_path("/admin/award/stored");
    chrome.assert_quiet(&[]);
    chrome.look_at(&board);
    chrome.wait_for_text("main", "user-13");
    chrome.wait_for_text("main", "15");
    assert_eq!(chrome.script("return window.sameWindow"), true, "the page was loaded anew");
    chrome.assert_quiet(&[]);
}

#[test]
fn a_double_click_redeems_once() {
    let (server, chrome) = signed_in();
    server.award(13, "2024-03-01", 30);
    preview(&chrome, &server, "redeem", "10");
    chrome.wait_for_text("main h1", "Redeem 10 points?");
    chrome.double_click("main button.primary");
    chrome.wait_for_path("/admin/award/stored");
    assert_eq!(server.count_events(), 2);
    assert_eq!(server.score(13), 20);
    chrome.assert_quiet(&[]);
}

#[test]
fn a_room_full_of_people_gets_points_at_once() {
    let (server, chrome) = signed_in();
    let users = json!({"users": [{"id": 13, "username": "ann"}, {"id": 14, "username": "bob"}]});
    assert_eq!(server.post("/admin/users/batch", &users).status, 200);
    chrome.open(&format!("{}/admin/award", server.url()));
    chrome.click("a[href='/admin/award/many']");
    chrome.wait_for_path("/admin/award/many");
    chrome.fill("#names", "ann\nbob\nnobody");
    chrome.fill("#points", "15");
    chrome.click("main form button.primary");
    chrome.wait_for_text("main", "nobody in the directory is called “nobody”");
    chrome.wait_for_text("main table", "+15");
    // The browser itself asks for the tick.
    chrome.click("main button.primary");
    assert_eq!(chrome.script("return document.querySelector('form.confirm').checkValidity()"), false);
    assert_eq!(server.count_events(), 0);
    chrome.click("input[name=leave_out]");
    chrome.double_click("main button.primary");
    chrome.wait_for_path("/admin/award/stored");
    chrome.wait_for_text("main h1", "2 people have 15 more points now");
    assert_eq!((server.count_events(), server.score(13), server.score(14)), (2, 15, 15));
    chrome.assert_quiet(&[]);
}

#[test]
fn points_that_are_short_are_told() {
    let (server, chrome) = signed_in();
    server.award(13, "2024-03-01", 30);
    preview(&chrome, &server, "redeem", "31");
    chrome.wait_for_text("main .notice", "Not enough points");
    chrome.wait_for_text("main .notice", "30");
    assert_eq!(server.count_events(), 1);
    // Chromium tells of each status that is not a good one.
    chrome.assert_quiet(&["status of 422"]);
}

#[test]
fn a_recalculation_is_followed_to_its_end() {
    let (server, chrome) = signed_in();
    for day in 1..=28 {
        server.award(13, &format!("2024-02-{day:02}"), 5);
    }
    server.sql().execute("UPDATE scores SET score = score + 1", []).expect("wrong scores");
    chrome.open(&format!("{}/admin/server", server.url()));
    chrome.click("input[value=all]");
    chrome.click("form.stack button");
    chrome.wait_for_text("#progress h3", "Done");
    let full = chrome.script("const bar = document.querySelector('#bar'); return bar.value === bar.max && bar.max");
    assert_eq!(full, 28);
    assert_eq!(server.score(13), 28 * 5);
    chrome.assert_quiet(&[]);
}

#[test]
fn a_revoked_key_signs_out() {
    let server = Server::start();
    let folder = server.folder();
    let made = run(folder.path(), &["--database", "scores.db", "keys", "create"]);
    let chrome = Chrome::start();
    sign_in(&chrome, &server, made.stdout.trim());
    let revoked = run(folder.path(), &["--database", "scores.db", "keys", "revoke", "1"]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);
    chrome.click("a[href='/admin/boards']");
    chrome.wait_for_path("/admin/sign-in");
    chrome.assert_quiet(&[]);
}

#[test]
fn all_is_reached_by_keyboard() {
    let server = Server::start();
    let chrome = Chrome::start();
    chrome.open(&format!("{}/admin", server.url()));
    chrome.tab_to("#key");
    chrome.press(crate::support::KEY);
    chrome.tab_to("#username");
    chrome.press("ana");
    chrome.press(ENTER);
    chrome.wait_for_path("/admin/events");
    chrome.tab_to("a[href^='/admin/award']");
    chrome.press(ENTER);
    chrome.wait_for_path("/admin/award");
    chrome.tab_to("#user_id");
    chrome.press("13");
    chrome.tab_to("#points");
    chrome.press("15");
    chrome.press(ENTER);
    chrome.wait_for_text("main h1", "Award 15 points?");
    chrome.tab_to("main button.primary");
    let outline = chrome.script("return getComputedStyle(document.activeElement).outlineStyle");
    assert_ne!(outline, json!("none"), "the focus can't be seen");
    chrome.press(ENTER);
    wait_for("the event", || (server.count_events() == 1).then_some(()));
    chrome.assert_quiet(&[]);
}
