//! Promise: rules say what counts and how much. A changed rule counts from then on, and what was counted stays.

use serde_json::{Value, json};

use crate::support::forum::{SECRET, chat_message, connected, like, post, signature, tell, topic, with};
use crate::support::keys::{make_key, with_key};
use crate::support::{Server, Setup};

const RULES: &str = "/admin/rules";

fn rule(server: &Server, name: &str) -> Value {
    let rules = server.get(RULES).json();
    let found = rules["rules"].as_array().and_then(|rules| rules.iter().find(|rule| rule["name"] == name));
    found.expect("the rule").clone()
}

#[track_caller]
fn change(server: &Server, name: &str, body: Value) {
    let reply = server.put(&format!("{RULES}/{name}"), &body);
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#), "{name} {body}");
}

#[test]
fn the_rules_are_listed_with_their_defaults() {
    let server = Server::start();
    let row = |name: &str, points: i64| {
        format!(r#"{{"name":"{name}","points":{points},"enabled":true,"daily_limit":null,"category_ids":[]}}"#)
    };
    let rows = [
        ("post_created", 2),
        ("topic_created", 5),
        ("like_given", 1),
        ("like_received", 1),
        ("solution", 10),
        ("chat_message_created", 1),
    ];
    let rows = rows.map(|(name, points)| row(name, points)).join(",");
    let reply = server.get("/admin/rules.json");
    assert_eq!((reply.status, reply.body.as_str()), (200, format!(r#"{{"rules":[{rows}]}}"#).as_str()));
    reply.assert_api_reply();
}

#[test]
fn a_rule_is_changed_in_part_and_the_change_is_told() {
    let server = Server::start();
    change(&server, "post_created", json!({"points": 3, "daily_limit": 10, "category_ids": [9, 4, 9]}));
    let expected =
        json!({"name": "post_created", "points": 3, "enabled": true, "daily_limit": 10, "category_ids": [4, 9]});
    assert_eq!(rule(&server, "post_created"), expected);
    change(&server, "post_created", json!({}));
    change(&server, "post_created", json!({"enabled": false, "points": null}));
    assert_eq!(rule(&server, "post_created")["daily_limit"], 10);
    change(&server, "post_created", json!({"daily_limit": null, "category_ids": []}));
    let expected =
        json!({"name": "post_created", "points": 3, "enabled": false, "daily_limit": null, "category_ids": []});
    assert_eq!(rule(&server, "post_created"), expected);
    // A form says the same with blanks.
    let reply = server.request("PUT", "/admin/rules/solution").form("points=-4&daily_limit=2&category_ids[]=3").send();
    assert_eq!(reply.status, 200);
    assert_eq!(rule(&server, "solution")["daily_limit"], 2);
    assert_eq!(server.request("PUT", "/admin/rules/solution").form("daily_limit=&category_ids=").send().status, 200);
    let expected = json!({"name": "solution", "points": -4, "enabled": true, "daily_limit": null, "category_ids": []});
    assert_eq!(rule(&server, "solution"), expected);
    let entries = server.get("/admin/audit?kind=rule").json();
    let told: Vec<_> = entries["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            [text("action"), text("subject"), text("before"), text("after")].join(" | ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "rule.update | rule solution | daily limit 2, categories 3 | no daily limit, no categories",
            "rule.update | rule solution | points 10, no daily limit, no categories | points -4, daily limit 2, categories 3",
            "rule.update | rule post_created | daily limit 10, categories 4 9 | no daily limit, no categories",
            "rule.update | rule post_created | counts yes | counts no",
            "rule.update | rule post_created | points 2, no daily limit, no categories | points 3, daily limit 10, categories 4 9",
        ]
    );
}

#[test]
fn what_is_no_change_of_a_rule_is_refused() {
    let setup = Setup::new();
    let read = make_key(setup.folder(), &["--read-only"]);
    let server = setup.start();
    for (body, name) in [
        (json!({"points": "many"}), "points"),
        (json!({"points": 1.5}), "points"),
        (json!({"points": 2_147_483_648_i64}), "points"),
        (json!({"enabled": "perhaps"}), "enabled"),
        (json!({"daily_limit": -1}), "daily_limit"),
        (json!({"daily_limit": "none"}), "daily_limit"),
        (json!({"category_ids": [0]}), "category_ids"),
        (json!({"category_ids": "four"}), "category_ids"),
        (json!({"category_ids": (1..=1001).collect::<Vec<_>>()}), "category_ids"),
        (json!({"points": 7, "daily_limit": [1]}), "daily_limit"),
    ] {
        let reply = server.put("/admin/rules/post_created", &body);
        let sentence = format!("You supplied invalid parameters to the request: {name}");
        reply.assert_error(400, "invalid_parameters", &sentence);
    }
    assert_eq!(rule(&server, "post_created")["points"], 2);
    let unknown = server.put("/admin/rules/days_visited", &json!({"points": "many"}));
    unknown.assert_error(404, "not_found", "The requested URL or resource could not be found.");
    assert_eq!(with_key(&server, &read, "GET", RULES).send().status, 200);
    let refused = with_key(&server, &read, "PUT", "/admin/rules/post_created").json(&json!({"points": 1})).send();
    assert_eq!((refused.status, refused.json()["extras"].clone()), (403, json!({"scope": "boards"})));
    assert_eq!(server.anonymous("GET", RULES).send().error_type(), "not_logged_in");
}

#[test]
fn a_changed_rule_counts_from_then_on() {
    let server = connected();
    tell(&server, "post_created", &post(1, 13));
    change(&server, "post_created", json!({"points": 7}));
    tell(&server, "post_created", &post(1, 13));
    tell(&server, "post_created", &post(2, 13));
    assert_eq!(server.score(13), 2 + 7);
    change(&server, "post_created", json!({"enabled": false}));
    tell(&server, "post_created", &post(3, 13));
    assert_eq!(server.score(13), 9);
    // What was counted is taken back and comes again as it was.
    for post_id in 1..=3 {
        tell(&server, "post_destroyed", &post(post_id, 13));
    }
    assert_eq!(server.score(13), 0);
    for post_id in 1..=3 {
        tell(&server, "post_recovered", &post(post_id, 13));
    }
    assert_eq!(server.score(13), 9);
    // What came while it was off is not counted later.
    change(&server, "post_created", json!({"enabled": true, "points": 0}));
    tell(&server, "post_created", &post(3, 13));
    tell(&server, "post_created", &post(4, 13));
    change(&server, "post_created", json!({"points": -5}));
    tell(&server, "post_created", &post(4, 13));
    assert_eq!((server.score(13), server.count_events()), (9, 2));
    tell(&server, "post_created", &post(5, 13));
    assert_eq!(server.score(13), 4);
}

#[test]
fn only_some_categories_count() {
    let server = connected();
    for name in ["post_created", "topic_created", "like_given", "chat_message_created"] {
        change(&server, name, json!({"category_ids": [4, 5]}));
    }
    let into = |category: Value| json!({"category_id": category});
    for (at, category) in [json!(4), json!(6), json!(null), json!("5")].into_iter().enumerate() {
        let id = 10 + i64::try_from(at).expect("a small number");
        tell(&server, "post_created", &with(post(id, 13), "post", &into(category.clone())));
        tell(&server, "topic_created", &with(topic(id, 14), "topic", &into(category.clone())));
        tell(&server, "post_liked", &with(like(id, 15, 16), "like.post", &into(category.clone())));
        let channel = json!({"chatable_id": category});
        tell(&server, "chat_message_created", &with(chat_message(id, 17), "chat_message.channel", &channel));
    }
    assert_eq!([13, 14, 15, 16, 17].map(|user| server.score(user)), [2 * 2, 2 * 5, 4, 2, 2]);
}

#[test]
fn a_days_limit_holds_and_a_place_is_not_filled_from_before() {
    let server = connected();
    change(&server, "post_created", json!({"daily_limit": 2}));
    for post_id in 1..=3 {
        tell(&server, "post_created", &post(post_id, 13));
    }
    // Others, other days and other rules have places of their own.
    tell(&server, "post_created", &post(4, 14));
    tell(&server, "post_created", &with(post(5, 13), "post", &json!({"created_at": "2026-03-06T10:00:00Z"})));
    assert_eq!((server.score(13), server.score(14)), (3 * 2, 2));
    tell(&server, "post_destroyed", &post(1, 13));
    assert_eq!(server.score(13), 2 * 2);
    tell(&server, "post_created", &post(3, 13));
    tell(&server, "post_recovered", &post(3, 13));
    assert_eq!(server.score(13), 2 * 2, "the third does not come in for the first");
    assert_eq!(tell(&server, "post_created", &post(6, 13)), "post_created:6: counted");
    assert_eq!(server.score(13), 3 * 2, "a new one does");
    let said = tell(&server, "post_recovered", &post(1, 13));
    assert_eq!((said.as_str(), server.score(13)), ("post_created:1: not counted, the day's limit is reached", 6));
    change(&server, "post_created", json!({"daily_limit": 0}));
    tell(&server, "post_created", &post(7, 15));
    assert_eq!(server.score(15), 0);
}

#[test]
fn a_days_limit_holds_under_deliveries_at_the_same_time() {
    let server = connected();
    change(&server, "post_created", json!({"daily_limit": 5}));
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..10 {
                    tell(server, "post_created", &post(worker * 10 + number + 1, 13));
                }
            });
        }
    });
    assert_eq!((server.score(13), server.count_events()), (10, 5));
}

#[test]
fn rules_outlive_a_restart() {
    let server = connected();
    change(&server, "post_created", json!({"points": 9, "daily_limit": 1}));
    tell(&server, "post_created", &post(1, 13));
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_DISCOURSE_SECRET", SECRET).start();
    tell(&server, "post_created", &post(1, 13));
    tell(&server, "post_created", &post(2, 13));
    assert_eq!(server.score(13), 9);
    assert!(signature(SECRET, b"").starts_with("sha256="));
}
