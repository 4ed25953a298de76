//! Promise: the history of an event is read a page at a time, however long it has become.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::{EVENTS, Reply, Server};

/// A server with one event that was created with 0 points and then changed to 1, 2 … `changes` points.
fn with_changes(changes: i64) -> Server {
    let server = Server::start();
    let id = server.award(13, "2023-04-14", 0)["id"].clone();
    assert_eq!(id, 1);
    for points in 1..=changes {
        assert_eq!(server.put(EVENTS, &json!({"id": id, "points": points})).status, 200);
    }
    server
}

fn points(reply: &Reply) -> Vec<i64> {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.assert_api_reply();
    let revisions = reply.json()["revisions"].as_array().expect("a list").clone();
    revisions.iter().map(|revision| revision["points"].as_i64().expect("points")).collect()
}

fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("Link")?;
    Some(link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"").expect("a link to the next page").to_owned())
}

#[test]
fn a_page_of_the_history_has_a_hundred_steps_or_fewer() {
    let server = with_changes(101);
    let path = format!("{EVENTS}/1/history");
    let first = server.get(&path);
    assert_eq!(points(&first), (0..100).collect::<Vec<_>>());
    let second = server.get(&next(&first).expect("more follow"));
    assert_eq!((points(&second), next(&second)), (vec![100, 101], None));

    let mut path = format!("{path}?limit=40");
    let mut seen = Vec::new();
    loop {
        let page = server.get(&path);
        seen.extend(points(&page));
        match next(&page) {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(seen, (0..102).collect::<Vec<_>>());
}

#[test]
fn after_is_the_number_of_a_revision_and_the_first_is_0() {
    let server = with_changes(2);
    let from = |query: &str| points(&server.get(&format!("{EVENTS}/1/history?{query}")));
    assert_eq!(from(""), [0, 1, 2]);
    assert_eq!(from("after=0"), [1, 2]);
    assert_eq!(from("after=1&limit=1"), [2]);
    assert_eq!(from("after=2"), [0; 0]);
    assert_eq!(from("after=9223372036854775807"), [0; 0]);
    let page = server.get(&format!("{EVENTS}/1/history?limit=3"));
    assert_eq!((points(&page), next(&page)), (vec![0, 1, 2], None), "nothing follows");

    // An event that was never changed is its own first revision.
    server.award(13, "2023-04-14", 7);
    assert_eq!(points(&server.get(&format!("{EVENTS}/2/history"))), [7]);
    assert_eq!(points(&server.get(&format!("{EVENTS}/2/history?after=0"))), [0; 0]);

    for query in ["limit=0", "limit=101", "limit=x", "after=-1", "after=x"] {
        let name = query.split('=').next().expect("a name");
        let sentence = format!("You supplied invalid parameters to the request: {name}");
        server.get(&format!("{EVENTS}/1/history?{query}")).assert_error(400, "invalid_parameters", &sentence);
    }
    assert_eq!(server.get(&format!("{EVENTS}/3/history?after=0")).status, 404);
}

#[test]
fn the_administration_shows_the_latest_steps_and_leads_to_older_ones() {
    let server = with_changes(101);
    let browser = Browser::signed_in(&server, "ana");
    let steps = |page: &str| page.matches("<b>changed</b>").count() + page.matches("<b>created</b>").count();
    let latest = browser.page("/admin/events/1");
    assert_eq!(steps(&latest), 100);
    assert!(latest.contains("/admin/events/1?after=2"), "{latest}");
    let older = browser.page("/admin/events/1?after=2");
    assert_eq!(steps(&older), 2);
    assert!(older.contains("<b>created</b>") && !older.contains("?after="), "{older}");
}

#[test]
fn a_search_for_who_changed_an_event_reads_names_and_not_revisions() {
    let server = with_changes(3);
    let by = |name: &str| {
        let request = server.anonymous("PUT", EVENTS).header("API-Key", crate::support::KEY);
        let reply = request.header("API-Username", name).json(&json!({"id": 1, "points": 5})).send();
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    by("Zoë");
    by("ana");
    server.award(13, "2023-04-14", 7);
    let browser = Browser::signed_in(&server, "ana");
    for (name, found) in [("zOË", true), ("ANA", true), ("system", true), ("bob", false)] {
        let page = browser.page(&format!("/admin/events?by={name}"));
        assert_eq!(page.contains("href=\"/admin/events/1\""), found, "{name}: {page}");
    }
    let plan: Vec<Value> = {
        let sql = server.sql();
        let explain = "EXPLAIN QUERY PLAN SELECT min(by) FROM event_revisions WHERE event_id = 1 AND by > 'a'";
        let mut statement = sql.prepare(explain).expect("a statement");
        let rows = statement.query_map([], |row| row.get::<_, String>(3)).expect("a plan");
        rows.map(|row| Value::String(row.expect("a row"))).collect()
    };
    assert!(
        plan.iter().any(|step| step.as_str().is_some_and(|step| step.contains("event_revisions_by_actor"))),
        "{plan:?}"
    );
}
