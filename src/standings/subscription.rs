//! How the standings receive what the store tells its subscribers: in a queue of facts. The thread takes the facts when
//! it needs them.

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

/// How many changes may wait to be taken. Taking in more of them would be slower than reading everything anew.
const CHANGES_MAX: usize = 1 << 20;

/// Transactions that the thread has not taken yet, in their order.
#[derive(Default)]
pub(super) struct FactQueue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    facts: Vec<Arc<Committed>>,
    /// How many changes all waiting transactions have.
    changes: usize,
    /// The number of the last transaction that was told, taken or not.
    last: u64,
    /// Whether the thread has ended, and nobody will take anything.
    closed: bool,
}

impl FactQueue {
    /// Adds a transaction. Returns `true` if the queue was empty before and is not closed.
    pub fn push(&self, committed: Arc<Committed>) -> bool {
        let mut waiting = self.waiting();
        waiting.last = committed.number;
        if waiting.closed {
            return false;
        }
        waiting.changes += committed.scores.len() + committed.directory.len();
        let was_empty = waiting.facts.is_empty();
        if waiting.changes > CHANGES_MAX {
            // The changes are forgotten here. The thread reads them from the file, as it does after a change by another
            // process.
            let Committed { number, repairs, .. } = *committed;
            let anew = Committed { number, repairs, scores: Vec::new(), directory: Vec::new(), foreign: true };
            waiting.facts = vec![Arc::new(anew)];
            waiting.changes = 0;
        } else {
            waiting.facts.push(committed);
        }
        was_empty
    }

    /// Takes all transactions.
    pub fn take(&self) -> Vec<Arc<Committed>> {
        self.take_through(u64::MAX)
    }

    /// Takes all transactions up to that number.
    pub fn take_through(&self, number: u64) -> Vec<Arc<Committed>> {
        let mut waiting = self.waiting();
        let count = waiting.facts.partition_point(|committed| committed.number <= number);
        let later = waiting.facts.split_off(count);
        let taken = std::mem::replace(&mut waiting.facts, later);
        waiting.changes -=
            taken.iter().map(|committed| committed.scores.len() + committed.directory.len()).sum::<usize>();
        taken
    }

    /// Whether a waiting transaction tells that another process has changed the file.
    pub fn tells_of_others(&self) -> bool {
        self.waiting().facts.iter().any(|committed| committed.foreign)
    }

    /// The number of the last transaction that was told, taken or not.
    pub fn last(&self) -> u64 {
        self.waiting().last
    }

    /// Forgets all transactions that wait and all that come from now on, since nobody will take them.
    pub fn close(&self) {
        let mut waiting = self.waiting();
        *waiting = Waiting { closed: true, last: waiting.last, ..Waiting::default() };
    }

    /// Whether there is nothing to take.
    pub fn is_empty(&self) -> bool {
        self.waiting().facts.is_empty()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventDate, UserId};
    use crate::store::ScoreChange;

    fn committed(number: u64, changes: usize) -> Arc<Committed> {
        let user_id = UserId::try_from(1).expect("a user id");
        let change = ScoreChange { user_id, date: EventDate::MIN, score: 1, days: 1 };
        Arc::new(Committed { number, scores: vec![change; changes], directory: Vec::new(), foreign: false, repairs: 0 })
    }

    #[test]
    fn what_nobody_takes_does_not_grow_without_end() {
        let queue = FactQueue::default();
        for number in 1..=20 {
            assert_eq!(queue.push(committed(number, CHANGES_MAX / 8)), number == 1);
            let held: usize = queue.waiting().facts.iter().map(|committed| committed.scores.len()).sum();
            assert!(held <= CHANGES_MAX);
        }
        let taken = queue.take();
        assert!(taken[0].foreign, "what was forgotten has to be read from the file");
        assert_eq!(taken.last().map(|committed| committed.number), Some(20));
        queue.push(committed(21, 1));
        queue.close();
        assert!(!queue.push(committed(22, 1)), "nobody is woken");
        assert!(queue.is_empty());
    }

    #[test]
    fn facts_are_taken_up_to_a_number() {
        let queue = FactQueue::default();
        for number in 1..=5 {
            queue.push(committed(number, 1));
        }
        let numbers = |facts: Vec<Arc<Committed>>| facts.iter().map(|committed| committed.number).collect::<Vec<_>>();
        assert_eq!(numbers(queue.take_through(3)), [1, 2, 3]);
        assert_eq!(numbers(queue.take_through(3)), [0; 0]);
        assert_eq!(queue.last(), 5);
        assert_eq!(numbers(queue.take()), [4, 5]);
        assert_eq!(queue.waiting().changes, 0);
    }
}
