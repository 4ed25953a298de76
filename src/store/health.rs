//! Whether the store can do its work: what the writer's last transaction met, whether the files are in their place, and
//! whether the threads live.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::file::Place;

/// How often it is tried whether a commit succeeds again, at most.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// Free space that a disk that was full needs, in bytes, before the store counts as good: less would be full again in a
/// moment.
const FREE_BYTES_MIN: u64 = 8 << 20;

/// What is known of the store's state. The writer tells it, and whoever asks whether the server is ready reads it.
#[derive(Debug)]
pub(super) struct Health {
    place: Place,
    /// Whether the log has been told that the files are not in their place.
    told_missing: AtomicBool,
    /// The server is about to end.
    ending: AtomicBool,
    commits: Mutex<Commits>,
    /// Held by the threads as long as they run.
    threads: Mutex<Vec<(&'static str, Weak<()>)>>,
}

/// What is known of commits.
#[derive(Debug, Default)]
struct Commits {
    /// What the last one met.
    fault: Option<StoreError>,
    /// The disk was full, and has not been seen with enough free space since.
    was_full: bool,
    /// When it was last tried whether commits succeed again.
    tried_at: Option<Instant>,
}

/// A thread keeps this as long as it runs. It goes with the thread, also if that panics.
#[derive(Debug)]
pub struct Alive(#[expect(dead_code, reason = "what counts is that it is there")] Arc<()>);

impl Health {
    /// The health of a database that has just been opened.
    pub fn new(place: Place) -> Health {
        Health {
            place,
            told_missing: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            commits: Mutex::default(),
            threads: Mutex::default(),
        }
    }

    /// Registers a thread by its name. The thread has to keep what is returned.
    pub fn thread(&self, name: &'static str) -> Alive {
        let alive = Arc::new(());
        lock(&self.threads).push((name, Arc::downgrade(&alive)));
        Alive(alive)
    }

    /// Fails if the database is not in its place any more. The log is told once each time that it goes, and once when it is
    /// back.
    pub fn check_place(&self) -> Result<(), StoreError> {
        let missing = !self.place.holds();
        let path = self.place.path();
        if self.told_missing.swap(missing, Ordering::SeqCst) != missing {
            if missing {
                log::error!("{} was deleted or replaced under the server: nothing is stored any more", path.display());
            } else {
                log::info!("{} is in its place again", path.display());
            }
        }
        if missing { Err(StoreError::TakenAway(path.to_owned())) } else { Ok(()) }
    }

    /// Notes that the server is about to end.
    pub fn expect_end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    /// Whether the server is about to end.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// Notes how a transaction ended.
    pub fn committed(&self, end: &Result<(), StoreError>) {
        // Whether the file is in its place is looked at anew each time.
        if matches!(end, Err(StoreError::TakenAway(_))) {
            return;
        }
        let mut commits = lock(&self.commits);
        commits.was_full |= matches!(end, Err(StoreError::Full));
        commits.fault = end.as_ref().err().cloned();
    }

    /// What keeps the store from its work, as far as that can be told without trying.
    pub fn fault(&self) -> Result<(), StoreError> {
        self.check_place()?;
        if let Some((name, _)) = lock(&self.threads).iter().find(|(_, alive)| alive.strong_count() == 0) {
            return Err(StoreError::ThreadEnded(name));
        }
        let mut commits = lock(&self.commits);
        if commits.was_full {
            if !self.has_space() {
                return Err(StoreError::Full);
            }
            // Whether commits succeed is another matter.
            commits.was_full = false;
        }
        commits.fault.clone().map_or(Ok(()), Err)
    }

    /// Whether the disk has so much free space that writing is worth a try.
    pub fn has_space(&self) -> bool {
        // If that can't be told, a commit tells.
        !self.place.bytes_free().is_ok_and(|free| free < FREE_BYTES_MIN)
    }

    /// Whether it is time to try whether a commit succeeds again. Who is told so has to try.
    pub fn is_time_to_try(&self) -> bool {
        let mut commits = lock(&self.commits);
        let due = commits.tried_at.is_none_or(|tried_at| tried_at.elapsed() >= TRY_EVERY);
        if due {
            commits.tried_at = Some(Instant::now());
        }
        due
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
