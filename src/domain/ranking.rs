//! How positions are counted.

use std::str::FromStr;

use super::unacceptable::Unacceptable;

/// Which positions users with equal scores get. The names are those of SQL's window functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranking {
    /// Equal scores share a position, and the next score gets the next number: 1, 2, 2, 3.
    DenseRank,
    /// Equal scores share a position, and leave a gap after it: 1, 2, 2, 4.
    Rank,
    /// No two users share a position; users with equal scores are in the order of their ids: 1, 2, 3, 4.
    RowNumber,
}

impl FromStr for Ranking {
    type Err = Unacceptable;

    fn from_str(text: &str) -> Result<Ranking, Unacceptable> {
        match text {
            "dense_rank" => Ok(Ranking::DenseRank),
            "rank" => Ok(Ranking::Rank),
            "row_number" => Ok(Ranking::RowNumber),
            _ => Err(Unacceptable { accepted: "dense_rank, rank or row_number" }),
        }
    }
}
