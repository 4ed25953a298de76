//! Promise: the pages of a server that only reads say where changes are made, and show no form that could not be stored.

use crate::support::browser::{Browser, hidden, unescape};
use crate::support::replica::{ELSEWHERE, Replica};
use crate::support::{Server, wait_for};

/// The pages that are for reading.
const PAGES: [&str; 12] = [
    "/admin/events",
    "/admin/events/1",
    "/admin/boards",
    "/admin/boards/1",
    "/admin/rules",
    "/admin/people",
    "/admin/people/users/13",
    "/admin/keys",
    "/admin/server",
    "/admin/audit",
    "/leaderboard",
    "/users/13",
];

/// The pages that are nothing but a form.
const FORMS: [&str; 8] = [
    "/admin/award",
    "/admin/award/many",
    "/admin/events/1/delete",
    "/admin/boards/1/delete",
    "/admin/people/many",
    "/admin/people/new-group",
    "/admin/keys/new",
    "/admin/forum/secret",
];

#[test]
fn whoever_signs_in_reads_everything_and_is_told_where_to_change_it() {
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    let replica = Replica::of(&origin);
    let follower = replica.setup().start();
    wait_for("the board", || (follower.get("/leaderboard/1").status == 200).then_some(()));
    let browser = Browser::signed_in(&follower, "ana");
    for path in PAGES {
        let page = browser.page(path);
        // What is stored is shown in the fields of forms that can't be sent. Those that can be change nothing but a cookie.
        let forms = page.split("<form").skip(1).map(|form| form.split("</form>").next().expect("a form"));
        let sendable = forms.filter(|form| form.contains("method=\"post\"") && form.contains("<button"));
        for form in sendable {
            let only_a_cookie = ["action=\"/admin/sign-out\"", "action=\"/users/13/me\""];
            assert!(only_a_cookie.iter().any(|action| form.contains(action)), "{path}: {form}");
        }
        assert!(!page.contains("href=\"/admin/award"), "{path} leads to a form");
        let told = format!("Changes are made at <a href=\"{ELSEWHERE}/admin\">");
        assert_eq!(unescape(&page).contains(&told), path.starts_with("/admin"), "{path}: {page}");
    }
    let server = browser.page("/admin/server");
    assert!(server.contains(&format!("<dt>A copy of</dt><dd>{ELSEWHERE}</dd>")), "{server}");
    assert!(server.contains("<dt>Last applied</dt>") && !server.contains("<dt>Backups</dt>"), "{server}");
    assert!(!server.contains("Recalculate"), "{server}");
    for path in FORMS {
        let reply = browser.get(path);
        let told = format!("This server only reads; changes are made at {ELSEWHERE}");
        assert_eq!(reply.status, 503, "{path}: {}", reply.body);
        assert!(unescape(&reply.body).contains(&told), "{path}: {}", reply.body);
    }
    // A form that was opened elsewhere is refused with the same words.
    let csrf = hidden(&browser.page("/admin/events"), "csrf");
    let event = [("csrf", csrf.as_str()), ("people", "13"), ("points", "5"), ("date", "2023-04-14"), ("kind", "award")];
    let reply = browser.post("/admin/award", &event);
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert!(reply.body.contains("Only for reading"), "{}", reply.body);
    assert_eq!(browser.post("/admin/sign-out", &[("csrf", &csrf)]).status, 303);
    assert_eq!(follower.score(13), 15);
}
