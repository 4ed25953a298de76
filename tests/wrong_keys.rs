//! Promise: whoever tries keys is slowed down, in requests and in signing in, while good keys from the same address are
//! untouched. The log tells of it, without a key.

use crate::support::browser::Browser;
use crate::support::keys::{list, make_key, revoke, with_key};
use crate::support::{EVENTS, KEY, Reply, Server, Setup, wait_for};

const WRONG: &str = "no-key-of-this-server";

fn limited(per_minute: &str) -> Setup {
    Setup::new().env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", per_minute)
}

/// Fails unless the reply tells how long to wait.
#[track_caller]
fn assert_slowed(reply: &Reply) {
    assert_eq!((reply.status, reply.error_type().as_str()), (429, "rate_limit"), "{reply:?}");
    let extras = &reply.json()["extras"];
    let wait = extras["wait_seconds"].as_u64().expect("a number of seconds");
    assert!((1..=60).contains(&wait), "{reply:?}");
    let unit = if wait == 1 { "second" } else { "seconds" };
    let time_left = if wait == 60 { "1 minute".to_owned() } else { format!("{wait} {unit}") };
    assert_eq!(extras["time_left"], time_left);
    assert_eq!(reply.header("Retry-After"), Some(wait.to_string().as_str()));
    reply.assert_api_reply();
}

#[test]
fn wrong_keys_wait_and_good_ones_do_not() {
    let setup = limited("3");
    let (good, revoked) = (make_key(setup.folder(), &[]), make_key(setup.folder(), &[]));
    let expired = make_key(setup.folder(), &["--expires", "2020-01-01"]);
    revoke(setup.folder(), 2);
    let server = setup.start();
    // None of these is a wrong key.
    for _ in 0..10 {
        assert_eq!(server.anonymous("GET", EVENTS).send().error_type(), "not_logged_in");
        assert_eq!(server.anonymous("GET", EVENTS).header("Api-Key", &good).send().status, 403, "a missing username");
        assert_eq!((list(&server, &revoked).status, list(&server, &expired).status), (403, 403));
    }
    for wrong in [WRONG, &format!("{good}x"), "sk_"] {
        assert_eq!((list(&server, wrong).status, list(&server, &good).status), (403, 200), "{wrong}");
    }
    for wrong in [WRONG, &format!("{good}x"), "another"] {
        assert_slowed(&list(&server, wrong));
        assert_eq!((list(&server, &good).status, server.get(EVENTS).status), (200, 200));
    }
    // Wherever a key is looked at.
    for path in ["/leaderboard/1", "/admin/users", "/admin/audit"] {
        assert_slowed(&with_key(&server, WRONG, "GET", path).send());
    }
    assert_slowed(&with_key(&server, WRONG, "POST", EVENTS).json(&serde_json::json!({})).send());
    let bearer = server.anonymous("GET", EVENTS).header("Authorization", &format!("Bearer {WRONG}")).send();
    assert_slowed(&bearer);
    assert_eq!(list(&server, &revoked).status, 403, "a key that is known is not a wrong one");
}

#[test]
fn a_wrong_key_is_heard_again_after_a_while() {
    // One comes back every second.
    let server = limited("60").start();
    let slowed = wait_for("a reply that slows down", || {
        let reply = list(&server, WRONG);
        (reply.status == 429).then_some(reply)
    });
    assert_slowed(&slowed);
    wait_for("a wrong key to be heard again", || (list(&server, WRONG).status == 403).then_some(()));
}

#[test]
fn each_client_address_has_its_own_share() {
    let server = limited("2").env("SCOREKEEPER_TRUSTED_PROXIES", "127.0.0.1").start();
    let status = |address: &str, key: &str| {
        with_key(&server, key, "GET", EVENTS).header("X-Forwarded-For", address).send().status
    };
    for (used, alike, other) in [
        ("192.0.2.1", &["192.0.2.1", "::ffff:192.0.2.1"][..], "192.0.2.2"),
        ("2001:db8:0:1::1", &["2001:db8:0:1::1", "2001:db8:0:1:ffff::9"], "2001:db8:0:2::1"),
    ] {
        assert_eq!((status(used, WRONG), status(used, WRONG)), (403, 403), "{used}");
        for address in alike {
            assert_eq!((status(address, WRONG), status(address, KEY)), (429, 200), "{address}");
        }
        assert_eq!(status(other, WRONG), 403, "{other}");
    }
}

#[test]
fn signing_in_counts_too() {
    let server = limited("2").start();
    let browser = Browser::new(&server);
    for _ in 0..2 {
        assert_eq!(browser.sign_in(WRONG, "ana").status, 403);
    }
    let refused = browser.sign_in(WRONG, "ana");
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.header("Retry-After").is_some() && refused.body.contains("Too many wrong keys"), "{refused:?}");
    assert!(refused.body.contains("name=\"key\""), "the form is there: {refused:?}");
    assert_slowed(&list(&server, WRONG));
    assert_eq!(browser.sign_in(KEY, "ana").status, 303, "a good key is untouched");
}

#[test]
fn none_is_no_limit_and_ten_is_what_is_meant() {
    let server = limited("0").start();
    assert!((0..50).all(|_| list(&server, WRONG).status == 403));
    let server = Server::start();
    let statuses: Vec<u16> = (0..11).map(|_| list(&server, WRONG).status).collect();
    assert_eq!(statuses[..10], [403; 10]);
    // While the test waits for a processor, the next may be heard.
    assert!(matches!(statuses[10], 429 | 403), "{statuses:?}");
    wait_for("a reply that slows down", || (list(&server, WRONG).status == 429).then_some(()));
}

#[test]
fn the_log_tells_of_wrong_keys_once_and_sums_up_the_others() {
    let mut server = limited("5").start();
    for number in 0..20 {
        list(&server, &format!("{WRONG}-{number}"));
    }
    let first = wait_for("a line of the log", || {
        let log = server.stderr();
        log.contains("1 wrong API key from 127.0.0.1").then_some(log)
    });
    assert_eq!(first.matches("wrong API key").count(), 1, "{first}");
    server.signal("TERM");
    server.wait();
    let log = server.stderr();
    assert!(log.contains("19 wrong API keys from 127.0.0.1; "), "{log}");
    assert!(!log.contains(WRONG), "{log}");
}
