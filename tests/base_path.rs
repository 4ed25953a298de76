//! The promise: with `base_path` every address that the server sends begins with it, and a request is understood with the
//! path and without.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::json;

use crate::leaderboards::{quick, set_group, set_user};
use crate::settings::assert_refused;
use crate::support::browser::{ACCEPT, hidden, unescape};
use crate::support::forum::{HOOK, SECRET};
use crate::support::{EVENTS, KEY, Reply, Server, Setup, wait_for};

/// Where the server of these tests is shown.
pub const BASE: &str = "/points";

/// A server that a proxy shows under [`BASE`], with something on each page.
pub fn under_base() -> Setup {
    quick()
        .env("SCOREKEEPER_BASE_PATH", BASE)
        .env("SCOREKEEPER_ORIGINS", "https://club.example")
        .env("SCOREKEEPER_DISCOURSE_SECRET", SECRET)
}

/// Stores what pages show: more than a page of people, a group, an event with a history.
pub fn fill(server: &Server) {
    let events: Vec<_> =
        (1..=105).map(|id| json!({"user_id": id, "date": "2023-04-14", "points": id, "description": "a"})).collect();
    assert_eq!(server.post(&format!("{EVENTS}/batch"), &json!({"events": events})).status, 200);
    assert_eq!(server.put(EVENTS, &json!({"id": 1, "points": 7})).status, 200);
    set_user(server, 13, &json!({"username": "ann", "name": "Ann"}));
    set_group(server, 10, &[13]);
    wait_for("the standings", || {
        let users = server.get("/leaderboard/1").json()["users"].as_array().map_or(0, Vec::len);
        (users == 100).then_some(())
    });
}

/// Sends a request: method, path, headers and form.
pub type Ask<'a> = dyn Fn(&str, &str, &[(&str, &str)], Option<&str>) -> Reply + 'a;

/// A browser that follows the addresses of pages as they stand.
pub struct Walker<'a> {
    ask: &'a Ask<'a>,
    cookies: BTreeMap<String, String>,
}

impl<'a> Walker<'a> {
    /// A browser without cookies. `ask` sends its requests.
    pub fn new(ask: &'a Ask<'a>) -> Walker<'a> {
        Walker { ask, cookies: BTreeMap::new() }
    }

    /// Sends a request, and keeps the cookies of the reply. Each has to be for [`BASE`].
    pub fn send(&mut self, method: &str, path: &str, form: Option<&str>) -> Reply {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = vec![("Accept", ACCEPT)];
        let cookies = cookies.join("; ");
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let reply = (self.ask)(method, path, &headers, form);
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie")) {
            assert!(cookie.split("; ").any(|part| part == format!("Path={BASE}")), "{path}: {cookie}");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }

    /// Signs in with the form at that address.
    pub fn sign_in(&mut self, address: &str) -> Reply {
        let form = self.send("GET", address, None);
        let form = format!("csrf={}&key={KEY}&username=ana", hidden(&form.body, "csrf"));
        self.send("POST", address, Some(&form))
    }
}

/// The addresses in the tags of a page.
pub fn addresses(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let mut found = Vec::new();
    for tag in tags {
        for name in ["href=", "src=", "action=", "formaction=", "data-stream="] {
            for (at, _) in tag.match_indices(&format!(" {name}")) {
                let value = &tag[at + 1 + name.len()..];
                let value = match value.strip_prefix('"') {
                    Some(quoted) => quoted.split('"').next(),
                    None => value.split(' ').next(),
                };
                found.push(unescape(value.unwrap_or_default()));
            }
        }
    }
    found
}

/// What pages that differ only in a number or a query have in common.
fn kind_of(address: &str) -> String {
    address.split(['?', '#']).next().unwrap_or_default().replace(|c: char| c.is_ascii_digit(), "")
}

