//! Promise: a keeper who is signed in sees that on public pages, with what the key may do for the person whom the page is
//! about; nobody else sees it, and no cache keeps it.

use crate::support::browser::{Browser, unescape};
use crate::support::{Server, run, wait_for};

const BAR: &str = "aria-label=\"For keepers\"";

/// The addresses in the bar of a page.
fn links(page: &str) -> Vec<String> {
    let bar = page.split(BAR).nth(1).and_then(|rest| rest.split("</nav>").next());
    let bar = unescape(bar.unwrap_or_else(|| panic!("no bar: {page}")));
    bar.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn signed_in<'s>(server: &'s Server, scopes: &str, username: &str) -> Browser<'s> {
    let args = ["--database", "scores.db", "keys", "create", "--scopes", scopes];
    let browser = Browser::new(server);
    assert_eq!(browser.sign_in(run(server.folder().path(), &args).stdout.trim(), username).status, 303);
    browser
}

#[test]
fn the_bar_shows_who_is_signed_in_and_leads_where_the_key_opens() {
    let server = Server::start();
    server.award(13, "2023-04-14", 5);
    let all = Browser::signed_in(&server, "ana");
    let expected = [
        "/admin/award?user_id=13",
        "/admin/award?kind=redeem&user_id=13",
        "/admin/people/users/13",
        "/admin/events?user_id=13",
    ];
    for path in ["/users/13", "/leaderboard?for_user_id=13"] {
        let page = all.page(path);
        assert!(page.contains("Signed in as <bdi>ana</bdi>"), "{path}: {page}");
        assert_eq!(links(&page), expected, "{path}");
    }
    assert_eq!(links(&all.page("/leaderboard")), Vec::<String>::new());
    for link in expected {
        assert_eq!(all.get(link).status, 200, "{link}");
    }
    let award = all.page("/admin/award?user_id=13");
    assert!(award.contains("13"), "the person is filled in: {award}");
    for (scopes, some) in [
        ("events:read", vec!["/admin/events?user_id=13"]),
        ("events:award", vec!["/admin/award?user_id=13"]),
        ("users", vec![]),
        ("metrics", vec![]),
    ] {
        assert_eq!(links(&signed_in(&server, scopes, "bob").page("/users/13")), some, "{scopes}");
    }
}

#[test]
fn nobody_else_is_shown_the_bar() {
    let server = Server::start();
    server.award(13, "2023-04-14", 5);
    let (stranger, ana) = (Browser::new(&server), Browser::signed_in(&server, "ana"));
    for path in ["/leaderboard", "/leaderboard?for_user_id=13", "/users/13"] {
        let shown = wait_for("the page", || Some(ana.get(path)).filter(|reply| reply.status == 200));
        let cache = shown.header("Cache-Control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{path}: {cache}");
        assert!(shown.body.contains(BAR), "{path}");
        let page = stranger.page(path);
        assert!(!page.contains(BAR) && !page.contains("Signed in"), "{path}: {page}");
        assert!(ana.page(path).contains(BAR), "{path}: and not the page that is kept for all");
    }
    assert_eq!(ana.post("/admin/sign-out", &[]).status, 303);
    assert!(!ana.page("/users/13").contains(BAR));
}
