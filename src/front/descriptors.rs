//! How many connections the limit of descriptors leaves room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors are kept for files, for the log, and for connections that are about to be closed.
const KEPT: usize = 64;

/// However low the limit is, so many connections are taken.
const CONNECTIONS_MIN: usize = 8;

/// Raises the limit of descriptors as far as this process may, and returns how many connections there can be, at most
/// `wanted`.
pub fn connections_max(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            log::warn!("the limit of descriptors can't be raised: {error}");
            limit.current
        }
    };
    // No limit at all leaves room for any number.
    let Some(current) = current else { return wanted };
    let room = usize::try_from(current).unwrap_or(usize::MAX).saturating_sub(KEPT).max(CONNECTIONS_MIN);
    if room < wanted {
        log::warn!("the limit of {current} descriptors leaves {room} connections of the {wanted} of max_connections");
    }
    room.min(wanted)
}
