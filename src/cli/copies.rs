//! `backup`, `restore` and `check`: copies of the whole database, and whether it is sound.

use std::path::{Path, PathBuf};

use super::{Failure, database, print};
use crate::config::Settings;
use crate::logging;
use crate::store::backup::{self, BackupError};
use crate::store::check;
use crate::store::restore::{self, Restored};

/// Where a backup goes.
#[derive(Debug, clap::Args)]
pub struct BackupArguments {
    /// The file to make
    file: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

/// What is put in place of the database.
#[derive(Debug, clap::Args)]
pub struct RestoreArguments {
    /// A file that `backup` or the timed backups have made
    file: PathBuf,
}

/// Makes a backup.
pub fn back_up(settings: &Settings, arguments: &BackupArguments) -> Result<(), Failure> {
    let BackupArguments { file, force } = arguments;
    let bytes = backup::back_up(&settings.database, file, *force).map_err(|error| failed("backup", file, &error))?;
    let (database, file) = (settings.database.display(), file.display());
    print(&format!("backed up {database} to {file} ({bytes} bytes, checked)\n"))
}

/// Puts a backup in place of the database.
pub fn restore(settings: &Settings, RestoreArguments { file }: &RestoreArguments) -> Result<(), Failure> {
    let database = &settings.database;
    let restored = restore::restore(database, file).map_err(|error| failed("restore", file, &error))?;
    let Restored { kept, ids_unknown, revived_keys } = restored;
    let kept = kept.map_or_else(String::new, |kept| format!("; what stood there is {}", kept.display()));
    print(&format!("restored {} from {}{kept}\n", database.display(), file.display()))?;
    if let Some(why) = ids_unknown {
        let why = format!("the database that stood there can't be read ({why})");
        logging::say(&format!("scorekeeper: {why}, so ids given since the backup may be given again"));
    }
    if !revived_keys.is_empty() {
        let keys: Vec<String> = revived_keys.iter().map(i64::to_string).collect();
        let keys = keys.join(", ");
        logging::say(&format!(
            "scorekeeper: revoked since the backup, and working again: keys {keys}; see keys revoke"
        ));
    }
    Ok(())
}

fn failed(what: &str, file: &Path, error: &BackupError) -> Failure {
    Failure::Failed(format!("{what} {}: {error}", file.display()))
}

/// Looks for faults in the database, and prints a line for each.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    let database = settings.database.display();
    let faults = check::check(&settings.database).map_err(|error| database::failed(&settings.database, &error))?;
    let Some(first) = faults.told.first() else { return print("ok\n") };
    let more = if faults.more > 0 { format!("and {} more\n", faults.more) } else { String::new() };
    print(&format!("{}\n{more}", faults.told.join("\n")))?;
    Err(Failure::Failed(match faults.count() {
        1 => format!("database {database} has a fault: {first}"),
        count => format!("database {database} has {count} faults; the first: {first}"),
    }))
}
