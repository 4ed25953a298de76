//! Boards, users and groups as the standings see them: an immutable snapshot.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use rusqlite::Connection;

use crate::domain::{Group, GroupId, Leaderboard, LeaderboardId, User, UserId, fallback_username};
use crate::store::{StoreError, directory, leaderboards};

/// All that the keeper has set up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Boards, by number.
    pub boards: Vec<Arc<Leaderboard>>,
    /// Users whom the directory knows.
    pub users: HashMap<UserId, User>,
    /// Users who are on no board, also those whom the directory has forgotten otherwise.
    pub suspended: HashSet<UserId>,
    /// Groups, by number.
    pub groups: Vec<Group>,
}

/// Who is ranked on a board.
#[derive(Debug, PartialEq, Eq)]
pub struct Eligible {
    /// `None`: everyone who is not excluded.
    included: Option<HashSet<UserId>>,
    excluded: HashSet<UserId>,
}

impl Catalog {
    /// Reads all of it.
    pub fn read(connection: &Connection) -> Result<Catalog, StoreError> {
        Ok(Catalog {
            boards: leaderboards::list(connection)?.into_iter().map(Arc::new).collect(),
            users: directory::users(connection)?.into_iter().map(|user| (user.id, user)).collect(),
            suspended: directory::suspended_users(connection)?.into_iter().collect(),
            groups: directory::groups(connection)?,
        })
    }

    /// A board, or the one of everyone.
    pub fn board(&self, id: LeaderboardId) -> Option<&Arc<Leaderboard>> {
        static EVERYONE: LazyLock<Arc<Leaderboard>> = LazyLock::new(|| Arc::new(Leaderboard::of_everyone()));
        if id == LeaderboardId::EVERYONE {
            return Some(&EVERYONE);
        }
        self.boards.iter().find(|board| board.id == id)
    }

    /// What a user is called.
    pub fn username(&self, id: UserId) -> Cow<'_, str> {
        let known = self.users.get(&id).map(|user| user.username.as_str().into());
        known.unwrap_or_else(|| fallback_username(id).into())
    }

    /// Who is ranked on a board: not who is suspended or in an excluded group; and if groups are included, only who is in
    /// one of these.
    /// Everyone's own place is told, even a suspended user's.
    pub fn eligible(&self, board: &Leaderboard) -> Eligible {
        if board.id == LeaderboardId::EVERYONE {
            return Eligible { included: None, excluded: HashSet::new() };
        }
        let members = |ids: &[GroupId]| -> HashSet<UserId> {
            let groups = self.groups.iter().filter(|group| ids.contains(&group.id));
            groups.flat_map(|group| group.user_ids.iter().copied()).collect()
        };
        let included = &board.included_groups_ids;
        Eligible {
            included: (!included.is_empty()).then(|| members(included)),
            excluded: members(&board.excluded_groups_ids).into_iter().chain(self.suspended.iter().copied()).collect(),
        }
    }
}

impl Eligible {
    /// Whether a user is ranked.
    pub fn holds(&self, user_id: UserId) -> bool {
        self.included.as_ref().is_none_or(|included| included.contains(&user_id)) && !self.excluded.contains(&user_id)
    }
}
