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

    /// The id that comes first in a range.
    pub(super) fn first(self, ids: &RangeInclusive<i64>) -> i64 {
        match self {
            Order::Ascending => *ids.start(),
            Order::Descending => *ids.end(),
        }
    }

    /// The part of a range from `id` on.
    pub(super) fn from(self, id: i64, ids: &RangeInclusive<i64>) -> RangeInclusive<i64> {
        match self {
            Order::Ascending => id..=*ids.end(),
            Order::Descending => *ids.start()..=id,
        }
    }

    /// The part of a range after `id`; `None`: no id can come after it.
    pub(super) fn past(self, id: i64, ids: &RangeInclusive<i64>) -> Option<RangeInclusive<i64>> {
        let next = match self {
            Order::Ascending => id.checked_add(1),
            Order::Descending => id.checked_sub(1),
        };
        next.map(|next| self.from(next, ids))
    }

    /// A number that is greater the earlier the id comes in this direction. It is for heaps, which give their greatest
    /// element first.
    pub(super) fn rank(self, id: i64) -> i64 {
        match self {
            // Unlike the negative number, the complement exists for every id.
            Order::Ascending => !id,
            Order::Descending => id,
        }
    }
}
