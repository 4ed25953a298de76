//! The promise: a key opens what it is for, to whom it is for, for as long as it is meant to, and is never seen again.

use std::path::Path;

use serde_json::json;

use crate::support::{self, EVENTS, KEY, RECALCULATE, Reply, Request, Run, Server, Setup, wait_for};

const INVALID: &str = "You are not permitted to view the requested resource. The API username or key is invalid.";
const READ_ONLY: &str = "You are not permitted to view the requested resource.";

/// Runs `scorekeeper keys …` on the folder's `scores.db`.
fn keys(folder: &Path, args: &[&str]) -> Run {
    support::run(folder, &[&["keys"], args, &["--database", "scores.db"]].concat())
}

/// Makes a key by the command line.
#[track_caller]
fn create_key(folder: &Path, args: &[&str]) -> String {
    let run = keys(folder, &[&["create"], args].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let key = run.stdout.strip_suffix('\n').expect("a line").to_owned();
    assert_eq!(key_in(&key).as_ref(), Some(&key), "not a key alone: {run:?}");
    key
}

/// The id that `keys list` shows for a key.
#[track_caller]
fn key_id(folder: &Path, key: &str) -> String {
    let list = keys(folder, &["list"]).stdout;
    let line = list.lines().find(|line| line.contains(&format!("{}…", &key[..8])));
    let line = line.unwrap_or_else(|| panic!("the key is not listed: {list}"));
    line.split_whitespace().next().expect("an id").to_owned()
}

/// A request with just this key and, if given, this username.
fn with_key<'s>(server: &'s Server, key: &str, username: Option<&str>, method: &str, path: &str) -> Request<'s> {
    let request = server.anonymous(method, path).header("API-Key", key);
    match username {
        Some(username) => request.header("API-Username", username),
        None => request,
    }
}

/// Lists the events with a key.
fn list(server: &Server, key: &str, username: Option<&str>) -> Reply {
    with_key(server, key, username, "GET", EVENTS).send()
}

/// Stores an event with a key and returns who is remembered as having done so.
#[track_caller]
fn acting(server: &Server, key: &str, username: Option<&str>) -> String {
    let body = json!({"user_id": 13, "date": "2023-04-14", "points": 15});
    let created = with_key(server, key, username, "POST", EVENTS).json(&body).send();
    assert_eq!(created.status, 200, "{created:?}");
    let path = format!("{EVENTS}/{}/history", created.json()["id"]);
    let history = with_key(server, key, username, "GET", &path).send().json();
    history["revisions"][0]["by"].as_str().expect("a name").to_owned()
}

/// The first text of the form of a key that a text holds, if any.
fn key_in(text: &str) -> Option<String> {
    let words = text.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '_');
    words.filter(|word| word.len() == 46 && word.starts_with("sk_")).map(str::to_owned).next()
}

#[test]
fn an_all_users_key_acts_for_whom_it_names() {
    let setup = Setup::new();
    let key = create_key(setup.folder(), &["--description", "for everyone"]);
    let server = setup.start();
    let longest = "x".repeat(60);
    for username in ["system", "Ada", "Zoë", "Ada Lovelace", "a", &longest] {
        assert_eq!(acting(&server, &key, Some(username)), username);
    }
    assert_eq!(acting(&server, &key, Some("  ada  ")), "ada");
    for username in [None, Some(""), Some("   "), Some(&*"x".repeat(61)), Some("a\tb"), Some("a\u{85}b")] {
        list(&server, &key, username).assert_error(403, "invalid_access", INVALID);
    }
}

#[test]
fn a_key_for_one_user_acts_for_that_user_alone() {
    let setup = Setup::new();
    let key = create_key(setup.folder(), &["--username", "Ada"]);
    let server = setup.start();
    for username in [None, Some(""), Some("Ada"), Some("ada"), Some("ADA")] {
        assert_eq!(acting(&server, &key, username), "Ada", "called as {username:?}");
    }
    for username in ["system", "Ad", "Adaa", "bob"] {
        list(&server, &key, Some(username)).assert_error(403, "invalid_access", INVALID);
    }

    let key = create_key(server.folder().path(), &["--username", "Zoë"]);
    assert_eq!(acting(&server, &key, Some("ZOË")), "Zoë");
}

