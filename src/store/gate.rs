//! A gate that readers pass, and that is empty from time to time however many they are.
//!
//! SQLite lets a reader in at once if another one of the same process is there already, even while somebody waits to write.
//! With many readers there would always be one, and whoever keeps the file current would wait for ever. A moment without any
//! is enough: who waits has taken the lock by then that keeps the next readers out.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For so long there may be readers without a pause. Then those who come wait until the others are gone.
const UNBROKEN_MAX: Duration = Duration::from_millis(250);

/// For so long they wait at most. A read that takes longer holds nobody else up.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
    empty: Condvar,
    wait_max: Duration,
}

#[derive(Debug, Default)]
struct Inside {
    count: usize,
    /// Since when there have been readers without a pause.
    since: Option<Instant>,
    /// Until when those who come wait for a pause; `None`: they don't.
    closed_until: Option<Instant>,
}

/// The right to read. Dropped when the file was let go.
#[derive(Debug)]
pub(super) struct Pass(Arc<Gate>);

impl Default for Gate {
    fn default() -> Gate {
        Gate { inside: Mutex::default(), empty: Condvar::new(), wait_max: WAIT_MAX }
    }
}

impl Gate {
    /// Lets a reader in, perhaps after a short wait.
    pub fn enter(self: &Arc<Gate>) -> Pass {
        let mut inside = self.inside();
        while inside.count > 0 {
            let now = Instant::now();
            match inside.closed_until {
                Some(until) if until <= now => {
                    inside.closed_until = None;
                    inside.since = Some(now);
                }
                Some(until) => {
                    let waited = self.empty.wait_timeout(inside, until - now);
                    inside = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None if inside.since.is_some_and(|since| now - since >= UNBROKEN_MAX) => {
                    inside.closed_until = Some(now + self.wait_max);
                }
                None => break,
            }
        }
        if inside.count == 0 {
            *inside = Inside { count: 0, since: Some(Instant::now()), closed_until: None };
        }
        inside.count += 1;
        drop(inside);
        Pass(Arc::clone(self))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.0.inside();
        inside.count -= 1;
        if inside.count == 0 {
            self.0.empty.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A gate at which there have been readers for too long.
    fn crowded(wait_max: Duration) -> (Arc<Gate>, Pass) {
        let gate = Arc::new(Gate { wait_max, ..Gate::default() });
        let pass = gate.enter();
        gate.inside().since = Instant::now().checked_sub(UNBROKEN_MAX);
        (gate, pass)
    }

    #[test]
    fn readers_who_follow_each_other_without_end_leave_a_pause() {
        let (gate, first) = crowded(Duration::from_secs(600));
        thread::scope(|scope| {
            let next = scope.spawn(|| gate.enter());
            while gate.inside().closed_until.is_none() {
                thread::yield_now();
            }
            assert_eq!(gate.inside().count, 1, "the next one waits");
            drop(first);
            drop(next.join().expect("the next one came in"));
        });
        assert_eq!(gate.inside().count, 0);
    }

    #[test]
    fn a_long_read_holds_nobody_up_for_long() {
        let (gate, long) = crowded(Duration::ZERO);
        drop(gate.enter());
        assert!(gate.inside().closed_until.is_none(), "the attempt is given up");
        assert_eq!(gate.inside().count, 1);
        drop(long);
        assert_eq!(gate.inside().count, 0);
    }
}
