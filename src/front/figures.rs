//! What happens to connections, in numbers. Once a minute the log says how many clients were cut off since the last time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the log sums up.
const SUMMED_UP_EVERY: Duration = Duration::from_secs(60);

/// Why a connection was ended before its client had wished it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It sent nothing after it was opened.
    Silent,
    /// Its head did not come in time.
    Head,
    /// Its body did not come in time.
    Body,
    /// It took nothing of its reply.
    Stalled,
    /// It was the longest without a complete request, and another client needed its place.
    Displaced,
    /// All places were taken by requests that are being answered.
    Refused,
    /// The operating system gave no connection, for want of descriptors or memory.
    NotAccepted,
}

/// The reasons, with the word of the metrics and the words of the log for each.
const REASONS: [(Cut, &str, &str); 7] = [
    (Cut::Silent, "silent", "sent nothing"),
    (Cut::Head, "head", "did not send a whole head in time"),
    (Cut::Body, "body", "did not send a whole body in time"),
    (Cut::Stalled, "stalled", "took nothing of the reply"),
    (Cut::Displaced, "displaced", "sent no whole request and made room for another"),
    (Cut::Refused, "refused", "found all connections in use"),
    (Cut::NotAccepted, "not_accepted", "could not be accepted by the operating system"),
];

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Figures {
    cut: [AtomicU64; REASONS.len()],
    told: Mutex<[u64; REASONS.len()]>,
}

impl Figures {
    /// Counts a client that was cut off.
    pub(super) fn count(&self, cut: Cut) {
        self.cut[cut as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many clients were cut off for this reason.
    pub fn cut_off(&self, cut: Cut) -> u64 {
        self.cut[cut as usize].load(Ordering::Relaxed)
    }

    /// How many clients were cut off for each reason, with a word for it.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REASONS.into_iter().map(|(cut, word, _)| (word, self.cut_off(cut)))
    }

    /// Sums up once a minute, for ever.
    pub(super) async fn log_by_the_minute(&self) {
        loop {
            tokio::time::sleep(SUMMED_UP_EVERY).await;
            self.log();
        }
    }

    /// Says in one line what has happened since the last line, if anything has.
    pub(super) fn log(&self) {
        if let Some(summary) = self.summary() {
            log::warn!("clients were cut off: {summary}");
        }
    }

    fn summary(&self) -> Option<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = Vec::new();
        for (cut, _, words) in REASONS {
            let (now, told) = (self.cut_off(cut), &mut told[cut as usize]);
            if now > *told {
                parts.push(format!("{} {words}", now - *told));
            }
            *told = now;
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_tells_what_is_new() {
        let figures = Figures::default();
        assert_eq!(figures.summary(), None);
        figures.count(Cut::Head);
        figures.count(Cut::Head);
        figures.count(Cut::NotAccepted);
        let all = "2 did not send a whole head in time, 1 could not be accepted by the operating system";
        assert_eq!(figures.summary().as_deref(), Some(all));
        assert_eq!(figures.summary(), None);
        figures.count(Cut::Silent);
        assert_eq!(figures.summary().as_deref(), Some("1 sent nothing"));
        assert_eq!(figures.cut_off(Cut::Head), 2);
    }

    #[test]
    fn each_reason_has_its_own_place() {
        for (place, (cut, ..)) in REASONS.into_iter().enumerate() {
            assert_eq!(cut as usize, place);
        }
    }
}
