//! The bytes of a connection, on their way between the network and hyper.
//!
//! Here is seen when a head begins, when a reply has left, and when a client takes nothing any more. hyper answers a head
//! that it can't read by itself, with an empty reply; here the API's own reply is put in its place.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::slot::{NEVER, Phase, Slot};
use crate::web;

/// How long a client that was refused may go on sending. If the connection were closed at once, its system might throw
/// the refusal away unread.
const LINGER: Duration = Duration::from_secs(1);

/// Sends the last bytes of a connection and closes it for writing. Then reads on for a moment, so that the client gets to
/// see what was sent.
pub async fn say_and_end<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, last: &[u8]) {
    let end = async {
        stream.write_all(last).await?;
        stream.shutdown().await?;
        let mut thrown_away = [0; 4096];
        while stream.read(&mut thrown_away).await? > 0 {}
        io::Result::Ok(())
    };
    // Whether the client has taken it or not: nothing more can be done for it.
    let _ = tokio::time::timeout(LINGER, end).await;
}

/// A connection of HTTP/1 as hyper sees it.
pub struct Wire<S> {
    stream: S,
    slot: Arc<Slot>,
    /// A reply of our own to a head that hyper refuses, as far as it is not sent yet.
    own: Vec<u8>,
    has_refused: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Puts itself between a stream and hyper.
    pub fn new(stream: S, slot: Arc<Slot>) -> Wire<S> {
        Wire { stream, slot, own: Vec::new(), has_refused: false }
    }

    /// Whether a head was refused that hyper could not read.
    pub fn has_refused(&self) -> bool {
        self.has_refused
    }

    /// Ends the connection so that the client gets to see what was sent; see [`say_and_end`].
    pub async fn linger(self) {
        say_and_end(self.stream, &[]).await;
    }

    /// Whether hyper is writing although no request was given to the service: then it refuses a head.
    fn is_refusal(&self) -> bool {
        matches!(self.slot.phase(), Phase::Silent | Phase::Head)
    }

    /// Takes a refusal of hyper's, and puts our own in its place.
    fn refuse(&mut self, of_hyper: &[u8]) -> Poll<io::Result<usize>> {
        if !self.has_refused {
            self.has_refused = true;
            // "HTTP/1.1 431 …"
            let status = of_hyper.get(9..12).and_then(|status| std::str::from_utf8(status).ok());
            let status = status.and_then(|status| status.parse().ok());
            self.own = web::refusal_of_head(status.unwrap_or(400));
        }
        Poll::Ready(Ok(of_hyper.len()))
    }

    fn poll_own(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, &self.own))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.own.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.slot.stall(),
            Poll::Ready(Ok(1..)) if self.slot.deadline() != NEVER => self.slot.go_on(),
            Poll::Ready(_) => {}
        }
        written
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = into.filled().len();
        ready!(Pin::new(&mut wire.stream).poll_read(context, into))?;
        if into.filled().len() > before && wire.slot.phase() == Phase::Silent {
            wire.slot.begin_head();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if wire.is_refusal() {
            return wire.refuse(bytes);
        }
        let written = Pin::new(&mut wire.stream).poll_write(context, bytes);
        wire.wrote(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if wire.is_refusal() {
            let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
            return wire.refuse(&bytes);
        }
        let written = Pin::new(&mut wire.stream).poll_write_vectored(context, pieces);
        wire.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_own(context))?;
        ready!(Pin::new(&mut wire.stream).poll_flush(context))?;
        wire.slot.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_own(context))?;
        Pin::new(&mut wire.stream).poll_shutdown(context)
    }
}
