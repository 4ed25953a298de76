//! Promise: boards are set up, replaced and removed as the contract says; groups and suspension say who is ranked, groups
//! and keys who may look; the next read shows it, and so does the next start.

use serde_json::{Value, json};

use crate::leaderboards::{BOARDS, assert_done, assert_order, create_board, quick, set_board, set_group, set_user};
use crate::support::{Reply, Server, Setup};

const NOT_FOUND: &str = "The requested URL or resource could not be found.";
const OVERVIEW: &str = "/admin/plugins/gamification";

/// The boards of the overview.
fn boards(server: &Server) -> Vec<Value> {
    server.get(OVERVIEW).json()["gamification_leaderboards"].as_array().expect("a list of boards").clone()
}

/// One of them, without the time of its change.
fn board(server: &Server, id: i64) -> Value {
    let mut board = boards(server).into_iter().find(|board| board["id"] == id).expect("the board is listed");
    let updated_at = board.as_object_mut().and_then(|board| board.remove("updated_at"));
    assert!(updated_at.is_some_and(|at| at.is_string()));
    board
}

#[test]
fn the_overview_has_the_promised_keys_in_the_promised_order() {
    let server = quick().start();
    let updated_at = boards(&server)[0]["updated_at"].as_str().expect("a time").to_owned();
    let global = format!(
        r#"{{"id":1,"name":"Global Leaderboard","created_by_id":-1,"from_date":null,"to_date":null,"visible_to_groups_ids":[],"included_groups_ids":[],"excluded_groups_ids":[],"default_period":0,"updated_at":"{updated_at}","period_filter_disabled":false}}"#
    );
    let overview = |boards: &str, groups: &str, remaining: i64| {
        format!(
            r#"{{"gamification_recalculate_scores_remaining":{remaining},"gamification_leaderboards":[{boards}],"gamification_groups":[{groups}]}}"#
        )
    };
    let reply = server.get(OVERVIEW);
    reply.assert_api_reply();
    assert_eq!((reply.status, reply.body), (200, overview(&global, "", 5)));

    let created = server.post(BOARDS, &json!({"name": "Second", "created_by_id": 13}));
    created.assert_api_reply();
    let at = created.json()["updated_at"].as_str().expect("a time").to_owned();
    let second = format!(
        r#"{{"id":2,"name":"Second","created_by_id":13,"from_date":null,"to_date":null,"visible_to_groups_ids":[],"included_groups_ids":[],"excluded_groups_ids":[],"default_period":0,"updated_at":"{at}","period_filter_disabled":false}}"#
    );
    assert_eq!((created.status, created.body.as_str()), (200, second.as_str()));
    set_group(&server, 20, &[1]);
    set_group(&server, 10, &[]);
    assert_done(&server.put("/admin/plugins/gamification/recalculate-scores", &json!({})));
    let groups = r#"{"id":10,"name":"group 10"},{"id":20,"name":"group 20"}"#;
    for path in [OVERVIEW.to_owned(), format!("{OVERVIEW}.json"), format!("{OVERVIEW}/")] {
        assert_eq!(server.get(&path).body, overview(&format!("{global},{second}"), groups, 4), "{path}");
    }
}

#[test]
fn a_board_is_made_of_json_or_a_form() {
    let server = quick().start();
    let made = |reply: &Reply| {
        assert_eq!(reply.status, 200, "{reply:?}");
        let board = reply.json();
        assert_eq!(server.get(&format!("/leaderboard/{}", board["id"])).json()["leaderboard"], board);
        (board["name"].as_str().expect("a name").to_owned(), board["created_by_id"].as_i64().expect("a number"))
    };
    let by_form = server.request("POST", BOARDS).form("name=Spring+%26%20summer&created_by_id=-1").send();
    assert_eq!(made(&by_form), ("Spring & summer".to_owned(), -1));
    let by_query = server.request("POST", &format!("{BOARDS}.json?name=Autumn&created_by_id=2147483647")).send();
    assert_eq!(made(&by_query), ("Autumn".to_owned(), 2_147_483_647));
    let longest = "é".repeat(255);
    for (name, kept) in [("  trimmed\n", "trimmed"), ("<b>&\"'", "<b>&\"'"), ("newer", "newer"), (&longest, &longest)] {
        let reply = server.post(BOARDS, &json!({"name": name, "created_by_id": "0"}));
        assert_eq!(made(&reply), (kept.to_owned(), 0));
    }
    assert_eq!(boards(&server).len(), 7);
}

