//! Runs a small model of threads in all orders in which they take turns, up to a number of breaks. Tests only.
//!
//! A model is a function that spawns threads of `shuttle`, which runs one of them at a time. Wherever a thread can be broken off, and
//! wherever the model has something happen or not happen, the model is run again for each way to go on. All runs are made that
//! break off a thread which could go on at most so many times; a thread that waits or ends costs nothing. Most faults of
//! protocols need one or two such breaks.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use shuttle::rand::RngCore;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::{Config, FailurePersistence, Runner};

/// What came of running a model in all orders.
#[derive(Debug)]
pub enum Explored {
    /// It held in all of them; this many there are.
    Holds(usize),
    /// It failed in one of them: how, and in how many it had held before.
    Fails(String),
}

/// Runs a model in every order in which threads are broken off at most so many times. It ends with the first that panics, or in
/// which all threads wait.
pub fn explore(breaks_max: usize, model: impl Fn() + Send + Sync + 'static) -> Explored {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    let explore = move || {
        Runner::new(InOrder::new(breaks_max), config).run(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            model();
        })
    };
    match catch_unwind(AssertUnwindSafe(explore)) {
        Ok(runs) => Explored::Holds(runs),
        Err(panic) => {
            let held = runs.load(Ordering::SeqCst) - 1;
            Explored::Fails(format!("{} (it had held in {held})", text_of(&*panic)))
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Whether something happens that may happen or not: each is tried.
pub fn happens() -> bool {
    shuttle::rand::thread_rng().next_u64() == 1
}

/// A point at which a thread may be broken off, beside those where it uses something of `shuttle`.
pub fn pause() {
    shuttle::hint::spin_loop();
}

/// One of several ways to go on: which was taken, and how many there are.
#[derive(Debug)]
struct Turn {
    taken: usize,
    of: usize,
}

/// Takes all ways, one after another, each from the start.
#[derive(Debug)]
struct InOrder {
    breaks_max: usize,
    turns: Vec<Turn>,
    /// How many turns the present run has taken.
    at: usize,
    breaks: usize,
    is_first: bool,
}

impl InOrder {
    fn new(breaks_max: usize) -> InOrder {
        InOrder { breaks_max, turns: Vec::new(), at: 0, breaks: 0, is_first: true }
    }

    fn take(&mut self, of: usize) -> usize {
        if self.at == self.turns.len() {
            self.turns.push(Turn { taken: 0, of });
        }
        let turn = &self.turns[self.at];
        assert_eq!(turn.of, of, "the model does not do the same each time");
        self.at += 1;
        turn.taken
    }
}

impl Scheduler for InOrder {
    fn new_execution(&mut self) -> Option<Schedule> {
        if !std::mem::take(&mut self.is_first) {
            while self.turns.pop_if(|turn| turn.taken + 1 == turn.of).is_some() {}
            self.turns.last_mut()?.taken += 1;
        }
        (self.at, self.breaks) = (0, 0);
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _: bool) -> Option<TaskId> {
        let goes_on = current.filter(|current| runnable.iter().any(|task| task.id() == *current));
        let Some(goes_on) = goes_on else {
            let taken = self.take(runnable.len());
            return Some(runnable[taken].id());
        };
        if self.breaks == self.breaks_max {
            return Some(goes_on);
        }
        // The first way is to go on with the same thread.
        let taken = self.take(runnable.len());
        let others: Vec<TaskId> = runnable.iter().map(|task| task.id()).filter(|id| *id != goes_on).collect();
        if taken == 0 {
            return Some(goes_on);
        }
        self.breaks += 1;
        Some(others[taken - 1])
    }

    fn next_u64(&mut self) -> u64 {
        self.take(2) as u64
    }
}

/// A queue as the program's channels are: those who take wait until there is something, those who give until there is room.
pub struct Queue<T> {
    inside: Mutex<Inside<T>>,
    changed: Condvar,
    room: usize,
}

struct Inside<T> {
    waiting: VecDeque<T>,
    is_closed: bool,
}

impl<T> Queue<T> {
    /// An empty queue with room for so many.
    pub fn new(room: usize) -> Queue<T> {
        let inside = Mutex::new(Inside { waiting: VecDeque::new(), is_closed: false });
        Queue { inside, changed: Condvar::new(), room }
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives one, waiting for room. If the queue is closed, nobody gets it.
    pub fn give(&self, one: T) {
        let _ = self.give_if_open(one);
    }

    /// Gives one, waiting for room. `false`: the queue is closed.
    pub fn give_if_open(&self, one: T) -> bool {
        let mut inside = self.inside();
        while inside.waiting.len() >= self.room && !inside.is_closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        if !inside.is_closed {
            inside.waiting.push_back(one);
            self.changed.notify_all();
        }
        !inside.is_closed
    }

    /// Gives one if there is room now.
    pub fn try_to_give(&self, one: T) -> bool {
        let mut inside = self.inside();
        let is_given = inside.waiting.len() < self.room && !inside.is_closed;
        if is_given {
            inside.waiting.push_back(one);
            self.changed.notify_all();
        }
        is_given
    }

    /// Waits for one. `None`: the queue is closed and empty.
    pub fn take(&self) -> Option<T> {
        self.take_some(1).pop()
    }

    /// Waits until there are some, and takes so many of them at most. None: the queue is closed and empty.
    pub fn take_some(&self, max: usize) -> Vec<T> {
        let mut inside = self.inside();
        while inside.waiting.is_empty() && !inside.is_closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        let was_full = inside.waiting.len() >= self.room;
        let count = inside.waiting.len().min(max);
        let taken = inside.waiting.drain(..count).collect();
        drop(inside);
        if was_full {
            self.changed.notify_all();
        }
        taken
    }

    /// Takes one if there is one.
    pub fn try_to_take(&self) -> Option<T> {
        let mut inside = self.inside();
        let was_full = inside.waiting.len() >= self.room;
        let one = inside.waiting.pop_front();
        drop(inside);
        if was_full {
            self.changed.notify_all();
        }
        one
    }

    /// Nothing is taken in from now on. What is in the queue stays there.
    pub fn close(&self) {
        self.inside().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shuttle::thread;

    use super::*;

    fn add_beside_each_other() {
        let sum = Arc::new(shuttle::sync::atomic::AtomicUsize::new(0));
        let add = |sum: Arc<shuttle::sync::atomic::AtomicUsize>| {
            let before = sum.load(Ordering::SeqCst);
            sum.store(before + 1, Ordering::SeqCst);
        };
        let threads = [0, 1].map(|_| {
            let sum = Arc::clone(&sum);
            thread::spawn(move || add(sum))
        });
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(sum.load(Ordering::SeqCst), 2, "one was lost");
    }

    #[test]
    fn a_fault_that_needs_one_break_is_found_with_one_and_not_without() {
        assert!(matches!(explore(0, add_beside_each_other), Explored::Holds(_)));
        let found = explore(1, add_beside_each_other);
        assert!(matches!(&found, Explored::Fails(what) if what.contains("one was lost")), "{found:?}");
    }

    #[test]
    fn threads_that_wait_for_each_other_are_found() {
        let wait = || {
            let queues = [0, 1].map(|_| Arc::new(Queue::<()>::new(1)));
            let [first, second] = queues.clone();
            let other = thread::spawn(move || second.take().map(|()| first.give(())));
            queues[0].take();
            queues[1].give(());
            drop(other.join());
        };
        let found = explore(1, wait);
        assert!(matches!(&found, Explored::Fails(what) if what.contains("deadlock")), "{found:?}");
    }

    #[test]
    fn what_may_happen_is_tried_both_ways() {
        let seen = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
        let noted = Arc::clone(&seen);
        let toss = move || {
            noted.lock().expect("no panic").insert([happens(), happens()]);
        };
        assert!(matches!(explore(0, toss), Explored::Holds(4)));
        assert_eq!(seen.lock().expect("no panic").len(), 4);
    }
}
