//! The one thread that writes.
//!
//! Commands wait in a bounded queue. The thread takes all that are waiting, runs each in a savepoint of one immediate
//! transaction, commits once and then answers all: one flush of the disk serves many requests, and a check followed by a
//! write needs no lock. No command is ever answered before the commit that holds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::command::{Command, Job};
use super::committer::{Committer, Parts};
use super::connection::BUSY_LIMIT;
use super::error::StoreError;
use super::turns::{self, Inbox};
use super::write::Write;
use crate::domain::ServerAddress;

/// How many commands may wait. More would have to wait for seconds, so they are refused and told to come back.
const QUEUE_MAX: usize = 4096;

/// How many commands share one transaction at most, unless it is set otherwise. All commands of a transaction are
/// answered when it ends, so this limits how long the first one waits for the last.
pub const GROUP_MAX: usize = 512;

type Message = turns::Message<Box<dyn Command>, Box<dyn FnOnce(bool) + Send>>;

/// Hands commands to the writer's thread.
#[derive(Clone)]
pub struct Writer {
    queue: Queue,
    committed: Arc<AtomicU64>,
}

/// Where commands go.
#[derive(Clone)]
enum Queue {
    /// To the thread.
    Thread(mpsc::Sender<Message>),
    /// To nobody: this process only reads the file, and changes are made at that address.
    Nobody(ServerAddress),
}

/// A handle on the writer's thread, to end it and wait for its end.
pub struct WriterThread {
    queue: mpsc::Sender<Message>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread, and beside it the thread for checkpoints.
    pub(super) fn start(parts: Parts) -> std::io::Result<(Writer, WriterThread)> {
        let (queue, commands) = mpsc::channel(QUEUE_MAX);
        let group_max = parts.group_max.max(1);
        let restarts = queue.clone();
        let restart_log = move || {
            let (done, restarted) = sync_channel(1);
            let done = Box::new(move || done.send(()).unwrap_or_default());
            if restarts.blocking_send(Message::RestartLog(done)).is_ok() {
                // An error means that the writer has ended without restarting the log.
                let _ = restarted.recv();
            }
        };
        let alive = parts.health.thread("writer");
        let committer = Committer::start(parts, restart_log)?;
        let committed = committer.number();
        let work = move || {
            let _alive = alive;
            turns::run(committer, commands, group_max);
        };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(work)?;
        Ok((Writer { queue: Queue::Thread(queue.clone()), committed }, WriterThread { queue, thread }))
    }

    /// A writer that has no thread, and refuses everything: changes are made at that address.
    pub(super) fn elsewhere(address: ServerAddress) -> Writer {
        Writer { queue: Queue::Nobody(address), committed: Arc::default() }
    }

    fn thread(&self) -> Result<&mpsc::Sender<Message>, StoreError> {
        match &self.queue {
            Queue::Thread(queue) => Ok(queue),
            Queue::Nobody(address) => Err(StoreError::MadeElsewhere(address.clone())),
        }
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
        self.thread()?.try_send(Message::Run(Box::new(job))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        Ok(answer)
    }

    /// Runs `look` on the writer's thread between two transactions, while no change of this process is under way.
    /// `look` is told whether another process has changed the file since the last transaction, or since the look
    /// before.
    pub fn look_between(&self, look: impl FnOnce(bool) + Send + 'static) -> Result<(), StoreError> {
        self.thread()?.try_send(Message::Look(Box::new(look))).map_err(|_| StoreError::Overloaded)
    }

    /// Where changes are made, if not by this process.
    pub fn changes_at(&self) -> Option<&ServerAddress> {
        match &self.queue {
            Queue::Thread(_) => None,
            Queue::Nobody(address) => Some(address),
        }
    }

    /// How many commands wait.
    pub fn waiting(&self) -> usize {
        self.thread().map_or(0, |queue| queue.max_capacity() - queue.capacity())
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

impl Inbox<Message> for mpsc::Receiver<Message> {
    fn take(&mut self, messages: &mut Vec<Message>, max: usize) -> usize {
        self.blocking_recv_many(messages, max)
    }

    fn close(&mut self) {
        mpsc::Receiver::close(self);
    }
}
