//! `/users/ID`: a user's scores.

use rocket::{State, get};
use serde::Serialize;

use crate::domain::{EventDate, LeaderboardId, Period, UserId};
use crate::standings::StandingsKey;
use crate::store::scores::{self, DayScore};
use crate::web::App;
use crate::web::caller::ScoreReader;
use crate::web::error::ApiError;
use crate::web::path::UserIdPath;
use crate::web::reply::Json;
use crate::web::request::Sent;
use crate::web::requests::users::{ShowDays, ShowScore};

/// A user's standing in a period.
#[derive(Debug, Serialize)]
pub struct Score {
    user_id: UserId,
    username: String,
    period: Period,
    total_score: i64,
    position: Option<u32>,
}

/// `{"days":[…]}`
#[derive(Debug, Serialize)]
pub struct Days {
    days: Vec<DayScore>,
}

/// A user's score over a period.
#[get("/users/<id>/score", data = "<asked>")]
pub async fn score(
    _reader: ScoreReader,
    app: &State<App>,
    id: UserIdPath,
    asked: Sent<ShowScore>,
) -> Result<Json<Score>, ApiError> {
    let user_id = id.known()?;
    let period = asked.read()?.period;
    // Both come from memory. In SQL, the place would need the sum of everyone's scores, and the score would need the
    // sum of all days of the user.
    let is_in_memory = app.standings.show_all_of_others();
    let key = StandingsKey::today(LeaderboardId::EVERYONE, period);
    let view = app.standings.view_now(key).await.ok_or(ApiError::Unavailable)?;
    let entry = view.ranked.get(user_id);
    let position = entry.map(|entry| entry.position);
    let total_score = if is_in_memory {
        entry.map_or(0, |entry| entry.score)
    } else {
        // Another program may just have changed scores. For a moment, the file is newer than memory.
        let window = period.window(app.clock.today());
        app.store.read(move |connection| scores::total(connection, user_id, &window)).await?
    };
    let username = app.standings.catalog().username(user_id).into_owned();
    Ok(Json(Score { user_id, username, period, total_score, position }))
}

/// A user's scores day by day.
#[get("/users/<id>/days", data = "<asked>")]
pub async fn days(
    _reader: ScoreReader,
    app: &State<App>,
    id: UserIdPath,
    asked: Sent<ShowDays>,
) -> Result<Json<Days>, ApiError> {
    let user_id = id.known()?;
    let ShowDays { from_date, to_date } = asked.read()?;
    let (first, last) = (from_date.unwrap_or(EventDate::MIN), to_date.unwrap_or(EventDate::MAX));
    let days = app.store.read(move |connection| scores::days(connection, user_id, &(first..=last))).await?;
    Ok(Json(Days { days }))
}
