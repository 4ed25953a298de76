//! Every page, light and dark, wide and narrow: what axe-core finds, whether it scrolls sideways, and what the console says.

use serde_json::json;

use super::signed_in;
use crate::support::run;

/// Pages by path, with what stands on them.
const PAGES: [&str; 31] = [
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
    "/admin/boards",
    "/admin/boards/1",
    "/admin/people",
    "/admin/people/users/13",
    "/admin/people/new-user",
    "/admin/keys",
    "/admin/recalculate",
    "/admin/sign-in",
    "/admin/award?kind=redeem&user_id=13",
    "/admin/boards/2/delete",
    "/admin/people/new-group",
    "/admin/people/groups/1",
    "/admin/people/groups/1/delete",
    "/admin/people/users/13/merge?into_id=14",
    "/admin/people/users/13/delete",
    "/admin/keys/1/revoke",
];

/// axe-core, which is no part of this project: a script out of the npm package of that name.
fn axe() -> String {
    let hint = "AXE_CORE names axe.min.js of the npm package axe-core: npm install axe-core";
    std::fs::read_to_string(std::env::var("AXE_CORE").expect(hint)).expect(hint)
}

/// Holds pages to what is asked of them, and returns what is wrong.
fn faults(chrome: &super::Chrome, url: &str, paths: &[&str]) -> Vec<String> {
    let axe = axe();
    let check = format!(
        "{axe}; const done = arguments[arguments.length - 1];
         axe.run(document, {{resultTypes: ['violations']}}).then(found => done(!found.passes.length ? ['nothing was looked at'] : found.violations
             .filter(violation => ['serious', 'critical'].includes(violation.impact))
             .map(violation => violation.id + ' ' + violation.nodes.map(node => node.target).join(' | '))));"
    );
    let mut faults = Vec::new();
    for (width, scheme) in [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")] {
        chrome.show(width, scheme);
        for path in paths {
            chrome.open(&format!("{url}{path}"));
            let violations = chrome.script_later(&check);
            if violations != json!([]) {
                faults.push(format!("{path} at {width} px, {scheme}: {violations}"));
            }
            let root = "document.documentElement";
            if chrome.script(&format!("return {root}.scrollWidth > {root}.clientWidth")) == true {
                faults.push(format!("{path} scrolls sideways at {width} px"));
            }
            // A page that says that something is not there has that status.
            chrome.assert_quiet(&["status of 404"]);
        }
    }
    faults
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
    let faults = faults(&chrome, &server.url(), &PAGES);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_page_is_accessible_without_data() {
    let (server, chrome) = signed_in();
    let faults = faults(&chrome, &server.url(), &PAGES);
    assert!(faults.is_empty(), "{faults:#?}");
}
