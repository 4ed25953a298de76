//! Load on a server, lean enough to share its processors: one thread for all connections, requests that are ready
//! before the clock starts, replies looked at no longer than it takes to know that they are good and whole.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::histogram::Histogram;
use crate::reply::Incoming;
use crate::request::Requests;

/// Read at once: the longest reply fits.
const BUFFER_BYTES: usize = 64 << 10;

/// A server that says nothing for so long has failed the run.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// What a load came to.
#[derive(Debug, Clone)]
pub struct Load {
    /// Replies a second.
    pub rate: f64,
    /// From sending a request, or from when it was due, to the end of its reply.
    pub latencies: Histogram,
}

/// The connections to a server.
struct Connections {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    all: Vec<Connection>,
}

struct Connection {
    stream: TcpStream,
    incoming: Incoming,
    /// When the request that waits for its reply was sent, or was due.
    since: Instant,
}

impl Connection {
    fn send(&mut self, request: &[u8], since: Instant) {
        self.since = since;
        // A request is far smaller than a socket's buffer, which is empty: it goes out in one piece.
        let sent = self.stream.write(request).expect("a connection that takes a request");
        assert_eq!(sent, request.len(), "a request in one piece");
    }

    /// Reads what there is, and says whether the reply is whole.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => panic!("the server hung up"),
                // Nothing follows a whole reply before the next request: no need to ask.
                Ok(read) if self.incoming.is_whole_with(&buffer[..read]) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("a connection failed: {error}"),
            }
        }
    }
}

impl Connections {
    fn open(port: u16, count: usize) -> Connections {
        let poll = Poll::new().expect("a poll");
        let all = (0..count)
            .map(|index| {
                let stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                stream.set_nonblocking(true).expect("a connection that does not block");
                let mut stream = TcpStream::from_std(stream);
                poll.registry().register(&mut stream, Token(index), Interest::READABLE).expect("a place in the poll");
                Connection { stream, incoming: Incoming::default(), since: Instant::now() }
            })
            .collect();
        Connections { poll, events: Events::with_capacity(256), buffer: vec![0; BUFFER_BYTES], all }
    }

    /// Waits for replies, and hands over the number of each connection whose reply is whole.
    fn wait(&mut self, limit: Duration, mut whole: impl FnMut(&mut Connection, usize)) {
        match self.poll.poll(&mut self.events, Some(limit)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            polled => polled.expect("a poll"),
        }
        for event in &self.events {
            let connection = &mut self.all[event.token().0];
            if connection.receive(&mut self.buffer) {
                whole(connection, event.token().0);
            }
        }
    }
}

/// Loads a server for `span`: each connection sends its next request as soon as the last is answered. The rate is of the
/// replies within the span; requests that are under way at its end are waited for, and their latencies count.
pub fn closed_loop(port: u16, count: usize, span: Duration, requests: &mut Requests) -> Load {
    let mut connections = Connections::open(port, count);
    let mut latencies = Histogram::new();
    let began = Instant::now();
    let deadline = began + span;
    for connection in &mut connections.all {
        connection.send(requests.next(), Instant::now());
    }
    let mut within = 0_u64;
    let mut waiting = count;
    let mut heard = began;
    while waiting > 0 {
        connections.wait(Duration::from_secs(1), |connection, _| {
            heard = Instant::now();
            latencies.add(heard - connection.since);
            if heard < deadline {
                within += 1;
                connection.send(requests.next(), heard);
            } else {
                waiting -= 1;
            }
        });
        assert!(heard.elapsed() < SILENCE_MAX, "a server that goes on answering");
    }
    Load { rate: within as f64 / span.as_secs_f64(), latencies }
}

/// A load of so many requests a second, whatever the server makes of them, on a thread of its own.
pub struct Paced {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Load>>,
}

impl Paced {
    /// Starts. Latencies count from the moment when a request was due, so that a server that stalls is charged with all
    /// that it made wait; up to a millisecond of them is this side's own clock.
    pub fn start(port: u16, count: usize, rate: f64, mut requests: Requests) -> Paced {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || paced(port, count, rate, &mut requests, &stopped));
        Paced { stop, thread: Some(thread) }
    }

    /// Stops, once what is under way is answered.
    pub fn stop(mut self) -> Load {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.take().expect("a thread that was not stopped before");
        thread.join().expect("a load that did not fail")
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn paced(port: u16, count: usize, rate: f64, requests: &mut Requests, stop: &AtomicBool) -> Load {
    let mut connections = Connections::open(port, count);
    let mut latencies = Histogram::new();
    // In turn: a connection that is silent for long is closed by the server.
    let mut idle: VecDeque<usize> = (0..count).collect();
    let began = Instant::now();
    let mut sent = 0_u64;
    let mut heard = began;
    let mut end = None;
    loop {
        let due = began + Duration::from_secs_f64(sent as f64 / rate);
        if end.is_none() && stop.load(Ordering::Relaxed) {
            end = Some(Instant::now());
        }
        // What was due before the end is sent, however late it is.
        let stopping = end.is_some_and(|end| due > end);
        if stopping && idle.len() == count {
            break;
        }
        let wait = due.saturating_duration_since(Instant::now());
        if !stopping
            && wait.is_zero()
            && let Some(index) = idle.pop_front()
        {
            connections.all[index].send(requests.next(), due);
            sent += 1;
            continue;
        }
        let blocked = stopping || idle.is_empty();
        let limit = if blocked { Duration::from_millis(100) } else { wait };
        connections.wait(limit, |connection, index| {
            heard = Instant::now();
            latencies.add(heard - connection.since);
            idle.push_back(index);
        });
        assert!(idle.len() == count || heard.elapsed() < SILENCE_MAX, "a server that goes on answering");
    }
    Load { rate: latencies.count() as f64 / began.elapsed().as_secs_f64(), latencies }
}
