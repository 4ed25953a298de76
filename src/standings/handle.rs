//! The handle that readers have on the standings, and how it talks to the thread behind it.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::follower::Follower;
use super::{Catalog, StandingsKey, View};
use crate::domain::{Clock, Ranking};
use crate::store::{Committed, Store, StoreError, Subscriber, Writer, open_reader};

/// How long a reader waits for standings that are being built, before it is told so.
const BUILDING_PATIENCE: Duration = Duration::from_secs(2);

/// How long a change of the directory waits to be seen, at most.
const FLUSH_PATIENCE: Duration = Duration::from_secs(5);

/// What the thread is told.
pub(super) enum Message {
    /// Transactions have been committed since the last were taken.
    Committed,
    /// The writer has looked whether the file was changed past it.
    Looked { foreign: bool },
    /// There is a new slot.
    Wanted,
    /// Someone waits until all that is committed shows.
    Flush(Flush),
    /// A snapshot that was asked for.
    Snapshot(Box<Snapshot>),
    /// The server goes down.
    Stop,
}

/// A request for what is committed to show.
pub(super) struct Flush {
    /// The standings that have to show it; `None`: all, with boards, users and groups.
    pub key: Option<StandingsKey>,
    pub done: oneshot::Sender<()>,
}

/// A read transaction that holds all that was committed when it began.
pub(super) struct Snapshot {
    pub connection: Connection,
    /// Whether another process has changed the file since that was last asked.
    pub foreign: bool,
    /// The count of repairs in it.
    pub begun: rusqlite::Result<i64>,
    /// The transactions before it that had not been taken.
    pub committed: Vec<Arc<Committed>>,
}

/// Where readers find standings, by board and period.
pub(super) type Slots = Arc<RwLock<HashMap<StandingsKey, Arc<Slot>>>>;

/// Standings of a board and period, as readers find them.
pub(super) struct Slot {
    pub view: watch::Sender<Option<Arc<View>>>,
    pub asked: RwLock<Instant>,
    /// The number of the last transaction of this process that the view shows.
    pub shown: AtomicU64,
}

/// A handle on the standings.
#[derive(Clone)]
pub struct Standings {
    slots: Slots,
    writer: Writer,
    repairs: Arc<AtomicI64>,
    catalog: watch::Receiver<Arc<Catalog>>,
    inbox: Sender<Message>,
}

/// The thread's end of what it shares with the handles.
pub(super) struct Link {
    pub inbox: Receiver<Message>,
    pub sender: Sender<Message>,
    pub slots: Slots,
    pub untaken: Untaken,
    pub catalog: watch::Sender<Arc<Catalog>>,
    /// The count of repairs, by this process and others, that all views show.
    pub repairs: Arc<AtomicI64>,
}

/// The thread, to be stopped.
pub struct StandingsThread {
    inbox: Sender<Message>,
    thread: JoinHandle<()>,
}

/// Transactions that the thread has not taken yet, in their order.
pub(super) type Untaken = Arc<Mutex<Vec<Arc<Committed>>>>;

