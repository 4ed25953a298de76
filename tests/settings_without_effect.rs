//! Promise: what somebody set is never passed over in silence. A name that is written wrongly, a setting in a wrong place, a
//! value that means something else to a shell: each stops the start with one line that says what was meant, and nothing is
//! made.

use std::fs;
use std::path::Path;

use crate::settings::assert_refused;
use crate::support::{Setup, run_with};

/// Fails if anything but the files of the test lies in the folder.
#[track_caller]
fn assert_nothing_made(folder: &Path, but: &[&str]) {
    let made: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !but.contains(&name.as_str()))
        .collect();
    assert_eq!(made, [""; 0]);
}

#[test]
fn a_variable_that_is_no_setting_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, parts) in [
        ("SCOREKEEPER_PUBLC", &["SCOREKEEPER_PUBLC", "did you mean SCOREKEEPER_PUBLIC?"][..]),
        ("SCOREKEEPER_DATABSE", &["did you mean SCOREKEEPER_DATABASE?"]),
        ("scorekeeper_public", &["scorekeeper_public", "did you mean SCOREKEEPER_PUBLIC?"]),
        ("SCOREKEEPER_PORT", &["did you mean ROCKET_PORT?"]),
        ("SCOREKEEPER_", &["SCOREKEEPER_", "TIME_ZONE"]),
        ("SCOREKEEPER_SOMETHING_ELSE", &["SCOREKEEPER_SOMETHING_ELSE", "TIME_ZONE"]),
    ] {
        assert_refused(folder.path(), &[], &[(name, "false")], parts);
    }
    assert_nothing_made(folder.path(), &[]);
}

#[test]
fn a_setting_in_a_wrong_place_of_the_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (toml, parts) in [
        ("[scorekeeper]\npublic = false\n", &["[scorekeeper]", "did you mean [default.scorekeeper]?"][..]),
        ("[default]\npublic = false\n", &["public under [default]", "[default.scorekeeper]", "SCOREKEEPER_PUBLIC"]),
        ("[global]\ntime_zone = \"UTC\"\n", &["time_zone under [global]"]),
        ("[release]\ndatabase = \"a.db\"\n", &["database under [release]"]),
        ("[default.scorekeper]\npublic = false\n", &["[default.scorekeper]", "did you mean [default.scorekeeper]?"]),
        ("[defalt.scorekeeper]\npublic = false\n", &["[defalt.scorekeeper]", "[default.scorekeeper]"]),
        ("[default.scorekeeper]\npublc = false\n", &["setting publc", "did you mean public?"]),
        ("[release.scorekeeper]\npublc = false\n", &["setting publc", "did you mean public?"]),
        ("[default.tls]\ncerts = \"a.pem\"\nkey = \"b.pem\"\n", &["tls", "tls_certificate"]),
        ("[default]\nkeep_alive = 5\n", &["keep_alive under [default]", "idle_timeout"]),
        ("[release]\nip_header = \"X-Real-IP\"\n", &["ip_header under [release]", "trusted_proxies"]),
    ] {
        fs::write(folder.path().join("Rocket.toml"), toml).expect("a file");
        assert_refused(folder.path(), &[], &[], parts);
    }
    assert_nothing_made(folder.path(), &["Rocket.toml"]);
}

#[test]
fn a_setting_of_rocket_that_would_do_nothing_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, value, parts) in [
        ("ROCKET_CONFIG", "nowhere.toml", &["ROCKET_CONFIG", "nowhere.toml", "no such file"][..]),
        ("ROCKET_TLS", "{certs=\"a.pem\",key=\"b.pem\"}", &["ROCKET_TLS", "tls_certificate"]),
        ("ROCKET_KEEP_ALIVE", "5", &["ROCKET_KEEP_ALIVE", "idle_timeout"]),
        ("ROCKET_IP_HEADER", "\"X-Real-IP\"", &["ROCKET_IP_HEADER", "trusted_proxies"]),
        ("ROCKET_PUBLIC", "false", &["ROCKET_PUBLIC", "SCOREKEEPER_PUBLIC"]),
        ("ROCKET_PROFILE", "\"release\"", &["ROCKET_PROFILE", "quotes"]),
    ] {
        assert_refused(folder.path(), &[], &[(name, value)], parts);
    }
    assert_nothing_made(folder.path(), &[]);
}

#[test]
fn a_value_with_what_a_shell_would_take_away_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, value, hint) in [
        ("SCOREKEEPER_PUBLIC", "\"false\"", "quotes"),
        ("SCOREKEEPER_PUBLIC", "'false'", "quotes"),
        ("SCOREKEEPER_PUBLIC", "false\r", "end of the line"),
        ("SCOREKEEPER_DATABASE", "\"scores.db\"", "quotes"),
        ("SCOREKEEPER_DATABASE", "scores.db\r", "end of the line"),
        ("SCOREKEEPER_LOG_FILE", "'scores.log'", "quotes"),
        ("SCOREKEEPER_API_KEY", "\"secret-key\"", "quotes"),
        ("SCOREKEEPER_TIME_ZONE", "\"UTC\"\r", "end of the line"),
    ] {
        let key = name["SCOREKEEPER_".len()..].to_lowercase();
        assert_refused(folder.path(), &[], &[(name, value)], &[&format!("setting {key}"), hint]);
    }
    assert_nothing_made(folder.path(), &[]);
}

#[test]
fn a_file_that_is_no_plain_path_is_refused_however_it_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, hint) in [
        ("~/x.db", "only a shell"),
        ("$HOME/x.db", "only a shell"),
        ("${HOME}/x.db", "only a shell"),
        ("data/$USER/x.db", "only a shell"),
        (":memory:", "in memory"),
        ("sqlite://x.db", "address"),
        ("sqlite:x.db", "address"),
        ("https://example.org/x.db", "address"),
        ("file:vault.db", "file:"),
        ("FILE:vault.db", "file:"),
        ("file:///tmp/vault.db?mode=rwc", "file:"),
    ] {
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_DATABASE", file)], &["setting database", file, hint]);
        assert_refused(folder.path(), &["--database", file], &[], &["setting database", file, hint]);
        assert_refused(folder.path(), &["--database", file, "keys", "create"], &[], &["setting database", hint]);
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_LOG_FILE", file)], &["setting log_file", file, hint]);
    }
    assert_nothing_made(folder.path(), &[]);
    // Written as a path, it is a file like any other.
    let made = run_with(folder.path(), &["--database", "./file:plain.db", "keys", "create"], &[]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(folder.path().join("file:plain.db").is_file());
}

#[test]
fn a_timer_has_a_floor() {
    let folder = tempfile::tempdir().expect("a folder");
    for key in ["TODAY_EVERY", "RECENT_EVERY", "STANDINGS_EVERY", "HEADER_TIMEOUT", "BODY_TIMEOUT"] {
        for value in ["1ns", "1us", "99ms"] {
            let name = format!("SCOREKEEPER_{key}");
            assert_refused(folder.path(), &[], &[(&name, value)], &[&key.to_lowercase(), value, "at least 100ms"]);
        }
    }
    assert_nothing_made(folder.path(), &[]);
    let server =
        Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "100ms").env("SCOREKEEPER_TODAY_EVERY", "100ms").start();
    assert_eq!(server.get("/health/ready").status, 200);
}
