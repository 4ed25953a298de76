//! What a reader of standings gets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use super::kept::{Kept, RenderingKey};
use super::{Catalog, Entry, Ranked};
use crate::domain::{Leaderboard, Period, UserId};

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
    kept: Kept,
    unnamed: OnceLock<Vec<UserId>>,
}

impl View {
    /// How many users a page has, unless fewer are asked for. Page 1 begins after this many users.
    pub const PAGE_USERS: usize = 100;

    /// A new view, with a version that no other view has.
    pub fn new(board: Arc<Leaderboard>, period: Period, ranked: Arc<Ranked>, catalog: Arc<Catalog>) -> View {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let version = COUNT.fetch_add(1, Ordering::Relaxed);
        View { board, period, ranked, catalog, version, kept: Kept::default(), unnamed: OnceLock::new() }
    }

    /// A name that no other view has, in this process or another.
    pub fn version(&self) -> String {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| getrandom::u64().unwrap_or_default());
        format!("{:x}-{:x}", *PROCESS, self.version)
    }

    /// The ranked users whom the directory does not know, best first. They are found when somebody first asks.
    pub fn unnamed(&self) -> &[UserId] {
        self.unnamed.get_or_init(|| {
            let ids = self.ranked.entries().into_iter().map(|entry| entry.user_id);
            ids.filter(|id| self.catalog.users.get(id).is_none()).collect()
        })
    }

    /// The users on a page, at most `limit` of them. A page beyond the end has none.
    pub fn page(&self, page: usize, limit: usize) -> Vec<Entry> {
        self.ranked.page(page.saturating_mul(View::PAGE_USERS), limit.min(View::PAGE_USERS))
    }

    /// The rendering of this view for a key. `render` makes it once for all who ask; then it is kept as long as the
    /// view. The key has to hold everything that the rendering depends on, except the view itself.
    ///
    /// The plain first page of each form is always kept. Of the others, the ones that were asked for last are kept. A
    /// page beyond the end is rendered each time: it is quickly made, and the number of these pages has no limit.
    pub fn kept(&self, key: RenderingKey, render: impl FnOnce() -> Vec<u8>) -> Arc<[u8]> {
        if key.page > 0 && key.page.saturating_mul(View::PAGE_USERS) >= self.ranked.len() {
            return render().into();
        }
        self.kept.get_or_render(key, render)
    }

    /// How many bytes is kept of renderings.
    pub(super) fn kept_bytes(&self) -> usize {
        self.kept.size()
    }

    /// The rendering for a key, if it is kept already. It is for callers who have to wait for something before they can
    /// render.
    pub fn find_kept(&self, key: RenderingKey) -> Option<Arc<[u8]>> {
        self.kept.get(key)
    }
}
