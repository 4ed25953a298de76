//! The scores of a leaderboard: what events do not explain of a day's score becomes one event of that day.

use super::check::{self, Report};
use super::pieces::in_pieces;
use super::{Context, Table};
use crate::cli::Failure;
use crate::domain::Description;
use crate::store::moved::{DayScore, Matched};
use crate::tables::{DiscourseScore, Fault};

/// What such an event is for.
const DESCRIPTION: &str = "Discourse activity";

/// Checks all scores: they have to be of one leaderboard, and each user and day may come once.
pub fn check(context: &Context<'_>, table: &mut Table) -> Result<Report, Failure> {
    let mut board = None;
    // A day and a user as one number, in the order in which the queries of the documentation give them.
    let key = |score: &DiscourseScore| {
        let days = score.date.days_since(crate::domain::EventDate::MIN).unsigned_abs();
        days << 31 | i64::from(score.user_id).unsigned_abs()
    };
    let twice = "the user has a score on that day already; the file has to hold the scores of one leaderboard";
    check::rows(context, table, key, ("user_id", twice), |score: &DiscourseScore| {
        let is_other = score.leaderboard_id.is_some_and(|id| *board.get_or_insert(id) != id);
        Ok(if is_other {
            Err(Fault::in_column("leaderboard_id", "the lines above are of another leaderboard"))
        } else {
            Ok(())
        })
    })
}

/// Stores what is missing. Returns how many days there are, and how many events that took.
pub fn store(context: &Context<'_>, table: &mut Table) -> Result<(u64, u64), Failure> {
    let (mut days, mut events) = (0, 0);
    let description = Description::try_from(DESCRIPTION.to_owned()).map_err(Failure::failed)?;
    let rows = |score: DiscourseScore| {
        let DiscourseScore { user_id, date, score, .. } = score;
        Ok(DayScore { user_id, date, score: score.into() })
    };
    in_pieces(context, table, "storing scores", rows, |piece| {
        days += piece.len() as u64;
        let matched = context.actions.match_scores(&context.actor, piece, description.clone());
        match matched.map_err(|refusal| context.refused(refusal))? {
            Matched::Done { stored } => events += stored,
            Matched::TooFar(DayScore { user_id, date, score }) => {
                return Err(Failure::Failed(format!(
                    "user {user_id} has so many points on {date} that no event can make them the score {score}"
                )));
            }
        }
        Ok(())
    })?;
    Ok((days, events))
}
