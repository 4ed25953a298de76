//! Who is ranked on a board. It is the same for all boards with the same groups.

use std::sync::Arc;

use super::id_set::IdSet;
use crate::domain::{GroupId, Leaderboard, LeaderboardId, UserId};

/// What decides who is ranked on a board.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Groups {
    /// Whether even suspended users are.
    pub everyone: bool,
    /// Only members of these are, if there are any.
    pub included: Vec<GroupId>,
    /// Members of these are not.
    pub excluded: Vec<GroupId>,
}

impl Groups {
    /// Those of a board.
    pub fn of(board: &Leaderboard) -> Groups {
        let sorted = |ids: &[GroupId]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        Groups {
            // A suspended user has a place on the board of everyone, since that user can be told it.
            everyone: board.id == LeaderboardId::EVERYONE,
            included: sorted(&board.included_groups_ids),
            excluded: sorted(&board.excluded_groups_ids),
        }
    }
}

/// Who is ranked on a board, user by user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eligible {
    /// `None`: everyone who is not barred.
    pub admitted: Option<Arc<IdSet>>,
    /// Who is not, even if admitted.
    pub barred: Arc<IdSet>,
}

impl Eligible {
    /// Whether a user is ranked.
    pub fn holds(&self, user_id: UserId) -> bool {
        self.admitted.as_ref().is_none_or(|admitted| admitted.contains(user_id)) && !self.barred.contains(user_id)
    }

    /// Whether everybody is.
    pub fn is_everybody(&self) -> bool {
        self.admitted.is_none() && self.barred.is_empty()
    }

    /// Whether it makes a difference for any user for whom `counts` holds.
    pub fn differs_from(&self, other: &Eligible, counts: impl Fn(UserId) -> bool) -> bool {
        let differs = |id: UserId| self.holds(id) != other.holds(id) && counts(id);
        match (&self.admitted, &other.admitted) {
            (None, None) => self.barred.differing(&other.barred).any(differs),
            (Some(own), Some(others)) => {
                own.differing(others).any(differs) || self.barred.differing(&other.barred).any(differs)
            }
            // Users whom no set names come or go.
            _ => true,
        }
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.barred.bytes() + self.admitted.as_ref().map_or(0, |admitted| admitted.bytes())
    }
}
