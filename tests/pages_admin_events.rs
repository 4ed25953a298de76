//! Promise: the administration lists events newest first by what one looks for, looks at so many in a request and says
//! how far it came, shows each with its history, and changes and deletes them after a question.

use serde_json::json;

use crate::support::browser::{Browser, hidden_fields, unescape};
use crate::support::{EVENTS, KEY, Server};

/// The events of a list, in its order.
fn listed(page: &str) -> Vec<i64> {
    let links = page.match_indices("<a href=\"/admin/events/");
    links
        .map(|(at, start)| {
            let digits: String = page[at + start.len()..].chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("an id")
        })
        .collect()
}

/// Where the list goes on.
fn next(page: &str) -> Option<String> {
    let end = page.find("\" rel=\"next\"")?;
    let start = page[..end].rfind("href=\"")? + "href=\"".len();
    Some(unescape(&page[start..end]))
}

/// All events that a list has on all its pages, and how many pages those are.
fn all(browser: &Browser<'_>, path: &str) -> (Vec<i64>, usize) {
    let (mut ids, mut pages, mut path) = (Vec::new(), 0, path.to_owned());
    loop {
        let page = browser.page(&path);
        ids.extend(listed(&page));
        pages += 1;
        match next(&page) {
            Some(more) => path = more,
            None => return (ids, pages),
        }
    }
}

fn store(server: &Server, by: &str, event: serde_json::Value) -> i64 {
    let reply = server.anonymous("POST", EVENTS).header("Api-Key", KEY).header("Api-Username", by).json(&event).send();
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["id"].as_i64().expect("an id")
}

#[test]
fn without_events_there_is_the_command_that_makes_one() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let page = unescape(&browser.page("/admin/events"));
    let command = format!("curl -X POST '{}/admin/plugins/gamification/score_events'", server.url());
    assert!(page.contains("No events yet") && page.contains(&command), "{page}");
    assert!(page.contains("\"Api-Key: $KEY\""), "{page}");
    assert!(browser.page("/admin/events?text=a").contains("No event fits"));
}

#[test]
fn filters_narrow_the_list() {
    let server = Server::start();
    server.put("/admin/users/14", &json!({"username": "Zoë Ω"}));
    let event = |user: i64, date: &str, points: i64, text: &str| json!({"user_id": user, "date": date, "points": points, "description": text});
    store(&server, "ana", event(13, "2023-04-14", 5, "Karaoke night"));
    store(&server, "ana", event(14, "2023-04-15", -5, "Lost bet"));
    store(&server, "bob", event(14, "2023-04-16", 0, "KARAOKE ärger 100%"));
    store(&server, "bob", event(13, "2023-05-01", 7, "A & B <i>"));
    let changed = server
        .anonymous("PUT", EVENTS)
        .header("Api-Key", KEY)
        .header("Api-Username", "Cem")
        .json(&json!({"id": 1, "points": 6}))
        .send();
    assert_eq!(changed.status, 200);
    let browser = Browser::signed_in(&server, "ana");
    for (query, want) in [
        ("", vec![4, 3, 2, 1]),
        ("user_id=13", vec![4, 1]),
        ("user_id=+13+", vec![4, 1]),
        ("user_id=zo%C3%AB+%CE%A9", vec![3, 2]),
        ("user_id=user-13", vec![4, 1]),
        ("from_date=2023-04-15", vec![4, 3, 2]),
        ("to_date=2023-04-15", vec![2, 1]),
        ("from_date=2023-04-15&to_date=2023-04-16", vec![3, 2]),
        ("from_date=2023-04-16&to_date=2023-04-15", vec![]),
        ("sign=award", vec![4, 1]),
        ("sign=deduction", vec![2]),
        ("text=karaoke", vec![3, 1]),
        ("text=%C3%84RGER", vec![3]),
        ("text=100%25", vec![3]),
        ("text=%26+b+%3CI", vec![4]),
        ("by=ANA", vec![2, 1]),
        ("by=cem", vec![1]),
        ("user_id=14&sign=deduction&by=ana&text=bet&from_date=2023-04-15", vec![2]),
        ("user_id=&from_date=&to_date=&sign=&text=&by=", vec![4, 3, 2, 1]),
        ("after=3", vec![2, 1]),
    ] {
        let page = browser.page(&format!("/admin/events?{query}"));
        assert_eq!(listed(&page), want, "{query}");
    }
    for (query, field) in [
        ("user_id=nobody", "user_id"),
        ("user_id=0", "user_id"),
        ("from_date=2023-02-30", "from_date"),
        ("to_date=tomorrow", "to_date"),
        ("by=%00", "by"),
        (&format!("text={}", "x".repeat(256)), "text"),
        ("sign=both", ""),
        ("after=-1", ""),
    ] {
        let reply = browser.get(&format!("/admin/events?{query}"));
        assert_eq!(reply.status, 400, "{query}");
        assert!(listed(&reply.body).is_empty(), "{query}");
        assert!(field.is_empty() || reply.body.contains(&format!("id=\"{field}-error\"")), "{query}: {}", reply.body);
    }
}

