//! A sorted list in small pieces, which its copies share.
//!
//! It is a tree of two levels: branches of leaves of items. A copy has the branches in common with the original. Changing
//! an item writes one leaf and one branch anew if a copy has them too, and nothing else, however long the list is. Only
//! the list of branches is as long as the list itself, by a thousandth and less.

use std::fmt;
use std::sync::Arc;

/// How many items a leaf has at most, and how many leaves a branch.
const LEAF_MAX: usize = 256;
const BRANCH_MAX: usize = 64;

/// How many more a copy has room for, before it grows.
const ROOM: usize = 8;

/// What can be in a list: its key is its place.
pub trait Keyed: Copy {
    /// What the list is in the order of. No two items have the same.
    type Key: Copy + Ord;

    /// The key.
    fn key(self) -> Self::Key;
}

/// A branch or a leaf. `first` is not after any key in it, and after all keys before it.
pub struct Node<K, X> {
    /// The least key that belongs here.
    pub first: K,
    /// What is in it.
    pub parts: Arc<Vec<X>>,
}

impl<K: Copy, X> Clone for Node<K, X> {
    fn clone(&self) -> Node<K, X> {
        Node { first: self.first, parts: Arc::clone(&self.parts) }
    }
}

/// Items side by side.
pub type Leaf<T> = Node<<T as Keyed>::Key, T>;

/// Leaves side by side.
pub type Branch<T> = Node<<T as Keyed>::Key, Leaf<T>>;

/// A sorted list.
#[derive(Clone)]
pub struct Chunked<T: Keyed> {
    branches: Vec<Branch<T>>,
    len: usize,
}

impl<T: Keyed> fmt::Debug for Chunked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunked").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<T: Keyed> Default for Chunked<T> {
    fn default() -> Chunked<T> {
        Chunked { branches: Vec::new(), len: 0 }
    }
}

/// Which of some nodes a key belongs to.
pub fn place<K: Ord, X>(nodes: &[Node<K, X>], key: &K) -> usize {
    nodes.partition_point(|node| node.first <= *key).saturating_sub(1)
}

/// The parts of a node, to be changed. If a copy has them too, they are copied first.
fn own<X: Clone>(parts: &mut Arc<Vec<X>>) -> &mut Vec<X> {
    if Arc::get_mut(parts).is_none() {
        // A plain copy has no room left, and doubles with the first item that comes.
        let mut copy = Vec::with_capacity(parts.len() + ROOM);
        copy.extend_from_slice(parts);
        *parts = Arc::new(copy);
    }
    Arc::make_mut(parts)
}

/// Halves the node at a place if it has become too large.
fn split<K: Copy, X: Clone>(nodes: &mut Vec<Node<K, X>>, at: usize, max: usize, first_of: impl Fn(&X) -> K) {
    if nodes[at].parts.len() > max {
        let upper = own(&mut nodes[at].parts).split_off(max / 2);
        let first = first_of(&upper[0]);
        nodes.insert(at + 1, Node { first, parts: Arc::new(upper) });
    }
}

/// Removes the node at a place if nothing is left in it, and joins it with a neighbour if both are small.
fn join<K: Copy, X: Clone>(nodes: &mut Vec<Node<K, X>>, at: usize, max: usize) {
    let length = nodes[at].parts.len();
    if length == 0 {
        nodes.remove(at);
    } else if length < max / 4 {
        let together = |left: usize| nodes[left].parts.len() + nodes[left + 1].parts.len();
        let pairs = [at.checked_sub(1), Some(at).filter(|at| at + 1 < nodes.len())];
        if let Some(left) = pairs.into_iter().flatten().find(|left| together(*left) <= max * 3 / 4) {
            let right = nodes.remove(left + 1);
            own(&mut nodes[left].parts).extend_from_slice(&right.parts);
        }
    }
}

