//! Starting anew after a panic of the standings' thread.
//!
//! A panic is a defect, and the defect may be in one change only. So the thread reads everything anew and goes on. If that
//! doesn't help, the thread ends: the views stay as they are, and the server is not ready any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::follower::Follower;

/// After this many panics within [`PANICS_WITHIN`], the thread still starts anew. The next one ends it.
pub(super) const PANICS_MAX: usize = 3;
const PANICS_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Follows until the thread is told to stop, or panics too often. A committed change shows within `every`.
pub(super) fn follow(mut follower: Follower, every: Duration) {
    let facts = follower.facts();
    let mut panics: Vec<Instant> = Vec::new();
    // What a panic may have left half done is thrown away before the follower is used again.
    while catch_unwind(AssertUnwindSafe(|| follower.run(every))).is_err() {
        panics.retain(|at| at.elapsed() < PANICS_WITHIN);
        panics.push(Instant::now());
        if panics.len() > PANICS_MAX {
            log::error!("the standings panicked {} times: leaderboards stay as they are now", panics.len());
            break;
        }
        log::error!("the standings panicked: everything is read anew");
        follower.start_anew();
    }
    facts.close();
}
