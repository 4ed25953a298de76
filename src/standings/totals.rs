//! Every user's sum over one window of days, as it is read from the file.

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

/// An `i64` in two halves: a struct of it and 4 bytes more needs no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Halves([u32; 2]);

impl Halves {
    /// The halves of a number.
    pub fn new(number: i64) -> Halves {
        let bits = number as u64;
        Halves([(bits >> 32) as u32, bits as u32])
    }

    /// The number.
    pub fn number(self) -> i64 {
        (u64::from(self.0[0]) << 32 | u64::from(self.0[1])) as i64
    }
}

/// A user with a sum: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UserSum {
    /// The user.
    pub user_id: UserId,
    score: Halves,
    days: i32,
}

impl UserSum {
    /// A user's sum.
    pub fn new(user_id: UserId, Sum { score, days }: Sum) -> UserSum {
        UserSum { user_id, score: Halves::new(score), days }
    }

    /// The sum.
    pub fn sum(self) -> Sum {
        Sum { score: self.score.number(), days: self.days }
    }
}

/// The sums of one window, in the order of user ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Totals(Vec<UserSum>);

impl Totals {
    /// Adds a user whose id is higher than all ids here. A user without days is not added.
    fn push(&mut self, user_id: UserId, sum: Sum) {
        debug_assert!(self.0.last().is_none_or(|last| last.user_id < user_id));
        if sum.days > 0 {
            self.0.push(UserSum::new(user_id, sum));
        }
    }

    /// All sums, in the order of user ids.
    pub fn users(&self) -> &[UserSum] {
        &self.0
    }

    /// Adds many changes by writing the whole list anew. They have to be in the order of user ids.
    pub fn merge(&mut self, changes: &[(UserId, Sum)]) {
        debug_assert!(changes.is_sorted_by(|(before, _), (after, _)| before < after));
        let mut merged = Totals(Vec::with_capacity(self.0.len() + changes.len()));
        let mut changes = changes.iter().copied().peekable();
        for user in &self.0 {
            let (user_id, mut sum) = (user.user_id, user.sum());
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
        totals.merge(&[(user(2), change(5, 1)), (user(9), change(-3, 2))]);
        totals.merge(&[(user(1), change(1, 1)), (user(2), change(2, 0)), (user(9), change(3, -2))]);
        totals.merge(&[(user(7), change(4, 0))]);
        let sums: Vec<_> = totals.users().iter().map(|user| (i64::from(user.user_id), user.sum())).collect();
        assert_eq!(sums, [(1, change(1, 1)), (2, change(7, 1))]);
    }

    #[test]
    fn a_sum_is_packed_whole() {
        for score in [0, 1, -1, i64::MAX, i64::MIN, 1 << 33, -(1 << 33)] {
            let sum = Sum { score, days: 3 };
            assert_eq!(UserSum::new(user(1), sum).sum(), sum);
        }
        assert_eq!(size_of::<UserSum>(), 16);
    }
}
