//! Promise: a user's page tells what the user has, where the user stands and how that came about, each drawing with its
//! numbers behind it; and what points were for is shown to those only who may read it in the API.

use chrono::Days;
use serde_json::json;

use crate::leaderboards::{assert_order, noon, quick, set_board, set_user};
use crate::pages::{BROWSER, assert_page, open, text};
use crate::support::keys::{make_key, with_key};
use crate::support::{EVENTS, Server, Setup};

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
    assert!(said.contains("Grace Hopper grace This is me 1,234 points overall"), "{said}");
    assert!(!said.contains("99,999"), "{said}");
    for (label, position, points) in [
        ("All time", "2", "1,234"),
        ("12 months", "2", "1,234"),
        ("3 months", "2", "1,234"),
        ("1 month", "1", "1,200"),
        ("7 days", "1", "1,200"),
        ("Since yesterday", "1", "1,200"),
    ] {
        assert!(said.contains(&format!("{label} position # {position} {points} points")), "{label}: {said}");
    }
    assert!(page.contains("href=\"/leaderboard/1?period=weekly&#38;for_user_id=13\""), "{page}");
    assert!(text(&open(&server, "/users/14", 200)).contains("Since yesterday not ranked 0 points"));
    // A board that only serves one period tells of that one, and one that may not be seen of none.
    set_board(&server, 1, json!({"default_period": 4, "period_filter_disabled": true}));
    let said = text(&open(&server, "/users/13", 200));
    assert!(said.contains("7 days position # 1") && !said.contains("1 month position"), "{said}");
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
    assert_eq!((squares, page.matches("class=hm").count()), (3, 1), "{page}");
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
    assert!(!page.contains("Karaoke") && text(&page).contains("Latest days Date Points 14 Apr 2023 +10"), "{page}");
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
        assert!(text(&page).contains(&format!("user-{id} This is me 0 points overall No points yet")), "{page}");
        // A command is for those who may give points alone.
        assert!(!page.contains("curl"), "{page}");
        let keepers = server.request("GET", &format!("/users/{id}")).header("Accept", BROWSER).send();
        assert!(keepers.body.contains(&format!("-d user_id={id} ")), "{}", keepers.body);
        assert_eq!(keepers.header("Cache-Control"), Some("private, no-store"));
    }
    let read_only = make_key(server.folder().path(), &["--scopes", "events:read"]);
    let page = with_key(&server, &read_only, "GET", "/users/13").header("Accept", BROWSER).send().body;
    assert!(page.contains("No points yet") && !page.contains("curl"), "{page}");
    // Points of the future alone are none yet.
    server.award(13, "9999-12-31", 5);
    assert!(text(&open(&server, "/users/13", 200)).contains("0 points overall"));
    server.award(13, "2023-04-14", 1);
    assert!(text(&open(&server, "/users/13", 200)).contains("1 point overall"));
}

#[test]
fn a_user_has_earned_and_spent_and_can_spend() {
    let server = Server::start();
    for (date, points) in [("2023-04-14", 9_700), ("2023-04-14", 60), ("2023-04-14", -200), ("2023-05-01", -15)] {
        server.award(13, date, points);
    }
    let purse = |earned: &str, spent: &str, left: &str| format!("Earned {earned} · Spent {spent} · To spend {left}");
    let said = || text(&open(&server, "/users/13", 200));
    assert!(said().contains(&purse("9,760", "215", "9,545")), "{}", said());
    // What is taken later is not spent yet, and can't be spent any more; what is given later can't be spent yet.
    server.award(13, "9999-12-30", -45);
    server.award(13, "9999-12-31", 1_000);
    assert!(said().contains(&purse("9,760", "215", "9,500")), "{}", said());
}

