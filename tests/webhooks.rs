//! Promise: what people do in the forum gives points by itself, each thing once, and what is taken back there is taken back
//! here.

use chrono::Utc;
use serde_json::json;

use crate::support::forum::{chat_message, connected, like, post, solved, tell, topic, user, with};
use crate::support::{EVENTS, Server, Setup};

/// What a user's points are for, in the order in which they were given.
fn events(server: &Server, user_id: i64) -> Vec<(String, i64, String)> {
    let listed = server.get(&format!("{EVENTS}?user_id={user_id}")).json();
    let row = |event: &serde_json::Value| {
        let text = |name: &str| event[name].as_str().expect("a text").to_owned();
        (text("date"), event["points"].as_i64().expect("points"), text("description"))
    };
    listed["events"].as_array().expect("a list").iter().map(row).collect()
}

fn event(date: &str, points: i64, description: &str) -> (String, i64, String) {
    (date.to_owned(), points, description.to_owned())
}

#[test]
fn each_deed_gives_its_points_on_its_day_under_the_name_of_the_forum() {
    let server = connected();
    assert_eq!(tell(&server, "topic_created", &topic(7, 13)), "topic_created:7: counted");
    assert_eq!(tell(&server, "post_created", &post(123, 14)), "post_created:123: counted");
    let both = "like_given:post:123:user:8: counted; like_received:post:123:user:8: counted";
    assert_eq!(tell(&server, "post_liked", &like(123, 14, 8)), both);
    assert_eq!(tell(&server, "accepted_solution", &solved(123, 14)), "solution:123: counted");
    assert_eq!(tell(&server, "chat_message_created", &chat_message(55, 13)), "chat_message_created:55: counted");
    // Nobody says when a like was given.
    let today = Utc::now().date_naive().to_string();
    let place = "/t/karaoke-night/7/3";
    assert_eq!(
        events(&server, 13),
        [
            event("2026-03-05", 5, "topic_created: /t/karaoke-night/7"),
            event("2026-03-05", 1, "chat_message_created: /chat/c/evenings/2/55"),
        ]
    );
    assert_eq!(
        events(&server, 14),
        [
            event("2026-03-05", 2, &format!("post_created: {place}")),
            event(&today, 1, &format!("like_received: {place}")),
            event("2026-03-05", 10, &format!("solution: {place}")),
        ]
    );
    assert_eq!(events(&server, 8), [event(&today, 1, &format!("like_given: {place}"))]);
    let history = server.get(&format!("{EVENTS}/1/history")).json();
    assert_eq!(history["revisions"][0]["by"], "discourse");
}

#[test]
fn a_day_is_that_of_the_time_zone() {
    let setup = Setup::new().env("SCOREKEEPER_DISCOURSE_SECRET", crate::support::forum::SECRET);
    let server = setup.env("SCOREKEEPER_TIME_ZONE", "Pacific/Auckland").start();
    let late = json!({"created_at": "2026-03-05T11:30:00.000Z"});
    tell(&server, "post_created", &with(post(1, 13), "post", &late));
    let without = json!({"created_at": null});
    tell(&server, "post_created", &with(post(2, 14), "post", &without));
    assert_eq!(events(&server, 13)[0].0, "2026-03-06");
    let auckland: chrono_tz::Tz = "Pacific/Auckland".parse().expect("a zone");
    let today = || Utc::now().with_timezone(&auckland).date_naive().to_string();
    let before = today();
    let found = events(&server, 14)[0].0.clone();
    assert!([before, today()].contains(&found), "{found}");
}

#[test]
fn what_is_said_again_counts_once() {
    let server = connected();
    for _ in 0..3 {
        tell(&server, "post_created", &post(123, 13));
        tell(&server, "topic_created", &topic(7, 13));
        tell(&server, "post_liked", &like(123, 13, 8));
        tell(&server, "accepted_solution", &solved(124, 13));
        tell(&server, "chat_message_created", &chat_message(5, 13));
    }
    assert_eq!((server.score(13), server.score(8), server.count_events()), (2 + 5 + 1 + 1, 1, 5));
    assert_eq!(tell(&server, "post_created", &post(123, 13)), "post_created:123: known already");
    // The answer of whoever began the topic is no solution.
    let why = "solution:124: not counted, it is for the same user's own";
    assert_eq!(tell(&server, "accepted_solution", &solved(125, 13)), why.replace("124", "125"));
    assert_eq!(tell(&server, "accepted_solution", &solved(126, 14)), "solution:126: counted");
}

