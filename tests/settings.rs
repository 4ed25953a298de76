//! The promise: each setting comes from a flag, the environment, Rocket.toml or its default, in that order; a wrong one
//! stops the start with one line that names it; and no file but scorekeeper's own is ever touched.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{self, EVENTS, Setup};

/// Starts the binary, which is expected to end by itself soon; returns its exit code and stderr.
#[track_caller]
fn refused(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = support::command(folder);
    command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1").envs(env.iter().copied()).args(args);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill().expect("the server can be killed");
            child.wait().expect("the server is reaped");
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut stderr = String::new();
    child.stderr.take().expect("stderr is piped").read_to_string(&mut stderr).expect("stderr is UTF-8");
    assert!(status.is_some(), "the server started with {args:?} {env:?}: {stderr}");
    (status.and_then(|status| status.code()), stderr)
}

/// Fails unless the start is refused with one line that names all of `parts`.
#[track_caller]
pub fn assert_refused(folder: &Path, args: &[&str], env: &[(&str, &str)], parts: &[&str]) {
    let (code, stderr) = refused(folder, args, env);
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{args:?} {env:?}: {stderr}");
    let named = |part: &&str| stderr.to_lowercase().contains(&part.to_lowercase());
    assert!(parts.iter().all(named), "{args:?} {env:?}: {parts:?} are not in {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// Starts a server on the setup and tells which of `files` it has made.
fn made<'f>(setup: Setup, files: &[&'f str]) -> Vec<&'f str> {
    let server = setup.start();
    let folder = server.folder();
    files.iter().filter(|file| folder.path().join(file).exists()).copied().collect()
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    const FILES: &[&str] = &["flag.db", "environment.db", "file.db", "scorekeeper.db"];
    let with_file = || {
        let setup = Setup::new();
        let toml = "[default.scorekeeper]\ndatabase = \"file.db\"\n";
        fs::write(setup.folder().join("Rocket.toml"), toml).expect("a file");
        setup
    };
    let flagged = with_file().env("SCOREKEEPER_DATABASE", "environment.db").arg("--database").arg("flag.db");
    assert_eq!(made(flagged, FILES), ["flag.db"]);
    assert_eq!(made(with_file().env("SCOREKEEPER_DATABASE", "environment.db"), FILES), ["environment.db"]);
    assert_eq!(made(with_file().without_env("SCOREKEEPER_DATABASE"), FILES), ["file.db"]);
    assert_eq!(made(Setup::new().without_env("SCOREKEEPER_DATABASE"), FILES), ["scorekeeper.db"]);
}

#[test]
fn the_commands_find_the_same_file_as_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("Rocket.toml"), "[default.scorekeeper]\ndatabase = \"file.db\"\n").expect("a file");
    let create = |flags: &[&str], env: &[(&str, &str)], made: &str| {
        let run = support::run_with(folder, &[&["keys", "create"], flags].concat(), env);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(folder.join(made).exists(), "{made} is missing");
        fs::remove_file(folder.join(made)).expect("the file goes");
    };
    let env = [("SCOREKEEPER_DATABASE", "environment.db")];
    create(&[], &[], "file.db");
    create(&[], &env, "environment.db");
    create(&["--database", "flag.db"], &env, "flag.db");
}

