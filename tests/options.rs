//! The promise: `OPTIONS` of a path that there is names its methods, whoever asks; of any other it is a 404.

use crate::support::{EVENTS, RECALCULATE, Server, Setup};

/// What `OPTIONS` says of a path, without a key.
#[track_caller]
fn allowed(server: &Server, path: &str) -> String {
    let reply = server.anonymous("OPTIONS", path).send();
    assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{path}: {reply:?}");
    assert!(reply.header("X-Request-Id").is_some(), "{path}: {reply:?}");
    assert_eq!(reply.header("Access-Control-Allow-Origin"), None, "{path}: {reply:?}");
    reply.header("Allow").unwrap_or_else(|| panic!("{path}: {reply:?}")).to_owned()
}

#[test]
fn options_names_all_methods_of_a_path_however_it_is_written() {
    let server = Server::start();
    for (path, methods) in [
        (EVENTS, "GET, HEAD, POST, PUT, OPTIONS"),
        (&format!("{EVENTS}.json"), "GET, HEAD, POST, PUT, OPTIONS"),
        (&format!("{EVENTS}/"), "GET, HEAD, POST, PUT, OPTIONS"),
        (&format!("{EVENTS}?limit=x"), "GET, HEAD, POST, PUT, OPTIONS"),
        ("/admin/plugins/discourse-gamification/score_events.json", "GET, HEAD, POST, PUT, OPTIONS"),
        (&format!("{EVENTS}/1"), "GET, HEAD, DELETE, OPTIONS"),
        (&format!("{EVENTS}/1/history"), "GET, HEAD, OPTIONS"),
        (RECALCULATE, "GET, HEAD, PUT, OPTIONS"),
        ("/leaderboard", "GET, HEAD, OPTIONS"),
        ("/leaderboard/1/live", "GET, HEAD, OPTIONS"),
        ("/admin/plugins/gamification/leaderboard", "POST, OPTIONS"),
        ("/admin/plugins/gamification/leaderboard/1", "PUT, DELETE, OPTIONS"),
        ("/admin/users/merge", "POST, OPTIONS"),
        ("/admin/users/13", "GET, HEAD, PUT, DELETE, OPTIONS"),
        (&format!("{EVENTS}/batch"), "POST, OPTIONS"),
        ("/admin/sign-in", "GET, HEAD, POST, OPTIONS"),
        ("/avatars/13/48.svg", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        assert_eq!(allowed(&server, path), methods, "{path}");
    }
}

#[test]
fn options_of_an_unknown_path_is_a_404_in_json_whatever_accept_says() {
    let server = Server::start();
    for path in ["/nothing", "/leaderboard/1/nothing", "/users/13/score/more", &format!("{EVENTS}/1/nothing")] {
        for accept in ["*/*", "text/html"] {
            let reply = server.anonymous("OPTIONS", path).header("Accept", accept).send();
            reply.assert_error(404, "not_found", "The requested URL or resource could not be found.");
        }
    }
}

#[test]
fn options_needs_no_key_where_reading_does() {
    let server = Setup::new().env("SCOREKEEPER_PUBLIC", "false").start();
    assert_eq!(allowed(&server, "/leaderboard/1"), "GET, HEAD, OPTIONS");
    let wrong_key = server.anonymous("OPTIONS", EVENTS).header("API-Key", "another").send();
    assert_eq!(wrong_key.status, 204);
}
