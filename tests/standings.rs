//! Promise: the standings are what SQL says of the scores, whatever changes these and whatever day it is.
//!
//! These tests reach into the library: the standings on a file of their own, on a clock that is set by hand. What is right
//! is asked of SQLite, by window functions over `scores`; the windows of days are counted here, by chrono.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use chrono::{Days, Months, NaiveDate};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rusqlite::{Connection, OptionalExtension, named_params, params};
use scorekeeper::domain::{
    Award, Clock, Correction, Deletion, EventDate, EventId, GroupId, LeaderboardId, LeaderboardName,
    LeaderboardSettings, Period, Points, Ranking, Timestamp, User, UserId, Username,
};
use scorekeeper::standings::{
    Catalog, Ranked, Standings, StandingsKey, StandingsOptions, StandingsThread, Subscription, View,
};
use scorekeeper::store::directory::{GroupChange, UserChange};
use scorekeeper::store::leaderboards::Changed;
use scorekeeper::store::score_events::Awarded;
use scorekeeper::store::{
    OpenMode, OpenOptions, Store, StoreError, Write, WriterThread, directory, leaderboards, merge, score_events,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use self::world::*;

mod day;
mod listeners;
mod other_programs;
mod sequence;
mod world;

// --- what is kept, and for how long ---

#[test]
fn a_period_is_held_only_once_it_is_asked_for() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    assert!(world.view(1, Period::AllTime).is_some());
    assert_eq!(world.standings.held(), [key(1, Period::AllTime)], "the default period of each board");
    // While the writer is held nothing can be read from the file: what is there now has been there before.
    let hold = world.hold_writer();
    for period in Period::ALL {
        let built = world.standings.watch(key(1, period)).borrow().is_some();
        assert_eq!(built, period == Period::AllTime, "{period}");
    }
    drop(hold);
    assert_eq!(world.standings.held().len(), Period::ALL.len());
    world.expect_settled();
}

