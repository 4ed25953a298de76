//! How many requests are taken in a minute.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The length of time over which requests are counted. It moves with the clock.
const COUNTED_OVER: Duration = Duration::from_secs(60);

/// Limits how many requests the whole server takes within any 60 seconds. The count is in memory, so a restart begins
/// anew.
#[derive(Debug)]
pub struct RequestLimit {
    /// 0 means any number.
    requests_max: usize,
    /// When the requests of the last minute were taken, oldest first; never more than are allowed.
    taken: Mutex<VecDeque<Instant>>,
}

impl RequestLimit {
    /// A limit of `requests_max` requests. 0 means no limit.
    pub fn new(requests_max: u32) -> RequestLimit {
        RequestLimit { requests_max: requests_max as usize, taken: Mutex::default() }
    }

    /// Takes a request, or says in how many seconds one more will be taken.
    pub fn take(&self) -> Result<(), u64> {
        if self.requests_max == 0 {
            return Ok(());
        }
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Result<(), u64> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|first| now.duration_since(*first) >= COUNTED_OVER) {
            taken.pop_front();
        }
        match taken.front() {
            Some(first) if taken.len() >= self.requests_max => {
                let wait = COUNTED_OVER - now.duration_since(*first);
                Err(wait.as_millis().div_ceil(1000).max(1) as u64)
            }
            _ => {
                taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_slides() {
        let limit = RequestLimit::new(2);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(limit.take_at(at(0)), Ok(()));
        assert_eq!(limit.take_at(at(30)), Ok(()));
        assert_eq!(limit.take_at(at(31)), Err(29));
        assert_eq!(limit.take_at(at(60)), Ok(()));
        assert_eq!(limit.take_at(at(61)), Err(29));
        assert_eq!(limit.take_at(at(90)), Ok(()));
    }
}
