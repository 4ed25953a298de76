//! The promise: `scorekeeper settings` shows every setting, its value and where it comes from, and no secret.

use std::fs;

use scorekeeper::config::Settings;

use crate::support::{Run, run_with};

/// The line of a setting: its value and where that comes from.
#[track_caller]
fn line_of<'r>(run: &'r Run, key: &str) -> (&'r str, &'r str) {
    let line = run.stdout.lines().find(|line| line.split(' ').next() == Some(key));
    let line = line.unwrap_or_else(|| panic!("no line for {key}: {run:?}"));
    let rest = line[key.len()..].trim_start();
    let (value, origin) = rest.split_once("  ").unwrap_or_else(|| panic!("no columns: {line}"));
    (value, origin.trim_start())
}

#[test]
fn each_setting_is_shown_with_its_value_and_where_it_comes_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let toml = "[default.scorekeeper]\ndatabase = \"file.db\"\nrecent_days = 3\npublic = false\nranking = \"rank\"\n";
    fs::write(folder.join("Rocket.toml"), toml).expect("a file");
    let env = [("SCOREKEEPER_RANKING", "row_number"), ("SCOREKEEPER_LOG_FILE", "server.log")];
    let run = run_with(folder, &["settings", "--database", "flag.db"], &env);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");

    assert_eq!(line_of(&run, "database"), ("flag.db", "flag --database"));
    assert_eq!(line_of(&run, "ranking"), ("row_number", "environment SCOREKEEPER_RANKING"));
    assert_eq!(line_of(&run, "log_file"), ("server.log", "environment SCOREKEEPER_LOG_FILE"));
    let file = format!("file {}", folder.canonicalize().expect("a folder").join("Rocket.toml").display());
    assert_eq!(line_of(&run, "recent_days"), ("3", file.as_str()));
    assert_eq!(line_of(&run, "public"), ("false", file.as_str()));
    assert_eq!(line_of(&run, "time_zone"), ("UTC", "default"));
    assert_eq!(line_of(&run, "api_key"), ("(none)", "default"));

    let keys: Vec<&str> = run.stdout.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    let table: Vec<&str> = Settings::TABLE.iter().map(|setting| setting.key).collect();
    assert_eq!(keys, table, "a line for each setting, after the head");
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1, "looking has made a file");
}

#[test]
fn a_secret_is_told_of_and_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_with(folder.path(), &["settings"], &[("SCOREKEEPER_API_KEY", "whispered")]);
    assert_eq!(line_of(&run, "api_key"), ("(set)", "environment SCOREKEEPER_API_KEY"));
    assert!(!format!("{run:?}").contains("whispered"), "{run:?}");
}

#[test]
fn a_wrong_setting_is_one_line_here_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_with(folder.path(), &["settings"], &[("SCOREKEEPER_PUBLIC", "maybe")]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.lines().count()), (Some(1), "", 1), "{run:?}");
    assert!(run.stderr.contains("public") && run.stderr.contains("maybe"), "{run:?}");
}
