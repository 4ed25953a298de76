//! The handle with which readers get standings.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::coverage::Coverage;
use super::follower::Follower;
use super::holding::Holding;
use super::shared::{Flush, Message, Published, Shared};
use super::snapshots::{SNAPSHOT_PATIENCE, Snapshots};
use super::{Catalog, StandingsKey, Subscription, View, supervise};
use crate::domain::{Clock, Ranking};
use crate::store::{Store, StoreError, Writer};

/// How long a reader waits for standings that are being built, before it is told that they are not ready.
const BUILDING_PATIENCE: Duration = Duration::from_secs(2);

/// How long whoever changes the directory waits at most until the change shows.
const FLUSH_PATIENCE: Duration = Duration::from_secs(5);

/// How standings are kept.
pub struct StandingsOptions {
    /// Tells which day it is.
    pub clock: Clock,
    /// How equal scores share a position.
    pub ranking: Ranking,
    /// A committed change shows within this time.
    pub every: Duration,
    /// How many bytes the standings may take, without the names of users.
    pub bytes_max: usize,
}

/// A handle on the standings.
#[derive(Clone)]
pub struct Standings {
    shared: Arc<Shared>,
    writer: Writer,
    inbox: Sender<Message>,
}

/// The thread, to be stopped.
pub struct StandingsThread {
    inbox: Sender<Message>,
    thread: JoinHandle<()>,
}

impl Standings {
    /// Starts the thread that keeps the standings of the file of `store`. The store has to tell its facts to `subscription`.
    /// If it only reads the file, the file may come later.
    ///
    /// # Errors
    /// Reading the boards, users and groups failed; or [`StoreError::Closed`] if the system gives no thread.
    pub fn start(
        subscription: Subscription,
        store: &Store,
        options: StandingsOptions,
    ) -> Result<(Standings, StandingsThread), StoreError> {
        let StandingsOptions { clock, ranking, every, bytes_max } = options;
        let Subscription { facts, sender, inbox } = subscription;
        let writer = store.writer().clone();
        let catalog = match store.reader().and_then(|connection| Catalog::read(&connection)) {
            // A file has one board at least, so an empty catalog is that of a file which was not read yet.
            Err(_) if store.changes_at().is_some() => Catalog::default(),
            read => read?,
        };
        catalog.tell_unreadable(None);
        // Whoever opens a board sees its default period, so these are built at once.
        let defaults: Vec<StandingsKey> =
            catalog.boards.iter().map(|board| StandingsKey::today(board.id, board.default_period)).collect();
        let standings =
            Standings { shared: Arc::new(Shared::new(catalog, Coverage::of(store)?)), writer, inbox: sender.clone() };
        defaults.into_iter().for_each(|key| standings.published(key, Published::touch));
        let patience = SNAPSHOT_PATIENCE;
        let snapshots = Snapshots::new(store.clone(), sender.clone(), Arc::clone(&facts), patience)?;
        let follower = Follower::new(
            Arc::clone(&standings.shared),
            facts,
            inbox,
            snapshots,
            clock,
            ranking,
            Holding::new(bytes_max),
        );
        let alive = store.register_thread("standings");
        let thread = std::thread::Builder::new()
            .name("standings".to_owned())
            .spawn(move || {
                let _alive = alive;
                supervise::follow(follower, every);
            })
            .map_err(|error| {
                log::error!("the standings' thread can't be started: {error}");
                StoreError::Closed
            })?;
        Ok((standings, StandingsThread { inbox: sender, thread }))
    }

    /// Boards, users and groups, as of the last refresh.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog()
    }

    /// The standings. `None` if they are still being built after a short wait.
    pub async fn view(&self, key: StandingsKey) -> Option<Arc<View>> {
        self.view_within(key, BUILDING_PATIENCE).await
    }

    /// The standings with every change that this process has confirmed. It is for callers who must see what was just
    /// stored. If nothing was stored since the last refresh, this costs no more than [`Standings::view`].
    pub async fn view_now(&self, key: StandingsKey) -> Option<Arc<View>> {
        if self.published(key, |published| published.shown.load(Ordering::SeqCst)) < self.writer.committed() {
            self.flush(Some(key)).await;
        }
        self.view_within(key, FLUSH_PATIENCE).await
    }

    /// Whether the views show all that other processes had committed before this call, as far as this can be told at
    /// once. It says nothing of what this process has committed; see [`Standings::view_now`]. It reads no page of the
    /// file.
    pub fn show_all_of_others(&self) -> bool {
        let look = self.shared.coverage.look();
        if look.is_news {
            // An error means that the thread has ended.
            let _ = self.inbox.send(Message::Look);
        }
        look.is_covered
    }

    /// How long ago the views last showed all that was known to be committed then. While nothing changes, that is at most half
    /// of the time within which a change shows.
    pub fn age(&self) -> Duration {
        self.shared.age()
    }

    /// The standings; `None` if they are not built within `patience`.
    pub async fn view_within(&self, key: StandingsKey, patience: Duration) -> Option<Arc<View>> {
        let mut views = self.watch(key);
        // Most often the view is there already, and no timer has to be set.
        if let Some(view) = &*views.borrow() {
            return Some(Arc::clone(view));
        }
        let built = views.wait_for(Option::is_some);
        tokio::time::timeout(patience, built).await.ok()?.ok()?.clone()
    }

    /// Which standings are held in memory, or are about to be.
    pub fn held(&self) -> Vec<StandingsKey> {
        self.shared.published().keys().copied().collect()
    }

    /// Follows the standings as they change. The channel closes when their board is removed.
    pub fn watch(&self, key: StandingsKey) -> watch::Receiver<Option<Arc<View>>> {
        self.published(key, |published| {
            published.touch();
            published.view.subscribe()
        })
    }

    /// Waits until all that has been committed shows. It is for changes of boards, users and groups: these are rare,
    /// and whoever makes one looks at the result next.
    pub async fn refresh(&self) {
        self.flush(None).await;
    }

    async fn flush(&self, key: Option<StandingsKey>) {
        let (done, refreshed) = oneshot::channel();
        if self.inbox.send(Message::Flush(Flush { key, done })).is_ok() {
            // It is no error if the refresh comes late or never: the change itself is stored, and will show.
            let _ = tokio::time::timeout(FLUSH_PATIENCE, refreshed).await;
        }
    }

    /// Does something with the place where views of these standings are published. Meanwhile it is not let go. If it is new,
    /// the thread is told to build them.
    fn published<T>(&self, key: StandingsKey, then: impl FnOnce(&Published) -> T) -> T {
        if let Some(published) = self.shared.published().get(&key) {
            return then(published);
        }
        let mut all = self.shared.published_mut();
        let published = all.entry(key).or_insert_with(|| {
            // An error means that the thread has ended.
            let _ = self.inbox.send(Message::NewStandings);
            Arc::new(Published::new())
        });
        then(published)
    }
}

impl StandingsThread {
    /// Ends the thread, and waits until it has ended.
    pub fn stop(self) {
        // An error means that it has ended already.
        let _ = self.inbox.send(Message::Stop);
        if self.thread.join().is_err() {
            log::error!("the standings ended in a panic");
        }
    }
}
