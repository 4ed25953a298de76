//! Backups by the clock, and on demand: files in one folder, of which the newest stay.
//!
//! One thread makes one backup after the other. When the next is due is told by the newest file that is there, so a restart
//! neither forgets one nor makes one too many. Only a file whose name says that it is one of these backups is ever deleted, and
//! only after a newer one was made.
//!
//! A file that is dated later than now was made while the clock was wrong. It is never the newest, and goes first.

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
    clock: Clock,
    known: Mutex<Known>,
    failures: AtomicU64,
    stop: Arc<AtomicBool>,
}

/// What is known of the backups without a look at the folder. It is never locked for long.
#[derive(Default)]
struct Known {
    /// Those that are there, by date.
    files: Vec<BackupFile>,
    failure: Option<(Timestamp, String)>,
    running: bool,
}

/// How the last attempt ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The newest backup that is there. One that is dated later than now does not count.
    pub newest: Option<BackupFile>,
    /// When the last attempt failed, and why; `None`: it did not.
    pub failure: Option<(Timestamp, String)>,
    /// Whether a backup is just being made.
    pub running: bool,
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
            clock,
            known: Mutex::default(),
            failures: AtomicU64::new(0),
            stop: Arc::default(),
        });
        let worker = Worker { database, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new().name("backups".to_owned()).spawn(move || {
            let _alive = alive;
            worker.run(&received);
        })?;
        let handle = Backups { shared: Arc::clone(&shared), requests: requests.clone() };
        Ok((handle, BackupsThread { shared, requests, thread }))
    }

    /// Has a backup made now, and returns at once. If one is just being made, that is the one.
    pub fn begin_now(&self) {
        let is_running = std::mem::replace(&mut self.shared.known().running, true);
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
        let files = files(folder)?;
        let Some(newest) = newest(&files, self.shared.clock.now()) else { return Ok(None) };
        let file = File::open(folder.join(&newest.name))?;
        Ok(Some((newest.clone(), file)))
    }

    /// How the last attempt ended.
    pub fn state(&self) -> State {
        let now = self.shared.clock.now();
        let known = self.shared.known();
        State { newest: newest(&known.files, now).cloned(), failure: known.failure.clone(), running: known.running }
    }

    /// When the newest backup was made. Waits for no disk.
    pub fn newest_at(&self) -> Option<Timestamp> {
        let now = self.shared.clock.now();
        newest(&self.shared.known().files, now).map(|newest| newest.made_at)
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
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self, requests: &Receiver<Request>) {
        let plan = &self.shared.plan;
        self.shared.known().files = files(&plan.folder).unwrap_or_default();
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

    /// How long it is until the next backup is due, by the clock.
    fn until_due(&self) -> Duration {
        let every = self.shared.plan.every;
        let now = self.shared.clock.now();
        let newest = newest(&self.shared.known().files, now).map(|newest| newest.made_at);
        let age = newest.map(|newest| now.since(newest).to_std().unwrap_or_default());
        age.map_or(Duration::ZERO, |age| every.saturating_sub(age))
    }

    /// Makes a backup, and removes those that are too many then.
    fn make(&self) -> Result<(), BackupError> {
        self.shared.known().running = true;
        let made = self.make_file();
        let now = self.shared.clock.now();
        match &made {
            Ok((file, bytes)) => {
                log::info!("backed up to {} ({bytes} bytes)", self.shared.plan.folder.join(&file.name).display());
                self.remove_old(file);
                let files = files(&self.shared.plan.folder).unwrap_or_else(|_| vec![file.clone()]);
                self.shared.known().files = files;
            }
            Err(BackupError::Stopped) => {}
            Err(error) => {
                log::error!("no backup could be made in {}: {error}", self.shared.plan.folder.display());
                self.shared.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut known = self.shared.known();
        known.running = false;
        known.failure = made.as_ref().err().map(|error| (now, error.to_string()));
        made.map(|_| ())
    }

    fn make_file(&self) -> Result<(BackupFile, u64), BackupError> {
        let Shared { plan, clock, stop, .. } = &*self.shared;
        backup::create_folder(&plan.folder)?;
        // An unfinished copy of an earlier process would only take space.
        for part in parts(&plan.folder) {
            let _ = std::fs::remove_file(part);
        }
        loop {
            let made_at = clock.now();
            let name = made_at.moment().format(NAME_FORM).to_string();
            match backup::back_up_beside(&self.database, &plan.folder.join(&name), false, stop) {
                Ok(bytes) => return Ok((BackupFile { made_at, name }, bytes)),
                Err(BackupError::Exists(_)) if !stop.load(Ordering::SeqCst) => std::thread::sleep(NEXT_SECOND),
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes what is too many beside the backup that was just made. The clock may be set meanwhile: what is later is told by the
    /// date of that backup, so that it stays in any case.
    fn remove_old(&self, made: &BackupFile) {
        let plan = &self.shared.plan;
        let removed = files(&plan.folder).and_then(|files| {
            let mut old = too_many(&files, plan.keep, made.made_at).into_iter();
            old.try_for_each(|file| std::fs::remove_file(plan.folder.join(&file.name)))
        });
        if let Err(error) = removed {
            log::warn!("old backups in {} stay: {error}", plan.folder.display());
        }
    }
}

/// The newest of some backups in the order of their dates. One that is dated later than now was made by a wrong clock: when it
/// really was made, nobody knows.
fn newest(files: &[BackupFile], now: Timestamp) -> Option<&BackupFile> {
    files.iter().rev().find(|file| file.made_at <= now)
}

/// Which of some backups in the order of their dates have to go, so that only `keep` stay: first those that are dated later than
/// now, then the oldest.
fn too_many(files: &[BackupFile], keep: u32, now: Timestamp) -> Vec<&BackupFile> {
    let (right, later) = files.split_at(files.partition_point(|file| file.made_at <= now));
    later.iter().chain(right).take(files.len().saturating_sub(keep as usize)).collect()
}

/// The backups in a folder, by date. What has any other name is passed over.
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

    /// Backups that were made in these years.
    fn of_years(years: &[i32]) -> Vec<BackupFile> {
        let backup = |year| backup_of(format!("scorekeeper-{year}0414T093000Z.db")).expect("a backup");
        years.iter().map(backup).collect()
    }

    fn years<'f>(files: impl IntoIterator<Item = &'f BackupFile>) -> Vec<&'f str> {
        files.into_iter().map(|file| &file.name[12..16]).collect()
    }

    #[test]
    fn what_is_dated_later_than_now_is_not_the_newest() {
        let files = of_years(&[2021, 2022, 2023, 2031, 2032]);
        for (index, year) in ["2021", "2022", "2023"].iter().enumerate() {
            assert_eq!(years(newest(&files, files[index].made_at)), [*year]);
        }
        assert_eq!(newest(&files[3..], files[2].made_at), None);
        assert_eq!(newest(&[], files[2].made_at), None);
    }

    #[test]
    fn what_is_dated_later_than_now_goes_first_and_what_was_just_made_never() {
        let files = of_years(&[2021, 2022, 2023, 2031, 2032]);
        let now = files[2].made_at;
        let goes = |keep| years(too_many(&files, keep, now));
        assert_eq!(goes(1), ["2031", "2032", "2021", "2022"]);
        assert_eq!(goes(2), ["2031", "2032", "2021"]);
        assert_eq!(goes(3), ["2031", "2032"]);
        assert_eq!(goes(4), ["2031"]);
        assert_eq!(goes(5), [""; 0]);
        assert_eq!(goes(7), [""; 0]);
    }
}