#[test]
fn what_is_not_counted_leaves_nothing() {
    let server = connected();
    for (part, value) in [
        ("post_number", json!(1)),
        ("post_type", json!(2)),
        ("post_type", json!(3)),
        ("wiki", json!(true)),
        ("hidden", json!(true)),
        ("topic_archetype", json!("private_message")),
        ("user_id", json!(-1)),
        ("user_id", json!(0)),
    ] {
        let said = tell(&server, "post_created", &with(post(123, 13), "post", &json!({part: value})));
        assert!(said.starts_with("ignored: "), "{part} {value}: {said}");
    }
    for (part, value) in [("topic_archetype", json!("private_message")), ("wiki", json!(true))] {
        tell(&server, "post_liked", &with(like(123, 14, 8), "like.post", &json!({part: value})));
    }
    tell(&server, "topic_created", &with(topic(7, 13), "topic", &json!({"archetype": "private_message"})));
    tell(&server, "topic_created", &with(topic(7, 13), "topic.created_by", &json!({"id": -1})));
    tell(&server, "accepted_solution", &with(solved(123, 13), "solved", &json!({"user_id": -2})));
    tell(&server, "accepted_solution", &with(solved(123, 13), "solved", &json!({"post_number": 1})));
    let direct = json!({"chatable_type": "DirectMessage"});
    tell(&server, "chat_message_created", &with(chat_message(5, 13), "chat_message.channel", &direct));
    tell(&server, "chat_message_created", &with(chat_message(5, 13), "chat_message.message.user", &json!({"id": -1})));
    for event in ["post_edited", "topic_edited", "category_created", "user_logged_in", "ping", "notification_created"] {
        let said = tell(&server, event, &json!({"ping": "OK"}));
        assert!(said.starts_with("ignored: "), "{event}: {said}");
    }
    assert_eq!(server.count_events(), 0);
    // Of a like by the system, only whoever got it has something.
    tell(&server, "post_liked", &with(like(123, 14, 8), "like.user", &json!({"id": -1})));
    assert_eq!((server.score(14), server.count_events()), (1, 1));
}

/// Tells the same of three kinds of things: that they were made, removed or restored.
fn tell_of_three(server: &Server, happened: [&str; 2]) -> i64 {
    let [thing, message] = happened;
    tell(server, &format!("post_{thing}"), &post(123, 13));
    tell(server, &format!("topic_{thing}"), &topic(7, 13));
    tell(server, &format!("chat_message_{message}"), &chat_message(5, 13));
    server.score(13)
}

const MADE: [&str; 2] = ["created", "created"];
const REMOVED: [&str; 2] = ["destroyed", "trashed"];
const RESTORED: [&str; 2] = ["recovered", "restored"];
const ALL: i64 = 2 + 5 + 1;

#[test]
fn what_is_taken_back_goes_and_comes_again_with_its_history() {
    let server = connected();
    assert_eq!(tell_of_three(&server, MADE), ALL);
    tell(&server, "post_created", &post(124, 13));
    tell(&server, "post_liked", &like(123, 13, 8));
    let rest = 2 + 1;
    assert_eq!(tell_of_three(&server, REMOVED), rest, "likes and other posts stay");
    assert_eq!(tell_of_three(&server, REMOVED), rest);
    assert_eq!(tell_of_three(&server, MADE), rest, "it was made before");
    assert_eq!(tell_of_three(&server, RESTORED), rest + ALL);
    assert_eq!(tell_of_three(&server, RESTORED), rest + ALL);
    assert_eq!(tell_of_three(&server, REMOVED), rest);
    let history = server.get(&format!("{EVENTS}/1/history")).json();
    let steps = history["revisions"].as_array().expect("a list");
    let steps: Vec<_> = steps.iter().map(|step| (step["action"].as_str(), step["by"].as_str())).collect();
    assert_eq!(steps, [(Some("create"), Some("discourse")), (Some("delete"), Some("discourse"))]);
    let ids: Vec<i64> = server
        .sql()
        .prepare("SELECT DISTINCT event_id FROM event_revisions ORDER BY 1")
        .and_then(|mut ids| ids.query_map([], |row| row.get(0))?.collect())
        .expect("ids");
    assert_eq!(ids.len(), 6, "what comes again is a new event");
}

