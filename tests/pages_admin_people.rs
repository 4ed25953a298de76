//! Promise: users and groups are found, named, suspended, merged and forgotten in the browser, by the API's rules.

use serde_json::json;

use crate::support::Server;
use crate::support::browser::{Browser, hidden_fields, unescape};

#[test]
fn without_users_and_groups_there_are_the_commands_that_make_them() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let page = unescape(&browser.page("/admin/people"));
    for path in ["/admin/users/13", "/admin/groups/1"] {
        assert!(page.contains(&format!("curl -X PUT '{}{path}'", server.url())), "{page}");
    }
    assert!(browser.page("/admin/people?filter=a").contains("Nobody is called that"));
}

#[test]
fn users_are_made_changed_suspended_and_forgotten() {
    let server = Server::start();
    server.award(13, "2023-04-14", 1200);
    let browser = Browser::signed_in(&server, "ana");
    let unknown = browser.page("/admin/people/users/13");
    assert!(unknown.contains("not in the directory") && unknown.contains("1,200 points"), "{unknown}");
    let made =
        [("id", "13"), ("username", "Zoë"), ("name", "Zoë <b>"), ("avatar_template", "https://a.example/{size}.png")];
    let (to, page) = browser.post_through("/admin/people/new-user", &made);
    assert_eq!(to, "/admin/people/users/13?done=user-saved");
    assert!(page.contains("Zoë &#60;b&#62;") && page.contains("https://a.example/"), "{page}");
    let user = server.get("/admin/users/13").json();
    let want = json!({"id": 13, "username": "Zoë", "name": "Zoë <b>", "avatar_template": "https://a.example/{size}.png", "suspended": false});
    assert_eq!(user, want);

    browser.post_through(
        "/admin/people/users/13",
        &[("username", "zoe"), ("name", ""), ("avatar_template", ""), ("suspended", "true")],
    );
    let user = server.get("/admin/users/13").json();
    let want = json!({"id": 13, "username": "zoe", "name": null, "avatar_template": "/avatars/13/{size}.svg", "suspended": true});
    assert_eq!(user, want);
    let page = browser.page("/admin/people/users/13");
    assert!(page.contains("name=\"suspended\" value=\"true\" checked"), "{page}");
    assert!(page.contains("name=\"avatar_template\" type=\"text\" value=\"\""), "the drawn picture is none of its own");
    browser.post_through("/admin/people/users/13", &[("username", "zoe")]);
    assert_eq!(server.get("/admin/users/13").json()["suspended"], json!(false), "unchecked is no");

    let before = server.get("/admin/users").body;
    for (path, fields, field, status) in [
        ("/admin/people/new-user", &[("id", "13"), ("username", "eve")] as &[_], "id", 422),
        ("/admin/people/new-user", &[("id", "0"), ("username", "eve")], "id", 400),
        ("/admin/people/new-user", &[("id", ""), ("username", "eve")], "id", 400),
        ("/admin/people/new-user", &[("id", "14"), ("username", "ZOE")], "username", 422),
        ("/admin/people/new-user", &[("id", "14"), ("username", "")], "username", 400),
        ("/admin/people/users/14", &[("username", "Zoe")], "username", 422),
        ("/admin/people/users/13", &[("username", "")], "username", 400),
        (
            "/admin/people/users/13",
            &[("username", "zoe"), ("avatar_template", "javascript:alert(1)")],
            "avatar_template",
            400,
        ),
    ] {
        let reply = browser.post(path, fields);
        assert_eq!(reply.status, status, "{path} {fields:?}: {reply:?}");
        assert!(reply.body.contains(&format!("id=\"{field}-error\"")), "{path} {fields:?}: {}", reply.body);
    }
    assert_eq!(server.get("/admin/users").body, before);

    assert!(browser.page("/admin/people/users/13/delete").contains("Remove the name and picture of zoe?"));
    browser.post_through("/admin/people/users/13/delete", &[]);
    assert_eq!((server.get("/admin/users/13").status, server.score(13)), (404, 1200));
}

