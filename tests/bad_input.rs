//! The promise: no parameter is too odd to be answered with its documented 4xx, and nothing odd is stored.
//!
//! Each parameter is sent missing, null, blank, of a wrong type, and at and just past its boundaries; as JSON, as a form
//! and in the query.

use serde_json::json;

use crate::support::{EVENTS, RECALCULATE, Reply, Server};

/// Names with values: JSON fragments, or percent-encoded texts of forms and queries.
type Fields<'a> = Vec<(&'a str, &'a str)>;

/// How parameters travel.
#[derive(Clone, Copy, Debug)]
enum Way {
    Json,
    Form,
    Query,
}

const WAYS: [Way; 3] = [Way::Json, Way::Form, Way::Query];

/// Texts that are no integer, as JSON fragments.
const NO_INTEGERS_JSON: &[&str] = &[
    "1.5",
    "15.01",
    "1e99",
    "1e-3",
    "-0.5",
    "true",
    "false",
    "[]",
    "[13]",
    "{}",
    r#"{"a":1}"#,
    r#""abc""#,
    r#""12abc""#,
    r#"" 13""#,
    r#""13 ""#,
    r#""+5""#,
    r#""0x1F""#,
    r#""1_000""#,
    r#""1,000""#,
    r#""1.5""#,
    r#""1e3""#,
    r#""-""#,
    r#""--1""#,
    r#""٣""#,
    r#""１３""#,
    r#""13\u0000""#,
    r#""true""#,
    r#""null""#,
    "99999999999999999999",
    "-99999999999999999999",
    r#""99999999999999999999""#,
    r#""-99999999999999999999""#,
];
/// The same for forms and queries.
const NO_INTEGERS_TEXT: &[&str] = &[
    "1.5",
    "15.0",
    "1e3",
    "true",
    "[]",
    "%7B%7D",
    "abc",
    "12abc",
    "%2013",
    "+13",
    "13%20",
    "%2B5",
    "0x1F",
    "1_000",
    "1,000",
    "-",
    "--1",
    "%D9%A3",
    "13%00",
    "null",
    "%FF",
    "13%FF",
    "99999999999999999999",
    "-99999999999999999999",
    "%2213%22",
];
/// Days that do not exist, and texts that are no day, without quotes: good for every way.
const NO_DATES: &[&str] = &[
    "2023-02-30",
    "2023-02-29",
    "1900-02-29",
    "2023-04-31",
    "2023-13-01",
    "2023-00-10",
    "2023-01-00",
    "2023-01-32",
    "0000-01-01",
    "0000-12-31",
    "10000-01-01",
    "-2023-01-01",
    "2023-4-1",
    "2023-04-1",
    "23-04-14",
    "20230414",
    "2023/04/14",
    "14.04.2023",
    "2023-04-14T00:00:00Z",
    "2023-04",
    "2023-W15-5",
    "2023-104",
    "today",
    "1681430400",
    "2023-04-14x",
    "x2023-04-14",
];
/// More of them, in one way's writing only.
const NO_DATES_JSON: &[&str] = &[
    "20230414",
    "0",
    "1.5",
    "true",
    "[]",
    r#"["2023-04-14"]"#,
    "{}",
    r#"" 2023-04-14""#,
    r#""2023-04-14 ""#,
    r#""2023-04-14\n""#,
    r#""２０２３-04-14""#,
    r#""2023‐04‐14""#,
    r#""2023-04-14\u0000""#,
];
const NO_DATES_TEXT: &[&str] =
    &["%202023-04-14", "2023-04-14%20", "2023-04-14%0A", "2023-04-%FF", "%EF%BC%92023-04-14"];
