//! Promise: the log of administration can be read in the browser, a page at a time, also of one kind of thing.

use serde_json::json;

use crate::support::browser::{Browser, unescape};
use crate::support::{Server, run};

const LOG: &str = "/admin/audit";

/// What stands in the rows of the table, as it is read.
fn rows(page: &str) -> Vec<String> {
    let body = page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).unwrap_or_default();
    let rows = body.split("</tr>").filter(|row| row.contains("<tr>"));
    let text = |row: &str| {
        let pieces = row.split('<').filter_map(|piece| piece.split_once('>').map(|(_, text)| text.trim()));
        pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
    };
    rows.map(|row| unescape(&text(row))).collect()
}

#[test]
fn changes_are_read_newest_first_with_who_made_them() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let empty = browser.page(LOG);
    assert!(empty.contains("Nothing was changed yet") && rows(&empty).is_empty(), "{empty}");
    server.put("/admin/users/13", &json!({"username": "ann", "name": "<b>\u{202e}"}));
    browser.post("/admin/people/users/13", &[("username", "anna"), ("name", "")]);
    let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    server.delete("/admin/users/13");
    let page = browser.page(LOG);
    let shown = rows(&page);
    assert_eq!(shown.len(), 4, "{shown:?}");
    for (row, parts) in shown.iter().zip([
        ["system the configured key, 127.0.0.1", "deleted user 13", "username \"anna\", suspended no –"],
        ["system the command line", "made key 1", "all users"],
        ["ana the configured key, 127.0.0.1", "changed user 13", "username \"anna\", no name"],
        ["system the configured key, 127.0.0.1", "made user 13", "– username \"ann\", name \"<b> \""],
    ]) {
        for part in parts {
            assert!(row.contains(part), "{part} is not in {row}");
        }
    }
    assert!(!page.contains(made.stdout.trim()), "no key is shown");
    assert!(page.contains("<a href=\"/admin/people/users/13\">user 13</a>"), "{page}");
    // One kind.
    let keys = browser.page("/admin/audit?kind=key");
    assert!(keys.contains("value=\"key\" selected"), "{keys}");
    assert!(rows(&keys).iter().all(|row| row.contains("made key 1")), "{keys}");
    assert!(browser.page("/admin/audit?kind=rule").contains("Nothing of this kind was changed"));
    let bad = browser.get("/admin/audit?kind=colour");
    assert!(bad.status == 400 && bad.body.contains("Enter key, board"), "{bad:?}");
}

#[test]
fn a_long_log_comes_in_pages() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    server
        .sql()
        .execute_batch(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 120)
             INSERT INTO audit_entries (at, by, action, subject, after)
             SELECT unixepoch('now') * 1000, 'ana', CASE n % 2 WHEN 0 THEN 'user.create' ELSE 'group.create' END,
                    'user ' || n, 'number ' || n FROM numbers",
        )
        .expect("entries");
    let all = |first: &str| {
        let (mut seen, mut next, mut pages) = (Vec::new(), Some(first.to_owned()), 0);
        while let Some(path) = next {
            let page = browser.page(&path);
            seen.extend(rows(&page));
            pages += 1;
            let link = page.split("class=\"button\" href=\"").find(|rest| rest.contains("rel=\"next\""));
            let link = link.and_then(|rest| rest.split('"').next()).map(unescape);
            next = link.filter(|_| page.contains("rel=\"next\""));
        }
        (seen.len(), pages)
    };
    assert_eq!(all(LOG), (120, 3));
    assert_eq!(all("/admin/audit?kind=group"), (60, 2));
    assert!(browser.page("/admin/audit?after=1").contains("There is nothing older"));
}
