//! What the handles and the standings' thread share: the messages to the thread, and what it publishes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::coverage::Coverage;
use super::{Catalog, StandingsKey, View};
use crate::store::{Reader, StoreError};

/// A message to the thread.
pub(super) enum Message {
    /// Transactions have been committed since the thread last took the queue of facts.
    Facts,
    /// The writer has looked whether another process has changed the file.
    Looked {
        /// Whether one has changed it since the writer was last asked.
        foreign: bool,
        /// How many changes of the file had been noticed before the writer looked.
        noticed: u64,
    },
    /// Somebody has noticed a change of the file, which the writer should look at.
    Look,
    /// Somebody asks for standings that are not held yet.
    NewStandings,
    /// Somebody waits until all that is committed shows.
    Flush(Flush),
    /// A snapshot that the thread has asked for.
    Snapshot(Box<Snapshot>),
    /// The server goes down.
    Stop,
    /// Makes the thread panic. Tests need this.
    #[cfg(test)]
    Panic,
}

/// A request to be told when all that is committed shows.
pub(super) struct Flush {
    /// The standings that have to show it. `None` means all of them, with boards, users and groups.
    pub key: Option<StandingsKey>,
    /// Told when it shows.
    pub done: oneshot::Sender<()>,
}

/// A read transaction that holds all that was committed when it began.
pub(super) struct Snapshot {
    pub connection: Reader,
    pub stamp: Stamp,
    /// Whether the transaction could begin.
    pub begun: Result<(), StoreError>,
}

/// What is known of a snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    /// The number of the request that it answers. If this is not the last request, the snapshot is too old.
    pub request: u64,
    /// Whether another process has changed the file since the writer was last asked.
    pub foreign: bool,
    /// How many changes of the file had been noticed before it began.
    pub noticed: u64,
    /// The number of the last transaction that it holds.
    pub through: u64,
}

/// Standings as readers find them.
pub(super) struct Published {
    /// The newest view; `None` until the first is built.
    pub view: watch::Sender<Option<Arc<View>>>,
    /// When somebody last asked for it.
    pub asked: RwLock<Instant>,
    /// The number of the last transaction of this process that the view shows.
    pub shown: AtomicU64,
}

impl Published {
    /// Standings that are still to be built.
    pub fn new() -> Published {
        Published { view: watch::Sender::new(None), asked: RwLock::new(Instant::now()), shown: AtomicU64::new(0) }
    }

    /// Notes that somebody asks for it now.
    pub fn touch(&self) {
        *self.asked.write().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether nobody waits for it or listens to it.
    pub fn is_free(&self) -> bool {
        self.view.receiver_count() == 0
    }

    /// When somebody last asked for it.
    pub fn last_asked(&self) -> Instant {
        *self.asked.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread publishes and every handle reads.
pub(super) struct Shared {
    published: RwLock<HashMap<StandingsKey, Arc<Published>>>,
    catalog: RwLock<Arc<Catalog>>,
    /// Whether memory holds all that is in the file.
    pub coverage: Coverage,
    began: Instant,
    /// When the views last showed all that was known to be committed, in milliseconds after `began`.
    current_at: AtomicU64,
}

impl Shared {
    /// No standings yet, with a catalog to begin with.
    pub fn new(catalog: Catalog, coverage: Coverage) -> Shared {
        Shared {
            published: RwLock::default(),
            catalog: RwLock::new(Arc::new(catalog)),
            coverage,
            began: Instant::now(),
            current_at: AtomicU64::new(0),
        }
    }

    /// Notes that the views show all that is known to be committed.
    pub fn note_current(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.current_at.store(millis, Ordering::Relaxed);
    }

    /// How long ago the views last showed all that was known to be committed then.
    pub fn age(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.current_at.load(Ordering::Relaxed)))
    }

    /// Where readers find standings, by key.
    pub fn published(&self) -> RwLockReadGuard<'_, HashMap<StandingsKey, Arc<Published>>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same map, for adding or removing standings.
    pub fn published_mut(&self) -> RwLockWriteGuard<'_, HashMap<StandingsKey, Arc<Published>>> {
        self.published.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes those of some standings that nobody waits for or listens to, and that nobody has asked for after the moment
    /// beside them. Returns what was removed, so that it is dropped when readers are not kept waiting any more.
    pub fn remove_unasked(&self, unasked: &[(StandingsKey, Instant)]) -> Vec<(StandingsKey, Arc<Published>)> {
        let mut published = self.published_mut();
        let removed = unasked.iter().filter_map(|(key, asked)| {
            published.get(key).filter(|published| published.is_free() && published.last_asked() == *asked)?;
            published.remove_entry(key)
        });
        removed.collect()
    }

    /// Boards, users and groups.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes another catalog.
    pub fn set_catalog(&self, catalog: Arc<Catalog>) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
    }
}