#[test]
fn a_new_board_takes_every_field_that_an_update_takes_and_checks_it() {
    let server = quick().start();
    let all = json!({"name": "Staff", "created_by_id": 7, "from_date": "2023-04-01", "to_date": "2023-09-30",
        "visible_to_groups_ids": [30, 10], "included_groups_ids": [20], "excluded_groups_ids": [1],
        "default_period": 4, "period_filter_disabled": true});
    let made = server.post(BOARDS, &all);
    assert_eq!(made.status, 200, "{made:?}");
    for (field, value) in all.as_object().expect("an object") {
        assert_eq!(made.json()[field], *value, "{field}");
    }
    assert_eq!(server.anonymous("GET", "/leaderboard/2").send().status, 404, "meant for a group, it is not public");
    let before = server.get(OVERVIEW).body;
    for (field, bad) in [
        ("from_date", json!("2023-02-30")),
        ("to_date", json!(5)),
        ("visible_to_groups_ids", json!([0])),
        ("included_groups_ids", json!("a")),
        ("excluded_groups_ids", json!({})),
        ("default_period", json!(6)),
        ("period_filter_disabled", json!("perhaps")),
    ] {
        let reply = server.post(BOARDS, &json!({"name": "Other", "created_by_id": 7, field: bad}));
        reply.assert_error(
            400,
            "invalid_parameters",
            &format!("You supplied invalid parameters to the request: {field}"),
        );
    }
    let reversed = json!({"name": "Other", "created_by_id": 7, "from_date": "2023-09-30", "to_date": "2023-04-01"});
    assert_eq!(server.post(BOARDS, &reversed).json()["error_type"], "dates_reversed");
    assert_eq!(server.get(OVERVIEW).body, before, "nothing is stored");
}

#[test]
fn a_name_is_taken_once_and_new_is_reserved() {
    let server = quick().start();
    let other = create_board(&server, "Ärger");
    let before = server.get(OVERVIEW).body;
    for taken in ["Global Leaderboard", "GLOBAL leaderboard", " Global Leaderboard ", "ärger", "ÄRGER"] {
        let reply = server.post(BOARDS, &json!({"name": taken, "created_by_id": -1}));
        reply.assert_error(422, "name_taken", "This name is taken.");
    }
    for reserved in ["new", "NEW", " New "] {
        let reply = server.post(BOARDS, &json!({"name": reserved, "created_by_id": -1}));
        reply.assert_error(422, "name_reserved", "This name is reserved.");
        let reply = server.put(&format!("{BOARDS}/{other}"), &json!({"name": reserved}));
        reply.assert_error(422, "name_reserved", "This name is reserved.");
    }
    let reply = server.put(&format!("{BOARDS}/{other}"), &json!({"name": "global leaderboard"}));
    reply.assert_error(422, "name_taken", "This name is taken.");
    assert_eq!(server.get(OVERVIEW).body, before, "nothing has changed");
    // Its own name, in another case; then the old name is free.
    set_board(&server, other, json!({"name": "ÄRGER"}));
    assert_eq!(board(&server, other)["name"], "ÄRGER");
    set_board(&server, other, json!({"name": "Joy"}));
    create_board(&server, "Ärger");
}

