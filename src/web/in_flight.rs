//! How many requests are under way, so that the end of the server can wait for their replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Counts the requests that are not answered yet.
#[derive(Default)]
pub struct InFlight {
    count: AtomicUsize,
    none_left: Notify,
}

/// A request that is counted until this is dropped.
pub(super) struct Counted(Arc<InFlight>);

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}

impl InFlight {
    /// Counts one request more.
    pub(super) fn count(in_flight: &Arc<InFlight>) -> Counted {
        in_flight.count.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(in_flight))
    }

    /// Waits until no request has been under way for as long as `quiet`.
    pub async fn quiesce(&self, quiet: Duration) {
        loop {
            let notified = self.none_left.notified();
            if self.count.load(Ordering::SeqCst) > 0 {
                notified.await;
                continue;
            }
            tokio::time::sleep(quiet).await;
            if self.count.load(Ordering::SeqCst) == 0 {
                return;
            }
        }
    }
}
