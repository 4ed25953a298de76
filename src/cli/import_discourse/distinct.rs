//! Keys of which none may come twice in a file.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

/// How many keys are kept in memory: some 70 MB.
const KEYS_MAX: usize = 4_000_000;

/// What is said of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// It has not come before.
    New,
    /// It has come before.
    Twice,
    /// That can't be told, since the file is too long to be in no order.
    Unknown,
}

/// The keys that have come. As long as each is greater than the one before, nothing has to be kept.
pub struct Distinct {
    /// The last key of a file that is in order so far.
    last: Option<u64>,
    /// The keys of a file that is in no order.
    all: Option<HashSet<u64>>,
}

impl Distinct {
    /// No key has come yet. If the file is known to be in no order, all keys are kept.
    pub fn new(in_order: bool) -> Distinct {
        Distinct { last: None, all: (!in_order).then(HashSet::new) }
    }

    /// Takes the next key. `None`: the file is in no order, so it has to be read anew.
    pub fn take(&mut self, key: u64) -> Option<Key> {
        match &mut self.all {
            Some(all) if all.len() >= KEYS_MAX => Some(if all.contains(&key) { Key::Twice } else { Key::Unknown }),
            Some(all) => Some(if all.insert(key) { Key::New } else { Key::Twice }),
            None => match self.last.replace(key) {
                Some(last) if last > key => None,
                Some(last) if last == key => Some(Key::Twice),
                _ => Some(Key::New),
            },
        }
    }
}

/// Texts of which none may come twice, kept as hashes.
#[derive(Default)]
pub struct DistinctTexts {
    hasher: RandomState,
    all: HashSet<u64>,
}

impl DistinctTexts {
    /// Takes the next text.
    pub fn take(&mut self, text: &str) -> Key {
        let mut hasher = self.hasher.build_hasher();
        text.hash(&mut hasher);
        let key = std::hash::Hasher::finish(&hasher);
        if self.all.len() >= KEYS_MAX {
            return if self.all.contains(&key) { Key::Twice } else { Key::Unknown };
        }
        if self.all.insert(key) { Key::New } else { Key::Twice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_twice_is_found_in_any_order() {
        let mut ordered = Distinct::new(true);
        assert_eq!([1, 3, 3].map(|key| ordered.take(key)), [Some(Key::New), Some(Key::New), Some(Key::Twice)]);
        assert_eq!(ordered.take(2), None);
        let mut all = Distinct::new(false);
        assert_eq!([3, 1, 3].map(|key| all.take(key)), [Some(Key::New), Some(Key::New), Some(Key::Twice)]);
        let mut texts = DistinctTexts::default();
        assert_eq!(["ann", "bob", "ann"].map(|text| texts.take(text)), [Key::New, Key::New, Key::Twice]);
    }
}
