//! The sums of many events by user and day, in bounded memory and in the order of the table of scores.

use crate::domain::{EventDate, UserId};
use crate::store::day_number::DayNumber;

/// How many sums are held at most: 24 MB.
const SUMS_MAX: usize = 1_000_000;

/// What is to be added to a user's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    key: Key,
    /// Points.
    pub score: i64,
    /// How many events these are the points of.
    pub events: u32,
}

/// The month, the user and the day of the month in one number. It sorts as the primary key of the table does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(i64);

const DAY_BITS: u32 = 5;
const USER_BITS: u32 = 31;

impl Key {
    fn new(user_id: UserId, date: EventDate) -> Key {
        let day = DayNumber::from(date);
        // A month has 20 bits, and a user's number 31. Neither is ever negative.
        let month = i64::from(day.month()) << (USER_BITS + DAY_BITS);
        Key(month | i64::from(user_id) << DAY_BITS | i64::from(day.of_its_month()))
    }
}

impl Sum {
    /// The month, the user and the day of the month, as the columns of the table hold them.
    pub fn place(&self) -> (i64, i64, i64) {
        let Key(key) = self.key;
        (key >> (USER_BITS + DAY_BITS), key >> DAY_BITS & ((1 << USER_BITS) - 1), key & ((1 << DAY_BITS) - 1))
    }
}

/// Sums that are still to be added to the scores.
///
/// What comes is put at the end, and only when there is no room are the sums of the same day put together. That takes less
/// memory than a map, and they come out in the order of the file.
pub struct Sums {
    sums: Vec<Sum>,
    count_max: usize,
}

impl Sums {
    /// None yet.
    pub fn new() -> Sums {
        Sums::of_at_most(SUMS_MAX)
    }

    fn of_at_most(count_max: usize) -> Sums {
        // Memory that is not written to yet is not taken from the system.
        Sums { sums: Vec::with_capacity(count_max), count_max }
    }

    /// Adds an event's points. `true`: there is little room for more, and the sums have to be stored and cleared now.
    pub fn add(&mut self, user_id: UserId, date: EventDate, points: i64) -> bool {
        self.sums.push(Sum { key: Key::new(user_id, date), score: points, events: 1 });
        if self.sums.len() < self.count_max {
            return false;
        }
        // If little room is made, the next time would come too soon.
        self.put_together().len() > self.count_max / 2
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.sums.clear();
    }

    /// Gives all sums in the order of the table, one for each user and day.
    pub fn put_together(&mut self) -> &[Sum] {
        self.sums.sort_unstable_by_key(|sum| sum.key);
        self.sums.dedup_by(|sum, before| {
            let is_same = sum.key == before.key;
            if is_same {
                before.score = before.score.saturating_add(sum.score);
                before.events += sum.events;
            }
            is_same
        });
        &self.sums
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_that_is_added_comes_out_once_and_in_order(
            events in proptest::collection::vec((1i64..4, 0u32..70, -9i64..9), 0..200),
            count_max in 2usize..40,
        ) {
            let mut sums = Sums::of_at_most(count_max);
            let mut want: BTreeMap<(i64, i64, i64), (i64, u32)> = BTreeMap::new();
            let mut found = BTreeMap::new();
            let mut take = |sums: &mut Sums| {
                let taken = sums.put_together().to_vec();
                sums.clear();
                let in_order = taken.windows(2).all(|two| two[0].place() < two[1].place());
                for sum in taken {
                    let (score, events) = found.entry(sum.place()).or_insert((0, 0));
                    *score += sum.score;
                    *events += sum.events;
                }
                in_order
            };
            for (user, days, points) in events {
                let date = "2024-01-30".parse::<EventDate>().expect("a date").plus_days(days);
                let number = DayNumber::from(date);
                let user_id = if user == 3 { i64::from(i32::MAX) } else { user };
                let place = (number.month().into(), user_id, number.of_its_month().into());
                let (score, events) = want.entry(place).or_insert((0, 0));
                *score += points;
                *events += 1;
                if sums.add(user_id.try_into().expect("a user id"), date, points) {
                    prop_assert!(take(&mut sums));
                }
                prop_assert!(sums.sums.len() < count_max, "there is always room for one more");
            }
            prop_assert!(take(&mut sums));
            prop_assert_eq!(found, want);
        }
    }
}
