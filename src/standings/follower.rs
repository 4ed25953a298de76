//! The thread that follows what the writer commits, and keeps the standings.
//!
//! What it holds in memory is the state after one transaction of the writer, whose number it knows. When it has to read
//! the file, it takes a read snapshot between two transactions of the writer. So it knows which transactions the
//! snapshot holds.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use self::demand::{Demand, Scope};
use self::interrupted::{Faults, Interrupted, Stopped};
use self::progress::Progress;
use super::catalog::Effect;
use super::holding::Holding;
use super::rankings::{Rankings, Source};
use super::shared::{Message, Published, Shared, Snapshot};
use super::snapshots::Snapshots;
use super::subscription::FactQueue;
use super::windows::Windows;
use super::{Catalog, StandingsKey, Window};
use crate::domain::{Clock, EventDate, Ranking};
use crate::store::{Committed, Reader, StoreError};

/// What the thread knows.
pub(super) struct Follower {
    shared: Arc<Shared>,
    facts: Arc<FactQueue>,
    inbox: Receiver<Message>,
    snapshots: Snapshots,
    clock: Clock,
    progress: Progress,
    /// The day that the windows belong to.
    today: EventDate,
    windows: Windows,
    rankings: Rankings,
    holding: Holding,
    /// How long the last reading of the whole file took.
    reading: Duration,
    demand: Demand,
    faults: Faults,
}

/// Standings and their window as it is now; `None` if their board is gone.
type Target = (StandingsKey, Arc<Published>, Option<Window>);

impl Follower {
    /// A follower that has read nothing yet.
    pub fn new(
        shared: Arc<Shared>,
        facts: Arc<FactQueue>,
        inbox: Receiver<Message>,
        snapshots: Snapshots,
        clock: Clock,
        ranking: Ranking,
        holding: Holding,
    ) -> Follower {
        Follower {
            shared,
            facts,
            inbox,
            snapshots,
            today: clock.today(),
            clock,
            progress: Progress::new(),
            windows: Windows::default(),
            rankings: Rankings::new(ranking),
            holding,
            reading: Duration::ZERO,
            demand: Demand { new_standings: true, flushes: Vec::new() },
            faults: Faults::default(),
        }
    }

    /// The queue that it takes facts from.
    pub fn facts(&self) -> Arc<FactQueue> {
        Arc::clone(&self.facts)
    }

    /// Forgets all that it knows, so that everything is read anew. Those who wait for a refresh are let go.
    pub fn start_anew(&mut self) {
        self.progress.start_anew();
        self.windows.clear();
        self.rankings.clear();
        self.demand = Demand { new_standings: true, flushes: Vec::new() };
    }

