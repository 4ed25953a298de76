//! Opening the log file.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The rights of a new log file: its owner may read and write it.
const MODE: u32 = 0o600;

/// Opens the file to add lines to its end. If the file has to be made, only its owner may use it, whatever the umask
/// is.
pub(super) fn open(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.append(true).mode(MODE);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // The umask may have taken rights away, but it can't have added any.
            file.set_permissions(Permissions::from_mode(MODE))?;
            Ok(file)
        }
        // The file may be gone again by now, or be a link to a file that does not exist yet.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.create(true).open(path),
        Err(error) => Err(error),
    }
}
