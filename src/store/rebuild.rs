//! Comparing scores with the sums of their events, for a stretch of days, and repairing the scores that differ.
//!
//! Differences are found by reading one snapshot, without holding a lock. Later each difference is added to its score.
//! This is right even if events were stored meanwhile, because an event changes the score and the sum of events by the
//! same amount (see [`super::scores`]). It would be wrong only if another rebuild had added the difference already; the
//! count of repairs shows whether one has.
//!
//! The events are read in the order of days and summed up. The sums are then sorted as the scores are in the file, so that
//! one walk along the scores compares each of them with its sum.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::day_number::DayNumber;
use super::error::StoreError;
use super::repairs;
use super::scores::Adder;
use super::write::Write;
use crate::domain::{EventDate, UserId};

/// A stretch of days ends with the day on which this many sums are in memory, at 24 bytes each.
const SUMS_MAX: usize = 1_500_000;

/// The difference between a user's score on a day and the sum of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The user.
    pub user_id: UserId,
    /// The day.
    pub date: EventDate,
    /// Points to add.
    pub score: i64,
    /// Events to add to the count of summed events.
    pub events: i64,
    /// Whether a reader could have seen the fault: a wrong score, a score on a day that should have none, or no score
    /// on a day that should have one.
    pub visible: bool,
}

/// The differences of a stretch of days, and the count of repairs that they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differences {
    /// The differences in the reverse order of the file, which is by month, then by user id, then by day. They are
    /// taken from the end of this list, and so are added in the order of the file.
    pub differences: Vec<Difference>,
    /// Where the next stretch begins; `None` if this was the last.
    pub next: Option<EventDate>,
    repairs: i64,
}

/// Compares the scores of a stretch of days with their events. The stretch begins with `first` and has as many days as
/// fit into the memory that is set aside. `seen` is called with each day that has events, and may break the work off;
/// the result is `None` then. The cost depends on the number of events of those days and of scores in their months.
pub fn compare(
    connection: &Connection,
    first: EventDate,
    seen: impl FnMut(EventDate) -> ControlFlow<()>,
) -> Result<Option<Differences>, StoreError> {
    compare_within(SUMS_MAX, connection, first, seen)
}

fn compare_within(
    sums_max: usize,
    connection: &Connection,
    first: EventDate,
    seen: impl FnMut(EventDate) -> ControlFlow<()>,
) -> Result<Option<Differences>, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let repairs = repairs::count(&snapshot)?;
    let Some(Stretch { mut sums, next }) = sum_events(sums_max, &snapshot, first, seen)? else {
        return Ok(None);
    };
    sums.sort_unstable_by_key(|sum| sum.key);
    let mut comparison = Comparison { sums: sums.iter().peekable(), differences: Vec::new() };
    // A stretch of days ends before the day at which the next begins. The last stretch has no end.
    let (first, end) = (DayNumber::from(first), next.map_or(DayNumber::from(EventDate::MAX), DayNumber::from));
    let holds = |day: DayNumber| first <= day && (next.is_none() || day < end);
    const WALK: &str = "
        SELECT month, user_id, day, score, events FROM scores
        WHERE month BETWEEN ?1 AND ?2 ORDER BY month, user_id, day";
    let mut statement = snapshot.prepare_cached(WALK)?;
    let mut rows = statement.query([first.month(), end.month()])?;
    while let Some(row) = rows.next()? {
        let day = DayNumber::read(row, 0, 2)?;
        if holds(day) {
            comparison.take(DaySum { key: ScoreKey::of(row.get(1)?, day), score: row.get(3)?, events: row.get(4)? })?;
        }
    }
    let mut differences = comparison.finish()?;
    differences.reverse();
    Ok(Some(Differences { differences, next, repairs }))
}

/// Takes the last `count_max` differences out of the list and adds them to the scores. `false`: another rebuild has
/// repaired scores since they were found, so they have to be found again.
pub fn repair(write: &Write<'_>, found: &mut Differences, count_max: usize) -> Result<bool, StoreError> {
    if repairs::count(write.connection)? != found.repairs {
        return Ok(false);
    }
    let kept = found.differences.len().saturating_sub(count_max);
    let mut scores = Adder::new(write)?;
    for Difference { user_id, date, score, events, .. } in found.differences.drain(kept..).rev() {
        scores.add(user_id, date, score, events)?;
    }
    repairs::count_up(write.connection)?;
    found.repairs += 1;
    Ok(true)
}

