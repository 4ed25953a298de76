//! The one thread that writes.
//!
//! Commands wait in a bounded queue. The thread takes all that are waiting, runs each in a savepoint of one immediate
//! transaction, commits once and then answers all: one flush of the disk serves many requests, and a check followed by a
//! write needs no lock. No command is ever answered before the commit that holds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::{self, Checkpointer};
use super::command::{Command, Job};
use super::connection::{self, BUSY_LIMIT};
use super::error::StoreError;
use super::facts::{Committed, Facts, Subscriber};
use super::figures::Figures;
use super::health::Health;
use super::newest_events::NewestEvents;
use super::repairs;
use super::write::Write;
use crate::domain::Clock;

/// How many commands may wait. More would have to wait for seconds, so they are refused and told to come back.
const QUEUE_MAX: usize = 4096;

/// How many commands share one transaction at most, unless it is set otherwise. All commands of a transaction are
/// answered when it ends, so this limits how long the first one waits for the last.
pub const GROUP_MAX: usize = 512;

enum Message {
    Run(Box<dyn Command>),
    Look(Box<dyn FnOnce(bool) + Send>),
    /// Nearly all of the log is copied: the writer has to copy the rest. Whoever asks waits until that is done.
    RestartLog(SyncSender<()>),
    Stop,
}

/// What the writer's thread is started with.
pub(super) struct Parts {
    /// The connection that writes. Nothing else uses it.
    pub connection: Connection,
    /// The connection for checkpoints.
    pub checkpoints: Connection,
    /// The clock that tells each transaction its time and its day.
    pub clock: Clock,
    /// How many commands share a transaction at most.
    pub group_max: usize,
    /// The subscribers that are told of what is committed.
    pub subscribers: Vec<Subscriber>,
    /// The state of the store, which the thread updates.
    pub health: Arc<Health>,
    /// What the thread counts.
    pub figures: Arc<Figures>,
    /// Whose the newest events are, as far as reads have found out.
    pub newest: Arc<NewestEvents>,
}

/// Hands commands to the writer's thread.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
    committed: Arc<AtomicU64>,
}

/// A handle on the writer's thread, to end it and wait for its end.
pub struct WriterThread {
    queue: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread, and beside it the thread for checkpoints.
    pub(super) fn start(parts: Parts) -> std::io::Result<(Writer, WriterThread)> {
        let Parts { connection, checkpoints, clock, group_max, subscribers, health, figures, newest } = parts;
        let (queue, commands) = mpsc::channel(QUEUE_MAX);
        let group_max = group_max.max(1);
        let number = Arc::new(AtomicU64::new(0));
        let committed = Arc::clone(&number);
        let restarts = queue.clone();
        let restart_log = move || {
            let (done, restarted) = sync_channel(1);
            if restarts.blocking_send(Message::RestartLog(done)).is_ok() {
                // An error means that the writer has ended without restarting the log.
                let _ = restarted.recv();
            }
        };
        let checkpointer = Checkpointer::start(checkpoints, &connection, restart_log, health.thread("checkpointer"))?;
        let alive = health.thread("writer");
        let thread = Thread {
            connection,
            checkpointer,
            clock,
            subscribers,
            health,
            figures,
            newest,
            number,
            version: 0,
            foreign: false,
        };
        let work = move || {
            let _alive = alive;
            thread.run(commands, group_max);
        };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(work)?;
        Ok((Writer { queue: queue.clone(), committed }, WriterThread { queue, thread }))
    }

    /// Runs `work` in the next transaction and returns its result, once the transaction is safe on the disk.
    ///
    /// # Errors
    /// The fault that `work` or the commit met; [`StoreError::Busy`] or [`StoreError::Overloaded`] if `work` could not
    /// be begun within 5 seconds of this call, or if the queue is full. After an error nothing is stored, except
    /// with [`StoreError::OutcomeUnknown`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.submit(work)?.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Does what [`Writer::write`] does, for a thread that may wait. Must not be called from asynchronous code.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.submit(work)?.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Queues `work`. The caller may wait for the answer or drop it.
    pub fn submit<T, F>(&self, work: F) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.submit_within(BUSY_LIMIT, work)
    }

    /// Queues `work`, which is not run any more if it has not been begun within `limit`.
    pub(super) fn submit_within<T, F>(
        &self,
        limit: Duration,
        work: F,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = Job::new(work, Instant::now() + limit);
        self.queue.try_send(Message::Run(Box::new(job))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        Ok(answer)
    }

    /// Runs `look` on the writer's thread between two transactions, while no change of this process is under way.
    /// `look` is told whether another process has changed the file since the last transaction, or since the look
    /// before.
    pub fn look_between(&self, look: impl FnOnce(bool) + Send + 'static) -> Result<(), StoreError> {
        self.queue.try_send(Message::Look(Box::new(look))).map_err(|_| StoreError::Overloaded)
    }

    /// How many commands wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// The number of the last transaction. The subscribers have been told of it, and nobody has been answered of a later one.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }
}

impl WriterThread {
    /// Commits what is queued, moves the write-ahead log into the file, closes the file and waits until all this is
    /// done.
    pub fn stop(self) {
        // A failure to send means that the thread has ended already.
        let _ = self.queue.blocking_send(Message::Stop);
        if self.thread.join().is_err() {
            log::error!("the writer ended in a panic");
        }
    }
}

/// What the thread works with.
struct Thread {
    connection: Connection,
    checkpointer: Checkpointer,
    clock: Clock,
    subscribers: Vec<Subscriber>,
    health: Arc<Health>,
    figures: Arc<Figures>,
    newest: Arc<NewestEvents>,
    /// Transactions so far.
    number: Arc<AtomicU64>,
    /// SQLite's count of the changes that other connections have made, as it was seen last.
    version: i64,
    /// Whether another connection has changed the file since the subscribers were last told.
    foreign: bool,
}

