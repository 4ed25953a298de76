//! A copy of the file before it is laid out anew.
//!
//! A migration is one transaction: it is done or not done. The copy is for whoever wants to go back to the program before.

use std::path::Path;

use super::error::StoreError;
use super::{backup, file, layout};

/// Makes a backup of a file beside it, if the migrations that it lacks write whole tables anew: `….before-V16`, where 16 is the
/// layout that it gets. A backup of that name, from an attempt before, is overwritten.
///
/// # Errors
/// [`StoreError::NoBackup`] if it can't be made.
pub(super) fn back_up_before(database: &Path) -> Result<(), StoreError> {
    let Some(layout) = layout::of_file(database)? else { return Ok(()) };
    if !layout::is_rewritten_from(layout) {
        return Ok(());
    }
    let copy = file::beside(database, &format!(".before-V{}", layout::newest()));
    match backup::back_up(database, &copy, true) {
        Ok(bytes) => {
            log::info!("before it is laid out anew, the database was backed up to {} ({bytes} bytes)", copy.display());
            Ok(())
        }
        Err(error) => Err(StoreError::NoBackup(copy, error.to_string())),
    }
}