#[test]
fn pages_follow_each_other_by_id() {
    let server = Server::start();
    let mut events = Vec::new();
    for index in 1..=120 {
        events.push(server.award(13 + index % 2, "2023-04-14", index)["id"].as_i64().expect("an id"));
    }
    events.reverse();
    let browser = Browser::signed_in(&server, "ana");
    assert_eq!(all(&browser, "/admin/events"), (events.clone(), 3));
    let halves: Vec<i64> = events.iter().copied().filter(|id| id % 2 == 0).collect();
    assert_eq!(all(&browser, "/admin/events?user_id=13&text="), (halves, 2));
    // What is stored meanwhile moves nothing.
    let first = browser.page("/admin/events");
    server.award(13, "2023-04-14", 1);
    let second = browser.page(&next(&first).expect("a second page"));
    assert_eq!(listed(&second), events[50..100]);
}

#[test]
fn one_request_looks_at_so_many_events() {
    let server = Server::start();
    server.award(13, "2023-04-14", 1);
    const FILL: &str = "
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 45000)
        INSERT INTO score_events (user_id, date, points, created_at, updated_at)
        SELECT 14, '2023-04-15', 1, 1681550000000, 1681550000000 FROM n";
    server.sql().execute(FILL, []).expect("events are stored");
    let browser = Browser::signed_in(&server, "ana");
    // Only the first event was stored by the API, as system.
    let page = browser.page("/admin/events?by=system");
    assert!(listed(&page).is_empty() && page.contains("Searched back to 15 April 2023, 09:13 UTC"), "{page}");
    assert_eq!(all(&browser, "/admin/events?by=system"), (vec![1], 3));
    assert_eq!(all(&browser, "/admin/events?text=nothing").1, 3);
    // Indexes lead to a user and to days at once.
    assert_eq!(all(&browser, "/admin/events?user_id=13&by=system"), (vec![1], 1));
    assert_eq!(all(&browser, "/admin/events?to_date=2023-04-14"), (vec![1], 1));
}