#[test]
fn a_read_only_key_reads_all_and_writes_nothing() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    let for_all = create_key(&folder, &["--read-only"]);
    let for_ada = create_key(&folder, &["--read-only", "--username", "ada"]);
    let server = setup.start();
    server.award(13, "2023-04-14", 15);
    let one = format!("{EVENTS}/1");
    for (key, username) in [(&for_all, Some("system")), (&for_ada, None)] {
        for path in [EVENTS, &one, &format!("{one}/history"), RECALCULATE, "/users/13/score", "/users/13/days"] {
            assert_eq!(with_key(&server, key, username, "GET", path).send().status, 200, "{path}");
        }
        for (method, path, body) in [
            ("POST", EVENTS, json!({"user_id": 13, "date": "2023-04-14", "points": 15})),
            ("POST", EVENTS, json!({})),
            ("PUT", EVENTS, json!({"id": 1, "points": 99})),
            ("DELETE", &one, json!({})),
            ("DELETE", &format!("{EVENTS}/99"), json!({})),
            ("PUT", RECALCULATE, json!({})),
        ] {
            let refused = with_key(&server, key, username, method, path).json(&body).send();
            refused.assert_error(403, "invalid_access", READ_ONLY);
        }
        let unreadable = with_key(&server, key, username, "POST", EVENTS).header("Content-Type", "application/json");
        unreadable.bytes(b"{").send().assert_error(403, "invalid_access", READ_ONLY);
    }
    assert_eq!((server.count_events(), server.score(13)), (1, 15));
    assert_eq!(server.get(RECALCULATE).json()["remaining"], 5);
}

#[test]
fn a_key_works_until_its_last_day() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    let today = chrono::Utc::now().date_naive();
    let day = |days: i64| (today + chrono::Duration::days(days)).to_string();
    let keys = [(day(-2), 403), ("2020-01-01".to_owned(), 403), (day(2), 200), ("9999-12-31".to_owned(), 200)]
        .map(|(expires, status)| (create_key(&folder, &["--expires", &expires]), expires, status));
    let server = setup.start();
    for (key, expires, status) in keys {
        let reply = list(&server, &key, Some("system"));
        assert_eq!(reply.status, status, "a key that expires on {expires}: {reply:?}");
        if status == 403 {
            reply.assert_error(403, "invalid_access", INVALID);
        }
    }
}

#[test]
fn a_key_made_or_revoked_beside_a_running_server_counts_with_the_next_request() {
    let server = Server::start();
    let shared = server.folder();
    let folder = shared.path();
    for round in 0..3 {
        let (kept, revoked) = (create_key(folder, &[]), create_key(folder, &["--username", "ada"]));
        assert_eq!(list(&server, &revoked, None).status, 200, "round {round}");
        let run = keys(folder, &["revoke", &key_id(folder, &revoked)]);
        assert_eq!(run.code, Some(0), "{run:?}");
        list(&server, &revoked, None).assert_error(403, "invalid_access", INVALID);
        assert_eq!(list(&server, &kept, Some("system")).status, 200, "round {round}");
    }
    assert_eq!(server.get(EVENTS).status, 200, "the configured key stays");
}

#[test]
fn a_key_is_not_guessed_from_its_parts() {
    let setup = Setup::new();
    let key = create_key(setup.folder(), &[]);
    let server = setup.start();
    let digest: String =
        server.sql().query_row("SELECT lower(hex(digest)) FROM api_keys", [], |row| row.get(0)).expect("a stored key");
    let longer = format!("{key}0");
    for wrong in [&key[..8], &key[..45], &longer, &digest, "*", "%", "' OR 1=1 --", &"x".repeat(5000), "é"] {
        list(&server, wrong, Some("system")).assert_error(403, "invalid_access", INVALID);
    }
    assert_eq!(list(&server, &key, Some("system")).status, 200);
}

