//! Promise: a leaderboard ranks who it should, over the days it should, in the order it should.

use std::time::Instant;

use chrono::{Days, Months, NaiveDate, Timelike, Utc};
use serde_json::{Value, json};

use crate::support::{EVENTS, PATIENCE, Reply, Server, Setup};

/// Where boards are set up.
pub const BOARDS: &str = "/admin/plugins/gamification/leaderboard";
pub const OK: &str = r#"{"success":"OK"}"#;
const NOT_FOUND: &str = "The requested URL or resource could not be found.";

/// User, score and position of everyone on a page.
pub type Ranks = Vec<(i64, i64, i64)>;

pub fn ranks(page: &Value) -> Ranks {
    let users = page["users"].as_array().unwrap_or_else(|| panic!("no users in {page}"));
    let number = |user: &Value, key: &str| user[key].as_i64().unwrap_or_else(|| panic!("no {key} in {user}"));
    users.iter().map(|user| (number(user, "id"), number(user, "total_score"), number(user, "position"))).collect()
}

/// Waits until `path` ranks exactly these users, and returns the page.
#[track_caller]
pub fn assert_ranks(server: &Server, path: &str, want: &[(i64, i64, i64)]) -> Reply {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reply = server.get(path);
        assert!(matches!(reply.status, 200 | 202), "{path}: {reply:?}");
        let have = ranks(&reply.json());
        if reply.status == 200 && have == want {
            return reply;
        }
        assert!(Instant::now() < deadline, "{path} ranks {have:?}, not {want:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Users whose scores all differ, in their order: positions count from 1.
#[track_caller]
pub fn assert_order(server: &Server, path: &str, want: &[(i64, i64)]) -> Reply {
    let ranks: Ranks = want.iter().zip(1..).map(|(&(user, score), position)| (user, score, position)).collect();
    assert_ranks(server, path, &ranks)
}

/// A server whose standings follow quickly, so that a test need not wait.
pub fn quick() -> Setup {
    Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "100ms")
}

/// Makes a board and returns its id.
#[track_caller]
pub fn create_board(server: &Server, name: &str) -> i64 {
    let reply = server.post(BOARDS, &json!({"name": name, "created_by_id": -1}));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["id"].as_i64().expect("an id")
}

/// Replaces all of a board; it is called as before if `fields` has no name.
#[track_caller]
pub fn set_board(server: &Server, id: i64, mut fields: Value) {
    if fields["name"].is_null() {
        fields["name"] = server.get(&format!("/leaderboard/{id}")).json()["leaderboard"]["name"].clone();
    }
    assert_done(&server.put(&format!("{BOARDS}/{id}"), &fields));
}

#[track_caller]
pub fn set_user(server: &Server, id: i64, fields: &Value) {
    assert_done(&server.put(&format!("/admin/users/{id}"), fields));
}

#[track_caller]
pub fn set_group(server: &Server, id: i64, user_ids: &[i64]) {
    let name = format!("group {id}");
    assert_done(&server.put(&format!("/admin/groups/{id}"), &json!({"name": name, "user_ids": user_ids})));
}

#[track_caller]
pub fn assert_done(reply: &Reply) {
    assert_eq!((reply.status, reply.body.as_str()), (200, OK), "{reply:?}");
    reply.assert_api_reply();
}

/// A zone in which it is about noon now, and its day: no test that uses these meets a midnight.
pub fn noon() -> (String, NaiveDate) {
    let now = Utc::now();
    let hours_ahead = 12 - i64::from(now.hour());
    // The signs of these zones are those of POSIX, the other way round.
    (format!("Etc/GMT{:+}", -hours_ahead), (now + chrono::Duration::hours(hours_ahead)).date_naive())
}

/// The first day that an event may have.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");

fn months_before(day: NaiveDate, count: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(count)).expect("a date")
}

