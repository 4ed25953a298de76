//! The folder to work in: filled databases, which may be kept for the next run, and copies of them to spoil.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::Connection;

use crate::draw::Users;
use crate::fill;
use crate::servers::{make_key, with_suffix};

/// How the names of folders begin that go at the end.
const SCRATCH: &str = "scratch";

/// Where everything lies.
pub struct Files {
    /// Goes at the end, with all in it.
    scratch: tempfile::TempDir,
    kept: Option<PathBuf>,
    users: Users,
}

impl Files {
    /// A new folder, within the one to keep if there is one: then copies stay on one disk.
    pub fn new(kept: Option<PathBuf>, users: Users) -> Files {
        let scratch = match &kept {
            Some(kept) => {
                std::fs::create_dir_all(kept).expect("a folder to keep");
                clear(kept);
                tempfile::Builder::new().prefix(SCRATCH).tempdir_in(kept)
            }
            None => tempfile::tempdir(),
        };
        let scratch = scratch.expect("a temporary folder");
        // Another user's process, as PostgreSQL's is, must be able to reach what it is given in there.
        std::fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o711)).expect("a folder to pass through");
        Files { scratch, kept, users }
    }

    /// The folder that goes at the end.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The folder for what is worth keeping.
    pub fn lasting(&self) -> &Path {
        self.kept.as_deref().unwrap_or(self.scratch.path())
    }

    /// A copy of a file with so many events, under that name.
    pub fn copy(&self, events: u64, name: &str) -> PathBuf {
        let filled = self.filled(events);
        let copy = self.folder().join(name);
        for suffix in ["-wal", "-shm", ""] {
            // Most often there is none of them.
            let _ = std::fs::remove_file(with_suffix(&copy, suffix));
        }
        std::fs::copy(&filled, &copy).expect("a copy");
        fill::sync(&copy);
        copy
    }

    /// The file with so many events, which stays as it is. It bears the schema in its name: one that an older
    /// scorekeeper made is not taken.
    fn filled(&self, events: u64) -> PathBuf {
        let new = self.lasting().join("new.db");
        for suffix in ["-wal", "-shm", ""] {
            let _ = std::fs::remove_file(with_suffix(&new, suffix));
        }
        make_key(&new);
        let filled = self.lasting().join(format!("events-{events}-users-{}-{:016x}.db", self.users.0, schema(&new)));
        if filled.exists() {
            std::fs::remove_file(&new).expect("a file that can go");
            return filled;
        }
        let began = Instant::now();
        fill::fill(&new, events, self.users);
        std::fs::rename(&new, &filled).expect("a new name");
        let bytes = std::fs::metadata(&filled).map_or(0, |data| data.len());
        eprintln!("filled {} MB with {events} events in {:.0} s", bytes >> 20, began.elapsed().as_secs_f64());
        filled
    }
}

/// Removes what runs that were killed have left in the folder to keep.
fn clear(kept: &Path) {
    for entry in std::fs::read_dir(kept).expect("a folder to keep").flatten() {
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            std::fs::remove_dir_all(entry.path()).expect("a folder that can go");
        }
    }
}

/// A number that is another for another schema.
fn schema(file: &Path) -> u64 {
    const SELECT: &str = "
        SELECT (SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)) || page_size
        FROM pragma_page_size";
    let connection = Connection::open(file).expect("a connection");
    let schema: String = connection.query_row(SELECT, [], |row| row.get(0)).expect("a schema");
    let mut hasher = DefaultHasher::new();
    schema.hash(&mut hasher);
    hasher.finish()
}
