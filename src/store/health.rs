//! Whether the store can do its work: how the writer's last transaction ended, whether the files are in their place,
//! and whether the threads still run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::file::Place;

/// The shortest time between two tries whether a commit succeeds again.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// How many bytes must be free on a disk that was full before the store counts as good. With less, the disk would soon
/// be full again.
const FREE_BYTES_MIN: u64 = 8 << 20;

/// What is known of the store's state. The writer tells it, and whoever asks whether the server is ready reads it.
#[derive(Debug)]
pub(super) struct Health {
    place: Place,
    /// Whether a log line has said that the files are not in their place.
    told_missing: AtomicBool,
    /// Whether the server is about to end.
    ending: AtomicBool,
    /// Whether a fault is noted in `commits`, for those who must not wait for it.
    unwell: AtomicBool,
    commits: Mutex<Commits>,
    /// Held by the threads as long as they run.
    threads: Mutex<Vec<(&'static str, Weak<()>)>>,
}

/// What is known of commits.
#[derive(Debug, Default)]
struct Commits {
    /// The fault that the last commit met, if any.
    fault: Option<StoreError>,
    /// Whether the disk was full, and has not been seen with enough free space since.
    was_full: bool,
    /// When it was last tried whether commits succeed again.
    tried_at: Option<Instant>,
}

/// A thread keeps this as long as it runs. It is dropped when the thread ends, also if the thread panics.
#[derive(Debug)]
pub struct Alive(#[expect(dead_code, reason = "what counts is that it is there")] Arc<()>);

impl Health {
    /// The health of a database that has just been opened.
    pub fn new(place: Place) -> Health {
        Health {
            place,
            told_missing: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            unwell: AtomicBool::new(false),
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

    /// Fails if the database is not in its place any more. One line is logged each time that it goes away, and one when
    /// it is back.
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

    /// Where the database lies.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether everything was well when it was last seen. Only threads that register wait for this, if anybody does.
    pub fn seems_well(&self) -> bool {
        !self.unwell.load(Ordering::SeqCst)
            && self.place.holds()
            && lock(&self.threads).iter().all(|(_, alive)| alive.strong_count() > 0)
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
        // This fault is not kept, because each check looks anew whether the file is in its place.
        if matches!(end, Err(StoreError::TakenAway(_))) {
            return;
        }
        // SQLite does not always say that the disk is full: where the index of its log has to grow, it only says that writing
        // failed.
        let is_full = match end {
            Err(StoreError::Full) => true,
            Err(StoreError::Sqlite(_) | StoreError::OutcomeUnknown) => !self.has_space(),
            _ => false,
        };
        let mut commits = lock(&self.commits);
        commits.was_full |= is_full;
        commits.fault = end.as_ref().err().cloned();
        self.unwell.store(commits.was_full || commits.fault.is_some(), Ordering::SeqCst);
    }

    /// The fault that keeps the store from its work, as far as that can be told without trying to write.
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
            // Enough space is free again. Whether commits succeed too is not known yet.
            commits.was_full = false;
            self.unwell.store(commits.fault.is_some(), Ordering::SeqCst);
        }
        commits.fault.clone().map_or(Ok(()), Err)
    }

    /// Whether the disk has so much free space that writing is worth a try.
    pub fn has_space(&self) -> bool {
        // If the free space can't be read, a commit will show whether there is enough.
        !self.place.bytes_free().is_ok_and(|free| free < FREE_BYTES_MIN)
    }

    /// Whether it is time to try whether a commit succeeds again. A caller that gets `true` has to try.
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
