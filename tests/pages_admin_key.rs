//! Promise: a key is made with the rights that are ticked, and its page shows what it may do, from where, when it was used
//! and what was stored with it; there it is replaced and revoked.

use serde_json::json;

use crate::support::browser::{Browser, hidden, unescape};
use crate::support::{EVENTS, Reply, Server, run, wait_for};

const KEYS: &str = "/admin/keys";
const NEW: &str = "/admin/keys/new";

/// The key that a reply shows.
#[track_caller]
fn shown(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    let key = reply.body.split("<pre id=\"key\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    key.unwrap_or_else(|| panic!("no key: {reply:?}")).to_owned()
}

/// Signs in with a new key of the command line.
fn signed_in_with<'s>(server: &'s Server, args: &[&str]) -> Browser<'s> {
    let made = run(server.folder().path(), &[&["--database", "scores.db", "keys", "create"], args].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    let browser = Browser::new(server);
    assert_eq!(browser.sign_in(made.stdout.trim(), "ana").status, 303);
    browser
}

/// The boxes of the form: the names of those that are ticked, and of those that can't be.
fn boxes(page: &str) -> (Vec<String>, Vec<String>) {
    let inputs = page.split("<input type=\"checkbox\" name=\"scopes[]\" value=\"").skip(1);
    let inputs: Vec<&str> = inputs.filter_map(|rest| rest.split('>').next()).collect();
    assert_eq!(inputs.len(), 10, "{page}");
    let with = |word: &str| {
        let some = inputs.iter().filter(|input| input.contains(word));
        some.filter_map(|input| input.split('"').next()).map(str::to_owned).collect()
    };
    (with(" checked"), with(" disabled"))
}

#[test]
fn ready_made_sets_tick_what_they_are_for() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let all = boxes(&browser.page("/admin/keys/new?set=everything")).0;
    for (set, expected) in [
        ("shop", vec!["events:read", "events:deduct"]),
        ("giving", vec!["events:read", "events:award"]),
        ("looking", vec!["events:read", "export", "metrics"]),
        ("everything", all.iter().map(String::as_str).collect()),
        ("nonsense", vec![]),
    ] {
        let page = browser.page(&format!("{NEW}?set={set}"));
        assert_eq!(boxes(&page).0, expected, "{set}");
        assert_eq!(page.matches("aria-current=\"true\" href").count(), 0);
    }
    assert_eq!(all.len(), 10);
    let page = unescape(&browser.page(NEW));
    for part in ["Shop</a>", "Giving points</a>", "Looking</a>", "Everything</a>", "Take points, as a shop does."] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_key_may_what_was_ticked_from_where_it_was_said() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let fields = [
        ("key", "k1"),
        ("description", "the till"),
        ("scopes[]", "events:read"),
        ("scopes[]", "events:deduct"),
        ("networks", "127.0.0.0/8 2001:db8::/32"),
        ("expires_on", "9999-12-31"),
    ];
    let reply = browser.post(KEYS, &fields);
    let key = shown(&reply);
    assert!(unescape(&reply.body).contains("curl -X GET"), "a command that changes nothing: {reply:?}");
    let send = |points: i64| {
        let body = json!({"user_id": 13, "date": "2023-04-14", "points": points, "description": "a mug"});
        let request = server.anonymous("POST", EVENTS).header("Api-Key", &key).header("Api-Username", "till");
        request.json(&body).send().status
    };
    assert_eq!((send(-5), send(5)), (200, 403));
    server.award(14, "2023-04-14", 3);
    wait_for("the last use", || browser.page("/admin/keys/1").contains("from 127.0.0.1").then_some(()));
    let page = unescape(&browser.page("/admin/keys/1"));
    for part in [
        "the till",
        ">active</span>",
        "Look at events, users, groups, leaderboards and recalculations.",
        "Take points, as a shop does.",
        "all users",
        "127.0.0.0/8",
        "2001:db8::/32",
        "31 Dec 9999",
        "the configured key",
        "#1</a>",
        "a mug",
        "−5",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Give points") && !page.contains("#2</a>") && !page.contains(&key), "{page}");
    let found = browser.page("/admin/events?key_id=1");
    assert!(found.contains("/admin/events/1\"") && !found.contains("/admin/events/2\""), "{found}");
    // A form without a tick is shown again with what was typed.
    let none = browser.post(KEYS, &[("key", "k2"), ("description", "typed")]);
    assert!(none.status == 422 && none.body.contains("scopes-error") && none.body.contains("typed"), "{none:?}");
    assert_eq!(browser.get("/admin/keys/99").status, 404);
    assert_eq!(browser.get("/admin/keys/x").status, 404);
}

