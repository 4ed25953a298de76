//! A reply of Rocket, made into one for hyper.
//!
//! What Rocket answers borrows from the request, so the reply can't outlive it, and hyper wants one that does. A short
//! reply is therefore read whole. For a longer one, whoever made it goes on: it puts one piece after the other into an
//! [`Outlet`], whenever hyper asks for one.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Response, StatusCode};
use rocket::local::asynchronous::LocalResponse;
use tokio::io::AsyncReadExt;

use super::protection;
use super::slot::Slot;

/// The longest body that is taken from Rocket whole, before the head is sent. A longer one is sent in pieces of this size
/// at most.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// What is left to do for a reply. It ends when the reply is complete.
pub type Work = Pin<Box<dyn Future<Output = Option<Response<Content>>> + Send>>;

/// Where a reply that is not read whole comes out.
#[derive(Debug, Default)]
pub struct Outlet(Mutex<Parts>);

#[derive(Debug, Default)]
struct Parts {
    head: Option<Response<()>>,
    piece: Option<Bytes>,
    is_closed: bool,
    /// Whether the reply broke off before its end.
    is_broken: bool,
}

impl Outlet {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head, once it is known.
    pub fn head(&self) -> Option<Response<()>> {
        self.parts().head.take()
    }

    /// Says that nobody takes anything any more.
    pub fn close(&self) {
        self.parts().is_closed = true;
    }

    /// Waits until the piece before is taken. Whoever takes it asks for more then, so nobody has to be woken. `false`:
    /// nobody takes anything any more.
    async fn put(&self, piece: Bytes) -> bool {
        poll_fn(|_| {
            let parts = self.parts();
            if parts.piece.is_some() && !parts.is_closed { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        let mut parts = self.parts();
        parts.piece = Some(piece);
        !parts.is_closed
    }
}

/// What a body consists of.
pub enum Content {
    /// Nothing. hyper says so in the head by itself.
    Empty,
    /// Nothing, under a head that tells of a body: the reply to a HEAD, or that nothing has changed.
    HeadOnly,
    /// All of it.
    Whole(Bytes),
    /// What is still made.
    Made(Option<Work>, Arc<Outlet>),
}

/// Sends a reply: whole, or piece by piece through the outlet.
pub async fn send(mut response: LocalResponse<'_>, outlet: &Outlet) -> Option<Response<Content>> {
    let mut head = head_of(&response);
    let body = response.body();
    let size = if head.headers().contains_key(TRANSFER_ENCODING) { None } else { body.preset_size() };
    let (is_none, piece) = (body.is_none(), body.max_chunk_size().clamp(1, PIECE_BYTES_MAX));
    if let Some(size) = size {
        // A head that tells of no body by itself is completed by hyper.
        if !head.headers().contains_key(CONTENT_LENGTH) {
            head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
    }
    let content = match size {
        Some(0) => Content::Empty,
        None if is_none => Content::Empty,
        Some(size) if size <= PIECE_BYTES_MAX => {
            let mut whole = Vec::with_capacity(size);
            match read_whole(&mut response, &mut whole, size).await {
                Ok(true) => Content::Whole(whole.into()),
                Ok(false) => Content::HeadOnly,
                Err(error) => {
                    log::error!("a reply can't be read: {error}");
                    head = Response::new(());
                    *head.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    Content::Empty
                }
            }
        }
        _ => {
            outlet.parts().head = Some(head);
            send_pieces(response, outlet, piece).await;
            return None;
        }
    };
    Some(head.map(|()| content))
}

fn head_of(response: &LocalResponse<'_>) -> Response<()> {
    let mut head = Response::new(());
    // One more for the length.
    head.headers_mut().reserve(response.headers().len() + protection::COUNT + 1);
    *head.status_mut() = StatusCode::from_u16(response.status().code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for header in response.headers().iter() {
        let name = HeaderName::from_bytes(header.name.as_str().as_bytes());
        match (name, HeaderValue::from_bytes(header.value.as_bytes())) {
            (Ok(name), Ok(value)) => {
                head.headers_mut().append(name, value);
            }
            _ => log::error!("a reply has a header that can't be sent: {}", header.name),
        }
    }
    protection::add(head.headers_mut());
    head
}

async fn send_pieces(mut response: LocalResponse<'_>, outlet: &Outlet, piece: usize) {
    loop {
        let mut bytes = Vec::with_capacity(piece);
        match response.read_buf(&mut bytes).await {
            Ok(0) => return,
            Ok(_) if outlet.put(bytes.into()).await => {}
            Ok(_) => return,
            Err(error) => {
                log::error!("a reply broke off: {error}");
                outlet.parts().is_broken = true;
                return;
            }
        }
    }
}

/// Reads a body of that size. `false`: there is none, only its size is told.
async fn read_whole(response: &mut LocalResponse<'_>, whole: &mut Vec<u8>, size: usize) -> io::Result<bool> {
    while whole.len() < size {
        if response.read_buf(whole).await? == 0 {
            return if whole.is_empty() { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
    whole.truncate(size);
    Ok(true)
}

/// The body of a reply. When it is dropped, the request has been answered, as far as it ever will be.
pub struct Reply {
    content: Content,
    slot: Arc<Slot>,
}

impl Reply {
    /// A body on a connection.
    pub fn new(content: Content, slot: Arc<Slot>) -> Reply {
        Reply { content, slot }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let reply = self.get_mut();
        match &mut reply.content {
            Content::Empty | Content::HeadOnly => Poll::Ready(None),
            Content::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                reply.content = Content::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Content::Made(work, outlet) => loop {
                if let Some(piece) = outlet.parts().piece.take() {
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
                let Some(running) = work else {
                    // Only if the connection ends too can the client see that the reply is not whole.
                    let is_broken = std::mem::take(&mut outlet.parts().is_broken);
                    return Poll::Ready(is_broken.then(|| Err(io::ErrorKind::UnexpectedEof.into())));
                };
                if running.as_mut().poll(context).is_ready() {
                    *work = None;
                } else if outlet.parts().piece.is_none() {
                    reply.slot.expect_answer();
                    return Poll::Pending;
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Empty => SizeHint::with_exact(0),
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::HeadOnly | Content::Made(..) => SizeHint::default(),
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.slot.end_answer();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_nobody_takes_ends_with_its_first_piece() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let outlet = Outlet::default();
        runtime.block_on(async {
            assert!(outlet.put(Bytes::from_static(b"first")).await);
            outlet.close();
            assert!(!outlet.put(Bytes::from_static(b"second")).await);
        });
    }
}
