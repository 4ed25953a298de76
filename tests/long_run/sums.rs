//! Plain sums over the events of a file, and whether the running server tells the same.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{Days, Months, NaiveDate, Utc};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::support::{PATIENCE, Server};

/// The periods of a board.
pub const PERIODS: [&str; 6] = ["all", "yearly", "quarterly", "monthly", "weekly", "daily"];

/// What counts: whose, of which day, how many points, in the order of the file.
pub struct Events(Vec<(i64, NaiveDate, i64)>);

impl Events {
    /// Reads a file, and fails where an event does not have the day that its description names.
    pub fn of(file: &Path) -> Result<Events, String> {
        let failed = |error: rusqlite::Error| error.to_string();
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
        let mut select =
            connection.prepare("SELECT user_id, date, points, description FROM score_events").map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        let mut events = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let date: String = row.get(1).map_err(failed)?;
            let token: String = row.get(3).map_err(failed)?;
            if token.split(' ').nth(1) != Some(date.as_str()) {
                return Err(format!("{token} is of {date}"));
            }
            let day = date.parse().map_err(|_| format!("{date} is no day"))?;
            events.push((row.get(0).map_err(failed)?, day, row.get(2).map_err(failed)?));
        }
        Ok(Events(events))
    }

    /// The users with an event from a day to another, and their sums.
    fn sums(&self, from: NaiveDate, to: NaiveDate) -> BTreeMap<i64, i64> {
        let mut sums = BTreeMap::new();
        for (user, _, points) in self.0.iter().filter(|(_, day, _)| (from..=to).contains(day)) {
            *sums.entry(*user).or_default() += points;
        }
        sums
    }

    /// The users whose scores, and the boards whose places, are not those of the plain sums; and how many were compared.
    pub fn drift(&self, server: &Server) -> (Vec<String>, usize, usize) {
        loop {
            let today = Utc::now().date_naive();
            let found = self.drift_on(server, today);
            // At midnight the windows slide.
            if Utc::now().date_naive() == today {
                return found;
            }
        }
    }

    fn drift_on(&self, server: &Server, today: NaiveDate) -> (Vec<String>, usize, usize) {
        let mut wrong = Vec::new();
        let overall = self.sums(NaiveDate::MIN, today);
        for (user, sum) in &overall {
            let score = server.score(*user);
            if score != *sum {
                wrong.push(format!("user {user} has {score}, and events of {sum}"));
            }
        }
        for period in PERIODS {
            let sums = self.sums(first_day(period, today), today);
            let mut places: Vec<_> = sums.into_iter().map(|(user, sum)| (-sum, user)).collect();
            places.sort_unstable();
            let due = with_positions(&places);
            let began = std::time::Instant::now();
            let mut shown = board(server, period);
            // A board may be a second late.
            while shown != due && began.elapsed() < PATIENCE {
                std::thread::sleep(std::time::Duration::from_millis(100));
                shown = board(server, period);
            }
            if shown != due {
                let at = due.iter().zip(&shown).position(|(due, shown)| due != shown);
                wrong.push(format!(
                    "the board of {period} has {} places, due are {}; first at {at:?}",
                    shown.len(),
                    due.len()
                ));
            }
        }
        (wrong, overall.len(), PERIODS.len())
    }
}

fn first_day(period: &str, today: NaiveDate) -> NaiveDate {
    match period {
        "yearly" => today - Months::new(12),
        "quarterly" => today - Months::new(3),
        "monthly" => today - Months::new(1),
        "weekly" => today - Days::new(7),
        "daily" => today - Days::new(1),
        _ => NaiveDate::MIN,
    }
}

/// A place: whose, how many points, and its number. Equal scores have the same number, and the next the one after it.
type Place = (i64, i64, i64);

fn with_positions(places: &[(i64, i64)]) -> Vec<Place> {
    let (mut position, mut before) = (0, None);
    let mut numbered = Vec::new();
    for (negative, user) in places {
        if before != Some(negative) {
            position += 1;
        }
        before = Some(negative);
        numbered.push((*user, -negative, position));
    }
    numbered
}

/// All places that a board shows.
fn board(server: &Server, period: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for page in 0.. {
        let reply = server.get(&format!("/leaderboard/1?period={period}&page={page}&user_limit=100"));
        let json = reply.json();
        let users: &[Value] = json["users"].as_array().map_or(&[], Vec::as_slice);
        let place = |user: &Value| {
            let number = |name: &str| user[name].as_i64().unwrap_or(i64::MIN);
            (number("id"), number("total_score"), number("position"))
        };
        places.extend(users.iter().map(place));
        if users.len() < 100 {
            break;
        }
    }
    places
}

#[test]
fn equal_scores_share_a_place_and_windows_include_both_ends() {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let (today, yesterday) = (day("2023-04-14"), day("2023-04-13"));
    let events = Events(vec![(7, today, 5), (5, yesterday, 5), (6, today, 9), (6, day("2023-04-06"), 1)]);
    let due = BTreeMap::from([(5, 5), (6, 9), (7, 5)]);
    assert_eq!(events.sums(first_day("daily", today), today), due);
    assert_eq!(events.sums(first_day("weekly", today), today), due);
    assert_eq!(events.sums(first_day("monthly", today), today)[&6], 10);
    assert_eq!(with_positions(&[(-9, 6), (-5, 5), (-5, 7), (-1, 8)]), [(6, 9, 1), (5, 5, 2), (7, 5, 2), (8, 1, 3)]);
}
