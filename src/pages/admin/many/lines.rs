//! Lines as awards, or with what is wrong in them.

use std::collections::HashMap;

use super::input;
use crate::actions::Actor;
use crate::domain::{Award, UserId};
use crate::pages::admin::form::Fault;
use crate::pages::admin::who;
use crate::pages::error_page::ErrorPage;
use crate::store::StoreError;
use crate::tables::{self, EventLine, Row, Rows, Who};
use crate::web::App;
use crate::web::batch::aside;
use crate::web::error::ApiError;
use crate::web::request::RECORDS_MAX;

/// A line that can be stored.
#[derive(Debug, Clone)]
pub struct GoodLine {
    /// Where it stands, from 1.
    pub number: u64,
    /// What it stores.
    pub award: Award,
    /// A line before it that is about the same user, where that is worth a second look.
    pub same_as: Option<u64>,
}

/// A line that can't be stored.
#[derive(Debug, Clone)]
pub struct BadLine {
    /// Where it stands, from 1.
    pub number: u64,
    /// Why not, in words for a person.
    pub why: String,
}

/// The lines of a text, in their order.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// Those that can be stored.
    pub good: Vec<GoodLine>,
    /// Those that can't be stored.
    pub bad: Vec<BadLine>,
}

/// Why a text has no lines.
pub enum NoLines {
    /// The text as a whole is wrong.
    Fault(Fault),
    /// The database can't be asked.
    Page(ErrorPage),
}

impl From<Fault> for NoLines {
    fn from(fault: Fault) -> NoLines {
        NoLines::Fault(fault)
    }
}

impl From<StoreError> for NoLines {
    fn from(error: StoreError) -> NoLines {
        NoLines::Page(error.into())
    }
}

impl Lines {
    /// Moves what the actor's key may not store to the bad lines.
    pub fn permitted(mut self, actor: &Actor) -> Lines {
        let refused = self.good.extract_if(.., |line| actor.require(line.award.scope()).is_err());
        self.bad.extend(refused.map(|line| {
            let deed = if i64::from(line.award.points) < 0 { "take points away" } else { "give points" };
            BadLine { number: line.number, why: format!("points: your key may not {deed}") }
        }));
        self.bad.sort_by_key(|line| line.number);
        self
    }
}

fn too_many(field: &'static str) -> Fault {
    const SENTENCE: &str =
        "These are more than 10,000 lines. The command “scorekeeper import” takes files of any length.";
    Fault::new(field, SENTENCE)
}

impl BadLine {
    /// A line whose value in a column is not what it has to be.
    pub fn of(number: u64, error: &ApiError) -> BadLine {
        let why = match error {
            ApiError::Missing(name) => format!("{name}: it is missing"),
            ApiError::Invalid { name, accepted } => format!("{name}: it is not {accepted}"),
            error => error.sentence(),
        };
        BadLine { number, why }
    }
}

/// Reads names, one in a line. Each gets the points of `award`. A blank line is passed over.
pub async fn of_names(app: &App, text: &str, field: &'static str, award: &Award) -> Result<Lines, NoLines> {
    let names: Vec<(u64, String)> = (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    if names.len() > RECORDS_MAX {
        return Err(too_many(field).into());
    }
    let found = who::user_ids(app, names.iter().map(|(_, name)| name.clone()).collect()).await?;
    let mut lines = Lines::default();
    let mut seen: HashMap<UserId, u64> = HashMap::new();
    for ((number, name), found) in names.into_iter().zip(found) {
        match found {
            Some(user_id) => {
                let same_as = seen.get(&user_id).copied();
                seen.entry(user_id).or_insert(number);
                lines.good.push(GoodLine { number, award: Award { user_id, ..award.clone() }, same_as });
            }
            None => lines.bad.push(unknown(number, &name)),
        }
    }
    Ok(lines)
}

/// Reads a table: CSV whose first line names the columns.
pub async fn of_table(app: &App, text: String, field: &'static str) -> Result<Lines, NoLines> {
    let rows = rows_of_table::<EventLine>(text, field).await?;
    let name = |row: &tables::Line<EventLine>| match &row.row {
        Ok(EventLine { who: Who::Name(name), .. }) => Some(name.clone()),
        _ => None,
    };
    let names: Vec<_> = rows.iter().filter_map(name).collect();
    let mut found = app.actions.numbers_of(names).await?.into_iter();
    let mut lines = Lines::default();
    for tables::Line { number, row } in rows {
        let row = match row {
            Ok(row) => row,
            Err(fault) => {
                lines.bad.push(BadLine { number, why: fault.to_string() });
                continue;
            }
        };
        let EventLine { who, date, points, description, .. } = row;
        let user_id = match who {
            Who::Id(id) => id,
            Who::Name(name) => match found.next().flatten() {
                Some(id) => id,
                None => {
                    lines.bad.push(unknown(number, name.as_str()));
                    continue;
                }
            },
        };
        let award = Award { user_id, date, points, description, minimum_score: None };
        lines.good.push(GoodLine { number, award, same_as: None });
    }
    Ok(lines)
}

/// The rows of a table: CSV whose first line names the columns.
pub async fn rows_of_table<T: Row + Send + 'static>(
    text: String,
    field: &'static str,
) -> Result<Vec<tables::Line<T>>, NoLines> {
    let read = move || {
        let text = input::with_commas(text);
        let said = |error: tables::Unreadable| format!("This can't be read: {error}.");
        let rows = Rows::<T, _>::new(text.as_bytes(), tables::Form::CSV).map_err(said)?;
        rows.take(RECORDS_MAX + 1).collect::<Result<Vec<_>, _>>().map_err(said)
    };
    let rows = aside(read).await.map_err(|error| NoLines::Page(error.into()))?;
    let rows = rows.map_err(|sentence| Fault::new(field, sentence))?;
    if rows.len() > RECORDS_MAX { Err(too_many(field).into()) } else { Ok(rows) }
}

fn unknown(number: u64, name: &str) -> BadLine {
    BadLine { number, why: format!("nobody in the directory is called “{name}”") }
}
