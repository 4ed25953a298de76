//! Promise: leaderboards are made, set up in all that the contract names, and deleted in the browser, by the API's rules.

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::browser::{Browser, hidden};

const BOARDS: &str = "/admin/boards";

fn boards(server: &Server) -> Value {
    server.get("/admin/plugins/gamification").json()["gamification_leaderboards"].clone()
}

#[test]
fn a_board_is_made_once_and_set_up() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "Ana"}));
    for (id, name) in [(1, "staff"), (2, "school"), (3, "guests")] {
        server.put(&format!("/admin/groups/{id}"), &json!({"name": name, "user_ids": [13]}));
    }
    let browser = Browser::signed_in(&server, "ana");
    let list = browser.page(BOARDS);
    assert!(list.contains("Global Leaderboard") && list.contains("created_by_id=-1"), "{list}");
    let key = hidden(&list, "key");
    for _ in 0..2 {
        let (to, page) = browser.post_through(BOARDS, &[("name", " Spring & Co "), ("key", &key)]);
        assert_eq!(to, "/admin/boards/2?done=board-created");
        assert!(page.contains("Spring &#38; Co"), "{page}");
    }
    assert_eq!(boards(&server)[1]["created_by_id"], json!(13), "who is signed in has made it");

    let (to, page) = browser.post_through(
        "/admin/boards/2",
        &[
            ("name", "Spring"),
            ("from_date", "2023-03-01"),
            ("to_date", "2023-05-31"),
            ("default_period", "3"),
            ("period_filter_disabled", "true"),
            ("included_groups_ids[]", "1"),
            ("included_groups_ids[]", "2"),
            ("excluded_groups_ids[]", "3"),
            ("visible_to_groups_ids[]", "2"),
        ],
    );
    assert_eq!(to, "/admin/boards/2?done=board-saved");
    let mut board = boards(&server)[1].clone();
    board.as_object_mut().expect("a board").remove("updated_at");
    let want = json!({
        "id": 2, "name": "Spring", "created_by_id": 13, "from_date": "2023-03-01", "to_date": "2023-05-31",
        "visible_to_groups_ids": [2], "included_groups_ids": [1, 2], "excluded_groups_ids": [3],
        "default_period": 3, "period_filter_disabled": true,
    });
    assert_eq!(board, want);
    for text in [
        "value=\"2023-03-01\"",
        "value=\"2023-05-31\"",
        "<option value=\"3\" selected>",
        "name=\"period_filter_disabled\" value=\"true\" checked",
        "name=\"included_groups_ids[]\" value=\"1\" checked",
        "name=\"excluded_groups_ids[]\" value=\"3\" checked",
        "name=\"excluded_groups_ids[]\" value=\"1\">",
        "name=\"visible_to_groups_ids[]\" value=\"2\" checked",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // A group that goes stays on the board until it is taken out.
    server.delete("/admin/groups/3");
    assert!(browser.page("/admin/boards/2").contains("value=\"3\" checked><bdi>group 3, deleted"));
    // Nothing chosen is nothing.
    browser.post_through(
        "/admin/boards/2",
        &[("name", "Spring"), ("from_date", ""), ("to_date", ""), ("default_period", "0")],
    );
    let board = boards(&server)[1].clone();
    assert_eq!(
        [&board["from_date"], &board["included_groups_ids"], &board["period_filter_disabled"]],
        [&json!(null), &json!([]), &json!(false)]
    );
}

#[test]
fn the_rules_are_those_of_the_api() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    browser.post_through(BOARDS, &[("name", "Spring"), ("key", "k1")]);
    let before = boards(&server);
    assert_eq!(before[1]["created_by_id"], json!(-1), "nobody whom the directory knows");
    let long = "x".repeat(256);
    for (name, status) in [("", 400), ("  ", 400), (long.as_str(), 400), ("SPRING", 422), ("New", 422)] {
        for path in [BOARDS, "/admin/boards/1"] {
            let reply = browser.post(path, &[("name", name), ("key", "k2")]);
            assert_eq!(reply.status, status, "{path} {name}");
            assert!(reply.body.contains("id=\"name-error\"") && reply.body.contains(name), "{}", reply.body);
            server.sql().execute("DELETE FROM idempotency_keys", []).expect("the refusal is forgotten");
        }
    }
    for (field, value, status) in [
        ("from_date", "2023-02-30", 400),
        ("to_date", "0000-01-01", 400),
        ("default_period", "6", 400),
        ("period_filter_disabled", "perhaps", 400),
        ("included_groups_ids[]", "0", 400),
        ("visible_to_groups_ids[]", "x", 400),
    ] {
        let reply = browser.post("/admin/boards/2", &[("name", "Typed"), (field, value)]);
        assert_eq!(reply.status, status, "{field}");
        assert!(
            reply.body.contains("value=\"Typed\"")
                && reply.body.contains("aria-invalid") | reply.body.contains("role=\"alert\"")
        );
    }
    let reply =
        browser.post("/admin/boards/2", &[("name", "A"), ("from_date", "2023-05-01"), ("to_date", "2023-04-30")]);
    assert_eq!(reply.status, 422);
    assert!(reply.body.contains("id=\"to_date-error\""), "{}", reply.body);
    assert_eq!(boards(&server), before);
}

#[test]
fn a_board_is_deleted_after_a_question_but_not_the_first() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    browser.post_through(BOARDS, &[("name", "Spring"), ("key", "k1")]);
    assert!(!browser.page("/admin/boards/1").contains("/delete"));
    for reply in [browser.get("/admin/boards/1/delete"), browser.post("/admin/boards/1/delete", &[])] {
        assert_eq!(reply.status, 422);
        assert!(reply.body.contains("The first leaderboard can&#39;t be deleted."), "{}", reply.body);
    }
    assert!(browser.page("/admin/boards/2/delete").contains("Delete “Spring”?"));
    assert_eq!(boards(&server).as_array().map(Vec::len), Some(2));
    let (_, page) = browser.post_through("/admin/boards/2/delete", &[]);
    assert!(page.contains("The leaderboard is deleted.") && !page.contains("<bdi>Spring</bdi>"), "{page}");
    assert_eq!(boards(&server).as_array().map(Vec::len), Some(1));
}
