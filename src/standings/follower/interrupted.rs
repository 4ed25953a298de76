//! Why the standings' thread stops in the middle of something.

use crate::store::StoreError;

/// Why a refresh did not end well.
pub(super) enum Interrupted {
    /// The thread is told to stop.
    Stopped,
    /// The file can't be read now.
    Failed(StoreError),
}

impl From<StoreError> for Interrupted {
    fn from(error: StoreError) -> Interrupted {
        Interrupted::Failed(error)
    }
}

/// The thread is told to stop.
pub(super) struct Stopped;

impl From<Stopped> for Interrupted {
    fn from(_: Stopped) -> Interrupted {
        Interrupted::Stopped
    }
}
