//! The thread that follows the writer and keeps the standings.
//!
//! What it knows is right for one transaction of the writer, by number. When it has to read the file, it takes a read
//! snapshot between two transactions of the writer, so that it knows which changes the snapshot holds already.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::catalog::Eligible;
use super::handle::{Flush, Link, Message, Slot, Snapshot, take};
use super::ranked::Change;
use super::window::{Window, steps, sum_windows};
use super::{Catalog, Ranked, StandingsKey, Sum, Totals, View};
use crate::domain::{Clock, EventDate, Ranking, UserId};
use crate::store::{Committed, StoreError, Writer, open_reader, rebuild, window_sums};

/// How long standings are kept that nobody asks for.
const KEPT_UNASKED: Duration = Duration::from_secs(15 * 60);

/// A ranking that is kept up.
struct Held {
    window: Window,
    /// Right as long as the catalog is.
    eligible: Arc<Eligible>,
    ranked: Arc<Ranked>,
    /// Users whose sums have changed since.
    changed: BTreeSet<UserId>,
}

/// How long the writer may be at its transaction before a snapshot is given up for now: longer than it waits for a lock.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(10);

/// What the thread knows.
pub(super) struct Follower {
    link: Link,
    writer: Writer,
    /// Lent to the writer's thread while a snapshot is taken.
    connection: Option<Connection>,
    file: PathBuf,
    clock: Clock,
    ranking: Ranking,
    /// The day that the windows belong to.
    today: EventDate,
    totals: HashMap<Window, Totals>,
    held: HashMap<StandingsKey, Held>,
    /// The number of the last transaction that was heard of.
    taken: u64,
    /// The count of repairs as of then.
    repairs: i64,
    /// Whether there are transactions to be taken. They are when they are needed: until then each costs nothing here.
    fed: bool,
    /// Transactions that the totals do not hold yet.
    pending: Vec<Arc<Committed>>,
    /// Whether the totals hold what not all rankings do.
    behind: bool,
    /// Whether the file has changed past the writer: all has to be read anew.
    stale: bool,
    /// Whether boards, users or groups have changed, and have to be read.
    directory_changed: bool,
    /// Whether they were read and are other than those that the rankings were made with.
    catalog_changed: bool,
    /// Whether standings are asked for that are not there.
    wanted: bool,
    /// Who waits for a refresh.
    flushes: Vec<Flush>,
    stop: bool,
}

impl Follower {
    /// A follower that knows nothing yet.
    pub fn new(
        link: Link,
        writer: Writer,
        connection: Connection,
        file: &Path,
        clock: Clock,
        ranking: Ranking,
    ) -> Follower {
        Follower {
            link,
            writer,
            connection: Some(connection),
            file: file.to_owned(),
            today: clock.today(),
            clock,
            ranking,
            totals: HashMap::new(),
            held: HashMap::new(),
            taken: 0,
            repairs: 0,
            fed: false,
            pending: Vec::new(),
            behind: false,
            stale: true,
            directory_changed: true,
            catalog_changed: false,
            wanted: true,
            flushes: Vec::new(),
            stop: false,
        }
    }

    /// Follows until it is told to stop.
    pub fn run(mut self, every: Duration) {
        // Half of the span, so that refreshing itself may take as long again.
        let gap = every / 2;
        let mut last = Instant::now();
        let mut look_at = last;
        let mut retry_at = last;
        loop {
            let now = Instant::now();
            if now >= look_at {
                look_at = now + gap;
                self.look();
                self.evict();
            }
            let changed = self.fed || self.behind || self.stale || self.directory_changed || !self.pending.is_empty();
            let all_due = self.wanted || self.clock.today() != self.today || (changed && now >= last + gap);
            let due = all_due || !self.flushes.is_empty();
            if now >= retry_at && due {
                self.wanted = false;
                // Who asks from now on, while the file is read, is answered by the next refresh.
                let flushes = std::mem::take(&mut self.flushes);
                let only: Option<Vec<StandingsKey>> = flushes.iter().map(|flush| flush.key).collect();
                let only = only.filter(|_| !all_due);
                if let Err(error) = self.refresh(only.as_deref()) {
                    // What was to be read is still marked as such.
                    log::error!("standings could not be refreshed, and will be in a moment: {error}");
                    self.wanted = true;
                    retry_at = Instant::now() + gap;
                }
                for flush in flushes {
                    // Who has not waited that long does not need to know.
                    let _ = flush.done.send(());
                }
                if only.is_none() {
                    last = Instant::now();
                }
            }
            let until = if changed && !due { look_at.min(last + gap) } else { look_at.min(now + gap) };
            match self.link.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    self.take(message);
                    self.take_all();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.stop {
                return;
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Committed => self.fed = true,
            Message::Looked { foreign } => self.stale |= foreign,
            Message::Wanted => self.wanted = true,
            Message::Flush(flush) => self.flushes.push(flush),
            // Too late for who waited for it; the transaction ends with its connection.
            Message::Snapshot(snapshot) => {
                self.stale |= snapshot.foreign;
                self.take_committed(snapshot.committed);
            }
            Message::Stop => self.stop = true,
        }
    }

    fn take_all(&mut self) {
        while let Ok(message) = self.link.inbox.try_recv() {
            self.take(message);
        }
    }

    fn take_committed(&mut self, transactions: Vec<Arc<Committed>>) {
        for committed in transactions {
            self.stale |= committed.foreign;
            self.directory_changed |= !committed.directory.is_empty();
            self.taken = committed.number;
            self.repairs = committed.repairs;
            self.pending.push(committed);
        }
    }

    /// Has the writer say whether another process has changed the file. The answer comes as a message.
    fn look(&self) {
        let sender = self.link.sender.clone();
        // A full queue is a busy writer, which looks by itself.
        let _ = self.writer.look_between(move |foreign| drop(sender.send(Message::Looked { foreign })));
    }

    /// Lets go of standings that nobody has asked for in a while.
    fn evict(&mut self) {
        let kept = |slot: &Slot| {
            let asked = *slot.asked.read().unwrap_or_else(PoisonError::into_inner);
            asked.elapsed() < KEPT_UNASKED || slot.view.receiver_count() > 0
        };
        let mut slots = self.link.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| kept(slot));
        self.held.retain(|key, _| slots.contains_key(key));
    }

