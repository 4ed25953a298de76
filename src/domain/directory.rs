//! Users and groups, as the directory knows them: with their names.

use serde::{Deserialize, Serialize};

use super::score_event::UserId;
use super::unacceptable::Unacceptable;
use super::unseen::is_unseen;
use super::username::Username;

/// The number of a group: 1 to 2147483647, given by whoever makes the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct GroupId(i32);

impl TryFrom<i64> for GroupId {
    type Error = Unacceptable;

    fn try_from(number: i64) -> Result<GroupId, Unacceptable> {
        match i32::try_from(number) {
            Ok(id @ 1..) => Ok(GroupId(id)),
            _ => Err(Unacceptable { accepted: "a group id from 1 to 2147483647" }),
        }
    }
}

impl From<GroupId> for i64 {
    fn from(id: GroupId) -> i64 {
        id.0.into()
    }
}

/// A user whom the directory knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The name under which the user acts and is shown.
    pub username: Username,
    /// The full name.
    pub name: Option<String>,
    /// The address of the user's pictures; `{size}` stands for their width in pixels.
    pub avatar_template: String,
    /// Whether the user is suspended: a suspended user keeps the points, but is in no leaderboard.
    pub suspended: bool,
}

impl User {
    /// The name that people read first: the full name, or the username if there is no full name or nothing of it can be
    /// seen.
    pub fn shown_name(&self) -> &str {
        let is_seen = |name: &&str| name.chars().any(|character| !character.is_whitespace() && !is_unseen(character));
        self.name.as_deref().filter(is_seen).unwrap_or(self.username.as_str())
    }
}

/// Users who belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The number.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
    /// Its members, by number.
    pub user_ids: Vec<UserId>,
}

impl Group {
    /// The most members that a group may have. They are stored at once, and every other write waits for that.
    pub const MEMBERS_MAX: usize = 100_000;
}

/// The username under which a user is shown if the directory does not know the user. [`Username::reserved_for`] reads it.
pub fn fallback_username(id: UserId) -> String {
    format!("user-{id}")
}

/// The address of the picture that the server itself draws for a user.
pub fn drawn_avatar(id: UserId) -> String {
    format!("/avatars/{id}/{{size}}.svg")
}
