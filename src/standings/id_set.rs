//! Sets of users that are asked for each user of a ranking: a bit for each user.

use std::collections::HashMap;

use crate::domain::UserId;

/// How many bits a block has: the users whose numbers are the same but for the lowest ten bits.
const BLOCK_BITS: u32 = 1024;

type Block = [u64; BLOCK_BITS as usize / 64];

/// Blocks below this one are found by their number alone: those of the first four million users.
const LOW: u32 = 4096;

/// A set of users. Numbers are most often given one after the other, so a set of many takes little more than a bit for
/// each number; a user whose number is far from all others takes one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdSet {
    /// Blocks that hold any user, each at its number. The last one is such a block.
    low: Vec<Option<Box<Block>>>,
    /// All blocks from [`LOW`] on that hold any user.
    high: HashMap<u32, Box<Block>>,
}

/// The block of a user, the word in it, and the bit in that.
fn place(id: UserId) -> (u32, usize, u64) {
    let number = id.number();
    (number / BLOCK_BITS, (number % BLOCK_BITS / 64) as usize, 1 << (number % 64))
}

impl IdSet {
    fn block(&self, at: u32) -> Option<&Block> {
        if at < LOW { self.low.get(at as usize)?.as_deref() } else { self.high.get(&at).map(|block| &**block) }
    }

    /// A block to put somebody into.
    fn block_mut(&mut self, at: u32) -> &mut Block {
        if at >= LOW {
            return self.high.entry(at).or_default();
        }
        let at = at as usize;
        if at >= self.low.len() {
            self.low.resize(at + 1, None);
        }
        self.low[at].get_or_insert_default()
    }

    /// The blocks that hold any user.
    fn blocks(&self) -> impl Iterator<Item = (u32, &Block)> {
        let low = (0..).zip(&self.low).filter_map(|(at, block)| Some((at, block.as_deref()?)));
        low.chain(self.high.iter().map(|(at, block)| (*at, &**block)))
    }

    /// Whether a user is in the set.
    pub fn contains(&self, id: UserId) -> bool {
        let (block, word, bit) = place(id);
        self.block(block).is_some_and(|block| block[word] & bit != 0)
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.low.is_empty() && self.high.is_empty()
    }

    /// How many users are in the set.
    pub fn len(&self) -> usize {
        self.blocks().flat_map(|(_, block)| block).map(|word| word.count_ones() as usize).sum()
    }

    /// Adds a user.
    pub fn insert(&mut self, id: UserId) {
        let (block, word, bit) = place(id);
        self.block_mut(block)[word] |= bit;
    }

    /// Takes a user out.
    pub fn remove(&mut self, id: UserId) {
        let (at, word, bit) = place(id);
        if !self.contains(id) {
            return;
        }
        let block = self.block_mut(at);
        block[word] &= !bit;
        // A block of nobody is no block, so that equal sets have equal blocks.
        if block.iter().any(|word| *word != 0) {
            return;
        }
        if at >= LOW {
            self.high.remove(&at);
            return;
        }
        self.low[at as usize] = None;
        while self.low.pop_if(|last| last.is_none()).is_some() {}
    }

    /// Adds all users of another set.
    pub fn add(&mut self, other: &IdSet) {
        for (at, theirs) in other.blocks() {
            self.block_mut(at).iter_mut().zip(theirs).for_each(|(own, theirs)| *own |= theirs);
        }
    }

    /// All users, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = UserId> + '_ {
        self.blocks().flat_map(|(at, block)| users(at, *block))
    }

    /// The users who are in one of two sets and not in the other, in no particular order.
    pub fn differing<'s>(&'s self, other: &'s IdSet) -> impl Iterator<Item = UserId> + 's {
        let of_other = other.blocks().filter(|(at, _)| self.block(*at).is_none());
        let of_both = self.blocks().map(|(at, own)| {
            let theirs = other.block(at).copied().unwrap_or_default();
            (at, std::array::from_fn(|word| own[word] ^ theirs[word]))
        });
        of_both.chain(of_other.map(|(at, theirs)| (at, *theirs))).flat_map(|(at, block)| users(at, block))
    }

    /// How many bytes the set takes, more or less.
    pub fn bytes(&self) -> usize {
        self.blocks().count() * size_of::<Block>() + (self.low.len() + 2 * self.high.len()) * size_of::<Box<Block>>()
    }
}

/// The users of a block.
fn users(at: u32, block: Block) -> impl Iterator<Item = UserId> {
    (0..BLOCK_BITS).filter(move |low| block[(low / 64) as usize] & (1 << (low % 64)) != 0).filter_map(move |low| {
        // Only the numbers of users are ever put in.
        UserId::try_from(i64::from(at * BLOCK_BITS + low)).ok()
    })
}

impl FromIterator<UserId> for IdSet {
    fn from_iter<I: IntoIterator<Item = UserId>>(ids: I) -> IdSet {
        let mut set = IdSet::default();
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn id() -> impl Strategy<Value = UserId> {
        let near = [1, 1023, 1024, 1025, 65_535, 4096 * 1024 - 1, i64::from(i32::MAX) - 1];
        let number = prop_oneof![(0..near.len(), 0..2_i64).prop_map(move |(at, more)| near[at] + more), 1..5000_i64];
        number.prop_map(|number| UserId::try_from(number).expect("a user id"))
    }

    proptest! {
        #[test]
        fn a_set_is_like_one_of_the_standard_library(
            one in proptest::collection::btree_set(id(), 0..40),
            other in proptest::collection::btree_set(id(), 0..40),
            gone in proptest::collection::vec(id(), 0..40),
        ) {
            let (a, b): (IdSet, IdSet) = (one.iter().copied().collect(), other.iter().copied().collect());
            let sorted = |ids: Vec<UserId>| ids.into_iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(sorted(a.iter().collect()), one.clone());
            prop_assert_eq!(a.len(), one.len());
            prop_assert_eq!(a == b, one == other);
            let differing = one.symmetric_difference(&other).copied().collect::<BTreeSet<_>>();
            prop_assert_eq!(sorted(a.differing(&b).collect()), differing);
            let mut both = a.clone();
            both.add(&b);
            prop_assert_eq!(sorted(both.iter().collect()), one.union(&other).copied().collect::<BTreeSet<_>>());
            let mut left = one.clone();
            for id in gone {
                both.remove(id);
                left.remove(&id);
                prop_assert!(!both.contains(id));
            }
            let mut left_of_a = a;
            left_of_a.iter().filter(|id| !left.contains(id)).collect::<Vec<_>>().into_iter().for_each(|id| left_of_a.remove(id));
            prop_assert_eq!(&left_of_a, &left.iter().copied().collect::<IdSet>());
            prop_assert_eq!(left_of_a.is_empty(), left.is_empty());
        }
    }
}
