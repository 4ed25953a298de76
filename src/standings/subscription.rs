//! The standings' end of what the store tells its subscribers: a queue of facts that the thread takes when it needs them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shared::Message;
use crate::store::{Committed, Subscriber};

/// What the standings need in order to subscribe. It is made before the store is opened, since the store tells its
/// subscribers from the first transaction on.
pub struct Subscription {
    pub(super) facts: Arc<FactQueue>,
    pub(super) sender: Sender<Message>,
    pub(super) inbox: Receiver<Message>,
}

impl Subscription {
    /// A new subscription, with nothing told yet.
    pub fn new() -> Subscription {
        let (sender, inbox) = channel();
        Subscription { facts: Arc::default(), sender, inbox }
    }

    /// What the store calls after each transaction.
    pub fn subscriber(&self) -> Subscriber {
        let (sender, facts) = (self.sender.clone(), Arc::clone(&self.facts));
        Box::new(move |committed| {
            // Waking a thread costs as much as a small write, so only the first of many transactions wakes it.
            if facts.push(committed) {
                // An error means that the thread has ended, and nobody needs to be woken.
                let _ = sender.send(Message::Facts);
            }
        })
    }
}

impl Default for Subscription {
    fn default() -> Subscription {
        Subscription::new()
    }
}

/// Transactions that the thread has not taken yet, in their order.
#[derive(Default)]
pub(super) struct FactQueue(Mutex<Vec<Arc<Committed>>>);

impl FactQueue {
    /// Adds a transaction. `true`: the queue was empty before.
    fn push(&self, committed: Arc<Committed>) -> bool {
        let mut waiting = self.waiting();
        waiting.push(committed);
        waiting.len() == 1
    }

    /// Takes all transactions.
    pub fn take(&self) -> Vec<Arc<Committed>> {
        std::mem::take(&mut *self.waiting())
    }

    /// Whether there is nothing to take.
    pub fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Committed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
