//! What other programs make of the document: a shell of the commands on `/docs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::openapi::furnished;
use crate::support::{KEY, Setup};

/// The commands of the page, in its order.
fn commands(page: &str) -> Vec<String> {
    let commands = page.split("class=\"command\" tabindex=\"0\">").skip(1);
    let plain = |text: &str| {
        text.replace("&quot;", "\"")
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#38;", "&")
            .replace("&amp;", "&")
    };
    commands.map(|rest| plain(rest.split("</pre>").next().expect("a command ends"))).collect()
}

#[test]
fn every_command_of_the_page_works_as_it_stands() {
    let server = furnished(Setup::new());
    let page = server.anonymous("GET", "/docs").send().body;
    let commands = commands(&page);
    assert!(commands.len() > 30, "{commands:?}");
    for command in commands {
        // A stream has no end of its own.
        let patience = if command.contains("curl -N") { "--max-time 1 " } else { "" };
        let asked = command.replacen("curl ", &format!("curl -s {patience}-o /dev/null -w '%{{http_code}}' "), 1);
        let output = Command::new("bash")
            .args(["-c", &asked])
            .env("URL", server.url())
            .env("KEY", KEY)
            .env("no_proxy", "127.0.0.1")
            .output()
            .expect("bash runs");
        let status = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(status.starts_with('2') && status.len() == 3, "{command}\n{status} {output:?}");
    }
}

/// A program that `.ci/run` has put into a folder, which `OPENAPI_PROGRAMS` names; else one that is on the path.
pub fn program(name: &str) -> Command {
    let Some(folder) = std::env::var_os("OPENAPI_PROGRAMS").map(PathBuf::from) else { return Command::new(name) };
    let others = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(folder.join(name));
    // They start each other.
    let path = std::iter::once(folder).chain(std::env::split_paths(&others));
    command.env("PATH", std::env::join_paths(path).expect("a path"));
    command
}

/// How to get the programs.
pub const HINT: &str = "OPENAPI_PROGRAMS names the folder bin of a virtual environment with the packages of tests/data/openapi-programs.txt";

#[test]
fn the_document_is_one() {
    let server = furnished(Setup::new());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, server.anonymous("GET", "/openapi.json").send().body).expect("a file");
    let output = program("openapi-spec-validator").arg(&file).output().expect(HINT);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn schemathesis_finds_nothing() {
    // It sends many bad keys, and asks for many recalculations.
    let setup = Setup::new().env("SCOREKEEPER_FAILED_KEYS_PER_MINUTE", "0");
    let server = furnished(setup.env("SCOREKEEPER_RECALCULATIONS_PER_DAY", "1000000"));
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schemathesis.toml");
    let output = program("schemathesis")
        .arg("--config-file")
        .arg(settings)
        .args(["run", &format!("{}/openapi.json", server.url()), "--max-examples", "10", "--no-color"])
        .current_dir(folder.path())
        .env("KEY", KEY)
        .env("no_proxy", "127.0.0.1")
        .output()
        .expect(HINT);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("No issues found") || said.contains("generated, 0"), "{said}");
}

#[test]
fn a_generated_client_awards_and_reads() {
    let server = furnished(Setup::new());
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("{}/openapi.json", server.url());
    let generated = program("openapi-python-client")
        .args(["generate", "--url", &url, "--meta", "none", "--output-path", "points"])
        .current_dir(folder.path())
        .env("no_proxy", "127.0.0.1")
        .output()
        .expect(HINT);
    assert!(generated.status.success(), "{generated:?}");
    let story = r#"
import datetime, os
from points.client import AuthenticatedClient
from points.api.events import create_event, list_events
from points.api.scores import get_score
from points.models import CreateEventJsonBody

client = AuthenticatedClient(base_url=os.environ["URL"], token=os.environ["KEY"], headers={"API-Username": "system"})
body = CreateEventJsonBody(user_id=77, date=datetime.date(2023, 4, 14), points=15, description="Karaoke night")
event = create_event.sync(client=client, body=body)
assert (event.user_id, event.points, event.description) == (77, 15, "Karaoke night"), event
listed = list_events.sync(client=client, user_id=77)
assert [one.id for one in listed.events] == [event.id], listed
print(get_score.sync(77, client=client).total_score)
"#;
    let output = program("python")
        .args(["-c", story])
        .current_dir(folder.path())
        .env("URL", server.url())
        .env("KEY", KEY)
        .env("no_proxy", "127.0.0.1")
        .output()
        .expect(HINT);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "15\n");
    assert_eq!(server.score(77), 15);
}