#[test]
fn a_key_offers_no_more_than_itself() {
    let server = Server::start();
    let args = ["--scopes", "events:read,events:award,keys", "--networks", "127.0.0.1", "--expires", "9999-06-30"];
    let browser = signed_in_with(&server, &args);
    let page = browser.page("/admin/keys/new?set=everything");
    let (ticked, disabled) = boxes(&page);
    assert_eq!(ticked, ["events:read", "events:award", "keys"]);
    assert_eq!(disabled.len(), 7);
    let page = unescape(&page);
    assert_eq!(page.matches("Your own key may not.").count(), 7);
    assert!(page.contains("All that yours may</a>") && page.contains("Giving points</a>"), "{page}");
    assert!(!page.contains(">Shop</a>") && !page.contains(">Looking</a>"), "{page}");
    assert!(page.contains("30 June 9999") && page.contains("127.0.0.1/32"), "{page}");
    let ticks = ("scopes[]", "events:read");
    for (field, value, status, says) in [
        ("scopes[]", "boards", 403, "Your own key may not set up leaderboards"),
        ("networks", "0.0.0.0/0", 422, "Your own key is for 127.0.0.1/32"),
        ("expires_on", "9999-12-31", 422, "Your own key ends on 9999-06-30"),
    ] {
        let reply = browser.post(KEYS, &[("key", "k1"), ticks, (field, value)]);
        assert_eq!(reply.status, status, "{field}: {reply:?}");
        assert!(unescape(&reply.body).contains(says), "{field}: {reply:?}");
    }
    shown(&browser.post(KEYS, &[("key", "k2"), ticks]));
    let page = unescape(&browser.page("/admin/keys/2"));
    assert!(page.contains("127.0.0.1/32") && page.contains("30 Jun 9999") && page.contains(">key 1</a>"), "{page}");
    // It can't replace what may do more than itself.
    signed_in_with(&server, &[]);
    assert_eq!(browser.post("/admin/keys/3/rotate", &[("key", "k3"), ("grace", "1")]).status, 403);
}

#[test]
fn a_key_is_replaced_and_the_old_one_lives_on_for_a_while() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let ticks = [("scopes[]", "events:read"), ("description", "the bot")];
    let old = shown(&browser.post(KEYS, &[&ticks as &[_], &[("key", "k1")]].concat()));
    let form = browser.page("/admin/keys/1/rotate");
    assert!(form.contains("the bot") && form.contains("value=\"24\" checked"), "{form}");
    assert_eq!(browser.post("/admin/keys/1/rotate", &[("key", "k2"), ("grace", "5")]).status, 422);
    let minted = hidden(&form, "key");
    let reply = browser.post("/admin/keys/1/rotate", &[("key", &minted), ("grace", "24")]);
    let new = shown(&reply);
    assert!(new != old && reply.body.contains("stays active until"), "{reply:?}");
    let list =
        |key: &str| server.anonymous("GET", EVENTS).header("Api-Key", key).header("Api-Username", "ana").send().status;
    assert_eq!((list(&old), list(&new)), (200, 200));
    let again = browser.post("/admin/keys/1/rotate", &[("key", &minted), ("grace", "24")]);
    assert!(again.body.contains("It was shown once already"), "{again:?}");
    let page = browser.page("/admin/keys/1");
    assert!(page.contains(">Key 2</a>") && !page.contains("/admin/keys/1/rotate"), "{page}");
    let twice = browser.post("/admin/keys/1/rotate", &[("key", "k3"), ("grace", "0")]);
    assert!(twice.status == 422 && unescape(&twice.body).contains("Key 2 has taken"), "{twice:?}");
    // At once.
    let newest = shown(&browser.post("/admin/keys/2/rotate", &[("key", "k4"), ("grace", "0")]));
    assert_eq!((list(&new), list(&newest)), (403, 200));
    let log = browser.page("/admin/audit?kind=key");
    assert!(log.contains("rotated") && ![&old, &new, &newest].iter().any(|key| log.contains(key.as_str())), "{log}");
    let (to, page) = browser.post_through("/admin/keys/3/revoke", &[]);
    assert!(to.starts_with("/admin/keys?") && page.contains("The key is revoked."), "{to}");
    assert!(browser.page("/admin/keys/3").contains(">revoked</span>"));
    assert_eq!(list(&newest), 403);
}

#[test]
fn a_key_without_a_harmless_command_shows_none() {
    let server = Server::start();
    let browser = Browser::signed_in(&server, "ana");
    let reply = browser.post(KEYS, &[("key", "k1"), ("scopes[]", "events:award")]);
    shown(&reply);
    assert!(!reply.body.contains("curl") && reply.body.contains("may not look at anything"), "{reply:?}");
}
