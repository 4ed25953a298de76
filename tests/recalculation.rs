//! Promise: `recalculate-scores` repairs in the background what something else wrote into the file, says how far it is,
//! and can be asked for a few times a day only; two timers repair the latest days without being asked; and where only
//! the API wrote, there is nothing to repair.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::durability::assert_scores_are_sums;
use crate::support::{EVENTS, RECALCULATE, Reply, Server, Setup, run, wait_for};

const NOT_ASKED: &str = r#"{"running":false,"from_date":null,"days_done":0,"days_total":0,"started_at":null,"finished_at":null,"remaining":5}"#;

fn days_ago(count: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(count)
}

fn ask_from(server: &Server, from_date: &str) -> Reply {
    server.put(RECALCULATE, &json!({"from_date": from_date}))
}

#[track_caller]
fn assert_accepted(reply: &Reply) {
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#));
    reply.assert_api_reply();
}

/// Waits until the recalculation that was asked for is over and returns its progress.
fn finished(server: &Server) -> Value {
    wait_for("the recalculation to finish", || {
        let progress = server.get(RECALCULATE).json();
        (progress["running"] == json!(false) && !progress["finished_at"].is_null()).then_some(progress)
    })
}

fn remaining(server: &Server) -> i64 {
    server.get(RECALCULATE).json()["remaining"].as_i64().expect("a count")
}

fn tamper(server: &Server, sql: &str) {
    server.sql().execute_batch(sql).expect("the rows are changed");
}

fn days(server: &Server, user: i64) -> Value {
    server.get(&format!("/users/{user}/days")).json()["days"].clone()
}

#[test]
fn progress_is_told_in_a_fixed_shape() {
    let server = Server::start();
    let before = server.get(RECALCULATE);
    before.assert_api_reply();
    assert_eq!((before.status, before.body.as_str()), (200, NOT_ASKED));
    assert_eq!(server.get(&format!("{RECALCULATE}.json")).body, NOT_ASKED);

    for date in ["2023-04-14", "2023-04-15", "2023-05-01"] {
        server.award(13, date, 10);
    }
    let asked_at = Utc::now();
    assert_accepted(&ask_from(&server, "2023-04-15"));
    let after = finished(&server);
    assert_eq!((&after["from_date"], &after["remaining"]), (&json!("2023-04-15"), &json!(4)));
    assert_eq!(after["days_done"], after["days_total"]);
    assert!(after["days_total"].as_i64().is_some_and(|days| days >= 2), "{after}");
    let moment = |name: &str| {
        let text = after[name].as_str().expect("a timestamp");
        assert!(text.len() == "2023-04-14T09:30:00.000Z".len() && text.ends_with('Z'), "{text}");
        DateTime::parse_from_rfc3339(text).expect("a timestamp").to_utc()
    };
    // Milliseconds are cut off.
    assert!(asked_at - chrono::Duration::milliseconds(1) <= moment("started_at"));
    assert!(moment("started_at") <= moment("finished_at"));
    assert!(moment("finished_at") <= Utc::now());
    let body = server.get(RECALCULATE).body;
    let keys = ["running", "from_date", "days_done", "days_total", "started_at", "finished_at", "remaining"];
    let places = keys.map(|key| body.find(&format!("\"{key}\":")).expect("every key"));
    assert!(places.is_sorted(), "{body}");
}

#[test]
fn it_repairs_what_something_else_wrote_from_the_date_on() {
    let server = Server::start();
    for date in ["2023-04-13", "2023-04-14", "2023-04-15", "2023-04-16", "2023-04-17"] {
        server.award(13, date, 10);
    }
    tamper(
        &server,
        "UPDATE score_events SET points = 11 WHERE date IN ('2023-04-13', '2023-04-14');
         DELETE FROM score_events WHERE date = '2023-04-15';
         INSERT INTO score_events (user_id, date, points) VALUES (13, '2023-04-16', 5), (14, '2023-04-16', 7);
         UPDATE scores SET score = 999 WHERE date = '2023-04-17';
         INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 15, 17, 50, 1);",
    );
    assert_accepted(&ask_from(&server, "2023-04-14"));
    finished(&server);
    let day = |date: &str, score: i64| json!({"date": date, "score": score});
    let repaired = json!([day("2023-04-13", 10), day("2023-04-14", 11), day("2023-04-16", 15), day("2023-04-17", 10)]);
    assert_eq!(days(&server, 13), repaired);
    assert_eq!(days(&server, 14), json!([day("2023-04-16", 7)]));
    assert_eq!(days(&server, 15), json!([]));
    assert_eq!((server.score(13), server.score(14), server.score(15)), (46, 7, 0));

    assert_accepted(&ask_from(&server, "2023-04-13"));
    wait_for("the first day's repair", || (server.score(13) == 47).then_some(()));
}