#[test]
fn what_there_is_no_room_for_is_let_go_and_built_again() {
    let world = World::within(1, "2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    for id in 1..=20 {
        world.award(id, world.today() - Days::new(id as u64 * 3), 7 * id % 10);
    }
    world.expect_settled();
    let await_held = |want: &[StandingsKey]| {
        let deadline = Instant::now() + PATIENCE;
        while world.standings.held() != want {
            assert!(Instant::now() < deadline, "{:?} are held", world.standings.held());
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    for period in [Period::Weekly, Period::AllTime, Period::Monthly] {
        assert!(world.view(1, period).is_some());
        await_held(&[key(1, period)]);
    }
    // Who listens keeps what is listened to.
    let mut listener = world.standings.watch(key(1, Period::AllTime));
    world.runtime.block_on(listener.wait_for(Option::is_some)).expect("a board");
    assert!(world.view(1, Period::Daily).is_some());
    let deadline = Instant::now() + PATIENCE;
    while world.standings.held().len() > 2 {
        assert!(Instant::now() < deadline, "{:?} are held", world.standings.held());
        std::thread::sleep(Duration::from_millis(2));
    }
    world.award(1, world.today(), 5);
    world.runtime.block_on(listener.changed()).expect("a board that is still followed");
    assert!(world.standings.held().contains(&key(1, Period::AllTime)));
    world.expect_settled();
}

#[test]
fn boards_with_the_same_days_and_the_same_groups_share_a_ranking() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let add = |name: &str, included: &[i64], from: Option<&str>| {
        let settings = LeaderboardSettings {
            included_groups_ids: included.iter().map(|id| group(*id)).collect(),
            from_date: from.map(|from| event_date(day(from))),
            ..LeaderboardSettings::named(LeaderboardName::try_from(name.to_owned()).expect("a name"))
        };
        world.write(move |write| {
            let Changed::Done(board) = leaderboards::create(write, &settings.name.clone(), 7)? else { unreachable!() };
            leaderboards::update(write, board.id, settings)?;
            Ok(board.id.0)
        })
    };
    world.write(|write| {
        set_members(write, 1, &[1, 2])?;
        set_members(write, 2, &[3])?;
        award(write, 1, day("2026-03-28"), 1)?;
        (1..=5).try_for_each(|id| award(write, id, write_day(write), id).map(drop))
    });
    let (one, two) = (add("One", &[1, 2], None), add("Two", &[2, 1], None));
    let (other, later) = (add("Other", &[2], None), add("Later", &[1, 2], Some("2026-03-31")));
    world.refresh();
    let ranked = |board: i64, period: Period| Arc::clone(&world.view(board, period).expect("a board").ranked);
    for round in 0..3 {
        world.award(1 + round, world.today(), 10);
        world.refresh();
        assert!(Arc::ptr_eq(&ranked(one, Period::Weekly), &ranked(two, Period::Weekly)));
        assert!(!Arc::ptr_eq(&ranked(one, Period::Weekly), &ranked(one, Period::Monthly)), "other days");
        assert!(!Arc::ptr_eq(&ranked(one, Period::Weekly), &ranked(other, Period::Weekly)), "other groups");
        assert!(!Arc::ptr_eq(&ranked(one, Period::Weekly), &ranked(later, Period::Weekly)), "days from its own first");
        world.expect_settled();
    }
}

#[test]
fn what_is_read_whole_is_read_in_the_order_of_the_file() {
    // The SELECTs as they stand in the source, planned by the SQLite that runs them.
    let source = include_str!("../src/store/window_sums.rs");
    let selects: Vec<&str> =
        source.split("const SELECT: &str = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let plan = |select: &str| -> Vec<String> {
        let connection = world.other_program();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {select}")).expect("a statement");
        let lines = statement.query_map([202301, 202603], |row| row.get("detail")).expect("a plan");
        lines.collect::<Result<_, _>>().expect("lines")
    };
    let plans: Vec<_> = selects.into_iter().map(plan).collect();
    let by_months = "SEARCH scores USING PRIMARY KEY (month>? AND month<?)";
    assert_eq!(plans, [[by_months]], "no sorting, and no other months");
}

#[test]
fn a_snapshot_lives_as_long_as_its_reader() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.expect_settled();
    let reader = world.view(1, Period::Daily).expect("a board");
    let before = rows(&reader.ranked.entries());
    let (view, ranked) = (Arc::downgrade(&reader), Arc::downgrade(&reader.ranked));
    world.award(2, world.today(), 7);
    world.expect_settled();
    assert_eq!(rows(&reader.ranked.entries()), before, "a reader sees one moment");
    drop(reader);
    let deadline = Instant::now() + PATIENCE;
    while view.strong_count() + ranked.strong_count() > 0 {
        assert!(Instant::now() < deadline, "the old snapshot is kept");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_view_stays_until_it_changes() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.expect_settled();
    let version = |period| world.view(1, period).expect("a board").version();
    let (all_time, daily) = (version(Period::AllTime), version(Period::Daily));
    assert_ne!(all_time, daily);
    world.award(1, day("2026-03-01"), 5);
    world.expect_settled();
    assert_ne!(version(Period::AllTime), all_time);
    assert_eq!(version(Period::Daily), daily, "an event outside the window");
    let monthly = version(Period::Monthly);
    world.award(1, day("2026-04-01"), 5);
    world.write(|write| {
        award(write, 1, day("2026-03-31"), 5)
            .and_then(|id| score_events::delete(write, &Deletion { id, minimum_score: None }, &by()))
    });
    world.refresh();
    assert_eq!(version(Period::Monthly), monthly, "an event of the future, and one taken back at once");
    world.other_program().execute("DELETE FROM scores WHERE date = '2026-03-01'", []).expect("a change");
    world.expect_settled();
    assert_eq!(version(Period::Daily), daily, "all was read anew, and is as it was");
}

#[test]
fn a_ranked_user_takes_at_most_64_bytes() {
    const RANKED: i64 = 100_000;
    const BYTES_MAX: usize = 64 * RANKED as usize;
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let other = world.other_program();
    other
        .execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
             INSERT INTO scores (month, user_id, day, score, events) SELECT 202603, n, 31, n * 7919 % 100003, 1 FROM numbers",
            [RANKED],
        )
        .expect("scores");
    // The other periods, which nobody needs here, would each take the reading of so many.
    let deadline = Instant::now() + PATIENCE;
    while world.compare(&other, 1, Period::Daily).is_err() {
        assert!(Instant::now() < deadline, "the board of so many users is not there");
    }
    let view = world.view(1, Period::Daily).expect("a board");
    assert_eq!(view.ranked.len(), RANKED as usize);
    assert!(view.ranked.bytes() <= BYTES_MAX, "{}", view.ranked.bytes());
    // Neither does a ranking grow that is changed many times: by users who were there, come and go.
    for round in 0..5 {
        world.write(move |write| {
            for user in 0..200 {
                award(write, RANKED - 100 + user + round, write_day(write), 3)?;
            }
            Ok(())
        });
        world.refresh();
    }
    let view = world.view(1, Period::Daily).expect("a board");
    let count = view.ranked.len();
    assert!(count > RANKED as usize);
    assert!(view.ranked.bytes() <= 64 * count);
}

