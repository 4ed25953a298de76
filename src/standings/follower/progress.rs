//! How far the follower has come: which transactions memory holds, and what may be done with what comes next.
//!
//! Nothing here knows how memory is laid out or how the file is read. So the model of the follower runs this as it is.

use std::sync::Arc;

use crate::standings::shared::Stamp;
use crate::standings::subscription::FactQueue;
use crate::store::Committed;

/// Whether memory holds what is in the file, and whether the views show what memory holds.
///
/// ```text
///      start, another process changes the file
///                 │
///                 ▼
///    ┌───────► Unread ──── all is read from a snapshot ───┐
///    │ another                                            ▼
///    ├─ process ────────────────────────────────────── Behind ◄──┐ facts are taken
///    │ changes the file                                   │      │
///    │                       all views are brought up     ▼      │
///    └──────────────────────────────────────────────── Settled ──┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing in memory can be relied on; all has to be read from the file. Facts that come now are passed over, since
    /// the snapshot that is read next holds them. The views stay as they were.
    Unread,
    /// Memory holds all transactions up to [`Progress::through`], but not all views show them.
    Behind,
    /// Memory holds all transactions up to [`Progress::through`], and all views show them.
    Settled,
}

/// How far the follower has come.
#[derive(Debug)]
pub(super) struct Progress {
    state: State,
    /// The number of the last transaction that was taken.
    through: u64,
    /// How many changes of the file the last snapshot holds.
    noticed: u64,
    /// The number of the last request for a snapshot.
    asked: u64,
}

impl Progress {
    /// Nothing is read yet.
    pub fn new() -> Progress {
        Progress { state: State::Unread, through: 0, noticed: 0, asked: 0 }
    }

    /// Whether memory can be relied on, and whether the views show it.
    #[cfg(test)]
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether all has to be read from the file.
    pub fn is_unread(&self) -> bool {
        self.state == State::Unread
    }

    /// The number of the last transaction that was taken.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Whether the views lack something that is known to be committed.
    pub fn is_changed(&self, facts: &FactQueue) -> bool {
        self.state != State::Settled || !facts.is_empty()
    }

    /// After another process has changed the file, memory can't be relied on.
    pub fn distrust_if(&mut self, foreign: bool) {
        if foreign {
            self.state = State::Unread;
        }
    }

    /// Memory was lost.
    pub fn start_anew(&mut self) {
        self.state = State::Unread;
    }

    /// Takes transactions, and returns whether memory has to take them in.
    pub fn take(&mut self, facts: &[Arc<Committed>]) -> bool {
        let Some(last) = facts.last() else { return false };
        self.through = last.number;
        self.distrust_if(facts.iter().any(|committed| committed.foreign));
        if !self.is_unread() {
            self.state = State::Behind;
        }
        !self.is_unread()
    }

    /// The writer has looked whether another process has changed the file, after so many changes had been noticed. Returns how
    /// many of them are covered now.
    pub fn looked(&mut self, foreign: bool, noticed: u64, facts: &FactQueue) -> Option<u64> {
        self.distrust_if(foreign);
        // What other processes changed before the writer looked is in the views, or is still to be read.
        (!self.is_unread() && !facts.tells_of_others()).then_some(noticed)
    }

    /// The number of the next request for a snapshot.
    pub fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// A snapshot has come. Returns the transactions that it holds and that were not taken yet; what is committed later stays
    /// in the queue. `None`: it answers an earlier request, and has to be thrown away, since it may lack transactions that memory
    /// has taken in since.
    pub fn receive(&mut self, stamp: &Stamp, facts: &FactQueue) -> Option<Vec<Arc<Committed>>> {
        self.distrust_if(stamp.foreign);
        (stamp.request == self.asked).then(|| facts.take_through(stamp.through))
    }

    /// The snapshot that has come could be begun.
    pub fn begin(&mut self, stamp: &Stamp) {
        self.noticed = stamp.noticed;
    }

    /// Memory holds all that the snapshot holds.
    pub fn is_read(&mut self) {
        self.state = State::Behind;
    }

    /// All views show what memory holds. Returns how many noticed changes are covered now.
    pub fn settle(&mut self) -> u64 {
        self.state = State::Settled;
        self.noticed
    }
}
