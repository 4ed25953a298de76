//! Where the text of the metrics comes from.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// Makes the text of the metrics. What it tells is known only once every part of the server is there.
#[derive(Clone, Default)]
pub struct Metrics {
    make: Arc<OnceLock<Make>>,
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

    /// Says how the text is made, once.
    pub fn set(&self, make: impl Fn() -> String + Send + Sync + 'static) {
        // Whoever sets it is the start of the server, which comes once.
        let _ = self.make.set(Box::new(make));
    }

    /// The text; empty before it is known how it is made.
    pub fn text(&self) -> String {
        self.make.get().map(|make| make()).unwrap_or_default()
    }
}
