//! Boards, users and groups as the standings see them: an immutable snapshot. A changed copy of it costs little.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use super::Users;
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
    /// Users who are on no board. Some of them have no names in the directory any more.
    pub suspended: Arc<HashSet<UserId>>,
}

/// Who is ranked on a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligible {
    /// `None`: everyone who is not excluded or suspended.
    included: Option<Arc<HashSet<UserId>>>,
    excluded: Arc<HashSet<UserId>>,
    suspended: Arc<HashSet<UserId>>,
}

/// How a change of the catalog affects rankings: who is ranked, or the name of a ranked user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// A user has another name or another picture now.
    Label(UserId),
    /// A user has been suspended, or is not suspended any more.
    Suspension(UserId),
    /// Users have come into a group, or left it.
    Members {
        /// The group.
        group: GroupId,
        /// Who has come or left.
        users: Vec<UserId>,
    },
}

impl Catalog {
    /// Reads the whole catalog from the file.
    pub fn read(connection: &Reader) -> Result<Catalog, StoreError> {
        Ok(Catalog {
            boards: leaderboards::list(connection)?.into_iter().map(Arc::new).collect(),
            users: directory::users(connection)?.into_iter().collect(),
            groups: directory::groups(connection)?.into_iter().map(Arc::new).collect(),
            suspended: Arc::new(directory::suspended_users(connection)?.into_iter().collect()),
        })
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

    /// Who is ranked on a board. Users who are suspended or in an excluded group are not. If the board includes groups,
    /// only their members are. On the board of everyone even a suspended user has a place, since that user can be told
    /// it.
    pub fn eligible(&self, board: &Leaderboard) -> Eligible {
        if board.id == LeaderboardId::EVERYONE {
            return Eligible { included: None, excluded: Arc::default(), suspended: Arc::default() };
        }
        let members = |ids: &[GroupId]| -> Arc<HashSet<UserId>> {
            let groups = self.groups.iter().filter(|group| ids.contains(&group.id));
            Arc::new(groups.flat_map(|group| group.user_ids.iter().copied()).collect())
        };
        let included = &board.included_groups_ids;
        Eligible {
            included: (!included.is_empty()).then(|| members(included)),
            excluded: members(&board.excluded_groups_ids),
            suspended: Arc::clone(&self.suspended),
        }
    }

    /// Adds a change to the catalog, and returns how it affects rankings. A changed board has no effect here:
    /// `Rankings::bring_up` compares the board with the one that it ranked before.
    pub(super) fn apply(&mut self, change: &DirectoryChange) -> Vec<Effect> {
        match change {
            DirectoryChange::User { id, now, suspended } => self.apply_user(*id, now.as_ref(), *suspended),
            DirectoryChange::Group { id, now } => self.apply_group(*id, now.as_ref()),
            DirectoryChange::Leaderboard { id, now } => {
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
        if self.suspended.contains(&id) != is_suspended {
            effects.push(Effect::Suspension(id));
            let suspended = Arc::make_mut(&mut self.suspended);
            if is_suspended {
                suspended.insert(id);
            } else {
                suspended.remove(&id);
            }
        }
        effects
    }

    fn apply_group(&mut self, id: GroupId, now: Option<&Group>) -> Vec<Effect> {
        let place = self.groups.binary_search_by_key(&id, |group| group.id);
        let before: HashSet<UserId> = place.map_or_else(|_| HashSet::new(), |at| members(&self.groups[at]));
        let after = now.map(members).unwrap_or_default();
        let users: Vec<UserId> = before.symmetric_difference(&after).copied().collect();
        put(&mut self.groups, place, now.cloned().map(Arc::new));
        if users.is_empty() { Vec::new() } else { vec![Effect::Members { group: id, users }] }
    }
}

fn members(group: &Group) -> HashSet<UserId> {
    group.user_ids.iter().copied().collect()
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

impl Eligible {
    /// Whether a user is ranked.
    pub fn holds(&self, user_id: UserId) -> bool {
        self.included.as_ref().is_none_or(|included| included.contains(&user_id))
            && !self.excluded.contains(&user_id)
            && !self.suspended.contains(&user_id)
    }
}
