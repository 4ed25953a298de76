//! The follower of the model.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::world::{FOREIGN, Fault, Message, World, lock};
use crate::interleavings::{Queue, happens, pause};
use crate::standings::follower::progress::Progress;
use crate::standings::shared::Stamp;
use crate::store::{Committed, turns};

/// Why a refresh has not ended.
pub(super) enum Interrupted {
    Stopped,
    GivenUp,
}

/// The follower, with sums instead of sheets.
pub(super) struct Follower {
    world: Arc<World>,
    progress: Progress,
    windows: BTreeMap<u8, i64>,
    flushes: Vec<Arc<Queue<()>>>,
    new_standings: bool,
    has_given_up: bool,
}

impl Follower {
    /// A follower that has read nothing yet.
    pub fn new(world: Arc<World>) -> Follower {
        Follower {
            world,
            progress: Progress::new(),
            windows: BTreeMap::new(),
            flushes: Vec::new(),
            new_standings: true,
            has_given_up: false,
        }
    }

    /// Follows until it is told to stop.
    pub fn run(mut self) {
        loop {
            if self.progress.is_changed(&self.world.facts) || self.new_standings || !self.flushes.is_empty() {
                self.new_standings = false;
                let mut flushes = std::mem::take(&mut self.flushes);
                let end = self.refresh();
                if self.world.fault == Fault::AnswersWhoCameLater {
                    flushes.append(&mut self.come_meanwhile());
                }
                flushes.iter().for_each(|flush| flush.give(()));
                match end {
                    Ok(()) => {}
                    Err(Interrupted::Stopped) => return,
                    Err(Interrupted::GivenUp) => self.new_standings = true,
                }
            } else {
                let message = self.world.inbox.take().expect("an open inbox");
                if self.take(message).is_err() {
                    return;
                }
            }
            while let Some(message) = self.world.inbox.try_to_take() {
                if self.take(message).is_err() {
                    return;
                }
            }
        }
    }

    /// Takes what has come, and returns who asks for a refresh.
    fn come_meanwhile(&mut self) -> Vec<Arc<Queue<()>>> {
        let mut flushes = Vec::new();
        while let Some(message) = self.world.inbox.try_to_take() {
            match message {
                Message::Flush(flush) => flushes.push(flush),
                Message::Stop => {
                    self.world.inbox.give(Message::Stop);
                    break;
                }
                message => drop(self.take(message)),
            }
        }
        flushes
    }

    fn take(&mut self, message: Message) -> Result<(), Interrupted> {
        match message {
            Message::Facts => {}
            Message::Look => {
                let (world, noticed) = (Arc::clone(&self.world), self.world.counts.noticed());
                let look = move |foreign| world.inbox.give(Message::Looked { foreign, noticed });
                self.world.commands.give(turns::Message::Look(Box::new(look)));
            }
            Message::Looked { foreign, noticed } => {
                let covered = self.progress.looked(foreign, noticed, &self.world.facts);
                if let Some(covered) = covered.or((self.world.fault == Fault::CoversWhatIsUnread).then_some(noticed)) {
                    self.world.counts.cover(covered);
                }
            }
            Message::NewStandings => self.new_standings = true,
            Message::Flush(flush) => self.flushes.push(flush),
            Message::Snapshot { stamp, .. } => self.progress.distrust_if(stamp.foreign),
            Message::Stop => return Err(Interrupted::Stopped),
        }
        Ok(())
    }

    fn take_facts(&mut self, facts: &[Arc<Committed>]) {
        if self.progress.take(facts) {
            let added: i64 = facts.iter().flat_map(|committed| &committed.scores).map(|change| change.score).sum();
            self.windows.values_mut().for_each(|sum| *sum += added);
        }
    }

    fn refresh(&mut self) -> Result<(), Interrupted> {
        pause();
        let facts = self.world.facts.take();
        self.take_facts(&facts);
        pause();
        let wanted = lock(&self.world.published).wanted.clone();
        if self.progress.is_unread() || wanted.iter().any(|window| !self.windows.contains_key(window)) {
            let sum = self.take_snapshot()?;
            if self.progress.is_unread() {
                self.windows = wanted.iter().map(|window| (*window, sum)).collect();
                self.progress.is_read();
            } else {
                for window in wanted {
                    self.windows.entry(window).or_insert(sum);
                }
            }
        }
        let own = |through: u64| match through {
            0 => 0,
            through => lock(&self.world.file).own_through[through as usize - 1],
        };
        let expected = own(self.progress.through());
        let mut published = lock(&self.world.published);
        published.views = self.windows.clone();
        published.shown = self.progress.through();
        for sum in published.views.values() {
            assert_eq!(sum & !FOREIGN, expected, "a view that does not hold what it says");
        }
        drop(published);
        self.world.counts.cover(self.progress.settle());
        self.world.changed.notify_all();
        Ok(())
    }

    fn take_snapshot(&mut self) -> Result<i64, Interrupted> {
        let (request, noticed) = (self.progress.ask(), self.world.counts.noticed());
        let world = Arc::clone(&self.world);
        let snapshot = move |foreign| {
            let file = lock(&world.file);
            let sum = file.own + file.foreign;
            drop(file);
            let stamp = Stamp { request, foreign, noticed, through: world.facts.last() };
            world.inbox.give(Message::Snapshot { sum, stamp });
        };
        if self.world.fault == Fault::SnapshotsBesideTheWriter {
            snapshot(false);
        } else {
            self.world.commands.give(turns::Message::Look(Box::new(snapshot)));
        }
        loop {
            pause();
            if self.world.may_give_up && !self.has_given_up && happens() {
                self.has_given_up = true;
                return Err(Interrupted::GivenUp);
            }
            match self.world.inbox.take().expect("an open inbox") {
                Message::Snapshot { sum, mut stamp } => {
                    match self.world.fault {
                        Fault::SnapshotsWithoutNumbers => stamp.request = request,
                        Fault::HoldsAllThatIsTold => stamp.through = self.world.facts.last(),
                        Fault::HoldsNothingNew => stamp.through = self.progress.through(),
                        _ => {}
                    }
                    let Some(facts) = self.progress.receive(&stamp, &self.world.facts) else { continue };
                    self.take_facts(&facts);
                    self.progress.begin(&stamp);
                    return Ok(sum);
                }
                message => self.take(message)?,
            }
        }
    }
}
