//! Work that may wait, on a thread that others need.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does work on this thread that may wait for a disk or a lock. If the thread is an asynchronous worker, what else it has to do
/// goes to another thread first: other requests, sockets and timers do not wait.
pub(super) fn handing_over<T>(work: impl FnOnce() -> T) -> T {
    let is_worker = Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_worker { tokio::task::block_in_place(work) } else { work() }
}
