//! Promise: users and groups are named, listed and forgotten as the contract says; two users become one with nothing lost
//! and nothing counted twice; and everyone has a picture.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::durability::assert_scores_are_sums;
use crate::leaderboards::{assert_done, assert_order, create_board, quick, set_board, set_group, set_user};
use crate::support::{EVENTS, Reply, Server, Setup, run, wait_for};

const USERS: &str = "/admin/users";
const GROUPS: &str = "/admin/groups";
const MERGE: &str = "/admin/users/merge";
const NOT_FOUND: &str = "The requested URL or resource could not be found.";

#[track_caller]
fn assert_body(reply: &Reply, want: &str) {
    assert_eq!((reply.status, reply.body.as_str()), (200, want), "{reply:?}");
    reply.assert_api_reply();
}

#[test]
fn a_user_is_made_changed_shown_and_forgotten() {
    let server = quick().start();
    assert_body(&server.get(USERS), r#"{"users":[]}"#);
    set_user(&server, 14, &json!({"username": "bob"}));
    let full = json!({"username": " Ann ", "name": " Ann Ämter ", "avatar_template": "https://example.org/{size}/a.png",
        "suspended": true});
    set_user(&server, 13, &full);
    let ann = r#"{"id":13,"username":"Ann","name":"Ann Ämter","avatar_template":"https://example.org/{size}/a.png","suspended":true}"#;
    let bob = r#"{"id":14,"username":"bob","name":null,"avatar_template":"/avatars/14/{size}.svg","suspended":false}"#;
    assert_body(&server.get("/admin/users/13"), ann);
    assert_body(&server.get("/admin/users/14.json"), bob);
    for path in [USERS.to_owned(), format!("{USERS}.json"), format!("{USERS}/")] {
        assert_body(&server.get(&path), &format!(r#"{{"users":[{ann},{bob}]}}"#));
    }
    // What is absent or null stays; what is blank is cleared.
    set_user(&server, 13, &json!({}));
    set_user(&server, 13, &json!({"username": null, "name": null, "avatar_template": null, "suspended": null}));
    assert_body(&server.get("/admin/users/13"), ann);
    assert_done(&server.request("PUT", "/admin/users/13").form("name=&avatar_template=&suspended=false").send());
    let cleared =
        r#"{"id":13,"username":"Ann","name":null,"avatar_template":"/avatars/13/{size}.svg","suspended":false}"#;
    assert_body(&server.get("/admin/users/13"), cleared);
    assert_done(&server.request("PUT", "/admin/users/13?username=anna&avatar_template=/a.png").send());
    let renamed = r#"{"id":13,"username":"anna","name":null,"avatar_template":"/a.png","suspended":false}"#;
    assert_body(&server.get("/admin/users/13"), renamed);

    server.award(13, "2023-04-14", 15);
    assert_eq!(server.get("/users/13/score").json()["username"], "anna");
    let page = assert_order(&server, "/leaderboard", &[(13, 15)]).json();
    assert_eq!(
        (&page["users"][0]["username"], &page["users"][0]["avatar_template"]),
        (&json!("anna"), &json!("/a.png"))
    );
    assert_done(&server.delete("/admin/users/13"));
    assert_eq!(server.get("/users/13/score").json()["username"], "user-13");
    assert_eq!(server.get("/leaderboard").json()["users"][0]["username"], "user-13");
    assert_eq!(server.score(13), 15, "points are kept");
    for gone in ["13", "15", "0", "-1", "abc", "2147483648", "99999999999999999999"] {
        server.get(&format!("{USERS}/{gone}")).assert_error(404, "not_found", NOT_FOUND);
        server.delete(&format!("{USERS}/{gone}")).assert_error(404, "not_found", NOT_FOUND);
    }
    set_user(&server, 2_147_483_647, &json!({"username": "last"}));
    for impossible in ["0", "-1", "abc", "2147483648"] {
        let reply = server.put(&format!("{USERS}/{impossible}"), &json!({"username": "nobody"}));
        reply.assert_error(404, "not_found", NOT_FOUND);
    }
}

#[test]
fn no_two_users_share_a_username_whatever_its_case() {
    let server = quick().start();
    set_user(&server, 1, &json!({"username": "Ärger"}));
    set_user(&server, 2, &json!({"username": "bob", "name": "Bob"}));
    for taken in ["Ärger", "ärger", "ÄRGER", " ärger "] {
        for id in [2, 3] {
            let reply = server.put(&format!("{USERS}/{id}"), &json!({"username": taken, "name": "Other"}));
            reply.assert_error(422, "name_taken", "This name is taken.");
        }
    }
    assert_eq!(server.get("/admin/users/2").json()["name"], "Bob");
    assert_eq!(server.get("/admin/users/3").status, 404);
    set_user(&server, 1, &json!({"username": "äRGER"}));
    assert_eq!(server.get("/admin/users/1").json()["username"], "äRGER");
    // Renamed or forgotten, a name is free.
    set_user(&server, 1, &json!({"username": "ann"}));
    set_user(&server, 3, &json!({"username": "Ärger"}));
    assert_done(&server.delete("/admin/users/3"));
    set_user(&server, 2, &json!({"username": "ärger"}));
    // The longest, in characters.
    set_user(&server, 4, &json!({"username": "é".repeat(60)}));
    assert_eq!(server.get("/admin/users/4").json()["username"], "é".repeat(60));
}

/// Follows `Link` from `path` to the end: the ids of each page.
fn pages(server: &Server, path: &str) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next.take() {
        let reply = server.get(&path);
        assert_eq!(reply.status, 200, "{reply:?}");
        let users = reply.json()["users"].as_array().expect("a list of users").clone();
        pages.push(users.iter().map(|user| user["id"].as_i64().expect("an id")).collect());
        next = reply.header("Link").map(|link| {
            let target = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(r#">; rel="next""#));
            target.unwrap_or_else(|| panic!("a link of another form: {link}")).to_owned()
        });
        assert!(pages.len() <= 100, "the links of {path} lead in a circle");
    }
    pages
}

#[test]
fn users_are_listed_by_number_filtered_and_paged() {
    let server = quick().start();
    let users = "
        WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 230)
        INSERT INTO users (id, username, folded, name)
        SELECT id, 'User_' || id, 'user_' || id, iif(id % 2, 'Odd & Größe ' || id, NULL) FROM ids";
    server.sql().execute_batch(users).expect("users are stored");
    // What another program has stored is found once the leaderboards have taken it up.
    wait_for("users to be found", || (pages(&server, &format!("{USERS}?filter=user_230")) == [[230]]).then_some(()));
    let range = |first: i64, last: i64| (first..=last).collect::<Vec<_>>();
    let odd = |first: i64, last: i64| (first..=last).step_by(2).collect::<Vec<_>>();
    for (query, want) in [
        ("", vec![range(1, 100), range(101, 200), range(201, 230)]),
        ("?limit=100&after=130", vec![range(131, 230)]),
        ("?limit=1&after=228", vec![vec![229], vec![230]]),
        ("?after=230", vec![vec![]]),
        ("?after=9223372036854775807", vec![vec![]]),
        ("?filter=user_23", vec![vec![23, 230]]),
        ("?filter=USER_22", vec![[vec![22], range(220, 229)].concat()]),
        ("?filter=%20user_7%20&limit=4", vec![vec![7, 70, 71, 72], vec![73, 74, 75, 76], vec![77, 78, 79]]),
        ("?filter=odd%20%26%20gr%C3%96%C3%9Fe&after=190&limit=12", vec![odd(191, 213), odd(215, 229)]),
        ("?filter=", vec![range(1, 100), range(101, 200), range(201, 230)]),
        ("?filter=_", vec![range(1, 100), range(101, 200), range(201, 230)]),
        ("?filter=%25", vec![vec![]]),
        ("?filter=nobody", vec![vec![]]),
    ] {
        assert_eq!(pages(&server, &format!("{USERS}{query}")), want, "{query}");
    }
    let page = server.get(&format!("{USERS}?filter=user_1&limit=2&after=1"));
    assert_eq!(page.json()["users"][0]["id"], 10);
}

#[test]
fn a_group_is_made_changed_shown_and_removed() {
    let server = quick().start();
    assert_body(&server.get(GROUPS), r#"{"groups":[]}"#);
    assert_done(&server.put("/admin/groups/20", &json!({"name": "staff", "user_ids": [7, "3", 7, 5]})));
    assert_done(&server.request("PUT", "/admin/groups/10").form("name=guests").send());
    let staff = r#"{"id":20,"name":"staff","user_ids":[3,5,7]}"#;
    let guests = r#"{"id":10,"name":"guests","user_ids":[]}"#;
    assert_body(&server.get("/admin/groups/20"), staff);
    assert_body(&server.get("/admin/groups/10.json"), guests);
    assert_body(&server.get(GROUPS), &format!(r#"{{"groups":[{guests},{staff}]}}"#));
    let overview = server.get("/admin/plugins/gamification").json();
    let names = json!([{"id": 10, "name": "guests"}, {"id": 20, "name": "staff"}]);
    assert_eq!(overview["gamification_groups"], names);

    // Absent or null keeps, a list replaces; a name alone, members alone.
    let shown = || server.get("/admin/groups/20").json();
    assert_done(&server.put("/admin/groups/20", &json!({"name": " crew ", "user_ids": null})));
    assert_eq!(shown(), json!({"id": 20, "name": "crew", "user_ids": [3, 5, 7]}));
    for (form, members) in [
        ("user_ids=2,1", json!([1, 2])),
        ("user_ids[]=4&user_ids[]=6", json!([4, 6])),
        ("user_ids%5B%5D=9", json!([9])),
        ("name=crew", json!([9])),
        ("user_ids=", json!([])),
    ] {
        assert_done(&server.request("PUT", "/admin/groups/20").form(form).send());
        assert_eq!(shown(), json!({"id": 20, "name": "crew", "user_ids": members}), "{form}");
    }
    assert_done(&server.put("/admin/groups/20", &json!({"user_ids": [1]})));
    assert_done(&server.put("/admin/groups/20", &json!({"user_ids": []})));
    assert_eq!(shown()["user_ids"], json!([]));
    // Two groups may bear one name.
    assert_done(&server.put("/admin/groups/20", &json!({"name": "guests"})));
    assert_done(&server.delete("/admin/groups/20"));
    assert_body(&server.get(GROUPS), &format!(r#"{{"groups":[{guests}]}}"#));
    for gone in ["20", "0", "-1", "abc", "2147483648"] {
        server.get(&format!("{GROUPS}/{gone}")).assert_error(404, "not_found", NOT_FOUND);
        server.delete(&format!("{GROUPS}/{gone}")).assert_error(404, "not_found", NOT_FOUND);
    }
    server.put("/admin/groups/0", &json!({"name": "none"})).assert_error(404, "not_found", NOT_FOUND);
}

/// A rebuild of all days finds nothing to mend, and every score is the sum of its events.
#[track_caller]
fn assert_sound(server: &Server) {
    assert_scores_are_sums(&server.sql());
    let backfill = run(server.folder().path(), &["--database", "scores.db", "--backfill-from", "0001-01-01"]);
    assert!(backfill.stdout.contains(" 0 scores on 0 days were different"), "{backfill:?}");
}

#[test]
fn two_users_become_one() {
    let server = quick().start();
    let (from, into) = (13, 14);
    let first = server.award(from, "2023-04-14", 15)["id"].clone();
    assert_eq!(server.put(EVENTS, &json!({"id": first, "points": 25})).status, 200);
    server.award(from, "2023-04-16", 5);
    let gone = server.award(from, "2023-04-17", 100)["id"].clone();
    assert_eq!(server.delete(&format!("{EVENTS}/{gone}")).status, 200);
    server.award(into, "2023-04-14", -3);
    server.award(into, "2023-04-15", 1);
    server.award(99, "2023-04-15", 28);
    set_user(&server, from, &json!({"username": "old", "suspended": true}));
    set_user(&server, into, &json!({"username": "kept", "name": "Kept"}));
    set_group(&server, 10, &[from, 99]);
    set_group(&server, 20, &[from, into]);
    set_group(&server, 30, &[99]);
    let board = create_board(&server, "Of group 10");
    set_board(&server, board, json!({"included_groups_ids": [10]}));
    assert_order(&server, "/leaderboard", &[(99, 28), (into, -2)]);
    let history = server.get(&format!("{EVENTS}/{first}/history")).body;

    assert_done(&server.post(MERGE, &json!({"from_id": from, "into_id": into})));

    let ranks = crate::leaderboards::ranks;
    let tied = [(into, 28, 1), (99, 28, 1)];
    assert_eq!(ranks(&server.get("/leaderboard").json()), tied);
    assert_eq!(ranks(&server.get(&format!("/leaderboard/{board}")).json()), tied, "groups have moved");
    assert_eq!(server.get("/leaderboard").json()["users"][0]["username"], "kept");
    // Nothing is left of the first.
    server.get("/admin/users/13").assert_error(404, "not_found", NOT_FOUND);
    assert_eq!(
        server.get("/users/13/score").body,
        r#"{"user_id":13,"username":"user-13","period":"all_time","total_score":0,"position":null}"#
    );
    assert_body(&server.get("/users/13/days"), r#"{"days":[]}"#);
    assert_body(&server.get(&format!("{EVENTS}?user_id=13")), r#"{"events":[]}"#);
    let groups: Vec<Value> =
        [10, 20, 30].map(|id| server.get(&format!("{GROUPS}/{id}")).json()["user_ids"].clone()).into();
    assert_eq!(groups, [json!([14, 99]), json!([14]), json!([99])]);
    // All of it is the second's.
    assert_eq!(
        server.get("/users/14/score").body,
        r#"{"user_id":14,"username":"kept","period":"all_time","total_score":28,"position":1}"#
    );
    let days = json!([{"date": "2023-04-14", "score": 22}, {"date": "2023-04-15", "score": 1}, {"date": "2023-04-16", "score": 5}]);
    assert_eq!(server.get("/users/14/days").json()["days"], days);
    assert_eq!(server.get(&format!("{EVENTS}/{first}")).json()["user_id"], 14);
    assert_eq!(server.get(&format!("{EVENTS}/{first}/history")).body, history);
    assert_eq!(server.get(&format!("{EVENTS}/{gone}/history")).json()["revisions"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.get(&format!("{EVENTS}?user_id=14")).json()["events"].as_array().map(Vec::len), Some(4));
    assert_sound(&server);
    // What was the first's can be spent, corrected and taken back.
    let redeem = json!({"user_id": 14, "date": "2023-04-18", "points": -28, "minimum_score": 0});
    assert_eq!(server.post(EVENTS, &redeem).status, 200);
    assert_eq!(server.post(EVENTS, &redeem).error_type(), "insufficient_points");
    assert_eq!(server.delete(&format!("{EVENTS}/{first}")).status, 200);
    assert_order(&server, "/leaderboard", &[(99, 28), (14, -25)]);
    // The number is free again, and starts from nothing.
    server.award(13, "2023-04-14", 1);
    assert_order(&server, "/leaderboard", &[(99, 28), (13, 1), (14, -25)]);
    assert_sound(&server);
}

#[test]
fn there_has_to_be_something_to_merge() {
    let server = quick().start();
    server.award(14, "2023-04-14", 15);
    let merge = |from: i64, into: i64| server.post(MERGE, &json!({"from_id": from, "into_id": into}));
    merge(13, 14).assert_error(404, "not_found", NOT_FOUND);
    merge(14, 14).assert_error(422, "same_user", "A user can't be merged with itself.");
    // A name alone, a membership alone, events alone; by JSON, a form, a query; into someone unknown.
    set_user(&server, 13, &json!({"username": "ann"}));
    assert_done(&merge(13, 14));
    merge(13, 14).assert_error(404, "not_found", NOT_FOUND);
    assert_eq!(server.get("/admin/users/14").status, 404, "a name does not move");
    set_group(&server, 10, &[13]);
    assert_done(&server.request("POST", MERGE).form("from_id=13&into_id=14").send());
    assert_eq!(server.get("/admin/groups/10").json()["user_ids"], json!([14]));
    assert_done(&server.request("POST", &format!("{MERGE}.json?from_id=14&into_id=2147483647")).send());
    assert_order(&server, "/leaderboard", &[(2_147_483_647, 15)]);
    assert_eq!(server.get("/admin/groups/10").json()["user_ids"], json!([2_147_483_647]));
    assert_eq!((server.score(14), server.score(2_147_483_647)), (0, 15));
    assert_sound(&server);
}

#[test]
fn a_merge_beside_awards_to_both_users_adds_up() {
    let server = quick().start();
    let (from, into) = (13, 14);
    let total = AtomicI64::new(0);
    std::thread::scope(|scope| {
        for client in 0..4_i64 {
            let (server, total) = (&server, &total);
            scope.spawn(move || {
                for turn in 0..60 {
                    let user = if (turn + client) % 2 == 0 { from } else { into };
                    let points = turn * 5 - 90 + client;
                    let id = server.award(user, &format!("2023-04-{:02}", 1 + turn % 9), points)["id"].clone();
                    total.fetch_add(points, Ordering::Relaxed);
                    if turn % 3 == 0 {
                        assert_eq!(server.put(EVENTS, &json!({"id": id, "points": points + 7})).status, 200);
                        total.fetch_add(7, Ordering::Relaxed);
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..20 {
                let reply = server.post(MERGE, &json!({"from_id": from, "into_id": into}));
                assert!(matches!(reply.status, 200 | 404), "{reply:?}");
            }
        });
    });
    let total = total.into_inner();
    assert_eq!(server.score(from) + server.score(into), total);
    assert_sound(&server);
    server.award(from, "2023-04-01", 1);
    assert_done(&server.post(MERGE, &json!({"from_id": from, "into_id": into})));
    assert_eq!((server.score(from), server.score(into)), (0, total + 1));
    assert_order(&server, "/leaderboard", &[(into, total + 1)]);
    assert_eq!(server.count_events(), 241);
    assert_sound(&server);
}

/// A user's picture.
#[track_caller]
fn picture(server: &Server, id: i64, size: i64) -> String {
    let reply = server.anonymous("GET", &format!("/avatars/{id}/{size}.svg")).send();
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("Content-Type"), Some("image/svg+xml; charset=utf-8"));
    assert!(reply.header("Cache-Control").is_some_and(|cache| cache.starts_with("public")), "{reply:?}");
    assert!(reply.header("X-Request-Id").is_some(), "{reply:?}");
    reply.body
}

/// What stands between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {text}")).0
}

fn letter(svg: &str) -> &str {
    between(svg, r#"text-anchor="middle">"#, "</text></svg>")
}

#[test]
fn everyone_has_a_picture_and_always_the_same() {
    let server = quick().start();
    let of_13 = picture(&server, 13, 48);
    assert!(of_13.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"48\" height=\"48\""), "{of_13}");
    assert_eq!(letter(&of_13), "U");
    let colours: HashSet<String> =
        (1..=50).map(|id| between(&picture(&server, id, 48), "hsl(", ")").to_owned()).collect();
    assert!(colours.len() > 40, "{colours:?}");
    for size in [1, 24, 144, 1024] {
        assert!(picture(&server, 2_147_483_647, size).contains(&format!(r#" width="{size}" height="{size}""#)));
    }
    for path in
        ["13/0.svg", "13/1025.svg", "13/-1.svg", "13/48.png", "13/48", "13/.svg", "13/a.svg", "0/48.svg", "a/48.svg"]
    {
        server.get(&format!("/avatars/{path}")).assert_error(404, "not_found", NOT_FOUND);
    }
    // Without a full name the letter is the username's; whatever it is, it is text and not markup.
    for (username, shown) in
        [("zoe", "Z"), ("<script>", "&lt;"), ("&amp;", "&amp;"), ("\"'", "\""), ("ärger", "Ä"), ("日", "日")]
    {
        set_user(&server, 13, &json!({"username": username}));
        let svg = picture(&server, 13, 48);
        assert_eq!(letter(&svg), shown, "{username}");
        assert_eq!(between(&svg, "hsl(", ")"), between(&of_13, "hsl(", ")"), "the colour stays");
    }
    // With a full name, which stands first wherever people read it, the letter is that one's.
    for (name, shown) in [("Zoë", "Z"), ("\u{200b} åsa", "Å"), ("", "日"), ("   ", "日"), ("\u{2800}\u{3164}", "日")]
    {
        set_user(&server, 13, &json!({"name": name}));
        assert_eq!(letter(&picture(&server, 13, 48)), shown, "{name:?}");
    }
    assert_done(&server.delete("/admin/users/13"));
    let server = Setup::in_folder(server.stop()).start();
    assert_eq!(picture(&server, 13, 48), of_13);
}
