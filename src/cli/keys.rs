//! `keys`: makes, lists, replaces and revokes API keys, beside a running server if there is one.

use std::io::Write;
use std::time::Duration;

use chrono::TimeDelta;

use super::reading::Reading;
use super::table::columns;
use super::{Failure, database, wait};
use crate::actions::{Actions, Actor, KeyRefusal, Refusal};
use crate::config::Settings;
use crate::domain::{Clock, EventDate, KeyRef, Networks, Permissions, PlainKey, Username};
use crate::logging;
use crate::show::show;
use crate::store::api_keys::{ApiKey, NewKey};
use crate::store::key_lines::{self, KeyState};
use crate::store::{OpenMode, StoreError};

/// The longest time for which a key that is replaced may go on working.
const GRACE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

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
        /// What the key may do: any of events:read, events:award, events:deduct, events:correct, recalculate, boards,
        /// users, keys, export, metrics, with commas between them; without it, all
        #[arg(long, value_name = "LIST")]
        scopes: Option<Permissions>,
        /// The key may not change anything: as --scopes events:read,export,metrics
        #[arg(long, conflicts_with = "scopes")]
        read_only: bool,
        /// The networks from which the key may be used, such as 192.0.2.0/24,2001:db8::/32; without it, from anywhere
        #[arg(long, value_name = "LIST")]
        networks: Option<Networks>,
        /// The last day on which the key works
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires: Option<EventDate>,
    },
    /// List all keys, with the characters that they begin with
    List,
    /// Make a key useless, from the next request on, and whatever was made with it
    Revoke {
        /// The key's number in the list
        id: i64,
    },
    /// Make a key that takes another's place, with the same rights, and print it, this once
    Rotate {
        /// The number in the list of the key that is replaced
        id: i64,
        /// How long the key that is replaced goes on working, such as 7d, 1h or 0s
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = grace)]
        grace: TimeDelta,
    },
}

impl Command {
    /// Whether it changes nothing.
    pub fn only_reads(&self) -> bool {
        matches!(self, Command::List)
    }
}

/// Lists all keys.
fn list(settings: &Settings) -> Result<(), Failure> {
    let failed = |error: StoreError| database::failed(&settings.database, &error);
    let reading = Reading::begin(settings).map_err(failed)?;
    let at = Actions::new(reading.store.clone(), Clock::system(settings.time_zone)).circumstances();
    let keys = reading.store.read_blocking(move |connection| key_lines::list(connection, &at)).map_err(failed);
    reading.end();
    super::print(&table(&keys?))
}

/// Runs one of the commands.
pub fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    if command.only_reads() {
        return list(settings);
    }
    let mode = if matches!(command, Command::Create { .. }) { OpenMode::Create } else { OpenMode::Existing };
    let clock = Clock::system(settings.time_zone);
    let (store, writer) = database::open(&settings.database, mode, clock.clone())?;
    let actions = Actions::new(store.clone(), clock);
    // The log of administration says that this name has done it.
    let actor = Actor::of_command_line("system".parse().expect("a username that fits"));
    let refused = |refusal: Refusal| match refusal {
        Refusal::Store(StoreError::NotShown(error)) => {
            Failure::Failed(format!("stdout can't be written, so the key is not kept: {error}"))
        }
        other => database::refused(&settings.database, other),
    };
    let print = |plain: &PlainKey| show(&std::io::stdout(), &format!("{}\n", plain.reveal()));
    let output = match command {
        Command::Create { username, description, scopes, read_only, networks, expires } => {
            let permissions = scopes.unwrap_or(if read_only { Permissions::READ_ONLY } else { Permissions::ALL });
            let networks = networks.unwrap_or_default();
            let new = NewKey { username, permissions, networks, description, expires_on: expires };
            wait(actions.create_and_show_key(&actor, new, print))?.map_err(refused)?;
            String::new()
        }
        // This was done before the file was opened to write.
        Command::List => String::new(),
        Command::Revoke { id } => {
            wait(actions.revoke_key(&actor, id))?
                .map_err(|refusal| about(id, &refusal).unwrap_or_else(|| refused(refusal)))?;
            format!("key {id} is revoked\n")
        }
        Command::Rotate { id, grace } => {
            let rotated = wait(actions.rotate_and_show_key(&actor, id, grace, print))?;
            let rotated = rotated.map_err(|refusal| about(id, &refusal).unwrap_or_else(|| refused(refusal)))?;
            let until = if grace.is_zero() { "no longer".to_owned() } else { format!("until {}", rotated.old_ends_at) };
            logging::say(&format!("scorekeeper: key {} takes the place of key {id}, which works {until}", rotated.id));
            String::new()
        }
    };
    writer.stop();
    std::io::stdout().write_all(output.as_bytes()).map_err(Failure::failed)
}

