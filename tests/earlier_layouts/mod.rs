//! Promise: the start of a newer program keeps all that a file of any earlier layout holds, also if it is killed in the
//! middle of that.
//!
//! `tests/data/layouts` has a file of each layout as SQL text. A new migration needs one too; `world.rs` makes it.

pub mod file;
#[cfg(feature = "program-tests")]
mod killed;
mod world;

use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use self::file::{layouts, make_file_of, newest, text_of};
use self::world::{BROKEN_OFF, KEY_FOR_ALL, KEY_TO_READ, ORDER, ORDER_KEY};
use crate::support::keys::with_key;
use crate::support::{EVENTS, RECALCULATE, Server, Setup, run};

/// The first layout that has the table of that name.
const SCORES_SINCE: u32 = 2;
const KEYS_SINCE: u32 = 3;
const ANSWERS_SINCE: u32 = 4;
const DIRECTORY_SINCE: u32 = 5;
const BOARDS_SINCE: u32 = 6;
const IMPORTS_SINCE: u32 = 14;
const RULES_SINCE: u32 = 16;

#[test]
fn each_layout_has_a_file() {
    for layout in 1..=newest() {
        assert!(
            text_of(layout).is_some(),
            "tests/data/layouts/V{layout}.sql is missing; make it with: \
             cargo test --test contract -- --ignored make_the_file_of_the_newest_layout"
        );
    }
}

#[test]
fn a_file_of_each_layout_is_migrated_and_keeps_all_it_holds() {
    for layout in layouts() {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        let before = make_file_of(layout, folder.path());
        let server = Setup::in_folder(folder).start();
        before.assert_kept(&server.database(), layout);
        assert_in_use(&server, layout);
    }
}

/// Fails unless what a file of that layout held is found through the API.
fn assert_in_use(server: &Server, layout: u32) {
    let events = server.count_events();
    assert!(events >= 30, "{events} events in layout {layout}");
    let history = server.get(&format!("{EVENTS}/2/history")).json();
    let actions: Vec<_> =
        history["revisions"].as_array().expect("revisions").iter().map(|step| &step["action"]).collect();
    assert_eq!(actions, ["create", "update", "update"], "layout {layout}");
    let history = server.get(&format!("{EVENTS}/3/history")).json();
    assert_eq!(history["revisions"][1]["action"], "delete", "layout {layout}: {history}");
    // The next event gets an id that no event ever had, though the last ones are deleted.
    let next = server.award(99, "2023-04-14", 1)["id"].as_u64().expect("an id");
    let last_deleted = world::LAST_DELETED;
    assert!(next > last_deleted, "layout {layout}: {next}");

    if layout < SCORES_SINCE {
        let backfilled = run(server.folder().path(), &["--database", "scores.db", "--backfill-from", "2020-01-01"]);
        assert_eq!(backfilled.code, Some(0), "{backfilled:?}");
    }
    let sum: i64 = server
        .sql()
        .query_row("SELECT sum(points) FROM score_events WHERE user_id = 13 AND date < '2900'", [], |row| row.get(0))
        .expect("a sum");
    assert_eq!(server.score(13), sum, "layout {layout}");
    assert!(server.get(RECALCULATE).json()["remaining"].is_number());

    if layout >= KEYS_SINCE {
        assert_eq!(with_key(server, KEY_FOR_ALL, "GET", EVENTS).send().status, 200, "layout {layout}");
        assert_eq!(with_key(server, KEY_TO_READ, "GET", EVENTS).send().status, 200, "layout {layout}");
        let award = json!({"user_id": 13, "date": "2023-04-14", "points": 1});
        let refused = with_key(server, KEY_TO_READ, "POST", EVENTS).json(&award).send();
        assert_eq!(refused.status, 403, "layout {layout}: {refused:?}");
        assert_eq!(with_key(server, BROKEN_OFF, "GET", EVENTS).send().status, 403, "layout {layout}");
    }
    if layout >= ANSWERS_SINCE {
        let order = serde_json::from_str(ORDER).expect("JSON");
        let repeat = with_key(server, KEY_FOR_ALL, "POST", EVENTS).header("Idempotency-Key", ORDER_KEY).json(&order);
        let reply = repeat.send();
        assert_eq!(reply.status, 200, "layout {layout}: {reply:?}");
        assert_eq!(reply.header("Idempotent-Replayed"), Some("true"), "layout {layout}");
    }
    if layout >= DIRECTORY_SINCE {
        assert_eq!(server.get("/admin/users/13").json()["username"], "ann", "layout {layout}");
        assert_eq!(server.get("/admin/groups/10").json()["user_ids"], json!([13, 14]), "layout {layout}");
    }
    if layout >= BOARDS_SINCE {
        assert_eq!(server.get("/leaderboard/2").json()["leaderboard"]["name"], "Spring", "layout {layout}");
    }
    if layout >= RULES_SINCE {
        let rules = server.get("/admin/rules").json();
        let posts =
            json!({"name": "post_created", "points": 2, "enabled": false, "daily_limit": 3, "category_ids": [4, 9]});
        assert_eq!(rules["rules"][0], posts, "layout {layout}");
    }
    if layout >= IMPORTS_SINCE {
        let list = run(server.folder().path(), &["--database", "scores.db", "import", "--list"]);
        assert!(list.stdout.contains("rows.csv"), "layout {layout}: {list:?}");
    }
}
