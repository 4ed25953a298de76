//! The turns of the writer's thread: what it takes from its queue, and in which order it does it.
//!
//! Nothing here knows of SQLite or of the channel. So the models of `interleavings` run this loop as it is.

/// A message to the writer's thread.
pub(crate) enum Message<C, L> {
    /// Work for the next transaction.
    Run(C),
    /// Something that is done between two transactions.
    Look(L),
    /// Nearly all of the log is copied: the writer has to copy the rest. What is called when that is done.
    RestartLog(Box<dyn FnOnce() + Send>),
    /// The last message. What was sent before it is still done.
    Stop,
}

/// Where messages come from.
pub(crate) trait Inbox<M> {
    /// Waits until there are messages, and takes so many of them at most. 0: it is closed and empty.
    fn take(&mut self, messages: &mut Vec<M>, max: usize) -> usize;

    /// Takes in nothing more. What has come is still to be taken.
    fn close(&mut self);
}

/// What the thread does.
pub(crate) trait Work {
    /// Work for a transaction.
    type Command;
    /// Something that is done between two transactions.
    type Look;

    /// Runs commands in the next transaction, and answers them once it is committed.
    fn run(&mut self, group: &mut Vec<Self::Command>);

    /// Does what is to be done between two transactions.
    fn look(&mut self, looks: impl Iterator<Item = Self::Look>);

    /// Copies the rest of the log, so that it begins anew.
    fn restart_log(&mut self);

    /// Ends, when no message can come any more.
    fn close(self);
}

/// Does all that comes, until the queue is closed and empty.
pub(crate) fn run<W: Work>(mut work: W, mut inbox: impl Inbox<Message<W::Command, W::Look>>, group_max: usize) {
    let mut messages = Vec::with_capacity(group_max);
    let mut group = Vec::with_capacity(group_max);
    let (mut looks, mut restarts) = (Vec::new(), Vec::new());
    while inbox.take(&mut messages, group_max) > 0 {
        for message in messages.drain(..) {
            match message {
                Message::Run(command) => group.push(command),
                Message::Look(look) => looks.push(look),
                Message::RestartLog(done) => restarts.push(done),
                // What was sent before this is still received. What is sent from now on is refused.
                Message::Stop => inbox.close(),
            }
        }
        if !group.is_empty() {
            work.run(&mut group);
        }
        work.look(looks.drain(..));
        for done in restarts.drain(..) {
            work.restart_log();
            done();
        }
    }
    // Whoever waits for an answer to something that was refused hears of it, the thread for checkpoints too.
    drop(inbox);
    work.close();
}
