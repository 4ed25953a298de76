//! Promise: nobody ends up nowhere. An address that does not exist is a page, with the tabs for whoever is signed in; and
//! what was typed into a form is not lost where the session has ended meanwhile.

use serde_json::json;

use crate::support::browser::{Browser, SIGN_IN, hidden, hidden_fields, unescape};
use crate::support::{KEY, Reply, Server, run};

const TABS: &str = "aria-label=\"Administration\"";

#[test]
fn an_address_that_does_not_exist_is_a_page_in_a_browser() {
    let server = Server::start();
    let (stranger, keeper) = (Browser::new(&server), Browser::signed_in(&server, "ana"));
    for path in
        ["/nowhere", "/admin/nowhere", "/admin/people/users/x", "/admin/boards/99", "/leaderboard/x", "/users/0"]
    {
        for browser in [&stranger, &keeper] {
            let reply = browser.get(path);
            if path.starts_with("/admin/b") || path.starts_with("/admin/p") {
                // Who is not signed in is asked to, before anything is said of what is there.
                assert!(matches!(reply.status, 303 | 404), "{path}: {reply:?}");
            } else {
                assert_eq!(reply.status, 404, "{path}: {reply:?}");
            }
            if reply.status == 404 {
                assert!(reply.body.starts_with("<!DOCTYPE html>"), "{path}: {}", reply.body);
            }
        }
        let reply = keeper.get(path);
        assert_eq!(reply.body.contains(TABS), path.starts_with("/admin"), "{path}: {}", reply.body);
        let json = server.get(path);
        json.assert_error(404, "not_found", "The requested URL or resource could not be found.");
    }
    let people = keeper.get("/admin/people/users/x").body;
    assert!(people.contains("<a href=\"/admin/people\" aria-current=\"page\">"), "{people}");
}

#[test]
fn a_slip_in_a_filter_is_told_beside_its_own_field() {
    let server = Server::start();
    let keeper = Browser::signed_in(&server, "ana");
    for (query, field) in [
        ("from_date=2023-02-30", "from_date"),
        ("to_date=x", "to_date"),
        ("user_id=0", "user_id"),
        ("user_id=2147483648", "user_id"),
        ("key_id=x", "key_id"),
    ] {
        let reply = keeper.get(&format!("/admin/events?{query}"));
        assert!(reply.status == 400 && reply.body.contains(TABS), "{query}: {reply:?}");
        assert!(reply.body.contains(&format!("id=\"{field}-error\">Enter ")), "{query}: {}", reply.body);
        assert!(!reply.body.contains("recalculation"), "{query}: {}", reply.body);
    }
}

/// Ends all sessions, as a restart of the server does.
fn end_session(browser: &Browser<'_>) {
    let tab = browser.tab();
    assert_eq!(tab.post("/admin/sign-out", &[]).status, 303);
}

/// Signs in with the form that a reply shows.
fn sign_in(browser: &Browser<'_>, shown: &Reply, username: &str) -> Reply {
    let (csrf, kept) = (hidden(&shown.body, "csrf"), hidden(&shown.body, "kept"));
    browser.submit(SIGN_IN, &[("csrf", &csrf), ("kept", &kept), ("key", KEY), ("username", username)])
}

