//! What the file of a layout holds: a little of everything that the program of that layout stores.

use rusqlite::Connection;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::file::{as_sql, newest, path_of};
use crate::support::browser::Browser;
use crate::support::forum::{connected, post, tell};
use crate::support::keys::{keys, make_key, revoke, rotate, with_key};
use crate::support::{EVENTS, RECALCULATE, Server, run, wait_for};

/// Keys that stand in the files, since the text of a key is not kept in a file.
pub const KEY_FOR_ALL: &str = "layouts: a key for all users";
pub const KEY_TO_READ: &str = "layouts: a key that only reads";
/// A key that was revoked.
pub const BROKEN_OFF: &str = "layouts: a key that was revoked";

/// A request that was answered under an idempotency key.
pub const ORDER: &str =
    r#"{"user_id": 13, "date": "2023-05-02", "points": -20, "description": "A mug", "minimum_score": 0}"#;
pub const ORDER_KEY: &str = "order-1071";

/// The highest id that was given, to an event that is deleted.
pub const LAST_DELETED: u64 = 34;

/// Makes the file of the newest layout. Run it once for each new migration, in the commit that adds it. What a new table is to hold
/// is stored here first.
#[test]
#[ignore = "it writes into tests/data"]
fn make_the_file_of_the_newest_layout() {
    let server = connected();
    fill(&server);
    let folder = server.stop();
    let connection = Connection::open(folder.path().join("scores.db")).expect("the file opens");
    for (id, key) in [(1, KEY_FOR_ALL), (2, KEY_TO_READ), (3, BROKEN_OFF)] {
        let prefix: String = key.chars().take(8).collect();
        let digest: [u8; 32] = Sha256::digest(key).into();
        const KNOWN: &str = "UPDATE api_keys SET prefix = ?1, digest = ?2 WHERE id = ?3";
        connection.execute(KNOWN, (prefix, digest, id)).expect("the key is known");
    }
    std::fs::write(path_of(newest()), as_sql(&connection)).expect("it is written");
}

fn fill(server: &Server) {
    let shared = server.folder();
    let folder = shared.path();
    let for_all = make_key(folder, &["--description", "for all"]);
    make_key(folder, &["--description", "to read", "--read-only", "--expires", "9999-12-31"]);
    make_key(folder, &["--username", "ann"]);
    revoke(folder, 3);
    make_key(folder, &["--description", "renewed"]);
    rotate(folder, &["4", "--grace", "24h"]);
    assert_eq!(keys(folder, &["list"]).code, Some(0));

    let put = |path: &str, body| assert_eq!(server.put(path, &body).status, 200, "{path}");
    let award = |user_id: i64, date: String, points: i64, description: Option<&str>| {
        let event = json!({"user_id": user_id, "date": date, "points": points, "description": description});
        assert_eq!(with_key(server, &for_all, "POST", EVENTS).json(&event).send().status, 200);
    };
    award(13, "2023-04-14".to_owned(), 15, Some("Karaoke night"));
    for number in 2..=30_i64 {
        let description = (number % 3 == 0).then_some("It's “Ünïcode”, a 'quote'\nand a second line");
        award(
            13 + number % 5,
            format!("2023-0{}-{:02}", 1 + number % 9, 1 + number % 28),
            number * 7 - 20,
            description,
        );
    }
    let order = serde_json::from_str(ORDER).expect("JSON");
    let order = with_key(server, &for_all, "POST", EVENTS).header("Idempotency-Key", ORDER_KEY).json(&order).send();
    assert_eq!(order.status, 200, "{order:?}");
    award(13, "2999-12-31".to_owned(), -3, Some("in the future"));
    put(EVENTS, json!({"id": 2, "points": 25, "description": "set right"}));
    put(EVENTS, json!({"id": 2, "points": 26}));
    assert_eq!(server.delete(&format!("{EVENTS}/3")).status, 200);

    put(
        "/admin/users/13",
        json!({"username": "ann", "name": "Ann Example", "avatar_template": "/pictures/{size}.png"}),
    );
    put("/admin/users/14", json!({"username": "Bob", "suspended": true}));
    put("/admin/users/15", json!({"username": "carol", "suspended": true}));
    assert_eq!(server.delete("/admin/users/15").status, 200);
    // What is given to another user is written into the table of users' events at once.
    let merge = json!({"from_id": 17, "into_id": 16});
    assert_eq!(server.post("/admin/users/merge", &merge).status, 200);
    put("/admin/groups/10", json!({"name": "staff", "user_ids": [13, 14]}));
    let board = json!({"name": "Spring", "created_by_id": 13, "from_date": "2023-03-01", "to_date": "2023-05-31", "default_period": 0});
    let board = server.post("/admin/plugins/gamification/leaderboard", &board);
    assert_eq!(board.status, 200, "{board:?}");
    assert_eq!(server.request("PUT", RECALCULATE).send().status, 200);
    wait_for("the recalculation to end", || {
        let unfinished = "SELECT count(*) FROM recalculations WHERE finished_at IS NULL";
        (server.sql().query_row(unfinished, [], |row| row.get::<_, i64>(0)).expect("a count") == 0).then_some(())
    });

    // What a forum tells. It gives no points, so that ids are those of every layout.
    put("/admin/rules/post_created", json!({"enabled": false, "daily_limit": 3, "category_ids": [4, 9]}));
    tell(server, "post_created", &post(123, 13));
    tell(server, "post_destroyed", &post(124, 14));
    Browser::signed_in(server, "ana").post_through("/admin/forum/secret", &[]);

    std::fs::write(
        folder.join("rows.csv"),
        "user_id,date,points,description,idempotency_key\n13,2023-06-01,5,imported,row-1\n",
    )
    .expect("a file");
    let imported = run(folder, &["--database", "scores.db", "import", "rows.csv"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    award(14, "2023-06-02".to_owned(), 1, Some("the last, deleted"));
    assert_eq!(server.delete(&format!("{EVENTS}/{LAST_DELETED}")).status, 200);
    // This one gives points, after the ids that are those of every layout.
    put("/admin/rules/post_created", json!({"enabled": true, "category_ids": []}));
    tell(server, "post_created", &post(125, 13));
    put("/admin/rules/post_created", json!({"enabled": false, "category_ids": [4, 9]}));
}
