//! Promise: no form changes anything without the token of the session that it was made for; refused posts change
//! nothing; programs get JSON where browsers get pages; and texts of others are shown harmlessly on every page.

use serde_json::json;

use crate::support::browser::{ACCEPT, Browser, assert_safe, unescape};
use crate::support::{Reply, Server, run};

/// Every path that takes a form, with fields that would be good.
pub const FORMS: [(&str, &[(&str, &str)]); 21] = [
    ("/admin/sign-out", &[]),
    ("/admin/events/1", &[("points", "99"), ("description", "other")]),
    ("/admin/events/1/delete", &[]),
    ("/admin/award", &[("key", "k1"), ("kind", "award"), ("user_id", "13"), ("points", "1"), ("date", "2023-04-14")]),
    ("/admin/award/preview", &[("kind", "award"), ("user_id", "13"), ("points", "1"), ("date", "2023-04-14")]),
    ("/admin/award/again", &[("kind", "award"), ("user_id", "13")]),
    ("/admin/boards", &[("key", "k2"), ("name", "Forged")]),
    ("/admin/boards/2", &[("name", "Forged, too")]),
    ("/admin/boards/2/delete", &[]),
    ("/admin/rules/post_created/edit", &[("points", "99"), ("daily_limit", ""), ("category_ids", "")]),
    ("/admin/forum/secret", &[]),
    ("/admin/people/new-user", &[("id", "77"), ("username", "forged")]),
    ("/admin/people/users/13", &[("username", "forged, too")]),
    ("/admin/people/users/99/name", &[("username", "forged as well")]),
    ("/admin/people/users/13/delete", &[]),
    ("/admin/people/users/13/merge", &[("into_id", "14")]),
    ("/admin/people/new-group", &[("id", "77"), ("name", "forged"), ("user_ids", "13")]),
    ("/admin/people/groups/1", &[("name", "forged"), ("user_ids", "13")]),
    ("/admin/people/groups/1/delete", &[]),
    ("/admin/keys", &[("key", "k3"), ("description", "forged"), ("scopes[]", "events:read")]),
    ("/admin/server", &[("key", "k4"), ("span", "10")]),
];

/// Forms about the key of number 1. The second makes the first useless.
pub const KEY_FORMS: [(&str, &[(&str, &str)]); 2] =
    [("/admin/keys/1/rotate", &[("key", "k5"), ("grace", "24")]), ("/admin/keys/1/revoke", &[])];

/// A server with something of everything, and a key of number 1.
pub fn furnished() -> Server {
    let server = Server::start();
    server.award(13, "2023-04-14", 5);
    server.award(14, "2023-04-15", 7);
    for (path, body) in [
        ("/admin/users/13", json!({"username": "ana"})),
        ("/admin/users/14", json!({"username": "bob"})),
        ("/admin/groups/1", json!({"name": "staff", "user_ids": [13]})),
    ] {
        assert_eq!(server.put(path, &body).status, 200);
    }
    let board = json!({"name": "Spring", "created_by_id": -1});
    assert_eq!(server.post("/admin/plugins/gamification/leaderboard", &board).status, 200);
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create"]);
    assert_eq!(made.code, Some(0));
    server
}

/// All that is stored, save when keys were used.
pub fn dump(server: &Server) -> String {
    let connection = server.sql();
    let mut text = String::new();
    for table in [
        "score_events",
        "event_revisions",
        "scores",
        "users",
        "groups",
        "group_members",
        "leaderboards",
        "recalculations",
        "idempotency_keys",
        "audit_entries",
        "rules",
        "deeds",
        "rule_days",
        "webhook_secrets",
        "(SELECT id, prefix, username, scopes, networks, description, expires_on, revoked_at FROM api_keys)",
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let cells: Vec<_> = (0..columns).map(|column| format!("{:?}", row.get_ref(column))).collect();
            text.push_str(&format!("{table}: {}\n", cells.join(" ")));
        }
    }
    text
}

#[test]
fn every_form_needs_the_token_of_its_session() {
    let server = furnished();
    let browser = Browser::signed_in(&server, "ana");
    let other = Browser::signed_in(&server, "bob");
    let (token, foreign) = (browser.csrf(), other.csrf());
    assert_ne!(token, foreign);
    let before = dump(&server);
    for (path, fields) in FORMS.into_iter().chain(KEY_FORMS) {
        for wrong in [None, Some(""), Some("0"), Some(&token[1..]), Some(&*format!("{token}0")), Some(&foreign)] {
            let mut sent = fields.to_vec();
            sent.extend(wrong.map(|token| ("csrf", token)));
            let reply = browser.submit(path, &sent);
            assert_eq!(reply.status, 403, "{path} {wrong:?}: {reply:?}");
            assert!(reply.body.contains("out of date"), "{path}: {}", reply.body);
        }
        // Whoever is not signed in has no token.
        let reply = Browser::new(&server).submit(path, fields);
        assert_eq!(reply.status, 403, "{path}");
        assert!(reply.body.contains("sign in"), "{path}: {}", reply.body);
    }
    assert_eq!(dump(&server), before);
    // With it every one of them is taken. The order is such that each still finds what it is about.
    let (out, rest) = FORMS.split_first().expect("forms");
    for (path, fields) in rest.iter().chain([out]) {
        let shows = ["/admin/award/preview", "/admin/award/again", "/admin/keys"].contains(path);
        let reply = browser.post(path, fields);
        assert_eq!(reply.status, if shows { 200 } else { 303 }, "{path}: {reply:?}");
    }
    assert_ne!(dump(&server), before);
}

