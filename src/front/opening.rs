//! How a connection begins where TLS is spoken: with a handshake, or with a word to a client that speaks plain HTTP.

use std::pin::pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::certificates::{Certificates, HTTP2};
use super::slot::Slot;
use super::watch::{Order, Watch};
use super::wire::say_and_end;
use crate::web;

/// The first byte of a handshake, which is no letter that a request of HTTP could begin with.
const HANDSHAKE: u8 = 0x16;

/// Makes the handshake. `None`: the connection has no use any more.
pub async fn handshake(
    certificates: &Certificates,
    slot: &Slot,
    watch: &mut Watch,
    stream: TcpStream,
) -> Option<TlsStream<TcpStream>> {
    let first = watch.run(|context, _: Order| poll_first(&stream, context)).await??;
    slot.begin_head();
    if first != HANDSHAKE {
        let refusal = web::refusal_of_plain_http();
        let mut said = pin!(say_and_end(stream, &refusal));
        watch.run(|context, _: Order| said.as_mut().poll(context)).await;
        return None;
    }
    let mut handshake = pin!(certificates.acceptor().accept(stream));
    let done = watch.run(|context, _: Order| handshake.as_mut().poll(context)).await?;
    let stream = done.inspect_err(|error| log::debug!("a handshake failed: {error}")).ok()?;
    slot.end_handshake();
    Some(stream)
}

/// Whether both sides have agreed on HTTP/2.
pub fn is_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

/// The first byte, which stays to be read. `None`: the client has closed the connection.
fn poll_first(stream: &TcpStream, context: &mut Context<'_>) -> Poll<Option<u8>> {
    let mut byte = [0];
    let mut into = ReadBuf::new(&mut byte);
    let count = ready!(stream.poll_peek(context, &mut into)).unwrap_or(0);
    Poll::Ready((count > 0).then(|| byte[0]))
}
