//! Promise: a leaderboard comes in pages of a hundred, shows anyone's neighbours, and a page that has not changed need not be
//! sent again.

use serde_json::{Value, json};

use crate::leaderboards::{Ranks, assert_done, assert_order, assert_ranks, quick, ranks, set_board, set_user};
use crate::support::Server;

/// 205 users; user 1 leads with 205 points, user 205 is last with 1.
fn two_hundred_and_five() -> Server {
    let server = quick().start();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for user in (1..=205).filter(|user| user % 4 == part) {
                    server.award(user, "2023-04-14", 206 - user);
                }
            });
        }
    });
    assert_ranks(&server, "/leaderboard/1?page=2&for_user_id=1", &places(201..=205));
    server
}

fn places(places: std::ops::RangeInclusive<i64>) -> Ranks {
    places.map(|place| (place, 206 - place, place)).collect()
}

#[test]
fn a_page_has_a_hundred_users_and_everyone_a_place() {
    let server = two_hundred_and_five();
    let show = |query: &str| {
        let reply = server.get(&format!("/leaderboard/1?{query}"));
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        ranks(&reply.json())
    };
    for (query, want) in [
        ("", places(1..=100)),
        ("page=0", places(1..=100)),
        ("page=1", places(101..=200)),
        ("page=2", places(201..=205)),
        ("page=3", vec![]),
        ("page=2147483647", vec![]),
        ("page=9223372036854775807", vec![]),
        ("user_limit=1", places(1..=1)),
        ("user_limit=100", places(1..=100)),
        ("user_limit=3&page=1", places(101..=103)),
        ("user_limit=7&page=2", places(201..=205)),
        ("user_limit=%31&page=01", places(101..=101)),
    ] {
        assert_eq!(show(query), want, "{query}");
    }
    for user in [1, 100, 101, 205] {
        for query in ["", "&page=1", "&page=9", "&user_limit=1"] {
            let page = server.get(&format!("/leaderboard/1?for_user_id={user}{query}")).json();
            let personal = &page["personal"];
            assert_eq!((&personal["position"], &personal["user"]["id"]), (&json!(user), &json!(user)), "{query}");
            assert_eq!(personal["user"]["total_score"], json!(206 - user));
        }
    }
    let body = server.request("GET", "/leaderboard/1?page=1").json(&json!({"page": 2, "user_limit": "2"})).send();
    assert_eq!(ranks(&body.json()), places(101..=200), "an address has one answer, whatever body comes with it");
}

#[test]
fn neighbours_stand_around_a_user_as_far_as_there_are_any() {
    let server = two_hundred_and_five();
    for (query, want) in [
        ("103", places(98..=108)),
        ("103?radius=1", places(102..=104)),
        ("103?radius=50", places(53..=153)),
        ("1", places(1..=6)),
        ("3?radius=5", places(1..=8)),
        ("205?radius=2", places(203..=205)),
        ("204?radius=50", places(154..=205)),
        ("100?radius=2&period=all", places(98..=102)),
        ("206", vec![]),
        ("103?period=daily", vec![]),
    ] {
        let reply = server.get(&format!("/leaderboard/1/around/{query}"));
        assert_eq!((reply.status, ranks(&reply.json())), (200, want), "{query}");
        let user: i64 = query.split('?').next().and_then(|id| id.parse().ok()).expect("an id");
        let position = if query.ends_with("daily") || user > 205 { Value::Null } else { json!(user) };
        assert_eq!(reply.json()["personal"]["position"], position, "{query}");
    }
}

#[test]
fn a_page_that_has_not_changed_is_not_sent_again() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    server.award(14, "2023-04-14", 10);
    let first = assert_order(&server, "/leaderboard/1", &[(13, 15), (14, 10)]);
    assert_eq!(first.header("Cache-Control"), Some("public, max-age=1, must-revalidate"));
    let tag = first.header("ETag").expect("an ETag").to_owned();
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");

    let ask = |path: &str, known: &str| server.anonymous("GET", path).header("If-None-Match", known).send();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let same = ask("/leaderboard/1", &known);
        assert_eq!((same.status, same.body.as_str()), (304, ""), "{known}");
        assert_eq!(same.header("ETag"), Some(tag.as_str()));
        assert_eq!(same.header("Cache-Control"), Some("public, max-age=1, must-revalidate"));
        assert!(same.header("X-Request-Id").is_some(), "{same:?}");
    }
    assert_eq!(ask("/leaderboard/1", "\"other\"").status, 200);
    // Each page has its own, and what is different is never told apart by the tag of another.
    let mut tags = vec![tag.clone()];
    for path in [
        "/leaderboard/1?page=1",
        "/leaderboard/1?user_limit=1",
        "/leaderboard/1?for_user_id=13",
        "/leaderboard/1?for_user_id=14",
        "/leaderboard/1?period=daily",
        "/leaderboard/1/around/13",
        "/leaderboard/1/around/14",
        "/leaderboard/1/around/13?radius=1",
    ] {
        let reply = ask(path, &tags.join(", "));
        assert_eq!(reply.status, 200, "{path}");
        let own = reply.header("ETag").expect("an ETag").to_owned();
        assert_eq!(ask(path, &own).status, 304, "{path}");
        tags.push(own);
    }
    // An award that changes one page does not change another.
    let daily = |known: &str| ask("/leaderboard/1?period=daily", known);
    let tag_of_daily = daily("").header("ETag").expect("an ETag").to_owned();
    server.award(15, "2023-04-14", 1);
    let changed = assert_order(&server, "/leaderboard/1", &[(13, 15), (14, 10), (15, 1)]);
    assert_eq!(daily(&tag_of_daily).status, 304);
    assert_ne!(changed.header("ETag"), Some(tag.as_str()));
    let again = ask("/leaderboard/1", &tag);
    assert_eq!((again.status, &again.body), (200, &changed.body));
    // Every change that a page shows changes its tag.
    let mut last = changed.header("ETag").expect("an ETag").to_owned();
    let changes: [&dyn Fn(); 3] = [
        &|| set_user(&server, 13, &json!({"username": "ann"})),
        &|| set_board(&server, 1, json!({"name": "Renamed"})),
        &|| assert_done(&server.post("/admin/users/merge", &json!({"from_id": 15, "into_id": 14}))),
    ];
    for change in changes {
        change();
        let reply = ask("/leaderboard/1", &last);
        assert_eq!(reply.status, 200);
        last = reply.header("ETag").expect("an ETag").to_owned();
    }
}
