//! Promise: the page of a leaderboard shows the first three on a podium and the others a hundred at a time, who has moved
//! since yesterday, each one's last days, and where one stands oneself, under addresses that can be shared.

use std::io::{Read, Write};
use std::net::TcpStream;

use chrono::Days;
use serde_json::json;

use crate::leaderboards::{assert_order, create_board, noon, quick, set_board, set_user};
use crate::pages::{BROWSER, browse, open, text};
use crate::support::{EVENTS, KEY, PATIENCE, Server, wait_for};

/// What storing an event comes to.
const EVENT: &str = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
const SCORE: &str = "INSERT INTO scores (month, user_id, day, score, events)
                       VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, 1)";

/// The row of a user, up to its end.
fn row(page: &str, id: i64) -> &str {
    let starts = [format!("<tr id=u{id}>"), format!("<tr id=u{id} "), format!("<li id=\"u{id}\"")];
    let start = starts.iter().find_map(|start| page.find(start));
    let rest = &page[start.unwrap_or_else(|| panic!("no row of {id} in {page}"))..];
    let end = if rest.starts_with("<tr") { "</tr>" } else { "</li>" };
    &rest[..rest.find(end).expect("a row ends")]
}

/// Ids of the rows in the table, in their order.
fn listed(page: &str) -> Vec<i64> {
    let ids = page.split("<tr id=u").skip(1);
    ids.map(|rest| rest.split([' ', '>']).next().and_then(|id| id.parse().ok()).expect("a number")).collect()
}

/// Ids on the podium, in their order.
fn podium(page: &str) -> Vec<i64> {
    let ids = page.split("<li id=\"u").skip(1);
    ids.map(|rest| rest.split('"').next().and_then(|id| id.parse().ok()).expect("a number")).collect()
}

/// Opens a page as soon as `right` says that it shows what is stored.
fn open_when(server: &Server, path: &str, right: impl Fn(&str) -> bool) -> String {
    wait_for(path, || Some(open(server, path, 200)).filter(|page| right(page)))
}

/// A server on which user N of `users` has `users - N + 1` points today.
fn filled(users: i64) -> Server {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let sql = server.sql();
    sql.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for user in 1..=users {
        for statement in [EVENT, SCORE] {
            sql.execute(statement, (user, today.to_string(), users - user + 1)).expect("a row");
        }
    }
    sql.execute_batch("COMMIT").expect("a commit");
    let count = |reply: crate::support::Reply| reply.json()["users"].as_array().map_or(0, Vec::len);
    wait_for("the board", || (count(server.get("/leaderboard")) == users.min(100) as usize).then_some(()));
    server
}

#[test]
fn the_first_three_stand_on_a_podium_in_gold_silver_and_bronze() {
    let server = quick().start();
    for (user, points) in [(5, 1200), (3, 900), (9, 900), (4, 10), (7, -30)] {
        server.award(user, "2023-04-14", points);
    }
    set_user(&server, 5, &json!({"username": "ada", "name": "Ada Lovelace"}));
    assert_order_by_page(&server, &[5, 3, 9], &[4, 7]);
    let page = open(&server, "/leaderboard", 200);
    // 3 and 9 have the same score: both are second, both in silver.
    for (user, class, position) in [(5, "p1", "1"), (3, "p2", "2"), (9, "p2", "2")] {
        let place = row(&page, user);
        assert!(place.contains(&format!("class=\"{class}\"")), "{place}");
        assert!(place.contains(&format!("<b class=\"v\">Position </b>{position}<")), "{place}");
        assert_eq!(place.contains("class=\"crown\""), user == 5, "{place}");
    }
    let first = row(&page, 5);
    assert!(first.contains("<bdi>Ada Lovelace</bdi>") && first.contains("<bdi>ada</bdi>"), "{first}");
    assert!(first.contains("1,200<b class=\"v\"> points</b>") && first.contains("href=\"/users/5\""), "{first}");
    assert!(row(&page, 7).contains("<td>−30</td>") && row(&page, 4).contains("<td>3</td>"), "{page}");
    assert!(text(&page).contains("Global Leaderboard All time") && text(&page).contains("5 people"));
}

