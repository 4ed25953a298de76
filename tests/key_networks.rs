//! Promise: a key with networks works only from them, in requests, in sessions and in streams, and never where nobody knows
//! where a request comes from.

use crate::leaderboards::quick;
use crate::live::Listener;
use crate::support::browser::{Browser, unescape};
use crate::support::keys::{keys, list, make_key, with_key};
use crate::support::{EVENTS, Setup, wait_for};

const SENTENCE: &str = "You are not permitted to view the requested resource.";

#[test]
fn a_key_works_from_its_networks_alone() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    let of = |networks: &str| make_key(&folder, &["--networks", networks]);
    let here =
        ["127.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "192.0.2.0/24,127.0.0.1/32", "::ffff:127.0.0.1", "::ffff:7f00:0/104"]
            .map(of);
    let elsewhere = ["192.0.2.0/24", "127.0.0.2", "127.0.0.0/32", "::/0", "::1", "10.0.0.0/8,fe80::1%eth0/64"].map(of);
    let server = setup.start();
    for key in &here {
        assert_eq!(list(&server, key).status, 200);
    }
    for key in &elsewhere {
        let refused = list(&server, key);
        refused.assert_error(403, "invalid_access", SENTENCE);
        assert!(refused.json()["extras"].is_null(), "{refused:?}");
    }
    let unused = "SELECT count(*) FROM api_keys WHERE id > 6 AND last_used_at IS NOT NULL";
    let unused: i64 = server.sql().query_row(unused, [], |row| row.get(0)).expect("a count");
    assert_eq!(unused, 0, "a refused request is no use");
    let from: String = wait_for("the address of a use", || {
        let query = "SELECT last_used_from FROM api_keys WHERE id = 1 AND last_used_at IS NOT NULL";
        server.sql().query_row(query, [], |row| row.get(0)).ok()
    });
    assert_eq!(from, "127.0.0.1");
}

#[test]
fn a_request_that_a_stranger_passes_on_is_refused_and_the_log_names_the_setting() {
    let setup = Setup::new();
    let (bound, free) = (make_key(setup.folder(), &["--networks", "127.0.0.0/8"]), make_key(setup.folder(), &[]));
    let server = setup.start();
    assert_eq!(list(&server, &bound).status, 200);
    for (name, value) in [("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("x-forwarded-for", "")] {
        for _ in 0..3 {
            let refused = with_key(&server, &bound, "GET", EVENTS).header(name, value).send();
            refused.assert_error(403, "invalid_access", SENTENCE);
        }
        assert_eq!(with_key(&server, &free, "GET", EVENTS).header(name, value).send().status, 200, "{name}");
    }
    let told = wait_for("a line of the log", || {
        let log = server.stderr();
        log.contains("trusted_proxies").then_some(log)
    });
    assert_eq!(told.matches("trusted_proxies").count(), 1, "once a minute at most: {told}");
    assert!(!told.contains(&bound), "{told}");
}

#[test]
fn behind_a_trusted_proxy_the_address_is_the_clients() {
    let setup = Setup::new().env("SCOREKEEPER_TRUSTED_PROXIES", "127.0.0.1");
    let folder = setup.folder().to_owned();
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "192.0.2.0/24",
            &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:80", "198.51.100.1, 192.0.2.7"],
            &["192.0.3.0", "192.0.1.255", "::ffff:192.0.3.0", "192.0.2.7, 198.51.100.1", "::192.0.2.7"],
        ),
        ("192.0.2.6/31", &["192.0.2.6", "192.0.2.7"], &["192.0.2.5", "192.0.2.8"]),
        ("::ffff:192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.6", "::1"]),
        ("0.0.0.0/0", &["192.0.2.7", "::ffff:192.0.2.7"], &["2001:db8::1", "::1"]),
        ("::/0", &["2001:db8::1", "::1"], &["192.0.2.7", "::ffff:192.0.2.7"]),
        ("2001:db8:0:4::/62", &["2001:db8:0:4::1", "2001:db8:0:7:ffff::1"], &["2001:db8:0:3::1", "2001:db8:0:8::1"]),
        ("fe80::/10", &["fe80::1", "fe80::1%eth0", "[fe80::1%eth0]:4711", "febf::1"], &["fec0::1", "192.0.2.7"]),
        ("fe80::1%eth0", &["fe80::1%eth0", "fe80::1%eth1", "fe80::1"], &["fe80::2%eth0"]),
    ];
    let keys: Vec<String> = table.iter().map(|(networks, ..)| make_key(&folder, &["--networks", networks])).collect();
    let server = setup.start();
    for ((networks, inside, outside), key) in table.iter().zip(&keys) {
        for (addresses, status) in [(inside, 200), (outside, 403)] {
            for address in *addresses {
                let reply = with_key(&server, key, "GET", EVENTS).header("X-Forwarded-For", address).send();
                assert_eq!(reply.status, status, "{address} for {networks}: {reply:?}");
            }
        }
    }
    let from = wait_for("the address of a use", || {
        let query = "SELECT last_used_from FROM api_keys WHERE id = 2 AND last_used_at IS NOT NULL";
        server.sql().query_row(query, [], |row| row.get::<_, String>(0)).ok()
    });
    assert_eq!(from, "192.0.2.6");
}

