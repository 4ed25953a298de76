//! `keys`: makes, lists and revokes API keys, beside a running server if there is one.

use std::io::Write;

use super::table::columns;
use super::{Failure, wait};
use crate::actions::{Actions, Actor, Refusal};
use crate::config::Settings;
use crate::domain::{Clock, EventDate, PlainKey, Username};
use crate::show::show;
use crate::store::api_keys::{self, ApiKey, NewKey};
use crate::store::{OpenMode, OpenOptions, Store, StoreError};

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a key and print it, this once
    Create {
        /// The one user that the key is for; without it, it is for all users
        #[arg(long, value_name = "NAME")]
        username: Option<Username>,
        /// What the key is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// The key may not change anything
        #[arg(long)]
        read_only: bool,
        /// The last day on which the key works
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires: Option<EventDate>,
    },
    /// List all keys, with the characters that they begin with
    List,
    /// Make a key useless, from the next request on
    Revoke {
        /// The key's number in the list
        id: i64,
    },
}

/// Runs one of the commands.
pub fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let mode = if matches!(command, Command::Create { .. }) { OpenMode::Create } else { OpenMode::Existing };
    let clock = Clock::system(settings.time_zone);
    let failed = |error: StoreError| Failure::Failed(format!("database {}: {error}", settings.database.display()));
    let (store, writer) = Store::open(&settings.database, OpenOptions::new(mode, clock.clone())).map_err(failed)?;
    let actions = Actions::new(store.clone(), clock);
    // The log of administration says that this name has done it.
    let actor = Actor::of_command_line("system".parse().expect("a username that fits"));
    let refused = |refusal: Refusal| match refusal {
        Refusal::Store(StoreError::NotShown(error)) => {
            Failure::Failed(format!("stdout can't be written, so the key is not kept: {error}"))
        }
        Refusal::Store(error) => failed(error),
        other => Failure::failed(other),
    };
    let output = match command {
        Command::Create { username, description, read_only, expires } => {
            let new = NewKey { username, read_only, description, expires_on: expires };
            let print = |plain: &PlainKey| show(&std::io::stdout(), &format!("{}\n", plain.reveal()));
            wait(actions.create_and_show_key(&actor, new, print))?.map_err(refused)?;
            String::new()
        }
        Command::List => table(&store.read_blocking(api_keys::list).map_err(failed)?),
        Command::Revoke { id } => match wait(actions.revoke_key(&actor, id))? {
            Ok(()) => format!("key {id} is revoked\n"),
            Err(Refusal::Unknown) => return Err(Failure::Failed(format!("there is no key {id}"))),
            Err(refusal) => return Err(refused(refusal)),
        },
    };
    writer.stop();
    std::io::stdout().write_all(output.as_bytes()).map_err(Failure::failed)
}

/// The keys as a table of columns, headed by their names.
fn table(keys: &[ApiKey]) -> String {
    let head = ["ID", "KEY", "USERNAME", "SCOPE", "CREATED", "EXPIRES", "LAST USED", "REVOKED", "DESCRIPTION"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(keys.iter().map(row));
    columns(&rows)
}

fn row(key: &ApiKey) -> [String; 9] {
    fn or_dash(value: Option<impl ToString>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let description = key.description.as_deref().unwrap_or("-");
    [
        key.id.to_string(),
        format!("{}…", key.prefix),
        key.username.as_ref().map_or_else(|| "(all users)".to_owned(), Username::to_string),
        if key.read_only { "read-only" } else { "read and write" }.to_owned(),
        key.created_at.to_string(),
        or_dash(key.expires_on),
        or_dash(key.last_used_at),
        or_dash(key.revoked_at),
        description.chars().map(|character| if character.is_control() { ' ' } else { character }).collect(),
    ]
}