#[test]
fn without_a_date_it_begins_recent_days_ago() {
    for (setup, recent_days) in [(Setup::new(), 10), (Setup::new().env("SCOREKEEPER_RECENT_DAYS", "30"), 30)] {
        let server = setup.start();
        let earliest = days_ago(recent_days);
        assert_accepted(&server.request("PUT", RECALCULATE).send());
        let from_date = finished(&server)["from_date"].as_str().expect("a date").parse().expect("a date");
        // Two dates if midnight came in between.
        assert!((earliest..=days_ago(recent_days)).contains(&from_date), "{from_date}");
    }
}

#[test]
fn the_date_may_come_in_a_form_or_a_query() {
    let server = Server::start();
    let path = format!("{RECALCULATE}.json");
    assert_accepted(&server.request("PUT", &path).bytes("from_date=2023-04-01").send());
    assert_eq!(finished(&server)["from_date"], json!("2023-04-01"));
    assert_accepted(&server.request("PUT", &format!("{path}?from_date=2023-04-02")).send());
    wait_for("the second", || (server.get(RECALCULATE).json()["from_date"] == json!("2023-04-02")).then_some(()));
    assert_accepted(&ask_from(&server, &Utc::now().date_naive().to_string()));
    assert_eq!(remaining(&server), 2);
}

#[test]
fn a_date_that_is_none_or_to_come_uses_nothing_up() {
    let server = Server::start();
    let future = (Utc::now().date_naive() + Days::new(2)).to_string();
    let faults =
        [json!("2023-4-1"), json!("2023-02-30"), json!("yesterday"), json!(""), json!(20230401), json!(future)];
    for from_date in faults.iter().chain(&faults) {
        let sentence = "You supplied invalid parameters to the request: from_date";
        let reply = server.put(RECALCULATE, &json!({"from_date": from_date}));
        reply.assert_error(400, "invalid_parameters", sentence);
    }
    assert_eq!(server.get(RECALCULATE).body, NOT_ASKED);
}