const BLANKS_JSON: &[&str] = &[r#""""#, r#"" ""#, r#""\t\n""#, r#""\u00a0""#];
const BLANKS_TEXT: &[&str] = &["", "%20", "+", "%09%0A"];

/// Sends `fields` in one way.
fn send(server: &Server, way: Way, method: &str, path: &str, fields: &Fields<'_>) -> Reply {
    let joined =
        |between: &str, form: fn(&(&str, &str)) -> String| fields.iter().map(form).collect::<Vec<_>>().join(between);
    let text = || joined("&", |(name, value)| format!("{name}={value}"));
    let request = match way {
        Way::Json => {
            let body = format!("{{{}}}", joined(",", |(name, value)| format!(r#""{name}":{value}"#)));
            server.request(method, path).header("Content-Type", "application/json").bytes(body)
        }
        Way::Form => server.request(method, path).form(&text()),
        Way::Query => return server.request(method, &format!("{path}?{}", text())).send(),
    };
    request.send()
}

/// The fields of a good POST.
fn good_post(way: Way) -> Fields<'static> {
    let date = if matches!(way, Way::Json) { r#""2023-04-14""# } else { "2023-04-14" };
    vec![("user_id", "13"), ("date", date), ("points", "15")]
}

/// `fields` with `name` replaced or added.
fn with<'a>(fields: &Fields<'a>, name: &'a str, value: &'a str) -> Fields<'a> {
    let mut fields: Fields<'a> = fields.iter().filter(|(have, _)| *have != name).copied().collect();
    fields.push((name, value));
    fields
}

/// Sends each of `values` as `name` and fails unless each is refused as invalid.
#[track_caller]
fn assert_all_invalid(server: &Server, way: Way, route: (&str, &str), good: &Fields<'_>, name: &str, values: &[&str]) {
    for value in values {
        let reply = send(server, way, route.0, route.1, &with(good, name, value));
        let sentence = format!("You supplied invalid parameters to the request: {name}");
        let what = format!("{} {} with {name} = {value} by {way:?}", route.0, route.1);
        assert_eq!(reply.status, 400, "{what}: {reply:?}");
        assert_eq!(reply.error(), sentence, "{what}");
        reply.assert_error(400, "invalid_parameters", &sentence);
    }
}

/// A server with one event of 15 points, whose id is 1.
pub fn one_event() -> Server {
    let server = Server::start();
    assert_eq!(server.award(13, "2023-04-14", 15)["id"], 1);
    server
}

/// Fails unless the one event is all there is.
#[track_caller]
pub fn assert_nothing_stored(server: &Server) {
    let sql = server.sql();
    for (query, expected) in [
        ("SELECT count(*) FROM score_events", 1),
        ("SELECT sum(points) FROM score_events", 15),
        ("SELECT count(*) FROM event_revisions", 0),
        ("SELECT sum(score) FROM scores", 15),
        ("SELECT count(*) FROM recalculations", 0),
    ] {
        let found: i64 = sql.query_row(query, [], |row| row.get(0)).expect("the schema is as documented");
        assert_eq!(found, expected, "{query}");
    }
}

/// The ways' wrong values for an integer, and those of `past` its range.
fn wrong_integers<'a>(way: Way, past: &[&'a str]) -> Vec<&'a str> {
    let wrong = if matches!(way, Way::Json) { NO_INTEGERS_JSON } else { NO_INTEGERS_TEXT };
    [wrong, past].concat()
}

/// The ways' wrong values for a date.
fn wrong_dates(way: Way) -> Vec<String> {
    let (quote, more) = if matches!(way, Way::Json) { ("\"", NO_DATES_JSON) } else { ("", NO_DATES_TEXT) };
    let quoted = NO_DATES.iter().map(|date| format!("{quote}{date}{quote}"));
    quoted.chain(more.iter().map(|&date| date.to_owned())).collect()
}

fn blanks(way: Way) -> &'static [&'static str] {
    if matches!(way, Way::Json) { BLANKS_JSON } else { BLANKS_TEXT }
}

const PAST_USER_ID: &[&str] = &["0", "-1", "2147483648", "4294967309", "9223372036854775807", "9223372036854775808"];
const PAST_32_BITS: &[&str] = &["2147483648", "-2147483649", "4294967311", "-9223372036854775808"];
const PAST_64_BITS: &[&str] = &["9223372036854775808", "-9223372036854775809"];

