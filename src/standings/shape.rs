//! Who stands where among those who are ranked on a board, in the sheet of its window.
//!
//! The sheet has all users of the window in order. For each leaf of it is counted how many of its users are ranked, and
//! how many different scores these have. So a place is found by adding up a few counts and looking through one leaf. What
//! was counted stays right for a leaf as long as the leaf stays, so a changed sheet costs the changed leaves.

use std::sync::Arc;

use super::chunked::{self, Branch, Chunked, Keyed, Leaf};
use super::eligible::Eligible;
use super::entry::Entry;
use super::sheet::{Place, Placed, Sheet, sorted};
use crate::domain::{Ranking, UserId};

/// If fewer than one in so many users are admitted to a board, its ranking is a list of its own.
const FEW: usize = 64;

/// What is told of ranked users who stand side by side.
#[derive(Debug, Clone, Copy, Default)]
struct Summary {
    /// How many there are.
    count: u32,
    /// How many different scores they have.
    distinct: u32,
    /// The score of the first one. If there is none, this and the next say nothing.
    first: i64,
    /// The score of the last one.
    last: i64,
}

impl Summary {
    /// Adds a user who stands after all these.
    fn add(&mut self, score: i64) {
        if self.count == 0 {
            self.first = score;
        }
        self.distinct += u32::from(self.count == 0 || self.last != score);
        self.count += 1;
        self.last = score;
    }

    /// These users and those who come after them.
    fn then(self, next: Summary) -> Summary {
        if self.count == 0 {
            return next;
        }
        if next.count == 0 {
            return self;
        }
        Summary {
            count: self.count + next.count,
            distinct: self.distinct + next.distinct - u32::from(self.last == next.first),
            first: self.first,
            last: next.last,
        }
    }
}

/// What is told of the leaves of a branch.
#[derive(Debug)]
struct Counted {
    /// All before the branch.
    before: Summary,
    /// Each leaf.
    leaves: Arc<[Summary]>,
}

/// Who stands where.
#[derive(Debug)]
pub struct Shape {
    sheet: Arc<Sheet>,
    /// The ranked users alone, where they are few.
    few: Option<Chunked<Placed>>,
    eligible: Arc<Eligible>,
    branches: Vec<Counted>,
    all: Summary,
}

impl Shape {
    /// Those of a sheet who are eligible. `seed` is an earlier shape for the same eligible users, if there is one: what it
    /// has counted in leaves that are the same is not counted again.
    pub fn of(sheet: Arc<Sheet>, eligible: Arc<Eligible>, seed: Option<&Shape>) -> Shape {
        let few = eligible.admitted.as_ref().filter(|admitted| admitted.len() < sheet.len() / FEW).map(|admitted| {
            let ids = admitted.iter().filter(|id| eligible.holds(*id));
            sorted(ids.filter_map(|id| Some(Placed::new(id, sheet.sum(id)?.score))).collect())
        });
        let mut shape = Shape { sheet, few, eligible, branches: Vec::new(), all: Summary::default() };
        let seed = seed.filter(|seed| seed.helps_the_next() && shape.few.is_none());
        let leaves: Vec<_> = shape.order().branches().iter().map(|branch| shape.counted(branch, seed)).collect();
        for leaves in leaves {
            let before = shape.all;
            shape.all = leaves.iter().fold(before, |all, leaf| all.then(*leaf));
            shape.branches.push(Counted { before, leaves });
        }
        shape
    }

    /// Whether a later shape can take over what is counted here. That of few users is made anew each time.
    pub fn helps_the_next(&self) -> bool {
        self.few.is_none()
    }

    /// All leaves of a branch.
    fn counted(&self, branch: &Branch<Placed>, seed: Option<&Shape>) -> Arc<[Summary]> {
        let before = seed.and_then(|seed| {
            let at = chunked::place(seed.order().branches(), &branch.first);
            Some((seed.order().branches().get(at)?, &seed.branches[at].leaves))
        });
        let Some((old, counted)) = before else {
            return branch.parts.iter().map(|leaf| self.summary(leaf)).collect();
        };
        if Arc::ptr_eq(&old.parts, &branch.parts) {
            return Arc::clone(counted);
        }
        let leaf = |leaf: &Leaf<Placed>| {
            let at = chunked::place(&old.parts, &leaf.first);
            let is_same = Arc::ptr_eq(&old.parts[at].parts, &leaf.parts);
            if is_same { counted[at] } else { self.summary(leaf) }
        };
        branch.parts.iter().map(leaf).collect()
    }

