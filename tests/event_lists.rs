//! The promise: `id`, `user_id` and `date` narrow the list of events to any of up to 100 values each.

use crate::score_events::{pages, six_events};
use crate::support::{EVENTS, Server};

/// The ids that a list of these parameters has, page by page, all in one.
#[track_caller]
fn listed(server: &Server, query: &str) -> Vec<i64> {
    pages(server, &format!("{EVENTS}?{query}")).concat()
}

#[test]
fn each_filter_takes_several_values() {
    let server = six_events();
    let table: &[(&str, &[i64])] = &[
        ("id[]=1&id[]=2", &[1, 2]),
        ("id%5B%5D=5&id%5B%5D=2&id[]=2&id[]=99", &[2, 5]),
        ("id[]=4", &[4]),
        ("id[]=0&id[]=-1&id[]=99", &[]),
        ("user_id[]=2&user_id[]=3", &[2, 4, 6]),
        ("user_id[]=1&user_id[]=2&user_id[]=3&user_id[]=77", &[1, 2, 3, 4, 5, 6]),
        ("user_id[]=2&user_id[]=2", &[2, 6]),
        ("date[]=2023-05-01&date[]=2023-05-04", &[2, 5, 6]),
        ("date[]=2023-05-03&date[]=2023-05-03", &[1, 4]),
        ("date[]=2023-05-01&date[]=2023-05-03&user_id[]=1", &[1, 5]),
        ("date[]=2023-05-01&date[]=2023-05-03&user_id[]=1&user_id[]=3", &[1, 4, 5]),
        ("date[]=2023-05-01&date[]=2023-05-03&date[]=2023-05-04&from_date=2023-05-02", &[1, 4, 6]),
        ("user_id[]=1&user_id[]=3&from_date=2023-05-02&to_date=2023-05-03", &[1, 3, 4]),
        ("id[]=1&id[]=2&id[]=6&user_id[]=2&user_id[]=3", &[2, 6]),
        ("id[]=1&id[]=2&id[]=6&user_id=2&date=2023-05-04", &[6]),
        ("user_id[]=1&user_id[]=2&after=3", &[5, 6]),
        ("id=1&id=2", &[2]),
    ];
    for (query, expected) in table {
        for limit in [1, 2, 100] {
            assert_eq!(listed(&server, &format!("{query}&limit={limit}")), *expected, "{query} by {limit}");
        }
    }
    for (query, expected) in table.iter().filter(|(query, _)| !query.contains("after")) {
        let down: Vec<i64> = expected.iter().rev().copied().collect();
        assert_eq!(listed(&server, &format!("{query}&limit=2&order=desc")), down, "{query}");
    }
}

#[test]
fn the_link_keeps_the_lists() {
    let server = six_events();
    let reply = server.get(&format!("{EVENTS}?user_id[]=1&user_id[]=2&date[]=2023-05-01&date[]=2023-05-02&limit=2"));
    let lists = "user_id%5B%5D=1&user_id%5B%5D=2&date%5B%5D=2023-05-01&date%5B%5D=2023-05-02";
    assert_eq!(reply.header("Link"), Some(&*format!("<{EVENTS}?{lists}&limit=2&after=3>; rel=\"next\"")));
}

#[test]
fn a_list_has_a_hundred_values_at_most_and_none_that_is_wrong() {
    let server = six_events();
    let list = |name: &str, count: i64| -> String {
        let value =
            |number: i64| if name == "date" { format!("2023-05-{:02}", number % 30 + 1) } else { number.to_string() };
        (1..=count).map(|number| format!("{name}[]={}&", value(number))).collect()
    };
    for name in ["id", "user_id", "date"] {
        assert_eq!(listed(&server, &list(name, 100)), [1, 2, 3, 4, 5, 6], "{name}");
        let good = if name == "date" { "2023-05-01" } else { "1" };
        for query in [
            list(name, 101),
            list(name, 2000),
            format!("{name}[]="),
            format!("{name}[]={good}&{name}[]="),
            format!("{name}[]={good}&{name}[]=x"),
            format!("{name}[]={good},{good}"),
            format!("{name}={good},{good}"),
            format!("{name}[]={good}&{name}[]=%FF"),
            format!("{name}={good}&{name}[]={good}"),
            format!("{name}="),
        ] {
            let reply = server.get(&format!("{EVENTS}?{query}"));
            let sentence = format!("You supplied invalid parameters to the request: {name}");
            assert_eq!((reply.status, reply.error()), (400, sentence), "{query}");
        }
    }
}
