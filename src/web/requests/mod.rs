//! The requests of the API and of the pages' forms that ask for the same, one file for each resource.

pub mod boards;
pub mod directory;
pub mod events;
pub mod leaderboard;
pub mod recalculation;
pub mod users;
