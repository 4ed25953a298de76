//! Promise: a user's page tells what the user has, where the user stands and how that came about, each drawing with its
//! numbers behind it; and what points were for is shown to those only who may read it in the API.

use chrono::Days;
use serde_json::json;

use crate::leaderboards::{assert_order, noon, quick, set_board, set_user};
use crate::pages::{BROWSER, assert_page, open, text};
use crate::support::{EVENTS, Server};

#[test]
fn a_user_is_shown_with_score_and_places() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    server.award(13, &today.to_string(), 1_200);
    server.award(13, &(today - Days::new(40)).to_string(), 34);
    server.award(14, &(today - Days::new(40)).to_string(), 5_000);
    // The future does not count yet.
    server.award(13, &(today + Days::new(1)).to_string(), 99_999);
    set_user(&server, 13, &json!({"username": "grace", "name": "Grace Hopper"}));
    assert_order(&server, "/leaderboard", &[(14, 5_000), (13, 1_234)]);
    assert_order(&server, "/leaderboard?period=daily", &[(13, 1_200)]);
    let page = open(&server, "/users/13", 200);
    let said = text(&page);
    assert!(said.contains("Grace Hopper grace 1,234 points overall"), "{said}");
    assert!(!said.contains("99,999"), "{said}");
    for (label, position, points) in [
        ("All time", "2", "1,234"),
        ("Year", "2", "1,234"),
        ("Quarter", "2", "1,234"),
        ("Month", "1", "1,200"),
        ("Week", "1", "1,200"),
        ("Day", "1", "1,200"),
    ] {
        assert!(said.contains(&format!("{label} position # {position} {points} points")), "{label}: {said}");
    }
    assert!(page.contains("href=\"/leaderboard/1?period=weekly&#38;for_user_id=13\""), "{page}");
    assert!(text(&open(&server, "/users/14", 200)).contains("Day not ranked 0 points"));
    // A board that only serves one period tells of that one, and one that may not be seen of none.
    set_board(&server, 1, json!({"default_period": 4, "period_filter_disabled": true}));
    let said = text(&open(&server, "/users/13", 200));
    assert!(said.contains("Week position # 1") && !said.contains("Month position"), "{said}");
    set_board(&server, 1, json!({"visible_to_groups_ids": [7]}));
    let said = text(&open(&server, "/users/13", 200));
    assert!(!said.contains("Standing") && said.contains("1,234 points overall"), "{said}");
}

#[test]
fn each_drawing_has_its_numbers_behind_it() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    for (ago, points) in [(0, 10), (3, -4), (100, 50), (500, 1_000)] {
        server.award(13, &(today - Days::new(ago)).to_string(), points);
    }
    let short = |ago| (today - Days::new(ago)).format("%-d %b %Y").to_string();
    let numbers = |range: &str| {
        let page = open(&server, &format!("/users/13?range={range}"), 200);
        assert_eq!(page.matches("<details>").count(), 2, "{page}");
        let current = format!("href=\"/users/13?range={range}#history\" aria-current=\"page\"");
        assert!(page.contains(&current), "{page}");
        let said = text(&page);
        let from = said.find("The numbers of this chart").expect("the table of the chart");
        let to = said.find("A year of days").expect("the next heading");
        said[from..to].to_owned()
    };
    let month = numbers("month");
    assert!(month.contains(&format!("{} 10 1,056 {} −4 1,046", short(0), short(3))), "{month}");
    assert!(!month.contains(&short(100)), "{month}");
    let year = numbers("year");
    assert!(year.contains(&format!("{} −4 1,046 {} 50 1,050", short(3), short(100))), "{year}");
    assert!(!year.contains("1,000"), "{year}");
    assert!(numbers("all").contains("1,000 1,000"));
    let page = open(&server, "/users/13?range=nonsense", 200);
    assert!(page.contains("range=year#history\" aria-current=\"page\""), "{page}");
    // The year of days: three with points, one of which took some.
    let squares = page.matches("<rect ").count();
    assert_eq!((squares, page.matches("class=\"hm\"").count()), (3, 1), "{page}");
    assert!(page.contains(&format!("<title>{}: −4 points</title>", short(3))), "{page}");
    assert!(page.contains("aria-label=\"3 days with points since "), "{page}");
}

#[test]
fn what_points_were_for_is_shown_to_who_may_read_it() {
    let server = Server::start();
    for (points, description) in [(15, "Karaoke night"), (-5, "A mug")] {
        let event = json!({"user_id": 13, "date": "2023-04-14", "points": points, "description": description});
        assert_eq!(server.post(EVENTS, &event).status, 200);
    }
    let page = open(&server, "/users/13", 200);
    assert!(!page.contains("Karaoke") && text(&page).contains("Latest days Day Points 14 Apr 2023 +10"), "{page}");
    assert!(page.contains("href=\"/admin/sign-in\""));
    let reply = server.request("GET", "/users/13").header("Accept", BROWSER).send();
    assert_page(&reply);
    let said = text(&reply.body);
    assert!(said.contains("14 Apr 2023 A mug −5 14 Apr 2023 Karaoke night +15"), "{said}");
}

#[test]
fn a_user_without_events_is_no_error() {
    let server = Server::start();
    for id in [13, 2_147_483_647] {
        let page = open(&server, &format!("/users/{id}"), 200);
        assert!(text(&page).contains(&format!("user-{id} 0 points overall No points yet")), "{page}");
        assert!(page.contains(&format!("-d user_id={id} ")), "{page}");
    }
    // Points of the future alone are none yet.
    server.award(13, "9999-12-31", 5);
    assert!(text(&open(&server, "/users/13", 200)).contains("0 points overall"));
}

#[test]
fn a_history_of_two_thousand_years_fits_a_page() {
    let server = Server::start();
    server.award(13, "0001-01-01", 2_147_483_647);
    server.award(13, "2023-04-14", -2_147_483_648);
    for range in ["month", "year", "all"] {
        let page = open(&server, &format!("/users/13?range={range}"), 200);
        assert!(page.len() < 60_000, "{range}: {} bytes", page.len());
        assert!(text(&page).contains("−1 points overall"), "{}", text(&page));
    }
}
