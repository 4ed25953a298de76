//! Deeds: what people do in another place, such as a forum, and what that place tells of it.
//!
//! Nothing here knows any such place. Whoever reads what a place sends makes these types of it.

use std::fmt;

use super::rule::{CategoryId, RuleName};
use super::score_event::UserId;
use super::timestamp::Timestamp;
use super::username::Username;

/// A place whose program tells what people do there. Its name is data: all sources are treated alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source(&'static str);

impl Source {
    /// The source of that name, which is a good username too.
    pub const fn named(name: &'static str) -> Source {
        Source(name)
    }

    /// Its name, in the file.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The name under which points are given for it.
    pub fn username(self) -> Username {
        Username::stored(self.0.to_owned())
    }
}

/// What distinguishes a deed from all others of its source, whatever is told of it and however often:
/// `post_created:123`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NaturalKey(String);

impl NaturalKey {
    /// The key of what `rule` counts, by the number of the thing that was made.
    pub fn of(rule: RuleName, thing: impl fmt::Display) -> NaturalKey {
        NaturalKey(format!("{rule}:{thing}"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was told of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which deed it is.
    pub key: NaturalKey,
    /// The rule that counts it.
    pub rule: RuleName,
    /// When the thing that was made had last been changed, as its source says.
    pub updated_at: Option<Timestamp>,
    /// What has become of it.
    pub news: News,
}

/// What has become of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was done.
    Done(Deed),
    /// It was taken back.
    TakenBack,
    /// It was taken back before, and is there again.
    Restored(Deed),
}

/// What a rule has to know of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who gets points for it.
    pub user_id: UserId,
    /// When it was done; `None`: nobody says.
    pub done_at: Option<Timestamp>,
    /// Where it can be looked at, for people.
    pub place: String,
    /// The category that it was done in.
    pub category: Option<CategoryId>,
    /// It does not count if the deed of that key is known to be the same user's.
    pub unless_by_doer_of: Option<NaturalKey>,
}
