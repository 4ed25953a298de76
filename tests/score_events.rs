//! The promise: events are awarded, listed, paged, corrected, taken back and remembered as the contract says.

use serde_json::{Value, json};

use crate::support::{EVENTS, Reply, Server, Setup, wait_for};

const OK: &str = r#"{"success":"OK"}"#;

/// The ids of a listing, in its order.
fn ids(reply: &Reply) -> Vec<i64> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let events = reply.json()["events"].as_array().expect("a list of events").clone();
    events.iter().map(|event| event["id"].as_i64().expect("an id")).collect()
}

/// Follows `Link` from `path` to the end: the ids of each page.
pub fn pages(server: &Server, path: &str) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next.take() {
        let reply = server.get(&path);
        pages.push(ids(&reply));
        assert!(pages.len() <= 100, "the links of {path} lead in a circle");
        next = reply.header("Link").map(|link| {
            let target = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(r#">; rel="next""#));
            target.unwrap_or_else(|| panic!("a link of another form: {link}")).to_owned()
        });
    }
    pages
}

/// One event by its id.
fn event(server: &Server, id: i64) -> Value {
    let reply = server.get(&format!("{EVENTS}/{id}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key} in {value}"))
}

/// Whether `text` looks like `2023-04-14T09:30:00.000Z`.
fn is_timestamp(text: &str) -> bool {
    const FORM: &str = "dddd-dd-ddTdd:dd:dd.dddZ";
    let fits = |(have, want): (char, char)| if want == 'd' { have.is_ascii_digit() } else { have == want };
    text.len() == FORM.len() && text.chars().zip(FORM.chars()).all(fits)
}

/// Six events of three users; their ids are 1 to 6.
pub fn six_events() -> Server {
    let server = Server::start();
    let awards = [
        (1, "2023-05-03"),
        (2, "2023-05-01"),
        (1, "2023-05-02"),
        (3, "2023-05-03"),
        (1, "2023-05-01"),
        (2, "2023-05-04"),
    ];
    for (expected_id, (user_id, date)) in (1..).zip(awards) {
        assert_eq!(server.award(user_id, date, 10)["id"], expected_id);
    }
    server
}