/// Why something could not be done with the key of that number, if it is because of the key.
fn about(id: i64, refusal: &Refusal) -> Option<Failure> {
    let why = match refusal {
        Refusal::Unknown => format!("there is no key {id}"),
        Refusal::Key(KeyRefusal::Ended(KeyState::Revoked)) => {
            format!("key {id} is revoked; make a new one with keys create")
        }
        Refusal::Key(KeyRefusal::Ended(KeyState::MakerEnded)) => {
            format!(
                "key {id} works no longer, since the key that it was made with does not; make a new one with keys create"
            )
        }
        Refusal::Key(KeyRefusal::Ended(_)) => format!("key {id} has expired; make a new one with keys create"),
        Refusal::Key(KeyRefusal::Replaced { successor_id }) => {
            format!("key {successor_id} has taken the place of key {id} already; rotate that one")
        }
        _ => return None,
    };
    Some(Failure::Failed(why))
}

/// Reads how long a key that is replaced goes on working.
fn grace(text: &str) -> Result<TimeDelta, String> {
    let span = humantime::parse_duration(text).ok().filter(|span| *span <= GRACE_MAX);
    let span = span.and_then(|span| TimeDelta::from_std(span).ok());
    span.ok_or_else(|| "a time such as \"24h\", \"7d\" or \"0s\" is expected, at most 366 days".to_owned())
}

/// The keys as a table of columns, headed by their names.
fn table(keys: &[(ApiKey, KeyState)]) -> String {
    let head = [
        "ID",
        "KEY",
        "STATE",
        "USERNAME",
        "SCOPES",
        "NETWORKS",
        "CREATED",
        "EXPIRES",
        "LAST USED",
        "REVOKED",
        "MADE WITH",
        "DESCRIPTION",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(keys.iter().map(|(key, state)| row(key, *state)));
    columns(&rows)
}

fn row(key: &ApiKey, state: KeyState) -> [String; 12] {
    fn or_dash(value: Option<impl ToString>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let description = key.description.as_deref().unwrap_or("-");
    [
        key.id.to_string(),
        format!("{}…", key.prefix),
        match state {
            KeyState::Works if key.ends_at.is_some() => "replaced",
            KeyState::Works => "active",
            KeyState::Revoked => "revoked",
            KeyState::Expired => "expired",
            KeyState::MakerEnded => "ended",
        }
        .to_owned(),
        key.username.as_ref().map_or_else(|| "(all users)".to_owned(), Username::to_string),
        match key.permissions {
            Permissions::ALL => "all".to_owned(),
            Permissions::READ_ONLY => "read-only".to_owned(),
            some => some.to_string(),
        },
        or_dash(Some(&key.networks).filter(|networks| !networks.are_everywhere())),
        key.created_at.to_string(),
        // A replaced key has the moment at which it ends, unless its last day is over before.
        key.ends_at.map_or_else(|| or_dash(key.expires_on), |moment| moment.to_string()),
        or_dash(key.last_used_at),
        or_dash(key.revoked_at),
        match key.made_with {
            KeyRef::Stored(id) => id.to_string(),
            KeyRef::Configured => "configured".to_owned(),
            KeyRef::CommandLine | KeyRef::Webhook => "-".to_owned(),
        },
        description.chars().map(|character| if character.is_control() { ' ' } else { character }).collect(),
    ]
}
