//! The direction of a list.

use std::ops::RangeInclusive;

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

    /// The id of a range that comes first.
    pub(super) fn first(self, ids: &RangeInclusive<i64>) -> i64 {
        match self {
            Order::Ascending => *ids.start(),
            Order::Descending => *ids.end(),
        }
    }

    /// What is left of a range that begins with `id` instead.
    pub(super) fn from(self, id: i64, ids: &RangeInclusive<i64>) -> RangeInclusive<i64> {
        match self {
            Order::Ascending => id..=*ids.end(),
            Order::Descending => *ids.start()..=id,
        }
    }

    /// What is left of a range past `id`; `None`: nothing can come after that id.
    pub(super) fn past(self, id: i64, ids: &RangeInclusive<i64>) -> Option<RangeInclusive<i64>> {
        let next = match self {
            Order::Ascending => id.checked_add(1),
            Order::Descending => id.checked_sub(1),
        };
        next.map(|next| self.from(next, ids))
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
