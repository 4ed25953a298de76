//! Promise: a user's score is the sum of the days that the period takes in, at once and without a key; the position is
//! where that sum stands among all users; the days tell what the sum is made of.

use chrono::{Days, Months, NaiveDate, Utc};
use serde_json::json;

use crate::leaderboards::{assert_ranks, quick};
use crate::support::{EVENTS, Reply, Server, Setup};

const NOT_FOUND: &str = "The requested URL or resource could not be found.";

#[test]
fn a_score_is_told_in_a_fixed_shape_and_without_a_key() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    server.award(13, "2023-05-01", 10);
    server.award(14, "2023-04-14", 30);

    let reply = server.anonymous("GET", "/users/13/score").send();
    reply.assert_api_reply();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, r#"{"user_id":13,"username":"user-13","period":"all_time","total_score":25,"position":2}"#);
    for same in ["/users/13/score.json", "/users/13/score?period=all", "/users/13/score?period=all_time"] {
        assert_eq!(server.anonymous("GET", same).send().body, reply.body, "{same}");
    }
}

#[test]
fn a_user_without_events_has_nothing_and_no_position() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let reply = server.anonymous("GET", "/users/99/score").send();
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.body,
        r#"{"user_id":99,"username":"user-99","period":"all_time","total_score":0,"position":null}"#
    );
    assert_eq!(server.anonymous("GET", "/users/99/days").send().body, r#"{"days":[]}"#);
}

#[test]
fn what_cannot_be_a_user_is_not_found() {
    let server = Server::start();
    for id in ["0", "-1", "abc", "1.5", "2147483648", "99999999999999999999"] {
        for path in ["score", "days"] {
            server.anonymous("GET", &format!("/users/{id}/{path}")).send().assert_error(404, "not_found", NOT_FOUND);
        }
    }
    assert_eq!(server.anonymous("GET", "/users/2147483647/score").send().status, 200);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let server = Server::start();
    for (path, name) in [
        ("score?period=fortnightly", "period"),
        ("score?period=ALL", "period"),
        ("score?period=", "period"),
        ("days?from_date=2023-4-1", "from_date"),
        ("days?from_date=", "from_date"),
        ("days?to_date=2023-02-30", "to_date"),
    ] {
        let reply = server.anonymous("GET", &format!("/users/13/{path}")).send();
        let sentence = format!("You supplied invalid parameters to the request: {name}");
        reply.assert_error(400, "invalid_parameters", &sentence);
    }
}

#[test]
fn corrections_and_deletions_show_at_once() {
    let server = Server::start();
    let first = server.award(13, "2023-04-14", 15)["id"].clone();
    let second = server.award(13, "2023-04-14", -4)["id"].clone();
    assert_eq!(server.score(13), 11);
    assert_eq!(server.put(EVENTS, &json!({"id": first, "points": 20})).status, 200);
    assert_eq!(server.score(13), 16);
    assert_eq!(server.delete(&format!("{EVENTS}/{second}")).status, 200);
    assert_eq!(server.score(13), 20);
    assert_eq!(server.delete(&format!("{EVENTS}/{first}")).status, 200);
    let nothing = server.get("/users/13/score").json();
    assert_eq!((&nothing["total_score"], &nothing["position"]), (&json!(0), &json!(null)));
}

#[test]
fn sums_go_beyond_what_one_event_can_hold() {
    let server = Server::start();
    for _ in 0..3 {
        server.award(1, "2023-04-14", 2_147_483_647);
        server.award(2, "2023-04-14", -2_147_483_648);
    }
    assert_eq!(server.score(1), 6_442_450_941);
    assert_eq!(server.score(2), -6_442_450_944);
    let days = server.get("/users/1/days").json();
    assert_eq!(days, json!({"days": [{"date": "2023-04-14", "score": 6_442_450_941_i64}]}));
}

/// A story about today, told again from the start if midnight (UTC) came in the middle of it.
fn on_one_day<T>(story: impl Fn(NaiveDate) -> T) -> T {
    loop {
        let today = Utc::now().date_naive();
        let outcome = story(today);
        if Utc::now().date_naive() == today {
            return outcome;
        }
    }
}

