//! Promise: twelve years of a real community's contributions, posted over several connections, give every user and
//! every day the score that the file says; and what is changed behind the server's back, a backfill finds and mends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{EVENTS, Server, run};

/// Clients that post and read at the same time.
const CONNECTIONS: usize = 8;

struct Contribution {
    user_id: i64,
    date: String,
    points: i64,
    description: String,
}

fn contributions() -> Vec<Contribution> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/contributions.csv");
    let mut reader = csv::Reader::from_path(path).expect("the file of contributions");
    let rows = reader.deserialize::<(i64, String, i64, String)>().map(|row| {
        let (user_id, date, points, description) = row.expect("a contribution");
        Contribution { user_id, date, points, description }
    });
    rows.collect()
}

/// Points of each user on each day.
type Days = BTreeMap<i64, BTreeMap<String, i64>>;

/// Does `work` for each of `items`, on several connections at once.
fn on_all<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

/// Fails unless every user has these scores on these days, and their sum overall.
#[track_caller]
fn assert_scores(server: &Server, want: &Days) {
    let users: Vec<_> = want.iter().collect();
    on_all(&users, |(user, days)| {
        assert_eq!(server.score(**user), days.values().sum::<i64>(), "user {user}");
        let days: Vec<Value> = days.iter().map(|(date, score)| json!({"date": date, "score": score})).collect();
        let got = server.get(&format!("/users/{user}/days")).json();
        assert_eq!(got, json!({"days": days}), "user {user}");
    });
}

/// 1234567 as `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn the_contributions_of_a_real_community_add_up() {
    let contributions = contributions();
    let mut days = Days::new();
    for row in &contributions {
        *days.entry(row.user_id).or_default().entry(row.date.clone()).or_default() += row.points;
    }
    assert_eq!((contributions.len(), days.len()), (25_092, 414));

    // Given a server to which all of it was posted,
    let server = Server::start();
    on_all(&contributions, |row| {
        let body =
            json!({"user_id": row.user_id, "date": row.date, "points": row.points, "description": row.description});
        let reply = server.post(EVENTS, &body);
        assert_eq!(reply.status, 200, "{}", reply.body);
    });
    // every score is what the file adds up to.
    assert_scores(&server, &days);

    // When 500 rows are changed with plain SQL behind the server's back,
    let changed: BTreeSet<(i64, String)> = {
        let connection = server.sql();
        let sql = "UPDATE score_events SET points = points + 7
                   WHERE id IN (SELECT id FROM score_events ORDER BY id * 7919 % 25_093 LIMIT 500)
                   RETURNING user_id, date";
        let mut statement = connection.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
        let rows: Vec<_> = rows.expect("the rows are changed").collect::<Result<_, _>>().expect("rows");
        assert_eq!(rows.len(), 500);
        for (user, date) in &rows {
            *days.get_mut(user).and_then(|days| days.get_mut(date)).expect("a day of the file") += 7;
        }
        rows.into_iter().collect()
    };
    // a backfill from the first date finds each of them,
    let dates = |(_, date): &(i64, String)| date.clone();
    let all_dates: BTreeSet<&String> = days.values().flat_map(BTreeMap::keys).collect();
    let (first, last) = (all_dates.first().expect("a date"), all_dates.last().expect("a date"));
    let backfill = run(server.folder().path(), &["--database", "scores.db", "--backfill-from", first]);
    assert_eq!(backfill.code, Some(0), "{backfill:?}");
    let summary = format!(
        "backfilled {first} to {last}: {} days checked, {} scores on {} days were different and are right now (",
        grouped(all_dates.len()),
        grouped(changed.len()),
        grouped(changed.iter().map(dates).collect::<BTreeSet<_>>().len()),
    );
    assert!(backfill.stdout.starts_with(&summary), "want {summary}\ngot  {}", backfill.stdout);
    // and the running server tells the right scores again.
    assert_scores(&server, &days);
}
