//! Promise: whatever a forum tells, however often, in whatever order and over however many connections at once, each deed
//! counts as a plain table of what was told says.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::forum::{chat_message, connected, like, post, solved, tell, topic, with};

/// How many sequences are tried. Each has users and things of its own, on one server.
const CASES: u32 = 12;
/// How many connections tell at once.
const CONNECTIONS: usize = 4;
/// Users of one sequence.
const USERS: i64 = 3;
/// Things of each kind in one sequence.
const THINGS: i64 = 4;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Made,
    Removed,
    Restored,
}

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Post,
    Topic,
    Like,
    Solution,
    Message,
}

/// One delivery of a sequence. Users and things are counted within it.
#[derive(Debug, Clone, Copy)]
struct Told {
    kind: Kind,
    what: What,
    thing: i64,
    /// When the thing was changed, in minutes; every removal and restoring says another moment.
    minute: i64,
}

fn told() -> impl Strategy<Value = Vec<Told>> {
    let kinds = [Kind::Post, Kind::Topic, Kind::Like, Kind::Solution, Kind::Message];
    let whats = [What::Made, What::Made, What::Removed, What::Restored];
    vec((select(kinds.to_vec()), select(whats.to_vec()), 0..THINGS), 1..60).prop_map(|all| {
        let told = |(minute, (kind, what, thing)): (usize, (Kind, What, i64))| {
            // Likes are never taken back, and solutions never restored.
            let what = match (kind, what) {
                (Kind::Like, _) => What::Made,
                (Kind::Solution, What::Restored) => What::Removed,
                (_, what) => what,
            };
            // A thing was made before anything else became of it.
            let minute = if what == What::Made { 0 } else { 1 + i64::try_from(minute).expect("a small number") };
            Told { kind, what, thing, minute }
        };
        all.into_iter().enumerate().map(told).collect()
    })
}

/// Whose deed a thing is.
fn user_of(told: &Told) -> i64 {
    (told.thing + told.kind as i64) % USERS
}

/// What a sequence comes to: of each thing, what the newest of those that matter says.
fn points(all: &[Told]) -> [i64; USERS as usize + 1] {
    let mut things: BTreeMap<(Kind, i64), Vec<Told>> = BTreeMap::new();
    for told in all {
        things.entry((told.kind, told.thing)).or_default().push(*told);
    }
    let mut scores = [0; USERS as usize + 1];
    let mut add = |user: i64, points: i64| scores[usize::try_from(user).expect("a user")] += points;
    for ((kind, _), told) in things {
        let turn = |what: What| told.iter().filter(|told| told.what == what).map(|told| told.minute).max();
        let (made, removed, restored) = (turn(What::Made), turn(What::Removed), turn(What::Restored));
        let is_there = match (made, removed, restored) {
            (_, Some(removed), Some(restored)) => restored > removed,
            (_, None, Some(_)) => true,
            (_, Some(_), None) => false,
            (made, None, None) => made.is_some(),
        };
        if is_there {
            let user = user_of(&told[0]);
            match kind {
                Kind::Post => add(user, 2),
                Kind::Topic => add(user, 5),
                Kind::Solution => add(user, 10),
                Kind::Message => add(user, 1),
                Kind::Like => {
                    add(user, 1);
                    add(USERS, 1);
                }
            }
        }
    }
    scores
}

/// The delivery for a sequence that has the users from `base` on, and things of its own.
fn delivery(told: &Told, base: i64) -> (String, Value) {
    let (user, thing) = (base + user_of(told), base * 100 + told.thing);
    let at = json!({"updated_at": format!("2026-03-05T{:02}:{:02}:00.000Z", told.minute / 60, told.minute % 60)});
    let name = |thing: &str, removed: &str, restored: &str| match told.what {
        What::Made => format!("{thing}_created"),
        What::Removed => format!("{thing}_{removed}"),
        What::Restored => format!("{thing}_{restored}"),
    };
    match told.kind {
        Kind::Post => (name("post", "destroyed", "recovered"), with(post(thing, user), "post", &at)),
        Kind::Topic => (name("topic", "destroyed", "recovered"), with(topic(thing, user), "topic", &at)),
        Kind::Like => ("post_liked".to_owned(), like(thing, base + USERS, user)),
        Kind::Solution => {
            let event = if told.what == What::Made { "accepted_solution" } else { "unaccepted_solution" };
            (event.to_owned(), with(solved(thing + 50, user), "solved", &at))
        }
        Kind::Message => {
            let body = with(chat_message(thing, user), "chat_message.message", &at);
            (name("chat_message", "trashed", "restored"), body)
        }
    }
}

/// Tells all over several connections at once: each takes every other one, and then all of them again the other way round.
fn tell_all(server: &Server, all: &[Told], base: i64) {
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            scope.spawn(move || {
                let part = all.iter().skip(connection).step_by(CONNECTIONS);
                for told in part.chain(all.iter().rev()) {
                    let (event, body) = delivery(told, base);
                    tell(server, &event, &body);
                }
            });
        }
    });
}

#[test]
fn scores_are_what_the_newest_news_of_each_deed_say() {
    let server = connected();
    let base = std::cell::Cell::new(0);
    // Nothing on disk: a failing sequence is shown, and shrunk, but not kept.
    let config = Config { cases: CASES, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&told(), |all| {
        base.set(base.get() + 10);
        tell_all(&server, &all, base.get());
        let scores: Vec<i64> = (0..=USERS).map(|user| server.score(base.get() + user)).collect();
        prop_assert_eq!(scores, points(&all).to_vec());
        Ok(())
    });
    run.unwrap_or_else(|fault| panic!("{fault}"));
    let (events, counted): (i64, i64) = server
        .sql()
        .query_row("SELECT (SELECT count(*) FROM score_events), (SELECT sum(counted) FROM rule_days)", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("counts");
    assert_eq!(events, counted);
}
