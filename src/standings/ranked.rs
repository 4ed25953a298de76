//! Users in the order of their scores.

use std::cmp::Reverse;

use crate::domain::{Ranking, UserId};

/// One ranked user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The sum over the window.
    pub score: i64,
    /// The user.
    pub user_id: UserId,
    /// The position, counted from 1.
    pub position: u32,
}

/// The order of a ranking: highest score first, equal scores by user id.
fn key(score: i64, user_id: UserId) -> (Reverse<i64>, UserId) {
    (Reverse(score), user_id)
}

/// All ranked users of a board over a window, immutable: 28 bytes a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    ranking: Ranking,
    /// In the order of the ranking.
    entries: Vec<Entry>,
    /// The same users in the order of their ids, with their scores in the next field. A user's place is found with
    /// these.
    users: Vec<UserId>,
    scores: Vec<i64>,
}

/// What a user lacks to a better place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextPlace {
    /// With so many points more, and not with fewer, the user stands better.
    pub points: i64,
    /// The position that this gives.
    pub position: u32,
}

/// A user whose score has changed: what it is now, or `None` if the user is not ranked any more.
pub type Change = (UserId, Option<i64>);

impl Ranked {
    /// Ranks users that come in the order of their ids.
    pub fn of(scores: impl Iterator<Item = (UserId, i64)>, ranking: Ranking) -> Ranked {
        let (mut users, mut scores): (Vec<UserId>, Vec<i64>) = scores.unzip();
        users.shrink_to_fit();
        scores.shrink_to_fit();
        let mut entries: Vec<Entry> =
            users.iter().zip(&scores).map(|(&user_id, &score)| Entry { score, user_id, position: 0 }).collect();
        entries.sort_unstable_by_key(|entry| key(entry.score, entry.user_id));
        let mut ranked = Ranked { ranking, entries, users, scores };
        ranked.count_positions();
        ranked
    }

    /// The same ranking after some changes. `changes` are in the order of user ids, each user once. This takes one pass
    /// over all users, and sorts only the changed ones.
    pub fn changed(&self, changes: &[Change]) -> Ranked {
        let mut out: Vec<_> =
            changes.iter().filter_map(|(id, _)| self.score(*id).map(|score| key(score, *id))).collect();
        let mut into: Vec<_> = changes.iter().filter_map(|(id, now)| now.map(|score| key(score, *id))).collect();
        out.sort_unstable();
        into.sort_unstable();
        let mut entries = Vec::with_capacity(self.entries.len() + into.len() - out.len());
        let (mut out, mut into) = (out.into_iter().peekable(), into.into_iter().peekable());
        let entry = |(Reverse(score), user_id)| Entry { score, user_id, position: 0 };
        for old in &self.entries {
            let place = key(old.score, old.user_id);
            if out.next_if_eq(&place).is_some() {
                continue;
            }
            while let Some(new) = into.next_if(|new| *new < place) {
                entries.push(entry(new));
            }
            entries.push(*old);
        }
        entries.extend(into.map(entry));
        let (users, scores) = self.changed_scores(changes);
        let mut ranked = Ranked { ranking: self.ranking, entries, users, scores };
        ranked.count_positions();
        ranked
    }

    fn changed_scores(&self, changes: &[Change]) -> (Vec<UserId>, Vec<i64>) {
        let stays = |(id, now): &Change| self.users.binary_search(id).is_ok() == now.is_some();
        if changes.iter().all(stays) {
            let mut scores = self.scores.clone();
            for (id, now) in changes {
                if let (Ok(at), Some(now)) = (self.users.binary_search(id), now) {
                    scores[at] = *now;
                }
            }
            return (self.users.clone(), scores);
        }
        let length = self.users.len() + changes.len();
        let (mut users, mut scores) = (Vec::with_capacity(length), Vec::with_capacity(length));
        let mut add = |id: UserId, score: Option<i64>| {
            if let Some(score) = score {
                users.push(id);
                scores.push(score);
            }
        };
        let mut changes = changes.iter().copied().peekable();
        for (&id, &score) in self.users.iter().zip(&self.scores) {
            while let Some((new, score)) = changes.next_if(|(new, _)| *new < id) {
                add(new, score);
            }
            match changes.next_if(|(changed, _)| *changed == id) {
                Some((_, now)) => add(id, now),
                None => add(id, Some(score)),
            }
        }
        for (new, score) in changes {
            add(new, score);
        }
        users.shrink_to_fit();
        scores.shrink_to_fit();
        (users, scores)
    }