#[test]
fn the_list_of_keys_tells_all_but_the_keys() {
    let setup = Setup::new();
    let folder = setup.folder();
    let first = create_key(folder, &["--description", "nightly import", "--read-only", "--expires", "2099-12-31"]);
    let second = create_key(folder, &["--username", "Ada"]);
    let revoked = create_key(folder, &["--username", "bob"]);
    assert_eq!(keys(folder, &["revoke", "3"]).code, Some(0));

    let run = keys(folder, &["list"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let header: Vec<&str> = lines[0].split_whitespace().collect();
    let expected = "ID KEY STATE USERNAME SCOPES NETWORKS CREATED EXPIRES LAST USED REVOKED MADE WITH DESCRIPTION";
    assert_eq!(header.join(" "), expected);
    assert_eq!(lines.len(), 4, "{run:?}");
    for (line, key, parts) in [
        (lines[1], &first, &["(all users)", "read-only", "2099-12-31", "nightly import"][..]),
        (lines[2], &second, &["Ada", "all", "active"]),
        (lines[3], &revoked, &["bob", "all", "revoked"]),
    ] {
        assert!(line.contains(&format!("{}…", &key[..8])), "{line}");
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} are not in {line}");
        assert!(!run.stdout.contains(&key[..16]), "more of the key than its prefix: {line}");
    }
    assert!(key_in(&run.stdout).is_none(), "a digest is shown: {run:?}");
}

#[test]
fn last_used_is_written_and_not_again_within_the_minute() {
    let setup = Setup::new();
    let folder = setup.folder().to_owned();
    let (used, unused) = (create_key(&folder, &[]), create_key(&folder, &["--username", "bob"]));
    let server = setup.start();
    let last_used = |server: &Server, key: &str| -> Option<i64> {
        let query = "SELECT last_used_at FROM api_keys WHERE prefix = ?1";
        server.sql().query_row(query, [&key[..8]], |row| row.get(0)).expect("the key is stored")
    };
    assert_eq!(last_used(&server, &used), None);
    assert_eq!(list(&server, &used, Some("system")).status, 200);
    let first = wait_for("last_used_at to be written", || last_used(&server, &used));
    for _ in 0..20 {
        assert_eq!(list(&server, &used, Some("system")).status, 200);
    }
    assert_eq!(list(&server, &unused, Some("mallory")).status, 403);
    let server = Setup::in_folder(server.stop()).start();
    assert_eq!(last_used(&server, &used), Some(first), "written twice within the minute");
    assert_eq!(last_used(&server, &unused), None, "a refused request is no use");
}

#[test]
fn the_first_start_shows_a_key_once() {
    let first_start = |setup: Setup| setup.without_env("SCOREKEEPER_API_KEY").env("SCOREKEEPER_LOG_FILE", "server.log");
    let server = first_start(Setup::new()).start();
    let key =
        wait_for("a key on stderr", || server.stderr().contains("curl ").then(|| key_in(&server.stderr())).flatten());
    let shown = server.stderr();
    let line = shown.lines().find(|line| line.contains("curl ")).expect("a curl command");
    assert!(shown.contains(&format!("127.0.0.1:{}", server.port)), "{line}");
    assert_eq!(acting(&server, &key, Some("system")), "system");
    let appearances = server.stderr().matches(&key).count();
    assert!((1..=2).contains(&appearances), "shown alone and in the command, no more: {shown}");
    assert_eq!(key_id(server.folder().path(), &key), "1");

    let folder = server.stop();
    let log = std::fs::read_to_string(folder.path().join("server.log")).expect("a log file");
    assert!(!log.contains(&key), "the key is in the log file");
    let again = |what: &str, setup: Setup| {
        let mut server = setup.start();
        assert_eq!(server.get("/health/live").status, 200);
        server.signal("TERM");
        server.wait();
        let said = server.stderr();
        assert!(key_in(&said).is_none() && !said.contains("curl "), "{what}: {said}");
    };
    again("a second start", first_start(Setup::in_folder(folder.clone())));
    assert_eq!(keys(folder.path(), &["revoke", "1"]).code, Some(0));
    again("all keys revoked", first_start(Setup::in_folder(folder.clone())));
    again("a key configured", Setup::new());
}

#[test]
fn no_plain_key_is_in_the_database_or_a_log() {
    let setup = Setup::new().env("SCOREKEEPER_LOG_FILE", "server.log");
    let folder = setup.folder().to_owned();
    let keys = [create_key(&folder, &[]), create_key(&folder, &["--username", "ada"]), KEY.to_owned()];
    let server = setup.start();
    for key in &keys {
        let username = if key.starts_with("sk_") { "ada" } else { "system" };
        acting(&server, key, Some(username));
        // Sent wrong, in every way that comes to mind.
        let secret = || server.anonymous("GET", EVENTS);
        let query = format!("{EVENTS}?api_key={key}&api_username={username}");
        for request in [
            server.anonymous("GET", &query),
            server.request("GET", &format!("{EVENTS}?user_id={key}")),
            server.anonymous("POST", EVENTS).form(&format!("api_key={key}")),
            server.anonymous("POST", EVENTS).json(&json!({"api_key": key})),
            secret().header("API-Key", username).header("API-Username", key),
            secret().header("API-Key", &format!("{key}x")).header("API-Username", username),
            secret().header("API-Key", &format!("Bearer {key}")).header("API-Username", username),
            secret().header("Authorization", &format!("Basic {key}")),
            secret().header("Cookie", &format!("key={key}")),
            secret().header("Referer", &format!("http://localhost/?{key}")),
        ] {
            let reply = request.send();
            assert!((400..=403).contains(&reply.status), "{reply:?}");
            assert!(!reply.body.contains(key.as_str()), "{reply:?}");
        }
    }
    wait_for("the last uses to be written", || {
        let query = "SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL";
        let written: i64 = server.sql().query_row(query, [], |row| row.get(0)).expect("a count");
        (written == 2).then_some(())
    });
    let holds_a_key = |bytes: &[u8]| keys.iter().any(|key| bytes.windows(key.len()).any(|part| part == key.as_bytes()));
    let scan = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(!bytes.is_empty() && !holds_a_key(&bytes), "a plain key is in {name}");
    };
    for name in ["scores.db", "scores.db-wal", "server.log"] {
        scan(name);
    }
    assert!(!holds_a_key(server.stderr().as_bytes()), "{}", server.stderr());
    let kept = server.stop();
    for name in ["scores.db", "server.log"] {
        scan(name);
    }
    drop(kept);
}

