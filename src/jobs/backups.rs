//! Backups by the clock, and on demand: files in one folder, of which the newest stay.
//!
//! One thread makes one backup after the other. When the next is due is told by the newest file that is there, so a restart
//! neither forgets one nor makes one too many. Only a file whose name says that it is one of these backups is ever deleted, and
//! only after a newer one was made.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::NaiveDateTime;

use crate::domain::{Clock, Timestamp};
use crate::store::Alive;
use crate::store::backup::{self, BackupError};

/// The name of a backup holds the moment at which it was made, in UTC.
const NAME_FORM: &str = "scorekeeper-%Y%m%dT%H%M%SZ.db";

/// How soon a backup that failed is tried again, at the latest.
const RETRY_AFTER: Duration = Duration::from_secs(300);

/// How long to wait if a backup of this second is there already.
const NEXT_SECOND: Duration = Duration::from_millis(250);

/// Where backups go, how often they are made, and how many of them stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    /// The folder. It is made if it is missing.
    pub folder: PathBuf,
    /// The time between two backups.
    pub every: Duration,
    /// How many stay.
    pub keep: u32,
}

/// A backup that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupFile {
    /// When it was made.
    pub made_at: Timestamp,
    /// The name in the folder.
    pub name: String,
}

/// A handle on the thread that makes backups.
#[derive(Clone)]
pub struct Backups {
    shared: Arc<Shared>,
    requests: Sender<Request>,
}

/// The thread itself, to be stopped.
pub struct BackupsThread {
    shared: Arc<Shared>,
    requests: Sender<Request>,
    thread: JoinHandle<()>,
}

enum Request {
    /// Make one now.
    Now,
    Stop,
}

struct Shared {
    plan: BackupPlan,
    state: Mutex<State>,
    failures: AtomicU64,
    /// Milliseconds since 1970 of the newest backup; 0: there is none.
    newest: AtomicU64,
    stop: Arc<AtomicBool>,
}

/// How the last attempt ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The newest backup that is there.
    pub newest: Option<BackupFile>,
    /// When the last attempt failed, and why; `None`: it did not.
    pub failure: Option<(Timestamp, String)>,
    /// Whether a backup is just being made.
    pub running: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_newest(&self, newest: Option<BackupFile>) {
        let millis = newest.as_ref().and_then(|newest| u64::try_from(newest.made_at.millis()).ok());
        self.newest.store(millis.unwrap_or_default(), Ordering::Relaxed);
        self.state().newest = newest;
    }
}

impl Backups {
    /// Starts the thread, which makes backups of a database that this process serves, and keeps `alive` as long as it works. A
    /// backup that is due already is made at once.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn start(
        database: PathBuf,
        plan: BackupPlan,
        clock: Clock,
        alive: Alive,
    ) -> io::Result<(Backups, BackupsThread)> {
        let (requests, received) = channel();
        let shared = Arc::new(Shared {
            plan,
            state: Mutex::default(),
            failures: AtomicU64::new(0),
            newest: AtomicU64::new(0),
            stop: Arc::default(),
        });
        let worker = Worker { database, clock, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new().name("backups".to_owned()).spawn(move || {
            let _alive = alive;
            worker.run(&received);
        })?;
        let handle = Backups { shared: Arc::clone(&shared), requests: requests.clone() };
        Ok((handle, BackupsThread { shared, requests, thread }))
    }

    /// Has a backup made now, and returns at once. If one is just being made, that is the one.
    pub fn begin_now(&self) {
        let is_running = std::mem::replace(&mut self.shared.state().running, true);
        if !is_running {
            // An error means that the server is about to end.
            let _ = self.requests.send(Request::Now);
        }
    }

    /// Opens the newest backup, to be read; `None` if there is none.
    ///
    /// # Errors
    /// The folder or the file can't be read.
    pub fn open_newest(&self) -> io::Result<Option<(BackupFile, File)>> {
        let folder = &self.shared.plan.folder;
        let Some(newest) = files(folder)?.pop() else { return Ok(None) };
        let file = File::open(folder.join(&newest.name))?;
        Ok(Some((newest, file)))
    }

    /// How the last attempt ended.
    pub fn state(&self) -> State {
        self.shared.state().clone()
    }

    /// When the newest backup was made. Waits for nobody.
    pub fn newest_at(&self) -> Option<Timestamp> {
        let millis = self.shared.newest.load(Ordering::Relaxed);
        i64::try_from(millis).ok().filter(|millis| *millis > 0).map(Timestamp::from_millis)
    }

    /// How many attempts have failed since the start.
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }

    /// What was planned.
    pub fn plan(&self) -> &BackupPlan {
        &self.shared.plan
    }
}

impl BackupsThread {
    /// Ends the thread. A backup that is just being made is given up.
    pub fn stop(self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // An error means that it has ended already.
        let _ = self.requests.send(Request::Stop);
        if self.thread.join().is_err() {
            log::error!("the backups ended in a panic");
        }
    }
}

