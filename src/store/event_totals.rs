//! How many events there are, and how many points they give and take.

use rusqlite::{Connection, named_params};

use super::error::StoreError;
use crate::domain::EventDate;

/// How many entries of the index of days one request counts, at most: some 20 milliseconds.
const COUNTED_MAX: i64 = 100_000;

/// What some events are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many there are.
    pub events: i64,
    /// The points that they give: 0 or more.
    pub given: i64,
    /// The points that they take: 0 or less.
    pub taken: i64,
    /// Whether these are all, or only those up to which the counting has come.
    pub is_all: bool,
}

/// Whether points are given or taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// More than zero.
    Award,
    /// Less than zero.
    Deduction,
}

impl Totals {
    /// Counts one more event.
    pub fn add(&mut self, points: i64) {
        self.events += 1;
        self.given = self.given.saturating_add(points.max(0));
        self.taken = self.taken.saturating_add(points.min(0));
    }
}

/// What the events of some days are together, of one sign or of any. The index of days holds all that is needed.
pub fn of_days(
    connection: &Connection,
    from: Option<EventDate>,
    to: Option<EventDate>,
    sign: Option<Sign>,
) -> Result<Totals, StoreError> {
    counted(connection, from, to, sign, COUNTED_MAX)
}

fn counted(
    connection: &Connection,
    from: Option<EventDate>,
    to: Option<EventDate>,
    sign: Option<Sign>,
    counted_max: i64,
) -> Result<Totals, StoreError> {
    // The newest days are counted first, so that what is counted is what the first page shows.
    const SELECT: &str = "
        SELECT count(*), coalesce(sum(points > 0), 0), coalesce(sum(points < 0), 0),
               coalesce(sum(max(points, 0)), 0), coalesce(sum(min(points, 0)), 0)
        FROM (SELECT points FROM score_events INDEXED BY score_events_by_date
              WHERE date BETWEEN :from AND :to ORDER BY date DESC, id DESC LIMIT :count)";
    let mut statement = connection.prepare_cached(SELECT)?;
    let parameters = named_params! {
        ":from": from.unwrap_or(EventDate::MIN), ":to": to.unwrap_or(EventDate::MAX), ":count": counted_max + 1
    };
    let (all, awards, deductions, given, taken): (i64, i64, i64, i64, i64) =
        statement.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    let is_all = all <= counted_max;
    Ok(match sign {
        None => Totals { events: all, given, taken, is_all },
        Some(Sign::Award) => Totals { events: awards, given, taken: 0, is_all },
        Some(Sign::Deduction) => Totals { events: deductions, given: 0, taken, is_all },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_counted_is_told() {
        let connection = Connection::open_in_memory().expect("memory");
        let schema = "
            CREATE TABLE score_events (id INTEGER PRIMARY KEY, user_id, date, points);
            CREATE INDEX score_events_by_date ON score_events (date, id, user_id, points);
            INSERT INTO score_events VALUES (1, 1, '2023-04-14', 5), (2, 1, '2023-04-15', -3), (3, 1, '2023-04-16', 0)";
        connection.execute_batch(schema).expect("a table");
        let day = |text: &str| Some(text.parse().expect("a date"));
        let totals = |from, sign, count| {
            let totals = counted(&connection, from, None, sign, count).expect("totals");
            (totals.events, totals.given, totals.taken, totals.is_all)
        };
        assert_eq!(totals(None, None, 3), (3, 5, -3, true));
        assert_eq!(totals(day("2023-04-15"), None, 3), (2, 0, -3, true));
        assert_eq!(totals(None, Some(Sign::Award), 3), (1, 5, 0, true));
        assert_eq!(totals(None, Some(Sign::Deduction), 3), (1, 0, -3, true));
        assert_eq!(totals(None, None, 1), (2, 0, -3, false));
    }
}
