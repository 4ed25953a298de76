//! Lines of tables of Discourse.

use super::cells::{Cell, Cells};
use super::events::{accepted, read_description};
use super::fault::Fault;
use super::rows::Row;
use crate::domain::{Description, EventDate, EventId, Points, Timestamp, UserId, Username};

const MOMENT: &str = "a moment, as 2023-04-14 09:30:00";

/// The highest id that an event may bring along: every JSON reader can hold it, and there is room for new ids above it.
const EVENT_ID_MAX: i64 = 1 << 52;

/// A row of `gamification_score_events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscourseEvent {
    /// Its number in Discourse, which it keeps.
    pub id: EventId,
    /// Whose points these are.
    pub user_id: UserId,
    /// The day they are for.
    pub date: EventDate,
    /// How many points.
    pub points: Points,
    /// What they are for.
    pub description: Option<Description>,
    /// When it was stored in Discourse.
    pub created_at: Option<Timestamp>,
    /// When it was last changed in Discourse.
    pub updated_at: Option<Timestamp>,
}

impl Row for DiscourseEvent {
    const COLUMNS: &'static [&'static str] =
        &["id", "user_id", "date", "points", "description", "created_at", "updated_at"];
    const NEEDED: &'static [&'static [&'static str]] = &[&["id"], &["user_id"], &["date"], &["points"]];

    fn read(cells: &Cells<'_>) -> Result<DiscourseEvent, Fault> {
        let id: i64 = cells.whole(0, "the number of an event")?.ok_or_else(|| cells.missing(0))?;
        if !(1..=EVENT_ID_MAX).contains(&id) {
            return Err(Fault::in_column("id", format!("{id} is not a number from 1 to {EVENT_ID_MAX}")));
        }
        Ok(DiscourseEvent {
            id: EventId(id),
            user_id: cells.whole(1, accepted::USER_ID)?.ok_or_else(|| cells.missing(1))?,
            date: cells.parsed(2, accepted::DATE)?.ok_or_else(|| cells.missing(2))?,
            points: cells.whole(3, accepted::POINTS)?.ok_or_else(|| cells.missing(3))?,
            description: read_description(cells, 4)?,
            created_at: cells.parsed(5, MOMENT)?,
            updated_at: cells.parsed(6, MOMENT)?,
        })
    }
}

/// A row of `users`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscourseUser {
    /// The user's number.
    pub id: UserId,
    /// The username.
    pub username: Username,
    /// The full name; an empty text if there is none.
    pub name: String,
    /// The number of the user's picture. `None`: the file does not say. `Some(None)`: there is none.
    pub uploaded_avatar_id: Option<Option<i64>>,
    /// Until when the user is suspended. `None`: the file does not say. `Some(None)`: not at all.
    pub suspended_till: Option<Option<Timestamp>>,
}

/// The longest name, in characters, as for a name that comes over HTTP.
const NAME_CHARACTERS_MAX: usize = 255;

impl Row for DiscourseUser {
    const COLUMNS: &'static [&'static str] = &["id", "username", "name", "uploaded_avatar_id", "suspended_till"];
    const NEEDED: &'static [&'static [&'static str]] = &[&["id"], &["username"]];

    fn read(cells: &Cells<'_>) -> Result<DiscourseUser, Fault> {
        let name = cells.text(2)?.unwrap_or_default().trim().to_owned();
        if name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(Fault::in_column("name", format!("it has more than {NAME_CHARACTERS_MAX} characters")));
        }
        let avatar = cells.whole(3, "the number of an upload")?;
        let suspended_till = match cells.get(4) {
            // PostgreSQL writes the end of a suspension that has none in this way.
            Cell::Text(text) if text.trim() == "infinity" => Some(Timestamp::from_millis(i64::MAX / 1_000_000)),
            _ => cells.parsed(4, MOMENT)?,
        };
        Ok(DiscourseUser {
            id: cells.whole(0, accepted::USER_ID)?.ok_or_else(|| cells.missing(0))?,
            username: cells.parsed(1, accepted::USERNAME)?.ok_or_else(|| cells.missing(1))?,
            name,
            uploaded_avatar_id: cells.has_column(3).then_some(avatar),
            suspended_till: cells.has_column(4).then_some(suspended_till),
        })
    }
}

/// A row of `gamification_leaderboard_scores`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscourseScore {
    /// Whose score it is.
    pub user_id: UserId,
    /// The day.
    pub date: EventDate,
    /// The score.
    pub score: Points,
    /// The leaderboard; the file may leave it out, but must not hold scores of several.
    pub leaderboard_id: Option<i64>,
}

impl Row for DiscourseScore {
    const COLUMNS: &'static [&'static str] = &["user_id", "date", "score", "leaderboard_id"];
    const NEEDED: &'static [&'static [&'static str]] = &[&["user_id"], &["date"], &["score"]];

    fn read(cells: &Cells<'_>) -> Result<DiscourseScore, Fault> {
        Ok(DiscourseScore {
            user_id: cells.whole(0, accepted::USER_ID)?.ok_or_else(|| cells.missing(0))?,
            date: cells.parsed(1, accepted::DATE)?.ok_or_else(|| cells.missing(1))?,
            score: cells.whole(2, accepted::POINTS)?.ok_or_else(|| cells.missing(2))?,
            leaderboard_id: cells.whole(3, "the number of a leaderboard")?,
        })
    }
}
