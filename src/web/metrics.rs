//! Where the text of the metrics comes from.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Makes the text of the metrics. What it tells is known only once every part of the server is there.
#[derive(Clone, Default)]
pub struct Metrics {
    make: Arc<RwLock<Option<Make>>>,
    /// Whether the text is served elsewhere, and not here.
    pub is_elsewhere: bool,
}

/// A function that makes the text.
type Make = Box<dyn Fn() -> String + Send + Sync>;

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("is_elsewhere", &self.is_elsewhere).finish_non_exhaustive()
    }
}

impl Metrics {
    /// Metrics that are served here, or elsewhere.
    pub fn new(is_elsewhere: bool) -> Metrics {
        Metrics { make: Arc::default(), is_elsewhere }
    }

    /// Says how the text is made.
    pub fn set(&self, make: impl Fn() -> String + Send + Sync + 'static) {
        *self.make.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(make));
    }

    /// Forgets how the text is made, and with it all that it is made of. Without this, the server would hold itself, and its
    /// connections to the database would never be closed.
    pub fn forget(&self) {
        *self.make.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The text; empty before it is known how it is made, and after that is forgotten.
    pub fn text(&self) -> String {
        self.make.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|make| make()).unwrap_or_default()
    }
}
