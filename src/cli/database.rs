//! The database that a command works on: opening it to write, and what is said if that fails.

use std::io::IsTerminal;
use std::path::Path;

use super::Failure;
use crate::actions::Refusal;
use crate::domain::Clock;
use crate::logging;
use crate::store::{OpenMode, OpenOptions, Store, StoreError, WriterThread};

/// Opens the database. If a command makes one, it says so to whoever sits at a terminal: somebody who gives it in another folder
/// than the server's would otherwise take its work for done.
pub fn open(file: &Path, mode: OpenMode, clock: Clock) -> Result<(Store, WriterThread), Failure> {
    let is_there = file.exists();
    let opened = Store::open(file, OpenOptions::new(mode, clock)).map_err(|error| failed(file, &error))?;
    if !is_there && std::io::stderr().is_terminal() {
        let file = file.display();
        logging::say(&format!("scorekeeper: there was no database {file}, so it was made; --database names another"));
    }
    Ok(opened)
}

/// The failure of a command that met this fault.
pub fn failed(file: &Path, error: &StoreError) -> Failure {
    let hint = if matches!(error, StoreError::Missing(_)) { "; --database names another" } else { "" };
    Failure::Failed(format!("database {}: {error}{hint}", file.display()))
}

/// The failure of a command whose change was refused.
pub fn refused(file: &Path, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Store(error) => failed(file, &error),
        other => Failure::failed(other),
    }
}
