//! What `litestream restore -f` does to a file, done by the test itself: a copy of a server's database that is kept current a
//! transaction at a time.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rustix::fs::{FlockOperation, fcntl_lock};
use tempfile::TempDir;

use super::{Server, Setup};

/// Where changes are made, as a follower tells it.
pub const ELSEWHERE: &str = "https://points.example";

/// The bytes of the first page by which SQLite sees that another program has written: they are not always among what is
/// applied.
const CHANGE_COUNTERS: [std::ops::Range<usize>; 2] = [24..28, 92..96];

/// A copy in a folder of its own.
pub struct Replica {
    pub folder: Arc<TempDir>,
    transactions: u64,
}

impl Replica {
    /// A folder with no copy in it yet.
    pub fn new() -> Replica {
        Replica { folder: Arc::new(TempDir::new().expect("a temporary folder")), transactions: 0 }
    }

    /// A folder with a copy of what a server has stored.
    pub fn of(server: &Server) -> Replica {
        let mut replica = Replica::new();
        replica.restore(&server.database());
        replica
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("scores.db")
    }

    /// A server that reads it.
    pub fn setup(&self) -> Setup {
        Setup::in_folder(Arc::clone(&self.folder))
            .env("SCOREKEEPER_READ_ONLY_FROM", ELSEWHERE)
            .env("SCOREKEEPER_STANDINGS_EVERY", "200ms")
    }

    /// Puts a whole copy in place, as a new restore does.
    pub fn restore(&mut self, database: &Path) {
        let unfinished = self.folder.path().join("scores.db.tmp");
        std::fs::write(&unfinished, pages_of(database, self.folder.path())).expect("a copy");
        std::fs::rename(unfinished, self.file()).expect("the copy has its name");
        self.note_transaction();
    }

    /// Applies what a database holds now: under the lock, in place, and as much of it as differs.
    pub fn apply(&mut self, database: &Path) {
        let mut new = pages_of(database, self.folder.path());
        let mut file = OpenOptions::new().read(true).write(true).open(self.file()).expect("the copy");
        // SQLite's lock of a writer is one on a part of what this one is on.
        fcntl_lock(&file, FlockOperation::LockExclusive).expect("the lock, once nobody reads");
        let mut old = Vec::new();
        file.read_to_end(&mut old).expect("the copy");
        CHANGE_COUNTERS.into_iter().for_each(|counter| new[counter.clone()].copy_from_slice(&old[counter]));
        let page = usize::from(u16::from_be_bytes([new[16], new[17]]));
        for (number, content) in new.chunks(page).enumerate() {
            if old.get(number * page..number * page + content.len()) != Some(content) {
                write_at(&mut file, number * page, content);
            }
        }
        file.set_len(new.len() as u64).expect("the copy has its length");
        fcntl_lock(&file, FlockOperation::Unlock).expect("the lock is given back");
        self.note_transaction();
    }

    fn note_transaction(&mut self) {
        self.transactions += 1;
        let unfinished = self.folder.path().join("scores.db-txid.tmp");
        std::fs::write(&unfinished, format!("{:016x}\n", self.transactions)).expect("a number");
        std::fs::rename(unfinished, self.folder.path().join("scores.db-txid")).expect("the number has its name");
    }
}

fn write_at(file: &mut File, at: usize, content: &[u8]) {
    file.seek(SeekFrom::Start(at as u64)).and_then(|_| file.write_all(content)).expect("a page");
}

/// All pages of a database as of its last transaction.
fn pages_of(database: &Path, folder: &Path) -> Vec<u8> {
    let copy = folder.join("copy.db");
    let source = Connection::open(database).expect("the database opens");
    let mut target = Connection::open(&copy).expect("a new file");
    let backup = rusqlite::backup::Backup::new(&source, &mut target).expect("a backup begins");
    backup.run_to_completion(i32::MAX, std::time::Duration::ZERO, None).expect("a backup ends");
    drop(backup);
    drop(target);
    let mut pages = std::fs::read(&copy).expect("the copy");
    // A restore says that there is no write-ahead log beside the file, once it has written the first page.
    pages[18..20].copy_from_slice(&[1, 1]);
    std::fs::remove_file(copy).expect("the copy is removed");
    pages
}
