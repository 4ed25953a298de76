//! Boards, users and groups as the standings see them: an immutable snapshot, of which a changed copy costs little.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use super::Users;
use crate::domain::{Group, GroupId, Leaderboard, LeaderboardId, User, UserId, fallback_username};
use crate::store::{DirectoryChange, Reader, StoreError, directory, leaderboards};

/// All that the keeper has set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Boards, by number.
    pub boards: Vec<Arc<Leaderboard>>,
    /// Users whom the directory knows.
    pub users: Users,
    /// Groups, by number.
    groups: Vec<Arc<Group>>,
    /// Users who are on no board, also those whom the directory has forgotten otherwise.
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

/// What a change of the catalog means for who is ranked, and for what the ranked are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// A user is called otherwise, or has another picture.
    Label(UserId),
    /// A user has been suspended, or is no longer.
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
    /// Reads all of it.
    pub fn read(connection: &Reader) -> Result<Catalog, StoreError> {
        Ok(Catalog {
            boards: leaderboards::list(connection)?.into_iter().map(Arc::new).collect(),
            users: directory::users(connection)?.into_iter().collect(),
            groups: directory::groups(connection)?.into_iter().map(Arc::new).collect(),
            suspended: Arc::new(directory::suspended_users(connection)?.into_iter().collect()),
        })
    }

    /// A board, or the one of everyone.
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

    /// The name of a user that stands first wherever people read it: see [`User::shown_name`].
    pub fn shown_name(&self, id: UserId) -> Cow<'_, str> {
        let known = self.users.get(&id).map(|user| user.shown_name().into());
        known.unwrap_or_else(|| fallback_username(id).into())
    }

    /// Who is ranked on a board: not who is suspended or in an excluded group; and if groups are included, only who is in
    /// one of these. On the board of everyone even a suspended user has a place, since it is told to that user.
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

    /// Takes in a change, and tells what it means for rankings. A change of a board means nothing by itself: whoever ranks
    /// compares the board with the one that it ranked before.
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

/// Puts, replaces or removes what has its place in a sorted list.
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