    fn count_positions(&mut self) {
        let mut last: Option<(i64, u32)> = None;
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            entry.position = match (self.ranking, last) {
                (Ranking::RowNumber, _) | (_, None) => number,
                (_, Some((score, position))) if score == entry.score => position,
                (Ranking::Rank, _) => number,
                (Ranking::DenseRank, Some((_, position))) => position + 1,
            };
            last = Some((entry.score, entry.position));
        }
    }

    fn score(&self, user_id: UserId) -> Option<i64> {
        self.users.binary_search(&user_id).ok().map(|at| self.scores[at])
    }

    /// The index of a user in [`Ranked::entries`]. It takes two binary searches.
    pub fn index(&self, user_id: UserId) -> Option<usize> {
        let place = key(self.score(user_id)?, user_id);
        self.entries.binary_search_by_key(&place, |entry| key(entry.score, entry.user_id)).ok()
    }

    /// A user's entry.
    pub fn get(&self, user_id: UserId) -> Option<&Entry> {
        self.index(user_id).map(|index| &self.entries[index])
    }

    /// What a user lacks to the next better place; `None` if nobody stands better, or the user is not ranked.
    pub fn next_place(&self, user_id: UserId) -> Option<NextPlace> {
        let at = self.index(user_id)?;
        let own = self.entries[at];
        if self.ranking != Ranking::RowNumber {
            // Whoever has as many points as somebody else shares the place.
            let ahead = self.entries.partition_point(|entry| entry.position < own.position).checked_sub(1)?;
            let ahead = self.entries[ahead];
            return Some(NextPlace { points: ahead.score - own.score, position: ahead.position });
        }
        let ahead = self.entries[..at].last()?;
        // Of two with the same score the one with the smaller id stands first.
        let score = ahead.score + i64::from(ahead.user_id < user_id);
        let place = self.entries.partition_point(|entry| key(entry.score, entry.user_id) < key(score, user_id));
        Some(NextPlace { points: score - own.score, position: u32::try_from(place + 1).unwrap_or(u32::MAX) })
    }

    /// All entries, best first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// At most `limit` entries from an offset on.
    pub fn page(&self, offset: usize, limit: usize) -> &[Entry] {
        let rest = self.entries.get(offset..).unwrap_or_default();
        &rest[..limit.min(rest.len())]
    }

    /// A user's entry with up to `radius` entries on each side; nothing if the user is not ranked.
    pub fn around(&self, user_id: UserId, radius: usize) -> &[Entry] {
        match self.index(user_id) {
            Some(index) => &self.entries[index.saturating_sub(radius)..(index + radius + 1).min(self.entries.len())],
            None => &[],
        }
    }

    /// How many bytes the ranking takes.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.users.capacity() * size_of::<UserId>()
            + self.scores.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn user(id: i64) -> UserId {
        UserId::try_from(id).expect("a user id")
    }

    fn ranked(scores: &[(i64, i64)], ranking: Ranking) -> Ranked {
        Ranked::of(scores.iter().map(|(id, score)| (user(*id), *score)), ranking)
    }

    #[test]
    fn positions_by_ranking() {
        let scores = [(1, 10), (2, 20), (3, 20), (4, -5), (5, 10)];
        for (ranking, expected) in [
            (Ranking::DenseRank, [(2, 1), (3, 1), (1, 2), (5, 2), (4, 3)]),
            (Ranking::Rank, [(2, 1), (3, 1), (1, 3), (5, 3), (4, 5)]),
            (Ranking::RowNumber, [(2, 1), (3, 2), (1, 3), (5, 4), (4, 5)]),
        ] {
            let ranked = ranked(&scores, ranking);
            let positions: Vec<_> =
                ranked.entries().iter().map(|entry| (i64::from(entry.user_id), entry.position)).collect();
            assert_eq!(positions, expected, "{ranking:?}");
        }
    }

    #[test]
    fn neighbours_stop_at_the_ends() {
        let ranked = ranked(&[(1, 50), (2, 40), (3, 30), (4, 20), (5, 10)], Ranking::DenseRank);
        let around = |id, radius| -> Vec<i64> {
            ranked.around(user(id), radius).iter().map(|entry| entry.user_id.into()).collect()
        };
        assert_eq!(around(3, 1), [2, 3, 4]);
        assert_eq!(around(1, 2), [1, 2, 3]);
        assert_eq!(around(5, 50), [1, 2, 3, 4, 5]);
        assert_eq!(around(6, 5), [] as [i64; 0]);
        assert_eq!(ranked.page(4, 100).len(), 1);
        assert_eq!(ranked.page(5, 100).len(), 0);
        assert_eq!(ranked.page(usize::MAX, 100).len(), 0);
    }

    proptest! {
        #[test]
        fn the_next_place_is_reached_with_what_it_takes_and_not_with_less(
            scores in proptest::collection::btree_map(1i64..20, -9i64..9, 1..20),
            ranking in prop_oneof![Just(Ranking::DenseRank), Just(Ranking::Rank), Just(Ranking::RowNumber)],
        ) {
            let all: Vec<(i64, i64)> = scores.iter().map(|(id, score)| (*id, *score)).collect();
            let before = ranked(&all, ranking);
            for (id, score) in &all {
                let id = user(*id);
                let position = |score: i64| before.changed(&[(id, Some(score))]).get(id).map(|entry| entry.position);
                let own = position(*score);
                match before.next_place(id) {
                    None => prop_assert_eq!(own, Some(1)),
                    Some(next) => {
                        prop_assert_eq!(position(score + next.points), Some(next.position));
                        prop_assert!(Some(next.position) < own && next.points > 0);
                        prop_assert!(position(score + next.points - 1) >= own);
                    }
                }
            }
        }

        #[test]
        fn changing_is_ranking_anew(
            before in proptest::collection::btree_map(1i64..60, -9i64..9, 0..40),
            changes in proptest::collection::btree_map(1i64..60, proptest::option::of(-9i64..9), 0..40),
            ranking in prop_oneof![Just(Ranking::DenseRank), Just(Ranking::Rank), Just(Ranking::RowNumber)],
        ) {
            let of = |scores: &BTreeMap<i64, i64>| {
                Ranked::of(scores.iter().map(|(id, score)| (user(*id), *score)), ranking)
            };
            let mut after = before.clone();
            for (id, now) in &changes {
                match now {
                    Some(now) => after.insert(*id, *now),
                    None => after.remove(id),
                };
            }
            let changes: Vec<Change> = changes.into_iter().map(|(id, now)| (user(id), now)).collect();
            let changed = of(&before).changed(&changes);
            prop_assert_eq!(&changed, &of(&after));
            for id in 1..60 {
                prop_assert_eq!(changed.get(user(id)).map(|entry| entry.score), after.get(&id).copied());
            }
        }
    }
}