/// Takes all of them.
pub(super) fn take(untaken: &Untaken) -> Vec<Arc<Committed>> {
    std::mem::take(&mut *untaken.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The two ends of what the writer tells the standings. The writer starts before there is a file to read.
pub struct Subscription {
    untaken: Untaken,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Subscription {
    /// A new subscription.
    pub fn new() -> Subscription {
        let (sender, receiver) = channel();
        Subscription { untaken: Untaken::default(), sender, receiver }
    }

    /// What the writer calls after each transaction.
    pub fn subscriber(&self) -> Subscriber {
        let (sender, untaken) = (self.sender.clone(), Arc::clone(&self.untaken));
        Box::new(move |committed| {
            let mut untaken = untaken.lock().unwrap_or_else(PoisonError::into_inner);
            untaken.push(committed);
            // Waking a thread costs as much as a small write: only the first of many wakes it. An error means that it has
            // ended: the server is going down, and nobody asks for standings.
            if untaken.len() == 1 {
                let _ = sender.send(Message::Committed);
            }
        })
    }
}

impl Default for Subscription {
    fn default() -> Subscription {
        Subscription::new()
    }
}

impl Standings {
    /// Starts following. A committed change shows within `every`.
    pub fn start(
        subscription: Subscription,
        store: &Store,
        file: &Path,
        clock: Clock,
        ranking: Ranking,
        every: Duration,
    ) -> Result<(Standings, StandingsThread), StoreError> {
        let connection = open_reader(file)?;
        let (catalog, catalog_receiver) = watch::channel(Arc::new(Catalog::read(&connection)?));
        let slots = Arc::new(RwLock::new(HashMap::new()));
        // Of no file: the count begins at 0.
        let repairs = Arc::new(AtomicI64::new(-1));
        let standings = Standings {
            slots: Arc::clone(&slots),
            writer: store.writer().clone(),
            repairs: Arc::clone(&repairs),
            catalog: catalog_receiver,
            inbox: subscription.sender.clone(),
        };
        // Whoever opens a board sees its default period: these are built at once.
        for board in &catalog.borrow().boards {
            standings.slot(StandingsKey::today(board.id, board.default_period));
        }
        let link = Link {
            inbox: subscription.receiver,
            untaken: subscription.untaken,
            sender: subscription.sender.clone(),
            slots,
            catalog,
            repairs,
        };
        let follower = Follower::new(link, store.writer().clone(), connection, file, clock, ranking);
        let inbox = subscription.sender;
        let thread = std::thread::Builder::new()
            .name("standings".to_owned())
            .spawn(move || follower.run(every))
            .map_err(|error| {
                log::error!("the standings' thread can't be started: {error}");
                StoreError::Closed
            })?;
        Ok((standings, StandingsThread { inbox, thread }))
    }

    /// Boards, users and groups, as of the last refresh.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.borrow())
    }

    /// The standings; `None` while they are still being built after a moment's waiting.
    pub async fn view(&self, key: StandingsKey) -> Option<Arc<View>> {
        self.view_within(key, BUILDING_PATIENCE).await
    }

    /// The standings with all that this process has answered to, for who must not see less than what was just stored.
    /// Where nothing was stored since the last refresh that costs no more than [`Standings::view`].
    pub async fn view_now(&self, key: StandingsKey) -> Option<Arc<View>> {
        if self.slot(key).shown.load(Ordering::SeqCst) < self.writer.committed() {
            self.flush(Some(key)).await;
        }
        self.view_within(key, FLUSH_PATIENCE).await
    }

    /// How many repairs of scores the views show; see [`crate::store::rebuild::count_repairs`]. Where the file counts more,
    /// a rebuild in another process is not seen yet.
    pub fn repairs(&self) -> i64 {
        self.repairs.load(Ordering::SeqCst)
    }

    /// The standings; `None` if they are not built within `patience`.
    pub async fn view_within(&self, key: StandingsKey, patience: Duration) -> Option<Arc<View>> {
        let mut views = self.watch(key);
        // Most often it is there, and no timer has to be set.
        if let Some(view) = &*views.borrow() {
            return Some(Arc::clone(view));
        }
        let built = views.wait_for(Option::is_some);
        tokio::time::timeout(patience, built).await.ok()?.ok()?.clone()
    }

    /// Which standings are held in memory, or are about to be.
    pub fn held(&self) -> Vec<StandingsKey> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// The standings as they change.
    pub fn watch(&self, key: StandingsKey) -> watch::Receiver<Option<Arc<View>>> {
        let slot = self.slot(key);
        *slot.asked.write().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        slot.view.subscribe()
    }

    /// Waits until all that has been committed shows: for changes of boards, users and groups, which are rare and are
    /// looked at next.
    pub async fn refresh(&self) {
        self.flush(None).await;
    }

    async fn flush(&self, key: Option<StandingsKey>) {
        let (done, refreshed) = oneshot::channel();
        if self.inbox.send(Message::Flush(Flush { key, done })).is_ok() {
            // Late or never: the change itself is stored, and will show.
            let _ = tokio::time::timeout(FLUSH_PATIENCE, refreshed).await;
        }
    }

    fn slot(&self, key: StandingsKey) -> Arc<Slot> {
        if let Some(slot) = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(slot);
        }
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        match slots.entry(key) {
            MapEntry::Occupied(slot) => Arc::clone(slot.get()),
            MapEntry::Vacant(vacant) => {
                let slot = Slot {
                    view: watch::Sender::new(None),
                    asked: RwLock::new(Instant::now()),
                    shown: AtomicU64::new(0),
                };
                let slot = Arc::clone(vacant.insert(Arc::new(slot)));
                let _ = self.inbox.send(Message::Wanted);
                slot
            }
        }
    }
}

impl StandingsThread {
    /// Ends the thread and waits for that.
    pub fn stop(self) {
        let _ = self.inbox.send(Message::Stop);
        if self.thread.join().is_err() {
            log::error!("the standings ended in a panic");
        }
    }
}
