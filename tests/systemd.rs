//! Promise: a server that systemd has started tells it when it listens, when it opens its log anew, when it ends, and again and
//! again that it lives.

use std::os::unix::net::UnixDatagram;

use crate::support::{PATIENCE, Server, Setup, wait_for};

/// A socket as systemd has it, and a server that was told of it.
fn watched(watchdog: &str) -> (UnixDatagram, Server) {
    let setup = Setup::new();
    let path = setup.folder().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a patience");
    let path = path.to_str().expect("a path in UTF-8").to_owned();
    (socket, setup.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", watchdog).start())
}

/// The next message.
fn heard(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let length = socket.recv(&mut bytes).expect("a message");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

/// The next message that is not about life.
fn heard_else(socket: &UnixDatagram) -> String {
    std::iter::repeat_with(|| heard(socket)).find(|message| message != "WATCHDOG=1\n").expect("an endless row")
}

#[test]
fn systemd_hears_of_the_start_of_life_and_of_the_end() {
    let (socket, mut server) = watched("20000");
    assert_eq!(heard(&socket), "READY=1\n");
    for _ in 0..3 {
        assert_eq!(heard(&socket), "WATCHDOG=1\n");
    }
    server.signal("HUP");
    let reloading = heard_else(&socket);
    let moment = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading);
    assert!(moment.trim_end().parse::<u64>().is_ok_and(|moment| moment > 0), "{reloading}");
    assert_eq!(heard_else(&socket), "READY=1\n");
    server.signal("TERM");
    assert_eq!(heard_else(&socket), "STOPPING=1\n");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_server_that_is_ready_was_told_to_be_so_after_it_listens() {
    let (socket, server) = watched("30000000");
    assert_eq!(heard(&socket), "READY=1\n");
    assert_eq!(server.anonymous("GET", "/health/ready").send().status, 200);
}

#[test]
fn nothing_is_told_where_nobody_listens() {
    let setup = Setup::new();
    let path = setup.folder().join("nobody").to_str().expect("a path in UTF-8").to_owned();
    let server = setup.env("NOTIFY_SOCKET", &path).start();
    wait_for("a line of the log", || server.stderr().contains("systemd can't be told how the server is").then_some(()));
    server.award(13, "2023-04-14", 15);
    server.stop();
}
