//! The first pass: everything is checked, and nothing is stored.

use super::Arguments;
use super::users::Users;
use crate::cli::Failure;
use crate::cli::bulk::{BadLines, Progress, Source, each_row};
use crate::cli::database::failed;
use crate::store::imports::{self, FileDigest};
use crate::tables::{EventLine, Form};

/// What the first pass has found.
pub struct Checked {
    /// How many lines are to be stored.
    pub good: u64,
    /// The bad ones.
    pub bad: BadLines,
    /// How many lines have keys that were imported before.
    pub known: u64,
    /// How many lines there are.
    pub records: u64,
    /// The digest of the file.
    pub digest: FileDigest,
}

/// Checks all lines of a file.
///
/// # Errors
/// The file or the directory can't be read, or the file for bad lines can't be written.
pub fn check(
    source: &mut Source,
    form: Form,
    users: &mut Users<'_>,
    arguments: &Arguments,
) -> Result<Checked, Failure> {
    let mut progress = Progress::new("checking", arguments.quiet);
    let mut bad = BadLines::new(form, arguments.skip_bad.as_deref());
    let (mut good, mut known) = (0, 0);
    let read = each_row::<EventLine>(source, form, &mut progress, |record, row| {
        let event = match row {
            Ok(line) => users.event_of(line)?,
            Err(fault) => Err(fault),
        };
        match event {
            Err(fault) => bad.add(&record, &fault)?,
            Ok(event) => match (&event.key, users.database()) {
                (Some(key), Some(database)) => {
                    let is_known = database.store.read_blocking(|connection| imports::is_known(connection, key));
                    *(if is_known.map_err(|error| failed(&database.path, &error))? {
                        &mut known
                    } else {
                        &mut good
                    }) += 1;
                }
                _ => good += 1,
            },
        }
        Ok(())
    })?;
    Ok(Checked { good, bad, known, records: read.records, digest: read.digest })
}