#[track_caller]
fn assert_order_by_page(server: &Server, on_podium: &[i64], in_table: &[i64]) {
    let page = open_when(server, "/leaderboard", |page| podium(page) == on_podium && listed(page) == in_table);
    assert_eq!((podium(&page).as_slice(), listed(&page).as_slice()), (on_podium, in_table));
}

#[test]
fn a_board_of_one_and_of_none() {
    let server = quick().start();
    let page = open(&server, "/leaderboard", 200);
    assert!(text(&page).contains("Nobody has points here yet") && !page.contains("curl"), "{page}");
    let keepers = server.request("GET", "/leaderboard").header("Accept", BROWSER).send();
    assert!(keepers.body.contains("curl -X POST"), "{}", keepers.body);
    server.award(5, "2023-04-14", -3);
    let page = open_when(&server, "/leaderboard", |page| podium(page) == [5]);
    assert!(!page.contains("<table") && text(&page).contains("1 person") && page.contains("−3"), "{page}");
    // Who has no points leads, and has won nothing.
    assert!(!page.contains("class=\"crown\"") && !page.contains("class=\"p1"), "{page}");
    server.award(5, "2023-04-14", 4);
    let page = open_when(&server, "/leaderboard", |page| page.contains(">1<b class=\"v\"> point</b>"));
    assert!(page.contains("class=\"crown\"") && page.contains("class=\"p1"), "{page}");
    let page = open(&server, "/leaderboard?period=daily", 200);
    assert!(text(&page).contains("Nobody has points here yet"), "{page}");
}

#[test]
fn periods_are_tabs_that_can_be_shared() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    server.award(1, &today.to_string(), 1);
    server.award(2, "2023-04-14", 2);
    assert_order(&server, "/leaderboard?period=all_time", &[(2, 2), (1, 1)]);
    let labels = [
        ("all_time", "All time"),
        ("yearly", "12 months"),
        ("quarterly", "3 months"),
        ("monthly", "1 month"),
        ("weekly", "7 days"),
        ("daily", "Since yesterday"),
    ];
    for (period, label) in labels {
        let page = open(&server, &format!("/leaderboard?period={period}"), 200);
        let current = format!("<a href=\"/leaderboard/1?period={period}\" aria-current=\"page\">{label}</a>");
        assert!(page.contains(&current), "{page}");
        for (other, label) in labels.into_iter().filter(|(other, _)| *other != period) {
            assert!(page.contains(&format!("<a href=\"/leaderboard/1?period={other}\">{label}</a>")), "{page}");
        }
        let ranked = if period == "all_time" { vec![2, 1] } else { vec![1] };
        assert_eq!(podium(&page), ranked, "{period}");
    }
    let yesterday = today - Days::new(1);
    let page = text(&open(&server, "/leaderboard?period=daily", 200));
    let days = if yesterday.format("%m").to_string() == today.format("%m").to_string() {
        format!("{}–{}", yesterday.format("%-d"), today.format("%-d %B %Y"))
    } else {
        let year = if yesterday.format("%Y").to_string() == today.format("%Y").to_string() { "" } else { " %Y" };
        format!("{}–{}", yesterday.format(&format!("%-d %b{year}")), today.format("%-d %b %Y"))
    };
    assert!(page.contains(&days), "{days}: {page}");
    // What is no period is the board's own, as for the API.
    set_board(&server, 1, json!({"default_period": 4}));
    let page = open(&server, "/leaderboard?period=fortnightly", 200);
    assert!(page.contains("period=weekly\" aria-current=\"page\""), "{page}");
    set_board(&server, 1, json!({"default_period": 4, "period_filter_disabled": true, "from_date": "2023-01-01"}));
    let page = open(&server, "/leaderboard?period=daily", 200);
    assert!(!page.contains("aria-label=\"Period\""), "{page}");
}

