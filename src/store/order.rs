//! The direction of a list.

/// In which direction a list of events goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By id, lowest first.
    Ascending,
    /// By id, highest first.
    Descending,
}

impl Order {
    /// The word that asks SQL for this direction.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Order::Ascending => "ASC",
            Order::Descending => "DESC",
        }
    }

    /// A number that is the greater, the earlier the id comes in this direction: a heap gives its greatest first.
    pub(super) fn rank(self, id: i64) -> i64 {
        match self {
            // Unlike the negative number, the complement exists for every id.
            Order::Ascending => !id,
            Order::Descending => id,
        }
    }
}
