//! Rules: which deeds give points by themselves, and how many.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::score_event::Points;
use super::unacceptable::Unacceptable;

/// The name of a rule, which says what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleName {
    /// A post that somebody has written.
    PostCreated,
    /// A topic that somebody has begun.
    TopicCreated,
    /// A like, for whoever gave it.
    LikeGiven,
    /// A like, for whoever got it.
    LikeReceived,
    /// A post that was accepted as the solution.
    Solution,
    /// A message in a chat.
    ChatMessageCreated,
}

impl RuleName {
    /// All rules, in the order in which they are listed.
    pub const ALL: [RuleName; 6] = [
        RuleName::PostCreated,
        RuleName::TopicCreated,
        RuleName::LikeGiven,
        RuleName::LikeReceived,
        RuleName::Solution,
        RuleName::ChatMessageCreated,
    ];

    /// The name in requests, in replies and in the file.
    pub const fn name(self) -> &'static str {
        match self {
            RuleName::PostCreated => "post_created",
            RuleName::TopicCreated => "topic_created",
            RuleName::LikeGiven => "like_given",
            RuleName::LikeReceived => "like_received",
            RuleName::Solution => "solution",
            RuleName::ChatMessageCreated => "chat_message_created",
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RuleName {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<RuleName, Unacceptable> {
        let known = RuleName::ALL.into_iter().find(|rule| rule.name() == text);
        known.ok_or(Unacceptable { accepted: "the name of a rule" })
    }
}

impl Serialize for RuleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How many of one user's deeds may count on a day: 0 to 2147483647.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DailyLimit(i32);

impl TryFrom<i64> for DailyLimit {
    type Error = Unacceptable;

    fn try_from(number: i64) -> Result<DailyLimit, Unacceptable> {
        match i32::try_from(number) {
            Ok(limit @ 0..) => Ok(DailyLimit(limit)),
            _ => Err(Unacceptable { accepted: "a whole number from 0 to 2147483647" }),
        }
    }
}

impl From<DailyLimit> for i64 {
    fn from(limit: DailyLimit) -> i64 {
        limit.0.into()
    }
}

/// The number of a category of the place where the deeds are done: 1 to 2147483647.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CategoryId(i32);

impl TryFrom<i64> for CategoryId {
    type Error = Unacceptable;

    fn try_from(number: i64) -> Result<CategoryId, Unacceptable> {
        match i32::try_from(number) {
            Ok(id @ 1..) => Ok(CategoryId(id)),
            _ => Err(Unacceptable { accepted: "a category id from 1 to 2147483647" }),
        }
    }
}

impl From<CategoryId> for i64 {
    fn from(id: CategoryId) -> i64 {
        id.0.into()
    }
}

/// A rule. Its JSON has these keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// What it counts.
    pub name: RuleName,
    /// How many points a deed gives.
    pub points: Points,
    /// Whether it gives points at all.
    pub enabled: bool,
    /// How many of one user's deeds count on a day; `None`: all of them.
    pub daily_limit: Option<DailyLimit>,
    /// Only deeds in these categories count; empty: those of all do.
    pub category_ids: Vec<CategoryId>,
}

impl Rule {
    /// How many categories a rule may name.
    pub const CATEGORIES_MAX: usize = 1000;

    /// Whether deeds in a category count. `None`: the deed is in no category.
    pub fn counts_in(&self, category: Option<CategoryId>) -> bool {
        self.category_ids.is_empty() || category.is_some_and(|id| self.category_ids.contains(&id))
    }
}

/// A change of a rule; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleChange {
    /// See [`Rule::points`].
    pub points: Option<Points>,
    /// See [`Rule::enabled`].
    pub enabled: Option<bool>,
    /// See [`Rule::daily_limit`]; `Some(None)` takes the limit away.
    pub daily_limit: Option<Option<DailyLimit>>,
    /// See [`Rule::category_ids`].
    pub category_ids: Option<Vec<CategoryId>>,
}

impl Rule {
    /// The rule after a change.
    pub fn changed(self, change: RuleChange) -> Rule {
        Rule {
            name: self.name,
            points: change.points.unwrap_or(self.points),
            enabled: change.enabled.unwrap_or(self.enabled),
            daily_limit: change.daily_limit.unwrap_or(self.daily_limit),
            category_ids: change.category_ids.unwrap_or(self.category_ids),
        }
    }
}
