//! `import-discourse`: takes over events, users and the scores of one leaderboard out of tables of Discourse.
//!
//! All files are checked before anything is stored. What is here already is passed over, so the command can be given again.

mod check;
mod distinct;
mod events;
mod pieces;
mod scores;
mod users;

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::HumanCount;

use super::bulk::{Source, form_of};
use super::{Failure, database, logging};
use crate::actions::{Actions, Actor, Refusal};
use crate::config::Settings;
use crate::domain::{Clock, Username};
use crate::store::{OpenMode, Store, StoreError};

/// Which tables to take over.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("tables").required(true).multiple(true).args(["events", "users", "scores"])))]
pub struct Arguments {
    /// Events: id, user_id, date, points, description, created_at, updated_at. They keep their ids and times
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Users: id, username, name, and perhaps uploaded_avatar_id and suspended_till. They go to the directory
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Scores of one leaderboard: user_id, date, score. What events do not explain becomes one event of the day
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
    /// The address of the forum, as https://forum.example.org: pictures of users are shown from there
    #[arg(long, value_name = "URL")]
    forum: Option<String>,
    /// Check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
    /// The name under which the events are recorded
    #[arg(long = "as", value_name = "USERNAME", default_value = "import")]
    username: Username,
}

/// What the parts of the command work with.
struct Context<'s> {
    actions: Actions,
    store: Store,
    actor: Actor,
    clock: Clock,
    database: &'s Path,
    forum: Option<String>,
    quiet: bool,
}

impl Context<'_> {
    fn failed(&self, error: &StoreError) -> Failure {
        database::failed(self.database, error)
    }

    fn refused(&self, refusal: Refusal) -> Failure {
        database::refused(self.database, refusal)
    }
}

/// A file, opened.
struct Table {
    source: Source,
    path: PathBuf,
}

impl Table {
    fn open(path: Option<&PathBuf>, database: &Path) -> Result<Option<Table>, Failure> {
        path.map(|path| Ok(Table { source: Source::open(path, database)?, path: path.clone() })).transpose()
    }

    fn form(&self) -> crate::tables::Form {
        // Discourse puts no apostrophes before texts.
        form_of(&self.path, None, true)
    }
}

/// Takes the tables over.
pub fn run(settings: &Settings, arguments: Arguments) -> Result<(), Failure> {
    let clock = Clock::system(settings.time_zone);
    let file = &settings.database;
    let forum = arguments.forum.as_deref().map(forum_address).transpose()?;
    let (store, writer) = database::open(file, OpenMode::Create, clock.clone())?;
    let context = Context {
        actions: Actions::new(store.clone(), clock.clone()),
        store,
        actor: Actor::of_command_line(arguments.username.clone()),
        clock,
        database: file,
        forum,
        quiet: arguments.quiet,
    };
    let end = take_over(&context, &arguments);
    writer.stop();
    super::print(&format!("{}\n", end?))
}

/// Checks all tables, stores them, and returns the summary.
fn take_over(context: &Context<'_>, arguments: &Arguments) -> Result<String, Failure> {
    let began = Instant::now();
    let open = |path: &Option<PathBuf>| Table::open(path.as_ref(), context.database);
    let (mut users, mut events, mut scores) =
        (open(&arguments.users)?, open(&arguments.events)?, open(&arguments.scores)?);
    let renamed = users.as_mut().map(|table| users::check(context, table)).transpose()?;
    let checked_events = events.as_mut().map(|table| events::check(context, table)).transpose()?;
    let checked_scores = scores.as_mut().map(|table| scores::check(context, table)).transpose()?;
    let mut bad = 0;
    for (table, report) in [
        (&users, renamed.as_ref().map(|renamed| &renamed.report)),
        (&events, checked_events.as_ref()),
        (&scores, checked_scores.as_ref()),
    ] {
        if let (Some(table), Some(report)) = (table, report) {
            bad += report.bad;
            if report.bad > 0 {
                logging::say(&format!("in {}:", table.source.name));
                report.name();
            }
        }
    }
    if bad > 0 {
        return Err(Failure::Failed(format!("{} lines are bad, and nothing is stored", HumanCount(bad))));
    }
    if arguments.dry_run {
        return Ok("imported nothing, since this is a dry run: all lines are good".to_owned());
    }
    let mut said = Vec::new();
    if let (Some(table), Some(renamed)) = (&mut users, &renamed) {
        said.push(format!("{} users", HumanCount(users::store(context, table, renamed)?)));
    }
    if let Some(table) = &mut events {
        let (stored, passed_over) = events::store(context, table)?;
        said.push(format!("{} events ({} were here already)", HumanCount(stored), HumanCount(passed_over)));
    }
    if let Some(table) = &mut scores {
        let (days, stored) = scores::store(context, table)?;
        said.push(format!("{} days' scores with {} events", HumanCount(days), HumanCount(stored)));
    }
    Ok(format!("imported {} ({:.1} s)", said.join(", "), began.elapsed().as_secs_f64()))
}

/// The address of a forum without a slash at its end.
fn forum_address(text: &str) -> Result<String, Failure> {
    let address = text.trim_end_matches('/');
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(address.to_owned()),
        _ => Err(Failure::Usage(format!("--forum {text:?}: give an address such as https://forum.example.org"))),
    }
}
