//! One connection, from its beginning to its end.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::Front;
use super::figures::Cut;
use super::registry::{Guest, Registry};
use super::service::Entry;
use super::slot::{NEVER, Phase, Slot};
use super::wire::Wire;

/// The longest head, in bytes; it also bounds what is kept of a body between the network and its reader.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Serves a connection until it ends.
pub async fn serve(front: Arc<Front>, guest: Guest, stream: TcpStream, peer: IpAddr) {
    // Replies are written whole, so there is nothing that the system should collect.
    let _ = stream.set_nodelay(true);
    http1(front, &guest, stream, peer, false).await;
}

async fn http1<S>(front: Arc<Front>, guest: &Guest, stream: S, peer: IpAddr, is_tls: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let slot = guest.slot();
    let mut watch = Watch::new(Arc::clone(&front.registry), Arc::clone(slot));
    let entry = Entry::new(front, Arc::clone(slot), peer, is_tls);
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(slot)));
    let mut http = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).serve_connection(wire, entry);
    let is_whole = poll_fn(|context| {
        watch.poll(context, |context, order| {
            if order == Order::Finish {
                Pin::new(&mut http).graceful_shutdown();
            }
            Pin::new(&mut http).poll(context).map(drop)
        })
    })
    .await;
    let is_late = slot.is_body_late();
    let wire = http.into_parts().io.into_inner();
    if is_whole && (wire.has_refused() || is_late) {
        wire.linger().await;
    }
}

/// What a connection is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// To do what there is to do.
    GoOn,
    /// To take no other request.
    Finish,
}

/// Watches how long the phases of a connection take.
struct Watch {
    registry: Arc<Registry>,
    slot: Arc<Slot>,
    timer: Pin<Box<Sleep>>,
    is_known: bool,
    is_told: bool,
}

impl Watch {
    fn new(registry: Arc<Registry>, slot: Arc<Slot>) -> Watch {
        let timer = Box::pin(tokio::time::sleep_until(slot.pace().instant(slot.deadline())));
        Watch { registry, slot, timer, is_known: false, is_told: false }
    }

    /// Runs a connection until it ends, or until it has to be ended. Ready with `true`: it has ended by itself.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut run: impl FnMut(&mut Context<'_>, Order) -> Poll<()>,
    ) -> Poll<bool> {
        if !self.is_known {
            self.is_known = true;
            self.slot.wakes(context.waker());
        }
        loop {
            if self.slot.is_displaced() {
                self.registry.figures().count(Cut::Displaced);
                return Poll::Ready(false);
            }
            if run(context, self.order()).is_ready() {
                return Poll::Ready(true);
            }
            if self.registry.is_stopping() && matches!(self.slot.phase(), Phase::Silent | Phase::Head) {
                return Poll::Ready(false);
            }
            ready!(self.poll_timer(context));
            if !self.excuse() {
                return Poll::Ready(false);
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
