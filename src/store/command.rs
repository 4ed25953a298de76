//! A piece of work for the writer: what it does, when it must have begun at the latest, and who waits for its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tokio::sync::oneshot;

use super::{StoreError, Write};

/// Work for the writer, and who waits for it.
pub(super) trait Command: Send {
    /// The moment after which the command is not begun any more. Whoever waits for it then hears that nothing was
    /// stored.
    fn deadline(&self) -> Instant;
    /// Does the work. An error: it failed, and what it wrote has to be rolled back.
    fn run(&mut self, write: &Write<'_>) -> Result<(), StoreError>;
    /// Answers, once the end of the transaction is known.
    fn answer(self: Box<Self>, end: &Result<(), StoreError>);
}

/// A closure as a command.
pub(super) struct Job<F, T> {
    work: Option<F>,
    outcome: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    deadline: Instant,
}

impl<F, T> Job<F, T>
where
    F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    /// Makes a job, and the receiver for its answer.
    pub fn new(work: F, deadline: Instant) -> (Job<F, T>, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Job { work: Some(work), outcome: Err(StoreError::Closed), reply, deadline }, answer)
    }
}

impl<F, T> Command for Job<F, T>
where
    F: FnOnce(&Write<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn run(&mut self, write: &Write<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Err(StoreError::Closed) };
        // A panic is a defect. It must end the request that met it and nothing else: everyone writes through this thread.
        self.outcome = catch_unwind(AssertUnwindSafe(|| work(write))).unwrap_or(Err(StoreError::Panicked));
        self.outcome.as_ref().map(|_| ()).map_err(StoreError::clone)
    }

    fn answer(self: Box<Self>, end: &Result<(), StoreError>) {
        let answer = match end {
            Ok(()) => self.outcome,
            Err(error) => Err(error.clone()),
        };
        // Whoever asked may have gone away. The write stands all the same.
        let _ = self.reply.send(answer);
    }
}