#[test]
fn a_post_takes_no_wrong_parameter() {
    let server = one_event();
    let route = ("POST", EVENTS);
    for way in WAYS {
        let good = good_post(way);
        assert_all_invalid(&server, way, route, &good, "user_id", &wrong_integers(way, PAST_USER_ID));
        assert_all_invalid(&server, way, route, &good, "points", &wrong_integers(way, PAST_32_BITS));
        assert_all_invalid(&server, way, route, &good, "minimum_score", &wrong_integers(way, PAST_64_BITS));
        assert_all_invalid(&server, way, route, &good, "minimum_score", blanks(way));
        let dates = wrong_dates(way);
        let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
        assert_all_invalid(&server, way, route, &good, "date", &dates);
        for name in ["user_id", "date", "points"] {
            let without: Fields<'_> = good.iter().filter(|(have, _)| *have != name).copied().collect();
            let null: &[&str] = if matches!(way, Way::Json) { &["null"] } else { &[] };
            let empty = [blanks(way), null].concat();
            for fields in empty.iter().map(|value| with(&good, name, value)).chain([without]) {
                let reply = send(&server, way, "POST", EVENTS, &fields);
                let sentence = format!("param is missing or the value is empty: {name}");
                assert_eq!(reply.error(), sentence, "{fields:?} by {way:?}");
                reply.assert_error(400, "invalid_parameters", &sentence);
            }
        }
        // One character too many, in characters and not in bytes.
        let too_long = match way {
            Way::Json => format!("\"{}\"", "é".repeat(10_001)),
            Way::Form => "%C3%A9".repeat(10_001),
            Way::Query => "x".repeat(10_001),
        };
        assert_all_invalid(&server, way, route, &good, "description", &[&too_long]);
    }
    let no_texts = ["[]", r#"["a"]"#, "{}", r#"{"a":"b"}"#];
    assert_all_invalid(&server, Way::Json, route, &good_post(Way::Json), "description", &no_texts);
    for way in [Way::Form, Way::Query] {
        let not_utf8 = ["%FF", "caf%E9", "%C3", "%ED%A0%80", "%C0%80"];
        assert_all_invalid(&server, way, route, &good_post(way), "description", &not_utf8);
    }
    assert_nothing_stored(&server);
}

#[test]
fn a_put_takes_no_wrong_parameter() {
    let server = one_event();
    let route = ("PUT", EVENTS);
    for way in WAYS {
        let good: Fields<'_> = vec![("id", "1"), ("points", "99")];
        assert_all_invalid(&server, way, route, &good, "id", &wrong_integers(way, PAST_64_BITS));
        assert_all_invalid(&server, way, route, &good, "points", &wrong_integers(way, PAST_32_BITS));
        for name in ["id", "points"] {
            for value in blanks(way) {
                let reply = send(&server, way, "PUT", EVENTS, &with(&good, name, value));
                let sentence = format!("param is missing or the value is empty: {name}");
                reply.assert_error(400, "invalid_parameters", &sentence);
            }
        }
    }
    assert_all_invalid(&server, Way::Json, route, &vec![("id", "1"), ("points", "99")], "description", &["[]", "{}"]);
    let too_long = "x".repeat(10_001);
    assert_all_invalid(
        &server,
        Way::Form,
        route,
        &vec![("id", "1"), ("points", "99")],
        "description",
        &[&too_long, "%FF"],
    );
    assert_nothing_stored(&server);
}

#[test]
fn reading_takes_no_wrong_parameter() {
    let server = one_event();
    let none = Fields::new();
    for way in WAYS {
        let dates = wrong_dates(way);
        let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
        assert_all_invalid(&server, way, ("PUT", RECALCULATE), &none, "from_date", &dates);
        assert_all_invalid(&server, way, ("PUT", RECALCULATE), &none, "from_date", blanks(way));
        // A GET takes its parameters from its query alone.
        if !matches!(way, Way::Query) {
            continue;
        }
        let list = ("GET", EVENTS);
        assert_all_invalid(&server, way, list, &none, "id", &wrong_integers(way, PAST_64_BITS));
        assert_all_invalid(&server, way, list, &none, "user_id", &wrong_integers(way, PAST_USER_ID));
        assert_all_invalid(&server, way, list, &none, "limit", &wrong_integers(way, &["0", "-1", "101", "1000000"]));
        assert_all_invalid(&server, way, list, &none, "after", &wrong_integers(way, &["-1", "9223372036854775808"]));
        let orders = ["1", "up", "ASCENDING", "asc%20", "asc,desc", "%FF", "desc%3BDROP"];
        assert_all_invalid(&server, way, list, &none, "order", &orders);
        for name in ["id", "user_id", "date", "from_date", "to_date", "order", "limit", "after"] {
            assert_all_invalid(&server, way, list, &none, name, blanks(way));
        }
        for name in ["date", "from_date", "to_date"] {
            assert_all_invalid(&server, way, list, &none, name, &dates);
        }
        for name in ["from_date", "to_date"] {
            assert_all_invalid(&server, way, ("GET", "/users/13/days"), &none, name, &dates);
            assert_all_invalid(&server, way, ("GET", "/users/13/days"), &none, name, blanks(way));
        }
    }
    let periods = ["hourly", "0", "all-time", "%FF", "all%20"];
    assert_all_invalid(&server, Way::Query, ("GET", "/users/13/score"), &none, "period", &periods);
    assert_nothing_stored(&server);
}

#[test]
fn values_at_the_boundary_are_taken() {
    let server = one_event();
    for way in WAYS {
        let longest = match way {
            Way::Json => format!("\"{}\"", "🎤".repeat(10_000)),
            Way::Form => "%C3%A9".repeat(10_000),
            Way::Query => "x".repeat(10_000),
        };
        let quote = if matches!(way, Way::Json) { "\"" } else { "" };
        let dates =
            ["0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"].map(|date| format!("{quote}{date}{quote}"));
        let table: Vec<(&str, Vec<&str>)> = vec![
            ("user_id", vec!["1", "2147483647"]),
            ("points", vec!["-2147483648", "2147483647", "0", "-0"]),
            ("date", dates.iter().map(String::as_str).collect()),
            ("description", vec![&longest]),
            ("minimum_score", vec!["-9223372036854775808", "-1"]),
        ];
        for (name, values) in table {
            for value in values {
                let reply = send(&server, way, "POST", EVENTS, &with(&good_post(way), name, value));
                assert_eq!(reply.status, 200, "{name} = {value} by {way:?}: {reply:?}");
            }
        }
    }
    for (name, value) in [("limit", "1"), ("limit", "100"), ("after", "0"), ("after", "9223372036854775807")] {
        let reply = send(&server, Way::Query, "GET", EVENTS, &vec![(name, value)]);
        assert_eq!(reply.status, 200, "{name} = {value}: {reply:?}");
    }
    let nulls = json!({"from_date": null});
    assert_eq!(server.put(RECALCULATE, &nulls).status, 200);
    let nulls = json!({"user_id": 13, "date": "2023-04-14", "points": 1, "description": null, "minimum_score": null});
    assert_eq!(server.post(EVENTS, &nulls).status, 200);
}
