//! `export`: writes a whole table to stdout, beside a running server if there is one.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;

use super::bulk::FormatArgument;
use super::reading::Reading;
use super::{Failure, database};
use crate::config::Settings;
use crate::domain::{EventDate, UserId};
use crate::export::{Export, Table};
use crate::store::StoreError;
use crate::store::event_list::EventFilter;
use crate::store::export::ScoreFilter;
use crate::tables::Form;

/// What to export, and how.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which table
    #[arg(value_enum)]
    table: TableArgument,
    /// How it is written
    #[arg(long, value_enum, value_name = "csv|jsonl", hide_possible_values = true, default_value = "csv")]
    format: FormatArgument,
    /// Only events or scores of this user
    #[arg(long, value_name = "ID", value_parser = user_id)]
    user: Option<UserId>,
    /// Only events or scores of this day and later ones
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<EventDate>,
    /// Only events or scores of this day and earlier ones
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<EventDate>,
    /// Write texts as they are: without it, CSV has an apostrophe before a text that a spreadsheet would take for a formula
    #[arg(long)]
    raw: bool,
}

/// A table that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TableArgument {
    /// All events, with who stored them and when
    Events,
    /// The score of each user on each day
    Scores,
    /// The users of the directory
    Users,
    /// The leaderboards
    Boards,
}

fn user_id(text: &str) -> Result<UserId, String> {
    let id = text.parse::<i64>().ok().and_then(|id| UserId::try_from(id).ok());
    id.ok_or_else(|| "a user id from 1 to 2147483647 is expected".to_owned())
}

/// Writes the table.
pub fn run(settings: &Settings, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { table, format, user, from, to, raw } = *arguments;
    let is_filtered = user.is_some() || from.is_some() || to.is_some();
    let table = match table {
        TableArgument::Events => Table::Events(EventFilter {
            user_ids: user.into_iter().collect(),
            from_date: from,
            to_date: to,
            ..EventFilter::all()
        }),
        TableArgument::Scores => Table::Scores(ScoreFilter {
            user_id: user,
            from: from.unwrap_or(EventDate::MIN),
            to: to.unwrap_or(EventDate::MAX),
            after: None,
        }),
        TableArgument::Users | TableArgument::Boards if is_filtered => {
            return Err(Failure::Usage("--user, --from and --to are for events and scores".to_owned()));
        }
        TableArgument::Users => Table::Users,
        TableArgument::Boards => Table::Boards,
    };
    let failed = |error: StoreError| database::failed(&settings.database, &error);
    let reading = Reading::begin(settings).map_err(failed)?;
    let mut export = Export::new(table, Form { format: format.into(), raw });
    let end = stdout().and_then(|mut stdout| {
        while !export.is_done() {
            let page = reading.store.read_blocking(|connection| export.page(connection)).map_err(failed)?;
            match stdout.write_all(&page) {
                // Whoever reads has had enough, as `head` has after its lines.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                written => written.map_err(|error| Failure::Failed(format!("stdout can't be written: {error}")))?,
            }
        }
        Ok(())
    });
    reading.end();
    end
}

/// Stdout without the buffer of the standard library, which would look for line ends in every page.
fn stdout() -> Result<File, Failure> {
    Ok(File::from(std::io::stdout().as_fd().try_clone_to_owned().map_err(Failure::failed)?))
}