/// A user and a day as one number, in the order of scores in the file: months, then users, then days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ScoreKey(u64);

impl ScoreKey {
    /// Makes the number: 20 bits for the month, 31 for the user, 5 for the day of the month.
    fn of(user_id: u32, day: DayNumber) -> ScoreKey {
        ScoreKey(u64::from(day.month()) << 36 | u64::from(user_id) << 5 | u64::from(day.of_its_month()))
    }

    fn user_id(self) -> Result<UserId, StoreError> {
        UserId::try_from((self.0 >> 5 & 0x7fff_ffff) as i64).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    fn day(self) -> DayNumber {
        DayNumber::of_month((self.0 >> 36) as u32, (self.0 & 0x1f) as u32)
    }
}

/// A user's score on a day, as stored or as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DaySum {
    key: ScoreKey,
    score: i64,
    events: i64,
}

/// The sums of a stretch of days, in no order.
struct Stretch {
    sums: Vec<DaySum>,
    /// The day at which the memory was used up.
    next: Option<EventDate>,
}

/// Sums up the events from `first` on. `None`: it was broken off.
fn sum_events(
    sums_max: usize,
    snapshot: &Connection,
    first: EventDate,
    mut seen: impl FnMut(EventDate) -> ControlFlow<()>,
) -> Result<Option<Stretch>, StoreError> {
    const EVENTS: &str = "
        SELECT date, user_id, points FROM score_events INDEXED BY score_events_by_date
        WHERE date >= ?1 ORDER BY date";
    let mut statement = snapshot.prepare_cached(EVENTS)?;
    let mut rows = statement.query([first])?;
    let mut sums: Vec<DaySum> = Vec::new();
    // The day that is being read, and where its events begin in the list. If the list grows past `fold_at`, they are
    // summed up before the day is read to its end.
    let mut day = None;
    let (mut begin, mut fold_at) = (0, sums_max);
    while let Some(row) = rows.next()? {
        let now = DayNumber::of_text(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
        if day != Some(now) {
            fold(&mut sums, begin);
            if sums.len() >= sums_max {
                return Ok(Some(Stretch { sums, next: Some(now.date()?) }));
            }
            if seen(now.date()?).is_break() {
                return Ok(None);
            }
            (day, begin, fold_at) = (Some(now), sums.len(), sums.len() + sums_max);
        } else if sums.len() >= fold_at {
            fold(&mut sums, begin);
            fold_at = sums.len() + sums_max;
        }
        sums.push(DaySum { key: ScoreKey::of(row.get(1)?, now), score: row.get(2)?, events: 1 });
    }
    fold(&mut sums, begin);
    Ok(Some(Stretch { sums, next: None }))
}

/// Adds up the entries from `begin` on that belong to the same user and day.
fn fold(sums: &mut Vec<DaySum>, begin: usize) {
    sums[begin..].sort_unstable_by_key(|sum| sum.key);
    let mut end = begin;
    for at in begin..sums.len() {
        let sum = sums[at];
        match sums[begin..end].last_mut() {
            Some(last) if last.key == sum.key => {
                last.score += sum.score;
                last.events += sum.events;
            }
            _ => {
                sums[end] = sum;
                end += 1;
            }
        }
    }
    sums.truncate(end);
}

/// Compares the sums of events with the scores. Both come in the order of the file.
struct Comparison<'s> {
    sums: std::iter::Peekable<std::slice::Iter<'s, DaySum>>,
    differences: Vec<Difference>,
}

