//! The way to change anything.
//!
//! Commands wait in a bounded queue. One thread takes all that are waiting, runs each in a savepoint of one immediate
//! transaction, commits once and then answers all: one flush of the disk serves many requests, and a check followed by a
//! write needs no lock. No command is ever answered before the commit that holds it.
//!
//! Where commands come one at a time there is nobody to share a commit with, and waking the thread and being woken by it
//! costs a quarter of the time to the answer. So whoever comes then, and finds nobody waiting, commits by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::checkpoint::Checkpointer;
use super::committer::{Command, Committer, Follower, Write};
use crate::domain::Clock;

/// Commands that may wait. More would mean seconds of waiting: better to be told to come back.
const QUEUE_MAX: usize = 4096;

/// Commands in one transaction, unless it is set otherwise: bounds how long the first of a group waits for the last.
pub const GROUP_MAX: usize = 512;

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
        self.outcome = catch_unwind(AssertUnwindSafe(|| work(write))).unwrap_or(Err(StoreError::Closed));
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

/// The committer, for whoever holds the lock; none once it is closed. A poisoned lock is one that nobody may write by.
type Shared = Mutex<Option<Committer>>;

/// Makes a command of a closure, and what its answer is to be had from.
fn job<T, F>(work: F) -> (Box<dyn Command>, oneshot::Receiver<Result<T, StoreError>>)
where
    F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Job { work: Some(work), outcome: Err(StoreError::Closed), reply }), answer)
}

enum Message {
    Run(Box<dyn Command>),
    Look(Box<dyn FnOnce(bool) + Send>),
    /// The log is copied but for a rest; who asks waits until that is done too.
    RestartLog(SyncSender<()>),
    Stop,
}

/// Takes commands.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
    committer: Arc<Shared>,
    committed: Arc<AtomicU64>,
    /// Commands that have come and are not answered yet.
    unanswered: Arc<AtomicUsize>,
}

