//! What one connection is doing, and until when it may. The task of the connection writes it; the registry reads it, and
//! may take the connection's place away.
//!
//! The phases of HTTP/1 follow each other: silent, head, body, answering, sending, and silent again.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::Timeouts;

/// A moment, in milliseconds since the door was made.
pub type Moment = u64;

/// No moment ever.
pub const NEVER: Moment = u64::MAX;

/// In the place of `since`: a request is being answered.
const BUSY: Moment = u64::MAX;

/// In the place of `since`: the connection is to be closed.
const DISPLACED: Moment = u64::MAX - 1;

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing has been asked yet, or all is answered.
    Silent,
    /// A head has begun.
    Head,
    /// A head is complete; its body waits until there is memory for it.
    Waiting,
    /// A body is being received.
    Body,
    /// A request is being answered.
    Answering,
    /// The reply is complete, and its last bytes are on their way to the client.
    Sending,
}

const PHASES: [Phase; 6] = [Phase::Silent, Phase::Head, Phase::Waiting, Phase::Body, Phase::Answering, Phase::Sending];

/// Tells the time for all connections, and how long each phase may last.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    start: Instant,
    timeouts: Timeouts,
}

impl Pace {
    /// Begins now.
    pub fn new(timeouts: Timeouts) -> Pace {
        Pace { start: Instant::now(), timeouts }
    }

    /// This moment.
    pub fn now(&self) -> Moment {
        Pace::millis(self.start.elapsed())
    }

    /// That moment for a timer.
    pub fn instant(&self, moment: Moment) -> tokio::time::Instant {
        // A moment that lies beyond what a clock can show is as good as never.
        let far = Duration::from_secs(366 * 24 * 3600);
        tokio::time::Instant::from_std(self.start + Duration::from_millis(moment).min(far))
    }

    /// How long a whole body may take.
    pub fn body_timeout(&self) -> Duration {
        self.timeouts.body
    }

    fn after(&self, span: Duration) -> Moment {
        self.now().saturating_add(Pace::millis(span))
    }

    fn millis(span: Duration) -> u64 {
        u64::try_from(span.as_millis()).unwrap_or(NEVER)
    }
}

/// One connection.
#[derive(Debug)]
pub struct Slot {
    pace: Pace,
    phase: AtomicU8,
    /// Since when there has been no complete request, or [`BUSY`], or [`DISPLACED`].
    since: AtomicU64,
    /// When the phase has lasted too long.
    deadline: AtomicU64,
    has_answered: AtomicBool,
    is_body_late: AtomicBool,
    /// Whether nobody on this side is known to be waited for.
    is_client_expected: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// Where the registry keeps it.
    pub(super) index: AtomicUsize,
}

impl Slot {
    /// A connection that has just been accepted.
    pub fn new(pace: Pace) -> Slot {
        Slot {
            pace,
            phase: AtomicU8::new(Phase::Silent as u8),
            since: AtomicU64::new(pace.now()),
            deadline: AtomicU64::new(pace.after(pace.timeouts.idle)),
            has_answered: AtomicBool::new(false),
            is_body_late: AtomicBool::new(false),
            is_client_expected: AtomicBool::new(false),
            waker: Mutex::new(None),
            index: AtomicUsize::new(0),
        }
    }