    fn summary(&self, leaf: &Leaf<Placed>) -> Summary {
        let mut summary = Summary::default();
        leaf.parts.iter().filter(|user| self.ranks(user.user_id)).for_each(|user| summary.add(user.score()));
        summary
    }

    /// The users among whom the ranked are.
    fn order(&self) -> &Chunked<Placed> {
        self.few.as_ref().unwrap_or_else(|| self.sheet.order())
    }

    /// Whether a user who has a sum is ranked.
    fn ranks(&self, user_id: UserId) -> bool {
        self.few.is_some() || self.eligible.holds(user_id)
    }

    /// How many users are ranked.
    pub fn len(&self) -> usize {
        self.all.count as usize
    }

    /// A user's score; `None` if the user is not ranked.
    pub fn score(&self, user_id: UserId) -> Option<i64> {
        self.sheet.sum(user_id).filter(|_| self.eligible.holds(user_id)).map(|sum| sum.score)
    }

    /// All who stand before a place.
    fn before(&self, place: &Place) -> Summary {
        let branches = self.order().branches();
        let at = chunked::place(branches, place);
        let Some(branch) = branches.get(at) else { return Summary::default() };
        let leaf = chunked::place(&branch.parts, place);
        let counted = &self.branches[at];
        let mut before = counted.leaves[..leaf].iter().fold(counted.before, |before, leaf| before.then(*leaf));
        let users = branch.parts[leaf].parts.iter().take_while(|user| user.key() < *place);
        users.filter(|user| self.ranks(user.user_id)).for_each(|user| before.add(user.score()));
        before
    }

    /// How many stand before a place.
    pub fn index(&self, place: &Place) -> usize {
        self.before(place).count as usize
    }

    /// Users from an index on, best first, at most `limit`.
    pub fn entries(&self, ranking: Ranking, from: usize, limit: usize) -> Vec<Entry> {
        let limit = limit.min(self.len().saturating_sub(from));
        let mut entries = Vec::with_capacity(limit);
        if limit == 0 {
            return entries;
        }
        // The last one that has no more before it than the first entry has.
        let mut at = self.branches.partition_point(|branch| branch.before.count as usize <= from).saturating_sub(1);
        let mut before = self.branches[at].before;
        while let Some(branch) = self.order().branches().get(at) {
            for (leaf, summary) in branch.parts.iter().zip(self.branches[at].leaves.iter()) {
                if before.count as usize + summary.count as usize <= from {
                    before = before.then(*summary);
                    continue;
                }
                for user in leaf.parts.iter().filter(|user| self.ranks(user.user_id)) {
                    if before.count as usize >= from {
                        let last = entries.last().copied();
                        entries.push(self.entry(ranking, *user, before, last));
                        if entries.len() == limit {
                            return entries;
                        }
                    }
                    before.add(user.score());
                }
            }
            at += 1;
        }
        entries
    }

    /// The entry of a user. `before` are those who stand before, and `last` is the entry of the last of these, if it is known.
    fn entry(&self, ranking: Ranking, user: Placed, before: Summary, last: Option<Entry>) -> Entry {
        let score = user.score();
        let is_tie = before.count > 0 && before.last == score;
        let position = match (ranking, last) {
            (Ranking::RowNumber, _) => before.count + 1,
            (Ranking::DenseRank, _) => before.distinct + u32::from(!is_tie),
            (Ranking::Rank, _) if !is_tie => before.count + 1,
            (Ranking::Rank, Some(last)) => last.position,
            (Ranking::Rank, None) => self.before(&first_with(score)).count + 1,
        };
        Entry { score, user_id: user.user_id, position }
    }

    /// How many bytes the shape takes without the sheet.
    pub fn bytes(&self) -> usize {
        let leaves = self.branches.iter().map(|branch| branch.leaves.len() * size_of::<Summary>());
        leaves.sum::<usize>()
            + self.branches.capacity() * size_of::<Counted>()
            + self.few.as_ref().map_or(0, Chunked::bytes)
    }
}

/// The best place with a score, whoever has it.
pub fn first_with(score: i64) -> Place {
    Placed::new(UserId::FIRST, score).key()
}