#[test]
fn every_window_takes_in_both_its_ends_and_never_the_future() {
    let months = |today: NaiveDate, count| today.checked_sub_months(Months::new(count)).expect("a date");
    let first_days: [(&str, &dyn Fn(NaiveDate) -> NaiveDate); 5] = [
        ("daily", &|today| today - Days::new(1)),
        ("weekly", &|today| today - Days::new(7)),
        ("monthly", &|today| months(today, 1)),
        ("quarterly", &|today| months(today, 3)),
        ("yearly", &|today| months(today, 12)),
    ];
    let replies = on_one_day(|today| {
        let server = Server::start();
        first_days.map(|(period, first)| {
            let first = first(today);
            let user = 13;
            let events = [
                (first - Days::new(1), 1),
                (first, 10),
                (today, 100),
                (today + Days::new(1), 1000),
                (today + Days::new(9), 10_000),
            ]
            .map(|(date, points)| server.award(user, &date.to_string(), points));
            let reply = server.get(&format!("/users/{user}/score?period={period}")).json();
            for event in events {
                assert_eq!(server.delete(&format!("{EVENTS}/{}", event["id"])).status, 200);
            }
            (period, reply)
        })
    });
    for (period, reply) in replies {
        assert_eq!(reply["period"], json!(period));
        assert_eq!(reply["total_score"], json!(110), "{period}");
        assert_eq!(reply["position"], json!(1), "{period}");
    }
}

#[test]
fn a_position_in_a_window_is_among_those_with_a_day_in_it() {
    let server = Server::start();
    let days_ago = |count| (Utc::now().date_naive() - Days::new(count)).to_string();
    server.award(1, "2020-02-29", 1000);
    server.award(2, &days_ago(4), 10);
    server.award(3, &days_ago(4), 20);
    server.award(4, &days_ago(4), -20);
    server.award(5, &days_ago(3), 7);
    server.award(5, &days_ago(4), -7);
    let position =
        |user, period| server.get(&format!("/users/{user}/score?period={period}")).json()["position"].clone();
    for (user, weekly, all_time) in
        [(1, json!(null), 1), (2, json!(2), 3), (3, json!(1), 2), (4, json!(4), 5), (5, json!(3), 4)]
    {
        assert_eq!(position(user, "weekly"), weekly, "user {user}");
        assert_eq!(position(user, "all_time"), json!(all_time), "user {user}");
        assert_eq!(position(user, "daily"), json!(null), "user {user}");
    }
}

#[test]
fn a_position_shows_what_was_just_stored_however_rarely_standings_are_refreshed() {
    let server = Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "1h").start();
    let position = |user_id: i64| server.get(&format!("/users/{user_id}/score")).json()["position"].clone();
    for user_id in 1..=20 {
        server.award(user_id, "2023-04-14", user_id);
        assert_eq!(position(user_id), json!(1), "user {user_id} is the highest so far");
        assert_eq!(position(1), json!(user_id), "the first user is the lowest");
    }
    server.delete(&format!("{EVENTS}/20"));
    assert_eq!((position(20), position(19), position(1)), (json!(null), json!(1), json!(19)));
}

#[test]
fn equal_scores_rank_as_the_setting_says() {
    for (ranking, positions) in [
        (None, [1, 2, 2, 3, 4, 4]),
        (Some("dense_rank"), [1, 2, 2, 3, 4, 4]),
        (Some("rank"), [1, 2, 2, 4, 5, 5]),
        (Some("row_number"), [1, 2, 3, 4, 5, 6]),
    ] {
        let setup = Setup::new();
        let server = match ranking {
            Some(ranking) => setup.env("SCOREKEEPER_RANKING", ranking).start(),
            None => setup.start(),
        };
        // Not in the order of their ids, and the equal ones stored with the higher id first.
        for (user, points) in [(35, -5), (23, 20), (22, 20), (11, 30), (44, 10), (36, -5)] {
            server.award(user, "2023-04-14", points);
        }
        let got = [11, 22, 23, 44, 35, 36]
            .map(|user| server.get(&format!("/users/{user}/score")).json()["position"].as_i64().expect("a position"));
        assert_eq!(got, positions, "{ranking:?}");
    }
}

#[test]
fn points_of_the_future_count_from_their_day_on() {
    let server = Server::start();
    let future = (Utc::now().date_naive() + Days::new(3)).to_string();
    server.award(13, &future, 50);
    server.award(14, "2023-04-14", 1);
    server.award(14, &future, -30);
    for (user, score, position) in [(13, 0, json!(null)), (14, 1, json!(1))] {
        let reply = server.get(&format!("/users/{user}/score")).json();
        assert_eq!((&reply["total_score"], &reply["position"]), (&json!(score), &position), "user {user}");
    }
    // The day itself is no secret: its events are stored, and their sum is listed.
    let listed = json!({"days": [{"date": "2023-04-14", "score": 1}, {"date": future, "score": -30}]});
    assert_eq!(server.get("/users/14/days").json(), listed);
}