#[test]
fn an_event_is_changed_and_its_history_tells() {
    let server = Server::start();
    let event = json!({"user_id": 13, "date": "2023-04-14", "points": 15, "description": "it's <b>\nKaraoke\u{202e}"});
    let id = store(&server, "system", event);
    let path = format!("/admin/events/{id}");
    let browser = Browser::signed_in(&server, "ana");
    let page = browser.page(&path);
    let command = unescape(
        page.split("<pre id=\"curl\">").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("a command"),
    );
    assert_eq!(
        command,
        format!(
            "curl -X POST '{}{EVENTS}' \\\n  -H \"Api-Key: $KEY\" -H 'Api-Username: ana' \\\n  \
             -H 'Content-Type: application/json' \\\n  -d \
             '{{\"user_id\":13,\"date\":\"2023-04-14\",\"points\":15,\"description\":\"it\\u0027s <b>\\nKaraoke\\u202e\"}}'",
            server.url()
        )
    );
    assert!(page.contains("data-copy=\"curl\""), "{page}");

    // Sent as a browser sends it, unchanged: the lines end as before.
    let unchanged = [("points", "15"), ("description", "it's <b>\r\nKaraoke\u{202e}")];
    let (to, page) = browser.post_through(&path, &unchanged);
    assert_eq!(to, format!("{path}?done=corrected"));
    assert!(page.contains("The event is changed."));
    assert_eq!(server.get(&format!("{EVENTS}/{id}")).json()["description"], json!("it's <b>\nKaraoke\u{202e}"));

    browser.post_through(&path, &[("points", "-20"), ("description", "")]);
    assert_eq!(
        (server.score(13), server.get(&format!("{EVENTS}/{id}")).json()["description"].clone()),
        (-20, json!(""))
    );
    let page = browser.page(&path);
    assert!(page.contains("−20"), "{page}");
    for (action, by) in [("created", "system"), ("changed", "ana")] {
        assert!(page.contains(&format!("<b>{action}</b> by <bdi>{by}</bdi>")), "{page}");
    }
    // As API and page tell it, the history is the same.
    let revisions = server.get(&format!("{EVENTS}/{id}/history")).json()["revisions"].clone();
    assert_eq!(revisions.as_array().map(Vec::len), Some(3));
    assert_eq!(page.matches("<b>changed</b>").count(), 2);
}

#[test]
fn a_description_that_was_never_given_stays_none() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let browser = Browser::signed_in(&server, "ana");
    browser.post_through("/admin/events/1", &[("points", "16"), ("description", "")]);
    assert_eq!(server.get(&format!("{EVENTS}/1")).json()["description"], json!(null));
}

#[test]
fn a_wrong_change_shows_the_form_again_and_changes_nothing() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let browser = Browser::signed_in(&server, "ana");
    let long = "x".repeat(10_001);
    for (points, description, field) in [
        ("", "typed", "points"),
        ("1.5", "typed", "points"),
        ("2147483648", "typed", "points"),
        ("<b>", "typed", "points"),
        ("1", long.as_str(), "description"),
    ] {
        let reply = browser.post("/admin/events/1", &[("points", points), ("description", description)]);
        assert_eq!(reply.status, 400, "{points}");
        assert!(reply.body.contains(&format!("id=\"{field}-error\"")), "{}", reply.body);
        assert!(reply.body.contains(description), "what was typed is there again");
    }
    assert_eq!(server.score(13), 15);
    assert_eq!(server.get(&format!("{EVENTS}/1/history")).json()["revisions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_event_is_deleted_after_a_question() {
    let server = Server::start();
    server.award(13, "2023-04-14", 15);
    let browser = Browser::signed_in(&server, "ana");
    assert!(browser.page("/admin/events/1").contains("href=\"/admin/events/1/delete\""));
    let question = browser.page("/admin/events/1/delete");
    assert!(question.contains("Delete event #1?") && question.contains("+15"), "{question}");
    assert_eq!(server.score(13), 15, "asking changes nothing");
    let fields = hidden_fields(&question, "/admin/events/1/delete");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = browser.submit("/admin/events/1/delete", &fields);
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin/events/1?done=event-deleted")));
    assert_eq!((server.score(13), server.count_events()), (0, 0));
    let page = browser.page("/admin/events/1");
    assert!(page.contains("<b>deleted</b> by <bdi>ana</bdi>") && page.contains(">deleted</span>"), "{page}");
    assert!(!page.contains("Change it") && !page.contains("id=\"curl\""), "{page}");
    assert_eq!(browser.submit("/admin/events/1/delete", &fields).status, 404, "a second click finds nothing");
    assert_eq!(browser.get("/admin/events/1/delete").status, 404);
}

/// The line above the list: what all events are together.
fn ledger(page: &str) -> String {
    let line = page.split("<p class=\"ledger\">").nth(1).and_then(|rest| rest.split("</p>").next()).unwrap_or_default();
    let pieces = line.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text).trim());
    pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_events_are_together_is_told_of_the_whole_filter() {
    let server = Server::start();
    server.put("/admin/users/14", &json!({"username": "zoe", "name": "Zoë van der Berg"}));
    for (user, date, points) in
        [(13, "2023-04-14", 1200), (14, "2023-04-15", -255), (14, "2023-04-16", 0), (13, "2023-05-01", 7)]
    {
        server.award(user, date, points);
    }
    let browser = Browser::signed_in(&server, "ana");
    for (query, want) in [
        ("", "4 events · +1,207 · −255"),
        ("user_id=van+der+berg", "2 events · +0 · −255"),
        ("sign=award", "2 events · +1,207 · −0"),
        ("sign=deduction&user_id=14", "1 event · +0 · −255"),
        ("from_date=2023-04-16", "2 events · +7 · −0"),
        ("by=system&to_date=2023-04-14", "1 event · +1,200 · −0"),
        ("text=nothing", ""),
    ] {
        assert_eq!(ledger(&browser.page(&format!("/admin/events?{query}"))), want, "{query}");
    }
    assert!(browser.page("/admin/events").contains("<bdi>Zoë van der Berg</bdi>"));
    for index in 0..60 {
        server.award(15, "2023-04-14", index % 2);
    }
    // A later page tells of all pages, too.
    let first = browser.page("/admin/events?user_id=15");
    let second = browser.page(&next(&first).expect("a second page"));
    assert_eq!([ledger(&first), ledger(&second)], ["60 events · +30 · −0", "60 events · +30 · −0"]);
}

