//! Promise: a download of the administration ends with the right to it. What was cut off can't be taken for the whole.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::browser::{ACCEPT, Browser};
use crate::support::keys::{make_key, revoke};
use crate::support::{PATIENCE, Server, Setup};

/// How many events there are. A page of them has 9 MB, more than waits between the server and a client that does not read.
const EVENTS: u32 = 3_000;

/// A server with [`EVENTS`] events of long descriptions, stored by SQL since that is quick.
fn start(setup: Setup) -> Server {
    let server = setup.start();
    let insert = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
                  INSERT INTO score_events (user_id, date, points, description)
                  SELECT 13, '2023-04-14', 1, printf('%.*c', 9000, 'x') FROM numbers";
    server.sql().execute(insert, [EVENTS]).expect("events");
    server
}

/// Asks for the file, and reads nothing of the answer but its head.
fn ask(server: &Server, browser: &Browser<'_>) -> TcpStream {
    let cookie = browser.cookie("scorekeeper_session").expect("a session");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    let head = format!(
        "GET /admin/events.csv HTTP/1.1\r\nHost: localhost\r\nAccept: {ACCEPT}\r\nConnection: close\r\n\
         Cookie: scorekeeper_session={cookie}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the request is sent");
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("an answer begins");
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

/// Reads the rest: how many events came, and whether that was all.
fn rest(mut stream: TcpStream) -> (u32, bool) {
    let mut answer = Vec::new();
    // A connection that is broken off may be reset.
    let _ = stream.read_to_end(&mut answer);
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
    let (mut chunks, mut rows) = (&answer[head..], 0_u32);
    loop {
        let Some(end) = chunks.windows(2).position(|bytes| bytes == b"\r\n") else { return (rows, false) };
        let size = std::str::from_utf8(&chunks[..end]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a hexadecimal size");
        let Some(chunk) = chunks.get(end + 2..end + 2 + size) else { return (rows, false) };
        rows += chunk.iter().map(|byte| u32::from(*byte == b'\n')).sum::<u32>();
        chunks = &chunks[(end + 4 + size).min(chunks.len())..];
        if size == 0 {
            // The first line names the columns.
            return (rows - 1, true);
        }
    }
}

#[test]
fn a_download_ends_with_its_key_and_can_be_told_from_a_whole_one() {
    let setup = Setup::new();
    let key = make_key(setup.folder(), &["--scopes", "events:read,export"]);
    let server = start(setup);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&key, "ana").status, 303);
    assert_eq!(rest(ask(&server, &browser)), (EVENTS, true));

    let begun = ask(&server, &browser);
    revoke(server.folder().path(), 1);
    let (rows, is_whole) = rest(begun);
    assert!(rows < EVENTS && !is_whole, "{rows} events");
    assert_eq!(browser.get("/admin/events.csv").status, 303);
}

#[test]
fn a_download_ends_when_its_browser_signs_out() {
    let server = start(Setup::new());
    let browser = Browser::signed_in(&server, "ana");
    let begun = ask(&server, &browser);
    let other = Browser::signed_in(&server, "bob");
    let whole = ask(&server, &other);
    assert_eq!(browser.post("/admin/sign-out", &[]).status, 303);
    let (rows, is_whole) = rest(begun);
    assert!(rows < EVENTS && !is_whole, "{rows} events");
    assert_eq!(rest(whole), (EVENTS, true));
}
