//! What members do on the public pages.

use serde_json::json;

use super::Chrome;
use crate::leaderboards::create_board;
use crate::support::{EVENTS, Server, Setup, wait_for};

/// A board that is longer than a window, on which user N of 60 has 100 - N points.
fn long_board() -> Server {
    let server = Server::start();
    let events: Vec<_> = (1..=60).map(|id| json!({"user_id": id, "date": "2023-04-14", "points": 100 - id})).collect();
    assert_eq!(server.post(&format!("{EVENTS}/batch"), &json!({"events": events})).status, 200);
    server
}

#[test]
fn who_says_this_is_me_sees_the_own_place_until_the_row_is_in_view() {
    let server = long_board();
    let chrome = Chrome::start();
    chrome.open(&format!("{}/users/50", server.url()));
    chrome.click(".me button");
    chrome.wait_for_text(".me", "This is you");
    chrome.open(&format!("{}/leaderboard", server.url()));
    chrome.wait_for_text("#mine", "1 point to place 49");
    let is_seen = "return getComputedStyle(document.querySelector('#mine')).visibility === 'visible'
        && document.querySelector('#mine').getBoundingClientRect().bottom <= innerHeight";
    let wait = |seen: bool| wait_for(&format!("the strip: {seen}"), || (chrome.script(is_seen) == seen).then_some(()));
    wait(true);
    chrome.click("#mine .button");
    wait(false);
    chrome.script("scrollTo(0, 0)");
    wait(true);
    // A change replaces the rows, and the strip goes on as before.
    server.award(49, "2023-04-14", 4);
    chrome.wait_for_text("#mine", "2 points to place 48");
    chrome.script("document.querySelector('#u50').scrollIntoView({block: 'center'})");
    wait(false);
    chrome.open(&format!("{}/users/50", server.url()));
    chrome.click(".me button");
    chrome.wait_for_text(".me", "This is me");
    chrome.open(&format!("{}/leaderboard", server.url()));
    assert_eq!(chrome.script("return document.querySelector('#mine')"), json!(null));
    chrome.assert_quiet(&[]);
}

#[test]
fn other_boards_open_beside_the_title_and_keep_period_and_person() {
    let server = long_board();
    let second = create_board(&server, "Second board");
    let chrome = Chrome::start();
    chrome.show(1440, "light");
    chrome.open(&format!("{}/leaderboard/1?period=yearly&for_user_id=50", server.url()));
    let listed = "return document.querySelector('.boards ul').checkVisibility()";
    assert_eq!(chrome.script(listed), false);
    chrome.click(".boards summary");
    assert_eq!(chrome.script(listed), true);
    let top = "return document.querySelector('.boards summary').getBoundingClientRect().bottom
        < document.querySelector('#live').getBoundingClientRect().top";
    assert_eq!(chrome.script(top), true, "beside the title, above the rows");
    chrome.press("\u{e00c}");
    assert_eq!(chrome.script(listed), false, "Escape closes the list");
    chrome.click(".boards summary");
    chrome.click(".boards a:not([aria-current])");
    chrome.wait_for_path(&format!("/leaderboard/{second}"));
    assert!(chrome.url().ends_with("?period=yearly&for_user_id=50"), "{}", chrome.url());
    chrome.assert_quiet(&[]);
}

#[test]
fn a_day_of_the_year_leads_to_what_its_points_were_for() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC_DESCRIPTIONS", "true").start();
    let yesterday = chrono::Utc::now().date_naive() - chrono::Days::new(1);
    let event = json!({"user_id": 13, "date": yesterday.to_string(), "points": 15, "description": "Karaoke night"});
    assert_eq!(server.post(EVENTS, &event).status, 200);
    server.award(13, "2023-04-14", 5);
    let chrome = Chrome::start();
    chrome.open(&format!("{}/users/13", server.url()));
    chrome.click(".heat a rect");
    chrome.wait_for_text("#latest", &yesterday.format("Points of %-d %B %Y").to_string());
    chrome.wait_for_text("main", "Karaoke night");
    // By keyboard the same is reached through the field of dates.
    chrome.open(&format!("{}/users/13", server.url()));
    chrome.script("document.querySelector('#date').value = '2023-04-14'");
    chrome.click(".day-form button");
    chrome.wait_for_text("#latest", "Points of 14 April 2023");
    chrome.assert_quiet(&[]);
}
