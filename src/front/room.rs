//! The memory of all bodies that are being received: at most 64 MiB together. Where there is none left, a body is not
//! read on until another is done.
//!
//! A small body never waits: there is memory for one on each connection. A larger one gets memory for its whole length
//! before it is read, and so never waits for more while it holds some. Whoever showed no good key has a part of its own,
//! so that nobody can keep those who showed one waiting.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The memory for small bodies, in bytes.
const FOR_SMALL: usize = 16 << 20;

/// The memory for larger bodies of clients that showed no good key, in bytes.
const FOR_STRANGERS: usize = 8 << 20;

/// The memory for larger bodies of clients that showed a good key, in bytes: two of the longest, and many others.
const FOR_KNOWN: usize = 40 << 20;

/// The longest body that is small, in bytes, if connections are not too many for that.
const SMALL_MAX: usize = 4 << 10;

/// Memory is given out in pieces of so many bytes.
const PIECE: usize = 1 << 10;

/// The memory of all bodies that are being received.
pub struct Room {
    small_max: usize,
    strangers: Semaphore,
    known: Semaphore,
}

/// Memory for a body, until this is dropped.
pub type Place<'r> = SemaphorePermit<'r>;

impl Room {
    /// The memory for the bodies of so many connections.
    pub fn new(connections_max: usize) -> Room {
        Room {
            small_max: (FOR_SMALL / connections_max.max(1)).min(SMALL_MAX),
            strangers: Semaphore::new(FOR_STRANGERS / PIECE),
            known: Semaphore::new(FOR_KNOWN / PIECE),
        }
    }

    /// The longest body that needs no place, in bytes.
    pub fn small_max(&self) -> usize {
        self.small_max
    }

    /// A place for a body of so many bytes, if there is one now and nobody waits for it.
    pub fn take(&self, is_known: bool, bytes: usize) -> Option<Place<'_>> {
        self.part(is_known).try_acquire_many(pieces(bytes)).ok()
    }

    /// Waits for a place for a body of so many bytes. Those who wait are served in their order.
    pub async fn wait(&self, is_known: bool, bytes: usize) -> Option<Place<'_>> {
        self.part(is_known).acquire_many(pieces(bytes)).await.ok()
    }

    fn part(&self, is_known: bool) -> &Semaphore {
        if is_known { &self.known } else { &self.strangers }
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX};

    #[test]
    fn all_bodies_together_take_64_mebibytes() {
        for connections in [1, 100, 4096, 100_000] {
            let room = Room::new(connections);
            assert!(room.small_max() * connections + FOR_STRANGERS + FOR_KNOWN <= 64 << 20, "{connections}");
        }
        assert_eq!(Room::new(4096).small_max(), 4096);
    }

    #[test]
    fn the_longest_bodies_find_a_place() {
        let room = Room::new(4096);
        let places = [
            room.take(true, BATCH_BODY_BYTES_MAX),
            room.take(true, BATCH_BODY_BYTES_MAX),
            room.take(false, BODY_BYTES_MAX),
        ];
        assert!(places.iter().all(Option::is_some));
        assert!(room.take(true, BATCH_BODY_BYTES_MAX).is_none());
        drop(places);
        assert!(room.take(true, BATCH_BODY_BYTES_MAX).is_some());
    }
}
