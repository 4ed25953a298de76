//! A line of a file of events that is to be imported.

use super::cells::Cells;
use super::fault::Fault;
use super::rows::Row;
use crate::domain::{Description, EventDate, IdempotencyKey, Points, UserId, Username};

/// What is accepted in columns of several tables, in words for a person.
pub(super) mod accepted {
    pub const USER_ID: &str = "a number from 1 to 2147483647";
    pub const USERNAME: &str = "a username of 1 to 60 characters that can all be seen";
    pub const DATE: &str = "a date that exists, as YYYY-MM-DD";
    pub const POINTS: &str = "a whole number from -2147483648 to 2147483647";
    pub const DESCRIPTION: &str = "a description of at most 10000 characters";
}

/// Whom points are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The user of this number.
    Id(UserId),
    /// The user with this username; the directory has to know the number.
    Name(Username),
}

/// An event to be stored. Columns of an export that an import does not keep are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Whom the points are for. A `user_id` decides alone.
    pub who: Who,
    /// The day they are for.
    pub date: EventDate,
    /// How many points.
    pub points: Points,
    /// What they are for.
    pub description: Option<Description>,
    /// A line whose key was imported before is passed over.
    pub key: Option<IdempotencyKey>,
}

const USER_ID: usize = 0;
const USERNAME: usize = 1;
const DATE: usize = 2;
const POINTS: usize = 3;
const DESCRIPTION: usize = 4;
const KEY: usize = 5;

impl Row for EventLine {
    const COLUMNS: &'static [&'static str] =
        &["user_id", "username", "date", "points", "description", "idempotency_key"];
    const NEEDED: &'static [&'static [&'static str]] = &[&["user_id", "username"], &["date"], &["points"]];

    fn read(cells: &Cells<'_>) -> Result<EventLine, Fault> {
        Ok(EventLine {
            who: read_who(cells)?,
            date: cells.parsed(DATE, accepted::DATE)?.ok_or_else(|| cells.missing(DATE))?,
            points: cells.whole(POINTS, accepted::POINTS)?.ok_or_else(|| cells.missing(POINTS))?,
            description: read_description(cells, DESCRIPTION)?,
            key: read_key(cells)?,
        })
    }
}

fn read_who(cells: &Cells<'_>) -> Result<Who, Fault> {
    if let Some(id) = cells.whole(USER_ID, accepted::USER_ID)? {
        return Ok(Who::Id(id));
    }
    let name = cells.parsed(USERNAME, accepted::USERNAME)?;
    name.map(Who::Name).ok_or_else(|| cells.missing(USER_ID))
}

/// A description in a column; an empty text is one, and no value is none.
pub(super) fn read_description(cells: &Cells<'_>, column: usize) -> Result<Option<Description>, Fault> {
    let Some(text) = cells.text(column)? else { return Ok(None) };
    let description = Description::try_from(text.into_owned());
    description.map(Some).map_err(|_| Fault::in_column("description", format!("it is not {}", accepted::DESCRIPTION)))
}

fn read_key(cells: &Cells<'_>) -> Result<Option<IdempotencyKey>, Fault> {
    let Some(text) = cells.text(KEY)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let key = IdempotencyKey::try_from(text.as_ref().to_owned());
    key.map(Some)
        .map_err(|_| Fault::unacceptable("idempotency_key", &text, "a key of 1 to 255 visible ASCII characters"))
}