impl<T: Keyed> Chunked<T> {
    /// A list of items that come in order.
    pub fn of_sorted(items: &[T]) -> Chunked<T> {
        // Not quite full, so that the first items that come do not split all of them.
        let leaves =
            items.chunks(LEAF_MAX * 3 / 4).map(|items| Node { first: items[0].key(), parts: Arc::new(items.to_vec()) });
        let leaves: Vec<Leaf<T>> = leaves.collect();
        let branches = leaves.chunks(BRANCH_MAX * 3 / 4);
        let branches = branches.map(|leaves| Node { first: leaves[0].first, parts: Arc::new(leaves.to_vec()) });
        Chunked { branches: branches.collect(), len: items.len() }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The branches, in order.
    pub fn branches(&self) -> &[Branch<T>] {
        &self.branches
    }

    /// All items, in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.branches.iter().flat_map(|branch| branch.parts.iter()).flat_map(|leaf| leaf.parts.iter().copied())
    }

    /// The item with a key.
    pub fn get(&self, key: T::Key) -> Option<T> {
        let branch = self.branches.get(place(&self.branches, &key))?;
        let leaf = branch.parts.get(place(&branch.parts, &key))?;
        leaf.parts.binary_search_by_key(&key, |item| item.key()).ok().map(|at| leaf.parts[at])
    }

    /// Inserts an item. Returns the one with that key that was here before.
    pub fn insert(&mut self, item: T) -> Option<T> {
        let key = item.key();
        if self.branches.is_empty() {
            *self = Chunked::of_sorted(&[item]);
            return None;
        }
        let at = place(&self.branches, &key);
        let branch = &mut self.branches[at];
        branch.first = branch.first.min(key);
        let leaves = own(&mut branch.parts);
        let leaf_at = place(leaves, &key);
        let leaf = &mut leaves[leaf_at];
        leaf.first = leaf.first.min(key);
        let items = own(&mut leaf.parts);
        match items.binary_search_by_key(&key, |item| item.key()) {
            Ok(found) => return Some(std::mem::replace(&mut items[found], item)),
            Err(gap) => items.insert(gap, item),
        }
        self.len += 1;
        split(leaves, leaf_at, LEAF_MAX, |item| item.key());
        split(&mut self.branches, at, BRANCH_MAX, |leaf| leaf.first);
        None
    }

    /// Removes the item with a key, and returns it.
    pub fn remove(&mut self, key: T::Key) -> Option<T> {
        // Nothing is copied for an item that is not here.
        let gone = self.get(key)?;
        let at = place(&self.branches, &key);
        let leaves = own(&mut self.branches[at].parts);
        let leaf_at = place(leaves, &key);
        let items = own(&mut leaves[leaf_at].parts);
        if let Ok(found) = items.binary_search_by_key(&key, |item| item.key()) {
            items.remove(found);
            self.len -= 1;
        }
        join(leaves, leaf_at, LEAF_MAX);
        join(&mut self.branches, at, BRANCH_MAX);
        Some(gone)
    }

    /// How many bytes the list takes at most, with what it shares. No leaf is looked at for this.
    pub fn bytes_at_most(&self) -> usize {
        let leaves: usize = self.branches.iter().map(|branch| branch.parts.len()).sum();
        leaves * ((LEAF_MAX + ROOM) * size_of::<T>() + 2 * size_of::<Leaf<T>>())
    }

