//! All connections that are open, and who has to go when there are too many.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Timeouts;
use super::figures::Figures;
use super::slot::{Moment, NEVER, Pace, Slot};

/// So much longer, in milliseconds, a connection may be without a complete request if one was answered on it before. Its
/// client is likely to ask again: without this, hundreds of newcomers within a moment would push out those who work.
const LONGER_AFTER_ANSWER: Moment = 10_000;

/// All connections that are open.
pub struct Registry {
    pace: Pace,
    connections_max: usize,
    slots: Mutex<Vec<Arc<Slot>>>,
    /// Connections, and requests that are carried out although their connection is gone.
    open: AtomicUsize,
    left: Notify,
    is_stopping: AtomicBool,
    /// When the server ends, whatever is still open.
    end: AtomicU64,
    figures: Figures,
}

impl Registry {
    /// An empty registry for so many connections.
    pub fn new(connections_max: usize, timeouts: Timeouts) -> Registry {
        Registry {
            pace: Pace::new(timeouts),
            connections_max,
            slots: Mutex::default(),
            open: AtomicUsize::new(0),
            left: Notify::new(),
            is_stopping: AtomicBool::new(false),
            end: AtomicU64::new(NEVER),
            figures: Figures::default(),
        }
    }

    /// What has happened to connections so far.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Whether one more connection would be too many.
    pub fn is_full(&self) -> bool {
        self.open.load(Ordering::SeqCst) >= self.connections_max
    }

    /// Has the connection closed that is longest without a complete request; see [`LONGER_AFTER_ANSWER`]. `false`: all are
    /// being answered.
    pub fn displace_one(&self) -> bool {
        let slots = self.slots();
        // Whoever gets a complete request while this looks is passed over, and the next is looked for.
        for _ in 0..=slots.len() {
            let unasked = slots.iter().filter_map(|slot| Some((slot.unasked_since()?, slot)));
            let longest =
                unasked.min_by_key(|(since, slot)| since + if slot.has_answered() { LONGER_AFTER_ANSWER } else { 0 });
            let Some((since, slot)) = longest else { return false };
            if slot.displace(since) {
                return true;
            }
        }
        false
    }

    /// Waits until there is room for one more.
    pub async fn room(&self) {
        while self.is_full() {
            self.left.notified().await;
        }
    }

    /// Takes in a connection.
    pub fn enter(self: &Arc<Registry>) -> Guest {
        let slot = Arc::new(Slot::new(self.pace));
        let mut slots = self.slots();
        slot.index.store(slots.len(), Ordering::Relaxed);
        slots.push(Arc::clone(&slot));
        Guest { slot, counted: self.count() }
    }

    /// Counts something that the end of the server waits for.
    pub fn count(self: &Arc<Registry>) -> Counted {
        self.open.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(self))
    }

    /// Whether the server is ending.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// When the server ends, whatever is still open, or [`NEVER`].
    pub fn end(&self) -> Moment {
        self.end.load(Ordering::SeqCst)
    }

    /// Has every connection end: at once, or as soon as what it is about is answered, within `grace`.
    pub fn stop(&self, grace: Duration) {
        let grace = u64::try_from(grace.as_millis()).unwrap_or(NEVER);
        self.end.store(self.pace.now().saturating_add(grace), Ordering::SeqCst);
        self.is_stopping.store(true, Ordering::SeqCst);
        for slot in &*self.slots() {
            slot.wake();
        }
    }

    /// Waits until nothing is open.
    pub async fn emptied(&self) {
        while self.open.load(Ordering::SeqCst) > 0 {
            self.left.notified().await;
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that the end of the server waits for, until this is dropped.
pub struct Counted(Arc<Registry>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.left.notify_one();
    }
}

/// A connection that is open until this is dropped.
pub struct Guest {
    slot: Arc<Slot>,
    counted: Counted,
}

impl Guest {
    /// The connection.
    pub fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut slots = self.counted.0.slots();
        let index = self.slot.index.load(Ordering::Relaxed);
        slots.swap_remove(index);
        if let Some(moved) = slots.get(index) {
            moved.index.store(index, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_without_a_complete_request_goes_and_who_was_answered_stays_longer() {
        let hour = Duration::from_secs(3600);
        let timeouts = Timeouts { header: hour, body: hour, idle: hour, stall: hour };
        let registry = Arc::new(Registry::new(4, timeouts));
        let guests: Vec<Guest> = (0..4).map(|_| registry.enter()).collect();
        let [answered, answering, silent, other] = &guests[..] else { panic!("four guests") };
        for guest in [answered, answering] {
            assert!(guest.slot().begin_answer());
        }
        answered.slot().end_answer();
        answered.slot().flushed();
        assert!(registry.is_full());
        assert!(registry.displace_one() && registry.displace_one());
        assert!(silent.slot().is_displaced() && other.slot().is_displaced());
        assert!(registry.displace_one() && answered.slot().is_displaced());
        assert!(!registry.displace_one(), "nobody is left but who is being answered");
        assert!(!answering.slot().is_displaced());
        drop(guests);
        assert!(!registry.is_full());
    }
}
