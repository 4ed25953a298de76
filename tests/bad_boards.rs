//! The promise: on the routes of leaderboards and pictures, whatever is odd is answered with its
//! documented 4xx, nobody gets in who should not, and nothing odd is stored.

use serde_json::{Value, json};

use crate::leaderboards::{BOARDS, assert_done, assert_order, create_board, quick, set_group, set_user};
use crate::support::{Reply, Server, run};

const OVERVIEW: &str = "/admin/plugins/gamification";
pub const NOT_FOUND: &str = "The requested URL or resource could not be found.";

/// What is no whole number, as JSON.
pub const NO_INTEGERS: &[&str] = &[
    "1.5",
    "15.01",
    "1e99",
    "true",
    "[]",
    "[13]",
    "{}",
    r#""""#,
    r#"" ""#,
    r#""abc""#,
    r#""12abc""#,
    r#"" 13""#,
    r#""+5""#,
    r#""0x1F""#,
    r#""1,000""#,
    r#""--1""#,
    r#""٣""#,
    r#""13\u0000""#,
    "99999999999999999999",
    r#""99999999999999999999""#,
];
/// The same in a form or query.
pub const NO_INTEGERS_TEXT: &[&str] =
    &["", "%20", "1.5", "1e3", "abc", "12abc", "%2013", "%2B5", "0x1F", "13%00", "null", "%FF", "99999999999999999999"];