#[test]
fn a_hundred_are_on_a_page_and_pages_lead_to_each_other() {
    let server = filled(250);
    let page = open(&server, "/leaderboard", 200);
    assert_eq!(podium(&page), [1, 2, 3]);
    assert_eq!(listed(&page), (4..=100).collect::<Vec<_>>());
    assert!(page.contains("<a href=\"/leaderboard/1?period=all_time\" aria-current=\"page\" aria-label=\"Page 1\">"));
    assert!(page.contains("<a href=\"/leaderboard/1?period=all_time&#38;page=2\" aria-label=\"Page 3\">"), "{page}");
    assert!(text(&page).contains("250 people"));
    assert!(page.len() < 60_000, "{} bytes", page.len());

    let page = open(&server, "/leaderboard?page=1", 200);
    assert_eq!(podium(&page), [] as [i64; 0]);
    assert_eq!(listed(&page), (101..=200).collect::<Vec<_>>());
    assert!(page.len() < 60_000, "{} bytes", page.len());
    assert_eq!(listed(&open(&server, "/leaderboard?page=2", 200)), (201..=250).collect::<Vec<_>>());
    let page = open(&server, "/leaderboard?page=3", 200);
    assert!(page.contains("href=\"/leaderboard/1?period=all_time&#38;page=2\">To the last page"), "{page}");
    open(&server, "/leaderboard?page=9223372036854775807", 200);
}

#[test]
fn a_page_with_everything_on_it_is_below_60_kb() {
    let server = filled(100);
    let (_, today) = noon();
    let sql = server.sql();
    sql.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for user in 1..=100_i64 {
        let name = format!("a-rather-long-username-{user:03}");
        let full = format!("Bartholomew Featherstonehaugh {user}");
        sql.execute("INSERT INTO users (id, username, folded, name) VALUES (?1, ?2, ?2, ?3)", (user, name, full))
            .expect("a row");
        for ago in 1..14 {
            let day = (today - Days::new(ago)).to_string();
            for statement in [EVENT, SCORE] {
                sql.execute(statement, (user, &day, 1 + user * ago as i64 % 97)).expect("a row");
            }
        }
    }
    sql.execute_batch("COMMIT").expect("a commit");
    let page = open_when(&server, "/leaderboard", |page| {
        page.contains("Bartholomew")
            && page.matches("<svg class=\"k\"").count() + page.matches("<svg class=k").count() == 100
    });
    println!("100 rows, each with two names and fourteen days: {} bytes", page.len());
    assert!(page.len() < 60_000, "{} bytes", page.len());
}

#[test]
fn who_has_moved_since_yesterday_is_seen() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let yesterday = (today - Days::new(1)).to_string();
    for (user, points) in [(1, 100), (2, 90), (3, 80), (4, 70), (5, 60)] {
        server.award(user, &yesterday, points);
    }
    server.award(5, &today.to_string(), 35);
    server.award(6, &today.to_string(), 65);
    let want = [(1, 100), (5, 95), (2, 90), (3, 80), (4, 70), (6, 65)];
    assert_order(&server, "/leaderboard", &want);
    let up = "<span class=up><b class=v>up </b>3</span>";
    let page = open_when(&server, "/leaderboard", |page| page.contains("class=nw") && page.contains(up));
    for (user, moved) in [(5, "up </b>3"), (2, "down </b>1"), (3, "down </b>1"), (4, "down </b>1"), (6, ">new<")] {
        assert!(row(&page, user).contains(moved), "{user}: {}", row(&page, user));
    }
    for class in ["class=up", "class=dn", "class=nw"] {
        assert!(!row(&page, 1).contains(class), "{}", row(&page, 1));
    }
    // Over a week, what counted yesterday may count no more today.
    let leaving = (today - Days::new(8)).to_string();
    server.award(7, &leaving, 1_000);
    let page = open_when(&server, "/leaderboard?period=weekly", |page| row(page, 1).contains("up </b>1"));
    assert!(!page.contains("id=\"u7\"") && !page.contains("id=u7"), "{page}");
}

#[test]
fn a_row_draws_its_last_fourteen_days() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let day = |ago| (today - Days::new(ago)).to_string();
    for (ago, points) in [(0, 10), (13, 5), (14, 500), (1, -10)] {
        server.award(1, &day(ago), points);
    }
    server.award(2, &day(20), 600);
    assert_order(&server, "/leaderboard", &[(2, 600), (1, 505)]);
    let page = open(&server, "/leaderboard", 200);
    // Fourteen strokes of four pixels; half of the height above zero, half below. What was taken has a stroke of its own.
    let strokes = "<path d=\"M1.5 14v-9M53.5 14v-14\"/><path class=m d=\"M49.5 14v14\"/>";
    assert!(row(&page, 1).contains(strokes), "{}", row(&page, 1));
    assert!(row(&page, 1).contains(">+5<span class=\"v\"> in 14 days</span>"), "{}", row(&page, 1));
    assert!(page.contains("<path id=\"z\" d=\"M0 14h56\"/>"), "{page}");
    assert!(!row(&page, 2).contains("class=k"));
    // All rows of a page are drawn on one scale.
    server.award(3, &day(2), 1_000);
    let small = "<path d=\"M1.5 25v-1M53.5 25v-2\"/><path class=m d=\"M49.5 25v2\"/>";
    let page = open_when(&server, "/leaderboard", |page| page.contains(small));
    assert!(row(&page, 3).contains("<path d=\"M45.5 25v-25\"/>"), "{}", row(&page, 3));
}