/// Periods that have a beginning, with their first days.
fn windows(today: NaiveDate) -> [(&'static str, NaiveDate); 5] {
    [
        ("daily", today - Days::new(1)),
        ("weekly", today - Days::new(7)),
        ("monthly", months_before(today, 1)),
        ("quarterly", months_before(today, 3)),
        ("yearly", months_before(today, 12)),
    ]
}

#[test]
fn a_page_has_the_promised_keys_in_the_promised_order() {
    let server = quick().start();
    server.award(13, "2023-04-14", 25);
    server.award(14, "2023-04-14", 30);
    set_user(&server, 14, &json!({"username": "ann", "name": "Ann Ämter", "avatar_template": "/pictures/14.png"}));
    let page = assert_ranks(&server, "/leaderboard/1", &[(14, 30, 1), (13, 25, 2)]);
    page.assert_api_reply();

    let updated_at = page.json()["leaderboard"]["updated_at"].as_str().expect("a time").to_owned();
    let of_14 = r#"{"id":14,"username":"ann","name":"Ann Ämter","avatar_template":"/pictures/14.png","total_score":30,"position":1}"#;
    let of_13 = r#"{"id":13,"username":"user-13","name":null,"avatar_template":"/avatars/13/{size}.svg","total_score":25,"position":2}"#;
    let shared = format!(
        r#""leaderboard":{{"id":1,"name":"Global Leaderboard","created_by_id":-1,"from_date":null,"to_date":null,"visible_to_groups_ids":[],"included_groups_ids":[],"excluded_groups_ids":[],"default_period":0,"updated_at":"{updated_at}","period_filter_disabled":false}},"users":[{of_14},{of_13}]}}"#
    );
    let nobody = format!(r#"{{"personal":{{}},{shared}"#);
    for path in ["/leaderboard", "/leaderboard/1", "/leaderboard.json", "/leaderboard/1.json", "/leaderboard/1/"] {
        assert_eq!(server.anonymous("GET", path).send().body, nobody, "{path}");
    }
    let someone = format!(r#"{{"personal":{{"user":{of_13},"position":2}},{shared}"#);
    assert_eq!(server.get("/leaderboard?for_user_id=13").body, someone);
    assert_eq!(server.get("/leaderboard/1/around/13").body, someone, "all are neighbours");
    let unranked = format!(r#"{{"personal":{{"user":null,"position":null}},{shared}"#);
    assert_eq!(server.get("/leaderboard/1?for_user_id=2147483647").body, unranked);

    let head = server.anonymous("HEAD", "/leaderboard/1").send();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn nobody_is_ranked_where_nobody_scored() {
    let server = quick().start();
    let page = assert_ranks(&server, "/leaderboard", &[]).json();
    assert_eq!((&page["personal"], &page["leaderboard"]["id"]), (&json!({}), &json!(1)));
    let around = server.get("/leaderboard/1/around/13").json();
    assert_eq!((&around["personal"], &around["users"]), (&json!({"user": null, "position": null}), &json!([])));
    for path in ["/leaderboard/2", "/leaderboard/0", "/leaderboard/-1", "/leaderboard/abc", "/leaderboard/1/around/0"] {
        server.get(path).assert_error(404, "not_found", NOT_FOUND);
        server.anonymous("GET", path).send().assert_error(404, "not_found", NOT_FOUND);
    }
}

#[test]
fn equal_scores_stand_by_user_id_and_count_as_the_setting_says() {
    for (ranking, positions) in [
        (None, [1, 2, 2, 3, 4, 4]),
        (Some("dense_rank"), [1, 2, 2, 3, 4, 4]),
        (Some("rank"), [1, 2, 2, 4, 5, 5]),
        (Some("row_number"), [1, 2, 3, 4, 5, 6]),
    ] {
        let setup = ranking.iter().fold(quick(), |setup, ranking| setup.env("SCOREKEEPER_RANKING", ranking));
        let server = setup.start();
        for (user, points) in [(35, -5), (23, 20), (22, 20), (11, 30), (44, 0), (36, -5)] {
            server.award(user, "2023-04-14", points);
        }
        let scores = [(11, 30), (22, 20), (23, 20), (44, 0), (35, -5), (36, -5)];
        let want: Ranks = scores.iter().zip(positions).map(|(&(user, score), at)| (user, score, at)).collect();
        assert_ranks(&server, "/leaderboard", &want);
        // One overtakes: its old place closes, the others keep their order.
        server.award(44, "2023-04-15", 40);
        let positions = match ranking {
            Some("rank") => [1, 2, 3, 3, 5, 5],
            Some("row_number") => [1, 2, 3, 4, 5, 6],
            _ => [1, 2, 3, 3, 4, 4],
        };
        let scores = [(44, 40), (11, 30), (22, 20), (23, 20), (35, -5), (36, -5)];
        let want: Ranks = scores.iter().zip(positions).map(|(&(user, score), at)| (user, score, at)).collect();
        assert_ranks(&server, "/leaderboard", &want);
        assert_eq!(server.get("/users/44/score").json()["position"], 1);
    }
}

#[test]
fn whoever_has_a_scored_day_is_ranked_with_its_sum() {
    let server = quick().start();
    let today = Utc::now().date_naive();
    // Zero out of two events, below zero, more than 32 bits.
    server.award(1, "2023-04-14", 5);
    server.award(1, "2023-04-14", -5);
    server.award(2, "2023-04-14", 5);
    server.award(2, "2023-04-15", -5);
    server.award(3, "0001-01-01", -1);
    server.award(4, "2023-04-14", i32::MAX.into());
    server.award(4, "2023-04-15", i32::MAX.into());
    server.award(5, "2023-04-14", i32::MIN.into());
    server.award(5, "2023-04-15", i32::MIN.into());
    // Of the future, and gone again.
    server.award(6, &(today + Days::new(3)).to_string(), 100);
    server.award(6, "9999-12-31", 100);
    let gone = server.award(7, "2023-04-14", 100)["id"].clone();
    let corrected = server.award(8, "2023-04-14", 100)["id"].clone();
    let all = 2 * i64::from(i32::MAX);
    let least = 2 * i64::from(i32::MIN);
    let ends = [(1, 0, 3), (2, 0, 3), (3, -1, 4), (5, least, 5)];
    assert_ranks(&server, "/leaderboard", &[&[(4, all, 1), (7, 100, 2), (8, 100, 2)][..], &ends].concat());

    assert_eq!(server.delete(&format!("{EVENTS}/{gone}")).status, 200);
    assert_eq!(server.put(EVENTS, &json!({"id": corrected, "points": 7})).status, 200);
    assert_ranks(&server, "/leaderboard", &[&[(4, all, 1), (8, 7, 2)][..], &ends].concat());
    let personal = |user: i64| server.get(&format!("/leaderboard/1?for_user_id={user}")).json()["personal"].clone();
    for user in [6, 7] {
        assert_eq!(personal(user), json!({"user": null, "position": null}), "user {user}");
    }
    assert_eq!((&personal(5)["position"], &personal(5)["user"]["total_score"]), (&json!(5), &json!(least)));
}

#[test]
fn every_window_takes_in_both_its_ends_and_never_the_future() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let edges = windows(today).into_iter().flat_map(|(_, first)| [first - Days::new(1), first, first + Days::new(1)]);
    let others = [FIRST_DAY, today, today + Days::new(1), today + Days::new(40)];
    let events: Vec<(i64, NaiveDate)> = (1..).zip(edges.chain(others)).collect();
    for (user, date) in &events {
        server.award(*user, &date.to_string(), 1000 - user);
    }
    let all = ("all_time", FIRST_DAY);
    for (period, first) in windows(today).into_iter().chain([all, ("all", FIRST_DAY)]) {
        let within = events.iter().filter(|(_, date)| (first..=today).contains(date));
        let want: Vec<(i64, i64)> = within.map(|(user, _)| (*user, 1000 - user)).collect();
        assert_order(&server, &format!("/leaderboard/1?period={period}"), &want);
    }
}

#[test]
fn a_board_of_some_days_counts_these_alone() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let days_ago = |count: i64| (today - chrono::Duration::days(count)).to_string();
    for (user, ago) in [(1, 20), (2, 6), (3, 4), (4, 3), (5, 2), (6, 0), (7, -1), (8, -5)] {
        server.award(user, &days_ago(ago), 100 - user);
    }
    let board = create_board(&server, "A board of its own days");
    type Table<'t> = &'t [(Option<i64>, Option<i64>, &'t str, &'t [i64])];
    let table: Table = &[
        (None, None, "all_time", &[1, 2, 3, 4, 5, 6]),
        (Some(4), None, "all_time", &[3, 4, 5, 6]),
        (None, Some(3), "all_time", &[1, 2, 3, 4]),
        (Some(4), Some(3), "all_time", &[3, 4]),
        (Some(3), Some(3), "all_time", &[4]),
        (Some(20), Some(4), "weekly", &[2, 3]),
        (Some(4), Some(-9), "weekly", &[3, 4, 5, 6]),
        (Some(2), Some(2), "daily", &[]),
        (Some(30), Some(2), "monthly", &[1, 2, 3, 4, 5]),
        (Some(-1), None, "all_time", &[]),
        (Some(-1), Some(-5), "yearly", &[]),
        (None, Some(21), "yearly", &[]),
    ];
    for (from, to, period, users) in table {
        let (from_date, to_date) = (from.map(days_ago), to.map(days_ago));
        set_board(&server, board, json!({"from_date": from_date, "to_date": to_date}));
        let want: Vec<(i64, i64)> = users.iter().map(|user| (*user, 100 - user)).collect();
        let page = assert_order(&server, &format!("/leaderboard/{board}?period={period}"), &want).json();
        assert_eq!(page["leaderboard"]["from_date"], json!(from_date));
        assert_eq!(page["leaderboard"]["to_date"], json!(to_date));
    }
    assert_order(&server, "/leaderboard/1", &[(1, 99), (2, 98), (3, 97), (4, 96), (5, 95), (6, 94)]);
}

#[test]
fn an_unknown_period_is_the_boards_own_and_a_board_may_serve_no_other() {
    let (zone, today) = noon();
    let server = quick().env("SCOREKEEPER_TIME_ZONE", &zone).start();
    let dates = [(1, today), (2, today - Days::new(5)), (3, today - Days::new(20))];
    let longer = [(4, months_before(today, 2)), (5, months_before(today, 10)), (6, months_before(today, 30))];
    for (user, date) in dates.into_iter().chain(longer) {
        server.award(user, &date.to_string(), 100 - user);
    }
    let first = |count: i64| -> Vec<(i64, i64)> { (1..=count).map(|user| (user, 100 - user)).collect() };
    let numbers = [("all_time", 6), ("yearly", 5), ("quarterly", 4), ("monthly", 3), ("weekly", 2), ("daily", 1)];
    for (default, (_, counted)) in numbers.iter().enumerate() {
        set_board(&server, 1, json!({"default_period": default}));
        for query in
            ["", "?period=", "?period=fortnightly", "?period=3", "?period=DAILY", "?period=%FF", "?Period=daily"]
        {
            assert_order(&server, &format!("/leaderboard{query}"), &first(*counted));
        }
        for (period, counted) in numbers {
            assert_order(&server, &format!("/leaderboard?period={period}"), &first(counted));
        }
        set_board(&server, 1, json!({"default_period": default, "period_filter_disabled": true}));
        for (period, _) in numbers {
            assert_order(&server, &format!("/leaderboard/1?period={period}"), &first(*counted));
            assert_order(&server, &format!("/leaderboard/1/around/1?radius=50&period={period}"), &first(*counted));
        }
    }
}
