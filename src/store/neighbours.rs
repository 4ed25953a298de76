//! Whether another process has the database open.
//!
//! A command that stores much gives way to a server that writes to the same file: short transactions, with pauses. That costs
//! time, so it is done only where there is somebody to give way to.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::path::Path;

use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};

use super::file::beside;

/// The byte of the file `-shm` that every process locks as long as it has the database open (`UNIX_SHM_DMS` in SQLite's
/// os_unix.c). The place is part of SQLite's file format, since all programs have to agree on it.
const OPEN_BYTE: u64 = 128;

/// Looks whether another process has a database open.
pub struct Neighbours {
    /// The file `-shm`. It is never closed: closing any handle of a file takes away the locks that SQLite holds on it for this
    /// process (sqlite.org/howtocorrupt.html, 2.2).
    shared: Option<ManuallyDrop<File>>,
}

impl Neighbours {
    /// Begins to look at a database, which this process has open.
    pub fn of(database: &Path) -> Neighbours {
        Neighbours { shared: File::open(beside(database, "-shm")).ok().map(ManuallyDrop::new) }
    }

    /// Whether another process has it open at this moment; `true` also if that can't be told.
    pub fn are_there(&self) -> bool {
        let Some(shared) = &self.shared else { return true };
        let lock = Flock {
            start: OPEN_BYTE,
            length: 1,
            pid: None,
            typ: FlockType::WriteLock,
            offset_type: FlockOffsetType::Set,
        };
        // The lock is not taken: this only tells which lock of another process would be in its way.
        !matches!(fcntl_getlk(&**shared, &lock), Ok(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenMode;
    use crate::store::connection::open_writer;

    #[test]
    fn this_process_is_nobody_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("scores.db");
        let connection = open_writer(&file, OpenMode::Create).expect("a new file");
        assert!(!Neighbours::of(&file).are_there());
        drop(connection);
        assert!(Neighbours::of(&folder.path().join("nothing")).are_there());
    }
}
