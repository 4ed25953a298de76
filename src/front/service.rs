//! One request, from its head to its reply.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use rocket::http::Header;

use super::body::{self, Missed};
use super::reply::{self, Content, Outlet, Reply, Work};
use super::slot::Slot;
use super::{Front, translation};
use crate::web::{self, ApiError, Client};

/// Where the requests of one connection come in.
pub struct Entry(Arc<Visit>);

/// What a request needs of its connection.
struct Visit {
    front: Arc<Front>,
    slot: Arc<Slot>,
    peer: IpAddr,
    is_tls: bool,
    /// The longest body that needs no place among those that are being received, in bytes.
    small_max: usize,
}

impl Entry {
    /// The entry of a connection with that peer.
    pub fn new(front: Arc<Front>, slot: Arc<Slot>, peer: IpAddr, is_tls: bool) -> Entry {
        let small_max = front.room.small_max();
        Entry(Arc::new(Visit { front, slot, peer, is_tls, small_max }))
    }

    /// The entry of one stream of a connection with that peer. There can be many streams, so each of their bodies needs a
    /// place.
    pub fn of_stream(front: Arc<Front>, slot: Arc<Slot>, peer: IpAddr) -> Entry {
        Entry(Arc::new(Visit { front, slot, peer, is_tls: true, small_max: 0 }))
    }

    /// The answer to a request of a connection that has lost its place: there is none.
    pub fn turn_away(&self) -> ToTheEnd {
        ToTheEnd { visit: Arc::clone(&self.0), outlet: Arc::default(), work: None }
    }
}

/// There is nobody left to answer, or nothing that may be answered.
#[derive(Debug)]
pub struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client is gone")
    }
}

impl std::error::Error for Gone {}

impl hyper::service::Service<Request<Incoming>> for Entry {
    type Response = Response<Reply>;
    type Error = Gone;
    type Future = ToTheEnd;

    fn call(&self, request: Request<Incoming>) -> ToTheEnd {
        let outlet = Arc::new(Outlet::default());
        let work = Box::pin(answer(Arc::clone(&self.0), request, Arc::clone(&outlet)));
        ToTheEnd { visit: Arc::clone(&self.0), outlet, work: Some(work) }
    }
}

/// The answer to a request. If its connection goes before it is ready, it is made nevertheless: no handler is stopped in
/// the middle of what it does.
pub struct ToTheEnd {
    visit: Arc<Visit>,
    outlet: Arc<Outlet>,
    work: Option<Work>,
}

impl Future for ToTheEnd {
    type Output = Result<Response<Reply>, Gone>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Ready(Err(Gone)) };
        let response = match work.as_mut().poll(context) {
            Poll::Ready(response) => {
                self.work = None;
                // A short stream is at its end before anybody has asked for its head.
                let streamed =
                    || self.outlet.head().map(|head| head.map(|()| Content::Made(None, Arc::clone(&self.outlet))));
                response.or_else(streamed).ok_or(Gone)
            }
            Poll::Pending => match self.outlet.head() {
                Some(head) => Ok(head.map(|()| Content::Made(self.work.take(), Arc::clone(&self.outlet)))),
                None => {
                    self.visit.slot.expect_answer();
                    return Poll::Pending;
                }
            },
        };
        Poll::Ready(response.map(|response| response.map(|content| Reply::new(content, Arc::clone(&self.visit.slot)))))
    }
}

impl Drop for ToTheEnd {
    fn drop(&mut self) {
        // After a panic, the work must not be asked again.
        if let Some(work) = self.work.take().filter(|_| !std::thread::panicking())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let counted = self.visit.front.registry.count();
            // A reply that is sent in pieces ends with its first one: nobody takes it.
            self.outlet.close();
            runtime.spawn(async move {
                let _ = work.await;
                drop(counted);
            });
        }
    }
}

/// Receives a request whole, and has Rocket answer it. `None`: the reply went through the outlet, or there is nobody left
/// to answer.
async fn answer(visit: Arc<Visit>, request: Request<Incoming>, outlet: Arc<Outlet>) -> Option<Response<Content>> {
    let (parts, mut incoming) = request.into_parts();
    let (front, slot) = (&*visit.front, &*visit.slot);
    let client = front.proxies.client(visit.peer, visit.is_tls, &parts.headers);
    let mut local = translation::request(&front.client, &parts);
    web::take_in(local.inner(), client);
    let mut place = None;
    let mut is_whole = true;
    if incoming.is_end_stream() {
        // No body comes.
    } else if matches!(parts.method, Method::GET | Method::HEAD) {
        // What a cache keeps for an address must not depend on a body, so nobody gets to see it.
        throw_away(slot, &parts, incoming);
    } else {
        match body::receive(front, slot, visit.small_max, local.inner(), &mut incoming).await {
            Ok(received) => {
                local.set_body(received.bytes);
                place = received.place;
            }
            Err(Missed::Refused(error)) => {
                throw_away(slot, &parts, incoming);
                web::refuse_body(local.inner(), error);
                is_whole = false;
            }
            Err(Missed::Late(error)) => return refuse(front, slot, &parts, client, error, &outlet).await,
            Err(Missed::Broken) => {
                return refuse(front, slot, &parts, client, ApiError::unreadable_body(), &outlet).await;
            }
        }
    }
    if !slot.begin_answer() {
        return None;
    }
    let response = local.dispatch().await;
    drop(place);
    let mut response = reply::send(response, &outlet).await?;
    if !is_whole {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Some(response)
}

/// Answers with an error, and closes the connection then.
async fn refuse(
    front: &Front,
    slot: &Slot,
    parts: &Parts,
    client: Client,
    error: ApiError,
    outlet: &Outlet,
) -> Option<Response<Content>> {
    let mut local = translation::unroutable(&front.client, parts);
    if let Some(id) = parts.headers.get("x-request-id").and_then(|id| id.to_str().ok()) {
        local.inner_mut().add_header(Header::new("x-request-id", id));
    }
    web::take_in(local.inner(), client);
    web::refuse(local.inner(), error);
    if !slot.begin_answer() {
        return None;
    }
    let mut response = reply::send(local.dispatch().await, outlet).await?;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}

/// Reads a body that nobody needs, so that its sender gets to see the reply. Who waits to be asked for it is not asked.
fn throw_away(slot: &Slot, parts: &Parts, incoming: Incoming) {
    if !parts.headers.contains_key(EXPECT) {
        body::drain(incoming, slot.pace().body_timeout());
    }
}
