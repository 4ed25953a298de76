//! Every page, light and dark, wide and narrow: what axe-core finds, whether it scrolls sideways, and what the console says.

use std::sync::LazyLock;

use serde_json::json;

use super::chrome::{Chrome, ENTER};
use super::signed_in;
use crate::support::browser::Browser;
use crate::support::forum::{self, post};
use crate::support::{Server, run};

/// Pages by path, with what stands on them.
const PAGES: [&str; 44] = [
    "/docs",
    "/leaderboard",
    "/leaderboard?period=all_time&for_user_id=120",
    "/leaderboard?period=all_time&page=1",
    "/leaderboard?period=daily&find=nobody",
    "/leaderboard?page=99",
    "/leaderboard/999",
    "/users/13",
    "/users/13?range=all",
    "/users/999999",
    "/admin/events",
    "/admin/events?sign=award&text=nothing",
    "/admin/events/1",
    "/admin/events/1/delete",
    "/admin/events/999",
    "/admin/award",
    "/admin/award/many",
    "/admin/boards",
    "/admin/boards/1",
    "/admin/rules",
    "/admin/forum",
    "/admin/forum/secret",
    "/admin/people",
    "/admin/people?names=missing",
    "/admin/people?sort=activity",
    "/admin/people/users/13",
    "/admin/people/new-user",
    "/admin/people/many",
    "/admin/keys",
    "/admin/server",
    "/admin/audit",
    "/admin/audit?kind=rule",
    "/admin/sign-in",
    "/admin/award?kind=redeem&user_id=13",
    "/admin/boards/2/delete",
    "/admin/people/new-group",
    "/admin/people/groups/1",
    "/admin/people/groups/1/delete",
    "/admin/people/users/13/merge?into_id=14",
    "/admin/people/users/13/delete",
    "/admin/keys/1/revoke",
    "/admin/keys/1",
    "/admin/keys/new?set=shop",
    "/admin/keys/1/rotate",
];

/// What asks axe-core for the serious faults of the page that is shown. It is no part of this project: a script out of the
/// npm package of that name.
static CHECK: LazyLock<String> = LazyLock::new(|| {
    let hint = "AXE_CORE names axe.min.js of the npm package axe-core: npm install axe-core";
    let axe = std::fs::read_to_string(std::env::var("AXE_CORE").expect(hint)).expect(hint);
    format!(
        "{axe}; const done = arguments[arguments.length - 1];
         axe.run(document, {{resultTypes: ['violations']}}).then(found => done(!found.passes.length ? ['nothing was looked at'] : found.violations
             .filter(violation => ['serious', 'critical'].includes(violation.impact))
             .map(violation => violation.id + ' ' + violation.nodes.map(node => node.target).join(' | '))));"
    )
});

/// Widths and colours in which everything is looked at.
const SHOWN: [(u32, &str); 5] = [(1440, "light"), (1440, "dark"), (768, "light"), (360, "light"), (360, "dark")];

/// Holds pages to what is asked of them, and returns what is wrong. Those that are `missing` say so, all others are there.
fn faults(chrome: &Chrome, url: &str, paths: &[&str], missing: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (width, scheme) in SHOWN {
        chrome.show(width, scheme);
        for path in paths {
            chrome.open(&format!("{url}{path}"));
            let status = chrome.script("return performance.getEntriesByType('navigation')[0].responseStatus");
            let want = if missing.contains(path) { 404 } else { 200 };
            if status != want {
                faults.push(format!("{path} has the status {status}"));
            }
            faults.extend(faults_here(chrome, path, width, scheme));
            // A page that says that something is not there has that status.
            chrome.assert_quiet(&["status of 404"]);
        }
    }
    faults
}

/// What is wrong with the page that is shown.
fn faults_here(chrome: &Chrome, name: &str, width: u32, scheme: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let violations = chrome.script_later(&CHECK);
    if violations != json!([]) {
        faults.push(format!("{name} at {width} px, {scheme}: {violations}"));
    }
    let root = "document.documentElement";
    if chrome.script(&format!("return {root}.scrollWidth > {root}.clientWidth")) == true {
        faults.push(format!("{name} scrolls sideways at {width} px"));
    }
    faults
}

/// Makes the secret of a forum, and has something come from it: well signed, ignored, refused, and not signed.
fn make_forum_secret(server: &Server) {
    Browser::signed_in(server, "ana").post_through("/admin/forum/secret", &[]);
    let secret: String =
        server.sql().query_row("SELECT secret FROM webhook_secrets", [], |row| row.get(0)).expect("the secret");
    for (event, body) in [("post_created", post(1, 13)), ("ping", json!({})), ("post_created", json!({}))] {
        forum::delivery(server, &secret, event, body.to_string().as_bytes()).send();
    }
    assert_eq!(forum::unsigned(server, "post_created", b"{}").send().status, 403);
}

