//! Promise: the page of the server tells of the files, the backups and the refused requests, to those whose key may know; a backup
//! is made and taken there with a key that may export and manage keys.

use crate::support::browser::{Browser, SIGN_IN};
use crate::support::keys::make_key;
use crate::support::{EVENTS, Setup, run, wait_for};

const PAGE: &str = "/admin/server";
const BACKUP: &str = "/admin/server/backup";

#[test]
fn a_backup_is_made_and_taken_in_the_browser() {
    let server = Setup::new().env("SCOREKEEPER_BACKUP_FOLDER", "backups").start();
    server.award(13, "2023-04-14", 15);
    let browser = Browser::signed_in(&server, "ana");
    let download =
        |page: &str| page.split("Download the newest: ").nth(1).map(|rest| rest.chars().take(31).collect::<String>());
    let first = wait_for("the backup of the start", || download(&browser.page(PAGE)));
    let (to, _) = browser.post_through(BACKUP, &[]);
    assert_eq!(to, PAGE);
    let newest = wait_for("another backup", || download(&browser.page(PAGE)).filter(|name| *name != first));
    let cookie = format!("scorekeeper_session={}", browser.cookie("scorekeeper_session").expect("a session"));
    let ask = format!(
        "GET {BACKUP} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    );
    let reply = server.raw_bytes(ask.as_bytes());
    let end = reply.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&reply[..end]).to_lowercase();
    assert!(head.starts_with("http/1.1 200 ") && head.contains("cache-control: no-store"), "{head}");
    assert!(head.contains(&format!("attachment; filename=\"{}\"", newest.to_lowercase())), "{head}");
    let made = std::fs::read(server.folder().path().join("backups").join(&newest)).expect("a file");
    assert!(reply[end + 4..] == made, "what was taken is the file");
    let checked = run(server.folder().path(), &["--database", &format!("backups/{newest}"), "check"]);
    assert_eq!(checked.stdout, "ok\n");
}

#[test]
fn what_is_known_of_the_server_is_told_by_what_a_key_may() {
    let setup = Setup::new();
    let reader = make_key(setup.folder(), &["--scopes", "events:read"]);
    let server = setup.start();
    assert_eq!(server.post(EVENTS, &serde_json::json!({"user_id": 0})).status, 400);
    let browser = Browser::signed_in(&server, "ana");
    let page = browser.page(PAGE);
    for part in ["Database", "Free on its disk", "Last check of scores", "backup_folder", "Refused lately"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("invalid_parameters") && page.contains(EVENTS), "{page}");
    assert_eq!(browser.get(BACKUP).status, 404, "there is none");
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&reader, "bob").status, 303);
    let page = browser.page(PAGE);
    assert!(page.contains("Database") && !page.contains("Refused lately") && !page.contains("Back up now"), "{page}");
    assert_eq!(browser.get(BACKUP).status, 403);
    assert_eq!(Browser::new(&server).get(BACKUP).header("Location").map(|to| to.starts_with(SIGN_IN)), Some(true));
}