#[test]
fn a_search_that_goes_on_counts_on() {
    let server = Server::start();
    server.award(13, "2023-04-14", 1);
    const FILL: &str = "
        WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 45000)
        INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at)
        SELECT n, 14, '2023-04-15', 2, iif(n % 1000 = 0, 'Karaoke', NULL), 1681550000000, 1681550000000 FROM n";
    server.sql().execute(FILL, []).expect("events are stored");
    let browser = Browser::signed_in(&server, "ana");
    assert_eq!(ledger(&browser.page("/admin/events?from_date=2023-04-15")), "44,999 events · +89,998 · −0");
    assert_eq!(ledger(&browser.page("/admin/events?user_id=14")), "at least 20,000 events · +40,000 · −0");
    let mut page = browser.page("/admin/events?text=karaoke");
    let mut told = vec![ledger(&page)];
    while let Some(path) = next(&page) {
        page = browser.page(&path);
        told.push(ledger(&page));
    }
    let want = ["at least 20 events · +40 · −0", "at least 40 events · +80 · −0", "45 events · +90 · −0"];
    assert_eq!(told, want);
}

#[test]
fn spans_of_days_are_a_click_away() {
    let server = Server::start();
    let today = chrono::Utc::now().date_naive();
    for days in [0, 1, 6, 29, 40] {
        server.award(13, &(today - chrono::Days::new(days)).to_string(), 1);
    }
    let browser = Browser::signed_in(&server, "ana");
    let page = unescape(&browser.page("/admin/events?sign=award&from_date=2023-01-01"));
    let ranges =
        page.split("aria-label=\"Dates\">").nth(1).and_then(|rest| rest.split("</nav>").next()).expect("ranges");
    let counts: Vec<(String, usize)> = ranges
        .split("<a href=\"")
        .skip(1)
        .map(|link| {
            let (url, rest) = link.split_once('"').expect("a link");
            assert!(url.contains("sign=award"), "the other filters stay: {url}");
            let shown = browser.page(url);
            assert!(shown.contains("aria-current=\"true\">"), "{url}");
            let label = rest.trim_start_matches('>').split('<').next().unwrap_or_default();
            (label.to_owned(), listed(&shown).len())
        })
        .collect();
    let count = |label: &str| counts.iter().find(|(known, _)| known == label).map(|(_, count)| *count);
    assert_eq!(["All", "Today", "Yesterday", "7 days", "30 days"].map(count), [5, 1, 1, 3, 4].map(Some));
    assert!(count("This month").is_some_and(|count| count >= 1) && count("Last month").is_some(), "{counts:?}");
}
