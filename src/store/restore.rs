//! Putting a backup in place of the database.
//!
//! Whoever ends this at any moment finds the old database whole, or the new one: never a new file beside the write-ahead log of
//! an old one, which SQLite would mix. So the steps have an order:
//!
//! 1. The database is locked against every other process, and stays so.
//! 2. The backup is copied beside the database, under another name, and checked. Nothing else has been touched yet.
//! 3. What is there now gets a second name, `….before-restore`; of the files beside it a copy is made. All that is flushed.
//! 4. The old database is read, and the copy is told which ids were given (see `id_floor`), and flushed.
//! 5. SQLite moves the old write-ahead log into the old database, which is whole without it from then on.
//! 6. The files beside the old database are removed.
//! 7. The copy is renamed to the database. This is the one step in which the new takes the place of the old.
//!
//! Nothing is closed or changed after that: a server may have begun on the new file already.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rustix::fs::FlockOperation;

use super::backup::{self, BackupError, Part};
use super::id_floor::GivenIds;
use super::{connection, file, layout, revoked_keys};

/// How the name of what was there before ends.
const BEFORE: &str = ".before-restore";

/// What a copy is called before it takes the place of the database: with this and [`backup::PART`] behind its name.
const NEW: &str = ".restoring";

/// The files that SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What was put in place.
#[derive(Debug)]
pub struct Restored {
    /// Where that is which was there before; `None`: there was nothing.
    pub kept: Option<PathBuf>,
    /// Why ids that were given since the backup may be given again; `None`: they will not be.
    pub ids_unknown: Option<String>,
    /// The numbers of the keys that were revoked since the backup, and work again.
    pub revived_keys: Vec<i64>,
}

/// Puts a backup in place of the database.
///
/// # Errors
/// Another process has the database open; the backup is no sound database of ours, or of a newer layout; a file can't be
/// written. The old database is as it was then.
pub fn restore(database: &Path, from: &Path) -> Result<Restored, BackupError> {
    backup::source_layout(from)?;
    // The name may be a link to a file elsewhere, beside which SQLite keeps its own files.
    let database = &database.canonicalize().unwrap_or_else(|_| database.to_owned());
    if backup::same_file(database, from) {
        return Err(BackupError::Itself(from.to_owned()));
    }
    let folder = file::folder_of(database);
    file::create_folder(folder).map_err(|error| BackupError::Io(folder.to_owned(), error))?;
    let mut old = Old::lock(database)?;
    let new = Part::begin(&file::beside(database, NEW))?;
    let source = Connection::open_with_flags(from, backup::read_only())?;
    backup::copy(&source, from, &new.path, &Arc::default())?;
    drop(source);
    // Opening a database can change it: SQLite throws away a log that it can't use. So what is there is kept before.
    let kept = old.keep()?;
    let known = old.read()?;
    let mut copy = Connection::open_with_flags(&new.path, connection::flags())?;
    let (mut ids_unknown, mut revived_keys) = (None, Vec::new());
    match known {
        Known::Nothing => {}
        Known::Unreadable(why) => ids_unknown = Some(why),
        Known::Read { ids, revoked } => {
            ids.keep_from(&mut copy)?;
            revived_keys = revoked_keys::working(&copy, &revoked)?;
        }
    }
    drop(copy);
    new.flush()?;
    old.make_whole()?;
    let fault = |error| BackupError::Io(database.to_owned(), error);
    remove_companions(database).map_err(fault)?;
    // From here on the copy is all that may be left, if a step fails.
    let new = new.keep();
    std::fs::rename(new, database).map_err(fault)?;
    file::flush_folder_of(database).map_err(fault)?;
    Ok(Restored { kept, ids_unknown, revived_keys })
}

