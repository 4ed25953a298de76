//! Numbers and names in paths. Anything else in their place is answered with 404, once the caller is known.

use std::convert::Infallible;

use rocket::request::FromParam;

use super::error::ApiError;
use super::kinds::Parameter;
use crate::domain::{EventId, GroupId, LeaderboardId, RuleName, UserId};

/// The number of an event in a path, if it is one.
pub type EventIdPath = Numbered<EventId>;

/// The number of a user in a path, if it is one.
pub type UserIdPath = Numbered<UserId>;

/// The number of a group in a path, if it is one.
pub type GroupIdPath = Numbered<GroupId>;

/// The number of a leaderboard in a path, if it is one.
pub type LeaderboardIdPath = Numbered<LeaderboardId>;

/// A segment of a path that should be a number.
#[derive(Debug, Clone, Copy)]
pub struct Numbered<T>(Option<T>);

impl<T> Numbered<T> {
    /// The number.
    ///
    /// # Errors
    /// The segment is not a number, or the number is out of range.
    pub fn known(self) -> Result<T, ApiError> {
        self.0.ok_or(ApiError::NotFound)
    }
}

impl<'r, T: Parameter> FromParam<'r> for Numbered<T> {
    type Error = Infallible;

    fn from_param(segment: &'r str) -> Result<Numbered<T>, Infallible> {
        Ok(Numbered(T::from_text(segment)))
    }
}

/// The name of a rule in a path, if it is one.
#[derive(Debug, Clone, Copy)]
pub struct RuleNamePath(Option<RuleName>);

impl RuleNamePath {
    /// The name.
    ///
    /// # Errors
    /// There is no such rule.
    pub fn known(self) -> Result<RuleName, ApiError> {
        self.0.ok_or(ApiError::NotFound)
    }
}

impl<'r> FromParam<'r> for RuleNamePath {
    type Error = Infallible;

    fn from_param(segment: &'r str) -> Result<RuleNamePath, Infallible> {
        Ok(RuleNamePath(segment.parse().ok()))
    }
}
