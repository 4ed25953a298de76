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

/// Tells of the faults that refreshes meet. They are tried again and again, so the same fault is told once.
#[derive(Default)]
pub(super) struct Faults {
    told: Option<String>,
}

impl Faults {
    /// A refresh has met a fault.
    pub fn tell(&mut self, fault: &StoreError) {
        let text = fault.to_string();
        if self.told.as_ref() != Some(&text) {
            log::error!("standings could not be refreshed, and will be once this is over: {text}");
            self.told = Some(text);
        }
    }

    /// A refresh went well.
    pub fn are_over(&mut self) {
        if self.told.take().is_some() {
            log::info!("standings are refreshed again");
        }
    }
}
