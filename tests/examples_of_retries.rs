//! The examples that send again what may have been lost do so under one key, and give up on what is refused.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::examples::{answering, assert_success, example, reply};
use crate::support::{Server, binary};

const POST_BATCH: &str = "examples/post_batch.py";

/// A file with a list of events.
fn file(events: &Value) -> (TempDir, String) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("events.json");
    std::fs::write(&path, events.to_string()).expect("a file");
    let path = path.to_str().expect("a path in UTF-8").to_owned();
    (folder, path)
}

fn event(user_id: i64) -> Value {
    json!({"user_id": user_id, "date": "2023-04-14", "points": 15, "description": "Karaoke night"})
}

/// Replies of a server that is busy, then asks for patience, then stores.
fn busy_then(stored: &str) -> [String; 4] {
    let busy = reply("503 Service Unavailable", "Retry-After: 0\r\n", "{}");
    let often = reply("429 Too Many Requests", "Retry-After: 0\r\n", "{}");
    [String::new(), busy, often, reply("200 OK", "", stored)]
}

#[test]
fn a_batch_is_posted_once_however_often_it_is_sent() {
    let server = Server::start();
    let (_folder, path) = file(&json!((1..=10_003).map(event).collect::<Vec<_>>()));
    for _again in 0..2 {
        let run = example(&server.url(), "python3", &[POST_BATCH, &path]);
        assert_success(&run);
        assert_eq!(run.stdout, "10003 events are stored, 1 to 10003\n");
    }
    assert_eq!((server.count_events(), server.score(10_003)), (10_003, 15));
}

#[test]
fn a_batch_is_sent_again_under_its_key() {
    let (_folder, path) = file(&json!([event(1)]));
    let (url, server) = answering(busy_then(r#"{"events":[{"id":7}]}"#));
    let run = example(&url, "python3", &[POST_BATCH, &path]);
    assert_success(&run);
    assert_eq!(run.stdout, "1 events are stored, 7 to 7\n");
    let keys = server.join().expect("four requests");
    assert!(keys.iter().all(|key| key == &keys[0]) && keys[0].starts_with("batch-"), "{keys:?}");
}

#[test]
fn a_refused_batch_is_told_with_the_event_that_it_is_about() {
    let server = Server::start();
    let spend = json!({"user_id": 2, "date": "2023-04-14", "points": -5, "minimum_score": 0});
    let (_folder, path) = file(&json!([event(1), spend]));
    let run = example(&server.url(), "python3", &[POST_BATCH, &path]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("Not enough points: the spendable score is 0. (event 1 of the batch"), "{run:?}");
    assert_eq!(server.count_events(), 0);
}

#[test]
fn the_shop_takes_points_once_for_each_order_and_gives_them_back() {
    let server = Server::start();
    server.award(13, "2023-04-14", 7);
    let run = example(&server.url(), "python3", &["examples/shop_redemption.py"]);
    assert_success(&run);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "Enjoy your mug! 30 points are left.");
    assert!(lines[1].ends_with("is delivered already."), "{lines:?}");
    assert_eq!(
        lines[2..],
        [
            "A T-shirt costs 40 points, and you have 30.",
            "There is no cap left. Your 10 points are back.",
            "30 points are left.",
        ]
    );
    assert_eq!(server.score(13), 30);
}

/// The path of the Rust example.
fn patient_client() -> String {
    let program = Path::new(binary()).with_file_name("examples").join("patient_client");
    assert!(program.is_file(), "`cargo test` builds {}, `cargo test --test` does not", program.display());
    program.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn the_rust_client_waits_as_it_is_told_and_stores_once() {
    let arguments = ["13", "2023-04-14", "15", "Karaoke night"];
    let (url, server) = answering(busy_then(r#"{"id":7}"#));
    let run = example(&url, &patient_client(), &arguments);
    assert_success(&run);
    assert_eq!(run.stdout, "{\"id\":7}\n");
    let keys = server.join().expect("four requests");
    assert!(keys.iter().all(|key| key == &keys[0]), "{keys:?}");

    let server = Server::start();
    assert_success(&example(&server.url(), &patient_client(), &arguments));
    assert_eq!((server.count_events(), server.score(13)), (1, 15));
    let refused = example(&server.url(), &patient_client(), &["13", "2023-02-30", "15", ""]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("invalid parameters to the request: date"), "{refused:?}");
}
