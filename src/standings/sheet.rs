//! Every user's sum over a window, and the same users in the order of their sums.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::chunked::{Chunked, Keyed};
use super::totals::{Halves, Sum, Totals, UserSum};
use crate::domain::UserId;

impl Keyed for UserSum {
    type Key = UserId;

    fn key(self) -> UserId {
        self.user_id
    }
}

/// The order of a ranking: highest score first, equal scores by user id.
pub type Place = (Reverse<i64>, UserId);

/// A user in the order of a ranking: 12 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    score: Halves,
    /// The user.
    pub user_id: UserId,
}

impl Placed {
    /// A user with a score.
    pub fn new(user_id: UserId, score: i64) -> Placed {
        Placed { score: Halves::new(score), user_id }
    }

    /// The score.
    pub fn score(self) -> i64 {
        self.score.number()
    }
}

impl Keyed for Placed {
    type Key = Place;

    fn key(self) -> Place {
        (Reverse(self.score()), self.user_id)
    }
}

/// All users who have days in a window, whoever is ranked on which board. A copy shares what is not changed.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    sums: Chunked<UserSum>,
    order: Chunked<Placed>,
}

/// What a user has in the window from now on; `None` if nothing.
pub type Change = (UserId, Option<Sum>);

impl Sheet {
    /// The sums that were read from the file, put in order.
    pub fn of(totals: &Totals) -> Sheet {
        let sums = Chunked::of_sorted(totals.users());
        let order = order_of(&sums);
        Sheet { sums, order }
    }

    /// A user's sum.
    pub fn sum(&self, user_id: UserId) -> Option<Sum> {
        self.sums.get(user_id).map(UserSum::sum)
    }

    /// All users, best first.
    pub fn order(&self) -> &Chunked<Placed> {
        &self.order
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// What users have after something was added to their sums.
    pub fn after(&self, added: &BTreeMap<UserId, Sum>) -> Vec<Change> {
        let after = added.iter().map(|(&user_id, &added)| {
            let mut sum = self.sum(user_id).unwrap_or_default();
            sum.add(added);
            (user_id, Some(sum).filter(|sum| sum.days > 0))
        });
        after.collect()
    }

    /// What has to change so that the sums are those that were read from the file.
    pub fn until(&self, totals: &Totals) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut before = self.sums.iter().peekable();
        for read in totals.users() {
            while let Some(gone) = before.next_if(|before| before.user_id < read.user_id) {
                changes.push((gone.user_id, None));
            }
            if before.next_if(|before| before.user_id == read.user_id) != Some(*read) {
                changes.push((read.user_id, Some(read.sum())));
            }
        }
        changes.extend(before.map(|gone| (gone.user_id, None)));
        changes
    }

    /// Changes what users have. Returns those whose score is another one now, or who have come or gone.
    pub fn set(&mut self, changes: &[Change]) -> Vec<UserId> {
        let mut moves = Vec::with_capacity(changes.len());
        for &(user_id, sum) in changes {
            let before = match sum {
                Some(sum) => self.sums.insert(UserSum::new(user_id, sum)),
                None => self.sums.remove(user_id),
            };
            let (before, now) = (before.map(|before| before.sum().score), sum.map(|sum| sum.score));
            if before != now {
                moves.push((user_id, before, now));
            }
        }
        // If many have moved, sorting all is cheaper than finding the place of each.
        if moves.len() > self.sums.len() / 8 + 16 {
            self.order = order_of(&self.sums);
        } else {
            for &(user_id, before, now) in &moves {
                before.and_then(|score| self.order.remove(Placed::new(user_id, score).key()));
                now.and_then(|score| self.order.insert(Placed::new(user_id, score)));
            }
        }
        moves.into_iter().map(|(user_id, ..)| user_id).collect()
    }

    /// How many bytes it takes at most, with what copies share.
    pub fn bytes_at_most(&self) -> usize {
        self.sums.bytes_at_most() + self.order.bytes_at_most()
    }

    /// How many bytes it takes, with what copies share.
    pub fn bytes(&self) -> usize {
        self.sums.bytes() + self.order.bytes()
    }
}

fn order_of(sums: &Chunked<UserSum>) -> Chunked<Placed> {
    sorted(sums.iter().map(|user| Placed::new(user.user_id, user.sum().score)).collect())
}

/// Users in the order of a ranking.
pub fn sorted(mut users: Vec<Placed>) -> Chunked<Placed> {
    users.sort_unstable_by_key(|user| user.key());
    Chunked::of_sorted(&users)
}