#[test]
fn ones_own_row_is_marked_and_kept_in_view() {
    let server = filled(150);
    let page = open(&server, "/leaderboard?for_user_id=50", 200);
    assert!(row(&page, 50).starts_with("<tr id=u50 class=own>"));
    assert!(text(&page).contains("Position 50 101 points 1 point to place 49 Show the row"), "{page}");
    // Every way from here keeps who one is.
    assert!(page.contains("href=\"/leaderboard/1?period=weekly&#38;for_user_id=50\""), "{page}");
    assert!(page.contains("href=\"/leaderboard/1?period=all_time&#38;page=1&#38;for_user_id=50\""));
    let page = open(&server, "/leaderboard?for_user_id=120", 200);
    assert!(!listed(&page).contains(&120));
    assert!(
        page.contains("href=\"/leaderboard/1?period=all_time&#38;page=1&#38;for_user_id=120#u120\">Show the row"),
        "{page}"
    );
    let page = open(&server, "/leaderboard?page=1&for_user_id=120", 200);
    assert!(row(&page, 120).starts_with("<tr id=u120 class=own>"));
    let page = open(&server, "/leaderboard?for_user_id=2", 200);
    assert!(row(&page, 2).contains("class=\"p2 own\""), "{page}");
    let page = open(&server, "/leaderboard?for_user_id=999", 200);
    assert!(text(&page).contains("user-999 is not ranked here."), "{page}");
}

#[test]
fn a_person_is_found_by_name() {
    let server = filled(150);
    for (id, name) in [(120, "Grace"), (121, "ada"), (122, "Adam"), (999, "nobody.yet")] {
        set_user(&server, id, &json!({"username": name}));
    }
    let found = |typed: &str| {
        let reply = browse(&server, &format!("/leaderboard/1?period=all_time&find={typed}"));
        (reply.status, reply.header("Location").unwrap_or_default().to_owned())
    };
    let way = |id: i64| (303, format!("/leaderboard/1?period=all_time&page=1&for_user_id={id}#u{id}"));
    for typed in ["Grace", "GRACE", "%40grace", "+grace+", "gra"] {
        assert_eq!(found(typed), way(120), "{typed}");
    }
    assert_eq!(found("ada"), way(121));
    assert_eq!(found("user-130"), way(130));
    assert_eq!(found("131"), way(131));
    assert_eq!(found("nobody.yet"), (303, "/leaderboard/1?period=all_time&for_user_id=999".to_owned()));
    assert_eq!(found("").0, 200);
    let page = open(&server, "/leaderboard?find=ad", 200);
    assert!(text(&page).contains("Who is meant by “ ad ”? ada Adam"), "{}", text(&page));
    let page = open(&server, "/leaderboard?find=zed", 200);
    assert!(text(&page).contains("Nobody here is called “ zed ”."), "{}", text(&page));
}

#[test]
fn a_board_that_is_not_on_today_offers_no_command_that_would_not_count() {
    let server = quick().start();
    let season = create_board(&server, "Next century");
    set_board(&server, season, json!({"from_date": "2998-12-01", "to_date": "2999-02-28"}));
    for (path, offers) in [("/leaderboard".to_owned(), true), (format!("/leaderboard/{season}"), false)] {
        let page = wait_for("the page", || {
            let reply = server.request("GET", &path).header("Accept", BROWSER).send();
            (reply.status == 200).then_some(reply.body)
        });
        assert_eq!(page.contains("curl -X POST"), offers, "{path}: {page}");
    }
}

