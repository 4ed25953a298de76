//! Promise: `minimum_score` on a correction and a deletion refuses what would leave less, also where it raises the score.

use chrono::{Days, Utc};
use serde_json::json;

use crate::support::{EVENTS, Reply, Server};

const DAY: &str = "2023-04-14";

fn future() -> String {
    (Utc::now().date_naive() + Days::new(10)).to_string()
}

#[track_caller]
fn assert_refused(reply: &Reply, spendable: i64) {
    let sentence = format!("Not enough points: the spendable score is {spendable}.");
    reply.assert_error(422, "insufficient_points", &sentence);
    assert_eq!(reply.json()["extras"], json!({"score": spendable}));
}

fn correct(server: &Server, id: i64, points: i64, minimum: i64) -> Reply {
    server.put(EVENTS, &json!({"id": id, "points": points, "minimum_score": minimum}))
}

fn delete(server: &Server, id: i64, minimum: i64) -> Reply {
    server.request("DELETE", &format!("{EVENTS}/{id}?minimum_score={minimum}")).send()
}

/// What the server lists and tells of event 1 and the user's score.
fn state(server: &Server) -> (String, String, i64) {
    (server.get(EVENTS).body, server.get(&format!("{EVENTS}/1/history")).body, server.score(13))
}

#[test]
fn a_correction_leaves_the_minimum_or_is_refused() {
    let server = Server::start();
    server.award(13, DAY, 100);
    let before = state(&server);
    assert_refused(&correct(&server, 1, 29, 30), 100);
    assert_refused(&correct(&server, 1, -2_147_483_648, 0), 100);
    assert_refused(&correct(&server, 1, 150, 151), 100);
    assert_refused(&correct(&server, 1, 100, i64::MAX), 100);
    assert_eq!(state(&server), before, "a refusal stores nothing");
    assert_eq!(correct(&server, 1, 30, 30).status, 200);
    assert_eq!(server.score(13), 30);
    assert_eq!(correct(&server, 1, -5, -5).status, 200);
    assert_eq!(server.put(EVENTS, &json!({"id": 1, "points": -50, "minimum_score": null})).status, 200);
    assert_eq!(server.score(13), -50);
    let wrong = server.put(EVENTS, &json!({"id": 1, "points": 1, "minimum_score": "some"}));
    wrong.assert_error(400, "invalid_parameters", "You supplied invalid parameters to the request: minimum_score");
    assert_eq!(correct(&server, 2, 1, 5).status, 404, "what is not there is not refused for its points");
}

#[test]
fn a_deletion_leaves_the_minimum_or_is_refused() {
    let server = Server::start();
    server.award(13, DAY, 100);
    server.award(13, DAY, -30);
    let before = state(&server);
    assert_refused(&delete(&server, 1, 0), 70);
    assert_refused(&delete(&server, 2, 101), 70);
    let in_body = server.request("DELETE", &format!("{EVENTS}/1")).json(&json!({"minimum_score": 0})).send();
    assert_refused(&in_body, 70);
    assert_eq!(state(&server), before, "a refusal stores nothing");
    assert_eq!(delete(&server, 2, 100).status, 200);
    assert_eq!(delete(&server, 1, 0).status, 200);
    assert_eq!(server.score(13), 0);
    assert_eq!(delete(&server, 1, 50).status, 404);
    let wrong = server.request("DELETE", &format!("{EVENTS}/1?minimum_score=some")).send();
    wrong.assert_error(400, "invalid_parameters", "You supplied invalid parameters to the request: minimum_score");
}

#[test]
fn points_dated_in_the_future_count_only_where_they_are_taken() {
    let server = Server::start();
    server.award(13, DAY, 100);
    server.award(13, &future(), 1000);
    server.award(13, &future(), -60);
    // Of an award to come nothing can be spent yet, so taking it away changes nothing either.
    assert_refused(&correct(&server, 2, 5000, 41), 40);
    assert_eq!(correct(&server, 2, 10, 40).status, 200);
    assert_eq!(delete(&server, 2, 40).status, 200);
    // A deduction to come is taken off at once, and comes back at once.
    assert_refused(&correct(&server, 3, -101, 0), 40);
    assert_refused(&correct(&server, 3, 70, 101), 40);
    assert_eq!(correct(&server, 3, 70, 100).status, 200);
    assert_eq!(correct(&server, 3, -60, 40).status, 200);
    assert_eq!(delete(&server, 3, 100).status, 200);
}
