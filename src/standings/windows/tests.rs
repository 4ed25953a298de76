//! Tests of a read that fails in the middle.

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::domain::{Award, Clock, Points, Timestamp, Username};
use crate::store::{OpenMode, OpenOptions, Store, score_events};

#[test]
fn what_was_read_before_a_read_failed_is_told_later() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("scores.db");
    let now = Timestamp::new("2026-03-31T12:00:00Z".parse().expect("a moment"));
    let options = OpenOptions::new(OpenMode::Create, Clock::fixed(chrono_tz::UTC, now));
    let (store, writer) = Store::open(&file, options).expect("a new database");
    let connection = store.reader().expect("a reader");

    // All but the last are read at once, and the last is far from them.
    let today: EventDate = "2026-03-31".parse().expect("a date");
    let long_ago: EventDate = "1999-01-31".parse().expect("a date");
    let mut used: Vec<Window> = (0..AT_ONCE_MAX as u32).map(|days| (today.minus_days(days), today)).collect();
    used.push((long_ago, long_ago));
    let mut windows = Windows::default();
    windows.read_all(&connection, &used).expect("a file that can be read");

    let user_id = UserId::try_from(1).expect("a user id");
    let points = Points::try_from(3).expect("points");
    let award = Award { user_id, date: today, points, description: None, minimum_score: None };
    let by = "tests".parse::<Username>().expect("a username");
    let stored = store.writer().write_blocking(move |write| score_events::award(write, &award, &by));
    stored.expect("stored");
    let other = Connection::open(&file).expect("a database");
    let falsify = "PRAGMA ignore_check_constraints = ON;
        INSERT INTO scores (month, user_id, day, score, events) VALUES (199901, 0, 31, 1, 1)";
    other.execute_batch(falsify).expect("a row that nobody can read");
    assert!(windows.read_all(&connection, &used).is_err());
    other.execute_batch("DELETE FROM scores WHERE user_id = 0").expect("the row is gone");
    windows.read_all(&connection, &used).expect("a file that can be read");
    let touched = |window: &Window| windows.get(window).map(|followed| followed.touched.as_slice());
    assert_eq!(touched(&used[0]), Some([user_id].as_slice()));
    assert_eq!(touched(&used[AT_ONCE_MAX]), Some([].as_slice()));
    writer.stop();
}