    /// Follows until it is told to stop. A committed change shows within `every`.
    pub fn run(&mut self, every: Duration) {
        // Half of the time, so that the refresh itself may take the other half.
        let gap = every / 2;
        let mut refreshed = Instant::now();
        let mut look_at = refreshed;
        let mut retry_at = refreshed;
        loop {
            let now = Instant::now();
            if now >= look_at {
                look_at = now + gap;
                self.look();
                self.evict();
            }
            let is_changed = self.progress.is_changed(&self.facts);
            if !is_changed {
                self.shared.note_current();
            }
            // Another process that writes for minutes, as an import does, must not have the whole file read all the time.
            let is_foreign = self.progress.is_unread() || self.facts.tells_of_others();
            let pause = if is_foreign { gap.max(self.reading) } else { gap };
            let is_time = self.clock.today() != self.today || (is_changed && now >= refreshed + pause);
            let due = if is_time { Some(Scope::All) } else { self.demand.scope() };
            let until =
                if is_changed && due.is_none() { look_at.min(refreshed + pause) } else { look_at.min(now + gap) };
            if let Some(scope) = due.filter(|_| now >= retry_at) {
                self.demand.new_standings = false;
                // Somebody who asks from now on, while the file is read, is answered by the next refresh.
                let flushes = std::mem::take(&mut self.demand.flushes);
                let is_of_all = matches!(scope, Scope::All);
                match self.refresh(scope) {
                    Ok(()) => {
                        self.faults.are_over();
                        if is_of_all {
                            self.shared.note_current();
                        }
                    }
                    Err(Interrupted::Stopped) => return,
                    Err(Interrupted::Failed(error)) => {
                        self.faults.tell(&error);
                        self.demand.new_standings = true;
                        retry_at = Instant::now() + gap;
                    }
                }
                for flush in flushes {
                    // An error means that the one who asked has stopped waiting.
                    let _ = flush.done.send(());
                }
                if is_of_all {
                    refreshed = Instant::now();
                    self.evict();
                }
            }
            // What somebody has asked for meanwhile is not kept waiting.
            let until = if self.demand.scope().is_some() { until.min(retry_at) } else { until };
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    if self.take(message).and_then(|()| self.take_waiting()).is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<(), Stopped> {
        match message {
            // Facts stay in their queue until they are needed, so this message costs nothing.
            Message::Facts => {}
            Message::Look => self.look(),
            Message::Looked { foreign, noticed } => {
                if let Some(covered) = self.progress.looked(foreign, noticed, &self.facts) {
                    self.shared.coverage.cover(covered);
                }
            }
            Message::NewStandings => self.demand.new_standings = true,
            Message::Flush(flush) => self.demand.flushes.push(flush),
            // This snapshot comes too late and is thrown away. Dropping its connection ends its transaction.
            Message::Snapshot(snapshot) => self.progress.distrust_if(snapshot.stamp.foreign),
            Message::Stop => return Err(Stopped),
            #[cfg(test)]
            Message::Panic => panic!("as a test wants it"),
        }
        Ok(())
    }

    /// Asks the writer whether another process has changed the file.
    fn look(&mut self) {
        self.snapshots.look(self.shared.coverage.noticed());
    }

    fn take_waiting(&mut self) -> Result<(), Stopped> {
        while let Ok(message) = self.inbox.try_recv() {
            self.take(message)?;
        }
        Ok(())
    }

    /// Takes transactions into memory.
    fn take_facts(&mut self, facts: &[Arc<Committed>]) {
        if !self.progress.take(facts) {
            return;
        }
        self.windows.apply(facts);
        let mut changes = facts.iter().flat_map(|committed| &committed.directory).peekable();
        if changes.peek().is_some() {
            let mut catalog = Catalog::clone(&self.shared.catalog());
            let effects: Vec<_> = changes.flat_map(|change| catalog.apply(change)).collect();
            let label = |effect: &Effect| if let Effect::Label(id) = effect { Some(*id) } else { None };
            self.windows.relabel(&effects.iter().filter_map(label).collect::<Vec<_>>());
            self.rankings.note_directory(&effects, &catalog);
            self.shared.set_catalog(Arc::new(catalog));
        }
    }

    /// Lets go of standings that are not to be held any longer.
    fn evict(&mut self) {
        // Of a copy, since whoever asks for standings would wait while it is counted what they take.
        let published = self.shared.published().clone();
        let unasked = self.holding.let_go(&published, &self.rankings, &self.windows);
        let gone = self.shared.remove_unasked(&unasked);
        if !gone.is_empty() {
            // Somebody may have asked for them anew, and then they have to be built.
            gone.iter().for_each(|(key, _)| self.rankings.remove(*key));
            let used = self.rankings.retain(|_| true);
            self.windows.retain(|window| used.contains(window));
        }
    }

    /// Brings what is in use up to date and publishes it.
    fn refresh(&mut self, scope: Scope) -> Result<(), Interrupted> {
        let facts = self.facts.take();
        self.take_facts(&facts);
        let today = self.clock.today();
        let mut targets = self.targets(today);
        let is_missing = |(_, _, window): &Target| window.is_some_and(|window| self.windows.get(&window).is_none());
        let has_to_read = self.progress.is_unread() || targets.iter().any(is_missing);
        if has_to_read {
            self.read_file(today)?;
            // What was read may have changed the boards.
            targets = self.targets(today);
        }
        let keys = match scope {
            Scope::Some(keys) if !has_to_read && today == self.today => Some(keys),
            _ => None,
        };
        self.today = today;
        let catalog = self.shared.catalog();
        for (key, published, window) in &targets {
            if keys.as_ref().is_some_and(|keys| !keys.contains(key)) {
                continue;
            }
            let (Some(window), Some(board)) = (*window, catalog.board(key.board)) else {
                // The board is gone. Whoever still watches it hears that there will be no more views.
                self.shared.published_mut().remove(key);
                self.rankings.remove(*key);
                continue;
            };
            if let Some(followed) = self.windows.get(&window) {
                let source = Source { board, window, followed, active: self.windows.active(), catalog: &catalog };
                if let Some(view) = self.rankings.bring_up(*key, &source) {
                    published.view.send_replace(Some(Arc::new(view)));
                }
                published.shown.store(self.progress.through(), Ordering::SeqCst);
            } else {
                // There are many to be read, and this one comes later. Its view, if it has one, has not followed.
                self.rankings.remove(*key);
            }
        }
        if keys.is_none() {
            self.shared.coverage.cover(self.progress.settle());
            self.settle();
        }
        Ok(())
    }

    /// Notes that all views are brought up, and forgets what none of them needs any more.
    fn settle(&mut self) {
        let wanted: HashSet<StandingsKey> = self.shared.published().keys().copied().collect();
        let used = self.rankings.retain(|key| wanted.contains(key));
        self.windows.retain(|window| used.contains(window));
        self.rankings.settle();
        self.windows.settle();
    }

    /// All standings that somebody asks for, with their windows.
    fn targets(&self, today: EventDate) -> Vec<Target> {
        let catalog = self.shared.catalog();
        let window = |key: &StandingsKey| {
            let window = catalog.board(key.board)?.window(key.period, key.as_of.date(today));
            Some((*window.start(), *window.end()))
        };
        let published = self.shared.published();
        published.iter().map(|(key, published)| (*key, Arc::clone(published), window(key))).collect()
    }

    /// Reads what memory lacks from a snapshot. It is known which transactions that snapshot holds.
    fn read_file(&mut self, today: EventDate) -> Result<(), Interrupted> {
        let connection = self.take_snapshot()?;
        let read = self.read_snapshot(&connection, today);
        self.snapshots.end(connection)?;
        Ok(read?)
    }

    fn read_snapshot(&mut self, connection: &Reader, today: EventDate) -> Result<(), StoreError> {
        let reads_all = self.progress.is_unread();
        let began = Instant::now();
        if reads_all {
            let catalog = Catalog::read(connection)?;
            let is_other = *self.shared.catalog() != catalog;
            self.rankings.note_all_read(is_other, &catalog);
            if is_other {
                catalog.tell_unreadable(Some(&self.shared.catalog()));
                self.shared.set_catalog(Arc::new(catalog));
            }
        }
        let used: BTreeSet<Window> = self.targets(today).into_iter().filter_map(|(_, _, window)| window).collect();
        let used: Vec<Window> = used.into_iter().collect();
        if reads_all {
            self.windows.read_all(connection, &used)?;
            self.rankings.forget_without(|window| self.windows.get(window).is_some());
            // The state changes only now, so that all is read again if anything before this fails.
            self.progress.is_read();
            self.reading = began.elapsed();
        } else {
            // Others are read right after these have been shown and what is too much has been let go.
            self.demand.new_standings |= !self.windows.read_missing(connection, &used)?;
        }
        Ok(())
    }

    /// Takes a read snapshot between two transactions of the writer. Takes all transactions that it holds into memory;
    /// what is committed later stays in the queue.
    fn take_snapshot(&mut self) -> Result<Reader, Interrupted> {
        self.snapshots.ask(self.progress.ask(), self.shared.coverage.noticed())?;
        let deadline = Instant::now() + self.snapshots.patience;
        loop {
            match self.inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Message::Snapshot(snapshot)) => {
                    let Snapshot { connection, stamp, begun } = *snapshot;
                    let Some(facts) = self.progress.receive(&stamp, &self.facts) else { continue };
                    self.take_facts(&facts);
                    begun?;
                    self.progress.begin(&stamp);
                    return Ok(connection);
                }
                Ok(message) => self.take(message)?,
                Err(_) => return Err(StoreError::Busy.into()),
            }
        }
    }
}

mod demand;
mod interrupted;
#[cfg(test)]
mod model;
mod progress;
#[cfg(test)]
mod tests;
