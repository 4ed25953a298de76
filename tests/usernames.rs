//! Promise: nobody gets a username that can't be seen, that looks like another one by what can't be seen, or that stands for
//! another user.

use serde_json::json;

use crate::leaderboards::{assert_done, set_user};
use crate::support::{Server, run};

const UNSEEN: [&str; 16] = [
    "\u{200b}",
    "\u{3164}",
    "\u{115f}",
    "\u{1160}",
    "\u{ffa0}",
    "\u{2800}",
    "\u{e0041}",
    "\u{fe0f}",
    "ana\u{200b}",
    "a\u{200d}na",
    "a\u{200c}na",
    "\u{202e}ana",
    "ana\u{2066}",
    "a\u{ad}na",
    "\u{feff}ana\u{feff}",
    "ana\u{e0100}",
];

#[test]
fn a_username_holds_nothing_that_is_not_seen() {
    let server = Server::start();
    for username in UNSEEN {
        let reply = server.put("/admin/users/13", &json!({"username": username}));
        let sentence = "You supplied invalid parameters to the request: username";
        reply.assert_error(400, "invalid_parameters", sentence);
        let made = run(server.folder().path(), &["--database", "scores.db", "keys", "create", "--username", username]);
        assert_eq!(made.code, Some(2), "{username:?}: {made:?}");
    }
    assert_eq!(server.get("/admin/users/13").status, 404);
    for username in ["Zoë Ärger", "Жанна", "शिव", "한글", "a.b-c_d", "😀"] {
        set_user(&server, 13, &json!({"username": username}));
        assert_eq!(server.get("/admin/users/13").json()["username"], username);
    }
    // A full name is a text: emoji and scripts need what is not seen.
    let name = "👨\u{200d}👩\u{200d}👧 می\u{200c}خواهم";
    set_user(&server, 13, &json!({"name": name}));
    assert_eq!(server.get("/admin/users/13").json()["name"], name);
}

#[test]
fn a_name_that_was_stored_before_is_still_read() {
    let server = Server::start();
    let insert = "INSERT INTO users (id, username, folded) VALUES (13, ?1, ?1), (14, 'user-15', 'user-15')";
    server.sql().execute(insert, ["ana\u{200b}"]).expect("a user");
    assert_eq!(server.get("/admin/users/13").json()["username"], "ana\u{200b}");
    assert_eq!(server.get("/admin/users").json()["users"].as_array().map(Vec::len), Some(2));
    // Their other fields can be changed without a new name.
    set_user(&server, 13, &json!({"name": "Ana"}));
    set_user(&server, 14, &json!({"suspended": true}));
}

#[test]
fn user_n_is_the_name_of_user_n_alone() {
    let server = Server::start();
    for username in ["user-14", "USER-14", "User-2147483647"] {
        let reply = server.put("/admin/users/13", &json!({"username": username}));
        assert_eq!((reply.status, reply.error_type().as_str()), (422, "name_taken"), "{username}: {reply:?}");
    }
    for username in ["user-13", "User-13", "user-0", "user-014", "user-2147483648", "user-x", "user-"] {
        assert_done(&server.put("/admin/users/13", &json!({"username": username})));
    }
}
