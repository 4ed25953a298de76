//! The rollup: proves that every score is the sum of its events, and repairs those that are not.
//!
//! Scores are kept with the events, so on a file that only the API writes to it finds nothing. It is there for what
//! something else wrote into the file: today's scores are looked through often, the last days' daily, older ones by a
//! recalculation or a backfill. It never stops the writer: it reads day by day, and writes differences only, a bounded
//! number in a transaction.

mod rebuild;
mod recalculation;

pub use rebuild::{Progress, Rebuilt, rebuild};
pub use recalculation::{Rollup, RollupThread, Status};

use crate::store::StoreError;

/// Why a rebuild did not come to its end. What it had repaired is right and stays.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RollupError {
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