impl Comparison<'_> {
    /// Takes the next score.
    fn take(&mut self, stored: DaySum) -> Result<(), StoreError> {
        while let Some(missing) = self.sums.next_if(|sum| sum.key < stored.key) {
            self.add(missing, missing.score, missing.events, true)?;
        }
        match self.sums.next_if(|sum| sum.key == stored.key) {
            Some(sum) if *sum == stored => Ok(()),
            Some(sum) => self.add(sum, sum.score - stored.score, sum.events - stored.events, sum.score != stored.score),
            None => self.add(&stored, -stored.score, -stored.events, true),
        }
    }

    fn finish(mut self) -> Result<Vec<Difference>, StoreError> {
        while let Some(missing) = self.sums.next() {
            self.add(missing, missing.score, missing.events, true)?;
        }
        Ok(self.differences)
    }

    fn add(&mut self, of: &DaySum, score: i64, events: i64, visible: bool) -> Result<(), StoreError> {
        let (user_id, date) = (of.key.user_id()?, of.key.day().date()?);
        self.differences.push(Difference { user_id, date, score, events, visible });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::store::OpenMode;
    use crate::store::connection::open_writer;

    /// Days on both sides of the ends of months.
    const DATES: [&str; 7] =
        ["2023-12-30", "2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"];

    type Sums = BTreeMap<(i64, String), (i64, i64)>;

    fn read(connection: &Connection, select: &str) -> Sums {
        let mut statement = connection.prepare(select).expect("a statement");
        let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))));
        rows.expect("rows").collect::<Result<_, _>>().expect("sums")
    }

    fn compare_all(sums_max: usize, connection: &Connection, first: &str) -> Vec<Differences> {
        let mut next = Some(first.parse().expect("a date"));
        let mut stretches = Vec::new();
        while let Some(from) = next {
            let found = compare_within(sums_max, connection, from, |_| ControlFlow::Continue(()));
            let found = found.expect("a comparison").expect("not broken off");
            next = found.next;
            stretches.push(found);
        }
        stretches
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn what_is_found_added_makes_scores_the_sums_of_events(
            events in proptest::collection::vec((1i64..5, 0..DATES.len(), -3i64..4), 0..60),
            scores in proptest::collection::btree_map((1i64..5, 0..DATES.len()), (-3i64..4, 0i64..3), 0..20),
            sums_max in prop_oneof![1usize..6, Just(usize::MAX / 2)],
            first in 0..DATES.len(),
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let connection = open_writer(&folder.path().join("scores.db"), OpenMode::Create).expect("a new file");
            let transaction = connection.unchecked_transaction().expect("a transaction");
            for (user_id, day, points) in &events {
                let event = (user_id, DATES[*day], points);
                let insert = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
                transaction.execute(insert, event).expect("an event");
            }
            for ((user_id, day), (score, count)) in &scores {
                let day = DayNumber::of_text(DATES[*day]);
                let (month, day) = (day.month(), day.of_its_month());
                let insert = "INSERT INTO scores (month, user_id, day, score, events) VALUES (?1, ?2, ?3, ?4, ?5)";
                transaction.execute(insert, (month, user_id, day, score, count)).expect("a score");
            }
            transaction.commit().expect("stored");
            let first = DATES[first];
            let select = "SELECT user_id, date, sum(points), count(*) FROM score_events GROUP BY user_id, date";
            let (right, before) =
                (read(&connection, select), read(&connection, "SELECT user_id, date, score, events FROM scores"));
            let mut after = before.clone();
            for found in compare_all(sums_max, &connection, first) {
                let place = |found: &Difference| (DayNumber::from(found.date).month(), found.user_id, found.date);
                let places: Vec<_> = found.differences.iter().rev().map(place).collect();
                prop_assert!(places.is_sorted(), "{places:?}");
                for found in found.differences {
                    let place = (i64::from(found.user_id), found.date.to_string());
                    let stored = before.get(&place).map(|(score, _)| *score);
                    prop_assert_eq!(found.visible, stored != right.get(&place).map(|(score, _)| *score));
                    let sum = after.entry(place).or_default();
                    *sum = (sum.0 + found.score, sum.1 + found.events);
                }
            }
            after.retain(|_, sum| *sum != (0, 0));
            let places: BTreeSet<_> = right.keys().chain(after.keys()).chain(before.keys()).cloned().collect();
            for place in places {
                let from = if *place.1 < *first { &before } else { &right };
                let expected = from.get(&place).copied().filter(|sum| *sum != (0, 0));
                prop_assert_eq!(after.get(&place).copied(), expected);
            }
        }
    }

    #[test]
    fn a_comparison_can_be_broken_off() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let connection = open_writer(&folder.path().join("scores.db"), OpenMode::Create).expect("a new file");
        let insert = "INSERT INTO score_events (user_id, date, points) VALUES (1, '2024-03-01', 5)";
        connection.execute(insert, []).expect("an event");
        let found = compare(&connection, EventDate::MIN, |_| ControlFlow::Break(()));
        assert_eq!(found.expect("a comparison"), None);
    }
}
