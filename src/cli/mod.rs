//! The command line: its arguments, its subcommands (one file each) and its exit codes.
//!
//! Exit codes: 0 if it is done, 1 if it could not be done, 2 if the arguments are wrong. Each fault is one line on
//! stderr.

mod backfill;
mod bulk;
mod copies;
mod database;
mod export;
mod healthcheck;
mod import;
mod import_discourse;
mod keys;
mod reading;
mod settings;
mod shell;
mod table;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::config::{self, Settings};
use crate::{logging, server, store};

/// Gives, corrects and redeems a community's points. Without arguments it serves.
#[derive(Debug, Parser)]
#[command(name = "scorekeeper", version, about)]
struct Arguments {
    /// The SQLite file; beats the environment (SCOREKEEPER_DATABASE) and Rocket.toml
    #[arg(long, value_name = "FILE", global = true)]
    database: Option<PathBuf>,

    /// Recalculate the scores of every day from this one on, then exit; a server may run on the same file
    #[arg(long, value_name = "YYYY-MM-DD")]
    backfill_from: Option<String>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make, list, replace and revoke API keys
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// Store events out of a file; list what was imported; take it back
    Import(import::Arguments),
    /// Write all events, scores, users or leaderboards to stdout
    Export(export::Arguments),
    /// Take over events, users and scores out of tables of Discourse
    ImportDiscourse(import_discourse::Arguments),
    /// Copy the database into a file, beside a running server, and check the copy
    Backup(copies::BackupArguments),
    /// Put a backup in place of the database; what stood there is kept beside it
    Restore(copies::RestoreArguments),
    /// Look for faults in the database: its structure, and scores that are not the sums of their events
    Check,
    /// Ask whether the server of these settings is ready
    Healthcheck,
    /// Show every setting, its value and where it comes from
    Settings,
    /// Print the script by which a shell completes commands
    Completions {
        /// Which shell
        shell: shell::Shell,
    },
    /// Print the manual, for man
    Man,
}

/// Why a command ended without its result.
#[derive(Debug)]
enum Failure {
    /// The arguments are wrong: exit code 2.
    Usage(String),
    /// It could not be done: exit code 1.
    Failed(String),
}

impl Failure {
    fn failed(error: impl ToString) -> Failure {
        Failure::Failed(error.to_string())
    }
}

/// Waits for the end of an action, on this thread.
fn wait<T>(action: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    Ok(runtime.block_on(action))
}

/// Prints a text on stdout.
fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::failed)
}

/// Does what the arguments of the process ask for.
pub fn run() -> ExitCode {
    let arguments = Arguments::try_parse().and_then(|arguments| match arguments {
        Arguments { backfill_from: Some(_), command: Some(_), .. } => {
            Err(clap::Error::raw(ErrorKind::ArgumentConflict, "--backfill-from can't be combined with a subcommand\n"))
        }
        arguments => Ok(arguments),
    });
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let end = dispatch(arguments);
    log::logger().flush();
    let (why, code) = match end {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Failed(why)) => (why, 1),
        Err(Failure::Usage(why)) => (why, 2),
    };
    logging::say(&format!("scorekeeper: {why}"));
    ExitCode::from(code)
}

fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { database, backfill_from, command } = arguments;
    let figment = config::figment();
    let load = |database| Settings::load(&figment, database).map_err(Failure::failed);
    let load_to_change = |database| load(database).and_then(reading::expect_own);
    match (command, backfill_from) {
        (Some(Command::Completions { shell }), _) => shell::completions(Arguments::command(), shell),
        (Some(Command::Man), _) => shell::manual(Arguments::command()),
        (Some(Command::Settings), _) => settings::run(&figment, database),
        (Some(Command::Keys { command }), _) => {
            keys::run(&if command.only_reads() { load(database) } else { load_to_change(database) }?, command)
        }
        (Some(Command::Export(arguments)), _) => export::run(&load(database)?, &arguments),
        (Some(Command::ImportDiscourse(arguments)), _) => import_discourse::run(&load_to_change(database)?, arguments),
        (Some(Command::Import(arguments)), _) => {
            import::run(&if arguments.only_reads() { load(database) } else { load_to_change(database) }?, arguments)
        }
        (Some(Command::Backup(arguments)), _) => copies::back_up(&load(database)?, &arguments),
        (Some(Command::Restore(arguments)), _) => copies::restore(&load_to_change(database)?, &arguments),
        (Some(Command::Check), _) => copies::check(&load(database)?),
        (Some(Command::Healthcheck), _) => {
            healthcheck::run(&load(database)?, config::address(&figment).map_err(Failure::failed)?)
        }
        (None, Some(from)) => backfill::run(&load_to_change(database)?, &from),
        (None, None) => {
            let settings = load(database)?;
            logging::start(settings.log_file.as_deref(), settings.log_format).map_err(Failure::failed)?;
            server::serve(&settings, figment, store::GROUP_MAX).map_err(Failure::failed)
        }
    }
}