#[test]
fn a_session_is_begun_and_used_from_the_networks_of_its_key() {
    let setup = Setup::new();
    let (here, elsewhere) = (
        make_key(setup.folder(), &["--networks", "127.0.0.0/8"]),
        make_key(setup.folder(), &["--networks", "192.0.2.0/24"]),
    );
    let server = setup.start();
    let browser = Browser::new(&server);
    let refused = browser.sign_in(&elsewhere, "ana");
    assert_eq!(refused.status, 403);
    assert!(unescape(&refused.body).contains("not for the network that you come from"), "{}", refused.body);
    assert_eq!(browser.sign_in(&here, "ana").status, 303);
    browser.page("/admin/events");
    let cookie = browser.cookie("scorekeeper_session").expect("a session");
    let passed_on = server
        .anonymous("GET", "/admin/events")
        .header("Cookie", &format!("scorekeeper_session={cookie}"))
        .header("Accept", "text/html")
        .header("X-Forwarded-For", "127.0.0.1")
        .send();
    assert_eq!(passed_on.status, 403, "{passed_on:?}");
    browser.page("/admin/events");
    // The rights of a key are looked up at each request.
    server.sql().execute("UPDATE api_keys SET networks = '192.0.2.0/24'", []).expect("other networks");
    assert_eq!(browser.get("/admin/events").status, 403);
}

#[test]
fn a_stream_ends_when_its_key_is_no_longer_for_its_network() {
    let server = quick().start();
    server.award(13, "2023-04-14", 15);
    let key = make_key(server.folder().path(), &["--networks", "127.0.0.0/8"]);
    let headers = format!("Api-Key: {key}\r\nApi-Username: ana\r\n");
    let mut listener = Listener::with(&server, "/leaderboard/1/live", &headers);
    listener.data();
    server.sql().execute("UPDATE api_keys SET networks = '192.0.2.0/24'", []).expect("other networks");
    listener.assert_end();
}

#[test]
fn networks_are_listed_as_they_are_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    for (networks, shown) in [
        ("192.0.2.77/24, 2001:DB8::1", "192.0.2.0/24,2001:db8::1/128"),
        ("fe80::1%eth0", "fe80::1/128"),
        ("::ffff:192.0.2.1/120", "192.0.2.0/24"),
    ] {
        make_key(folder.path(), &["--networks", networks]);
        let list = keys(folder.path(), &["list"]).stdout;
        let last = list.lines().last().expect("a line");
        assert!(last.split_whitespace().any(|cell| cell == shown), "{shown} in {last}");
    }
    for wrong in ["", "here", "192.0.2.0/33", "192.0.2.0/24,", "2001:db8::/129", "192.0.2.1%eth0"] {
        let run = keys(folder.path(), &["create", "--networks", wrong]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{wrong:?}: {run:?}");
        assert!(run.stderr.contains("192.0.2.0/24"), "the accepted form: {run:?}");
    }
}
