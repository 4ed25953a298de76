//! How long a connection may take for what it does, and when it has to end.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::Sleep;

use super::figures::Cut;
use super::registry::Registry;
use super::slot::{NEVER, Phase, Slot};

/// What a connection is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// To do what there is to do.
    GoOn,
    /// To take no other request.
    Finish,
}

/// Watches how long the phases of a connection take.
pub struct Watch {
    registry: Arc<Registry>,
    slot: Arc<Slot>,
    timer: Pin<Box<Sleep>>,
    is_known: bool,
    is_told: bool,
}

impl Watch {
    /// Watches a connection, or a stream of one.
    pub fn new(registry: Arc<Registry>, slot: Arc<Slot>) -> Watch {
        let timer = Box::pin(tokio::time::sleep_until(slot.pace().instant(slot.deadline())));
        Watch { registry, slot, timer, is_known: false, is_told: false }
    }

    /// Runs something on a connection until it is done. `None`: the connection has to be ended before.
    pub async fn run<T>(&mut self, mut run: impl FnMut(&mut Context<'_>, Order) -> Poll<T>) -> Option<T> {
        poll_fn(|context| self.poll(context, &mut run)).await
    }

    /// Runs something on a connection. Ready with `None`: the connection has to be ended.
    pub fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        mut run: impl FnMut(&mut Context<'_>, Order) -> Poll<T>,
    ) -> Poll<Option<T>> {
        if !self.is_known {
            self.is_known = true;
            self.slot.wakes(context.waker());
        }
        loop {
            if self.slot.is_displaced() {
                self.registry.figures().count(Cut::Displaced);
                return Poll::Ready(None);
            }
            if let Poll::Ready(done) = run(context, self.order()) {
                return Poll::Ready(Some(done));
            }
            if self.registry.is_stopping() && matches!(self.slot.phase(), Phase::Silent | Phase::Head) {
                return Poll::Ready(None);
            }
            ready!(self.poll_timer(context));
            if !self.excuse() {
                return Poll::Ready(None);
            }
        }
    }

    /// Tells the connection once that the server ends.
    fn order(&mut self) -> Order {
        if self.is_told || !self.registry.is_stopping() {
            return Order::GoOn;
        }
        self.is_told = true;
        if matches!(self.slot.phase(), Phase::Waiting | Phase::Body) {
            // Half of what is left is for the rest of the body, the other half for the reply.
            let now = self.slot.pace().now();
            self.slot.hurry(now + self.registry.end().saturating_sub(now) / 2);
        }
        Order::Finish
    }

    /// Ready when the phase has lasted too long.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let deadline = self.slot.deadline().min(self.registry.end());
            if deadline == NEVER {
                return Poll::Pending;
            }
            // A timer that fires too early costs less than one that is set anew for each request.
            let instant = self.slot.pace().instant(deadline);
            if instant < self.timer.deadline() {
                self.timer.as_mut().reset(instant);
            }
            ready!(self.timer.as_mut().poll(context));
            if self.slot.pace().now() >= deadline {
                return Poll::Ready(());
            }
            // The clock of the slots counts whole milliseconds, so it can be a little behind the timer.
            let later = instant.max(self.timer.deadline() + std::time::Duration::from_millis(1));
            self.timer.as_mut().reset(later);
        }
    }

    /// What becomes of a connection whose phase has lasted too long; `true`: it may go on to say so.
    fn excuse(&self) -> bool {
        let figures = self.registry.figures();
        if self.slot.pace().now() >= self.registry.end() {
            return false;
        }
        match self.slot.phase() {
            // A client that was answered and asks nothing more has done nothing wrong.
            Phase::Silent if self.slot.has_answered() => {}
            Phase::Silent => figures.count(Cut::Silent),
            Phase::Head => figures.count(Cut::Head),
            Phase::Waiting | Phase::Body if !self.slot.is_body_late() => {
                figures.count(Cut::Body);
                self.slot.miss_body();
                return true;
            }
            Phase::Waiting | Phase::Body | Phase::Answering | Phase::Sending => figures.count(Cut::Stalled),
        }
        false
    }
}