fn remove_companions(database: &Path) -> io::Result<()> {
    for ending in COMPANIONS {
        match std::fs::remove_file(file::beside(database, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // A log that came back after a power loss would be taken for one of the new file.
    file::flush_folder_of(database)
}

/// What the old database says.
enum Known {
    /// There is none.
    Nothing,
    /// It can't be read, for this reason.
    Unreadable(String),
    /// It was read.
    Read {
        /// How far its ids have come.
        ids: GivenIds,
        /// Its keys that are revoked.
        revoked: revoked_keys::Revoked,
    },
}

/// The database that is to be replaced, locked against every other process.
struct Old<'p> {
    path: &'p Path,
    /// Locked as a whole; `None`: there is no file. Neither this nor the connection is ever closed: closing any handle of the
    /// file takes away all locks that this process holds on it (sqlite.org/howtocorrupt.html, 2.2).
    file: Option<ManuallyDrop<File>>,
    /// `None`: it can't be read as a database of ours.
    connection: Option<ManuallyDrop<Connection>>,
}

impl Old<'_> {
    fn lock(path: &Path) -> Result<Old<'_>, BackupError> {
        if !path.exists() {
            return Ok(Old { path, file: None, connection: None });
        }
        let file = File::options().read(true).write(true).open(path);
        let file = file.map_err(|error| BackupError::Io(path.to_owned(), error))?;
        let old = Old { path, file: Some(ManuallyDrop::new(file)), connection: None };
        old.lock_again()?;
        Ok(old)
    }

    /// Locks the whole file. Everybody who has the database open holds a lock on some bytes of it, so this fails then; and
    /// nobody can open it as long as this lock is held. What SQLite does in this process loosens the lock, so it is taken again
    /// after that.
    fn lock_again(&self) -> Result<(), BackupError> {
        let Some(file) = &self.file else { return Ok(()) };
        match rustix::fs::fcntl_lock(&**file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(()),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => Err(BackupError::InUse(self.path.to_owned())),
            Err(error) => Err(BackupError::Io(self.path.to_owned(), error.into())),
        }
    }

    /// Reads what the new database has to know of the old one.
    fn read(&mut self) -> Result<Known, BackupError> {
        if self.file.is_none() {
            return Ok(Known::Nothing);
        }
        let known = self.try_read();
        self.lock_again()?;
        Ok(known.unwrap_or_else(Known::Unreadable))
    }

    fn try_read(&mut self) -> Result<Known, String> {
        let opened = Connection::open_with_flags(self.path, connection::flags()).map_err(|error| error.to_string())?;
        let connection = self.connection.insert(ManuallyDrop::new(opened));
        let read = || -> rusqlite::Result<Option<Known>> {
            let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
            if id != layout::APPLICATION_ID {
                return Ok(None);
            }
            let ids = GivenIds::read(connection)?;
            Ok(Some(Known::Read { ids, revoked: revoked_keys::read(connection)? }))
        };
        let known = match read() {
            Ok(Some(known)) => return Ok(known),
            Ok(None) => "it is not a scorekeeper database".to_owned(),
            Err(error) => error.to_string(),
        };
        // What is not ours, or damaged, is kept as it is.
        self.connection = None;
        Err(known)
    }

    /// Gives what is there a second name that nothing has yet, and copies the files beside it.
    fn keep(&self) -> Result<Option<PathBuf>, BackupError> {
        let there = |path: &Path| path.symlink_metadata().is_ok();
        let endings: Vec<&str> =
            [""].into_iter().chain(COMPANIONS).filter(|ending| there(&file::beside(self.path, ending))).collect();
        if endings.is_empty() {
            return Ok(None);
        }
        let is_free = |kept: &PathBuf| {
            let mut names = [""].into_iter().chain(COMPANIONS).map(|ending| file::beside(kept, ending));
            !names.any(|name| there(&name))
        };
        let numbered = (2_u32..).map(|number| file::beside(self.path, &format!("{BEFORE}-{number}")));
        let first = file::beside(self.path, BEFORE);
        let Some(kept) = [first].into_iter().chain(numbered).find(is_free) else { return Ok(None) };
        for ending in endings {
            let (from, to) = (file::beside(self.path, ending), file::beside(&kept, ending));
            // The database only gets a second name, which takes no space. Some file systems have no second names.
            let end = if ending.is_empty() { std::fs::hard_link(&from, &to) } else { copy_flushed(&from, &to) };
            end.or_else(|_| copy_flushed(&from, &to)).map_err(|error| BackupError::Io(to, error))?;
        }
        file::flush_folder_of(&kept).map_err(|error| BackupError::Io(kept.clone(), error))?;
        Ok(Some(kept))
    }

    /// Moves the log into the database, if SQLite can read it.
    fn make_whole(&self) -> Result<(), BackupError> {
        self.lock_again()?;
        if let Some(connection) = &self.connection {
            connection.pragma_update(None, "synchronous", "full")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        self.lock_again()
    }
}

/// Copies a file and writes the copy to the disk.
fn copy_flushed(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::copy(from, to)?;
    let copy = File::open(to)?;
    file::make_private(&copy)?;
    copy.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::check::{Faults, LAYOUT_OF_MONTHS, check};
    use crate::store::connection::open_writer;
    use crate::store::{OpenMode, bulk};

    #[test]
    fn files_of_every_layout_are_backed_up_checked_and_restored() {
        for earlier in 1..=layout::newest() {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let [file, copy] = ["scores.db", "copy.db"].map(|name| folder.path().join(name));
            let old = layout::make_earlier(&file, i32::try_from(earlier).expect("a small number"));
            let event = "INSERT INTO score_events (id, user_id, date, points) VALUES (?1, 13, '2023-04-14', 15)";
            old.execute(event, [5]).expect("an event");
            if earlier >= LAYOUT_OF_MONTHS {
                let score = "INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 13, 14, 15, 1)";
                old.execute(score, []).expect("a score");
            } else if earlier >= 2 {
                let score = "INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-04-14', 15, 1)";
                old.execute(score, []).expect("a score");
            }
            let layout = layout::of_file(&file).expect("a layout");
            assert_eq!(check(&file).expect("it can be read"), Faults::default(), "layout {earlier}");
            backup::back_up(&file, &copy, false).expect("a backup");
            assert_eq!(check(&copy).expect("it can be read"), Faults::default(), "layout {earlier}");
            old.execute(event, [70]).expect("an event");
            // It is in the history alone, or was counted, as the layout has it.
            old.execute("DELETE FROM score_events WHERE id = 70", []).expect("a deletion");
            let revision = "INSERT INTO event_revisions (event_id, revision, at, by, action, points)
                            VALUES (70, 1, 1, 'ada', 'create', 15), (70, 2, 2, 'ada', 'delete', 15)";
            old.execute(revision, []).expect("a history");
            drop(old);
            let restored = restore(&file, &copy).expect("it is put in place");
            assert_eq!((restored.ids_unknown, restored.revived_keys), (None, vec![]), "layout {earlier}");
            assert_eq!(layout::of_file(&file).expect("a layout"), layout);
            let connection = open_writer(&file, OpenMode::Serve).expect("the layout of today");
            assert_eq!(bulk::next_id(&connection).expect("an id"), 71, "layout {earlier}");
            if earlier >= 2 {
                assert_eq!(check(&file).expect("it can be read"), Faults::default(), "layout {earlier}");
            }
        }
    }
}
