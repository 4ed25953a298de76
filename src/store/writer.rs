//! The one thread that writes.
//!
//! Commands wait in a bounded queue. The thread takes all that are waiting, runs each in a savepoint of one immediate
//! transaction, commits once and then answers all: one flush of the disk serves many requests, and a check followed by a
//! write needs no lock. No command is ever answered before the commit that holds it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::{self, Checkpointer};
use super::error::StoreError;
use super::facts::{Committed, DirectoryChange, Facts, ScoreChange, Subscriber};
use super::repairs;
use crate::domain::{Clock, EventDate, Timestamp};

/// Commands that may wait. More would mean seconds of waiting: better to be told to come back.
const QUEUE_MAX: usize = 4096;

/// Commands in one transaction, unless it is set otherwise: bounds how long the first of a group waits for the last.
pub const GROUP_MAX: usize = 512;

/// The transaction that a command runs in.
pub struct Write<'c> {
    /// The connection, inside the transaction.
    pub connection: &'c Connection,
    /// The moment of the transaction: everything that it writes bears this time.
    pub now: Timestamp,
    /// The day of the transaction.
    pub today: EventDate,
    /// What the commands so far have noted.
    facts: RefCell<Facts>,
}

impl Write<'_> {
    /// Notes that a score has changed. The subscribers are told once the transaction is committed.
    pub(super) fn note_score(&self, change: ScoreChange) {
        self.facts.borrow_mut().scores.push(change);
    }

    /// Notes that a user, a group or a leaderboard has changed. The subscribers are told once the transaction is
    /// committed.
    pub(super) fn note_directory(&self, change: DirectoryChange) {
        self.facts.borrow_mut().directory.push(change);
    }
}

/// Work for the writer, and who waits for it.
trait Command: Send {
    /// Does the work. `false`: it failed, and what it wrote has to be rolled back.
    fn run(&mut self, write: &Write<'_>) -> bool;
    /// Answers, once the transaction's end is known.
    fn answer(self: Box<Self>, end: &Result<(), StoreError>);
}

/// A closure as a command.
struct Job<F, T> {
    work: Option<F>,
    outcome: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Command for Job<F, T>
where
    F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, write: &Write<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A panic is a defect; it must cost its own request only, not the thread that everyone writes through.
        self.outcome = catch_unwind(AssertUnwindSafe(|| work(write))).unwrap_or(Err(StoreError::Panicked));
        self.outcome.is_ok()
    }

    fn answer(self: Box<Self>, end: &Result<(), StoreError>) {
        let answer = match end {
            Ok(()) => self.outcome,
            Err(error) => Err(error.clone()),
        };
        // Whoever asked may have gone away: then the write stands, unheard.
        let _ = self.reply.send(answer);
    }
}

enum Message {
    Run(Box<dyn Command>),
    Look(Box<dyn FnOnce(bool) + Send>),
    /// The log is copied but for a rest; who asks waits until that is done too.
    RestartLog(SyncSender<()>),
    Stop,
}

/// Hands commands to the writer's thread.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
    committed: Arc<AtomicU64>,
}

/// The writer's thread, to be joined.
pub struct WriterThread {
    queue: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread on a connection of its own, and beside it the checkpoints on another. At most `group_max`
    /// commands share a transaction. What is committed is told to each of
    /// `subscribers`.
    pub fn start(
        connection: Connection,
        checkpoints: Connection,
        clock: Clock,
        group_max: usize,
        subscribers: Vec<Subscriber>,
    ) -> std::io::Result<(Writer, WriterThread)> {
        let (queue, commands) = mpsc::channel(QUEUE_MAX);
        let group_max = group_max.max(1);
        let number = Arc::new(AtomicU64::new(0));
        let committed = Arc::clone(&number);
        let restarts = queue.clone();
        let restart_log = move || {
            let (done, restarted) = sync_channel(1);
            if restarts.blocking_send(Message::RestartLog(done)).is_ok() {
                // An error means that the writer has ended without it.
                let _ = restarted.recv();
            }
        };
        let checkpointer = Checkpointer::start(checkpoints, &connection, restart_log)?;
        let thread = Thread { connection, checkpointer, clock, subscribers, number, version: 0, foreign: false };
        let work = move || thread.run(commands, group_max);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(work)?;
        Ok((Writer { queue: queue.clone(), committed }, WriterThread { queue, thread }))
    }

