//! What all threads of the model reach: the file, what is published, and the queues between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use shuttle::sync::{Condvar, Mutex, MutexGuard};

use crate::interleavings::Queue;
use crate::standings::coverage::Counts;
use crate::standings::shared::Stamp;
use crate::standings::subscription::FactQueue;
use crate::store::turns;

/// A fault that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// A snapshot does not say which request it answers: any is taken.
    SnapshotsWithoutNumbers,
    /// A snapshot does not say what its last transaction is: all that was told when it comes counts as held by it.
    HoldsAllThatIsTold,
    /// The same: nothing that was told since the last facts were taken counts as held by it.
    HoldsNothingNew,
    /// A snapshot is not taken by the writer between two transactions.
    SnapshotsBesideTheWriter,
    /// Whether the follower has to be woken is found out before the facts are in the queue.
    WakesByAnEarlierLook,
    /// Who waits is answered before the followers are told.
    AnswersFirst,
    /// Who asks for a refresh while one goes on is answered by that one.
    AnswersWhoCameLater,
    /// A look counts although what it found is still to be read.
    CoversWhatIsUnread,
}

/// What a commit of another process adds.
pub(super) const FOREIGN: i64 = 1 << 60;

#[derive(Default)]
pub(super) struct File {
    pub own: i64,
    pub foreign: i64,
    /// How often another process has committed.
    pub version: u64,
    /// How often anybody has.
    pub changes: u64,
    /// What this process has added up to each of its transactions.
    pub own_through: Vec<i64>,
}

pub(super) enum Message {
    Facts,
    Look,
    Looked { foreign: bool, noticed: u64 },
    NewStandings,
    Flush(Arc<Queue<()>>),
    Snapshot { sum: i64, stamp: Stamp },
    Stop,
}

pub(super) type Command = (i64, Arc<Queue<()>>);
pub(super) type Look = Box<dyn FnOnce(bool) + Send>;

/// Which windows are wanted, and what their views show.
#[derive(Default)]
pub(super) struct Published {
    pub wanted: BTreeSet<u8>,
    pub views: BTreeMap<u8, i64>,
    pub shown: u64,
}

/// What all threads reach.
pub(super) struct World {
    pub file: Mutex<File>,
    pub published: Mutex<Published>,
    pub changed: Condvar,
    pub commands: Queue<turns::Message<Command, Look>>,
    pub inbox: Queue<Message>,
    pub facts: FactQueue,
    pub counts: Counts,
    pub may_give_up: bool,
    pub fault: Fault,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
