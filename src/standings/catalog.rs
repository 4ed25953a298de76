//! Boards, users and groups as the standings see them: an immutable snapshot. A changed copy of it costs little.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use super::Users;
use super::eligible::{Eligible, Groups};
use super::id_set::IdSet;
use crate::domain::{Group, GroupId, Leaderboard, LeaderboardId, User, UserId, fallback_username};
use crate::store::{DirectoryChange, Reader, StoreError, directory, leaderboards};

/// All boards, users and groups that have been set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Boards, by number.
    pub boards: Vec<Arc<Leaderboard>>,
    /// Users whom the directory knows.
    pub users: Users,
    /// Groups, by number.
    groups: Vec<Arc<Group>>,
    /// Their members once more, to be asked for user by user.
    members: HashMap<GroupId, Arc<IdSet>>,
    /// Users who are on no board. Some of them have no names in the directory any more.
    pub suspended: Arc<IdSet>,
    /// Boards that can't be read, and so are on no list, each with the column that holds no value of its kind.
    unreadable: BTreeMap<LeaderboardId, String>,
}

/// How a change of the catalog affects rankings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// A user has another name or another picture now.
    Label(UserId),
    /// Other users are eligible for some boards now.
    Eligibility,
}

impl Catalog {
    /// Reads the whole catalog from the file. What another program has written there and can't be read is left out.
    pub fn read(connection: &Reader) -> Result<Catalog, StoreError> {
        let groups: Vec<Arc<Group>> = directory::groups(connection)?.into_iter().map(Arc::new).collect();
        let (boards, unreadable) = leaderboards::all(connection)?;
        Ok(Catalog {
            boards: boards.into_iter().map(Arc::new).collect(),
            users: directory::users(connection)?.into_iter().collect(),
            members: groups.iter().map(|group| (group.id, Arc::new(members(group)))).collect(),
            groups,
            suspended: Arc::new(directory::suspended_users(connection)?.into_iter().collect()),
            unreadable: unreadable.into_iter().map(|fault| (fault.id, fault.column)).collect(),
        })
    }

    /// Whether no file was read yet. The first board can't be deleted, so every file has one, readable or not.
    pub fn is_unread(&self) -> bool {
        self.boards.is_empty() && self.unreadable.is_empty()
    }

    /// Tells the log of each board that can't be read, unless that was so in the catalog `before`.
    pub(super) fn tell_unreadable(&self, before: Option<&Catalog>) {
        for (LeaderboardId(id), column) in &self.unreadable {
            if before.and_then(|before| before.unreadable.get(&LeaderboardId(*id))) != Some(column) {
                log::error!(
                    "leaderboard {id} is left out, since its {column} can't be read; setting it up anew with PUT mends that"
                );
            }
        }
    }

    /// Finds a board by its number. The board of everyone is not in `boards`, but is found too.
    pub fn board(&self, id: LeaderboardId) -> Option<&Arc<Leaderboard>> {
        static EVERYONE: LazyLock<Arc<Leaderboard>> = LazyLock::new(|| Arc::new(Leaderboard::of_everyone()));
        if id == LeaderboardId::EVERYONE {
            return Some(&EVERYONE);
        }
        let at = self.boards.binary_search_by_key(&id, |board| board.id).ok()?;
        Some(&self.boards[at])
    }

    /// Groups, by number, each with its members.
    pub fn groups(&self) -> &[Arc<Group>] {
        &self.groups
    }

    /// What a user is called.
    pub fn username(&self, id: UserId) -> Cow<'_, str> {
        let known = self.users.get(&id).map(|user| user.username.as_str().into());
        known.unwrap_or_else(|| fallback_username(id).into())
    }

    /// The name of a user that people see first: see [`User::shown_name`].
    pub fn shown_name(&self, id: UserId) -> Cow<'_, str> {
        let known = self.users.get(&id).map(|user| user.shown_name().into());
        known.unwrap_or_else(|| fallback_username(id).into())
    }

    /// Who is ranked on the boards with these groups. Users who are suspended or in an excluded group are not. If groups
    /// are included, only their members are.
    pub(super) fn eligible(&self, groups: &Groups) -> Eligible {
        if groups.everyone {
            return Eligible::default();
        }
        let members = |ids: &[GroupId]| ids.iter().filter_map(|id| self.members.get(id)).collect::<Vec<_>>();
        let included = members(&groups.included);
        let barred = members(&groups.excluded).into_iter().chain([&self.suspended]).collect();
        Eligible { admitted: (!groups.included.is_empty()).then(|| union(included)), barred: union(barred) }
    }

    /// Adds a change to the catalog, and returns how it affects rankings. A changed board has no effect here:
    /// `Rankings::bring_up` compares the board with the one of the view before.
    pub(super) fn apply(&mut self, change: &DirectoryChange) -> Vec<Effect> {
        match change {
            DirectoryChange::User { id, now, suspended } => self.apply_user(*id, now.as_ref(), *suspended),
            DirectoryChange::Group { id, now } => self.apply_group(*id, now.as_ref()),
            DirectoryChange::Leaderboard { id, now } => {
                self.unreadable.remove(id);
                let place = self.boards.binary_search_by_key(id, |board| board.id);
                put(&mut self.boards, place, now.clone().map(Arc::new));
                Vec::new()
            }
        }
    }

    fn apply_user(&mut self, id: UserId, now: Option<&User>, is_suspended: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.users.get(&id) != now {
            effects.push(Effect::Label(id));
            match now {
                Some(user) => self.users.insert(user.clone()),
                None => self.users.remove(id),
            }
        }
        if self.suspended.contains(id) != is_suspended {
            effects.push(Effect::Eligibility);
            let suspended = Arc::make_mut(&mut self.suspended);
            if is_suspended {
                suspended.insert(id);
            } else {
                suspended.remove(id);
            }
        }
        effects
    }

    fn apply_group(&mut self, id: GroupId, now: Option<&Group>) -> Vec<Effect> {
        let place = self.groups.binary_search_by_key(&id, |group| group.id);
        put(&mut self.groups, place, now.cloned().map(Arc::new));
        let after = now.map(|group| Arc::new(members(group)));
        let is_other = self.members.get(&id) != after.as_ref();
        match after {
            Some(after) => self.members.insert(id, after),
            None => self.members.remove(&id),
        };
        if is_other { vec![Effect::Eligibility] } else { Vec::new() }
    }
}

fn members(group: &Group) -> IdSet {
    group.user_ids.iter().copied().collect()
}

/// All who are in any of some sets. One set alone is not copied.
fn union(sets: Vec<&Arc<IdSet>>) -> Arc<IdSet> {
    let filled: Vec<_> = sets.into_iter().filter(|set| !set.is_empty()).collect();
    match filled[..] {
        [] => Arc::default(),
        [only] => Arc::clone(only),
        _ => {
            let mut all = IdSet::default();
            filled.into_iter().for_each(|set| all.add(set));
            Arc::new(all)
        }
    }
}

/// Inserts, replaces or removes an element of a sorted list. `place` is what a binary search has found.
fn put<T>(list: &mut Vec<T>, place: Result<usize, usize>, now: Option<T>) {
    match (place, now) {
        (Ok(at), Some(now)) => list[at] = now,
        (Ok(at), None) => drop(list.remove(at)),
        (Err(at), Some(now)) => list.insert(at, now),
        (Err(_), None) => {}
    }
}
