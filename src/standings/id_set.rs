//! Sets of users that are asked for each user of a ranking: a bit for each user.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::domain::UserId;

/// How many bits a block has: the users whose numbers are the same but for the lowest ten bits.
const BLOCK_BITS: u32 = 1024;

type Block = [u64; BLOCK_BITS as usize / 64];

/// A set of users. Numbers are most often given one after the other, so a set of many takes little more than a bit for
/// each number; a user whose number is far from all others takes one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdSet {
    /// Blocks that hold any user, by what their users' numbers have in common.
    blocks: HashMap<u32, Block, BuildHasherDefault<BlockHasher>>,
}

/// Spreads the numbers of blocks. They come from whoever may set up groups, who could make any table slow, so nothing
/// stronger is needed.
#[derive(Debug, Clone, Copy, Default)]
struct BlockHasher(u64);

impl Hasher for BlockHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        // The multiplier is 2^64 divided by the golden ratio; the table looks at the lowest and the highest bits.
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}

/// The block of a user, the word in it, and the bit in that.
fn place(id: UserId) -> (u32, usize, u64) {
    let number = id.number();
    (number / BLOCK_BITS, (number % BLOCK_BITS / 64) as usize, 1 << (number % 64))
}

impl IdSet {
    /// Whether a user is in the set.
    pub fn contains(&self, id: UserId) -> bool {
        let (block, word, bit) = place(id);
        self.blocks.get(&block).is_some_and(|block| block[word] & bit != 0)
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many users are in the set.
    pub fn len(&self) -> usize {
        self.blocks.values().flatten().map(|word| word.count_ones() as usize).sum()
    }

    /// Adds a user.
    pub fn insert(&mut self, id: UserId) {
        let (block, word, bit) = place(id);
        self.blocks.entry(block).or_default()[word] |= bit;
    }

    /// Takes a user out.
    pub fn remove(&mut self, id: UserId) {
        let (at, word, bit) = place(id);
        if let Some(block) = self.blocks.get_mut(&at) {
            block[word] &= !bit;
            // A block of nobody is no block, so that equal sets have equal blocks.
            if block.iter().all(|word| *word == 0) {
                self.blocks.remove(&at);
            }
        }
    }

    /// Adds all users of another set.
    pub fn add(&mut self, other: &IdSet) {
        for (at, theirs) in &other.blocks {
            let own = self.blocks.entry(*at).or_default();
            own.iter_mut().zip(theirs).for_each(|(own, theirs)| *own |= theirs);
        }
    }

    /// All users, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = UserId> + '_ {
        self.blocks.iter().flat_map(|(at, block)| users(*at, *block))
    }

    /// The users who are in one of two sets and not in the other, in no particular order.
    pub fn differing<'s>(&'s self, other: &'s IdSet) -> impl Iterator<Item = UserId> + 's {
        let of_other = other.blocks.iter().filter(|(at, _)| !self.blocks.contains_key(at));
        let of_both = self.blocks.iter().map(|(at, own)| {
            let theirs = other.blocks.get(at).copied().unwrap_or_default();
            (*at, std::array::from_fn(|word| own[word] ^ theirs[word]))
        });
        of_both.chain(of_other.map(|(at, theirs)| (*at, *theirs))).flat_map(|(at, block)| users(at, block))
    }

    /// How many bytes the set takes, more or less.
    pub fn bytes(&self) -> usize {
        self.blocks.capacity() * (size_of::<Block>() + size_of::<u32>() + 1)
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
        let near = [1, 1023, 1024, 1025, 65_535, i64::from(i32::MAX) - 1];
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
