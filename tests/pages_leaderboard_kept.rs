//! Promise: a page of a leaderboard is rendered once for all who look at the same standings, with one reading of the file, and
//! is never older than these standings.

use chrono::Days;
use serde_json::json;

use crate::leaderboards::{create_board, noon, quick, set_user};
use crate::pages::{browse, open};
use crate::support::{Server, Setup, wait_for};

/// Opens a page as soon as it holds all of `parts`.
fn open_with(server: &Server, path: &str, parts: &[&str]) -> String {
    wait_for(&format!("{parts:?} on {path}"), || {
        Some(open(server, path, 200)).filter(|page| parts.iter().all(|part| page.contains(part)))
    })
}

#[test]
fn who_looks_at_the_same_standings_gets_the_same_page_without_reading_the_file_again() {
    let (zone, today) = noon();
    let server = Server::start();
    server.award(1, &today.to_string(), 5);
    // Until the next refresh, an hour later, nothing that is written past the server shows.
    let quiet =
        Setup::in_folder(server.stop()).env("SCOREKEEPER_TIME_ZONE", &zone).env("SCOREKEEPER_STANDINGS_EVERY", "1h");
    let server = quiet.start();
    let paths = ["/leaderboard?period=all_time", "/leaderboard?period=all_time&for_user_id=1"];
    let movement = "<span class=nw>new</span>";
    let before = paths.map(|path| open_with(&server, path, &[">+5<span class=\"v\"> in 14 days", movement]));
    let sql = server.sql();
    let changed = sql.execute("UPDATE scores SET score = 7", []).expect("a change");
    sql.execute("UPDATE score_events SET points = 7", []).expect("a change");
    assert_eq!(changed, 1);
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(&open(&server, path, 200), before, "{path}");
    }
}

#[test]
fn the_last_days_follow_a_change_that_the_standings_of_the_period_do_not_show() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    server.award(1, &today.to_string(), 5);
    let path = "/leaderboard?period=daily";
    open_with(&server, path, &[">+5<"]);
    server.award(1, &(today - Days::new(3)).to_string(), 10);
    open_with(&server, path, &[">+15<"]);
    // Also one that another program makes.
    let sql = server.sql();
    sql.execute_batch(
        "BEGIN IMMEDIATE; UPDATE scores SET score = score + 85 WHERE score = 10;
         UPDATE score_events SET points = points + 85 WHERE points = 10; COMMIT",
    )
    .expect("a change");
    open_with(&server, path, &[">+100<"]);
}

#[test]
fn a_page_that_is_kept_shows_nobody_what_is_for_another() {
    let server = quick().start();
    let asked = |host: &str| server.request("GET", "/leaderboard").header("Accept", "text/html").header("Host", host);
    for host in ["one.example", "two.example", "one.example"] {
        let page = asked(host).send().body;
        assert!(page.contains(&format!("http://{host}/admin/")), "the command names the address: {page}");
        assert!(!open(&server, "/leaderboard", 200).contains("curl"), "a command is not for everyone");
    }
    server.award(1, "2023-04-14", 5);
    open_with(&server, "/leaderboard", &["user-1"]);
    // What else the page shows is not of the standings.
    let spring = create_board(&server, "Spring");
    assert!(open(&server, "/leaderboard", 200).contains("Spring"));
    server.put(&format!("/admin/plugins/gamification/leaderboard/{spring}"), &json!({"name": "Autumn"}));
    set_user(&server, 1, &json!({"username": "zoe"}));
    let page = open(&server, "/leaderboard", 200);
    assert!(page.contains("Autumn") && page.contains("zoe") && !page.contains("Spring"), "{page}");
    assert_eq!(browse(&server, "/leaderboard?for_user_id=1").body.matches("class=\"mine\"").count(), 1);
    assert!(!open(&server, "/leaderboard", 200).contains("class=\"mine\""));
}