impl Thread {
    fn run(mut self, mut commands: mpsc::Receiver<Message>, group_max: usize) {
        let mut messages = Vec::with_capacity(group_max);
        let mut group: Vec<Box<dyn Command>> = Vec::with_capacity(group_max);
        let mut looks = Vec::new();
        let mut restarts = Vec::new();
        while commands.blocking_recv_many(&mut messages, group_max) > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Run(command) => group.push(command),
                    Message::Look(look) => looks.push(look),
                    Message::RestartLog(done) => restarts.push(done),
                    // What was sent before this is still received. What is sent from now on is refused.
                    Message::Stop => commands.close(),
                }
            }
            if !group.is_empty() {
                let end = self.run_group(&mut group);
                // If no command is left, all were too late, and they have been answered.
                if !group.is_empty() {
                    self.health.committed(&end);
                }
                match &end {
                    // A log line has said already, once, that the file was taken away.
                    Ok(()) | Err(StoreError::TakenAway(_)) => {}
                    Err(error) => log::error!("{} writes were not stored: {error}", group.len()),
                }
                if end.is_err() {
                    self.figures.failed_commits.add(1);
                }
                for command in group.drain(..) {
                    command.answer(&end);
                }
            }
            for look in looks.drain(..) {
                // Looks come even while nothing is written. So the log soon says it if the file is gone.
                let _ = self.health.check_place();
                self.look_for_foreign_change();
                look(std::mem::take(&mut self.foreign));
            }
            for done in restarts.drain(..) {
                checkpoint::restart(&self.connection);
                let _ = done.send(());
            }
            self.checkpointer.written(self.connection.total_changes());
        }
        drop(commands);
        self.checkpointer.stop();
        checkpoint::close(&self.connection);
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(|_| ())
    }

    /// Sees whether another connection has changed the file. If that can't be read, the file counts as changed, so that
    /// the subscribers look at all of it.
    fn look_for_foreign_change(&mut self) {
        let version = || self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        match version() {
            Ok(version) => self.foreign |= std::mem::replace(&mut self.version, version) != version,
            Err(_) => self.foreign = true,
        }
    }

    /// Begins a transaction for a group. Commands whose deadline passes before it has begun are answered and taken out,
    /// each at its own deadline. `false`: no command is left, and no transaction has begun.
    fn begin(&self, group: &mut Vec<Box<dyn Command>>) -> Result<bool, StoreError> {
        /// How long to wait before another attempt, if SQLite has not waited itself.
        const PAUSE: Duration = Duration::from_millis(1);
        let mut fault = StoreError::Overloaded;
        loop {
            let now = Instant::now();
            let late: Vec<_> = group.extract_if(.., |command| command.deadline() <= now).collect();
            if !late.is_empty() {
                log::error!("{} writes were not stored: {fault}", late.len());
                if matches!(fault, StoreError::Busy) {
                    self.health.committed(&Err(StoreError::Busy));
                }
                for command in late {
                    command.answer(&Err(fault.clone()));
                }
            }
            let Some(first) = group.iter().map(|command| command.deadline()).min() else { return Ok(false) };
            match connection::until(first, || self.execute("BEGIN IMMEDIATE")).map_err(StoreError::from) {
                Ok(()) => return Ok(true),
                Err(StoreError::Busy) => {
                    fault = StoreError::Busy;
                    std::thread::sleep(PAUSE.min(first.saturating_duration_since(Instant::now())));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs a group in one transaction. `Err`: nothing of it is stored, except with [`StoreError::OutcomeUnknown`].
    fn run_group(&mut self, group: &mut Vec<Box<dyn Command>>) -> Result<(), StoreError> {
        self.health.check_place()?;
        if !self.begin(group)? {
            return Ok(());
        }
        let began = Instant::now();
        self.look_for_foreign_change();
        let write = Write::new(&self.connection, &self.clock, &self.newest);
        let end = self.run_all(group, &write).and_then(|()| {
            let repairs = repairs::count(&self.connection)?;
            self.execute("COMMIT").map_err(StoreError::of_commit)?;
            Ok(repairs)
        });
        if end.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        let repairs = end?;
        let Facts { scores, directory, events, unlisted } = write.facts.take();
        self.figures.committed(began.elapsed(), events);
        let number = self.number.load(Ordering::SeqCst) + 1;
        let foreign = std::mem::take(&mut self.foreign) || unlisted;
        let committed = Arc::new(Committed { number, scores, directory, foreign, repairs });
        for subscriber in &self.subscribers {
            subscriber(Arc::clone(&committed));
        }
        self.number.store(number, Ordering::SeqCst);
        // If the file was gone by now, the commit is lost, and nobody may be told that it is stored.
        self.health.check_place().map_err(|_| StoreError::OutcomeUnknown)
    }

    /// Runs each command of a group in a savepoint of its own.
    fn run_all(&self, group: &mut [Box<dyn Command>], write: &Write<'_>) -> Result<(), StoreError> {
        for command in group {
            self.execute("SAVEPOINT command")?;
            let facts = write.facts.borrow().count();
            if let Err(fault) = command.run(write) {
                // Some faults (a full disk is one) make SQLite roll back the whole transaction by itself. Then none of the
                // group is stored, and this fault is the reason.
                // A full disk fails all of them in any case: then the store has to know, whoever met it.
                if self.connection.is_autocommit() || matches!(fault, StoreError::Full) {
                    return Err(fault);
                }
                self.execute("ROLLBACK TO command")?;
                write.facts.borrow_mut().go_back(facts);
            }
            self.execute("RELEASE command")?;
        }
        Ok(())
    }
}
