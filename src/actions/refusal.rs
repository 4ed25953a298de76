//! Why a change was not made.

use chrono::TimeDelta;

use crate::domain::{EventDate, Group, Networks, Scope};
use crate::store::StoreError;
use crate::store::key_lines::KeyState;

/// A change that was refused: nothing of it is stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The key works no longer, or is not for that username.
    #[error("the key or its username is not accepted")]
    InvalidAccess,
    /// The key is good and for all users, and no username came with it.
    #[error("the key is for all users, and no username came with it")]
    UsernameNeeded,
    /// There is no such key.
    #[error("there is no such key")]
    WrongKey,
    /// The key is not for the network that the request comes from.
    #[error("the key is not for this network")]
    NotFromHere,
    /// The key does not allow it.
    #[error("the key lacks the scope {0}")]
    NotPermitted(Scope),
    /// The key is for one username, and what is to be changed belongs to another.
    #[error("the key is for one username, and this is of another")]
    OfAnotherUsername,
    /// A key can't be made as it was asked for, or can't be replaced.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    /// There is nothing with that number.
    #[error("there is no such thing")]
    Unknown,
    /// The change would leave the user with fewer points than the minimum that the request names.
    #[error("not enough points: the spendable score is {score}")]
    InsufficientPoints {
        /// The spendable score as it is now.
        score: i64,
    },
    /// Something with that number exists already.
    #[error("the number is taken")]
    NumberTaken,
    /// Something new was to be made, but a part of the input that it needs is missing.
    #[error("{0} is needed")]
    Missing(&'static str),
    /// Something else of the same kind has that name.
    #[error("the name is taken")]
    NameTaken,
    /// A group may not have so many members.
    #[error("a group has at most {} members", Group::MEMBERS_MAX)]
    TooManyMembers,
    /// The first leaderboard can't be deleted.
    #[error("the first leaderboard can't be deleted")]
    LeaderboardProtected,
    /// The idempotency key was used for another request before.
    #[error("the idempotency key was used for something else")]
    IdempotencyKeyReused,
    /// Too many requests of this kind came within a span of time.
    #[error("too many were asked for")]
    Limited {
        /// How long until one more is accepted.
        wait: TimeDelta,
    },
    /// The operating system has no random numbers.
    #[error("no random numbers: {0}")]
    NoRandomNumbers(getrandom::Error),
    /// One member of a list was refused, and so the whole list.
    #[error("{list}[{index}]: {refusal}")]
    Within {
        /// What the input calls the list.
        list: &'static str,
        /// Which member it is, counted from 0.
        index: usize,
        /// Why it was refused.
        refusal: Box<Refusal>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// The refusal of a whole list because of one of its members.
    pub(super) fn within(self, list: &'static str, index: usize) -> Refusal {
        Refusal::Within { list, index, refusal: Box::new(self) }
    }
}

/// Why a key can't be made as it was asked for, or can't be replaced by another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// The new key would work longer than the actor's own.
    #[error("the key would work longer than the one that it is made with, whose last day is {last}")]
    Outlives {
        /// The last day of the actor's key.
        last: EventDate,
    },
    /// The new key could be used from more networks than the actor's own.
    #[error("the key could be used from more networks than the one that it is made with, which is for {networks}")]
    MoreNetworks {
        /// The networks of the actor's key.
        networks: Networks,
    },
    /// A key that works no longer can't be replaced.
    #[error("the key works no longer")]
    Ended(KeyState),
    /// Another key has taken the key's place already.
    #[error("the key {successor_id} has taken its place already")]
    Replaced {
        /// The number of the newest key in its place.
        successor_id: i64,
    },
    /// The key is the actor's own, or one without which the actor's key would not work. Its successor would need itself.
    #[error("a key can't replace itself, or a key that it was made with")]
    NeededByActor,
}
