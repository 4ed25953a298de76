//! Every user's sum over one window of days.

use std::collections::BTreeMap;

use crate::domain::UserId;

/// What a user has in a window, or what is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Points.
    pub score: i64,
    /// Days with events. A user without any is not in the window at all.
    pub days: i32,
}

impl Sum {
    /// Adds another sum to this one.
    pub fn add(&mut self, other: Sum) {
        self.score += other.score;
        self.days += other.days;
    }
}

/// The sums of one window: 16 bytes a user, in the order of user ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    users: Vec<UserId>,
    sums: Vec<Packed>,
}

/// [`Sum`] without the padding that a struct of 8 and 4 bytes gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed {
    score: [u32; 2],
    days: i32,
}

impl Packed {
    fn new(sum: Sum) -> Packed {
        let bits = sum.score as u64;
        Packed { score: [(bits >> 32) as u32, bits as u32], days: sum.days }
    }

    fn sum(self) -> Sum {
        let bits = u64::from(self.score[0]) << 32 | u64::from(self.score[1]);
        Sum { score: bits as i64, days: self.days }
    }
}

impl Totals {
    /// Adds a user whose id is higher than all ids here. A user without days is not added.
    pub fn push(&mut self, user_id: UserId, sum: Sum) {
        debug_assert!(self.users.last().is_none_or(|last| *last < user_id));
        if sum.days > 0 {
            self.users.push(user_id);
            self.sums.push(Packed::new(sum));
        }
    }

    /// A user's sum.
    pub fn get(&self, user_id: UserId) -> Option<Sum> {
        self.users.binary_search(&user_id).ok().map(|at| self.sums[at].sum())
    }

    /// All sums, in the order of user ids.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, Sum)> + '_ {
        self.users.iter().copied().zip(self.sums.iter().map(|sum| sum.sum()))
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Adds changes to the sums. Writes the whole list anew only if users come or go.
    pub fn apply(&mut self, changes: &BTreeMap<UserId, Sum>) {
        let mut come = Vec::new();
        let mut gone = false;
        for (&user_id, &change) in changes {
            match self.users.binary_search(&user_id) {
                Ok(at) => {
                    let mut sum = self.sums[at].sum();
                    sum.add(change);
                    gone |= sum.days <= 0;
                    self.sums[at] = Packed::new(sum);
                }
                Err(_) if change.days > 0 => come.push((user_id, change)),
                Err(_) => {}
            }
        }
        if come.is_empty() && !gone {
            return;
        }
        self.merge(&come);
    }

    /// Adds many changes by writing the whole list anew. They have to be in the order of user ids.
    pub fn merge(&mut self, changes: &[(UserId, Sum)]) {
        debug_assert!(changes.is_sorted_by(|(before, _), (after, _)| before < after));
        let mut merged = Totals::default();
        merged.users.reserve_exact(self.users.len() + changes.len());
        merged.sums.reserve_exact(self.users.len() + changes.len());
        let mut changes = changes.iter().copied().peekable();
        for (user_id, mut sum) in self.iter() {
            while let Some((new, sum)) = changes.next_if(|(new, _)| *new < user_id) {
                merged.push(new, sum);
            }
            if let Some((_, change)) = changes.next_if(|(changed, _)| *changed == user_id) {
                sum.add(change);
            }
            merged.push(user_id, sum);
        }
        for (new, sum) in changes {
            merged.push(new, sum);
        }
        *self = merged;
    }

    /// Gives back memory that was reserved and is not used.
    pub fn shrink(&mut self) {
        self.users.shrink_to_fit();
        self.sums.shrink_to_fit();
    }

    /// How many bytes the sums take.
    pub fn bytes(&self) -> usize {
        self.users.capacity() * size_of::<UserId>() + self.sums.capacity() * size_of::<Packed>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64) -> UserId {
        UserId::try_from(id).expect("a user id")
    }

    #[test]
    fn users_come_change_and_go() {
        let mut totals = Totals::default();
        let change = |score, days| Sum { score, days };
        totals.apply(&BTreeMap::from([(user(2), change(5, 1)), (user(9), change(-3, 2))]));
        totals.apply(&BTreeMap::from([(user(1), change(1, 1)), (user(2), change(2, 0)), (user(9), change(3, -2))]));
        totals.apply(&BTreeMap::from([(user(7), change(4, 0))]));
        let sums: Vec<_> = totals.iter().map(|(id, sum)| (i64::from(id), sum.score, sum.days)).collect();
        assert_eq!(sums, [(1, 1, 1), (2, 7, 1)]);
        assert_eq!(totals.get(user(2)), Some(change(7, 1)));
        assert_eq!(totals.get(user(9)), None);
    }

    #[test]
    fn a_sum_is_packed_whole() {
        for score in [0, 1, -1, i64::MAX, i64::MIN, 1 << 33, -(1 << 33)] {
            let sum = Sum { score, days: 3 };
            assert_eq!(Packed::new(sum).sum(), sum);
        }
        assert_eq!(size_of::<UserId>() + size_of::<Packed>(), 16);
    }
}
