//! The facts of a transaction: what the writer tells its subscribers once the transaction is committed.

use std::sync::Arc;

use crate::domain::{EventDate, Group, GroupId, Leaderboard, LeaderboardId, User, UserId};

/// What a transaction added to a user's score on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreChange {
    /// The user.
    pub user_id: UserId,
    /// The day.
    pub date: EventDate,
    /// Points added.
    pub score: i64,
    /// 1 if the day had no events before, -1 if it has none any more, else 0.
    pub days: i32,
}

/// A user, a group or a leaderboard that a transaction has changed, and what it is now. Where one transaction changes the
/// same thing twice, the later change counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryChange {
    /// A user.
    User {
        /// The user's number.
        id: UserId,
        /// What the directory says of the user now; `None`: nothing any more.
        now: Option<User>,
        /// Whether the user is in no leaderboard now. The directory may have forgotten a user who stays suspended.
        suspended: bool,
    },
    /// A group.
    Group {
        /// The group's number.
        id: GroupId,
        /// The group with all its members, as it is now; `None`: it is gone.
        now: Option<Group>,
    },
    /// A leaderboard.
    Leaderboard {
        /// The leaderboard's number.
        id: LeaderboardId,
        /// How the leaderboard is set up now; `None`: it is gone.
        now: Option<Leaderboard>,
    },
}

/// The facts of a transaction, told to every subscriber once it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Counts the transactions of this writer.
    pub number: u64,
    /// The changes of scores, in their order.
    pub scores: Vec<ScoreChange>,
    /// The changes of users, groups and leaderboards, in their order.
    pub directory: Vec<DirectoryChange>,
    /// Whether another process has changed the file since the transaction before, or this one has changed more scores than
    /// are listed.
    pub foreign: bool,
    /// How often scores have been repaired in this file, by this process or another.
    pub repairs: i64,
}

/// A function that is told of each transaction after its commit, on the writer's thread. It must be quick and must not
/// wait: every write waits for it. Subscribers are called one after the other, in the order in which they were given.
pub type Subscriber = Box<dyn Fn(Arc<Committed>) + Send>;

/// What the commands of a transaction have noted. A command that fails takes its facts back with what it wrote.
#[derive(Default)]
pub(crate) struct Facts {
    pub scores: Vec<ScoreChange>,
    pub directory: Vec<DirectoryChange>,
    /// How many events were stored.
    pub events: u64,
    /// Whether scores have changed that are not listed. It stays if what changed them is taken back.
    pub unlisted: bool,
    /// Whether anything of a stored key may have changed but its last use. It stays if that is taken back.
    pub keys: bool,
}

impl Facts {
    /// How many facts there are now, to go back to with [`Facts::go_back`].
    pub fn count(&self) -> (usize, usize, u64) {
        (self.scores.len(), self.directory.len(), self.events)
    }

    /// Forgets all facts after the first ones, of which [`Facts::count`] gave the numbers earlier.
    pub fn go_back(&mut self, (scores, directory, events): (usize, usize, u64)) {
        self.scores.truncate(scores);
        self.directory.truncate(directory);
        self.events = events;
    }
}