#[test]
fn a_read_only_key_is_refused_by_every_form() {
    let server = furnished();
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--read-only"]);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(made.stdout.trim(), "ana").status, 303);
    let before = dump(&server);
    for (path, fields) in FORMS.into_iter().skip(1).chain(KEY_FORMS) {
        let reply = browser.post(path, fields);
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
        assert!(reply.body.contains("This needs a key with the scope"), "{path}");
    }
    assert_eq!(dump(&server), before);
}

#[test]
fn programs_get_json_and_other_methods_nothing() {
    let server = furnished();
    let pages = [
        "/admin",
        "/admin/sign-in",
        "/admin/events",
        "/admin/events/1",
        "/admin/boards",
        "/admin/people",
        "/admin/keys",
        "/admin/server",
    ];
    const NOT_FOUND: &str = "The requested URL or resource could not be found.";
    for path in pages {
        for accept in ["*/*", "application/json", "text/plain", "text/html;q=0"] {
            let reply = server.request("GET", path).header("Accept", accept).send();
            reply.assert_error(404, "not_found", NOT_FOUND);
        }
        server.request("GET", path).send().assert_error(404, "not_found", NOT_FOUND);
        let json = server.request("GET", &format!("{path}.json")).header("Accept", ACCEPT).send();
        json.assert_error(404, "not_found", NOT_FOUND);
        let delete = server.request("DELETE", path).header("Accept", ACCEPT).send();
        assert_eq!(delete.status, 404, "{path}");
    }
    let before = dump(&server);
    for (path, _) in FORMS {
        server.request("POST", path).form("name=Forged").send().assert_error(404, "not_found", NOT_FOUND);
    }
    assert_eq!(dump(&server), before);
}

#[test]
fn what_is_not_there_is_a_page_that_says_so() {
    let server = furnished();
    let browser = Browser::signed_in(&server, "ana");
    for path in [
        "/admin/events/0",
        "/admin/events/999",
        "/admin/events/abc",
        "/admin/events/999/delete",
        "/admin/boards/999",
        "/admin/boards/new",
        "/admin/boards/999/delete",
        "/admin/people/users/0",
        "/admin/people/users/999/delete",
        "/admin/people/groups/999",
        "/admin/people/groups/999/delete",
        "/admin/keys/999/revoke",
        "/admin/keys/x/revoke",
    ] {
        let reply = browser.get(path);
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        assert!(reply.body.contains("Nothing is here"), "{path}");
    }
    let before = dump(&server);
    for (path, fields) in [
        ("/admin/events/999", &[("points", "1")] as &[_]),
        ("/admin/events/999/delete", &[]),
        ("/admin/boards/999", &[("name", "A")]),
        ("/admin/boards/999/delete", &[]),
        ("/admin/people/users/999/delete", &[]),
        ("/admin/people/users/999/merge", &[("into_id", "998")]),
        ("/admin/people/groups/999", &[("name", "A")]),
        ("/admin/people/groups/999/delete", &[]),
        ("/admin/keys/999/revoke", &[]),
    ] {
        assert_eq!(browser.post(path, fields).status, 404, "{path}");
    }
    let too_long = "x".repeat((1 << 20) + 1);
    let reply = browser.post("/admin/boards", &[("name", &too_long)]);
    assert_eq!(reply.status, 413);
    assert_eq!(dump(&server), before);
}

