//! Read snapshots of the file, taken between two transactions of the writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::shared::{Message, Snapshot};
use super::subscription::FactQueue;
use crate::store::{Reader, StoreError, Writer};

/// How long to wait for the end of the writer's transaction before a snapshot is given up for now. This is longer than
/// the writer itself waits for a lock.
pub(super) const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(10);

/// Asks the writer for snapshots. They come as messages to the standings' thread.
pub(super) struct Snapshots {
    writer: Writer,
    file: PathBuf,
    sender: Sender<Message>,
    facts: Arc<FactQueue>,
    /// The number of the last request.
    requests: u64,
    /// The connection for snapshots. The writer's thread has it while a snapshot is taken.
    connection: Option<Reader>,
    /// How long a snapshot is waited for.
    pub patience: Duration,
}

impl Snapshots {
    /// Snapshots of a file, on a query-only connection to it. `sender` leads to the standings' thread, and `facts` is the
    /// queue that it takes facts from.
    pub fn new(
        writer: Writer,
        file: &Path,
        connection: Reader,
        sender: Sender<Message>,
        facts: Arc<FactQueue>,
        patience: Duration,
    ) -> Snapshots {
        let (file, connection) = (file.to_owned(), Some(connection));
        Snapshots { writer, file, sender, facts, requests: 0, connection, patience }
    }

    /// Asks for a snapshot, and returns the number of the request. The snapshot of an earlier request may still come.
    /// It must not be used, since memory may have taken in later transactions already.
    pub fn ask(&mut self, noticed: u64) -> Result<u64, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Reader::open(&self.file)?,
        };
        self.requests += 1;
        let request = self.requests;
        let (sender, facts) = (self.sender.clone(), Arc::clone(&self.facts));
        self.writer.look_between(move |foreign| {
            let begun = connection.begin();
            // This runs between two transactions, so the last one that was told is the last one that the snapshot
            // holds.
            let through = facts.last();
            let snapshot = Snapshot { request, connection, foreign, noticed, begun, through };
            drop(sender.send(Message::Snapshot(Box::new(snapshot))));
        })?;
        Ok(request)
    }

    /// Ends a snapshot, and keeps its connection for the next.
    pub fn end(&mut self, connection: Reader) -> Result<(), StoreError> {
        let end = connection.end();
        self.connection = Some(connection);
        end
    }

    /// Asks the writer whether another process has changed the file. The answer comes as a message, with `noticed` in
    /// it.
    pub fn look(&self, noticed: u64) {
        let sender = self.sender.clone();
        // If the queue is full, the writer is busy, and looks by itself.
        let _ = self.writer.look_between(move |foreign| drop(sender.send(Message::Looked { foreign, noticed })));
    }
}
