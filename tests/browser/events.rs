//! The list of events in a real browser.

use super::signed_in;
use crate::support::wait_for;

#[test]
fn a_search_goes_on_by_itself_through_all_of_history() {
    let (server, chrome) = signed_in();
    server.award(13, "2023-04-14", 1);
    const FILL: &str = "
        WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 45000)
        INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at)
        SELECT n, 14, '2023-04-15', 2, iif(n % 1000 = 0, 'Karaoke', NULL), 1681550000000, 1681550000000 FROM n";
    server.sql().execute(FILL, []).expect("events are stored");
    chrome.open(&format!("{}/admin/events?text=karaoke", server.url()));
    chrome.wait_for_text("#totals", "45 events");
    let rows = "return document.querySelectorAll('#found tbody tr').length";
    wait_for("all that is found", || (chrome.script(rows) == 45).then_some(()));
    assert_eq!(chrome.text("#onward").trim(), "");
    chrome.wait_for_text("main > p[role=status]", "45 found");
    // What is found late takes the place of nothing, and what is not there is said at the end.
    chrome.open(&format!("{}/admin/events?by=system", server.url()));
    chrome.wait_for_text("#found", "user-13");
    chrome.open(&format!("{}/admin/events?text=nothing", server.url()));
    chrome.wait_for_text("#found", "event fits");
    chrome.assert_quiet(&[]);
}

#[test]
fn each_event_has_one_line_and_the_list_does_not_scroll_sideways() {
    let (server, chrome) = signed_in();
    let name = "Wolfeschlegelsteinhausenbergerdorff-Montgomery the Second of the House of Orange";
    server.put("/admin/users/13", &serde_json::json!({"username": "w", "name": name}));
    let event = serde_json::json!({"user_id": 13, "date": "2023-04-14", "points": 2147483647, "description": "long ".repeat(60)});
    assert_eq!(server.post(crate::support::EVENTS, &event).status, 200);
    for width in [768, 1440] {
        chrome.show(width, "light");
        chrome.open(&format!("{}/admin/events", server.url()));
        let height = chrome.script("return document.querySelector('#found tbody tr').offsetHeight");
        assert!(height.as_i64().is_some_and(|height| height < 60), "{width}: {height}");
        let wide = "const sheet = document.querySelector('.sheet'); return sheet.scrollWidth > sheet.clientWidth";
        assert_eq!(chrome.script(wide), false, "{width}");
    }
    chrome.assert_quiet(&[]);
}
