//! The users of the directory, in a table. A changed copy of the table costs little.

use std::sync::Arc;

use super::names::{NameLine, NameLines};
use crate::domain::{User, UserId};

/// How many branches the table has, and how many leaves each branch has. There are 4,096 leaves in all, so one of them
/// holds 244 users if there are a million.
const FAN_OUT: usize = 64;

/// Users in the order of their numbers, with their names to be searched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leaf {
    users: Vec<(UserId, Arc<User>)>,
    names: NameLines,
}

type Branch = Vec<Arc<Leaf>>;

impl Leaf {
    /// Where a user is, or where the user would be.
    fn place(&self, id: UserId) -> Result<usize, usize> {
        self.users.binary_search_by_key(&id, |(id, _)| *id)
    }

    /// The users in whose names a text is, with their names.
    pub fn lines_holding(&self, part: &str) -> impl Iterator<Item = (UserId, NameLine<'_>)> {
        self.names.holding(part).map(|at| (self.users[at].0, self.names.line(at)))
    }

    /// All users with their names.
    fn lines(&self) -> impl Iterator<Item = (UserId, NameLine<'_>)> {
        self.users.iter().enumerate().map(|(at, (id, _))| (*id, self.names.line(at)))
    }
}

/// Users by number. A copy shares all its users with the original; changing a user in it copies one branch and one leaf,
/// a few hundred pointers, however many users there are.
#[derive(Debug, Clone)]
pub struct Users {
    branches: Vec<Arc<Branch>>,
    count: usize,
}

impl Users {
    /// Finds a user by number.
    pub fn get(&self, id: &UserId) -> Option<&User> {
        let leaf = self.leaf(*id);
        leaf.place(*id).ok().map(|at| &*leaf.users[at].1)
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All users, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.leaves().flat_map(|leaf| leaf.users.iter().map(|(_, user)| &**user))
    }

    /// The leaves, in no particular order.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.branches.iter().flat_map(|branch| branch.iter()).map(|leaf| &**leaf)
    }

    /// All users with their names to be searched, in no particular order.
    pub(super) fn lines(&self) -> impl Iterator<Item = (UserId, NameLine<'_>)> {
        self.leaves().flat_map(Leaf::lines)
    }

    /// Adds a user. If another user had the number, that one is replaced.
    pub fn insert(&mut self, user: User) {
        let id = user.id;
        let leaf = self.leaf_mut(id);
        match leaf.place(id) {
            Ok(at) => {
                leaf.names.remove(at);
                leaf.names.insert(at, &user);
                leaf.users[at].1 = Arc::new(user);
            }
            Err(at) => {
                leaf.names.insert(at, &user);
                leaf.users.insert(at, (id, Arc::new(user)));
                self.count += 1;
            }
        }
    }

    /// Removes a user.
    pub fn remove(&mut self, id: UserId) {
        if let Ok(at) = self.leaf(id).place(id) {
            let leaf = self.leaf_mut(id);
            leaf.users.remove(at);
            leaf.names.remove(at);
            self.count -= 1;
        }
    }

    /// The branch of a number and the leaf in it. Numbers are given one after the other, so their lowest bits spread
    /// users evenly over all leaves.
    fn place(id: UserId) -> (usize, usize) {
        let number = i64::from(id) as usize;
        (number % FAN_OUT, number / FAN_OUT % FAN_OUT)
    }

    fn leaf(&self, id: UserId) -> &Leaf {
        let (branch, leaf) = Users::place(id);
        &self.branches[branch][leaf]
    }

    fn leaf_mut(&mut self, id: UserId) -> &mut Leaf {
        let (branch, leaf) = Users::place(id);
        Arc::make_mut(&mut Arc::make_mut(&mut self.branches[branch])[leaf])
    }
}

impl Default for Users {
    fn default() -> Users {
        // At first all leaves are one shared empty leaf. A leaf gets its own copy when it is changed.
        let leaf: Arc<Leaf> = Arc::default();
        let branch: Arc<Branch> = Arc::new(vec![leaf; FAN_OUT]);
        Users { branches: vec![branch; FAN_OUT], count: 0 }
    }
}

impl FromIterator<User> for Users {
    fn from_iter<I: IntoIterator<Item = User>>(users: I) -> Users {
        let mut table = Users::default();
        users.into_iter().for_each(|user| table.insert(user));
        table
    }
}

impl PartialEq for Users {
    fn eq(&self, other: &Users) -> bool {
        self.count == other.count && self.branches == other.branches
    }
}

impl Eq for Users {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn user(id: i64, name: &str) -> User {
        User {
            id: UserId::try_from(id).expect("a user id"),
            username: format!("u{id}").parse().expect("a username"),
            name: Some(name.to_owned()),
            avatar_template: String::new(),
            suspended: false,
        }
    }

    proptest! {
        #[test]
        fn a_changed_copy_is_like_a_map_and_leaves_the_original(
            before in proptest::collection::btree_map(1i64..9000, "[a-c]", 0..60),
            changes in proptest::collection::vec((1i64..9000, proptest::option::of("[a-c]")), 0..60),
        ) {
            let of = |map: &BTreeMap<i64, String>| map.iter().map(|(id, name)| user(*id, name)).collect::<Users>();
            let original = of(&before);
            let (mut copy, mut after) = (original.clone(), before.clone());
            for (id, name) in changes {
                match name {
                    Some(name) => {
                        copy.insert(user(id, &name));
                        after.insert(id, name);
                    }
                    None => {
                        copy.remove(UserId::try_from(id).expect("a user id"));
                        after.remove(&id);
                    }
                }
            }
            prop_assert_eq!(&copy, &of(&after));
            prop_assert_eq!(copy.len(), after.len());
            prop_assert_eq!(copy.iter().count(), after.len());
            for (id, line) in copy.lines() {
                let username = format!("u{id}");
                prop_assert_eq!(line.names(), (username.as_str(), after[&i64::from(id)].as_str()));
            }
            for (id, name) in &after {
                let id = UserId::try_from(*id).expect("a user id");
                prop_assert_eq!(copy.get(&id).and_then(|user| user.name.as_ref()), Some(name));
            }
            prop_assert_eq!(&original, &of(&before));
        }
    }
}