#[test]
fn texts_of_others_are_shown_harmlessly_on_every_page() {
    const HOSTILE: [&str; 5] = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus='alert(1)",
        "\u{202e}gnp.exe\u{2066}\u{200f}\u{1b}[31m\u{7}",
        "</textarea></title></pre>&lt;b&gt;",
    ];
    let server = furnished();
    let long = format!("{}{}", HOSTILE.join(" "), "long ".repeat(2000)).chars().take(10_000).collect::<String>();
    let today = chrono::Utc::now().date_naive().to_string();
    for (index, text) in HOSTILE.into_iter().chain([long.as_str()]).enumerate() {
        let event = json!({"user_id": 13, "date": today, "points": 1, "description": text});
        let name: String = text.chars().filter(|character| !character.is_control()).take(60).collect();
        let acting: String = name.chars().filter(char::is_ascii).collect();
        let stored = server
            .anonymous("POST", crate::support::EVENTS)
            .header("Api-Key", crate::support::KEY)
            .header("Api-Username", acting.trim())
            .json(&event)
            .send();
        assert_eq!(stored.status, 200, "{stored:?}");
        let user = json!({"username": acting, "name": text.chars().take(255).collect::<String>()});
        assert_eq!(server.put(&format!("/admin/users/{}", 100 + index), &user).status, 200, "{user}");
        // Names that would be refused today may have been stored before.
        let set = "UPDATE users SET username = ?1, folded = lower(?1) WHERE id = ?2";
        assert_eq!(server.sql().execute(set, (&name, 100 + index as i64)), Ok(1));
        let group = json!({"name": text.chars().take(255).collect::<String>(), "user_ids": [100 + index]});
        assert_eq!(server.put(&format!("/admin/groups/{}", 100 + index), &group).status, 200, "{group}");
        let board = json!({"name": text.chars().take(200).collect::<String>(), "created_by_id": -1});
        assert_eq!(server.post("/admin/plugins/gamification/leaderboard", &board).status, 200);
        let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--description", text]);
        assert_eq!(made.code, Some(0));
    }
    server
        .sql()
        .execute("UPDATE api_keys SET username = ?1 WHERE id = 2", [HOSTILE[0]])
        .expect("a key for a hostile username");
    let browser = Browser::signed_in(&server, "\"><b>ana</b>");
    let mut paths: Vec<String> =
        ["/admin/events", "/admin/boards", "/admin/people", "/admin/keys", "/admin/server", "/admin/award"]
            .map(str::to_owned)
            .into();
    for index in 0..6 {
        paths.push(format!("/admin/events/{}", 3 + index));
        paths.push(format!("/admin/events/{}/delete", 3 + index));
        paths.push(format!("/admin/boards/{}", 3 + index));
        paths.push(format!("/admin/boards/{}/delete", 3 + index));
        paths.push(format!("/admin/people/users/{}", 100 + index));
        paths.push(format!("/admin/people/users/{}/delete", 100 + index));
        paths.push(format!("/admin/people/users/{}/merge?into_id={}", 100 + index, 100 + (index + 1) % 6));
        paths.push(format!("/admin/people/groups/{}", 100 + index));
        paths.push(format!("/admin/people/groups/{}/delete", 100 + index));
        paths.push(format!("/admin/keys/{}/revoke", 1 + index));
    }
    for field in ["user_id", "text", "by", "from_date", "sign"] {
        for text in HOSTILE {
            let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
            paths.push(format!("/admin/events?{field}={text}"));
            paths.push(format!("/admin/award?{field}={text}&kind={text}&points={text}&description={text}"));
        }
    }
    for path in paths {
        let reply = browser.get(&path);
        assert!([200, 400].contains(&reply.status), "{path}: {reply:?}");
        assert_harmless(&path, &reply);
    }
    // What was typed comes back, harmless, when it is refused.
    for text in HOSTILE {
        for (path, fields) in [
            ("/admin/award/preview", vec![("user_id", text), ("points", text), ("date", text), ("description", text)]),
            (
                "/admin/award/preview",
                vec![("user_id", "13"), ("points", "1"), ("date", "2023-04-14"), ("description", text)],
            ),
            ("/admin/boards/2", vec![("name", text), ("from_date", text)]),
            ("/admin/people/users/13", vec![("username", text), ("name", text), ("avatar_template", text)]),
            ("/admin/people/new-group", vec![("id", text), ("name", text), ("user_ids", text)]),
            ("/admin/keys", vec![("username", text), ("description", text), ("expires_on", text)]),
            ("/admin/server", vec![("span", text), ("from_date", text)]),
        ] {
            let reply = browser.post(path, &fields);
            assert!([200, 400, 422].contains(&reply.status), "{path} {text}: {reply:?}");
            assert_harmless(path, &reply);
        }
    }
    // The whole text is on the event's own page, as it was, to be changed.
    let page = browser.page("/admin/events/8");
    let typed = page.split("dir=\"auto\">\n").nth(1).and_then(|rest| rest.split("</textarea>").next());
    assert_eq!(unescape(typed.expect("a text to change")), long);
}

/// Fails if a hostile text has become markup, or a list shows all of a long one.
#[track_caller]
fn assert_harmless(path: &str, reply: &Reply) {
    assert_safe(path, reply);
    let body = &reply.body;
    for markup in ["<script>", "<img src=x", "onerror=alert(1)>", "<b>ana", "' autofocus onfocus='", "</title></pre>"] {
        assert!(!body.contains(markup), "{path} has {markup}: {body}");
    }
    assert_eq!(body.matches("</title>").count(), 1, "{path}");
    assert_eq!(body.matches("</textarea>").count(), body.matches("<textarea").count(), "{path}");
    // Outside of what is typed, marks that turn the direction of writing are not sent at all.
    let shown: String = body
        .split("<textarea")
        .enumerate()
        .map(
            |(index, part)| if index == 0 { part } else { part.split_once("</textarea>").map_or("", |(_, rest)| rest) },
        )
        .collect();
    let shown: String = shown
        .split("<input")
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) })
        .collect();
    let deceptive = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!shown.contains(deceptive), "{path}: {shown}");
    if ["/admin/events", "/admin/people", "/admin/keys", "/admin/boards"].contains(&path) {
        assert!(body.len() < 60_000, "{path}: {}", body.len());
    }
}
