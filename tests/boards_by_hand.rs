//! Promise: on twelve years of a real community's contributions, every board of every period is what an independent
//! script works out of the same file, under each way to count positions.

use std::process::Command;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::leaderboards::{Ranks, noon, ranks};
use crate::support::{Server, Setup, run};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/contributions.csv");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boards.py");
const PERIODS: [&str; 6] = ["all_time", "yearly", "quarterly", "monthly", "weekly", "daily"];

/// The contributions, their newest on the day `today`, and by how many days they were moved for that.
fn moved_to(today: NaiveDate) -> (Vec<(i64, NaiveDate, i64)>, i64) {
    let mut reader = csv::Reader::from_path(FILE).expect("the file of contributions");
    let rows = reader.deserialize::<(i64, NaiveDate, i64, String)>().map(|row| row.expect("a contribution"));
    let rows: Vec<_> = rows.map(|(user_id, date, points, _)| (user_id, date, points)).collect();
    let newest = rows.iter().map(|(_, date, _)| *date).max().expect("a contribution");
    let moved = today - newest;
    (rows.into_iter().map(|(user_id, date, points)| (user_id, date + moved, points)).collect(), moved.num_days())
}

/// Writes the events into the file of a server that does not run, as someone with the sqlite3 shell would.
fn fill(setup: &Setup, events: &[(i64, NaiveDate, i64)]) {
    let mut file = rusqlite::Connection::open(setup.folder().join("scores.db")).expect("the database opens");
    let transaction = file.transaction().expect("a transaction");
    let statement = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
    let mut insert = transaction.prepare(statement).expect("a statement");
    for (user_id, date, points) in events {
        insert.execute((user_id, date.to_string(), points)).expect("an event is stored");
    }
    drop(insert);
    transaction.commit().expect("the events are stored");
}

/// What the script makes of the file.
fn by_hand(days: i64, today: NaiveDate) -> Value {
    let output = Command::new("python3").args([SCRIPT, FILE, &days.to_string(), &today.to_string()]).output();
    let output = output.expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

/// All pages of a board.
fn whole_board(server: &Server, path: &str) -> Ranks {
    let pages = (0..).map(|page| {
        let reply = server.get(&format!("{path}&page={page}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        ranks(&reply.json())
    });
    pages.take_while(|users| !users.is_empty()).flatten().collect()
}

#[test]
fn every_board_is_what_a_script_makes_of_the_same_contributions() {
    let (zone, today) = noon();
    let (events, days) = moved_to(today);
    let expected = by_hand(days, today);
    let mut folder = Server::start().stop();
    fill(&Setup::in_folder(folder.clone()), &events);
    let first = events.iter().map(|(_, date, _)| *date).min().expect("a contribution").to_string();
    let backfill = run(folder.path(), &["--database", "scores.db", "--backfill-from", &first]);
    assert_eq!(backfill.code, Some(0), "{backfill:?}");

    for ranking in ["dense_rank", "rank", "row_number"] {
        let setup = Setup::in_folder(folder).env("SCOREKEEPER_TIME_ZONE", &zone).env("SCOREKEEPER_RANKING", ranking);
        let server = setup.start();
        for period in PERIODS {
            let board = whole_board(&server, &format!("/leaderboard/1?period={period}"));
            assert_eq!(json!(board), expected[period][ranking], "{period} by {ranking}");
            assert!(!board.is_empty(), "{period}");
        }
        let users = expected["all_time"][ranking].as_array().expect("a board");
        assert_eq!(users.len(), 414);
        // Positions out of the middle of a board, and scores read without it, are the same.
        for of_user in users.iter().step_by(50) {
            let (user, score, position) = (&of_user[0], &of_user[1], &of_user[2]);
            let personal =
                server.get(&format!("/leaderboard/1?for_user_id={user}&user_limit=1")).json()["personal"].clone();
            assert_eq!((&personal["position"], &personal["user"]["total_score"]), (position, score));
            let read = server.get(&format!("/users/{user}/score")).json();
            assert_eq!((&read["position"], &read["total_score"]), (position, score));
        }
        folder = server.stop();
    }
}
