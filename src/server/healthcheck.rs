//! Asks the server of the same settings whether it is ready, as `scorekeeper healthcheck` does.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::front::trusting_stream;

/// The longest that the server may take for each step of its answer. Ready is answered within about a second.
const LIMIT: Duration = Duration::from_secs(5);

/// The longest reply that is read, in bytes.
const REPLY_BYTES_MAX: u64 = 64 << 10;

/// Asks the server that listens on `address`, which speaks TLS or not.
///
/// # Errors
/// Why it is not ready, or does not answer, as one line.
pub fn ask_ready(address: SocketAddr, tls: bool) -> Result<(), String> {
    if address.port() == 0 {
        return Err("with port 0 the server listens on any that was free; set ROCKET_PORT to the one".to_owned());
    }
    // Nobody can connect to the address that stands for all addresses of the machine.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    let reply = ask(address, tls).map_err(|error| format!("no answer from {address}: {error}"))?;
    ready(&reply).map_err(|why| format!("the server on {address} is not ready: {why}"))
}

fn ask(address: SocketAddr, tls: bool) -> std::io::Result<String> {
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    if tls { talk(trusting_stream(stream)?, address) } else { talk(stream, address) }
}

fn talk(mut stream: impl Read + Write, address: SocketAddr) -> std::io::Result<String> {
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut reply = Vec::new();
    match stream.take(REPLY_BYTES_MAX).read_to_end(&mut reply) {
        // A TLS connection that is just closed has said all the same what it had to say.
        Err(error) if reply.is_empty() => Err(error),
        _ => Ok(String::from_utf8_lossy(&reply).into_owned()),
    }
}

/// Reads a reply of the server: why it is not ready, if it is not.
fn ready(reply: &str) -> Result<(), String> {
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((reply, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    match (status, body["status"].as_str(), body["reason"].as_str()) {
        ("200", Some("ok"), _) => Ok(()),
        (_, _, Some(reason)) => Err(reason.to_owned()),
        _ => Err(format!("it answers {}", head.lines().next().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_ready_only_if_it_says_so() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"ok\"}";
        assert_eq!(ready(ok), Ok(()));
        let full =
            "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"unavailable\",\"reason\":\"the disk is full\"}";
        assert_eq!(ready(full), Err("the disk is full".to_owned()));
        let other = "HTTP/1.1 200 OK\r\n\r\nhello";
        assert_eq!(ready(other), Err("it answers HTTP/1.1 200 OK".to_owned()));
        assert_eq!(ready(""), Err("it answers ".to_owned()));
    }
}
