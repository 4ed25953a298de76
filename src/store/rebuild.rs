//! Finding the scores of a day that are not the sums of its events, and adding what they lack.
//!
//! Finding reads one snapshot and holds no lock. Adding the difference is right even if events were stored meanwhile,
//! because those moved both sides by the same amount (see [`super::scores`]). It would be wrong only if another rebuild
//! had added it already; the count of repairs tells.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::Connection;

use super::{StoreError, Write, scores};
use crate::domain::{EventDate, UserId};

/// What a user's score on a day lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The user.
    pub user_id: UserId,
    /// Points to add.
    pub score: i64,
    /// Events to add to the count of summed events.
    pub events: i64,
    /// Whether a reader could have seen the fault: a wrong score, or a day that has one and should not or the reverse.
    pub visible: bool,
}

/// The differences of a day, and the count of repairs that they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDifferences {
    /// By user id.
    pub differences: Vec<Difference>,
    repairs: i64,
}

/// The next day from `from` on that has events or scores: two steps along indexes.
pub fn next_day(connection: &Connection, from: EventDate) -> Result<Option<EventDate>, StoreError> {
    const SELECT: &str = "
        SELECT min(date) FROM (
            SELECT min(date) AS date FROM score_events INDEXED BY score_events_by_date WHERE date >= ?1
            UNION ALL
            SELECT min(date) FROM scores INDEXED BY scores_by_date WHERE date >= ?1)";
    Ok(connection.prepare_cached(SELECT)?.query_row([from], |row| row.get(0))?)
}

/// Compares a day's scores with its events. The cost follows the events of that day.
pub fn compare_day(connection: &Connection, date: EventDate) -> Result<DayDifferences, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let repairs = count_repairs(&snapshot)?;
    // What is missing, by user: the sums of the events less the scores.
    let mut lacking: BTreeMap<i64, (i64, i64, bool)> = BTreeMap::new();
    const EVENTS: &str = "
        SELECT user_id, sum(points), count(*) FROM score_events INDEXED BY score_events_by_date
        WHERE date = ?1 GROUP BY user_id";
    let mut statement = snapshot.prepare_cached(EVENTS)?;
    let mut rows = statement.query([date])?;
    while let Some(row) = rows.next()? {
        lacking.insert(row.get(0)?, (row.get(1)?, row.get(2)?, true));
    }
    const SCORES: &str = "SELECT user_id, score, events FROM scores INDEXED BY scores_by_date WHERE date = ?1";
    let mut statement = snapshot.prepare_cached(SCORES)?;
    let mut rows = statement.query([date])?;
    while let Some(row) = rows.next()? {
        let (score, events): (i64, i64) = (row.get(1)?, row.get(2)?);
        match lacking.entry(row.get(0)?) {
            Entry::Vacant(vacant) => {
                vacant.insert((-score, -events, true));
            }
            Entry::Occupied(occupied) if *occupied.get() == (score, events, true) => {
                occupied.remove();
            }
            Entry::Occupied(mut occupied) => {
                let (sum, count, _) = *occupied.get();
                occupied.insert((sum - score, count - events, sum != score));
            }
        }
    }
    let differences = lacking
        .into_iter()
        .map(|(user_id, (score, events, visible))| {
            let user_id = UserId::try_from(user_id).map_err(|error| StoreError::Damaged(error.to_string()))?;
            Ok(Difference { user_id, score, events, visible })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(DayDifferences { differences, repairs })
}

/// Adds the first `count_max` differences of a day, taking them out. `false`: another rebuild has repaired scores since
/// they were found; they have to be found again.
pub fn repair_day(
    write: &Write<'_>,
    date: EventDate,
    day: &mut DayDifferences,
    count_max: usize,
) -> Result<bool, StoreError> {
    if count_repairs(write.connection)? != day.repairs {
        return Ok(false);
    }
    let count = count_max.min(day.differences.len());
    for difference in day.differences.drain(..count) {
        scores::add(write, difference.user_id, date, difference.score, difference.events)?;
    }
    outdate(write)?;
    day.repairs += 1;
    Ok(true)
}

/// Makes every difference that was found before this transaction void.
pub(super) fn outdate(write: &Write<'_>) -> Result<(), StoreError> {
    write.connection.prepare_cached("UPDATE rollup_repairs SET count = count + 1 WHERE id = 1")?.execute([])?;
    Ok(())
}

fn count_repairs(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("SELECT count FROM rollup_repairs WHERE id = 1")?.query_row([], |row| row.get(0))?)
}