    /// The clock and the times of all connections.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// What it does.
    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Relaxed))]
    }

    fn enter(&self, phase: Phase, deadline: Moment) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    /// When the phase has lasted too long, or [`NEVER`].
    pub fn deadline(&self) -> Moment {
        self.deadline.load(Ordering::Relaxed)
    }

    /// Brings the deadline forward.
    pub fn hurry(&self, deadline: Moment) {
        self.deadline.fetch_min(deadline, Ordering::Relaxed);
    }

    /// The first bytes of a head have come, or those of a handshake.
    pub fn begin_head(&self) {
        self.enter(Phase::Head, self.pace.after(self.pace.timeouts.header));
    }

    /// A handshake is done; a request may follow.
    pub fn end_handshake(&self) {
        self.enter(Phase::Silent, self.pace.after(self.pace.timeouts.idle));
    }

    /// A body waits until there is memory for it.
    pub fn wait_for_room(&self) {
        self.enter(Phase::Waiting, self.pace.after(self.pace.timeouts.body));
    }

    /// A body is being received.
    pub fn begin_body(&self) {
        self.enter(Phase::Body, self.pace.after(self.pace.timeouts.body));
    }

    /// The body, or memory for it, did not come in time.
    pub fn miss_body(&self) {
        self.is_body_late.store(true, Ordering::Relaxed);
        // The refusal follows at once; it has the time that a stalled reply has.
        self.deadline.store(self.pace.after(self.pace.timeouts.stall), Ordering::Relaxed);
    }

    /// Whether the body is too late.
    pub fn is_body_late(&self) -> bool {
        self.is_body_late.load(Ordering::Relaxed)
    }

    /// A request is complete. `false`: the connection has lost its place, and the request must not be carried out.
    #[must_use]
    pub fn begin_answer(&self) -> bool {
        if self.since.swap(BUSY, Ordering::AcqRel) == DISPLACED {
            self.since.store(DISPLACED, Ordering::Release);
            return false;
        }
        self.enter(Phase::Answering, NEVER);
        true
    }

    /// The last piece of a reply was given to the connection.
    pub fn end_answer(&self) {
        let deadline = self.deadline();
        self.enter(Phase::Sending, deadline);
    }

    /// All that was given to the connection has left it.
    pub fn flushed(&self) {
        if self.phase() == Phase::Sending {
            self.has_answered.store(true, Ordering::Relaxed);
            self.is_body_late.store(false, Ordering::Relaxed);
            self.since.store(self.pace.now(), Ordering::Release);
            self.enter(Phase::Silent, self.pace.after(self.pace.timeouts.idle));
        }
    }

    /// Whether a request has been answered on this connection.
    pub fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// The client takes nothing of its reply just now.
    pub fn stall(&self) {
        if matches!(self.phase(), Phase::Answering | Phase::Sending) && self.deadline() == NEVER {
            self.deadline.store(self.pace.after(self.pace.timeouts.stall), Ordering::Relaxed);
        }
    }

    /// The client has taken something of its reply.
    pub fn go_on(&self) {
        if matches!(self.phase(), Phase::Answering | Phase::Sending) {
            self.deadline.store(NEVER, Ordering::Relaxed);
        }
    }

    /// Begins a turn of a stream: as long as nobody says otherwise, it is the client who has to do something.
    pub fn expect_client(&self) {
        self.is_client_expected.store(true, Ordering::Relaxed);
    }

    /// The answer, or the next piece of it, is still being made.
    pub fn expect_answer(&self) {
        self.is_client_expected.store(false, Ordering::Relaxed);
    }

    /// Whether it is the client who has to do something.
    pub fn is_client_expected(&self) -> bool {
        self.is_client_expected.load(Ordering::Relaxed)
    }

    /// Since when there has been no complete request; `None`: one is being answered, or the connection is being closed.
    pub fn unasked_since(&self) -> Option<Moment> {
        Some(self.since.load(Ordering::Acquire)).filter(|since| *since < DISPLACED)
    }

    /// Takes its place away, if it still has been without a complete request since then.
    pub fn displace(&self, since: Moment) -> bool {
        let taken = self.since.compare_exchange(since, DISPLACED, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if taken {
            self.wake();
        }
        taken
    }

    /// Whether it has lost its place.
    pub fn is_displaced(&self) -> bool {
        self.since.load(Ordering::Acquire) == DISPLACED
    }

    /// Says whom to wake when its place is taken away, or when the server ends.
    pub fn wakes(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    /// Has its task look at it.
    pub fn wake(&self) {
        if let Some(waker) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        let second = Duration::from_secs(1);
        Slot::new(Pace::new(Timeouts { header: second, body: 2 * second, idle: 3 * second, stall: 4 * second }))
    }

    #[test]
    fn a_connection_that_lost_its_place_answers_nothing_any_more() {
        let slot = slot();
        let since = slot.unasked_since().expect("silent");
        assert!(!slot.displace(since + 1), "it has been silent since another moment");
        assert!(slot.displace(since));
        assert!(!slot.begin_answer());
        assert!(slot.is_displaced());
        assert_eq!(slot.unasked_since(), None);
    }

    #[test]
    fn what_is_being_answered_keeps_its_place() {
        let slot = slot();
        let since = slot.unasked_since().expect("silent");
        assert!(slot.begin_answer());
        assert_eq!(slot.unasked_since(), None);
        assert!(!slot.displace(since));
        slot.end_answer();
        assert!(!slot.displace(since), "the reply is on its way");
        slot.flushed();
        assert!(slot.unasked_since().is_some());
    }

    #[test]
    fn a_reply_may_take_long_but_its_reader_may_not_stand_still() {
        let slot = slot();
        assert!(slot.begin_answer());
        assert_eq!(slot.deadline(), NEVER);
        slot.stall();
        let deadline = slot.deadline();
        assert_ne!(deadline, NEVER);
        slot.stall();
        assert_eq!(slot.deadline(), deadline, "the time runs from when it began to stand still");
        slot.go_on();
        assert_eq!(slot.deadline(), NEVER);
    }
}