#[test]
fn users_are_found_a_page_at_a_time() {
    let server = Server::start();
    for id in 1..=70 {
        let user = json!({"username": format!("user {id} &"), "name": if id % 7 == 0 { "Zoë Ärger" } else { "" }});
        server.put(&format!("/admin/users/{id}"), &user);
    }
    let browser = Browser::signed_in(&server, "ana");
    let count = |page: &str| page.matches("class=\"person\" href=\"/admin/people/users/").count();
    let first = browser.page("/admin/people");
    assert_eq!(count(&first), 50);
    assert!(first.contains("href=\"/admin/people?points=none&#38;after=50\" rel=\"next\""), "{first}");
    let second = browser.page("/admin/people?points=none&after=50");
    assert_eq!(count(&second), 20);
    assert!(!second.contains("rel=\"next\""));
    assert_eq!(count(&browser.page("/admin/people?filter=zy%C3%8B")), 0);
    assert_eq!(count(&browser.page("/admin/people?filter=+zo%C3%8B+%C3%A4r+")), 10);
    let some = browser.page("/admin/people?filter=user+&limit=1");
    assert_eq!(count(&some), 50);
    assert!(unescape(&some).contains("/admin/people?filter=user&after=50"), "{some}");
    for (query, status) in
        [("after=-1", 400), ("after=x", 400), ("filter=", 200), (&format!("filter={}", "x".repeat(256)), 400)]
    {
        assert_eq!(browser.get(&format!("/admin/people?{query}")).status, status, "{query}");
    }
}

#[test]
fn two_users_become_one_after_a_question() {
    let server = Server::start();
    server.award(13, "2023-04-14", 30);
    server.award(14, "2023-04-14", 12);
    server.put("/admin/users/14", &json!({"username": "bob"}));
    let browser = Browser::signed_in(&server, "ana");
    let question = browser.page("/admin/people/users/13/merge?into_id=BOB");
    assert!(question.contains("Merge user-13 into bob?") && question.contains("42 points"), "{question}");
    assert_eq!(server.score(14), 12, "asking changes nothing");
    for (into, status) in [("13", 422), ("", 400), ("nobody", 400), ("0", 400)] {
        assert_eq!(browser.get(&format!("/admin/people/users/13/merge?into_id={into}")).status, status, "{into}");
        assert_eq!(browser.post("/admin/people/users/13/merge", &[("into_id", into)]).status, status, "{into}");
    }
    let fields = hidden_fields(&question, "/admin/people/users/13/merge");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = browser.submit("/admin/people/users/13/merge", &fields);
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin/people/users/14?done=merged")));
    assert_eq!((server.score(13), server.score(14)), (0, 42));
    assert_eq!(browser.submit("/admin/people/users/13/merge", &fields).status, 404, "a second click finds nothing");
}

