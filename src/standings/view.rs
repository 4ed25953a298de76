//! What a reader of standings gets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::{Catalog, Ranked};
use crate::domain::{Leaderboard, Period};

/// Rendered pages that a view keeps: the first ones, which are asked for most.
const PAGES_MAX: usize = 64;

/// The standings of a board over a period at one moment, immutable.
#[derive(Debug)]
pub struct View {
    /// The board.
    pub board: Arc<Leaderboard>,
    /// The period.
    pub period: Period,
    /// Who stands where.
    pub ranked: Arc<Ranked>,
    /// What users are called.
    pub catalog: Arc<Catalog>,
    version: u64,
    pages: Mutex<HashMap<(usize, usize), Arc<str>>>,
}

impl View {
    /// A view of its own version.
    pub fn new(board: Arc<Leaderboard>, period: Period, ranked: Arc<Ranked>, catalog: Arc<Catalog>) -> View {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let version = COUNT.fetch_add(1, Ordering::Relaxed);
        View { board, period, ranked, catalog, version, pages: Mutex::default() }
    }

    /// A name that no other view has, in this process or another.
    pub fn version(&self) -> String {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| getrandom::u64().unwrap_or_default());
        format!("{:x}-{:x}", *PROCESS, self.version)
    }

    /// A page as it goes onto the wire: made by `render` once, then kept as long as the view.
    pub fn page(&self, page: usize, limit: usize, render: impl FnOnce() -> String) -> Arc<str> {
        let kept = || self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = kept().get(&(page, limit)) {
            return Arc::clone(page);
        }
        let text: Arc<str> = render().into();
        let mut kept = kept();
        if kept.len() < PAGES_MAX {
            kept.insert((page, limit), Arc::clone(&text));
        }
        text
    }
}