#[track_caller]
fn assert_too_many(reply: &Reply) -> i64 {
    let body = reply.json();
    let (wait, left) = (&body["extras"]["wait_seconds"], &body["extras"]["time_left"]);
    let left = left.as_str().expect("a sentence's end");
    let sentence = format!("You have performed this action too many times. Please try again in {left}.");
    reply.assert_error(429, "rate_limit", &sentence);
    assert_eq!(reply.header("Retry-After"), Some(wait.to_string().as_str()));
    let extras = format!(r#""error_type":"rate_limit","extras":{{"wait_seconds":{wait},"time_left":"{left}"}}}}"#);
    assert!(reply.body.ends_with(&extras), "{}", reply.body);
    wait.as_i64().expect("seconds")
}

#[test]
fn the_sixth_of_a_day_is_one_too_many() {
    let server = Server::start();
    for left in (0..5).rev() {
        assert_accepted(&ask_from(&server, "2023-04-14"));
        assert_eq!(remaining(&server), left);
    }
    let refusal = ask_from(&server, "2023-04-14");
    let wait = assert_too_many(&refusal);
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    assert_eq!(refusal.json()["extras"]["time_left"], json!("24 hours"));
    assert_eq!(remaining(&server), 0);

    // Neither a restart nor a crash gives any back.
    let server = Setup::in_folder(server.stop()).start();
    assert_eq!(remaining(&server), 0);
    assert_too_many(&ask_from(&server, "2023-04-14"));
    let server = Setup::in_folder(server.kill()).start();
    assert_too_many(&ask_from(&server, "2023-04-14"));
}

#[test]
fn the_limit_slides() {
    let server = Server::start();
    for _ in 0..5 {
        assert_accepted(&ask_from(&server, "2023-04-14"));
    }
    finished(&server);
    let (hour_ms, day_ms) = (3_600_000_i64, 86_400_000_i64);
    let age = |count: i64, by_ms: i64| {
        let sql = "UPDATE recalculations SET requested_at = requested_at - ?2
                   WHERE id IN (SELECT id FROM recalculations ORDER BY requested_at LIMIT ?1)";
        assert_eq!(server.sql().execute(sql, [count, by_ms]).expect("the requests are aged"), count as usize);
    };
    age(1, day_ms - hour_ms);
    let wait = assert_too_many(&ask_from(&server, "2023-04-14"));
    assert!((3_500..=3_600).contains(&wait), "{wait}");
    age(1, hour_ms - 100_000);
    let refusal = ask_from(&server, "2023-04-14");
    let wait = assert_too_many(&refusal);
    assert!((61..=100).contains(&wait), "{wait}");
    assert_eq!(refusal.json()["extras"]["time_left"], json!("2 minutes"));
    age(1, 101_000);
    assert_eq!(remaining(&server), 1);
    assert_accepted(&ask_from(&server, "2023-04-14"));
    assert_eq!(remaining(&server), 0);
    assert_too_many(&ask_from(&server, "2023-04-14"));
    server.sql().execute("UPDATE recalculations SET requested_at = requested_at - ?1", [day_ms]).expect("all are aged");
    assert_eq!(remaining(&server), 5);
}

#[test]
fn the_limit_is_a_setting() {
    let server = Setup::new().env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "2").start();
    assert_eq!(remaining(&server), 2);
    for _ in 0..2 {
        assert_accepted(&ask_from(&server, "2023-04-14"));
    }
    assert_too_many(&ask_from(&server, "2023-04-14"));
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "3").start();
    assert_eq!(remaining(&server), 1);
}

#[test]
fn of_several_asked_for_at_once_none_is_forgotten() {
    let server = Server::start();
    server.award(13, "2023-04-14", 10);
    server.award(13, "2024-04-14", 10);
    tamper(&server, "UPDATE score_events SET points = 11");
    for from_date in ["2025-01-01", "2024-01-01", "2023-01-01", "2025-01-01"] {
        assert_accepted(&ask_from(&server, from_date));
    }
    wait_for("both repairs", || (server.score(13) == 22).then_some(()));
    assert_eq!(remaining(&server), 1);
}

/// Two hundred users' points on three thousand days that no score knows of: more than a moment's work.
const HISTORY: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 299999)
    INSERT INTO score_events (user_id, date, points)
    SELECT n % 200 + 1, date('2010-01-01', '+' || (n / 100) || ' days'), 1 FROM numbers";

#[test]
fn one_that_was_cut_off_is_taken_up_after_a_restart() {
    let ends: [fn(Server) -> _; 2] = [Server::kill, Server::stop];
    for end in ends {
        let server = Server::start();
        tamper(&server, HISTORY);
        assert_accepted(&ask_from(&server, "2010-01-01"));
        let server = Setup::in_folder(end(server)).start();
        let progress = finished(&server);
        assert_eq!((&progress["from_date"], &progress["remaining"]), (&json!("2010-01-01"), &json!(4)));
        assert_eq!((&progress["days_done"], &progress["days_total"]), (&json!(3000), &json!(3000)));
        assert_eq!((server.score(1), server.score(200)), (1500, 1500));
    }
}