/// The writer's thread, to be joined.
pub struct WriterThread {
    queue: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread on a connection of its own, and beside it the checkpoints on another. At most `group_max`
    /// commands share a transaction. What is committed is told to `follower`.
    pub fn start(
        connection: Connection,
        checkpoints: Connection,
        clock: Clock,
        group_max: usize,
        follower: Option<Follower>,
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
        let unanswered = Arc::new(AtomicUsize::new(0));
        let counts = (number, Arc::clone(&unanswered));
        let committer = Committer::new(connection, checkpointer, clock, follower, counts.0, counts.1);
        let committer = Arc::new(Mutex::new(Some(committer)));
        let shared = Arc::clone(&committer);
        let work = move || run(&shared, commands, group_max);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(work)?;
        Ok((Writer { queue: queue.clone(), committer, committed, unanswered }, WriterThread { queue, thread }))
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
        let (job, answer) = job(work);
        if let Some(job) = self.commit_if_quiet(job) {
            self.enqueue(job)?;
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Commits a command on this thread, if nobody else is writing or about to. Gives it back otherwise.
    fn commit_if_quiet(&self, job: Box<dyn Command>) -> Option<Box<dyn Command>> {
        // Only such a runtime goes on with its other tasks while one of its threads waits for the disk.
        let may_wait = || Handle::try_current().is_ok_and(|on| on.runtime_flavor() == RuntimeFlavor::MultiThread);
        if self.unanswered.load(Ordering::SeqCst) > 0 || !may_wait() {
            return Some(job);
        }
        let Ok(mut committer) = self.committer.try_lock() else { return Some(job) };
        let Some(committer) = committer.as_mut().filter(|committer| committer.is_quiet()) else { return Some(job) };
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        tokio::task::block_in_place(|| committer.commit(&mut vec![job]));
        None
    }

    fn enqueue(&self, job: Box<dyn Command>) -> Result<(), StoreError> {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        self.queue.try_send(Message::Run(job)).map_err(|error| {
            self.unanswered.fetch_sub(1, Ordering::SeqCst);
            match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
            }
        })
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
        let (job, answer) = job(work);
        self.enqueue(job)?;
        Ok(answer)
    }

    /// Runs `look` on the writer's thread between two transactions: no change of this process is under way then. It is
    /// told whether another process has changed the file since the follower was told, or the look before.
    pub fn look_between(&self, look: impl FnOnce(bool) + Send + 'static) -> Result<(), StoreError> {
        self.queue.try_send(Message::Look(Box::new(look))).map_err(|_| StoreError::Overloaded)
    }

    /// The number of the last transaction. Its follower has been told of it, and nobody has been answered of a later one.
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

/// The work of the thread.
fn run(committer: &Shared, mut commands: mpsc::Receiver<Message>, group_max: usize) {
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
        // Only this thread takes the committer away; where the lock is poisoned, nothing may be written any more.
        let Ok(mut committer) = committer.lock() else { break };
        let Some(committer) = committer.as_mut() else { break };
        if !group.is_empty() {
            committer.commit(&mut group);
        }
        for look in looks.drain(..) {
            committer.look(look);
        }
        for done in restarts.drain(..) {
            committer.restart_log();
            let _ = done.send(());
        }
    }
    drop(commands);
    match committer.lock().map(|mut committer| committer.take()) {
        Ok(Some(committer)) => committer.close(),
        Ok(None) | Err(_) => log::error!("the writer ended in a panic"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::store::committer::QUIET_AFTER;
    use crate::store::{OpenMode, Store};

    /// Who commits.
    type By = Option<String>;

    fn open(folder: &Path) -> (Store, WriterThread) {
        let clock = Clock::system(chrono_tz::UTC);
        Store::open(&folder.join("scores.db"), OpenMode::Create, clock, GROUP_MAX, None).expect("a new file")
    }

    fn by_whom(_: &Write<'_>) -> Result<By, StoreError> {
        Ok(std::thread::current().name().map(str::to_owned))
    }

    fn writer() -> By {
        Some("writer".to_owned())
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("worker").build().expect("a runtime")
    }

    #[test]
    fn whoever_is_alone_commits_by_itself_and_whoever_is_not_waits_in_the_queue() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (store, thread) = open(folder.path());
        let runtime = runtime();
        let write = || {
            let store = store.clone();
            runtime.block_on(runtime.spawn(async move { store.write(by_whom).await })).expect("no panic")
        };
        assert_eq!(write().expect("stored"), Some("worker".to_owned()));
        // Someone else's command is under way, and another waits behind it.
        let (begun, has_begun) = sync_channel(1);
        let (go_on, may_go_on) = sync_channel::<()>(1);
        let slow = store.writer().submit(move |_| {
            begun.send(()).expect("the test waits");
            may_go_on.recv().expect("the test tells");
            Ok(())
        });
        has_begun.recv().expect("begun");
        let others: Vec<_> = (0..2)
            .map(|_| {
                runtime.spawn({
                    let store = store.clone();
                    async move { store.write(by_whom).await }
                })
            })
            .collect();
        let both_wait = || store.writer().queue.capacity() == QUEUE_MAX - 2;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !both_wait() {
            assert!(Instant::now() < deadline, "both wait");
            std::thread::yield_now();
        }
        go_on.send(()).expect("the command waits");
        slow.expect("queued").blocking_recv().expect("answered").expect("stored");
        for other in others {
            assert_eq!(runtime.block_on(other).expect("no panic").expect("stored"), writer());
        }
        // The two shared a commit: for a while, all go by the queue.
        for _ in 0..QUIET_AFTER {
            assert_eq!(write().expect("stored"), writer());
        }
        // Or once more, while the thread that has answered is not quite done.
        while write().expect("stored") == writer() {
            assert!(Instant::now() < deadline, "quiet again");
        }
        thread.stop();
        assert!(matches!(write(), Err(StoreError::Closed)));
    }

    #[test]
    fn a_panic_of_whoever_commits_by_itself_costs_that_command_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (store, thread) = open(folder.path());
        let runtime = runtime();
        let write = |work: fn(&Write<'_>) -> Result<By, StoreError>| {
            let store = store.clone();
            runtime.block_on(runtime.spawn(async move { store.write(work).await })).expect("no panic")
        };
        assert!(matches!(write(|_| panic!("a defect")), Err(StoreError::Closed)));
        assert_eq!(write(by_whom).expect("stored"), Some("worker".to_owned()));
        thread.stop();
    }

    #[test]
    fn a_runtime_of_a_single_thread_goes_by_the_queue() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (store, thread) = open(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert_eq!(runtime.block_on(store.write(by_whom)).expect("stored"), writer());
        thread.stop();
    }
}