#[test]
fn other_boards_that_may_be_seen_are_linked() {
    let server = quick().start();
    let page = open(&server, "/leaderboard", 200);
    assert!(!page.contains("class=\"boards\""));
    let (open_to_all, hidden) = (create_board(&server, "Spring"), create_board(&server, "Staff"));
    set_board(&server, hidden, json!({"visible_to_groups_ids": [7]}));
    set_board(&server, open_to_all, json!({"from_date": "2023-03-01", "to_date": "2023-05-31"}));
    let page = open(&server, "/leaderboard", 200);
    assert!(page.contains(&format!("href=\"/leaderboard/{open_to_all}?period=all_time\"")), "{page}");
    assert!(!page.contains("Staff"));
    let known = server.request("GET", "/leaderboard").header("Accept", BROWSER).send();
    assert!(known.body.contains("Staff"));
    let page = text(&open(&server, &format!("/leaderboard/{open_to_all}"), 200));
    assert!(page.contains("1 Mar–31 May 2023 · Final result · 0 people"), "{page}");
    // Who changes boards keeps the period, where it shows anything there, and the person.
    let page = open(&server, "/leaderboard/1?period=weekly&for_user_id=5", 200);
    assert!(page.contains("href=\"/leaderboard/1?period=weekly&#38;for_user_id=5\" aria-current"), "{page}");
    assert!(page.contains(&format!("href=\"/leaderboard/{open_to_all}?period=all_time&#38;for_user_id=5\"")), "{page}");
    set_board(&server, open_to_all, json!({"from_date": "2023-03-01"}));
    let page = open(&server, "/leaderboard/1?period=weekly&for_user_id=5", 200);
    assert!(page.contains(&format!("href=\"/leaderboard/{open_to_all}?period=weekly&#38;for_user_id=5\"")), "{page}");
}

#[test]
fn a_season_tells_how_far_it_is() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let day = |days: i64| (today + chrono::Duration::days(days)).to_string();
    server.award(5, &day(-1), 7);
    let board = create_board(&server, "Autumn");
    let shown = |from: i64, to: i64| {
        set_board(&server, board, json!({"from_date": day(from), "to_date": day(to)}));
        server.request("GET", &format!("/leaderboard/{board}")).header("Accept", BROWSER).send().body
    };
    let live = "id=\"live-state\"";
    let page = open_when(&server, &format!("/leaderboard/{board}"), |page| page.contains("user-5"));
    assert!(page.contains(live), "{page}");
    let page = shown(-20, 5);
    assert!(text(&page).contains(" · 5 days left · 1 person") && page.contains(live), "{page}");
    let page = shown(-20, 0);
    assert!(text(&page).contains(" · last day · 1 person") && page.contains(live), "{page}");
    let page = shown(-20, -1);
    assert!(text(&page).contains(" · Final result · 1 person") && !page.contains(live), "{page}");
    let page = shown(6, 60);
    assert!(text(&page).contains(", in 6 days · lasts until "), "{page}");
    // Points of today would not count there.
    assert!(page.contains("Points count here from") && !page.contains("curl") && !page.contains(live), "{page}");
    assert!(!page.contains("aria-label=\"Period\""), "{page}");
    let page = shown(-20, -15);
    assert!(page.contains("Nobody had points in these days") && !page.contains("curl"), "{page}");
}

#[test]
fn while_standings_are_built_the_page_says_so_and_asks_again() {
    let server = quick().start();
    let lock = server.sql();
    lock.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    // The writer waits for the lock, and the standings for the writer. The award is sent before anything is looked at, and
    // its answer is read in the end.
    let body = "user_id=1&date=2023-04-14&points=1";
    let mut award = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    award.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    let head = format!(
        "POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nApi-Key: {KEY}\r\nApi-Username: system\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    award.write_all(head.as_bytes()).expect("the award is sent");
    let reply = ["yearly", "quarterly", "monthly", "weekly", "daily"]
        .into_iter()
        .map(|period| browse(&server, &format!("/leaderboard?period={period}")))
        .find(|reply| reply.status == 202)
        .expect("standings that are not there yet");
    lock.execute_batch("ROLLBACK").expect("the lock is let go");
    crate::pages::assert_page(&reply);
    assert_eq!((reply.header("Refresh"), reply.header("Cache-Control")), (Some("2"), Some("no-store")));
    assert!(text(&reply.body).contains("The standings are being built"), "{}", reply.body);
    let mut answer = String::new();
    award.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "stored in the end: {answer}");
    open_when(&server, "/leaderboard", |page| podium(page) == [1]);
}