    /// How many bytes the list takes, with what it shares.
    pub fn bytes(&self) -> usize {
        let leaves = self.branches.iter().flat_map(|branch| branch.parts.iter());
        let items: usize = leaves.map(|leaf| leaf.parts.capacity() * size_of::<T>() + size_of::<Vec<T>>()).sum();
        let nodes: usize = self.branches.iter().map(|branch| branch.parts.capacity()).sum();
        items + (nodes + self.branches.capacity()) * size_of::<Leaf<T>>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    impl Keyed for (u32, u32) {
        type Key = u32;

        fn key(self) -> u32 {
            self.0
        }
    }

    /// Whether a list is what a map is, and its pieces are as they have to be.
    fn expect_same(list: &Chunked<(u32, u32)>, map: &BTreeMap<u32, u32>) {
        assert!(list.iter().eq(map.iter().map(|(key, value)| (*key, *value))));
        assert_eq!(list.len(), map.len());
        let mut before = None;
        for branch in list.branches() {
            assert!(!branch.parts.is_empty() && branch.parts.len() <= BRANCH_MAX);
            assert!(branch.first <= branch.parts[0].first);
            for leaf in branch.parts.iter() {
                assert!(!leaf.parts.is_empty() && leaf.parts.len() <= LEAF_MAX);
                assert!(leaf.first <= leaf.parts[0].0 && before < Some(leaf.first));
                before = leaf.parts.last().map(|item| item.0);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Runs of keys that come and go, long enough to split and to join leaves and branches.
        #[test]
        fn a_list_is_like_a_map_and_its_copies_stay(
            first in 0..40_000_u32,
            runs in proptest::collection::vec((0..60_000_u32, 1..20_000_u32, 1..9_u32, any::<bool>()), 1..8),
        ) {
            let start: Vec<(u32, u32)> = (0..first).map(|key| (key * 2, key)).collect();
            let mut list = Chunked::of_sorted(&start);
            let mut map: BTreeMap<u32, u32> = start.into_iter().collect();
            expect_same(&list, &map);
            for (from, count, step, comes) in runs {
                let (copy, before) = (list.clone(), map.clone());
                for key in (from..).step_by(step as usize).take(count as usize) {
                    if comes {
                        prop_assert_eq!(list.insert((key, count)), map.insert(key, count).map(|value| (key, value)));
                    } else {
                        prop_assert_eq!(list.remove(key), map.remove(&key).map(|value| (key, value)));
                    }
                }
                expect_same(&list, &map);
                expect_same(&copy, &before);
                prop_assert_eq!(list.get(from), map.get(&from).map(|value| (from, *value)));
            }
        }
    }

    #[test]
    fn a_change_copies_one_leaf_and_shares_the_others() {
        let items: Vec<(u32, u32)> = (0..100_000).map(|key| (key * 2, 0)).collect();
        let list = Chunked::of_sorted(&items);
        type Pairs = Chunked<(u32, u32)>;
        type Change = fn(&mut Pairs) -> bool;
        // A leaf is the same one if it lies at the same address; the lists are held meanwhile.
        let leaves = |list: &Pairs| -> Vec<*const Vec<(u32, u32)>> {
            let leaves = list.branches().iter().flat_map(|branch| branch.parts.iter());
            leaves.map(|leaf| Arc::as_ptr(&leaf.parts)).collect()
        };
        let changes: [Change; 4] = [
            |list| list.insert((77_777, 1)).is_none(),
            |list| list.insert((77_776, 1)).is_some(),
            |list| list.remove(77_776).is_some(),
            |list| list.remove(1).is_none(),
        ];
        for (change, copied) in changes.into_iter().zip([1, 1, 1, 0]) {
            let mut changed = list.clone();
            assert!(change(&mut changed));
            let (before, after) = (leaves(&list), leaves(&changed));
            let other = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            assert_eq!((before.len(), other), (after.len(), copied));
            assert!(list.bytes() <= list.bytes_at_most() && list.bytes_at_most() < 2 * list.bytes());
        }
    }

    #[test]
    fn what_drains_leaves_no_small_pieces() {
        let items: Vec<(u32, u32)> = (0..100_000).map(|key| (key, 0)).collect();
        let mut list = Chunked::of_sorted(&items);
        for key in (0..100_000).filter(|key| key % 100 != 0) {
            list.remove(key);
        }
        let leaves: usize = list.branches().iter().map(|branch| branch.parts.len()).sum();
        assert!(leaves <= 40, "1,000 items are in {leaves} leaves");
    }
}
