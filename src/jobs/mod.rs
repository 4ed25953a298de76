//! What the server does by the clock: rebuilding the scores of today and of the recent days, forgetting what was kept long
//! enough, writing the blocks of users' events that are full, and backups, which have a thread of their own (`backups`).
//!
//! Of the others, one thread does one job at a time. It measures time from its start, so no job is moved when the clock is set back or
//! forward. When a rebuild begins, it asks the clock which day it is.

mod backups;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use self::backups::{BackupFile, BackupPlan, Backups, BackupsThread, State as BackupState};

use crate::actions::Actions;
use crate::rollup::{Rollup, RollupError};
use crate::store::{Alive, Store};

/// How often scores are rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The time between two rebuilds of today.
    pub today_every: Duration,
    /// The time between two rebuilds of the recent days.
    pub recent_every: Duration,
    /// How many days before today the recent days begin.
    pub recent_days: u32,
}

/// A handle on the thread that works by the clock, to stop it.
pub struct JobsThread {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// How often it is looked whether a block of users' events is full.
const BLOCKS_EVERY: Duration = Duration::from_secs(1);

/// Starts the thread, which keeps `alive` as long as it works. At its start it does every job once.
///
/// # Errors
/// The operating system refuses a thread.
pub fn start(
    actions: Arc<Actions>,
    store: Store,
    rollup: Rollup,
    schedule: Schedule,
    alive: Alive,
) -> std::io::Result<JobsThread> {
    let (stop, stopped) = channel();
    let jobs = Jobs { actions, store, rollup, schedule };
    let thread = std::thread::Builder::new().name("jobs".to_owned()).spawn(move || {
        let _alive = alive;
        jobs.run(&stopped);
    })?;
    Ok(JobsThread { stop, thread })
}

impl JobsThread {
    /// Makes the thread end after the job that it is doing, and waits for that. If the rollup was stopped before, the
    /// job ends soon.
    pub fn stop(self) {
        // An error means that the thread has ended already.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            log::error!("the jobs ended in a panic");
        }
    }
}

struct Jobs {
    actions: Arc<Actions>,
    store: Store,
    rollup: Rollup,
    schedule: Schedule,
}

impl Jobs {
    fn run(&self, stopped: &Receiver<()>) {
        let start = Instant::now();
        let (mut today_due, mut recent_due) = (start, start);
        loop {
            let now = Instant::now();
            // Today is one of the recent days, so one rebuild is enough for both.
            let recent = recent_due <= now;
            if recent || today_due <= now {
                self.rebuild(if recent { self.schedule.recent_days } else { 0 });
                self.forget_old();
                today_due = Instant::now() + self.schedule.today_every;
                if recent {
                    recent_due = Instant::now() + self.schedule.recent_every;
                }
            }
            self.write_full_blocks();
            let wait = today_due.min(recent_due).saturating_duration_since(Instant::now()).min(BLOCKS_EVERY);
            if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Rebuilds the scores of today and of the `days_before` days before it.
    fn rebuild(&self, days_before: u32) {
        let first = self.actions.clock().today().minus_days(days_before);
        match self.rollup.rebuild_now(first) {
            Ok(rebuilt) if rebuilt.scores_different > 0 => log::warn!(
                "{} scores on {} days from {first} on were not the sum of their events and are right now",
                rebuilt.scores_different,
                rebuilt.days_different,
            ),
            Ok(rebuilt) => log::debug!("the scores of {} days from {first} on are right", rebuilt.days),
            Err(RollupError::Stopped) => {}
            Err(RollupError::Store(error)) => log::warn!("scores from {first} on were not rebuilt: {error}"),
        }
    }

    fn write_full_blocks(&self) {
        if let Err(error) = self.store.write_full_blocks(|| !self.rollup.is_stopped()) {
            log::warn!("a block of users' events was not written: {error}");
        }
    }

    fn forget_old(&self) {
        if let Err(error) = self.actions.forget_old_answers(|| self.rollup.is_stopped()) {
            log::warn!("old answers were not forgotten: {error}");
        }
        if let Err(error) = self.actions.forget_old_entries(|| self.rollup.is_stopped()) {
            log::warn!("old entries of the log of administration were not forgotten: {error}");
        }
    }
}