#[test]
fn settings_of_the_file_are_heeded() {
    let setup = Setup::new().without_env("SCOREKEEPER_API_KEY");
    let toml = r#"
        [default.scorekeeper]
        api_key = "key-of-the-file"
        time_zone = "Europe/Berlin"
        today_every = "30m"
        recent_every = "2days"
        recent_days = 3
        standings_every = "500ms"
        ranking = "row_number"
        recalculations_per_day = 2
        requests_per_minute = 1000
        public = false
        max_connections = 100
        header_timeout = "5s"
        trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
        log_file = "from-the-file.log"
        log_format = "text"
    "#;
    fs::write(setup.folder().join("Rocket.toml"), toml).expect("a file");
    let server = setup.start();
    let ask =
        |path: &str| server.anonymous("GET", path).header("API-Key", "key-of-the-file").header("API-Username", "ada");
    assert_eq!(ask(EVENTS).send().status, 200);
    assert_eq!(ask(support::RECALCULATE).send().json()["remaining"], 2);
    assert_eq!(server.anonymous("GET", "/users/1/score").send().status, 403);
    assert_eq!(server.get(EVENTS).status, 403);
    assert!(server.folder().path().join("from-the-file.log").exists());

    // A variable beats the file here too, whatever its type.
    let folder = server.stop();
    let server = Setup::in_folder(folder)
        .env("SCOREKEEPER_PUBLIC", "true")
        .env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "7")
        .start();
    assert_eq!(server.anonymous("GET", "/users/1/score").send().status, 200);
    assert_eq!(server.get(support::RECALCULATE).json()["remaining"], 7);
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_line_that_names_it() {
    const WRONG: &[(&str, &[&str])] = &[
        ("time_zone", &["Mars/Olympus", "berlin", "+01:00", "UTC+1", "12"]),
        ("today_every", &["soon", "0s", "0", "-1h", "1", "1x", "true"]),
        ("recent_every", &["soon", "0s", "0ms", "-24h", "24"]),
        ("standings_every", &["soon", "0s", "-1s", "1"]),
        ("standings_memory", &["0", "-1", "256MB", "99999999999999999999"]),
        ("recent_days", &["ten", "-1", "1.5", "99999999999999999999", "true"]),
        ("ranking", &["best", "RANK!", "1"]),
        ("recalculations_per_day", &["many", "-1", "1.5", "99999999999999999999"]),
        ("requests_per_minute", &["lots", "-1", "0.5", "99999999999999999999"]),
        ("public", &["maybe", "2", "-1"]),
        ("max_connections", &["0", "-1", "many", "99999999999999999999"]),
        ("header_timeout", &["0s", "99ms", "10"]),
        ("trusted_proxies", &["proxy", "10.0.0.0/33", "127.0.0.1,", "10.0.0.0/8 10.0.0.1"]),
        ("log_format", &["xml", "jsonl", "1"]),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (key, values) in WRONG {
        let variable = format!("SCOREKEEPER_{}", key.to_uppercase());
        for value in *values {
            assert_refused(folder.path(), &[], &[(&variable, value)], &["scorekeeper: ", key, value]);
        }
    }
    for blank in ["", "   "] {
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_API_KEY", blank)], &["api_key"]);
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_TIME_ZONE", blank)], &["time_zone"]);
    }
    let files = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 0, "a start that was refused has left something");
}

#[test]
fn a_wrong_rocket_toml_stops_the_start_with_one_line_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (toml, parts) in [
        ("[default.scorekeeper]\nrankings = \"rank\"\n", &["rankings"][..]),
        ("[default.scorekeeper]\nrecent_days = \"ten\"\n", &["recent_days", "ten"]),
        ("[default.scorekeeper]\npublic = \"maybe\"\n", &["public", "maybe"]),
        ("[default.scorekeeper]\ntime_zone = \"Mars/Olympus\"\n", &["time_zone", "Mars/Olympus"]),
        ("[default.scorekeeper]\ntoday_every = \"0s\"\n", &["today_every", "0s"]),
        ("[default.scorekeeper]\nrequests_per_minute = -1\n", &["requests_per_minute", "-1"]),
        ("[default.scorekeeper]\ndatabase = [1]\n", &["database"]),
        ("[default.scorekeeper]\ntrusted_proxies = [1]\n", &["trusted_proxies"]),
        ("[default.scorekeeper]\ntrusted_proxies = []\n", &["trusted_proxies"]),
        ("[default]\nscorekeeper = 1\n", &["scorekeeper"]),
        ("[default\n", &["Rocket.toml"]),
    ] {
        fs::write(folder.join("Rocket.toml"), toml).expect("a file");
        assert_refused(folder, &[], &[], parts);
        assert!(!folder.join("scorekeeper.db").exists(), "{toml}");
    }
}

