//! Promise: no page of the administration grows with what is stored: each shows a stated number, and a way to go on.

use serde_json::json;

use crate::leaderboards::{create_board, quick};
use crate::support::browser::{Browser, unescape};
use crate::support::{Server, Setup};

/// What all pages of a list hold between `before` and the next quote, from `path` on along the link that says `more`.
fn walk(browser: &Browser<'_>, path: &str, before: &str, more: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = unescape(&browser.page(&path));
        let rows = page.split(before).skip(1).filter_map(|rest| rest.split('"').next());
        pages.push(rows.map(str::to_owned).collect());
        next = page
            .split("<a ")
            .find(|link| link.split("</a>").next().is_some_and(|link| link.ends_with(&format!(">{more}"))))
            .and_then(|link| link.split("href=\"").nth(1)?.split('"').next().map(str::to_owned));
        assert!(pages.len() < 10, "the list ends");
    }
    pages
}

/// How many are on each page.
fn sizes(pages: &[Vec<String>]) -> Vec<usize> {
    pages.iter().map(Vec::len).collect()
}

#[test]
fn keys_come_a_hundred_at_a_time_those_that_work_first() {
    let server = Server::start();
    let sql = server.sql();
    let insert = "INSERT INTO api_keys (prefix, digest, username, scopes, created_at, expires_on, revoked_at)
                  VALUES (printf('k%03d', ?1), randomblob(32), 'bob', 'events:read', 0, ?2, ?3)";
    sql.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for number in 1..=230 {
        // Of three, one works, one has ended and one is revoked.
        let (ends, revoked) = [(None, None), (Some("2020-01-01"), None), (None, Some(1))][number % 3];
        sql.execute(insert, (number as i64, ends, revoked)).expect("a key");
    }
    sql.execute_batch("COMMIT").expect("a commit");
    let browser = Browser::signed_in(&server, "ana");
    let pages = walk(&browser, "/admin/keys", "\"><code>k", "More keys");
    assert_eq!(sizes(&pages), [100, 100, 30]);
    let shown: Vec<usize> = pages.concat().iter().map(|row| row[..3].parse().expect("a number")).collect();
    let newest_first = |over: bool| (1..=230).rev().filter(move |number| (number % 3 != 0) == over);
    assert_eq!(shown, newest_first(false).chain(newest_first(true)).collect::<Vec<_>>());
    // The form below a later page is the same, and a place that can't be read is the start.
    assert_eq!(walk(&browser, "/admin/keys?after=x", "<code>k", "none")[0].len(), 100);
    assert!(browser.page("/admin/keys?after=0&works=false").contains("href=\"/admin/keys\">First"));
}

#[test]
fn boards_come_a_hundred_at_a_time() {
    let server = quick().start();
    for number in 2..=205 {
        create_board(&server, &format!("Board {number}"));
    }
    let browser = Browser::signed_in(&server, "ana");
    let pages = walk(&browser, "/admin/boards", "data-label=\"Name\"><a href=\"/admin/boards/", "More leaderboards");
    assert_eq!(sizes(&pages), [100, 100, 5]);
    let shown: Vec<usize> = pages.concat().iter().map(|id| id.parse().expect("a number")).collect();
    assert_eq!(shown, (1..=205).collect::<Vec<_>>());
    assert!(browser.page("/admin/boards/205").contains("Board 205"));
}

#[test]
fn groups_come_a_hundred_at_a_time_and_a_board_keeps_those_that_it_does_not_offer() {
    let server = Server::start();
    let sql = server.sql();
    let counted = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 250)";
    sql.execute_batch(&format!(
        "{counted} INSERT INTO groups (id, name) SELECT n, 'group ' || n FROM n;
         {counted} INSERT INTO group_members (group_id, user_id) SELECT 250, n FROM n WHERE n <= 42"
    ))
    .expect("groups");
    let server = Setup::in_folder(server.stop()).start();
    let browser = Browser::signed_in(&server, "ana");
    let pages = walk(&browser, "/admin/people", "data-label=\"Group\"><a href=\"/admin/people/groups/", "More groups");
    assert_eq!(sizes(&pages), [100, 100, 50]);
    assert!(browser.page("/admin/people?after_group=200").contains("42 members"));

    let path = "/admin/plugins/gamification/leaderboard/1";
    let board = json!({"name": "Global", "included_groups_ids": [3, 250]});
    assert_eq!(server.put(path, &board).status, 200);
    let page = browser.page("/admin/boards/1");
    assert!(page.contains("value=\"250\" checked><bdi>group 250<") && !page.contains("group 249"), "{page}");
    assert!(page.contains("Here are the first 200 groups by number"), "{page}");
}

#[test]
fn a_group_with_more_members_than_the_form_takes_keeps_them() {
    let server = Server::start();
    let ids: Vec<i64> = (1..=5_001).collect();
    assert_eq!(server.put("/admin/groups/7", &json!({"name": "all", "user_ids": ids})).status, 200);
    let browser = Browser::signed_in(&server, "ana");
    let path = "/admin/people/groups/7";
    let page = browser.page(path);
    assert!(page.contains("5,001 members") && !page.contains("<textarea"), "{page}");
    browser.post_through(path, &[("name", "everyone")]);
    let group = server.get("/admin/groups").json()["groups"][0].clone();
    assert_eq!((&group["name"], group["user_ids"].as_array().map(Vec::len)), (&json!("everyone"), Some(5_001)));

    let lines = |count: i64| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join("\n");
    let reply = browser.post(path, &[("name", "everyone"), ("user_ids", &lines(5_001))]);
    assert_eq!(reply.status, 422);
    browser.post_through(path, &[("name", "everyone"), ("user_ids", &lines(5_000))]);
    assert!(browser.page(path).contains("<textarea"));
}