#[test]
fn what_was_taken_back_before_it_came_stays_at_nothing_until_it_is_recovered() {
    let server = connected();
    assert_eq!(tell_of_three(&server, REMOVED), 0);
    assert_eq!(tell_of_three(&server, MADE), 0);
    assert_eq!(tell_of_three(&server, MADE), 0);
    assert_eq!(tell_of_three(&server, RESTORED), ALL);
    assert_eq!(tell_of_three(&server, MADE), ALL);
    // A solution that was taken back before it came.
    tell(&server, "unaccepted_solution", &solved(200, 15));
    tell(&server, "accepted_solution", &solved(200, 15));
    tell(&server, "accepted_solution", &solved(201, 15));
    assert_eq!(server.score(15), 10);
    tell(&server, "unaccepted_solution", &solved(201, 15));
    assert_eq!(server.score(15), 0);
}

#[test]
fn a_thing_is_removed_even_if_its_body_says_little() {
    let server = connected();
    tell_of_three(&server, MADE);
    tell(&server, "accepted_solution", &solved(200, 13));
    tell(&server, "post_destroyed", &json!({"post": {"id": 123}}));
    tell(&server, "topic_destroyed", &json!({"topic": {"id": "7"}}));
    tell(&server, "chat_message_trashed", &json!({"chat_message": {"message": {"id": 5}}}));
    tell(&server, "unaccepted_solution", &json!({"solved": {"id": 200, "user_id": null}}));
    assert_eq!(server.count_events(), 0);
}

#[test]
fn the_older_of_two_bodies_is_ignored() {
    let server = connected();
    let at =
        |minute: u32| with(post(123, 13), "post", &json!({"updated_at": format!("2026-03-05T10:{minute:02}:00.000Z")}));
    tell(&server, "post_created", &at(1));
    tell(&server, "post_recovered", &at(30));
    let said = tell(&server, "post_destroyed", &at(20));
    assert_eq!(said, "post_created:123: ignored, something newer was told before");
    assert_eq!(server.score(13), 2);
    // One that does not say counts as it comes, and so does one of the same moment.
    tell(&server, "post_destroyed", &with(at(0), "post", &json!({"updated_at": null})));
    assert_eq!(server.score(13), 0);
    tell(&server, "post_recovered", &at(20));
    assert_eq!(server.score(13), 0);
    tell(&server, "post_recovered", &at(30));
    assert_eq!(server.score(13), 2);
    tell(&server, "post_destroyed", &at(31));
    assert_eq!(server.score(13), 0);
}

#[test]
fn what_was_corrected_merged_or_deleted_here_is_heeded() {
    let server = connected();
    for (post_id, user_id) in [(1, 13), (2, 14), (3, 15)] {
        tell(&server, "post_created", &post(post_id, user_id));
    }
    assert_eq!(server.put(EVENTS, &json!({"id": 1, "points": 7, "description": "a fine post"})).status, 200);
    assert_eq!(server.post("/admin/users/merge", &json!({"from_id": 14, "into_id": 20})).status, 200);
    assert_eq!(server.delete(&format!("{EVENTS}/3")).status, 200);
    for event in ["post_destroyed", "post_recovered"] {
        for (post_id, user_id) in [(1, 13), (2, 14), (3, 15)] {
            tell(&server, event, &post(post_id, user_id));
        }
        let left = if event == "post_destroyed" { [0, 0, 0, 0] } else { [7, 0, 2, 0] };
        assert_eq!([13, 14, 20, 15].map(|user| server.score(user)), left, "{event}");
    }
    assert_eq!(events(&server, 13)[0].2, "a fine post");
}

#[test]
fn points_of_the_forum_and_others_are_one_score_on_the_leaderboard() {
    let server = connected();
    server.award(13, "2026-03-05", 15);
    tell(&server, "user_created", &user(13, "ann", "Ann Example"));
    tell(&server, "post_created", &post(123, 13));
    let shown = crate::support::wait_for("the leaderboard", || {
        let board = server.get("/leaderboard/1").json();
        Some(board["users"][0].clone()).filter(|first| first["total_score"] == 17)
    });
    assert_eq!(shown["name"], "Ann Example");
    let picture = "https://club.example/user_avatar/club.example/ann/{size}/7_2.png";
    assert_eq!((&shown["username"], &shown["avatar_template"]), (&json!("ann"), &json!(picture)));
}