struct Worker {
    database: PathBuf,
    clock: Clock,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self, requests: &Receiver<Request>) {
        let plan = &self.shared.plan;
        self.shared.note_newest(files(&plan.folder).unwrap_or_default().pop());
        let mut wait = self.until_due();
        loop {
            match requests.recv_timeout(wait) {
                Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Request::Now) | Err(RecvTimeoutError::Timeout) => {}
            }
            wait = match self.make() {
                Ok(()) => plan.every,
                Err(BackupError::Stopped) => return,
                Err(_) => plan.every.min(RETRY_AFTER),
            };
        }
    }

    /// How long it is until the next backup is due, by the clock. A backup from the future counts as one of now.
    fn until_due(&self) -> Duration {
        let every = self.shared.plan.every;
        let newest = self.shared.state().newest.as_ref().map(|newest| newest.made_at);
        let age = newest.map(|newest| self.clock.now().since(newest).to_std().unwrap_or_default());
        age.map_or(Duration::ZERO, |age| every.saturating_sub(age))
    }

    /// Makes a backup, and removes those that are too many then.
    fn make(&self) -> Result<(), BackupError> {
        self.shared.state().running = true;
        let made = self.make_file();
        let now = self.clock.now();
        match &made {
            Ok((file, bytes)) => {
                log::info!("backed up to {} ({bytes} bytes)", self.shared.plan.folder.join(&file.name).display());
                self.shared.note_newest(Some(file.clone()));
                self.remove_old();
            }
            Err(BackupError::Stopped) => {}
            Err(error) => {
                log::error!("no backup could be made in {}: {error}", self.shared.plan.folder.display());
                self.shared.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut state = self.shared.state();
        state.running = false;
        state.failure = made.as_ref().err().map(|error| (now, error.to_string()));
        made.map(|_| ())
    }

    fn make_file(&self) -> Result<(BackupFile, u64), BackupError> {
        let Shared { plan, stop, .. } = &*self.shared;
        backup::create_folder(&plan.folder)?;
        // An unfinished copy of an earlier process would only take space.
        for part in parts(&plan.folder) {
            let _ = std::fs::remove_file(part);
        }
        loop {
            let made_at = self.clock.now();
            let name = made_at.moment().format(NAME_FORM).to_string();
            match backup::back_up_beside(&self.database, &plan.folder.join(&name), false, stop) {
                Ok(bytes) => return Ok((BackupFile { made_at, name }, bytes)),
                Err(BackupError::Exists(_)) if !stop.load(Ordering::SeqCst) => std::thread::sleep(NEXT_SECOND),
                Err(error) => return Err(error),
            }
        }
    }

    fn remove_old(&self) {
        let plan = &self.shared.plan;
        let removed = files(&plan.folder).and_then(|files| {
            let too_many = files.len().saturating_sub(plan.keep as usize);
            files[..too_many].iter().try_for_each(|file| std::fs::remove_file(plan.folder.join(&file.name)))
        });
        if let Err(error) = removed {
            log::warn!("old backups in {} stay: {error}", plan.folder.display());
        }
    }
}

/// The backups in a folder, the oldest first. What has any other name is passed over.
fn files(folder: &Path) -> io::Result<Vec<BackupFile>> {
    let mut files: Vec<BackupFile> = names(folder)?.into_iter().filter_map(backup_of).collect();
    files.sort();
    Ok(files)
}

/// The unfinished backups in a folder.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let names = names(folder).unwrap_or_default().into_iter();
    let is_part =
        |name: &String| name.strip_suffix(backup::PART).is_some_and(|name| backup_of(name.to_owned()).is_some());
    names.filter(is_part).map(|name| folder.join(name)).collect()
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)?;
    entries
        .map(|entry| Ok(entry?.file_name()))
        .filter_map(|name| name.map(|name| name.into_string().ok()).transpose())
        .collect()
}

/// The backup of that name, if a backup can be called so.
fn backup_of(name: String) -> Option<BackupFile> {
    let made_at = NaiveDateTime::parse_from_str(&name, NAME_FORM).ok()?.and_utc();
    // The parser takes other spellings too, as a month of one digit.
    (made_at.format(NAME_FORM).to_string() == name).then(|| BackupFile { made_at: Timestamp::new(made_at), name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_a_backup() {
        let name = "scorekeeper-20230414T093000Z.db";
        let file = backup_of(name.to_owned()).expect("a backup");
        assert_eq!((file.made_at.to_string().as_str(), file.name.as_str()), ("2023-04-14T09:30:00.000Z", name));
        for name in [
            "scorekeeper-20230414T093000Z.db.part",
            "scorekeeper-20230414T093000Z.db-wal",
            "scorekeeper-2023414T093000Z.db",
            "scorekeeper-20230230T093000Z.db",
            "scorekeeper-20230414T093000Z.db ",
            "my-scorekeeper-20230414T093000Z.db",
            "scorekeeper.db",
        ] {
            assert_eq!(backup_of(name.to_owned()), None, "{name}");
        }
    }
}
