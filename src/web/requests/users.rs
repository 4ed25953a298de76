//! Requests about a user's scores.

use crate::domain::{EventDate, Period};
use crate::web::request::request;

request! {
    /// A user's score.
    pub struct ShowScore {
        /// The period over which it is summed.
        defaulted period: Period = "all_time",
    }
}

request! {
    /// A user's scores day by day.
    pub struct ShowDays {
        /// The first day.
        optional from_date: EventDate,
        /// The last day.
        optional to_date: EventDate,
    }
}