#[test]
fn of_very_many_deductions_the_latest_are_summed_up() {
    let server = Server::start();
    let many: Vec<_> = (0..1_001).map(|_| json!({"user_id": 13, "date": "2023-04-14", "points": -1})).collect();
    assert_eq!(server.post(&format!("{EVENTS}/batch"), &json!({"events": many})).status, 200);
    server.award(13, "2023-04-13", 2_000);
    let said = text(&open(&server, "/users/13", 200));
    assert!(said.contains("Earned at least 1,999 · Spent at least 1,000 · To spend 999"), "{said}");
}

#[test]
fn what_points_were_for_is_shown_to_everyone_where_the_setting_says_so() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC_DESCRIPTIONS", "true").start();
    for (date, points, description) in
        [("2023-04-14", 15, "Karaoke night"), ("2023-05-01", -5, "A mug"), ("9999-12-31", 40, "Opening the fair")]
    {
        let event = json!({"user_id": 13, "date": date, "points": points, "description": description});
        assert_eq!(server.post(EVENTS, &event).status, 200);
    }
    let page = open(&server, "/users/13", 200);
    let said = text(&page);
    assert!(said.contains("31 Dec 9999 Opening the fair counts from then on +40 1 May 2023 A mug −5"), "{said}");
    assert!(said.contains("14 Apr 2023 Karaoke night +15") && !said.contains("signed in"), "{said}");
    // What was taken is no lost place.
    assert!(page.contains("<td class=\"num minus\">−5</td>"), "{page}");
    let said = text(&open(&server, "/users/13?date=2023-04-14", 200));
    assert!(said.contains("Points of 14 April 2023") && said.contains("Karaoke night"), "{said}");
    assert!(!said.contains("A mug"), "{said}");
    assert!(text(&open(&server, "/users/13?date=2023-04-15", 200)).contains("No points for this day."));
    for slip in ["?date=yesterday", "?after=x", "?date="] {
        assert!(text(&open(&server, &format!("/users/13{slip}"), 200)).contains("A mug"), "{slip}");
    }
}

#[test]
fn older_points_are_a_page_further() {
    let (zone, today) = noon();
    let setup = quick().env("SCOREKEEPER_TIME_ZONE", &zone).env("SCOREKEEPER_PUBLIC_DESCRIPTIONS", "true");
    let server = setup.start();
    let events: Vec<_> = (1..=25)
        .map(|at| json!({"user_id": 13, "date": today.to_string(), "points": 1, "description": format!("Talk {at}.")}))
        .collect();
    assert_eq!(server.post(&format!("{EVENTS}/batch"), &json!({"events": events})).status, 200);
    let page = open(&server, "/users/13", 200);
    assert!(page.contains("Talk 25.") && page.contains("Talk 6.") && !page.contains("Talk 5."), "{page}");
    assert!(page.contains("href=\"/users/13?after=6#latest\" rel=\"next\""), "{page}");
    let older = open(&server, "/users/13?after=6", 200);
    assert!(older.contains("Talk 5.") && older.contains("Talk 1.") && !older.contains("Talk 6."), "{older}");
    assert!(text(&older).contains("Older points Latest points"), "{older}");
    // A day of the year of days leads to what it was for.
    let link = format!("<a href=\"/users/13?date={today}#latest\" tabindex=-1><rect ");
    assert!(page.contains(&link), "{page}");
    let day = open(&server, &format!("/users/13?date={today}"), 200);
    assert!(day.contains("Talk 25.") && day.contains("Talk 1."), "all of the day: {day}");
}

#[test]
fn a_history_of_two_thousand_years_fits_a_page() {
    let server = Server::start();
    server.award(13, "0001-01-01", 2_147_483_647);
    server.award(13, "2023-04-14", -2_147_483_648);
    for range in ["month", "year", "all"] {
        let page = open(&server, &format!("/users/13?range={range}"), 200);
        assert!(page.len() < 60_000, "{range}: {} bytes", page.len());
        assert!(text(&page).contains("−1 point overall"), "{}", text(&page));
    }
}