    /// Brings all that is in use up to date and swaps it in; `only` some standings, where nothing has to be read for it.
    fn refresh(&mut self, only: Option<&[StandingsKey]>) -> Result<(), StoreError> {
        self.fed = false;
        let committed = take(&self.link.untaken);
        self.take_committed(committed);
        let today = self.clock.today();
        let slots: Vec<(StandingsKey, Arc<Slot>)> = {
            let slots = self.link.slots.read().unwrap_or_else(PoisonError::into_inner);
            slots.iter().map(|(key, slot)| (*key, Arc::clone(slot))).collect()
        };
        let windows = self.windows(&slots, today);
        let missing = windows.iter().any(|(_, window)| !self.totals.contains_key(window));
        let read = self.directory_changed || self.stale || missing;
        let only = only.filter(|_| !read && !self.catalog_changed && today == self.today);
        let anew = if read { self.read_file(&slots, today)? } else { false };
        self.apply_pending();
        self.today = today;
        let windows = self.windows(&slots, today);
        let catalog = Arc::clone(&self.link.catalog.borrow());
        for (key, slot) in slots.iter().filter(|(key, _)| only.is_none_or(|only| only.contains(key))) {
            let Some((_, window)) = windows.iter().find(|(windowed, _)| windowed == key) else {
                // The board is gone. Whoever still watches it sees no more changes.
                self.link.slots.write().unwrap_or_else(PoisonError::into_inner).remove(key);
                self.held.remove(key);
                continue;
            };
            self.rank(*key, *window, slot, &catalog, anew);
            slot.shown.store(self.taken, Ordering::SeqCst);
        }
        if only.is_some() {
            self.behind = true;
            return Ok(());
        }
        self.behind = false;
        self.catalog_changed = false;
        self.link.repairs.store(self.repairs, Ordering::SeqCst);
        self.totals.retain(|window, _| windows.iter().any(|(_, used)| used == window));
        Ok(())
    }

    /// The windows of the boards and periods in use.
    fn windows(&self, slots: &[(StandingsKey, Arc<Slot>)], today: EventDate) -> Vec<(StandingsKey, Window)> {
        let catalog = self.link.catalog.borrow();
        let window = |key: &StandingsKey| {
            let window = catalog.board(key.board)?.window(key.period, key.as_of.date(today));
            Some((*key, (*window.start(), *window.end())))
        };
        slots.iter().filter_map(|(key, _)| window(key)).collect()
    }

    /// Ranks a board anew, or changes its ranking where users have changed, and swaps it in.
    fn rank(&mut self, key: StandingsKey, window: Window, slot: &Slot, catalog: &Arc<Catalog>, anew: bool) {
        let (Some(totals), Some(board)) = (self.totals.get(&window), catalog.board(key.board)) else { return };
        let held = self.held.get(&key).filter(|held| held.window == window && !anew && !self.catalog_changed);
        if held.is_some_and(|held| held.changed.is_empty()) {
            return;
        }
        let eligible = held.map_or_else(|| Arc::new(catalog.eligible(board)), |held| Arc::clone(&held.eligible));
        let ranked = match held {
            // Sorting all is cheaper than finding the places of many.
            Some(held) if held.changed.len() < totals.len() / 4 + 16 => {
                let score = |id: UserId| totals.get(id).filter(|_| eligible.holds(id)).map(|sum| sum.score);
                let changes: Vec<Change> = held.changed.iter().map(|id| (*id, score(*id))).collect();
                held.ranked.changed(&changes)
            }
            _ => {
                let scores = totals.iter().filter(|(id, _)| eligible.holds(*id)).map(|(id, sum)| (id, sum.score));
                Ranked::of(scores, self.ranking)
            }
        };
        let before = self.held.get(&key).filter(|held| *held.ranked == ranked);
        let ranked = before.map_or_else(|| Arc::new(ranked), |held| Arc::clone(&held.ranked));
        let same = before.is_some() && !self.catalog_changed;
        self.held.insert(key, Held { window, eligible, ranked: Arc::clone(&ranked), changed: BTreeSet::new() });
        if !same {
            let view = View::new(Arc::clone(board), key.period, ranked, Arc::clone(catalog));
            slot.view.send_replace(Some(Arc::new(view)));
        }
    }

