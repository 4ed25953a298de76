//! One ranked user.

use crate::domain::UserId;

/// One ranked user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The sum over the window.
    pub score: i64,
    /// The user.
    pub user_id: UserId,
    /// The position, counted from 1.
    pub position: u32,
}

/// What a user lacks to a better place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextPlace {
    /// With so many points more, and not with fewer, the user stands better.
    pub points: i64,
    /// The position that this gives.
    pub position: u32,
}