fn write_day(write: &Write<'_>) -> NaiveDate {
    write.today.to_string().parse().expect("a date")
}

// --- while things are built ---

#[test]
fn who_asks_first_is_told_to_wait_and_gets_it_then() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    assert!(world.view(1, Period::AllTime).is_some());
    let hold = world.hold_writer();
    let asked = Instant::now();
    assert!(world.view(1, Period::Weekly).is_none(), "nothing can be read yet");
    assert!(asked.elapsed() < Duration::from_secs(5));
    // Another period is asked for while the first is still being built.
    let monthly = world.standings.watch(key(1, Period::Monthly));
    // What is there is there at once, whatever the writer does.
    let asked = Instant::now();
    assert!(world.view(1, Period::AllTime).is_some());
    assert!(asked.elapsed() < Duration::from_millis(500));
    drop(hold);
    let deadline = Instant::now() + PATIENCE;
    while monthly.borrow().is_none() {
        assert!(Instant::now() < deadline, "a period that was asked for while another was built never comes");
        std::thread::sleep(Duration::from_millis(2));
    }
    world.expect_settled();
}

#[test]
fn a_change_of_the_directory_is_not_lost_while_a_period_is_built() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.award(2, world.today(), 3);
    let connection = world.other_program();
    world.view(1, Period::AllTime);
    let deadline = Instant::now() + PATIENCE;
    while world.compare(&connection, 1, Period::AllTime).is_err() {
        assert!(Instant::now() < deadline);
    }
    let hold = world.hold_writer();
    let suspended: oneshot::Receiver<_> =
        world.store.writer().submit(|write| suspend(write, 1, true)).expect("room in the queue");
    // The thread goes for the file, and waits behind the suspension.
    let _weekly = world.standings.watch(key(1, Period::Weekly));
    std::thread::sleep(Duration::from_millis(200));
    drop(hold);
    suspended.blocking_recv().expect("an answer").expect("stored");
    world.refresh();
    world.compare_all(&connection).expect("boards without the suspended user");
}

#[test]
fn a_board_that_is_removed_ends_for_its_listeners() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    let name = LeaderboardName::try_from("Contest".to_owned()).expect("a name");
    let Changed::Done(board) = world.write(move |write| leaderboards::create(write, &name, 7)) else { unreachable!() };
    world.refresh();
    assert!(world.standings.catalog().board(board.id).is_some());
    let mut listener = world.standings.watch(key(board.id.0, Period::Daily));
    world.expect_settled();
    listener.mark_unchanged();
    world.write(move |write| leaderboards::delete(write, board.id));
    world.refresh();
    assert!(world.standings.catalog().board(board.id).is_none());
    let ended = world.runtime.block_on(async { tokio::time::timeout(PATIENCE, listener.changed()).await });
    assert!(ended.expect("no waiting").is_err(), "nothing is said of a board that is gone");
}
