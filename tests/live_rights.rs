//! Promise: a live stream goes on no longer than the right to look that it was begun with.

use serde_json::json;

use crate::leaderboards::{BOARDS, assert_done, create_board, quick, set_board, set_group};
use crate::live::Listener;
use crate::support::browser::Browser;
use crate::support::{KEY, Server, run};

/// A key of the test's server, and its number.
fn make_key(server: &Server) -> String {
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    made.stdout.trim().to_owned()
}

/// Listens to board 1 with some headers, and has heard the first page.
fn listen(server: &Server, path: &str, headers: &str) -> Listener {
    let mut listener = Listener::with(server, path, headers);
    listener.data();
    listener
}

#[test]
fn a_stream_ends_when_its_key_is_revoked() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    let key = make_key(&server);
    let mut of_key = listen(&server, "/leaderboard/1/live", &format!("API-Key: {key}\r\nAPI-Username: ana\r\n"));
    let mut other = listen(&server, "/leaderboard/1/live", &format!("API-Key: {KEY}\r\nAPI-Username: ana\r\n"));
    let revoked = run(server.folder().path(), &["--database", "scores.db", "keys", "revoke", "1"]);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    of_key.assert_end();
    server.award(13, "2023-04-14", 15);
    other.data();
}

#[test]
fn a_stream_ends_when_its_browser_signs_out() {
    let server = quick().env("SCOREKEEPER_PUBLIC", "false").start();
    server.award(13, "2023-04-14", 15);
    let browser = Browser::new(&server);
    browser.sign_in(KEY, "ana");
    let cookie = browser.cookie("scorekeeper_session").expect("a session");
    let mut listener = listen(&server, "/leaderboard/1/live", &format!("Cookie: scorekeeper_session={cookie}\r\n"));
    browser.page("/admin/events");
    assert_eq!(browser.post("/admin/sign-out", &[]).status, 303);
    listener.assert_end();
}

#[test]
fn a_stream_ends_when_its_board_is_hidden() {
    let server = quick().start();
    let board = create_board(&server, "Open at first");
    let path = format!("/leaderboard/{board}/live");
    let mut anonymous = listen(&server, &path, "");
    set_group(&server, 10, &[]);
    set_board(&server, board, json!({"visible_to_groups_ids": [10]}));
    anonymous.assert_end();
}

#[test]
fn a_stream_of_a_period_ends_when_the_board_serves_no_other_than_its_own() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    let mut weekly = listen(&server, "/leaderboard/1/live?period=weekly", "");
    let mut all_time = listen(&server, "/leaderboard/1/live", "");
    assert_done(&server.put(&format!("{BOARDS}/1"), &json!({"name": "All", "period_filter_disabled": true})));
    weekly.assert_end();
    server.award(13, "2023-04-14", 15);
    all_time.data();
}
