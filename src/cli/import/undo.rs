//! `import --undo`: takes back what a file stored, in short transactions.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use indicatif::HumanCount;

use super::Database;
use crate::cli::bulk::Source;
use crate::cli::database::failed;
use crate::cli::{Failure, print};
use crate::store::imports::{self, Import};

/// The pause between two transactions, in which a server that writes to the same file gets its turn.
const PAUSE: Duration = Duration::from_millis(2);

/// Takes back all that stands of a file's imports.
pub fn run(database: &Database, file: &Path) -> Result<(), Failure> {
    let (name, imports) = imports_of(database, file)?;
    let Some(last) = imports.last() else {
        return Err(Failure::Failed(format!(
            "{name} was not imported into this database, so there is nothing to take back"
        )));
    };
    let standing: Vec<&Import> = imports.iter().filter(|import| import.undone_at.is_none()).collect();
    if standing.is_empty() {
        let when = last.undone_at.map(|at| format!(" on {at}")).unwrap_or_default();
        return print(&format!("undone nothing: {name} was taken back before{when}\n"));
    }
    let mut events = 0;
    for import in standing {
        loop {
            let step = database.actions.undo_import_step(&database.actor, import.id);
            let step = step.map_err(|refusal| database.failure(refusal))?;
            events += step.events;
            if !step.more {
                break;
            }
            std::thread::sleep(PAUSE);
        }
    }
    print(&format!("undone: {} events of {name} are taken back\n", HumanCount(events)))
}

/// The imports of a file, by what is in it. If there is no such file, of the number that is given instead.
fn imports_of(database: &Database, file: &Path) -> Result<(String, Vec<Import>), Failure> {
    let number = file.to_str().and_then(|text| text.parse::<i64>().ok()).filter(|_| !file.exists());
    if let Some(number) = number {
        let all = database
            .store
            .read_blocking(|connection| imports::list(connection))
            .map_err(|error| failed(&database.path, &error))?;
        let imports = all.into_iter().filter(|import| import.id == number).collect();
        return Ok((format!("import {number}"), imports));
    }
    let mut source = Source::open(file, &database.path)?;
    let unreadable = |error: io::Error| Failure::Failed(format!("{} can't be read: {error}", file.display()));
    let mut reading = source.read().map_err(unreadable)?;
    io::copy(&mut reading.buffered().by_ref(), &mut io::sink()).map_err(unreadable)?;
    let digest = reading.digest();
    let imports = database.actions.imports_of(&digest).map_err(|refusal| database.failure(refusal))?;
    Ok((source.name, imports))
}