#[test]
fn groups_are_made_of_lines_of_names() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "ana"}));
    server.put("/admin/users/14", &json!({"username": "Bob, the 2nd"}));
    server.put("/admin/users/15", &json!({"username": "77"}));
    let browser = Browser::signed_in(&server, "ana");
    let lines = "ANA\r\n\r\n  bob, the 2nd \r\n15\r\nuser-99\r\n";
    let (to, page) =
        browser.post_through("/admin/people/new-group", &[("id", "5"), ("name", "Staff <b>"), ("user_ids", lines)]);
    assert_eq!(to, "/admin/people/groups/5?done=group-saved");
    let group = |id: i64| server.get(&format!("/admin/groups/{id}")).json();
    assert_eq!(group(5), json!({"id": 5, "name": "Staff <b>", "user_ids": [13, 14, 15, 99]}));
    // What is shown can be sent back as it is.
    let shown = page.split("dir=\"auto\">\n").nth(1).and_then(|rest| rest.split("</textarea>").next()).map(unescape);
    assert_eq!(shown.as_deref(), Some("ana\nBob, the 2nd\n15\n99"));
    browser.post_through("/admin/people/groups/5", &[("name", "Staff"), ("user_ids", &shown.expect("lines"))]);
    assert_eq!(group(5), json!({"id": 5, "name": "Staff", "user_ids": [13, 14, 15, 99]}));

    for (path, fields, field, status) in [
        ("/admin/people/groups/5", &[("name", "Staff"), ("user_ids", "ana\r\nnobody <b>")] as &[_], "user_ids", 422),
        ("/admin/people/groups/5", &[("name", ""), ("user_ids", "")], "name", 400),
        ("/admin/people/new-group", &[("id", "5"), ("name", "Other"), ("user_ids", "")], "id", 422),
        ("/admin/people/new-group", &[("id", "x"), ("name", "Other"), ("user_ids", "")], "id", 400),
        ("/admin/people/new-group", &[("id", ""), ("name", "Other"), ("user_ids", "")], "id", 400),
    ] {
        let reply = browser.post(path, fields);
        assert_eq!(reply.status, status, "{path} {fields:?}");
        assert!(reply.body.contains(&format!("id=\"{field}-error\"")), "{path} {fields:?}: {}", reply.body);
    }
    assert_eq!(group(5), json!({"id": 5, "name": "Staff", "user_ids": [13, 14, 15, 99]}));
    browser.post_through("/admin/people/groups/5", &[("name", "Staff"), ("user_ids", "")]);
    assert_eq!(group(5)["user_ids"], json!([]));
    assert!(browser.page("/admin/people/groups/5/delete").contains("Delete the group “Staff”?"));
    browser.post_through("/admin/people/groups/5/delete", &[]);
    assert_eq!(server.get("/admin/groups/5").status, 404);
}

/// The user IDs of the people on a page, in their order.
fn shown(page: &str) -> Vec<i64> {
    let links = page.split("class=\"person\" href=\"/admin/people/users/").skip(1);
    links.filter_map(|rest| rest.split('"').next()).map(|id| id.parse().expect("an id")).collect()
}

/// Everybody on all pages of a list.
fn everybody(browser: &Browser<'_>, path: &str) -> Vec<i64> {
    let (mut ids, mut path) = (Vec::new(), path.to_owned());
    loop {
        let page = unescape(&browser.page(&path));
        ids.extend(shown(&page));
        let Some((before, _)) = page.split_once("\" rel=\"next\">More people") else { return ids };
        path = before.rsplit("href=\"").next().expect("a link").to_owned();
    }
}