#[test]
fn a_wrong_setting_of_rocket_is_one_line_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken_port = taken.local_addr().expect("an address").port().to_string();
    for port in ["abc", "70000", "-1"] {
        assert_refused(folder.path(), &[], &[("ROCKET_PORT", port)], &["port", port]);
    }
    assert_refused(folder.path(), &[], &[("ROCKET_ADDRESS", "nowhere")], &["address", "nowhere"]);
    let (code, stderr) = refused(folder.path(), &[], &[("ROCKET_PORT", &taken_port), ("SCOREKEEPER_API_KEY", "k")]);
    assert_eq!(code, Some(1), "{stderr}");
    let last = stderr.lines().last().expect("a line that says why");
    assert!(last.contains(&taken_port), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn texts_that_look_like_numbers_stay_texts() {
    for (key, database) in [("12345", "123"), ("0012", "1.5"), ("true", "false"), ("[1]", "[x]"), ("1e3", "0012")] {
        let setup = Setup::new()
            .env("SCOREKEEPER_API_KEY", key)
            .env("SCOREKEEPER_DATABASE", database)
            .env("SCOREKEEPER_LOG_FILE", "42");
        let server = setup.start();
        let reply = server.anonymous("GET", EVENTS).header("API-Key", key).header("API-Username", "system").send();
        assert_eq!(reply.status, 200, "the key {key}: {reply:?}");
        for file in [database, "42"] {
            assert!(server.folder().path().join(file).exists(), "the file {file} is missing");
        }
    }
}

#[test]
fn the_server_runs_with_no_settings_at_all() {
    let setup = Setup::new().without_env("SCOREKEEPER_API_KEY").without_env("SCOREKEEPER_DATABASE");
    let server = setup.start();
    assert_eq!(server.anonymous("GET", "/health/ready").send().status, 200);
    assert!(server.folder().path().join("scorekeeper.db").exists());
    assert_eq!(server.stop().path().read_dir().expect("a folder").count(), 1, "a clean stop leaves one file");
}

#[test]
fn a_database_is_made_with_its_folder_and_in_an_empty_file() {
    let server = Setup::new().env("SCOREKEEPER_DATABASE", "new/folder/scores.db").start();
    server.award(13, "2023-04-14", 15);
    assert!(server.folder().path().join("new/folder/scores.db").exists());

    let setup = Setup::new();
    fs::write(setup.folder().join("scores.db"), "").expect("an empty file, as mktemp leaves it");
    let server = setup.start();
    server.award(13, "2023-04-14", 15);
    assert_eq!(server.score(13), 15);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let sqlite = |path: &Path, sql: &str| {
        let connection = rusqlite::Connection::open(path).expect("a database");
        connection.execute_batch(sql).expect("a table");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    sqlite(
        &folder.join("marked.db"),
        "PRAGMA application_id = 252006673; CREATE TABLE blob(x); INSERT INTO blob VALUES (1);",
    );
    sqlite(&folder.join("marked-and-empty.db"), "PRAGMA application_id = 252006673;");
    sqlite(&folder.join("tables.db"), "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);");
    sqlite(&folder.join("same-name.db"), "CREATE TABLE score_events(id INTEGER PRIMARY KEY, title TEXT);");
    sqlite(&folder.join("wal.db"), "PRAGMA journal_mode = WAL; CREATE TABLE users(id INTEGER PRIMARY KEY);");
    fs::write(folder.join("text.db"), "Dear diary, today I was no database.\n".repeat(100)).expect("a file");
    fs::write(folder.join("short.db"), "x").expect("a file");
    fs::write(folder.join("header.db"), "SQLite format 3\0").expect("a file");

    for name in
        ["marked.db", "marked-and-empty.db", "tables.db", "same-name.db", "wal.db", "text.db", "short.db", "header.db"]
    {
        let before = fs::read(folder.join(name)).expect("the file");
        assert_refused(folder, &["--database", name], &[], &[name]);
        for args in
            [&["keys", "create"][..], &["keys", "list"], &["keys", "revoke", "1"], &["--backfill-from", "2023-04-01"]]
        {
            let run = support::run(folder, &[args, &["--database", name]].concat());
            assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{args:?} on {name}: {run:?}");
            assert_eq!(run.stdout, "", "{args:?} on {name}");
        }
        assert!(fs::read(folder.join(name)).expect("the file") == before, "{name} has changed");
    }
}

#[test]
fn a_path_that_can_hold_no_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), "in the way").expect("a file");
    for path in [".", "file/scores.db", ""] {
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_DATABASE", path)], &[path]);
    }
    for path in [".", "file/server.log"] {
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_LOG_FILE", path)], &["log_file", path]);
    }
}

#[test]
fn wrong_arguments_exit_2() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [&["--nonsense"][..], &["serve"], &["--database"], &["--backfill-from"], &["--port", "1"]] {
        let run = support::run(folder.path(), args);
        assert_eq!(run.code, Some(2), "{args:?}: {run:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn the_time_zone_decides_what_today_is() {
    // Kiritimati is 26 hours ahead of the other zone: its today is never that one's today.
    let today_in_kiritimati = (chrono::Utc::now() + chrono::Duration::hours(14)).date_naive().to_string();
    for (zone, score) in [("Pacific/Kiritimati", 15), ("Etc/GMT+12", 0)] {
        let server = Setup::new().env("SCOREKEEPER_TIME_ZONE", zone).start();
        server.award(13, &today_in_kiritimati, 15);
        assert_eq!(server.score(13), score, "{zone}");
    }
}
