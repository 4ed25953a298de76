//! Who is meant by a line: the directory knows the numbers of usernames.

use std::collections::HashMap;

use super::Database;
use crate::cli::database::failed;
use crate::cli::{Failure, wait};
use crate::domain::{UserId, Username};
use crate::store::imports::ImportedEvent;
use crate::tables::{EventLine, Fault, Who};

/// How many usernames are kept in memory.
const NAMES_MAX: usize = 50_000;

/// Finds users by their usernames, and remembers whom it has found.
pub struct Users<'d> {
    database: Option<&'d Database>,
    found: HashMap<String, Option<UserId>>,
}

impl<'d> Users<'d> {
    /// Nobody is looked up yet. Without a database, nobody is known.
    pub fn new(database: Option<&'d Database>) -> Users<'d> {
        Users { database, found: HashMap::new() }
    }

    /// The database that they are looked up in.
    pub fn database(&self) -> Option<&'d Database> {
        self.database
    }

    /// The event that a line asks for, or the fault that nobody has its username.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn event_of(&mut self, line: EventLine) -> Result<Result<ImportedEvent, Fault>, Failure> {
        let EventLine { who, date, points, description, key } = line;
        let user_id = match who {
            Who::Id(id) => id,
            Who::Name(name) => match self.id_of(&name)? {
                Some(id) => id,
                None => {
                    return Ok(Err(Fault::in_column(
                        "username",
                        format!("nobody is called {name:?}", name = name.as_str()),
                    )));
                }
            },
        };
        Ok(Ok(ImportedEvent { user_id, date, points, description, key }))
    }

    fn id_of(&mut self, name: &Username) -> Result<Option<UserId>, Failure> {
        let folded = name.folded();
        if let Some(found) = self.found.get(&folded) {
            return Ok(*found);
        }
        let found = match self.database {
            None => name.reserved_for(),
            Some(database) => {
                let found = wait(database.actions.numbers_of(vec![name.clone()]))?;
                let found = found.map_err(|error| failed(&database.path, &error))?;
                found.into_iter().next().flatten()
            }
        };
        if self.found.len() >= NAMES_MAX {
            self.found.clear();
        }
        self.found.insert(folded, found);
        Ok(found)
    }
}