#[test]
fn an_update_replaces_everything_save_who_made_the_board() {
    let server = quick().start();
    let id = server.post(BOARDS, &json!({"name": "Season", "created_by_id": 7})).json()["id"].as_i64().expect("an id");
    let path = format!("{BOARDS}/{id}");
    let made_at = boards(&server)[1]["updated_at"].clone();
    let all = json!({"id": id, "name": "Season 2023", "created_by_id": 7, "from_date": "2023-04-01", "to_date": "2023-09-30",
        "visible_to_groups_ids": [30, 10], "included_groups_ids": [20], "excluded_groups_ids": [2147483647, 1],
        "default_period": 3, "period_filter_disabled": true});
    let mut fields = all.clone();
    fields["created_by_id"] = json!(99);
    fields["updated_at"] = json!("2001-01-01T00:00:00.000Z");
    assert_done(&server.put(&path, &fields));
    assert_eq!(board(&server, id), all);
    let changed_at = boards(&server)[1]["updated_at"].clone();
    assert!(changed_at.as_str() >= made_at.as_str(), "{changed_at}");

    // The same by a form, whose lists are written in two ways, and by a query.
    let form = "name=Season+2023&from_date=2023-04-01&to_date=2023-09-30&visible_to_groups_ids[]=30&\
                visible_to_groups_ids%5B%5D=10&included_groups_ids=20&excluded_groups_ids=2147483647,1&default_period=3&\
                period_filter_disabled=true";
    for by_query in [false, true] {
        set_board(&server, id, json!({"name": "Season"}));
        let request = if by_query {
            server.request("PUT", &format!("{path}.json?{form}"))
        } else {
            server.request("PUT", &path).form(form)
        };
        assert_done(&request.send());
        assert_eq!(board(&server, id), all);
    }
    // What is absent or null is as in the beginning.
    let bare = json!({"id": id, "name": "Season", "created_by_id": 7, "from_date": null, "to_date": null,
        "visible_to_groups_ids": [], "included_groups_ids": [], "excluded_groups_ids": [], "default_period": 0,
        "period_filter_disabled": false});
    let nulls = json!({"name": "Season", "from_date": null, "to_date": null, "visible_to_groups_ids": null,
        "included_groups_ids": null, "excluded_groups_ids": [], "default_period": null, "period_filter_disabled": null});
    for fields in [json!({"name": "Season"}), nulls] {
        assert_done(&server.put(&path, &all));
        assert_done(&server.put(&path, &fields));
        assert_eq!(board(&server, id), bare);
    }
    set_board(&server, id, json!({"name": "Season", "from_date": "2023-04-01", "to_date": "2023-04-01"}));
    let reversed = server.put(&path, &json!({"name": "Season", "from_date": "2023-04-02", "to_date": "2023-04-01"}));
    reversed.assert_error(422, "dates_reversed", "from_date has to be on or before to_date.");
    assert_eq!(board(&server, id)["to_date"], "2023-04-01");
    for unknown in ["0", "-1", "99", "abc", "99999999999999999999"] {
        let reply = server.put(&format!("{BOARDS}/{unknown}"), &json!({"name": "Other"}));
        reply.assert_error(404, "not_found", NOT_FOUND);
    }
}

#[test]
fn a_board_is_removed_save_the_first() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    let id = create_board(&server, "Short-lived");
    assert_order(&server, &format!("/leaderboard/{id}"), &[(13, 15)]);
    assert_done(&server.delete(&format!("{BOARDS}/{id}")));
    server.get(&format!("/leaderboard/{id}")).assert_error(404, "not_found", NOT_FOUND);
    server.get(&format!("/leaderboard/{id}/around/13")).assert_error(404, "not_found", NOT_FOUND);
    for gone in [id.to_string(), "0".to_owned(), "-1".to_owned(), "abc".to_owned()] {
        server.delete(&format!("{BOARDS}/{gone}")).assert_error(404, "not_found", NOT_FOUND);
    }
    let protected = server.delete(&format!("{BOARDS}/1.json"));
    protected.assert_error(422, "leaderboard_protected", "The first leaderboard can't be deleted.");
    assert_order(&server, "/leaderboard", &[(13, 15)]);
    // The name is free again, the number is not.
    assert!(create_board(&server, "Short-lived") > id);
}

