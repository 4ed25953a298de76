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
    assert!(first.contains("href=\"/admin/people?after=50\" rel=\"next\""), "{first}");
    let second = browser.page("/admin/people?after=50");
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