#[test]
fn every_page_is_accessible_with_data() {
    let (server, chrome) = signed_in();
    let today = chrono::Utc::now().date_naive();
    for user in 1..=130_i64 {
        let date = (today - chrono::Days::new(user.unsigned_abs() % 20)).to_string();
        server.award(user, &date, user % 7 * 3 - 2);
    }
    let made = [
        server.put("/admin/users/13", &json!({"username": "ada", "name": "Ada <b>Lovelace</b> \u{202e}"})),
        server.put("/admin/groups/1", &json!({"name": "staff", "user_ids": [13]})),
        server.post("/admin/plugins/gamification/leaderboard", &json!({"name": "Second", "created_by_id": 13})),
    ];
    assert!(made.iter().all(|reply| reply.status == 200), "{made:?}");
    let key = run(server.folder().path(), &["--database", "scores.db", "keys", "create"]);
    assert_eq!(key.code, Some(0), "{}", key.stderr);
    make_forum_secret(&server);
    let faults = faults(&chrome, &server.url(), &PAGES, &["/leaderboard/999", "/admin/events/999"]);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_page_is_accessible_without_data() {
    let (server, chrome) = signed_in();
    let missing = [
        "/leaderboard/999",
        "/admin/events/1",
        "/admin/events/1/delete",
        "/admin/events/999",
        "/admin/boards/2/delete",
        "/admin/people/groups/1",
        "/admin/people/groups/1/delete",
        "/admin/people/users/13/delete",
        "/admin/keys/1",
        "/admin/keys/1/rotate",
        "/admin/keys/1/revoke",
        "/admin/keys/1",
        "/admin/keys/1/rotate",
    ];
    let faults = faults(&chrome, &server.url(), &PAGES, &missing);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A page that only a form leads to.
struct Behind {
    name: &'static str,
    /// Where the form is.
    path: &'static str,
    /// Fields to fill in.
    fields: &'static [(&'static str, &'static str)],
    /// What then stands in the page.
    shows: &'static str,
}

#[test]
fn every_page_behind_a_form_is_accessible() {
    let (server, chrome) = signed_in();
    server.award(13, "2024-03-01", 30);
    let award = "/admin/award?kind=award";
    let redeem = "/admin/award?kind=redeem";
    let pages = [
        Behind {
            name: "preview",
            path: award,
            fields: &[("#user_id", "13"), ("#points", "5")],
            shows: "Award 5 points?",
        },
        Behind {
            name: "short",
            path: redeem,
            fields: &[("#user_id", "13"), ("#points", "31")],
            shows: "Not enough points",
        },
        Behind { name: "refused", path: award, fields: &[("#user_id", "0"), ("#points", "5")], shows: "Who is meant?" },
        Behind {
            name: "preview of several",
            path: award,
            fields: &[("#user_id", "13\n14"), ("#points", "5")],
            shows: "Award 5 points to 2 people?",
        },
        Behind {
            name: "preview of many",
            path: "/admin/award/many",
            fields: &[("#names", "user-13, once\n13\n14\n13"), ("#points", "5")],
            shows: "Leave out 1 bad line",
        },
        Behind {
            name: "preview of many users",
            path: "/admin/people/many",
            fields: &[("#table", "id,username\n13,ann\n14,ANN")],
            shows: "Leave out 1 bad line",
        },
        Behind {
            name: "many refused",
            path: "/admin/award/many",
            fields: &[("#names", "13"), ("#points", "0.5")],
            shows: "Enter a whole number",
        },
        Behind {
            name: "new key",
            path: "/admin/keys/new?set=shop",
            fields: &[("#description", "chat bot")],
            shows: "Here is the key",
        },
        Behind {
            name: "name taken",
            path: "/admin/boards",
            fields: &[("#name", "global leaderboard")],
            shows: "taken",
        },
    ];
    let mut faults = Vec::new();
    for (width, scheme) in SHOWN {
        chrome.show(width, scheme);
        for page in &pages {
            chrome.open(&format!("{}{}", server.url(), page.path));
            for (field, text) in page.fields {
                chrome.fill(field, text);
            }
            // What the browser itself would refuse is sent all the same.
            chrome.script("document.querySelectorAll('main form').forEach(form => form.noValidate = true)");
            chrome.click("main form button.primary");
            chrome.wait_for_text("main", page.shows);
            faults.extend(faults_here(&chrome, page.name, width, scheme));
            chrome.assert_quiet(&["status of 422", "status of 400"]);
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn signing_in_is_accessible_also_after_a_wrong_key() {
    let server = Server::start();
    let chrome = Chrome::start();
    let mut faults = Vec::new();
    for (width, scheme) in SHOWN {
        chrome.show(width, scheme);
        chrome.open(&format!("{}/admin/sign-in", server.url()));
        faults.extend(faults_here(&chrome, "sign-in", width, scheme));
        chrome.fill("#key", "no-such-key");
        chrome.fill("#username", "ana");
        chrome.press(ENTER);
        chrome.wait_for_text("main", "not");
        faults.extend(faults_here(&chrome, "a wrong key", width, scheme));
        chrome.assert_quiet(&["status of 403"]);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
