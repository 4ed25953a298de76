//! The rollup checks that every score is the sum of its events, and repairs the scores that are not.
//!
//! Scores are stored together with the events. So the rollup finds nothing to repair in a file that only the API writes
//! to. It is there in case something else wrote into the file. Today's scores are checked often, those of the last days
//! daily, and older ones by a recalculation or a backfill. The rollup never stops the writer: it reads day by day and
//! writes only the differences, a limited number in each transaction.

mod figures;
mod rebuild;
mod recalculation;

pub use figures::Figures;
pub use rebuild::{Progress, Rebuilt, rebuild};
pub use recalculation::{Rollup, RollupThread, Status};

use crate::store::StoreError;

/// Why a rebuild stopped before its end. What it had repaired until then is right and stays.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RollupError {
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