#[test]
fn people_are_all_who_have_points_or_a_name_in_any_order() {
    let server = Server::start();
    let users: Vec<_> = (1..=60).map(|id| json!({"id": id, "username": format!("name {:02}", 61 - id)})).collect();
    assert_eq!(server.post("/admin/users/batch", &json!({"users": users})).status, 200);
    // 100 to 169 have points and no name; of those with a name, 1 to 10 have points.
    let events: Vec<_> = (100..170)
        .chain(1..=10)
        .map(|id| json!({"user_id": id, "date": format!("2023-04-{:02}", 1 + id % 28), "points": 1000 - id}))
        .collect();
    let batch = json!({"events": events});
    assert_eq!(server.post("/admin/plugins/gamification/score_events/batch", &batch).status, 200);
    server.award(5, "2023-06-30", -2000);
    server.award(100, "2999-01-01", 7);
    server.put("/admin/users/7", &json!({"suspended": true}));
    server.put("/admin/groups/3", &json!({"name": "Staff", "user_ids": [1, 7]}));
    let browser = Browser::signed_in(&server, "ana");

    let by_score = everybody(&browser, "/admin/people");
    let best_first: Vec<i64> = (1..=10).filter(|id| *id != 5).chain(100..170).chain([5]).chain(11..=60).collect();
    assert_eq!(by_score, best_first);
    let by_name = everybody(&browser, "/admin/people?sort=name");
    assert_eq!(by_name, (1..=60).rev().collect::<Vec<_>>());
    let lately = everybody(&browser, "/admin/people?sort=activity");
    assert_eq!((lately.len(), lately[0]), (80, 5), "each once");
    let days: Vec<i64> = lately[1..].iter().map(|id| id % 28).collect();
    assert!(days.is_sorted_by(|before, after| before >= after), "{lately:?}");

    let page = browser.page("/admin/people");
    assert!(page.contains("80 people have points.") && page.contains("Without a name (70)"), "{page}");
    let row = |id: i64| {
        let start = format!("href=\"/admin/people/users/{id}\"");
        page.split("<tr>").find(|row| row.contains(&start)).unwrap_or_default().to_owned()
    };
    assert!(row(7).contains("suspended: on no leaderboard") && row(7).contains("<bdi>Staff</bdi>"), "{}", row(7));
    assert!(row(1).contains(">999</td>") && row(1).contains("datetime=\"2023-04-02\">2 Apr 2023<"), "{}", row(1));
    // A day in the future is no activity yet.
    let page = browser.page("/admin/people?names=missing");
    assert_eq!(shown(&page)[0], 100);
    assert!(page.contains("datetime=\"2023-04-17\">") && !page.contains("2999"), "{page}");
    // Whoever has points and no name is found too.
    assert_eq!(shown(&browser.page("/admin/people?filter=169")), [169]);
    assert_eq!(shown(&browser.page("/admin/people?filter=user-100")), [100]);
}

#[test]
fn people_without_a_name_are_named_in_place() {
    let server = Server::start();
    server.put("/admin/users/13", &json!({"username": "ana"}));
    for id in 100..160 {
        server.award(id, "2023-04-14", 1000 - id);
    }
    let browser = Browser::signed_in(&server, "ana");
    assert_eq!(everybody(&browser, "/admin/people?names=missing"), (100..160).collect::<Vec<_>>());
    let second = unescape(&browser.page("/admin/people?names=missing&page=1"));
    assert_eq!(shown(&second), (150..160).collect::<Vec<_>>());
    let path = "/admin/people/users/155/name";
    let form = hidden_fields(&second, path);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, status, sentence) in [
        ("", 400, "Please fill this in."),
        ("ANA", 422, "This name is taken."),
        ("user-14", 422, "This name is taken."),
        (&"x".repeat(61), 400, "Enter a username of 1 to 60 characters"),
    ] {
        let reply = browser.submit(path, &[&fields[..], &[("username", name)]].concat());
        assert_eq!(reply.status, status, "{name}: {reply:?}");
        let page = unescape(&reply.body);
        assert!(page.contains(&format!("id=\"error-155\">{sentence}")), "{name}: {page}");
        assert_eq!(shown(&page), (150..160).collect::<Vec<_>>(), "the same place");
    }
    let reply = browser.submit(path, &[&fields[..], &[("username", " Zoë van der Berg ")]].concat());
    let back = "/admin/people?names=missing&page=1&done=user-saved";
    assert_eq!((reply.status, reply.header("Location")), (303, Some(back)), "{reply:?}");
    let page = browser.page(back);
    assert!(page.contains("The user is saved.") && page.contains("Without a name (59)"), "{page}");
    assert!(!shown(&page).contains(&155));
    assert_eq!(server.get("/admin/users/155").json()["username"], "Zoë van der Berg");
    let again = browser.submit(path, &[&fields[..], &[("username", "other")]].concat());
    assert_eq!(again.status, 422, "whoever was named meanwhile keeps the name: {again:?}");
    assert_eq!(server.get("/admin/users/155").json()["username"], "Zoë van der Berg");
}
