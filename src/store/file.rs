//! The database as a file of the operating system: who may read it, and whether it is still in its place.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, RenameFlags, renameat_with};
use tempfile::TempPath;

/// Files are for the user who runs the program, and for nobody else. SQLite gives `-wal` and `-shm` the same rights.
const FILE_MODE: u32 = 0o600;

/// The same for folders.
const FOLDER_MODE: u32 = 0o700;

/// The rights that the user's group and all others have.
const OTHERS: u32 = 0o077;

/// The device and the inode of a file. The operating system knows the file by them, wherever it lies.
pub(super) type Identity = (u64, u64);

/// The identity of the file at a path.
///
/// On Linux, nothing but the identity is asked for. Whoever asks for a file's times makes the next write note a new time of
/// change (since 6.13: multigrain timestamps, docs.kernel.org/filesystems/multigrain-ts.html), and the flush after it writes that down too:
/// with ext4 that was 40 microseconds more for each commit.
#[cfg(target_os = "linux")]
pub(super) fn identity(file: &Path) -> io::Result<Identity> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
    match statx(CWD, file, AtFlags::empty(), StatxFlags::INO) {
        Ok(found) => Ok((makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino)),
        // Old kernels and some sandboxes don't have the call.
        Err(rustix::io::Errno::NOSYS) => identity_by_metadata(file),
        Err(error) => Err(error.into()),
    }
}

/// The identity of the file at a path.
#[cfg(not(target_os = "linux"))]
pub(super) fn identity(file: &Path) -> io::Result<Identity> {
    identity_by_metadata(file)
}

fn identity_by_metadata(file: &Path) -> io::Result<Identity> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The files that are open. They are noted so that it can be seen whether their paths still lead to them.
#[derive(Debug)]
pub(super) struct Place {
    database: PathBuf,
    log: PathBuf,
    /// `None`: something else may put another file there at any time.
    database_identity: Option<Identity>,
    /// `None`: SQLite had not made the write-ahead log yet.
    log_identity: Option<Identity>,
}

impl Place {
    /// Notes which files lie at the paths of an open database.
    pub fn of(database: &Path) -> io::Result<Place> {
        let log = beside(database, "-wal");
        let log_identity = identity(&log).ok();
        Ok(Place { database_identity: Some(identity(database)?), database: database.to_owned(), log, log_identity })
    }

    /// The place of a followed file, whichever file lies there.
    pub fn of_followed(database: &Path) -> Place {
        let log = beside(database, "-wal");
        Place { database: database.to_owned(), log, database_identity: None, log_identity: None }
    }

    /// Whether the open files still lie where they were opened. If they do not, whatever is written goes into files that
    /// nobody will find again. Costs two calls of the operating system.
    pub fn holds(&self) -> bool {
        let is = |file: &Path, known: Option<Identity>| {
            known.is_none_or(|known| identity(file).is_ok_and(|found| found == known))
        };
        is(&self.database, self.database_identity) && is(&self.log, self.log_identity)
    }

    /// The path of the database.
    pub fn path(&self) -> &Path {
        &self.database
    }

    /// How many bytes may still be written on the disk that holds the database.
    pub fn bytes_free(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(folder_of(&self.database))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// The path of a file that SQLite keeps beside a database.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The folder of a file: `.` for a bare name.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder, and those above it that are missing, for this user alone.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folder(above)?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        // The umask takes rights away, and may have taken some that are needed. All that will be in the folder is lost with its
        // name.
        Ok(()) => {
            std::fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))?;
            flush_folder_of(folder)
        }
        // Another process has made it in the meantime.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes an empty file for this user alone, unless there is a file.
pub(super) fn create_file(file: &Path) -> io::Result<()> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(file) {
        Ok(new) => new.set_permissions(Permissions::from_mode(FILE_MODE)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes an empty file for this user alone, beside `file` and under a name that it has for the moment. It is removed if it gets no
/// other.
pub(super) fn create_beside(file: &Path) -> io::Result<TempPath> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new = tempfile::Builder::new().prefix(&format!(".{name}.new-")).tempfile_in(folder_of(file))?;
    make_private(new.as_file())?;
    Ok(new.into_temp_path())
}

/// Writes a file to the disk and gives it its name, so that a power loss leaves it whole or not at all. If there is a file of that name,
/// that one stays.
pub(super) fn name_if_free(new: TempPath, file: &Path) -> io::Result<()> {
    File::open(&new)?.sync_all()?;
    match rename_if_free(&new, file) {
        Ok(()) => {
            // It has gone from where it would be removed.
            let _ = new.keep();
            flush_folder_of(file)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives a file a name that no file has.
pub(super) fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Not every file system can do that in one step.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_err() => {
            std::fs::rename(from, to)
        }
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => Err(ErrorKind::AlreadyExists.into()),
        Err(error) => Err(error.into()),
    }
}

/// Takes all rights to a file away from everyone but this user.
pub(super) fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(FILE_MODE))
}

/// Writes to the disk which files lie in the folder of `file`, so that a new or another name outlives a power loss.
pub(super) fn flush_folder_of(file: &Path) -> io::Result<()> {
    File::open(folder_of(file))?.sync_all()
}

/// The rights of a file (as in `chmod`), if anyone except its owner has any.
pub(super) fn mode_for_others(file: &Path) -> Option<u32> {
    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Whether this user may make files in a folder. SQLite has to: its write-ahead log lies beside the database.
pub(super) fn may_write_in(folder: &Path) -> bool {
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_lost_with_any_of_its_files_and_found_again_with_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = folder.path().join("scores.db");
        for name in ["scores.db", "scores.db-wal"] {
            std::fs::write(folder.path().join(name), name).expect("a file");
        }
        let place = Place::of(&database).expect("a place");
        for name in ["scores.db", "scores.db-wal"] {
            assert!(place.holds());
            let (file, away) = (folder.path().join(name), folder.path().join("away"));
            std::fs::rename(&file, &away).expect("it can be moved");
            assert!(!place.holds(), "without {name}");
            std::fs::write(&file, name).expect("another file");
            assert!(!place.holds(), "with another {name}");
            std::fs::rename(&away, &file).expect("it can be moved back");
        }
        assert!(place.holds());
    }
}
