//! A score event: one award or deduction of points, and what was done to it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::date::EventDate;
use super::permissions::Scope;
use super::timestamp::Timestamp;
use super::unacceptable::Unacceptable;

/// The number of an event, given by the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub i64);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a user: 1 to 2147483647, given by whoever keeps the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct UserId(i32);

impl UserId {
    /// The lowest number that a user can have.
    pub const FIRST: UserId = UserId(1);

    /// The number without its sign, which is always a plus.
    pub fn number(self) -> u32 {
        self.0.unsigned_abs()
    }
}

impl TryFrom<i64> for UserId {
    type Error = Unacceptable;

    fn try_from(number: i64) -> Result<UserId, Unacceptable> {
        match i32::try_from(number) {
            Ok(id @ 1..) => Ok(UserId(id)),
            _ => Err(Unacceptable { accepted: "a user id from 1 to 2147483647" }),
        }
    }
}

impl From<UserId> for i64 {
    fn from(id: UserId) -> i64 {
        id.0.into()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Points of one event: -2147483648 to 2147483647; a deduction is negative. Sums are plain `i64`: they would overflow
/// only after four thousand million events of the largest size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Points(i32);

impl TryFrom<i64> for Points {
    type Error = Unacceptable;

    fn try_from(number: i64) -> Result<Points, Unacceptable> {
        i32::try_from(number)
            .map(Points)
            .map_err(|_| Unacceptable { accepted: "points from -2147483648 to 2147483647" })
    }
}

impl From<Points> for i64 {
    fn from(points: Points) -> i64 {
        points.0.into()
    }
}

/// What an event was for, in a person's words: at most 10,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Description(String);

impl Description {
    /// The longest description, in characters (Unicode scalar values).
    pub const CHARACTERS_MAX: usize = 10_000;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A description that the database holds already.
    pub(crate) fn stored(text: String) -> Description {
        Description(text)
    }
}

impl TryFrom<String> for Description {
    type Error = Unacceptable;

    fn try_from(text: String) -> Result<Description, Unacceptable> {
        // A text never has more characters than bytes. So the characters of most texts need not be counted.
        if text.len() <= Description::CHARACTERS_MAX || text.chars().count() <= Description::CHARACTERS_MAX {
            Ok(Description(text))
        } else {
            Err(Unacceptable { accepted: "a description of at most 10000 characters" })
        }
    }
}

/// A stored event. Its JSON has these keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreEvent {
    /// Its number.
    pub id: EventId,
    /// Whose points these are.
    pub user_id: UserId,
    /// The day they are for.
    pub date: EventDate,
    /// How many points; negative for a deduction.
    pub points: Points,
    /// What the points are for.
    pub description: Option<Description>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An event that is to be stored. A retry under the same `Idempotency-Key` has to ask for an event with the same JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Award {
    /// Whose points these are.
    pub user_id: UserId,
    /// The day they are for.
    pub date: EventDate,
    /// How many points; negative for a deduction.
    pub points: Points,
    /// What the points are for.
    pub description: Option<Description>,
    /// Store it only if the user's spendable score is at least this afterwards.
    pub minimum_score: Option<i64>,
}

impl Award {
    /// The scope that storing it needs: giving and taking points are two.
    pub fn scope(&self) -> Scope {
        if self.points.0 < 0 { Scope::EventsDeduct } else { Scope::EventsAward }
    }
}

/// A change of a stored event. Its user and date never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The event.
    pub id: EventId,
    /// Its points from now on.
    pub points: Points,
    /// Its description from now on; `None` keeps it.
    pub description: Option<Description>,
    /// Change it only if the user's spendable score is at least this afterwards.
    pub minimum_score: Option<i64>,
}

/// A request to take back a stored event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// The event.
    pub id: EventId,
    /// Take it back only if the user's spendable score is at least this afterwards.
    pub minimum_score: Option<i64>,
}

/// What was done to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RevisionAction {
    /// It was stored.
    Create,
    /// Its points or description were changed.
    Update,
    /// It was taken back; points and description are those it had last.
    Delete,
}

/// One step in the history of an event. Its JSON has these keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// When it was done.
    pub at: Timestamp,
    /// The acting username.
    pub by: String,
    /// What was done.
    pub action: RevisionAction,
    /// The points from then on.
    pub points: Points,
    /// The description from then on.
    pub description: Option<Description>,
}