#[test]
fn the_next_read_shows_a_change_of_boards_users_and_groups() {
    let server = Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "1h").start();
    server.award(13, "2023-04-14", 15);
    server.award(14, "2023-04-14", 10);
    let now = |path: &str| server.get(path).json();
    let id = create_board(&server, "At once");
    let path = format!("/leaderboard/{id}");
    assert_eq!(crate::leaderboards::ranks(&now(&path)), [(13, 15, 1), (14, 10, 2)]);
    set_board(&server, id, json!({"name": "Renamed", "included_groups_ids": [1]}));
    assert_eq!((&now(&path)["leaderboard"]["name"], &now(&path)["users"]), (&json!("Renamed"), &json!([])));
    set_group(&server, 1, &[14]);
    assert_eq!(crate::leaderboards::ranks(&now(&path)), [(14, 10, 1)]);
    set_user(&server, 14, &json!({"username": "bob"}));
    assert_eq!(now(&path)["users"][0]["username"], "bob");
    assert_done(&server.delete("/admin/users/14"));
    assert_eq!(now(&path)["users"][0]["username"], "user-14");
    assert_done(&server.post("/admin/users/merge", &json!({"from_id": 13, "into_id": 14})));
    assert_eq!(crate::leaderboards::ranks(&now(&path)), [(14, 25, 1)]);
    set_user(&server, 14, &json!({"username": "bob", "suspended": true}));
    assert_eq!(now(&path)["users"], json!([]));
    assert_done(&server.delete(&format!("{BOARDS}/{id}")));
    assert_eq!(server.get(&path).status, 404);
}

#[test]
fn groups_and_suspension_say_who_is_ranked() {
    let server = quick().start();
    for user in 1..=6 {
        server.award(user, "2023-04-14", 100 - user);
    }
    set_group(&server, 10, &[1, 2, 3, 99]);
    set_group(&server, 20, &[3, 4]);
    set_group(&server, 30, &[]);
    let board = create_board(&server, "Some");
    let path = format!("/leaderboard/{board}");
    let ranked = |users: &[i64]| {
        let want: Vec<(i64, i64)> = users.iter().map(|user| (*user, 100 - user)).collect();
        assert_order(&server, &path, &want);
    };
    ranked(&[1, 2, 3, 4, 5, 6]);
    let table: &[(&[i64], &[i64], &[i64])] = &[
        (&[10], &[], &[1, 2, 3]),
        (&[10, 20], &[], &[1, 2, 3, 4]),
        (&[20, 20], &[], &[3, 4]),
        (&[], &[10], &[4, 5, 6]),
        (&[10], &[20], &[1, 2]),
        (&[10], &[10], &[]),
        (&[30], &[], &[]),
        (&[77], &[], &[]),
        (&[77, 20], &[], &[3, 4]),
        (&[], &[77, 30], &[1, 2, 3, 4, 5, 6]),
    ];
    for (included, excluded, want) in table {
        set_board(&server, board, json!({"included_groups_ids": included, "excluded_groups_ids": excluded}));
        ranked(want);
    }
    // Members come and go, a group is removed, a user is suspended and comes back.
    set_board(&server, board, json!({"included_groups_ids": [10]}));
    set_group(&server, 10, &[5, 2, 5]);
    ranked(&[2, 5]);
    server.award(99, "2023-04-14", 100 - 99);
    server.award(2, "2023-04-15", 0);
    assert_order(&server, "/leaderboard/1", &[(1, 99), (2, 98), (3, 97), (4, 96), (5, 95), (6, 94), (99, 1)]);
    set_user(&server, 5, &json!({"username": "eve", "suspended": true}));
    ranked(&[2]);
    assert_eq!(server.score(5), 95, "points are kept");
    assert_eq!(server.get("/leaderboard/1?for_user_id=5").json()["personal"]["user"], Value::Null);
    set_user(&server, 5, &json!({"suspended": false}));
    ranked(&[2, 5]);
    set_user(&server, 5, &json!({"suspended": true}));
    assert_done(&server.delete("/admin/users/5"));
    ranked(&[2]);
    assert_done(&server.delete("/admin/groups/10"));
    ranked(&[]);
}

