//! Read snapshots of the file, taken between two transactions of the writer. Where this process only reads the file, there is no
//! writer, and each snapshot has a connection of its own, so that nobody is held up who keeps the file current.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::shared::{Message, Snapshot, Stamp};
use super::subscription::FactQueue;
use crate::store::{FileVersion, Reader, Store, StoreError};

/// How long to wait for the end of the writer's transaction before a snapshot is given up for now. This is longer than
/// the writer itself waits for a lock.
pub(super) const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(10);

/// Asks the writer for snapshots. They come as messages to the standings' thread.
pub(super) struct Snapshots {
    store: Store,
    sender: Sender<Message>,
    facts: Arc<FactQueue>,
    /// The connection for snapshots. The writer's thread has it while a snapshot is taken.
    connection: Option<Reader>,
    /// What tells of changes where there is no writer.
    followed: Option<FileVersion>,
    /// How long a snapshot is waited for.
    pub patience: Duration,
}

impl Snapshots {
    /// Snapshots of the file of a store. `sender` leads to the standings' thread, and `facts` is the queue that it takes facts
    /// from.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn new(
        store: Store,
        sender: Sender<Message>,
        facts: Arc<FactQueue>,
        patience: Duration,
    ) -> Result<Snapshots, StoreError> {
        let followed = store.changes_at().map(|_| store.version()).transpose()?;
        Ok(Snapshots { store, sender, facts, connection: None, followed, patience })
    }

    /// Asks for a snapshot. It bears the number of this request, since the snapshot of an earlier one may still come.
    pub fn ask(&mut self, request: u64, noticed: u64) -> Result<(), StoreError> {
        if let Some(version) = &mut self.followed {
            let foreign = version.has_changed()?;
            let opened = self.store.reader();
            if opened.is_err() {
                // The change was not seen, so the next answer has to tell of it again.
                *version = self.store.version()?;
            }
            let connection = opened?;
            let begun = connection.begin();
            let stamp = Stamp { request, foreign, noticed, through: self.facts.last() };
            let snapshot = Snapshot { connection, stamp, begun };
            drop(self.sender.send(Message::Snapshot(Box::new(snapshot))));
            return Ok(());
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.store.reader()?,
        };
        let (sender, facts) = (self.sender.clone(), Arc::clone(&self.facts));
        self.store.writer().look_between(move |foreign| {
            let begun = connection.begin();
            // This runs between two transactions, so the last one that was told is the last one that the snapshot
            // holds.
            let stamp = Stamp { request, foreign, noticed, through: facts.last() };
            let snapshot = Snapshot { connection, stamp, begun };
            drop(sender.send(Message::Snapshot(Box::new(snapshot))));
        })
    }

    /// Ends a snapshot, and keeps its connection for the next if there is a writer.
    pub fn end(&mut self, connection: Reader) -> Result<(), StoreError> {
        let end = connection.end();
        self.connection = self.followed.is_none().then_some(connection);
        end
    }

    /// Asks whether another process has changed the file. The answer comes as a message, with `noticed` in it.
    pub fn look(&mut self, noticed: u64) {
        let sender = self.sender.clone();
        if let Some(version) = &mut self.followed {
            let foreign = version.has_changed().unwrap_or(true);
            drop(sender.send(Message::Looked { foreign, noticed }));
            return;
        }
        // If the queue is full, the writer is busy, and looks by itself.
        let _ =
            self.store.writer().look_between(move |foreign| drop(sender.send(Message::Looked { foreign, noticed })));
    }
}
