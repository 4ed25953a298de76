//! Listening and accepting.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::figures::Cut;
use super::{Front, connection};

/// How many connections the operating system keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// How much of a reply the operating system keeps for a client that has not taken it yet, in bytes. If it kept all that it
/// liked, thousands of clients that read nothing would hold gigabytes, and a slow one could not be told from one that has
/// stopped.
const UNREAD_BYTES_MAX: u32 = 128 << 10;

/// How long to wait before accepting again after the operating system has refused.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens on an address. Port 0 is any free port.
///
/// # Errors
/// The address can't be had.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Connections have what the socket has from which they were accepted.
    socket.set_send_buffer_size(UNREAD_BYTES_MAX)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections for ever.
pub async fn accept(front: &Arc<Front>, listener: &TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => admit(front, stream, peer).await,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                front.registry.figures().count(Cut::NotAccepted);
                log::debug!("no connection can be accepted: {error}");
                // Whoever waits in vain for a descriptor gets that of a client that asks for nothing.
                front.registry.displace_one();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Gives a connection a place, if there is one or one can be made free.
async fn admit(front: &Arc<Front>, stream: TcpStream, peer: SocketAddr) {
    if front.registry.is_full() {
        if !front.registry.displace_one() {
            front.registry.figures().count(Cut::Refused);
            return;
        }
        front.registry.room().await;
    }
    let guest = front.registry.enter();
    tokio::spawn(connection::serve(Arc::clone(front), guest, stream, peer.ip()));
}

/// Whether an error is about a connection that was given up by its client before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