const NO_DATES: &[&str] = &[
    r#""2023-02-30""#,
    r#""1900-02-29""#,
    r#""0000-01-01""#,
    r#""10000-01-01""#,
    r#""2023-4-1""#,
    r#""2023-04-14T00:00:00Z""#,
    r#"" 2023-04-14""#,
    r#""""#,
    r#"" ""#,
    r#""today""#,
    "20230414",
    "true",
    "[]",
    "{}",
];
pub const NO_TEXTS: &[&str] = &["[]", r#"["a"]"#, "{}"];
pub const BLANKS: &[&str] = &["null", r#""""#, r#"" ""#, r#""\t\n""#, r#""\u00a0""#];
/// What is no list of ids.
pub const NO_LISTS: &[&str] = &[
    "1",
    "1.5",
    "true",
    "{}",
    r#""abc""#,
    r#""1,""#,
    r#"",""#,
    r#""1;2""#,
    r#""1, 2""#,
    "[0]",
    "[-1]",
    "[1.5]",
    "[2147483648]",
    "[1,null]",
    "[true]",
    "[[1]]",
    r#"["a"]"#,
    r#"[""]"#,
    r#"[" 1"]"#,
    "[{}]",
    r#""[1]""#,
];
pub const PAST_ID: &[&str] = &["0", "-1", "2147483648", "9223372036854775808", r#""0""#, r#""2147483648""#];

pub fn invalid(name: &str) -> String {
    format!("You supplied invalid parameters to the request: {name}")
}

pub fn missing(name: &str) -> String {
    format!("param is missing or the value is empty: {name}")
}

/// A JSON object of `good`, with `name` replaced or added.
fn with(good: &[(&str, &str)], name: &str, value: &str) -> String {
    let fields = good.iter().filter(|(have, _)| *have != name).copied().chain([(name, value)]);
    let fields: Vec<String> = fields.map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!("{{{}}}", fields.join(","))
}

pub fn send(server: &Server, method: &str, path: &str, body: String) -> Reply {
    server.request(method, path).header("Content-Type", "application/json").bytes(body).send()
}

/// Sends each of `values` as `name` and fails unless each is refused with this sentence.
#[track_caller]
pub fn assert_refused(
    server: &Server,
    (method, path): (&str, &str),
    good: &[(&str, &str)],
    name: &str,
    values: &[&[&str]],
    sentence: &str,
) {
    for value in values.iter().copied().flatten() {
        let reply = send(server, method, path, with(good, name, value));
        assert_eq!(reply.error(), sentence, "{method} {path} with {name} = {value}: {reply:?}");
        reply.assert_error(400, "invalid_parameters", sentence);
    }
}

/// Two boards, a user, a group and an event, and what they look like.
pub struct Before {
    pub server: Server,
    shown: Vec<Value>,
}

impl Before {
    pub fn new() -> Before {
        // So many keys are wrong here that they would be slowed down.
        let server = quick().env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", "0").start();
        server.award(13, "2023-04-14", 15);
        assert_eq!(create_board(&server, "Second"), 2);
        set_user(&server, 13, &json!({"username": "ann", "name": "Ann"}));
        set_group(&server, 10, &[13]);
        assert_order(&server, "/leaderboard/1", &[(13, 15)]);
        let shown = Before::shown(&server);
        Before { server, shown }
    }

    fn shown(server: &Server) -> Vec<Value> {
        let pages = [OVERVIEW, "/admin/users", "/admin/groups", "/leaderboard/1", "/leaderboard/2", "/users/13/days"];
        pages.map(|path| server.get(path).json()).into()
    }

    #[track_caller]
    pub fn assert_unchanged(&self) {
        assert_eq!(Before::shown(&self.server), self.shown);
        let counts = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM groups)
                          + (SELECT count(*) FROM group_members) + (SELECT count(*) FROM leaderboards)";
        let counts: i64 = self.server.sql().query_row(counts, [], |row| row.get(0)).expect("the tables are there");
        assert_eq!(counts, 5);
    }
}

#[test]
fn a_board_is_not_made_of_wrong_parameters() {
    let before = Before::new();
    let server = &before.server;
    let route = ("POST", BOARDS);
    let good: &[(&str, &str)] = &[("name", r#""Third""#), ("created_by_id", "1")];
    let too_long = format!("\"{}\"", "é".repeat(256));
    assert_refused(server, route, good, "name", &[NO_TEXTS, &[&too_long]], &invalid("name"));
    assert_refused(server, route, good, "name", &[BLANKS], &missing("name"));
    let blank = |value: &&&str| BLANKS.contains(*value);
    let numbers: Vec<&str> = NO_INTEGERS.iter().filter(|value| !blank(value)).copied().collect();
    let past = ["-2", "2147483648", r#""-2""#];
    assert_refused(server, route, good, "created_by_id", &[&numbers, &past], &invalid("created_by_id"));
    assert_refused(server, route, good, "created_by_id", &[BLANKS], &missing("created_by_id"));
    // What is missing comes before what is wrong, in the documented order.
    for (body, sentence) in [
        ("{}", missing("name")),
        (r#"{"created_by_id":"x"}"#, missing("name")),
        (r#"{"name":{}}"#, missing("created_by_id")),
        (r#"{"name":{},"created_by_id":"x"}"#, invalid("name")),
        ("[]", invalid("body")),
        ("{", invalid("body")),
        (r#"{"name":"new"}"#, missing("created_by_id")),
    ] {
        send(server, "POST", BOARDS, body.to_owned()).assert_error(400, "invalid_parameters", &sentence);
    }
    for (form, sentence) in [
        ("name=%FF&created_by_id=1", invalid("name")),
        ("name=+&created_by_id=1", missing("name")),
        ("name=Third", missing("created_by_id")),
        ("name=Third&created_by_id=%FF", invalid("created_by_id")),
    ] {
        server.request("POST", BOARDS).form(form).send().assert_error(400, "invalid_parameters", &sentence);
        let by_query = server.request("POST", &format!("{BOARDS}?{form}")).send();
        by_query.assert_error(400, "invalid_parameters", &sentence);
    }
    let large = server.request("POST", BOARDS).bytes(vec![b' '; (1 << 20) + 1]).send();
    assert_eq!((large.status, large.error_type().as_str()), (413, "payload_too_large"));
    before.assert_unchanged();
}

#[test]
fn a_board_is_not_replaced_by_wrong_parameters() {
    let before = Before::new();
    let server = &before.server;
    let route = ("PUT", "/admin/plugins/gamification/leaderboard/2");
    let good: &[(&str, &str)] = &[("name", r#""Other""#)];
    let too_long = format!("\"{}\"", "x".repeat(256));
    assert_refused(server, route, good, "name", &[NO_TEXTS, &[&too_long]], &invalid("name"));
    assert_refused(server, route, good, "name", &[BLANKS], &missing("name"));
    send(server, "PUT", route.1, "{}".to_owned()).assert_error(400, "invalid_parameters", &missing("name"));
    for date in ["from_date", "to_date"] {
        assert_refused(server, route, good, date, &[NO_DATES], &invalid(date));
    }
    for list in ["visible_to_groups_ids", "included_groups_ids", "excluded_groups_ids"] {
        assert_refused(server, route, good, list, &[NO_LISTS], &invalid(list));
        for form in ["x", "1,x", "0", "1%2C%2C2", "%FF", "2147483648"] {
            for name in [list.to_owned(), format!("{list}[]"), format!("{list}%5B%5D")] {
                let reply = server.request("PUT", route.1).form(&format!("name=Other&{name}={form}")).send();
                assert_eq!(reply.error(), invalid(list), "{name}={form}: {reply:?}");
                reply.assert_error(400, "invalid_parameters", &invalid(list));
            }
        }
    }
    let periods = ["-1", "6", r#""6""#, r#""weekly""#, r#""all_time""#];
    assert_refused(server, route, good, "default_period", &[NO_INTEGERS, &periods], &invalid("default_period"));
    let no_flags = ["1", "0", r#""1""#, r#""yes""#, r#""TRUE""#, r#""""#, r#"" true""#, "[]", "{}", "1.5"];
    let name = "period_filter_disabled";
    assert_refused(server, route, good, name, &[&no_flags], &invalid(name));
    before.assert_unchanged();
}

#[test]
fn a_page_is_not_shown_by_wrong_parameters() {
    let before = Before::new();
    let server = &before.server;
    let table: &[(&str, &str, &[&str])] = &[
        ("/leaderboard", "page", &["-1", "9223372036854775808"]),
        ("/leaderboard", "user_limit", &["0", "-1", "101", "9223372036854775808"]),
        ("/leaderboard", "for_user_id", &["0", "-1", "2147483648", "4294967309"]),
        ("/leaderboard/1", "page", &["-1"]),
        ("/leaderboard/1", "user_limit", &["0", "101"]),
        ("/leaderboard/1", "for_user_id", &["0", "2147483648"]),
        ("/leaderboard/1/around/13", "radius", &["0", "-1", "51", "9223372036854775808"]),
    ];
    for (path, name, past) in table {
        for value in past.iter().chain(NO_INTEGERS_TEXT) {
            let reply = server.anonymous("GET", &format!("{path}?{name}={value}")).send();
            assert_eq!(reply.error(), invalid(name), "{path}?{name}={value}: {reply:?}");
            reply.assert_error(400, "invalid_parameters", &invalid(name));
        }
    }
    for path in [
        "/leaderboard/01x",
        "/leaderboard/%FF",
        "/leaderboard/1.5",
        "/leaderboard/99999999999999999999",
        "/leaderboard/1/around",
        "/leaderboard/1/around/",
        "/leaderboard/1/around/abc",
        "/leaderboard/1/around/-1",
        "/leaderboard/1/around/2147483648",
        "/leaderboard/1/other",
        "/leaderboards",
        "/avatars/13",
        "/avatars/13/48.svg/more",
        "/avatars/%FF/48.svg",
        "/avatars/13/99999999999999999999.svg",
        "/avatars/13/..%2F..%2Fetc%2Fpasswd",
    ] {
        server.get(path).assert_error(404, "not_found", NOT_FOUND);
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for path in ["/leaderboard", "/leaderboard/1", "/leaderboard/1/around/13", "/avatars/13/48.svg"] {
            server.request(method, path).send().assert_error(404, "not_found", NOT_FOUND);
        }
    }
    before.assert_unchanged();
}

#[test]
fn every_admin_route_asks_for_a_key_and_every_change_for_one_that_may_write() {
    let before = Before::new();
    let server = &before.server;
    let create = ["--database", "scores.db", "keys", "create", "--read-only"];
    let read_only = run(server.folder().path(), &create).stdout.trim().to_owned();
    let second = format!("{BOARDS}/2");
    let board = json!({"name": "Third", "created_by_id": 1});
    let user = json!({"username": "bob"});
    let group = json!({"name": "others"});
    let merge = json!({"from_id": 13, "into_id": 14});
    let routes: &[(&str, &str, &Value)] = &[
        ("POST", BOARDS, &board),
        ("PUT", &second, &board),
        ("DELETE", &second, &Value::Null),
        ("PUT", "/admin/users/13", &user),
        ("PUT", "/admin/users/14", &user),
        ("DELETE", "/admin/users/13", &Value::Null),
        ("POST", "/admin/users/merge", &merge),
        ("PUT", "/admin/groups/10", &group),
        ("PUT", "/admin/groups/11", &group),
        ("DELETE", "/admin/groups/10", &Value::Null),
        ("GET", OVERVIEW, &Value::Null),
        ("GET", "/admin/users", &Value::Null),
        ("GET", "/admin/users/13", &Value::Null),
        ("GET", "/admin/groups", &Value::Null),
        ("GET", "/admin/groups/10", &Value::Null),
    ];
    let sentence = "You are not permitted to view the requested resource.";
    for (method, path, body) in routes {
        let request = || {
            let request = server.anonymous(method, path);
            if body.is_null() { request } else { request.json(body) }
        };
        request().send().assert_error(403, "not_logged_in", "You need to be logged in to do that.");
        let wrong = format!("{sentence} The API username or key is invalid.");
        let keys = [("wrong", Some("system")), (crate::support::KEY, None)];
        for (key, username) in keys {
            let request = request().header("API-Key", key);
            let request = username.iter().fold(request, |request, username| request.header("API-Username", username));
            request.send().assert_error(403, "invalid_access", &wrong);
        }
        let reply = request().header("API-Key", &read_only).header("API-Username", "system").send();
        if *method == "GET" {
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
        } else {
            reply.assert_error(403, "invalid_access", sentence);
        }
        // Who may not come in learns nothing of parameters or of what is there.
        let odd = server.anonymous(method, &format!("{path}?limit=x&name=&from_id=x")).send();
        assert_eq!(odd.status, 403, "{path}: {odd:?}");
    }
    for path in ["/leaderboard", "/leaderboard/1", "/leaderboard/1/around/13"] {
        let reply = server.anonymous("GET", path).header("API-Key", &read_only).header("API-Username", "system").send();
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
    }
    before.assert_unchanged();
    assert_done(&server.delete("/admin/groups/10"));
}

#[test]
fn the_furthest_that_is_accepted_is_accepted() {
    let before = Before::new();
    let server = &before.server;
    for (path, bodies) in [
        (
            "/admin/plugins/gamification/leaderboard/2",
            vec![
                json!({"name": "x".repeat(255), "from_date": "0001-01-01", "to_date": "9999-12-31", "default_period": "5"}),
                json!({"name": "x", "included_groups_ids": "1,2147483647", "period_filter_disabled": "true"}),
                json!({"name": "x", "excluded_groups_ids": ["1", 2_147_483_647], "period_filter_disabled": false}),
                json!({"name": "x", "visible_to_groups_ids": "", "unknown": [{}]}),
            ],
        ),
        (
            "/admin/users/2147483647",
            vec![
                json!({"username": "é".repeat(60), "name": "é".repeat(255), "suspended": "true"}),
                json!({"avatar_template": format!("/{}", "x".repeat(1999)), "suspended": false}),
            ],
        ),
        (
            "/admin/groups/2147483647",
            vec![
                json!({"name": "é".repeat(255), "user_ids": ["1", 2_147_483_647]}),
                json!({"user_ids": (1..=10_000).collect::<Vec<i64>>()}),
                json!({"user_ids": "1,2"}),
            ],
        ),
    ] {
        for body in bodies {
            assert_done(&server.put(path, &body));
        }
    }
    for path in [
        "/leaderboard?page=9223372036854775807&user_limit=100&for_user_id=2147483647",
        "/leaderboard/1/around/2147483647?radius=50",
        "/leaderboard/1/around/13?radius=1",
        "/admin/users?limit=100&after=9223372036854775807",
        "/admin/users?limit=1&after=0",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
}
