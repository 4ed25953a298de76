//! Promise: whoever has points or a name is found, wherever one looks for people: by user ID, username, full name or a word
//! of it, without case and accents.

use serde_json::json;

use crate::support::Server;
use crate::support::browser::{Browser, unescape};

/// A server with people whose names are not easy to type, and with user-292, who has points and no name.
fn server() -> Server {
    let server = Server::start();
    for (id, username, name) in [
        (13, "zoe", "Zoë van der Berg"),
        (14, "mara", "Mara Lindqvist"),
        (15, "jürgen", "Jürgen Groß"),
        (16, "oy", "Øyvind Łukasz"),
        (17, "twin1", "Sam Doe"),
        (18, "twin2", "Sam Doe"),
    ] {
        let put = server.put(&format!("/admin/users/{id}"), &json!({"username": username, "name": name}));
        assert_eq!(put.status, 200, "{put:?}");
        server.award(id, "2023-04-14", 10 + id);
    }
    server.award(292, "2023-04-14", 5);
    server
}

/// The ways in which people look for others, and whom they mean.
const WAYS: [(&str, i64); 12] = [
    ("Lindqvist", 14),
    ("Mara%20Lindqvist", 14),
    ("lindqvist+mara", 14),
    ("jurgen", 15),
    ("J%C3%9CRGEN%20GROSS", 15),
    ("gro%C3%9F", 15),
    ("zoe+van+der+berg", 13),
    ("oyvind", 16),
    ("lukasz", 16),
    ("16", 16),
    ("292", 292),
    ("user-292", 292),
];

#[test]
fn a_board_leads_to_whoever_is_looked_for() {
    let server = server();
    let browser = Browser::new(&server);
    for (typed, id) in WAYS {
        let reply = browser.get(&format!("/leaderboard/1?period=all_time&find={typed}"));
        let to = reply.header("Location").unwrap_or_default();
        assert!(reply.status == 303 && to.contains(&format!("for_user_id={id}#u{id}")), "{typed}: {reply:?}");
    }
    let page = browser.page("/leaderboard/1?period=all_time&find=sam+doe");
    assert!(page.contains("twin1") && page.contains("twin2") && !page.contains("Nobody here is called"), "{page}");
    for nobody in ["7777", "user-7777", "xyzzy"] {
        assert!(browser.page(&format!("/leaderboard/1?find={nobody}")).contains("Nobody here is called"), "{nobody}");
    }
}

#[test]
fn the_directory_lists_whoever_is_looked_for() {
    let server = server();
    let listed = |typed: &str| -> Vec<i64> {
        let reply = server.get(&format!("/admin/users?filter={typed}")).json();
        reply["users"].as_array().expect("users").iter().filter_map(|user| user["id"].as_i64()).collect()
    };
    for (typed, id) in WAYS.into_iter().filter(|(_, id)| *id != 292) {
        assert_eq!(listed(typed), [id], "{typed}");
    }
    assert_eq!(listed("ndqv"), [14], "a part in the middle of a word is found as ever");
    assert_eq!((listed("sam"), listed("292"), listed("%CC%81")), (vec![17, 18], vec![], vec![]));
    // The user 17 stands among those whose names hold the digits.
    server.put("/admin/users/9", &json!({"username": "area17"}));
    server.put("/admin/users/40", &json!({"username": "17th"}));
    assert_eq!(listed("17"), [9, 17, 40]);
    let page = server.get("/admin/users?filter=17&limit=1&after=9");
    assert_eq!(page.json()["users"][0]["id"], 17);
    assert!(page.header("Link").is_some_and(|link| link.contains("after=17")), "{page:?}");
    assert_eq!(server.get("/admin/users?filter=17&limit=2&after=9").header("Link"), None);
}

#[test]
fn every_form_of_the_administration_takes_names_as_people_write_them() {
    let server = server();
    let browser = Browser::signed_in(&server, "ana");
    for (typed, id) in [("Lindqvist", 14), ("MARA LINDQVIST", 14), ("jurgen", 15), ("292", 292), ("user-292", 292)] {
        let award = [("kind", "award"), ("user_id", typed), ("points", "3"), ("date", "2023-04-15")];
        let preview = browser.post("/admin/award/preview", &award);
        assert!(preview.status == 200 && preview.body.contains(&format!("user ID {id}<")), "{typed}: {preview:?}");
        let events = browser.page(&format!("/admin/events?user_id={}", typed.replace(' ', "+")));
        assert!(events.contains(&format!("/admin/people/users/{id}\"")), "{typed}: {events}");
        let merge = browser.page(&format!("/admin/people/users/13/merge?into_id={}", typed.replace(' ', "+")));
        assert!(merge.contains(&format!("name=\"into_id\" value=\"{id}\"")), "{typed}: {merge}");
    }
    let group = [("id", "5"), ("name", "Club"), ("user_ids", "Lindqvist\r\nJurgen Gross\r\n292\r\nzoe")];
    assert_eq!(browser.post("/admin/people/new-group", &group).status, 303);
    assert_eq!(server.get("/admin/groups/5").json()["user_ids"], json!([13, 14, 15, 292]));
}

#[test]
fn who_is_meant_by_a_name_of_several_is_asked() {
    let server = server();
    let browser = Browser::signed_in(&server, "ana");
    const SEVERAL: &str = "“sam doe” may be Sam Doe (twin1, user ID 17), Sam Doe (twin2, user ID 18). \
                           Enter the username or the user ID of one of them.";
    const NOBODY: &str = "Nobody is called “xyzzy”.";
    const SIMILAR: &str = "Nobody is called “lindq”. Similar names: Mara Lindqvist (mara, user ID 14).";
    for (typed, sentence) in [("sam doe", SEVERAL), ("xyzzy", NOBODY), ("lindq", SIMILAR)] {
        let award = [("kind", "award"), ("user_id", typed), ("points", "3"), ("date", "2023-04-15")];
        let group = [("id", "5"), ("name", "Club"), ("user_ids", typed)];
        let query = typed.replace(' ', "+");
        for (reply, field) in [
            (browser.post("/admin/award/preview", &award), "user_id"),
            (browser.get(&format!("/admin/events?user_id={query}")), "user_id"),
            (browser.get(&format!("/admin/people/users/13/merge?into_id={query}")), "into_id"),
            (browser.post("/admin/people/users/13/merge", &[("into_id", typed)]), "into_id"),
            (browser.post("/admin/people/new-group", &group), "user_ids"),
        ] {
            assert!(reply.status == 400 || reply.status == 422, "{typed} {field}: {reply:?}");
            let said = format!("id=\"{field}-error\">{sentence}");
            assert!(unescape(&reply.body).contains(&said), "{typed} {field}: {}", reply.body);
            assert!(unescape(&reply.body).contains(typed), "what was typed stays: {}", reply.body);
        }
    }
}

#[test]
fn points_for_somebody_nobody_has_heard_of_are_warned_about() {
    let server = server();
    server.put("/admin/users/30", &json!({"username": "new"}));
    server.award(31, "2999-01-01", 5);
    let browser = Browser::signed_in(&server, "ana");
    let warned = |id: &str| {
        let award = [("kind", "award"), ("user_id", id), ("points", "3"), ("date", "2023-04-15")];
        let preview = browser.post("/admin/award/preview", &award);
        assert_eq!(preview.status, 200, "{id}: {preview:?}");
        preview.body.contains(&format!("Nobody with the user ID {id} is known yet"))
    };
    assert!(warned("7777"));
    for known in ["30", "31", "13", "292"] {
        assert!(!warned(known), "{known}");
    }
}
