//! Recalculations: rebuilding scores in the background when someone asks for it, and telling how far that is.
//!
//! One thread carries out the recalculations that are noted in the database. Other threads wake it and read its
//! progress. Rebuilds by the clock run on another thread; the two threads take turns.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::figures::Figures;
use super::{Progress, Rebuilt, RollupError, rebuild};
use crate::domain::{Clock, EventDate, Timestamp};
use crate::store::{Store, recalculations};

/// How soon a recalculation that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// The recalculation that runs, or the last one that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Whether a recalculation runs or is about to begin.
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
    store: Store,
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
    /// Held by the thread that rebuilds. If two rebuilds ran at once, the repairs of each would make the findings of
    /// the other void.
    turn: Mutex<()>,
    stop: AtomicBool,
    figures: Figures,
}

#[derive(Default)]
struct State {
    status: Status,
    /// Counts the calls of [`Rollup::recalculate`], so that a call that comes while a run ends is not taken for done.
    asked: u64,
    /// How the latest run has ended, until it is known whether another follows. The status tells it only then: it says either
    /// that something runs, or when it ended.
    ended: Option<Ended>,
}

/// How a run has ended.
#[derive(Clone, Copy)]
struct Ended {
    at: Timestamp,
    scores_different: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock. Even if something did, the state would be valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other rebuild runs, and then rebuilds the scores from a day on.
    fn rebuild(
        &self,
        store: &Store,
        first: EventDate,
        mut progress: impl FnMut(Progress),
    ) -> Result<Rebuilt, RollupError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let rebuilt = rebuild(store, first, |at| {
            progress(at);
            if self.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.figures.count(&rebuilt);
        rebuilt
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

impl Rollup {
    /// Starts the thread. It begins with recalculations that an earlier process was asked for and did not finish.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn start(store: Store, clock: Clock) -> std::io::Result<(Rollup, RollupThread)> {
        let (wake, woken) = channel();
        let rollup = Rollup { shared: Arc::default(), store: store.clone(), clock, wake };
        let worker = Worker { store, clock: rollup.clock.clone(), shared: Arc::clone(&rollup.shared) };
        let alive = worker.store.register_thread("rollup");
        let work = move || {
            let _alive = alive;
            worker.run(&woken);
        };
        let thread = std::thread::Builder::new().name("rollup".to_owned()).spawn(work)?;
        Ok((rollup.clone(), RollupThread { rollup, thread }))
    }

    /// A handle without a thread, where nothing is ever rebuilt since this process only reads the file.
    pub fn without_thread(store: Store, clock: Clock) -> Rollup {
        let (wake, _) = channel();
        Rollup { shared: Arc::default(), store, clock, wake }
    }

    /// Starts a recalculation that is noted in the database already. From now on the status says that it is running.
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
        // If the thread is gone, the server is about to end. The next start of the server then runs the recalculation.
        let _ = self.wake.send(());
    }

    /// Repairs the scores of every day from `first` on. This runs on the calling thread, which may have to wait until
    /// another rebuild has ended. The status does not show it, because it is not a recalculation that somebody asked
    /// for.
    ///
    /// # Errors
    /// [`RollupError::Stopped`] if the server is stopped meanwhile; [`RollupError::Store`] if the database failed.
    pub fn rebuild_now(&self, first: EventDate) -> Result<Rebuilt, RollupError> {
        self.shared.rebuild(&self.store, first, |_| ())
    }

    /// Whether rebuilding was stopped, as it is when the server ends.
    pub fn is_stopped(&self) -> bool {
        self.shared.stopped()
    }

    /// What rebuilds have found since the start.
    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// The recalculation that runs, or the last one.
    pub fn status(&self) -> Status {
        self.shared.state().status
    }
}

impl RollupThread {
    /// Ends the rebuild that runs, after the day that it is working on, and waits for that.
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
    shared: Arc<Shared>,
}

impl Worker {
    fn run(&self, woken: &Receiver<()>) {
        loop {
            let asked_again = match self.recalculate() {
                Ok(()) => woken.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Err(RollupError::Stopped) => return,
                Err(RollupError::Store(error)) => {
                    log::error!("a recalculation failed and will be tried again: {error}");
                    woken.recv_timeout(RETRY_AFTER)
                }
            };
            if self.shared.stopped() || asked_again == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    /// Runs the recalculations that are noted, until none is left.
    fn recalculate(&self) -> Result<(), RollupError> {
        loop {
            let asked = self.shared.state().asked;
            let Some((from_date, last)) = self.store.read_blocking(|connection| recalculations::pending(connection))?
            else {
                let mut state = self.shared.state();
                if state.asked == asked {
                    state.status.running = false;
                    if let Some(ended) = state.ended.take() {
                        state.status.finished_at = Some(ended.at);
                        state.status.scores_different = ended.scores_different;
                    }
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
            let mut state = self.shared.state();
            // If this process was asked for the recalculation, the status says since when. If an earlier process was
            // asked, or if the request was merged with another one that has just ended, the recalculation begins now.
            let announced = state.status.running && state.ended.take().is_none();
            let started_at = if announced { state.status.started_at } else { Some(self.clock.now()) };
            state.status = Status { running: true, from_date: Some(from_date), started_at, ..Status::default() };
        }
        let rebuilt = self.shared.rebuild(&self.store, from_date, |progress| {
            self.shared.state().status.progress = progress;
        })?;
        self.store.writer().write_blocking(move |write| recalculations::finish(write, last))?;
        self.shared.state().ended = Some(Ended { at: self.clock.now(), scores_different: rebuilt.scores_different });
        log::info!(
            "recalculated {} days from {from_date} on: {} scores were different",
            rebuilt.days,
            rebuilt.scores_different
        );
        Ok(())
    }
}
