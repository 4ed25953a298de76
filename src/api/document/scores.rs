//! What the document says of scores and of their recalculation.

use crate::api::recalculation::{self, Recalculation};
use crate::api::users::{self, Days, Score};
use crate::domain::{EventDate, Period, UserId};
use crate::web::document::{Of, Operation, Shaped, operation, shape};
use crate::web::error::ApiError;
use crate::web::kinds::Parameter;
use crate::web::reply::Success;

shape! {
    /// A user's standing in a period.
    static SCORE = "Score" {
        /// Whose it is.
        user_id: Of::Kind(UserId::KIND),
        /// The username; user-13 where the directory lacks it.
        username: Of::Text("ann"),
        /// The period over which it is summed.
        period: Of::Kind(Period::KIND),
        /// The sum of the points.
        total_score: Of::Integer(15),
        /// The rank by score; null without events in the period.
        position: Of::Nullable(&Of::Integer(1)),
    }
}

shape! {
    /// A user's score on a day.
    static DAY = "DayScore" {
        /// The day.
        date: Of::Kind(EventDate::KIND),
        /// The sum of its events.
        score: Of::Integer(15),
    }
}

shape! {
    /// A user's scores day by day.
    static DAYS = "DayScores" {
        /// The days that have events, oldest first.
        days: Of::List(&Of::Shape(&DAY)),
    }
}

shape! {
    /// How far a recalculation is, and how many more may be asked for.
    static RECALCULATION = "Recalculation" {
        /// Whether one is running.
        running: Of::Flag(false),
        /// The first day of the one that runs, or of the last one.
        from_date: Of::Nullable(&Of::Like(&Of::Kind(EventDate::KIND), r#""2023-04-01""#)),
        /// How many days are done.
        days_done: Of::Integer(15),
        /// How many days there are to do.
        days_total: Of::Integer(15),
        /// When it began.
        started_at: Of::Nullable(&Of::Timestamp),
        /// When it ended.
        finished_at: Of::Nullable(&Of::Timestamp),
        /// How many more may be asked for within 24 hours.
        remaining: Of::Integer(4),
    }
}

shape! {
    /// A change is made, and has no data to return.
    pub static SUCCESS = "Success" {
        /// Always `OK`.
        success: Of::Word(&["OK"]),
    }
}

impl Shaped for Score {
    const OF: Of = Of::Shape(&SCORE);
}

impl Shaped for Days {
    const OF: Of = Of::Shape(&DAYS);
}

impl Shaped for Recalculation {
    const OF: Of = Of::Shape(&RECALCULATION);
}

impl Shaped for Success {
    const OF: Of = Of::Shape(&SUCCESS);
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    vec![
        operation!(users::score, "get_score", "Show a user's score")
            .details("Needs no key, unless the setting public is false. Someone without events has 0.")
            .sample("period=weekly"),
        operation!(users::days, "list_days", "Show a user's scores day by day")
            .details("Days without events are left out.")
            .sample("from_date=2023-04-01&to_date=2023-04-30"),
        operation!(recalculation::request, "recalculate_scores", "Rebuild scores")
            .details(
                "In the background, from a day up to today's events. Without from_date it begins some days ago (setting recent_days). \
                 A date in the future is a 400. At most some a day (setting recalculations_per_day), else 429.",
            )
            .sample(r#"{"from_date": "2023-04-01"}"#)
            .refuses([ApiError::RateLimit { wait_seconds: 3600 }]),
        operation!(recalculation::show, "get_recalculation", "Show how a recalculation stands"),
    ]
}