/// The fields of the form that shows again what was typed.
fn fields(page: &str, action: &str) -> Vec<(String, String)> {
    hidden_fields(page, action)
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn a_form_that_comes_after_the_session_is_kept_until_one_has_signed_in() {
    let server = Server::start();
    server.award(13, "2023-04-14", 5);
    let browser = Browser::signed_in(&server, "ana");
    let token = browser.csrf();
    end_session(&browser);
    let typed = [
        ("csrf", token.as_str()),
        ("kind", "award"),
        ("user_id", "13"),
        ("points", "7"),
        ("date", "2023-04-15"),
        ("description", "Quiz <b>\nnight"),
    ];
    let lost = browser.submit("/admin/award/preview", &typed);
    assert_eq!(lost.status, 403, "{lost:?}");
    assert!(lost.body.contains("Your session has ended") && !lost.body.contains("Quiz"), "{}", lost.body);
    assert!(lost.body.contains("name=\"username\" type=\"text\" value=\"ana\""), "{}", lost.body);

    // A slip in the key loses nothing.
    let (csrf, kept) = (hidden(&lost.body, "csrf"), hidden(&lost.body, "kept"));
    let slip = browser.submit(SIGN_IN, &[("csrf", &csrf), ("kept", &kept), ("key", "sk_no"), ("username", "ana")]);
    assert_eq!((slip.status, hidden(&slip.body, "kept")), (403, kept));

    let to = sign_in(&browser, &slip, "ana").header("Location").expect("a place to go on").to_owned();
    let page = browser.page(&to);
    assert!(unescape(&page).contains("Quiz <b>\nnight") && page.contains(TABS), "{page}");
    assert_eq!(server.score(13), 5, "nothing is carried out by itself");
    let form = browser.submit("/admin/award/again", &borrowed(&fields(&page, "/admin/award/again")));
    assert!(form.status == 200 && form.body.contains("name=\"points\" type=\"number\" value=\"7\""), "{form:?}");

    // Any other form is sent as it was, by a button.
    let token = browser.csrf();
    end_session(&browser);
    let group = [("csrf", token.as_str()), ("id", "5"), ("name", "Club"), ("user_ids", "13\n14")];
    let lost = browser.submit("/admin/people/new-group", &group);
    let to = sign_in(&browser, &lost, "ANA").header("Location").expect("a place to go on").to_owned();
    let page = browser.page(&to);
    let again = fields(&page, "/admin/people/new-group");
    assert_eq!(server.get("/admin/groups/5").status, 404);
    assert_eq!(browser.submit("/admin/people/new-group", &borrowed(&again)).status, 303);
    assert_eq!(server.get("/admin/groups/5").json()["user_ids"], json!([13, 14]));
}

#[test]
fn nobody_else_sees_what_was_typed() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let token = browser.csrf();
    end_session(&browser);
    let typed = [("csrf", token.as_str()), ("key", "k"), ("name", "Secret plan")];
    let lost = browser.submit("/admin/boards", &typed);
    assert!(lost.status == 403 && !lost.body.contains("Secret plan"), "{lost:?}");
    let to = sign_in(&browser, &lost, "bob").header("Location").expect("a place").to_owned();
    let reply = browser.get(&to);
    assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin")));
    // It is gone, for ana too.
    let browser = Browser::signed_in(&server, "ana");
    assert_eq!(browser.get(&to).header("Location"), Some("/admin"));
    assert_eq!(browser.get("/admin/go-on?form=x").header("Location"), Some("/admin"));
    assert_eq!(Browser::new(&server).get(&to).status, 303, "who is not signed in is asked to");
}

#[test]
fn what_is_no_form_of_ours_is_not_kept() {
    let server = Server::start();
    let browser = Browser::new(&server);
    // Without the token of a form, nobody knows whose it is.
    for fields in [&[("name", "A")] as &[_], &[("csrf", "x"), ("name", "A")], &[("csrf", "x.zz"), ("name", "A")]] {
        let reply = browser.submit("/admin/boards", fields);
        assert!(reply.status == 403 && !reply.body.contains("name=\"kept\""), "{reply:?}");
        assert!(reply.body.contains("/admin/sign-in"), "{reply:?}");
    }
    // What a page of another site sends is not shown as if it had been typed here.
    let token = Browser::signed_in(&server, "ana").csrf();
    let body = format!("csrf={token}&name=Theirs");
    let foreign = server
        .anonymous("POST", "/admin/boards")
        .header("Accept", crate::support::browser::ACCEPT)
        .header("Sec-Fetch-Site", "cross-site")
        .form(&body)
        .send();
    assert!(foreign.status == 403 && !foreign.body.contains("name=\"kept\""), "{foreign:?}");
    // The API stays as it is.
    let merge = server.anonymous("POST", "/admin/users/merge").header("Accept", crate::support::browser::ACCEPT);
    let reply = merge.form(&format!("csrf={token}&from_id=1&into_id=2")).send();
    reply.assert_error(403, "not_logged_in", "You need to be logged in to do that.");
}

#[test]
fn a_form_of_an_earlier_session_can_be_sent_by_whoever_filled_it_in() {
    let server = Server::start();
    let first = Browser::signed_in(&server, "ana");
    let token = first.csrf();
    let again = Browser::signed_in(&server, "ana");
    let typed = [("csrf", token.as_str()), ("key", "k7"), ("name", "Autumn")];
    let late = again.submit("/admin/boards", &typed);
    assert!(late.status == 403 && late.body.contains("Autumn") && late.body.contains(TABS), "{late:?}");
    let fields = fields(&late.body, "/admin/boards");
    assert_eq!(again.submit("/admin/boards", &borrowed(&fields)).status, 303);
    let other = Browser::signed_in(&server, "bob").submit("/admin/boards", &typed);
    assert!(other.status == 403 && !other.body.contains("Autumn"), "{other:?}");
    // A form that is sent a second time with other values says so.
    let twice = again.post("/admin/boards", &[("key", "k7"), ("name", "Winter")]);
    assert!(twice.status == 422 && twice.body.contains("This form was sent before with other values"), "{twice:?}");
}

#[test]
fn a_key_that_only_reads_is_led_nowhere_that_refuses() {
    let server = Server::start();
    let args = ["--database", "scores.db", "keys", "create", "--read-only"];
    let key = run(server.folder().path(), &args).stdout;
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(key.trim(), "ana").status, 303);
    let page = browser.page("/admin/events");
    let tabs = page.split(TABS).nth(1).and_then(|rest| rest.split("</nav>").next()).expect("tabs");
    let paths: Vec<&str> = tabs.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!paths.contains(&"/admin/award") && paths.len() >= 3, "{paths:?}");
    for path in paths {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
}
