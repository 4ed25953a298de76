//! The requests of the API, one file for each resource. Forms of the pages that ask for the same use them too.

pub mod audit;
pub mod boards;
pub mod directory;
pub mod events;
pub mod leaderboard;
pub mod recalculation;
pub mod rules;
pub mod users;