#[test]
fn while_one_runs_it_says_how_far_it_is_and_writes_go_on() {
    let server = Server::start();
    tamper(&server, HISTORY);
    assert_accepted(&ask_from(&server, "2010-01-01"));
    let mut reports = vec![server.get(RECALCULATE).json()];
    let mut written = 0;
    wait_for("the recalculation to finish", || {
        server.award(1, &format!("2010-01-{:02}", written % 28 + 1), 1);
        written += 1;
        reports.push(server.get(RECALCULATE).json());
        (reports.last()?["running"] == json!(false)).then_some(())
    });
    assert_eq!(reports[0]["running"], json!(true), "the acceptance is a promise");
    let done = |report: &Value| report["days_done"].as_i64().expect("a count");
    assert!(reports.is_sorted_by_key(done), "{reports:?}");
    for report in &reports {
        assert_eq!(report["started_at"], reports[0]["started_at"]);
        assert_eq!(report["finished_at"].is_null(), report["running"] == json!(true), "{report}");
        assert!(done(report) <= report["days_total"].as_i64().expect("a count"), "{report}");
    }
    assert!(reports.iter().any(|report| (1..3000).contains(&done(report))), "{reports:?}");
    assert_eq!((server.score(1), server.score(200)), (1500 + written, 1500));
    assert_scores_are_sums(&server.sql());
}

#[test]
fn a_report_says_either_that_it_runs_or_when_it_ended() {
    let server = Setup::new().env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "1000").start();
    server.award(13, "2023-04-14", 15);
    for _ in 0..50 {
        assert_accepted(&ask_from(&server, "2023-04-14"));
        wait_for("the recalculation to finish", || {
            let report = server.get(RECALCULATE).json();
            let is_running = report["running"] == json!(true);
            assert_eq!(report["finished_at"].is_null(), is_running, "{report}");
            (!is_running).then_some(())
        });
    }
}

#[test]
fn todays_scores_are_rebuilt_every_today_every() {
    let server = Setup::new().env("SCOREKEEPER_TODAY_EVERY", "200ms").start();
    for user in 1..=3 {
        // One of these days is today, or becomes it: midnight may come in between.
        let today = Utc::now().date_naive();
        for date in [today, today + Days::new(1)] {
            tamper(&server, &format!("INSERT INTO score_events (user_id, date, points) VALUES ({user}, '{date}', 15)"));
        }
        wait_for("today's repair", || (server.score(user) >= 15).then_some(()));
    }
}

#[test]
fn the_latest_days_are_rebuilt_every_recent_every() {
    let server = Setup::new().env("SCOREKEEPER_RECENT_EVERY", "200ms").start();
    let insert = |count: u64| {
        let date = days_ago(count);
        tamper(&server, &format!("INSERT INTO score_events (user_id, date, points) VALUES (13, '{date}', 1)"));
    };
    insert(100);
    for (already, count) in [5, 8, 0].into_iter().enumerate() {
        insert(count);
        wait_for("the repair", || (server.score(13) == already as i64 + 1).then_some(()));
    }
    // Four events are there; the oldest is a backfill's to repair.
    assert_eq!(server.get(&format!("{EVENTS}?user_id=13")).json()["events"].as_array().map(Vec::len), Some(4));
    assert_eq!(days(&server, 13).as_array().map(Vec::len), Some(3));
}

#[test]
fn on_a_database_that_only_the_api_wrote_a_rebuild_finds_nothing() {
    let server = Server::start();
    let today = Utc::now().date_naive();
    for (user, days) in [(1, -1000), (1, -20), (1, -5), (2, -5), (2, -1), (1, 0), (2, 0), (1, 4), (2, 30)] {
        let date = (today + chrono::Duration::days(days)).to_string();
        let event = server.award(user, &date, days + 3);
        let redemption = json!({"user_id": user, "date": date, "points": -2, "minimum_score": -5_000});
        server.request("POST", EVENTS).header("Idempotency-Key", &format!("{user}{date}")).json(&redemption).send();
        assert_eq!(server.put(EVENTS, &json!({"id": event["id"], "points": 7})).status, 200);
        let gone = server.award(user, &date, 50);
        assert_eq!(server.delete(&format!("{EVENTS}/{}", gone["id"])).status, 200);
    }
    let folder = server.folder();
    let summary = run(folder.path(), &["--database", "scores.db", "--backfill-from", "0001-01-01"]);
    assert_eq!(summary.code, Some(0), "{summary:?}");
    assert!(summary.stdout.contains(" 0 scores on 0 days were different "), "{summary:?}");
}