    /// Adds what transactions have changed.
    fn apply_pending(&mut self) {
        let mut changes: HashMap<Window, BTreeMap<UserId, Sum>> = HashMap::new();
        for committed in self.pending.drain(..) {
            for change in &committed.scores {
                for &window in self.totals.keys().filter(|(first, last)| (*first..=*last).contains(&change.date)) {
                    let sum = Sum { score: change.score, days: change.days };
                    changes.entry(window).or_default().entry(change.user_id).or_default().add(sum);
                }
            }
        }
        for (window, changes) in changes {
            self.change(window, &changes);
        }
    }

    fn change(&mut self, window: Window, changes: &BTreeMap<UserId, Sum>) {
        if let Some(totals) = self.totals.get_mut(&window) {
            totals.apply(changes);
            for held in self.held.values_mut().filter(|held| held.window == window) {
                held.changed.extend(changes.keys());
            }
        }
    }

    /// Reads what is missing, from a snapshot whose place among the transactions is known. Returns whether all sums were
    /// read anew.
    fn read_file(&mut self, slots: &[(StandingsKey, Arc<Slot>)], today: EventDate) -> Result<bool, StoreError> {
        let connection = self.take_snapshot()?;
        let read = self.read_snapshot(&connection, slots, today);
        let end = connection.execute_batch("ROLLBACK");
        self.connection = Some(connection);
        end?;
        read
    }

    fn read_snapshot(
        &mut self,
        connection: &Connection,
        slots: &[(StandingsKey, Arc<Slot>)],
        today: EventDate,
    ) -> Result<bool, StoreError> {
        // All that is pending was committed before the snapshot was taken.
        let anew = self.stale;
        if anew {
            self.totals.clear();
            self.pending.clear();
        } else {
            self.apply_pending();
        }
        if self.directory_changed || anew {
            let catalog = Arc::new(Catalog::read(connection)?);
            self.catalog_changed |= self.link.catalog.send_if_modified(|current| {
                let changed = **current != *catalog;
                if changed {
                    *current = catalog;
                }
                changed
            });
        }
        let mut wanted: Vec<Window> = Vec::new();
        for (_, window) in self.windows(slots, today) {
            if !self.totals.contains_key(&window) && !wanted.contains(&window) && !self.slide(connection, window)? {
                wanted.push(window);
            }
        }
        let read = sum_windows(connection, &wanted)?;
        self.totals.extend(wanted.into_iter().zip(read));
        // Only now: what fails before this is read again.
        self.stale = false;
        self.directory_changed = false;
        Ok(anew)
    }

    /// Makes a window out of one that is a few days away, by the days that enter and leave it.
    fn slide(&mut self, connection: &Connection, window: Window) -> Result<bool, StoreError> {
        let near = self.totals.keys().find_map(|&near| Some((near, steps(near, window)?)));
        let Some((near, steps)) = near else { return Ok(false) };
        let mut changes: BTreeMap<UserId, Sum> = BTreeMap::new();
        for (dates, sign) in steps {
            window_sums::walk(connection, &dates, |score| {
                let sum = Sum { score: score.score * i64::from(sign), days: sign };
                changes.entry(score.user_id).or_default().add(sum);
            })?;
        }
        let mut totals = self.totals[&near].clone();
        totals.apply(&changes);
        self.totals.insert(window, totals);
        Ok(true)
    }

    /// Takes a read snapshot between two transactions of the writer. With it come all transactions that it holds and that
    /// had not been taken; what comes after it waits.
    fn take_snapshot(&mut self) -> Result<Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_reader(&self.file)?,
        };
        let (sender, untaken) = (self.link.sender.clone(), Arc::clone(&self.link.untaken));
        self.writer.look_between(move |foreign| {
            // A transaction begins with its first read.
            let begun = connection.execute_batch("BEGIN").and_then(|()| rebuild::count_repairs(&connection));
            let committed = take(&untaken);
            drop(sender.send(Message::Snapshot(Box::new(Snapshot { connection, foreign, begun, committed }))));
        })?;
        let deadline = Instant::now() + SNAPSHOT_PATIENCE;
        while !self.stop {
            match self.link.inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Message::Snapshot(snapshot)) => {
                    let Snapshot { connection, foreign, begun, committed } = *snapshot;
                    self.stale |= foreign;
                    self.take_committed(committed);
                    self.repairs = begun?;
                    return Ok(connection);
                }
                Ok(message) => self.take(message),
                Err(_) => return Err(StoreError::Busy),
            }
        }
        Err(StoreError::Closed)
    }
}
