//! Promise: a new key has the form that SECURITY.md describes, a text that only looks like one is refused, keys of any earlier
//! form go on working, and a key may come as a bearer token.

use std::collections::BTreeSet;

use crate::support::keys::{keys, list, make_key, with_key};
use crate::support::{EVENTS, KEY, Server, Setup};

const INVALID: &str = "You are not permitted to view the requested resource. The API username or key is invalid.";
const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The CRC-32 of zlib, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

/// The last six characters of a key, as SECURITY.md describes them.
fn checksum(text: &str) -> String {
    let crc = u64::from(crc32(text.as_bytes()));
    let digit = |power| (crc / 62u64.pow(power) % 62) as usize;
    (0..6).rev().map(|power| &DIGITS[digit(power)..=digit(power)]).collect()
}

#[test]
fn a_new_key_is_as_security_md_describes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let made: BTreeSet<String> = (0..5).map(|_| make_key(folder.path(), &[])).collect();
    assert_eq!(made.len(), 5);
    for key in &made {
        assert!(key.len() == 46 && key.starts_with("sk_"), "{key}");
        assert!(key[3..].chars().all(|character| DIGITS.contains(character)), "{key}");
        assert_eq!(key[40..], checksum(&key[..40]), "{key}");
        let list = keys(folder.path(), &["list"]).stdout;
        assert!(list.contains(&format!("{}…", &key[..8])) && !list.contains(&key[..9]), "{list}");
    }
}

#[test]
fn a_slip_of_the_hand_is_refused_without_a_look_into_the_file() {
    let setup = Setup::new().env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", "0");
    let key = make_key(setup.folder(), &[]);
    let server = setup.start();
    assert_eq!(list(&server, &key).status, 200);
    let swapped = {
        let mut bytes = key.clone().into_bytes();
        let place = (3..45).find(|place| bytes[*place] != bytes[place + 1]).expect("two that differ");
        bytes.swap(place, place + 1);
        String::from_utf8(bytes).expect("ASCII")
    };
    let other = if key.ends_with('0') { "1" } else { "0" };
    let changed = format!("{}{other}", &key[..45]);
    // One that was never made, but has the right checksum, is looked for.
    let unknown = format!("sk_{}", "0".repeat(37));
    let unknown = format!("{unknown}{}", checksum(&unknown));
    let wrong = [&swapped, &changed, &key[..45], &format!("{key}0"), "sk_", &key.to_lowercase(), &unknown];
    for wrong in wrong {
        list(&server, wrong).assert_error(403, "invalid_access", INVALID);
    }
    // While the file can't be read, only what has to be looked for is refused with a 503.
    server.sql().execute_batch("ALTER TABLE api_keys RENAME TO elsewhere").expect("the table is away");
    for wrong in [&swapped, &changed, &key[..45]] {
        list(&server, wrong).assert_error(403, "invalid_access", INVALID);
    }
    assert_eq!((list(&server, &unknown).status, list(&server, &key).status), (503, 503));
}

#[test]
fn keys_of_another_form_go_on_working() {
    let server = Setup::new().env("SCOREKEEPER_API_KEY", "sk_configured").start();
    // As it was stored by an earlier version: the digest of 64 hexadecimal digits.
    let earlier = "4f3c2a1b0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a";
    let digest = sha256(earlier);
    let insert = "INSERT INTO api_keys (prefix, digest, scopes, created_at) VALUES (?1, ?2, 'events:read', 0)";
    server.sql().execute(insert, (&earlier[..8], digest)).expect("a key");
    for key in [earlier, "sk_configured"] {
        assert_eq!(list(&server, key).status, 200, "{key}");
    }
}

/// The SHA-256 of a text, out of the library that the server uses.
fn sha256(text: &str) -> Vec<u8> {
    scorekeeper::domain::PlainKey::received(text).digest().as_bytes().to_vec()
}

#[test]
fn a_bearer_token_is_a_key() {
    let setup = Setup::new();
    let (key, of_ada) = (make_key(setup.folder(), &[]), make_key(setup.folder(), &["--username", "ada"]));
    let server = setup.start();
    let status = |authorization: &str, key: Option<&str>, username: Option<&str>| {
        let mut request = server.anonymous("GET", EVENTS).header("Authorization", authorization);
        for (name, value) in [("Api-Key", key), ("Api-Username", username)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let reply = request.send();
        if reply.status == 200 {
            assert_eq!(reply.header("Cache-Control"), Some("private, no-store"));
        }
        let error = if reply.status == 200 { String::new() } else { reply.error_type() };
        (reply.status, error)
    };
    let (good, bad, none) =
        ((200, String::new()), (403, "invalid_access".to_owned()), (403, "not_logged_in".to_owned()));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(status(&format!("{scheme} {key}"), None, Some("system")), good, "{scheme}");
        assert_eq!(status(&format!("{scheme} {of_ada}"), None, None), good, "{scheme}");
    }
    assert_eq!(status(&format!("Bearer   {key} "), None, Some("system")), good);
    assert_eq!(status(&format!("Bearer {key}"), None, None), bad, "an all-users key needs a username");
    assert_eq!(status(&format!("Bearer {key}x"), None, Some("system")), bad);
    for other in
        [format!("Basic {key}"), format!("Bearer{key}"), key.clone(), "Bearer".to_owned(), "Bearer ".to_owned()]
    {
        assert_eq!(status(&other, None, Some("system")), none, "{other}");
        assert_eq!(status(&other, Some(&key), Some("system")), good, "{other} beside a key");
    }
    // `Api-Key` counts where both come, unless it is blank.
    assert_eq!(status(&format!("Bearer {key}"), Some("wrong"), Some("system")), bad);
    assert_eq!(status("Bearer wrong", Some(&key), Some("system")), good);
    assert_eq!(status(&format!("Bearer {key}"), Some(" "), Some("system")), good);
    let board = server.anonymous("GET", "/leaderboard/1").header("Authorization", "Bearer wrong").send();
    assert_eq!(
        (board.status, board.header("Cache-Control")),
        (403, Some("private, no-store")),
        "a key that is sent is good"
    );
}

#[test]
fn a_bearer_token_writes_and_is_in_no_log() {
    let server = Server::start();
    let key = make_key(server.folder().path(), &[]);
    let body = serde_json::json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    for key in [&key, KEY] {
        let request = server.anonymous("POST", EVENTS).header("Authorization", &format!("Bearer {key}"));
        assert_eq!(request.header("Api-Username", "ana").json(&body).send().status, 200);
        assert!(!server.log().contains(key));
    }
    let history = with_key(&server, &key, "GET", &format!("{EVENTS}/1/history")).send().json();
    assert_eq!(history["revisions"][0]["by"], "ana");
}