#[test]
fn the_commands_say_by_their_exit_code_what_went_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for args in [&["list"][..], &["revoke", "1"], &["rotate", "1"]] {
        let run = keys(folder, args);
        assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{args:?} of a missing file: {run:?}");
        assert!(!folder.join("scores.db").exists(), "{args:?} made a file");
    }
    for args in [
        &["create", "--expires", "2023-02-30"][..],
        &["create", "--expires", "soon"],
        &["create", "--username", ""],
        &["create", "--username", &"x".repeat(61)],
        &["create", "--username", "a\nb"],
        &["create", "unexpected"],
        &["revoke", "one"],
        &["revoke"],
        &["forget"],
        &[],
    ] {
        let run = keys(folder, args);
        assert_eq!(run.code, Some(2), "{args:?}: {run:?}");
        assert!(!run.stderr.is_empty() && run.stdout.is_empty(), "{args:?}: {run:?}");
    }
    assert!(!folder.join("scores.db").exists(), "a refused command made a file");

    let key = create_key(folder, &[]);
    assert_eq!(key_id(folder, &key), "1");
    for (id, code) in [("99", 1), ("0", 1), ("1", 0)] {
        let run = keys(folder, &["revoke", id]);
        assert_eq!(run.code, Some(code), "{id}: {run:?}");
        assert_eq!(run.stderr.lines().count(), usize::from(code == 1), "{run:?}");
    }
    for args in [["--help"], ["--version"]] {
        let run = support::run(folder, &args);
        assert_eq!(run.code, Some(0), "{args:?}: {run:?}");
        assert!(run.stdout.to_lowercase().contains("scorekeeper"), "{run:?}");
    }
}
