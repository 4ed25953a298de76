//! A connection of HTTP/2, on which several requests can be under way at the same time.
//!
//! Each of them is a stream with a slot of its own, so that each has the times that a connection of HTTP/1 has. The
//! connection itself counts as asked for as long as it has any stream.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::reply::Reply;
use super::service::{Entry, Gone, ToTheEnd};
use super::slot::Slot;
use super::watch::{Order, Watch};
use super::{Front, HEAD_BYTES_MAX};

/// How many requests may be under way on one connection.
const STREAMS_MAX: u32 = 100;

/// How many bytes a client may send on a connection, or on one stream of it, before they are taken up. It bounds the memory
/// that is held for them.
const WINDOW_BYTES: u32 = 64 << 10;

/// How many streams a client may begin and give up before the connection is closed.
const GIVEN_UP_MAX: usize = 20;

/// Serves a connection until it ends.
pub async fn serve(front: Arc<Front>, slot: Arc<Slot>, mut watch: Watch, stream: TlsStream<TcpStream>, peer: IpAddr) {
    let streams = Streams(Arc::new(Connection { front, slot, peer, count: Mutex::new(0), begun: Mutex::new(None) }));
    let mut http = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(GIVEN_UP_MAX)
        .max_local_error_reset_streams(GIVEN_UP_MAX)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(WINDOW_BYTES as usize)
        .serve_connection(TokioIo::new(stream), streams);
    let end = watch.run(|context, order| {
        if order == Order::Finish {
            Pin::new(&mut http).graceful_shutdown();
        }
        Pin::new(&mut http).poll(context).map(drop)
    });
    // Whether it ended by itself or was cut off, the watch has counted it.
    let _ = end.await;
}

/// What the streams of one connection share.
struct Connection {
    front: Arc<Front>,
    slot: Arc<Slot>,
    peer: IpAddr,
    /// How many streams there are.
    count: Mutex<usize>,
    /// The stream whose request was given to the service just now. hyper has it run right after that.
    begun: Mutex<Option<Begun>>,
}

impl Connection {
    /// Counts one stream more. `None`: the connection has lost its place.
    fn begin(self: &Arc<Self>) -> Option<Counted> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if *count == 0 && !self.slot.begin_answer() {
            return None;
        }
        *count += 1;
        Some(Counted(Arc::clone(self)))
    }
}

/// A stream, as long as it is counted.
struct Counted(Arc<Connection>);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count -= 1;
        if *count == 0 {
            self.0.slot.end_answer();
            self.0.slot.flushed();
            // From now on the connection has a deadline again.
            self.0.slot.wake();
        }
    }
}

/// A stream that is about to run.
struct Begun {
    slot: Arc<Slot>,
    counted: Counted,
}

/// Takes the requests of a connection in, and runs its streams.
#[derive(Clone)]
struct Streams(Arc<Connection>);

impl Service<Request<Incoming>> for Streams {
    type Response = Response<Reply>;
    type Error = Gone;
    type Future = ToTheEnd;

    fn call(&self, request: Request<Incoming>) -> ToTheEnd {
        let connection = &self.0;
        let slot = Arc::new(Slot::new(*connection.slot.pace()));
        let entry = Entry::of_stream(Arc::clone(&connection.front), Arc::clone(&slot), connection.peer);
        let begun = connection.begin().map(|counted| Begun { slot, counted });
        let answer = if begun.is_some() { entry.call(request) } else { entry.turn_away() };
        *connection.begun.lock().unwrap_or_else(PoisonError::into_inner) = begun;
        answer
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, run: F) {
        let begun = self.0.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begun {
            Some(Begun { slot, counted }) => {
                let watch = Watch::new(Arc::clone(&self.0.front.registry), Arc::clone(&slot));
                tokio::spawn(Stream { run: Some(Box::pin(run)), slot, watch, _counted: counted });
            }
            None => {
                tokio::spawn(run);
            }
        }
    }
}

/// One stream, from its head to the last piece of its reply. One that takes too long is dropped, which tells the client.
struct Stream<F> {
    run: Option<Pin<Box<F>>>,
    slot: Arc<Slot>,
    watch: Watch,
    _counted: Counted,
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let stream = self.get_mut();
        let Some(run) = &mut stream.run else { return Poll::Ready(()) };
        let slot = &stream.slot;
        let polled = stream.watch.poll(context, |context, _: Order| {
            slot.expect_client();
            let polled = run.as_mut().poll(context);
            // If nobody waits for the answer or for its next piece, the client has not taken the piece before.
            if slot.is_client_expected() {
                slot.stall();
            } else {
                slot.go_on();
            }
            polled
        });
        ready!(polled);
        stream.run = None;
        Poll::Ready(())
    }
}
