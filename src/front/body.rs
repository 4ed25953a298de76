//! Receiving a request's body whole, before anybody acts on the request.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming};
use rocket::request::Request;

use super::Front;
use super::room::Place;
use super::slot::Slot;
use crate::web::{self, ApiError};

/// How much of a body that is refused is still read, in bytes, so that its sender gets to see the refusal.
const DRAINED_MAX: usize = 32 << 20;

/// A body that has come whole.
pub struct Received<'f> {
    /// The body.
    pub bytes: Vec<u8>,
    /// Its place among the bodies that are being received.
    pub place: Option<Place<'f>>,
}

/// Why a body is not received.
pub enum Missed {
    /// The request is answered with this error. The rest of the body may be read and thrown away.
    Refused(ApiError),
    /// It did not come in time, or there was no memory for it in time. Nothing more is read.
    Late(ApiError),
    /// The client is gone.
    Broken,
}

/// Receives the body of a request. One of at most `small_max` bytes needs no place.
///
/// # Errors
/// The body is too long, too slow, or broken off.
pub async fn receive<'f>(
    front: &'f Front,
    slot: &Slot,
    small_max: usize,
    request: &Request<'_>,
    incoming: &mut Incoming,
) -> Result<Received<'f>, Missed> {
    slot.begin_body();
    let length = incoming.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let mut bytes = Vec::with_capacity(length.unwrap_or(small_max).min(small_max));
    if length.is_none_or(|length| length <= small_max) && collect(slot, incoming, &mut bytes, small_max).await? {
        return Ok(Received { bytes, place: None });
    }
    // Only now does it matter who asks: a body that is not small takes memory that others may need.
    let allowance = web::body_allowance(request).await.map_err(Missed::Refused)?;
    let too_large = || Missed::Refused(ApiError::PayloadTooLarge { bytes_max: allowance.bytes_max });
    let length = length.unwrap_or(allowance.bytes_max);
    if length > allowance.bytes_max {
        return Err(too_large());
    }
    let place = match front.room.take(allowance.is_known, length) {
        Some(place) => place,
        None => wait(front, slot, allowance.is_known, length).await?,
    };
    bytes.reserve_exact(length.saturating_sub(bytes.len()));
    if !collect(slot, incoming, &mut bytes, allowance.bytes_max).await? {
        return Err(too_large());
    }
    Ok(Received { bytes, place: Some(place) })
}

/// Waits for a place. Meanwhile nothing is read.
async fn wait<'f>(front: &'f Front, slot: &Slot, is_known: bool, length: usize) -> Result<Place<'f>, Missed> {
    slot.wait_for_room();
    let mut place = pin!(front.room.wait(is_known, length));
    let place = poll_fn(|context| match place.as_mut().poll(context) {
        Poll::Pending if slot.is_body_late() => Poll::Ready(None),
        polled => polled,
    });
    let place = place.await.ok_or(Missed::Late(ApiError::Crowded))?;
    slot.begin_body();
    Ok(place)
}

/// Reads a body into `bytes`. `false`: `bytes` would be longer than `bytes_max`. What was read is in `bytes` even then, so
/// reading can go on.
async fn collect(slot: &Slot, incoming: &mut Incoming, bytes: &mut Vec<u8>, bytes_max: usize) -> Result<bool, Missed> {
    while bytes.len() <= bytes_max {
        let frame = poll_fn(|context| {
            if slot.is_body_late() {
                return Poll::Ready(Err(Missed::Late(ApiError::RequestTimeout)));
            }
            poll_frame(incoming, context).map(Ok)
        });
        match frame.await? {
            None => return Ok(true),
            Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
            // hyper says this also of chunks that can't be read.
            Some(Err(_)) => return Err(Missed::Broken),
        }
    }
    Ok(false)
}

fn poll_frame(incoming: &mut Incoming, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
    Pin::new(incoming).poll_frame(context)
}

/// Reads a body on that nobody needs, beside whatever else happens, so that its sender gets to see the reply.
pub fn drain(mut incoming: Incoming, within: Duration) {
    tokio::spawn(tokio::time::timeout(within, async move {
        let mut left = DRAINED_MAX;
        while let Some(Ok(frame)) = poll_fn(|context| poll_frame(&mut incoming, context)).await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    }));
}