#[test]
fn a_board_for_groups_is_there_for_callers_with_a_key_alone() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    assert_order(&server, "/leaderboard", &[(13, 15)]);
    let open = create_board(&server, "For all");
    set_group(&server, 10, &[]);
    set_board(&server, 1, json!({"visible_to_groups_ids": [10]}));

    let not_found = |path: &str| {
        let reply = server.anonymous("GET", path).send();
        reply.assert_error(404, "not_found", NOT_FOUND);
    };
    for path in ["/leaderboard/1", "/leaderboard/1?period=daily", "/leaderboard/1/around/13", "/leaderboard/1/live"] {
        not_found(path);
    }
    let private = assert_order(&server, "/leaderboard/1", &[(13, 15)]);
    assert_eq!(private.header("Cache-Control"), Some("private, no-cache"));
    assert_eq!(private.json()["leaderboard"]["visible_to_groups_ids"], json!([10]));
    assert_eq!(server.get("/leaderboard/1/around/13").header("Cache-Control"), Some("private, no-cache"));

    let first = |reply: &Reply| reply.json()["leaderboard"]["id"].clone();
    assert_eq!(first(&server.get("/leaderboard")), json!(1));
    assert_eq!(first(&server.anonymous("GET", "/leaderboard").send()), json!(open));
    set_board(&server, open, json!({"visible_to_groups_ids": [10, 11]}));
    not_found("/leaderboard");

    // A key that is sent has to be good, also where none is needed.
    set_board(&server, 1, json!({}));
    for path in ["/leaderboard", "/leaderboard/1", "/leaderboard/1/around/13", "/leaderboard/1/live"] {
        let reply = server.anonymous("GET", path).header("API-Key", "wrong").header("API-Username", "system").send();
        assert_eq!((reply.status, reply.error_type().as_str()), (403, "invalid_access"), "{path}");
    }
    let blank = server.anonymous("GET", "/leaderboard").header("API-Key", " ").send();
    assert_eq!(blank.status, 200, "{blank:?}");
}

#[test]
fn where_reading_is_not_public_a_key_is_needed() {
    let server = quick().env("SCOREKEEPER_PUBLIC", "false").start();
    server.award(13, "2023-04-14", 15);
    let page = assert_order(&server, "/leaderboard", &[(13, 15)]);
    assert_eq!(page.header("Cache-Control"), Some("private, no-cache"));
    for path in
        ["/leaderboard", "/leaderboard/1", "/leaderboard/1/around/13", "/leaderboard/1/live", "/avatars/1/9.svg"]
    {
        let reply = server.anonymous("GET", path).send();
        reply.assert_error(403, "not_logged_in", "You need to be logged in to do that.");
    }
}

#[test]
fn boards_and_standings_are_the_same_after_a_restart() {
    let server = quick().start();
    for user in 1..=5 {
        server.award(user, "2023-04-14", 100 - user);
    }
    set_group(&server, 10, &[1, 3, 5]);
    set_user(&server, 3, &json!({"username": "cleo", "name": "Cleo"}));
    let board = create_board(&server, "Kept");
    set_board(&server, board, json!({"included_groups_ids": [10], "default_period": 0, "to_date": "2024-01-01"}));
    let want = [(1, 99), (3, 97), (5, 95)];
    let path = format!("/leaderboard/{board}?for_user_id=3");
    let before = assert_order(&server, &path, &want);
    let mut folder = server.stop();
    for stop in [Server::kill, Server::stop] {
        let server = Setup::in_folder(folder).start();
        let after = assert_order(&server, &path, &want);
        assert_eq!(after.body, before.body);
        assert_ne!(after.header("ETag"), before.header("ETag"), "no two processes share tags");
        folder = stop(server);
    }
}
