//! `import --list`: what was imported, and when.

use std::path::Path;

use crate::cli::database::failed;
use crate::cli::{Failure, print, table};
use crate::store::Store;
use crate::store::imports::{self, Import};

/// Prints a line for each import.
pub fn run(store: &Store, database: &Path) -> Result<(), Failure> {
    let all = store.read_blocking(|connection| imports::list(connection)).map_err(|error| failed(database, &error))?;
    let head = ["ID", "IMPORTED", "BY", "LINES", "EVENTS", "STATE", "FILE"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(all.iter().map(row));
    print(&table::columns(&rows))
}

fn row(import: &Import) -> [String; 7] {
    let state = match import {
        Import { undone_at: Some(at), .. } => format!("taken back {at}"),
        Import { undo_began_at: Some(_), .. } => "being taken back, or broken off".to_owned(),
        Import { ended_at: None, .. } => "under way, or broken off".to_owned(),
        _ => "done".to_owned(),
    };
    [
        import.id.to_string(),
        import.began_at.to_string(),
        import.by.to_string(),
        import.records.to_string(),
        import.events.to_string(),
        state,
        import.name.chars().map(|character| if character.is_control() { ' ' } else { character }).collect(),
    ]
}
