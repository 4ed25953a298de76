//! Requests about rebuilding scores.

use crate::domain::EventDate;
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::request::request;

request! {
    /// Which scores are rebuilt.
    pub struct Recalculate {
        /// The first day; by default the first of the recent days.
        optional from_date: EventDate,
    }
}

impl Recalculate {
    /// The first day.
    ///
    /// # Errors
    /// It is after today.
    pub fn first_day(&self, app: &App) -> Result<EventDate, ApiError> {
        const ACCEPTED: &str = "a day that exists, as YYYY-MM-DD; a recalculation can't begin after today";
        let today = app.clock.today();
        let first = self.from_date.unwrap_or_else(|| today.minus_days(app.recent_days));
        if first > today { Err(ApiError::invalid("from_date", ACCEPTED)) } else { Ok(first) }
    }
}
