//! Requests about how leaderboards are set up.

use crate::actions::NewBoard;
use crate::domain::{EventDate, GroupId, LeaderboardName, LeaderboardSettings, Period};
use crate::web::error::ApiError;
use crate::web::kinds::{CreatorId, PeriodNumber};
use crate::web::request::request;

request! {
    /// A leaderboard that is to be made.
    pub struct CreateBoard {
        /// What it is called.
        required name: LeaderboardName,
        /// Who makes it: a user's number, or -1 for the system.
        required created_by_id: CreatorId,
        /// The first day that counts.
        optional from_date: EventDate,
        /// The last day that counts.
        optional to_date: EventDate,
        /// If any are named, the board is there for callers with a key only.
        list visible_to_groups_ids: GroupId,
        /// If any are named, only their members are ranked.
        list included_groups_ids: GroupId,
        /// Groups whose members are not ranked.
        list excluded_groups_ids: GroupId,
        /// The period that is shown if none is asked for, by its number.
        optional default_period: PeriodNumber,
        /// Whether only the default period is served.
        optional period_filter_disabled: bool,
    }
}

impl TryFrom<CreateBoard> for NewBoard {
    type Error = ApiError;

    fn try_from(asked: CreateBoard) -> Result<NewBoard, ApiError> {
        let created_by_id = Some(asked.created_by_id.get());
        let all = ReplaceBoard {
            name: asked.name,
            from_date: asked.from_date,
            to_date: asked.to_date,
            visible_to_groups_ids: asked.visible_to_groups_ids,
            included_groups_ids: asked.included_groups_ids,
            excluded_groups_ids: asked.excluded_groups_ids,
            default_period: asked.default_period,
            period_filter_disabled: asked.period_filter_disabled,
        };
        Ok(NewBoard { settings: all.try_into()?, created_by_id })
    }
}

request! {
    /// The name of a leaderboard that is to be made in the administration.
    pub struct NameBoard {
        /// What it is called.
        required name: LeaderboardName,
    }
}

impl TryFrom<NameBoard> for NewBoard {
    type Error = ApiError;

    fn try_from(asked: NameBoard) -> Result<NewBoard, ApiError> {
        Ok(NewBoard { settings: LeaderboardSettings::named(unreserved(asked.name)?), created_by_id: None })
    }
}

request! {
    /// All of a leaderboard but who made it.
    pub struct ReplaceBoard {
        /// What it is called.
        required name: LeaderboardName,
        /// The first day that counts.
        optional from_date: EventDate,
        /// The last day that counts.
        optional to_date: EventDate,
        /// If any are named, the board is there for callers with a key only.
        list visible_to_groups_ids: GroupId,
        /// If any are named, only their members are ranked.
        list included_groups_ids: GroupId,
        /// Groups whose members are not ranked.
        list excluded_groups_ids: GroupId,
        /// The period that is shown if none is asked for, by its number.
        optional default_period: PeriodNumber,
        /// Whether only the default period is served.
        optional period_filter_disabled: bool,
    }
}

impl TryFrom<ReplaceBoard> for LeaderboardSettings {
    type Error = ApiError;

    /// Fails if the name is reserved, or the last day is before the first.
    fn try_from(asked: ReplaceBoard) -> Result<LeaderboardSettings, ApiError> {
        if asked.from_date.zip(asked.to_date).is_some_and(|(from, to)| from > to) {
            return Err(ApiError::DatesReversed);
        }
        Ok(LeaderboardSettings {
            name: unreserved(asked.name)?,
            from_date: asked.from_date,
            to_date: asked.to_date,
            visible_to_groups_ids: asked.visible_to_groups_ids,
            included_groups_ids: asked.included_groups_ids,
            excluded_groups_ids: asked.excluded_groups_ids,
            default_period: asked.default_period.map_or(Period::AllTime, |PeriodNumber(period)| period),
            period_filter_disabled: asked.period_filter_disabled.unwrap_or(false),
        })
    }
}

fn unreserved(name: LeaderboardName) -> Result<LeaderboardName, ApiError> {
    if name.is_reserved() { Err(ApiError::NameReserved) } else { Ok(name) }
}
