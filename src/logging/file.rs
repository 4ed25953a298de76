//! Opening the log file.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What a new log file allows: its owner may read and write it.
const MODE: u32 = 0o600;

/// Opens the file to add to its end. One that is made is for its owner alone, whatever the umask.
pub(super) fn open(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.append(true).mode(MODE);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // The umask can only have taken from the mode.
            file.set_permissions(Permissions::from_mode(MODE))?;
            Ok(file)
        }
        // It may be gone again by now, or be a link to a file that is still to be made.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.create(true).open(path),
        Err(error) => Err(error),
    }
}