#[test]
fn the_time_zone_decides_what_today_is() {
    // 26 hours lie between these two: the calendar of the first is always one or two days ahead.
    let (east, west) = ("Pacific/Kiritimati", "Etc/GMT+12");
    let date_in = |hours: i64| (Utc::now() + chrono::Duration::hours(hours)).date_naive();
    let score = |reply: Reply| reply.json()["total_score"].as_i64().expect("a score");

    // If midnight comes to the east in between, its today only moves on; to the west it would take a day to follow.
    let today_in_east = date_in(14);
    assert!(date_in(-12) < today_in_east);
    let server = Setup::new().env("SCOREKEEPER_TIME_ZONE", west).start();
    server.award(13, &today_in_east.to_string(), 15);
    let in_west = score(server.get("/users/13/score"));
    let folder = server.stop();

    let server = Setup::in_folder(folder).env("SCOREKEEPER_TIME_ZONE", east).start();
    assert_eq!(score(server.get("/users/13/score")), 15, "the day has come in {east}");
    if date_in(-12) < today_in_east {
        assert_eq!(in_west, 0, "the day has not come in {west}");
    }
}

#[test]
fn days_are_listed_oldest_first_with_the_sum_of_each() {
    let server = Server::start();
    for (date, points) in [
        ("2023-05-01", 10),
        ("2023-04-14", 15),
        ("2023-04-14", -3),
        ("0001-01-01", 1),
        ("2023-04-20", 5),
        ("2023-04-20", -5),
    ] {
        server.award(13, date, points);
    }
    server.award(14, "2023-04-14", 99);
    let reply = server.anonymous("GET", "/users/13/days").send();
    reply.assert_api_reply();
    let (first, april, zero, may) = (
        r#"{"date":"0001-01-01","score":1}"#,
        r#"{"date":"2023-04-14","score":12}"#,
        r#"{"date":"2023-04-20","score":0}"#,
        r#"{"date":"2023-05-01","score":10}"#,
    );
    assert_eq!(reply.body, format!(r#"{{"days":[{first},{april},{zero},{may}]}}"#));
    for (query, days) in [
        ("from_date=2023-04-14", vec![april, zero, may]),
        ("from_date=2023-04-15", vec![zero, may]),
        ("to_date=2023-04-20", vec![first, april, zero]),
        ("to_date=2023-04-19", vec![first, april]),
        ("from_date=2023-04-14&to_date=2023-04-14", vec![april]),
        ("from_date=2023-04-15&to_date=2023-04-19", vec![]),
        ("from_date=2024-01-01", vec![]),
    ] {
        let reply = server.anonymous("GET", &format!("/users/13/days?{query}")).send();
        assert_eq!(reply.body, format!(r#"{{"days":[{}]}}"#, days.join(",")), "{query}");
        let with_ending = server.anonymous("GET", &format!("/users/13/days.json?{query}")).send();
        assert_eq!(with_ending.body, reply.body, "{query}");
    }
}

#[test]
fn a_day_whose_events_are_all_deleted_is_left_out() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let gone = [server.award(13, "2023-04-15", 7), server.award(13, "2023-04-15", -7)];
    let with_zero = json!({"days": [{"date": "2023-04-14", "score": 15}, {"date": "2023-04-15", "score": 0}]});
    assert_eq!(server.get("/users/13/days").json(), with_zero);
    for event in gone {
        assert_eq!(server.delete(&format!("{EVENTS}/{}", event["id"])).status, 200);
    }
    assert_eq!(server.get("/users/13/days").json(), json!({"days": [{"date": "2023-04-14", "score": 15}]}));
}

/// What is left of a day is seen by nobody until it is rebuilt, whichever way its score is read.
#[test]
fn a_deleted_event_of_which_the_scores_did_not_know_takes_nothing_away() {
    let server = quick().start();
    server.award(13, "2023-04-14", 10);
    let insert = "INSERT INTO score_events (id, user_id, date, points) VALUES (2, 13, '2023-04-15', 5)";
    server.sql().execute(insert, []).expect("an event without a score");
    assert_eq!(server.delete(&format!("{EVENTS}/2")).status, 200);
    assert_eq!(server.get("/users/13/days").json(), json!({"days": [{"date": "2023-04-14", "score": 10}]}));
    let redeem = json!({"user_id": 13, "date": "2023-04-16", "points": -10, "minimum_score": 0});
    assert_eq!(server.score(13), 10);
    assert_ranks(&server, "/leaderboard/1", &[(13, 10, 1)]);
    assert_eq!(server.score(13), 10);
    assert_eq!(server.post(EVENTS, &redeem).status, 200, "all of it can be spent");
}