#[test]
fn an_event_is_shown_with_the_promised_keys_in_the_promised_order() {
    let server = Server::start();
    let created = server.post(
        EVENTS,
        &json!({"user_id": 13, "date": "2023-04-14", "points": 15, "description": "May 2023 Karaoke attendee"}),
    );
    assert_eq!(created.status, 200, "{created:?}");
    created.assert_api_reply();

    let event = created.json();
    let (id, created_at, updated_at) = (&event["id"], text(&event, "created_at"), text(&event, "updated_at"));
    assert!(is_timestamp(created_at) && is_timestamp(updated_at), "{event}");
    let expected = format!(
        r#"{{"id":{id},"user_id":13,"date":"2023-04-14","points":15,"description":"May 2023 Karaoke attendee","created_at":"{created_at}","updated_at":"{updated_at}"}}"#
    );
    assert_eq!(created.body, expected);
    assert_eq!(server.get(&format!("{EVENTS}/{id}")).body, expected);
    assert_eq!(server.get(EVENTS).body, format!(r#"{{"events":[{expected}]}}"#));
}

#[test]
fn an_empty_database_lists_no_events() {
    let server = Server::start();
    let reply = server.get(EVENTS);
    assert_eq!((reply.status, reply.body.as_str(), reply.header("Link")), (200, r#"{"events":[]}"#, None));
}

#[test]
fn a_description_comes_back_as_it_was_given() {
    let server = Server::start();
    let longest = "é".repeat(10_000);
    for given in ["", " ", "Ünïcode 🎤", "\"quoted\" \\ back", "two\nlines\t", "nul \0 inside", "' OR 1=1 --", &longest]
    {
        let created =
            server.post(EVENTS, &json!({"user_id": 1, "date": "2023-04-14", "points": 1, "description": given}));
        assert_eq!(created.status, 200, "{given:?}: {created:?}");
        assert_eq!(text(&created.json(), "description"), given);
        let id = created.json()["id"].as_i64().expect("an id");
        assert_eq!(text(&event(&server, id), "description"), given);
    }
    for body in [
        json!({"user_id": 1, "date": "2023-04-14", "points": 1}),
        json!({"user_id": 1, "date": "2023-04-14", "points": 1, "description": null}),
    ] {
        assert_eq!(server.post(EVENTS, &body).json()["description"], Value::Null);
    }
}

#[test]
fn the_list_takes_every_filter_alone_and_combined() {
    let server = six_events();
    let table: &[(&str, &[i64])] = &[
        ("", &[1, 2, 3, 4, 5, 6]),
        ("id=3", &[3]),
        ("id=99", &[]),
        ("id=0", &[]),
        ("id=-1", &[]),
        ("id=9223372036854775807", &[]),
        ("user_id=1", &[1, 3, 5]),
        ("user_id=2147483647", &[]),
        ("date=2023-05-01", &[2, 5]),
        ("date=2023-05-09", &[]),
        ("from_date=2023-05-03", &[1, 4, 6]),
        ("to_date=2023-05-02", &[2, 3, 5]),
        ("from_date=2023-05-02&to_date=2023-05-03", &[1, 3, 4]),
        ("from_date=2023-05-04&to_date=2023-05-01", &[]),
        ("user_id=1&date=2023-05-01", &[5]),
        ("user_id=1&from_date=2023-05-02", &[1, 3]),
        ("user_id=1&to_date=2023-05-02", &[3, 5]),
        ("id=5&user_id=1", &[5]),
        ("id=5&user_id=2", &[]),
        ("id=5&date=2023-05-01&user_id=1&from_date=2023-05-01&to_date=2023-05-01", &[5]),
        ("date=2023-05-01&from_date=2023-05-02", &[]),
        ("order=asc", &[1, 2, 3, 4, 5, 6]),
        ("order=desc", &[6, 5, 4, 3, 2, 1]),
        ("order=desc&user_id=1", &[5, 3, 1]),
        ("limit=2", &[1, 2]),
        ("limit=2&order=desc", &[6, 5]),
        ("after=4", &[5, 6]),
        ("after=6", &[]),
        ("after=0", &[1, 2, 3, 4, 5, 6]),
        ("after=4&order=desc", &[3, 2, 1]),
        ("after=1&order=desc", &[]),
        ("after=99&order=desc", &[6, 5, 4, 3, 2, 1]),
        ("after=1&user_id=1&limit=1", &[3]),
        ("after=5&user_id=1&limit=1&order=desc", &[3]),
        ("after=2&from_date=2023-05-01&to_date=2023-05-03&user_id=1&order=asc&limit=100", &[3, 5]),
    ];
    for (query, expected) in table {
        let by_query = server.get(&format!("{EVENTS}?{query}"));
        assert_eq!(ids(&by_query), *expected, "?{query}");
    }
}

#[test]
fn following_the_links_lists_every_event_once() {
    let server = six_events();
    let table: &[(&str, &[i64])] = &[
        ("", &[1, 2, 3, 4, 5, 6]),
        ("&user_id=1", &[1, 3, 5]),
        ("&date=2023-05-03", &[1, 4]),
        ("&from_date=2023-05-02&to_date=2023-05-03", &[1, 3, 4]),
        ("&user_id=1&from_date=2023-05-01&to_date=2023-05-02", &[3, 5]),
        ("&id=3", &[3]),
        ("&user_id=77", &[]),
    ];
    for (filter, expected) in table {
        for limit in [1, 2, 3, 5, 6, 7, 100] {
            for order in ["asc", "desc"] {
                let path = format!("{EVENTS}?limit={limit}&order={order}{filter}");
                let pages = pages(&server, &path);
                let mut expected = expected.to_vec();
                if order == "desc" {
                    expected.reverse();
                }
                assert_eq!(pages.concat(), expected, "{path}");
                assert_eq!(pages.len(), expected.len().div_ceil(limit).max(1), "a link where nothing follows: {path}");
                assert!(pages.iter().rev().skip(1).all(|page| page.len() == limit), "{path}: {pages:?}");
            }
        }
    }
}

#[test]
fn the_link_names_the_next_page_and_keeps_every_filter() {
    let server = six_events();
    let link = |path: &str| server.get(path).header("Link").map(str::to_owned);
    assert_eq!(
        link(&format!("{EVENTS}?user_id=1&order=desc&limit=2")),
        Some(format!(r#"<{EVENTS}?user_id=1&order=desc&limit=2&after=3>; rel="next""#)),
    );
    assert_eq!(link(&format!("{EVENTS}?user_id=1&order=desc&limit=2&after=3")), None);

    let first = server.get(&format!("{EVENTS}?user_id=1&limit=2"));
    assert_eq!(ids(&first), [1, 3]);
    let target = first.header("Link").and_then(|link| link.strip_prefix('<')?.split_once('>')).expect("a link").0;
    assert_eq!(pages(&server, target), [[5]]);
}

#[test]
fn a_users_events_are_listed_however_far_apart_their_ids_are() {
    let server = Server::start();
    let sql = server.sql();
    let mut want = Vec::new();
    for number in 0..40_i64 {
        // Close together, then further and further apart.
        let id = 1 + number * number * number * 20_000;
        let insert = "INSERT INTO score_events (id, user_id, date, points) VALUES (?1, ?2, ?3, 1)";
        let date = format!("2023-04-{:02}", 1 + number % 7);
        sql.execute(insert, (id, 13 + number % 2, &date)).expect("an event");
        if number % 2 == 0 {
            want.push((id, date));
        }
    }
    let all: Vec<i64> = want.iter().map(|(id, _)| *id).collect();
    let list = |query: &str| pages(&server, &format!("{EVENTS}?user_id=13&{query}")).concat();
    assert_eq!(list(""), all);
    assert_eq!(list("limit=3"), all);
    let newest: Vec<i64> = all.iter().rev().copied().collect();
    assert_eq!(list("order=desc"), newest);
    assert_eq!(list("order=desc&limit=7"), newest);
    assert_eq!(list(&format!("after={}", all[4])), all[5..]);
    assert_eq!(list(&format!("after={}&order=desc", all[4])), newest[16..]);
    let of_days = want.iter().filter(|(_, date)| ("2023-04-03".."2023-04-06").contains(&date.as_str()));
    let of_days: Vec<i64> = of_days.map(|(id, _)| *id).collect();
    assert_eq!(list("from_date=2023-04-03&to_date=2023-04-05&limit=2"), of_days);
}

#[test]
fn a_page_holds_a_hundred_events_unless_asked_otherwise() {
    let server = Server::start();
    let mut sql = "INSERT INTO score_events(user_id, date, points) VALUES (1, '2023-04-14', 1)".to_owned();
    sql.push_str(&", (1, '2023-04-14', 1)".repeat(102));
    server.sql().execute_batch(&sql).expect("the rows go in");
    let sizes: Vec<usize> = pages(&server, EVENTS).iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 3]);
    assert_eq!(server.count_events(), 103);
}

#[test]
fn paging_goes_on_although_events_come_and_go_meanwhile() {
    let server = six_events();
    let first = server.get(&format!("{EVENTS}?limit=3"));
    assert_eq!(ids(&first), [1, 2, 3]);
    server.delete(&format!("{EVENTS}/3"));
    server.delete(&format!("{EVENTS}/4"));
    server.award(9, "2023-01-01", 1);
    let target = first.header("Link").and_then(|link| link.strip_prefix('<')?.split_once('>')).expect("a link").0;
    assert_eq!(pages(&server, target).concat(), [5, 6, 7]);
}

#[test]
fn an_update_changes_points_and_description_and_nothing_else() {
    // (what is sent beside the id, description afterwards, points afterwards)
    let table = [
        (json!({"points": 25}), json!("old"), 25),
        (json!({"points": 25, "description": null}), json!("old"), 25),
        (json!({"points": 25, "description": ""}), json!(""), 25),
        (json!({"points": 25, "description": "new"}), json!("new"), 25),
        (json!({"points": "-7", "description": "new"}), json!("new"), -7),
        (json!({"points": 15, "user_id": 99, "date": "2020-01-01"}), json!("old"), 15),
        (json!({"points": 15, "user_id": "nobody", "date": "never"}), json!("old"), 15),
        (json!({"points": 15, "user_id": null, "date": ""}), json!("old"), 15),
    ];
    let server = Server::start();
    for (change, description, points) in table {
        let before = server
            .post(EVENTS, &json!({"user_id": 13, "date": "2023-04-14", "points": 15, "description": "old"}))
            .json();
        let score = server.score(13);
        let id = before["id"].as_i64().expect("an id");
        let mut body = change.clone();
        body["id"] = json!(id);

        let reply = server.put(EVENTS, &body);
        assert_eq!((reply.status, reply.body.as_str()), (200, OK), "{change}");
        reply.assert_api_reply();
        let after = event(&server, id);
        assert_eq!((&after["description"], &after["points"]), (&description, &json!(points)), "{change}");
        assert_eq!((&after["user_id"], &after["date"]), (&json!(13), &json!("2023-04-14")), "{change}");
        assert_eq!(after["created_at"], before["created_at"]);
        assert_eq!(server.score(13), score - 15 + points, "{change}");
    }
}

#[test]
fn an_update_moves_updated_at_and_leaves_created_at() {
    let server = Server::start();
    let before = server.award(13, "2023-04-14", 15);
    let id = before["id"].as_i64().expect("an id");
    let after = wait_for("updated_at to move", || {
        server.put(EVENTS, &json!({"id": id, "points": 16}));
        let after = event(&server, id);
        (after["updated_at"] != before["updated_at"]).then_some(after)
    });
    assert!(text(&after, "updated_at") > text(&before, "updated_at"), "{after}");
    assert_eq!(after["created_at"], before["created_at"]);
}

#[test]
fn a_deleted_event_no_longer_lists_or_counts_but_its_history_stays() {
    let server = Server::start();
    let kept = server.award(13, "2023-04-14", 15)["id"].clone();
    let gone = server.award(13, "2023-04-14", 100)["id"].clone();
    let path = format!("{EVENTS}/{gone}");
    assert_eq!(server.score(13), 115);

    let reply = server.delete(&path);
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    reply.assert_api_reply();
    assert_eq!(server.score(13), 15);
    assert_eq!(ids(&server.get(EVENTS)), [kept.as_i64().expect("an id")]);
    assert_eq!(ids(&server.get(&format!("{EVENTS}?id={gone}"))), [0; 0]);
    for again in [server.get(&path), server.delete(&path), server.put(EVENTS, &json!({"id": gone, "points": 1}))] {
        again.assert_error(404, "not_found", "The requested URL or resource could not be found.");
    }
    let history = server.get(&format!("{path}/history"));
    assert_eq!(history.status, 200, "{history:?}");
    assert_eq!(history.json()["revisions"].as_array().map(Vec::len), Some(2), "{history:?}");
    assert_eq!(server.score(13), 15);
}

#[test]
fn an_id_is_never_given_twice() {
    let server = six_events();
    for id in [4, 5, 6] {
        assert_eq!(server.delete(&format!("{EVENTS}/{id}")).status, 200);
    }
    assert_eq!(server.award(1, "2023-05-01", 1)["id"], 7);
    assert_eq!(server.delete(&format!("{EVENTS}/7")).status, 200);
    let folder = server.stop();

    let server = Setup::in_folder(folder).start();
    assert_eq!(server.award(1, "2023-05-01", 1)["id"], 8);
}

#[test]
fn the_history_tells_who_did_what_oldest_first() {
    let server = Server::start();
    let by = |name: &str, method: &str, path: &str| {
        server.anonymous(method, path).header("API-Key", crate::support::KEY).header("API-Username", name)
    };
    let created = by("ada", "POST", EVENTS)
        .json(&json!({"user_id": 13, "date": "2023-04-14", "points": 15, "description": "Karaoke"}))
        .send()
        .json();
    let id = created["id"].clone();
    by("Bob", "PUT", EVENTS).json(&json!({"id": id, "points": 25})).send();
    by("ada", "PUT", EVENTS).json(&json!({"id": id, "points": 30, "description": "Keynote"})).send();
    by("ada", "PUT", EVENTS).json(&json!({"id": id, "points": "many"})).send().assert_error(
        400,
        "invalid_parameters",
        "You supplied invalid parameters to the request: points",
    );
    by("Zoë", "DELETE", &format!("{EVENTS}/{id}")).send();

    let history = server.get(&format!("{EVENTS}/{id}/history"));
    history.assert_api_reply();
    let revisions = history.json()["revisions"].as_array().expect("a list of revisions").clone();
    let at: Vec<&str> = revisions.iter().map(|revision| text(revision, "at")).collect();
    assert!(at.iter().all(|at| is_timestamp(at)) && at.is_sorted(), "{at:?}");
    assert_eq!(at.first(), Some(&text(&created, "created_at")));
    let last = revisions.last().expect("a revision");
    let expected = [
        format!(r#"{{"at":"{}","by":"ada","action":"create","points":15,"description":"Karaoke"}}"#, at[0]),
        format!(r#"{{"at":"{}","by":"Bob","action":"update","points":25,"description":"Karaoke"}}"#, at[1]),
        format!(r#"{{"at":"{}","by":"ada","action":"update","points":30,"description":"Keynote"}}"#, at[2]),
        format!(
            r#"{{"at":"{}","by":"Zoë","action":"delete","points":{},"description":{}}}"#,
            at[3], last["points"], last["description"]
        ),
    ];
    assert_eq!(history.body, format!(r#"{{"revisions":[{}]}}"#, expected.join(",")));
}

#[test]
fn an_event_counts_at_once_whatever_its_past_date_and_a_future_one_waits() {
    let server = Server::start();
    for (date, points, score) in [
        ("2023-04-14", 15, 15),
        ("0001-01-01", 10, 25),
        ("1999-12-31", -5, 20),
        ("9999-12-31", 1000, 20),
        ("2024-02-29", 2_147_483_647, 2_147_483_667),
    ] {
        server.award(13, date, points);
        assert_eq!(server.score(13), score, "after {points} on {date}");
    }
    assert_eq!(server.count_events(), 5);
}
