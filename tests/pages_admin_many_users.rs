//! Promise: names for many users are looked at line by line and then stored all or none, and what a list shows can be
//! taken out as a file that goes in again.

use serde_json::json;

use crate::support::browser::{ACCEPT, Browser, hidden_fields};
use crate::support::{Reply, Server, run};

const FORM: &str = "/admin/people/many";
const PREVIEW: &str = "/admin/people/many/preview";
const SAVED: &str = "/admin/people?done=users-saved";

/// A server that knows three users.
fn three_users() -> Server {
    let server = Server::start();
    let users = json!({"users": [
        {"id": 13, "username": "ann", "name": "Ann Example"},
        {"id": 14, "username": "bob"},
        {"id": 15, "username": "carl", "suspended": true}]});
    assert_eq!(server.post("/admin/users/batch", &users).status, 200);
    server
}

fn press(browser: &Browser<'_>, page: &str, more: &[(&str, &str)]) -> Reply {
    let fields = hidden_fields(page, FORM);
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    browser.submit(FORM, &fields.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// A file that a signed-in browser downloads.
fn download(server: &Server, browser: &Browser<'_>, path: &str) -> Reply {
    let cookie = format!("scorekeeper_session={}", browser.cookie("scorekeeper_session").expect("a session"));
    server.anonymous("GET", path).header("Accept", ACCEPT).header("Cookie", &cookie).send()
}

#[test]
fn users_are_looked_at_and_saved_at_once() {
    let server = three_users();
    let browser = Browser::signed_in(&server, "ana");
    assert!(browser.page("/admin/people").contains(FORM));
    assert!(browser.page(FORM).contains("enctype=\"multipart/form-data\""));
    let file = "id,username,name,suspended\r\n13,bob,,\r\n14,Ann,\"\",TRUE\r\n15,carl,,true\r\n16,dora,Dora <b>,\r\n";
    let page = browser.post_file(PREVIEW, &[("table", "")], ("table_file", file.as_bytes()));
    assert_eq!(page.status, 200, "{page:?}");
    for shown in
        ["Save 4 users?", "was ann", "was bob, suspended", "<span class=\"soft\">nothing</span>", "Dora &#60;b&#62;"]
    {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert_eq!(server.get("/admin/users/13").json()["username"], "ann", "looking saves nothing");
    for _ in 0..2 {
        assert_eq!(press(&browser, &page.body, &[]).header("Location"), Some(SAVED));
    }
    assert!(browser.page(SAVED).contains("All of them are saved."));
    let user = |id: i64| server.get(&format!("/admin/users/{id}")).json();
    assert_eq!((&user(13)["username"], &user(13)["name"]), (&json!("bob"), &json!("Ann Example")));
    assert_eq!((&user(14)["username"], &user(14)["suspended"]), (&json!("Ann"), &json!(true)));
    assert_eq!((&user(15)["suspended"], &user(16)["name"]), (&json!(true), &json!("Dora <b>")));
}

#[test]
fn a_bad_line_is_named_and_keeps_all_from_being_saved() {
    let server = three_users();
    let browser = Browser::signed_in(&server, "ana");
    let lines = "id,username,suspended\r\n13,BOB,\r\n16,,\r\n0,x,\r\n17,user-18,\r\n18,ok,maybe\r\n14,\" \",\r\n19,eve,\r\n20,Eve,\r\n";
    let page = browser.post(PREVIEW, &[("table", lines)]).body;
    for bad in [
        "<b>Line 2</b>: <bdi>username: this name is taken",
        "<b>Line 3</b>: <bdi>username: it is missing, and nobody has this number yet",
        "<b>Line 4</b>: <bdi>id: it is not a number from 1 to 2147483647",
        "<b>Line 5</b>: <bdi>username: this name is taken",
        "<b>Line 6</b>: <bdi>suspended: it is not true or false",
        "<b>Line 7</b>: <bdi>username: it is missing",
        "<b>Line 9</b>: <bdi>username: this name is taken",
        "Leave out 7 bad lines",
        "Save 1 user?",
    ] {
        assert!(page.contains(bad), "{bad}: {page}");
    }
    let refused = press(&browser, &page, &[]);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Nothing was stored."), "{refused:?}");
    assert_eq!(server.get("/admin/users/19").status, 404);
    assert_eq!(press(&browser, &refused.body, &[("leave_out", "true")]).header("Location"), Some(SAVED));
    assert_eq!(server.get("/admin/users/19").json()["username"], "eve");
    assert_eq!(server.get("/admin/users/13").json()["username"], "ann");
    let wrong = browser.post(PREVIEW, &[("table", "username,name\r\nann,Ann\r\n")]);
    assert!(wrong.status == 422 && wrong.body.contains("no column is named id"), "{wrong:?}");
}

#[test]
fn a_line_releases_who_was_forgotten_while_suspended() {
    let server = three_users();
    server.put("/admin/users/14", &json!({"suspended": true}));
    server.delete("/admin/users/14");
    let browser = Browser::signed_in(&server, "ana");
    let lines = "id,suspended\r\n14,false\r\n14,false\r\n99,false\r\n";
    let page = browser.post(PREVIEW, &[("table", lines)]).body;
    for shown in ["Save 1 user?", "Leave out 2 bad lines", "<bdi>user-14</bdi>", "<bdi>suspended no longer</bdi>"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("badge good"), "{page}");
    assert_eq!(press(&browser, &page, &[("leave_out", "true")]).header("Location"), Some(SAVED));
    assert!(!browser.page("/admin/people/users/14").contains("still suspended"));
}

#[test]
fn a_name_that_a_bad_line_would_have_set_free_is_not_free() {
    let server = three_users();
    let browser = Browser::signed_in(&server, "ana");
    // Bob can't become Carl, so Ann can't become Bob, and Dora can't become Ann.
    let lines = "id,username\r\n16,ann\r\n13,bob\r\n14,carl\r\n";
    let page = browser.post(PREVIEW, &[("table", lines)]).body;
    assert!(page.contains("3 bad lines") && page.contains("Nothing can be saved"), "{page}");
    let chain = format!("{lines}15,dora\r\n");
    let page = browser.post(PREVIEW, &[("table", &chain)]).body;
    assert!(page.contains("Save 4 users?") && !page.contains("bad line"), "{page}");
    assert_eq!(press(&browser, &page, &[]).header("Location"), Some(SAVED));
    assert_eq!(server.get("/admin/users/16").json()["username"], "ann");
}

#[test]
fn a_list_is_downloaded_with_its_filters_and_goes_in_again() {
    let server = three_users();
    let browser = Browser::signed_in(&server, "ana");
    assert!(browser.page("/admin/people?filter=a").contains("href=\"/admin/people.csv?filter=a\""));
    let all = download(&server, &browser, "/admin/people.csv");
    assert_eq!((all.status, all.header("Content-Type")), (200, Some("text/csv; charset=utf-8")), "{all:?}");
    assert_eq!(all.header("Content-Disposition"), Some("attachment; filename=\"users.csv\""));
    let want = "id,username,name,avatar_template,suspended\n\
                13,ann,Ann Example,/avatars/13/{size}.svg,false\n\
                14,bob,,/avatars/14/{size}.svg,false\n\
                15,carl,,/avatars/15/{size}.svg,true\n";
    assert_eq!(all.body, want);
    assert_eq!(download(&server, &browser, "/admin/people.csv?filter=AR").body.lines().count(), 2);
    let again = browser.post_file(PREVIEW, &[("table", "")], ("table_file", all.body.as_bytes()));
    assert!(again.body.contains("<dt>As they are</dt><dd>3</dd>"), "{again:?}");
}

#[test]
fn events_are_downloaded_with_the_filters_in_force() {
    let server = three_users();
    let browser = Browser::signed_in(&server, "ana");
    let events: Vec<_> = (0..2_500)
        .map(|index| json!({"user_id": 13 + index % 3, "date": "2023-04-14", "points": index % 5 - 1, "description": "=1,\n"}))
        .collect();
    assert_eq!(server.post("/admin/plugins/gamification/score_events/batch", &json!({ "events": events })).status, 200);
    let page = browser.page("/admin/events?user_id=ann&sign=deduction&text=");
    assert!(page.contains("href=\"/admin/events.csv?user_id=ann&#38;sign=deduction\""), "{page}");
    let all = download(&server, &browser, "/admin/events.csv");
    assert_eq!(all.body.matches(",2023-04-14,").count(), 2_500);
    let first = "id,user_id,username,date,points,description,created_at,updated_at,created_by\n2500,13,ann,2023-04-14,3,\"'=1,\n\",";
    assert!(all.body.starts_with(first), "{:.300}", all.body);
    let some = download(&server, &browser, "/admin/events.csv?user_id=ann&sign=deduction").body;
    assert_eq!(some.matches(",ann,2023-04-14,-1,").count(), 167);
    assert_eq!(some.matches(",2023-04-14,").count(), 167);
    assert_eq!(download(&server, &browser, "/admin/events.csv?from_date=soon").status, 400);
}

#[test]
fn a_key_without_the_scope_downloads_nothing() {
    let server = three_users();
    let scopes = ["--database", "scores.db", "keys", "create", "--scopes", "events:read"];
    let made = run(server.folder().path(), &scopes);
    let reader = Browser::new(&server);
    assert_eq!(reader.sign_in(made.stdout.trim(), "eve").status, 303, "{made:?}");
    for (list, file) in [("/admin/events", "/admin/events.csv"), ("/admin/people", "/admin/people.csv")] {
        assert!(!reader.page(list).contains(file), "{list}");
        assert_eq!(download(&server, &reader, file).status, 403, "{file}");
    }
    assert_eq!(reader.get(FORM).status, 403);
}
