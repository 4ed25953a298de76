//! What is read of a delivery, before anything becomes of it.

use crate::domain::{Told, UserId};
use crate::store::directory::UserChange;

/// What was read of a delivery.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it tells of deeds.
    pub told: Vec<Told>,
    /// What it tells of a user.
    pub person: Option<(UserId, UserChange)>,
    /// What of it is left out, and why, each in words for people.
    pub left_out: Vec<String>,
}

impl Reading {
    /// A delivery that tells nothing that counts.
    pub fn ignored(why: &str) -> Reading {
        Reading { left_out: vec![format!("ignored: {why}")], ..Reading::default() }
    }

    /// News of one deed.
    pub fn of(told: Told) -> Reading {
        Reading { told: vec![told], ..Reading::default() }
    }
}

/// What has happened to a thing, by the end of the event's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was made.
    Made,
    /// It was removed.
    Removed,
    /// It was removed before, and is there again.
    Restored,
}
