//! Promise: what `/metrics` serves, and the examples for Prometheus and Grafana, are what these programs take. Needs promtool.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::metrics::samples;
use crate::support::{KEY, Server, Setup, wait_for};

fn promtool(args: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new("promtool")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.success(), told)
}

/// The text of a server that has done something of everything.
fn text() -> String {
    let server = Setup::new().env("SCOREKEEPER_BACKUP_FOLDER", "backups").start();
    server.award(13, "2023-04-14", 15);
    wait_for("a backup", || {
        let text = server.anonymous("GET", "/metrics").header("Api-Key", KEY).send().body;
        text.contains("scorekeeper_backup_last_timestamp_seconds").then_some(text)
    })
}

#[test]
fn promtool_is_content_with_the_metrics() {
    let (passed, told) = promtool(&["check", "metrics"], &text());
    assert!(passed && told.trim().is_empty(), "{told}");
}

#[test]
fn promtool_is_content_with_the_examples() {
    for args in [["check", "rules", "examples/alerts.yml"], ["check", "config", "examples/prometheus.yml"]] {
        let (passed, told) = promtool(&args, "");
        assert!(passed, "{told}");
    }
    let (passed, told) = promtool(&["test", "rules", "tests/data/alerts_test.yml"], "");
    assert!(passed, "{told}");
}

#[test]
fn the_examples_name_only_metrics_that_there_are() {
    let known: BTreeSet<String> =
        samples(&text()).into_keys().map(|name| name.split('{').next().unwrap_or_default().to_owned()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let dashboard = std::fs::read_to_string(root.join("grafana.json")).expect("a file");
    let _: serde_json::Value = serde_json::from_str(&dashboard).expect("JSON");
    let alerts = std::fs::read_to_string(root.join("alerts.yml")).expect("a file");
    let mut named = 0;
    for text in [dashboard, alerts] {
        let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        for name in text.split(|character| !is_of_name(character)).filter(|name| name.starts_with("scorekeeper_")) {
            assert!(known.contains(name), "{name} is not among the metrics");
            named += 1;
        }
    }
    assert!(named > 10);
    // Whoever scrapes a port without the metrics would see nothing of all this.
    assert_eq!(Server::start().anonymous("GET", "/metrics").send().status, 403);
}
