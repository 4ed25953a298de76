//! One connection, from its beginning to its end.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::registry::Guest;
use super::service::Entry;
use super::watch::{Order, Watch};
use super::wire::Wire;
use super::{Front, HEAD_BYTES_MAX, http2, opening};

/// Serves a connection until it ends.
pub async fn serve(front: Arc<Front>, guest: Guest, stream: TcpStream, peer: IpAddr) {
    // Replies are written whole, so there is nothing that the system should collect.
    let _ = stream.set_nodelay(true);
    let slot = guest.slot();
    let mut watch = Watch::new(Arc::clone(&front.registry), Arc::clone(slot));
    let Some(certificates) = &front.certificates else {
        let entry = Entry::new(Arc::clone(&front), Arc::clone(slot), peer, false);
        return serve_http1(entry, &guest, watch, stream).await;
    };
    let Some(stream) = opening::handshake(certificates, slot, &mut watch, stream).await else { return };
    if opening::is_http2(&stream) {
        http2::serve(front, Arc::clone(slot), watch, stream, peer).await;
    } else {
        let entry = Entry::new(Arc::clone(&front), Arc::clone(slot), peer, true);
        serve_http1(entry, &guest, watch, stream).await;
    }
}

async fn serve_http1<S>(entry: Entry, guest: &Guest, mut watch: Watch, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let slot = guest.slot();
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(slot)));
    let mut http = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).serve_connection(wire, entry);
    let end = watch.run(|context, order| {
        if order == Order::Finish {
            Pin::new(&mut http).graceful_shutdown();
        }
        Pin::new(&mut http).poll(context).map(drop)
    });
    let is_whole = end.await.is_some();
    let is_late = slot.is_body_late();
    let wire = http.into_parts().io.into_inner();
    if is_whole && (wire.has_refused() || is_late) {
        // Meanwhile it may still lose its place.
        let mut linger = pin!(wire.linger());
        watch.run(|context, _| linger.as_mut().poll(context)).await;
    }
}