#[test]
fn every_link_of_every_page_leads_below_the_path() {
    let server = under_base().start();
    fill(&server);
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], form: Option<&str>| {
        let request = headers.iter().fold(server.anonymous(method, path), |r, (name, value)| r.header(name, value));
        form.map_or_else(
            || request,
            |form| {
                headers.iter().fold(server.anonymous(method, path), |r, (name, value)| r.header(name, value)).form(form)
            },
        )
        .send()
    };
    let mut walker = Walker::new(&ask);
    let signed_in = walker.sign_in(&format!("{BASE}/admin/sign-in"));
    assert_eq!((signed_in.status, signed_in.header("Location")), (303, Some("/points/admin")), "{signed_in:?}");
    let (mut seen, mut posted) = (BTreeSet::new(), BTreeSet::new());
    let mut left: VecDeque<String> =
        ["/points/", "/points/admin", "/points/embed/leaderboard/1", "/points/nothing"].map(str::to_owned).into();
    while let Some(address) = left.pop_front() {
        // Lists go on and on: of each kind of page two are enough.
        let of_kind = seen.iter().filter(|seen: &&String| kind_of(seen) == kind_of(&address)).count();
        if of_kind >= 2 || kind_of(&address).ends_with("/live") || !seen.insert(address.clone()) {
            continue;
        }
        let reply = walker.send("GET", &address, None);
        let is_form = posted.contains(&address) || address.ends_with("nothing");
        assert!(reply.status < 500 && (reply.status != 404 || is_form), "{address}: {reply:?}");
        let location = reply.header("Location").map(str::to_owned);
        let is_page = reply.header("Content-Type").is_some_and(|kind| kind.starts_with("text/html"));
        let found = if is_page { addresses(&reply.body) } else { Vec::new() };
        posted.extend(
            reply.body.split(" action=\"").skip(1).filter_map(|rest| rest.split(['"', '?']).next()).map(str::to_owned),
        );
        for to in found.into_iter().chain(location) {
            if to.starts_with('#') {
                continue;
            }
            let is_below = to == BASE || to.starts_with("/points/") && !to.starts_with("/points/points");
            assert!(is_below, "{address} leads to {to}");
            left.push_back(to.split('#').next().unwrap_or_default().to_owned());
        }
        if is_page {
            assert!(
                !reply.body.contains("'http://127.0.0.1:") || reply.body.contains("/points/admin/plugins"),
                "{address}"
            );
        }
    }
    let pages: Vec<&str> = ["/leaderboard/1", "/users/", "/admin/boards/1", "/admin/keys", "/admin/people", "/assets/"]
        .into_iter()
        .filter(|part| !seen.iter().any(|seen| seen.starts_with(&format!("{BASE}{part}"))))
        .collect();
    assert!(pages.is_empty() && seen.len() > 25, "{pages:?} were not reached: {seen:?}");
    // What a forum is to be given is an address below the path, too.
    let forum = walker.send("GET", &format!("{BASE}/admin/forum"), None).body;
    assert!(forum.contains(&format!("{}{BASE}{HOOK}</pre>", server.url())), "{forum}");
}

#[test]
fn a_request_is_understood_with_the_path_and_without_and_answered_with_it() {
    let server = under_base().start();
    fill(&server);
    for prefix in ["", BASE] {
        let list = server.get(&format!("{prefix}{EVENTS}.json?limit=1"));
        assert_eq!(list.header("Link"), Some(format!("<{BASE}{EVENTS}?limit=1&after=1>; rel=\"next\"").as_str()));
        let by_alias = format!("{prefix}/admin/plugins/discourse-gamification/score_events/");
        assert_eq!(server.get(&by_alias).status, 200);
        let user = &server.get(&format!("{prefix}/leaderboard/1?user_limit=1")).json()["users"][0];
        assert_eq!(user["avatar_template"], "/points/avatars/105/{size}.svg");
        assert_eq!(server.get(&format!("{prefix}/avatars/105/64.svg")).status, 200);
        let home = server.anonymous("GET", &format!("{prefix}/")).header("Accept", ACCEPT).send();
        assert_eq!(home.header("Location"), Some("/points/leaderboard"));
        let batch =
            json!({"events": [{"user_id": 1, "date": "2023-04-14", "points": 1, "description": "x".repeat(10_000)}]});
        assert_eq!(server.post(&format!("{prefix}{EVENTS}/batch"), &batch).status, 200);
        assert_eq!(server.anonymous("OPTIONS", &format!("{prefix}/leaderboard")).send().status, 204);
    }
    assert_eq!(server.get(BASE).status, server.get("/").status);
    for path in ["/points/points/leaderboard", "/pointsleaderboard", "/points/nothing"] {
        server.get(path).assert_error(404, "not_found", "The requested URL or resource could not be found.");
    }
}

#[test]
fn pictures_that_lie_beside_the_server_stay_where_they_are() {
    let server = under_base().start();
    server.award(13, "2023-04-14", 15);
    let elsewhere = "/user_avatar/club.example/ann/{size}/1.png";
    server.put("/admin/users/13", &json!({"username": "ann", "avatar_template": elsewhere}));
    assert_eq!(server.get("/admin/users/13").json()["avatar_template"], elsewhere);
    let page = wait_for("the page", || {
        let page = server.anonymous("GET", "/points/users/13").header("Accept", ACCEPT).send();
        page.body.contains("user_avatar").then_some(page.body)
    });
    assert!(page.contains("src=\"/user_avatar/club.example/ann/160/1.png\""), "{page}");
    // What the API told may be sent back.
    let told = server.get("/admin/users/14").json();
    assert_eq!(
        told["avatar_template"].as_str().unwrap_or("/points/avatars/14/{size}.svg"),
        "/points/avatars/14/{size}.svg"
    );
}

#[test]
fn the_first_key_comes_with_a_command_that_begins_with_the_path() {
    let server = Setup::new().without_env("SCOREKEEPER_API_KEY").env("SCOREKEEPER_BASE_PATH", "/points/").start();
    let url = format!("curl '{}/points/admin/plugins/gamification/score_events'", server.url());
    wait_for("the command", || server.stderr().contains(&url).then_some(()));
}

#[test]
fn what_is_no_path_or_one_of_the_servers_own_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    for value in ["points", "/a b", "/a//b", "/../a", "https://club.example/points", "/ä"] {
        let line = ["scorekeeper: setting base_path: ", "such as \"/points\""];
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_BASE_PATH", value)], &line);
    }
    for value in ["/leaderboard", "/admin/points", "/users", "/embed"] {
        let line = ["scorekeeper: setting base_path: ", value, "a path of the server itself"];
        assert_refused(folder.path(), &[], &[("SCOREKEEPER_BASE_PATH", value)], &line);
    }
}
