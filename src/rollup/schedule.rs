//! When scores are rebuilt: by the clock, and when someone asks.
//!
//! One thread does it all, one thing at a time. Others wake it and read how far it is.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Progress, RollupError, rebuild};
use crate::domain::{Clock, EventDate, Timestamp};
use crate::store::{Store, StoreError, idempotency, recalculations};

/// How soon a recalculation that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// When the timers rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Between two rebuilds of today.
    pub today_every: Duration,
    /// Between two rebuilds of the last days.
    pub recent_every: Duration,
    /// How many days before today those begin.
    pub recent_days: u32,
}

/// The recalculation that runs, or the last one that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Whether one runs or is about to.
    pub running: bool,
    /// The first day that it rebuilds.
    pub from_date: Option<EventDate>,
    /// How far it is.
    pub progress: Progress,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How many scores it found different, once it has ended.
    pub scores_different: u64,
}

/// A handle on the thread that rebuilds.
#[derive(Clone)]
pub struct Rollup {
    shared: Arc<Shared>,
    clock: Clock,
    wake: Sender<()>,
}

/// The thread itself, to be stopped.
pub struct RollupThread {
    rollup: Rollup,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    stop: AtomicBool,
}

#[derive(Default)]
struct State {
    status: Status,
    /// Counts the calls of [`Rollup::recalculate`]: one that comes while a run ends must not be taken for done.
    asked: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; and the state would be whole if it did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rollup {
    /// Starts the thread. It begins with all that is due: both timers, and recalculations that an earlier process was
    /// asked for and did not finish.
    pub fn start(store: Store, clock: Clock, schedule: Schedule) -> std::io::Result<(Rollup, RollupThread)> {
        let (wake, woken) = channel();
        let rollup = Rollup { shared: Arc::default(), clock, wake };
        let worker = Worker { store, clock: rollup.clock.clone(), schedule, shared: Arc::clone(&rollup.shared) };
        let thread = std::thread::Builder::new().name("rollup".to_owned()).spawn(move || worker.run(&woken))?;
        Ok((rollup.clone(), RollupThread { rollup, thread }))
    }

    /// Has a recalculation run that is noted in the database already. From now on the status says that it is running.
    pub fn recalculate(&self, from_date: EventDate) {
        {
            let mut state = self.shared.state();
            state.asked += 1;
            if !state.status.running {
                state.status = Status {
                    running: true,
                    from_date: Some(from_date),
                    started_at: Some(self.clock.now()),
                    ..Status::default()
                };
            }
        }
        // If the thread is gone the server is going down, and the next start takes it up.
        let _ = self.wake.send(());
    }

    /// The recalculation that runs, or the last one.
    pub fn status(&self) -> Status {
        self.shared.state().status
    }
}

impl RollupThread {
    /// Breaks off what runs, after the day that it is at, and waits for that.
    pub fn stop(self) {
        self.rollup.shared.stop.store(true, Ordering::SeqCst);
        let _ = self.rollup.wake.send(());
        if self.thread.join().is_err() {
            log::error!("the rollup ended in a panic");
        }
    }
}

struct Worker {
    store: Store,
    clock: Clock,
    schedule: Schedule,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self, woken: &Receiver<()>) {
        let start = Instant::now();
        let (mut today_due, mut recent_due, mut retry_due) = (start, start, None);
        while !self.stopped() {
            if retry_due.is_none_or(|due| due <= Instant::now()) {
                retry_due = match self.recalculate() {
                    Ok(()) => None,
                    Err(RollupError::Stopped) => return,
                    Err(RollupError::Store(error)) => {
                        log::error!("a recalculation failed and will be tried again: {error}");
                        Some(Instant::now() + RETRY_AFTER)
                    }
                };
            }
            // What is recent includes today.
            let recent = recent_due <= Instant::now();
            if recent || today_due <= Instant::now() {
                let days = if recent { self.schedule.recent_days } else { 0 };
                self.rebuild_since(self.clock.today().minus_days(days));
                self.forget_old_answers();
                today_due = Instant::now() + self.schedule.today_every;
                if recent {
                    recent_due = Instant::now() + self.schedule.recent_every;
                }
            }
            let due = retry_due.into_iter().fold(today_due.min(recent_due), Instant::min);
            match woken.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(()) => retry_due = None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::SeqCst)
    }

    fn proceed(&self) -> ControlFlow<()> {
        if self.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// A rebuild by the clock.
    fn rebuild_since(&self, first: EventDate) {
        match rebuild(&self.store, first, |_| self.proceed()) {
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

    /// Runs what is noted, until nothing is.
    fn recalculate(&self) -> Result<(), RollupError> {
        loop {
            let asked = self.shared.state().asked;
            let Some((from_date, last)) = self.store.read_blocking(recalculations::pending)? else {
                let mut state = self.shared.state();
                if state.asked == asked {
                    state.status.running = false;
                    return Ok(());
                }
                continue;
            };
            let outcome = self.recalculate_from(from_date, last);
            if outcome.is_err() {
                self.shared.state().status.running = false;
            }
            outcome?;
        }
    }

    fn recalculate_from(&self, from_date: EventDate, last: i64) -> Result<(), RollupError> {
        {
            let status = &mut self.shared.state().status;
            // Asked for in this process, the status says since when; taken up from an earlier one, or merged with
            // another that has just ended, it begins now.
            let announced = status.running && status.finished_at.is_none();
            let started_at = if announced { status.started_at } else { Some(self.clock.now()) };
            *status = Status { running: true, from_date: Some(from_date), started_at, ..Status::default() };
        }
        let rebuilt = rebuild(&self.store, from_date, |progress| {
            self.shared.state().status.progress = progress;
            self.proceed()
        })?;
        self.store.writer().write_blocking(move |write| recalculations::finish(write, last))?;
        {
            let status = &mut self.shared.state().status;
            status.finished_at = Some(self.clock.now());
            status.scores_different = rebuilt.scores_different;
        }
        log::info!(
            "recalculated {} days from {from_date} on: {} scores were different",
            rebuilt.days,
            rebuilt.scores_different
        );
        Ok(())
    }

    /// Answers that are kept for retries go after their time. Not the rollup's business, but its rhythm.
    fn forget_old_answers(&self) {
        let forget = || -> Result<(), StoreError> {
            while !self.stopped() && self.store.writer().write_blocking(idempotency::forget_old)? {}
            Ok(())
        };
        if let Err(error) = forget() {
            log::warn!("old answers were not forgotten: {error}");
        }
    }
}