    /// Runs `work` in the next transaction and returns what it returned, once that is durable.
    ///
    /// # Errors
    /// What `work` or the commit met; [`StoreError::Overloaded`] if the queue is full. Nothing was stored then.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.submit(work)?.await.unwrap_or(Err(StoreError::Closed))
    }

    /// [`Writer::write`] for a thread that may wait. Must not be called from asynchronous code.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.submit(work)?.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Queues `work`; the answer may be waited for or dropped.
    pub fn submit<T, F>(&self, work: F) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job { work: Some(work), outcome: Err(StoreError::Closed), reply };
        self.queue.try_send(Message::Run(Box::new(job))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        Ok(answer)
    }

    /// Runs `look` on the writer's thread between two transactions: no change of this process is under way then. It is
    /// told whether another process has changed the file since the last transaction, or since the look before.
    pub fn look_between(&self, look: impl FnOnce(bool) + Send + 'static) -> Result<(), StoreError> {
        self.queue.try_send(Message::Look(Box::new(look))).map_err(|_| StoreError::Overloaded)
    }

    /// The number of the last transaction. The subscribers have been told of it, and nobody has been answered of a later one.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// Whether the thread still takes commands.
    pub fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }
}

impl WriterThread {
    /// Commits what is queued, moves the write-ahead log into the file, closes it and waits for all that.
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
    /// Transactions so far.
    number: Arc<AtomicU64>,
    /// SQLite's count of what other connections changed, as seen last.
    version: i64,
    /// Whether it has changed since the subscribers were last told.
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
                    // What came before is still received; what comes after is refused.
                    Message::Stop => commands.close(),
                }
            }
            if !group.is_empty() {
                let end = self.run_group(&mut group);
                if let Err(error) = &end {
                    log::error!("{} writes were not stored: {error}", group.len());
                }
                for command in group.drain(..) {
                    command.answer(&end);
                }
            }
            for look in looks.drain(..) {
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

    /// Sees whether another connection has changed the file. Where that can't be read, nothing can be said of the file:
    /// the subscribers have to look at all of it.
    fn look_for_foreign_change(&mut self) {
        let version = || self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        match version() {
            Ok(version) => self.foreign |= std::mem::replace(&mut self.version, version) != version,
            Err(_) => self.foreign = true,
        }
    }

    /// Runs a group in one transaction. `Err`: none of it is stored.
    fn run_group(&mut self, group: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        self.look_for_foreign_change();
        let write = Write {
            connection: &self.connection,
            now: self.clock.now(),
            today: self.clock.today(),
            facts: RefCell::default(),
        };
        let run_all = || -> rusqlite::Result<()> {
            for command in group {
                self.execute("SAVEPOINT command")?;
                let facts = write.facts.borrow().count();
                if !command.run(&write) {
                    // Some faults (a full disk, for one) make SQLite roll back the whole transaction by itself; then
                    // this fails, and with it the group: none of it is stored.
                    self.execute("ROLLBACK TO command")?;
                    write.facts.borrow_mut().go_back(facts);
                }
                self.execute("RELEASE command")?;
            }
            Ok(())
        };
        let end = run_all().and_then(|()| {
            let repairs = repairs::count(&self.connection)?;
            self.execute("COMMIT")?;
            Ok(repairs)
        });
        if end.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        let repairs = end?;
        let Facts { scores, directory } = write.facts.take();
        let number = self.number.load(Ordering::SeqCst) + 1;
        let foreign = std::mem::take(&mut self.foreign);
        let committed = Arc::new(Committed { number, scores, directory, foreign, repairs });
        for subscriber in &self.subscribers {
            subscriber(Arc::clone(&committed));
        }
        self.number.store(number, Ordering::SeqCst);
        Ok(())
    }
}
