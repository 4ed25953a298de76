//! Which scores the latest transactions have changed, so that what was read a moment ago need not be read again.

use std::collections::VecDeque;

use super::facts::ScoreChange;

/// How many changes are remembered: several of the longest batches.
const CHANGES_MAX: usize = 1 << 16;

/// Which scores the latest transactions have changed.
#[derive(Debug, Default)]
pub(super) struct RecentScores {
    /// Every change after the transaction of this number is known.
    known_after: u64,
    /// The number of a transaction, and a change that it has made.
    changes: VecDeque<(u64, ScoreChange)>,
}

impl RecentScores {
    /// Notes what the transaction of that number has changed.
    pub fn note(&mut self, number: u64, changes: &[ScoreChange]) {
        self.changes.extend(changes.iter().map(|change| (number, *change)));
        while self.changes.len() > CHANGES_MAX
            && let Some((forgotten, _)) = self.changes.pop_front()
        {
            self.known_after = self.known_after.max(forgotten);
        }
    }

    /// Notes that up to the transaction of that number anything may have changed.
    pub fn forget(&mut self, number: u64) {
        self.known_after = self.known_after.max(number);
        self.changes.clear();
    }

    /// What has changed after the transaction of that number, each with the number of its own, the latest first; `None` if that is not
    /// known.
    pub fn since(&self, number: u64) -> Option<impl Iterator<Item = &(u64, ScoreChange)>> {
        let is_known = number >= self.known_after;
        is_known.then(|| self.changes.iter().rev().take_while(move |(of, _)| *of > number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(users: impl IntoIterator<Item = i32>) -> Vec<ScoreChange> {
        let date = "2023-04-14".parse().expect("a date");
        users
            .into_iter()
            .map(|user| ScoreChange { user_id: i64::from(user).try_into().expect("a user"), date, score: 1, days: 0 })
            .collect()
    }

    fn since(recent: &RecentScores, number: u64) -> Option<Vec<i64>> {
        let mut users: Vec<i64> = recent.since(number)?.map(|(_, change)| change.user_id.into()).collect();
        users.sort_unstable();
        Some(users)
    }

    #[test]
    fn what_came_later_is_told_as_long_as_all_of_it_is_remembered() {
        let mut recent = RecentScores::default();
        recent.note(1, &changes([13, 14]));
        recent.note(2, &changes([15]));
        assert_eq!(since(&recent, 0), Some(vec![13, 14, 15]));
        assert_eq!(since(&recent, 1), Some(vec![15]));
        assert_eq!(since(&recent, 2), Some(vec![]));
        recent.note(3, &changes(1..CHANGES_MAX as i32));
        assert_eq!(since(&recent, 0), None, "of the first transaction a part is forgotten");
        assert_eq!(since(&recent, 1).map(|users| users.len()), Some(CHANGES_MAX));
        recent.forget(4);
        assert_eq!((since(&recent, 3), since(&recent, 4)), (None, Some(vec![])));
    }
}
