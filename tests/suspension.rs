//! Promise: whoever was suspended stays off the leaderboards when the directory forgets the rest, until somebody says
//! otherwise.

use serde_json::json;

use crate::leaderboards::{assert_done, assert_order, quick, set_user};
use crate::support::browser::Browser;
use crate::support::{Reply, Server, Setup};

const DAY: &str = "2023-04-14";

/// A server on which 13 has the most points and is suspended, and 14 has the rest.
fn with_a_suspended_user() -> Server {
    let server = quick().start();
    server.award(13, DAY, 100);
    server.award(14, DAY, 5);
    set_user(&server, 13, &json!({"username": "mallory", "suspended": true}));
    assert_order(&server, "/leaderboard/1", &[(14, 5)]);
    server
}

/// Whether both leave 13 out: the board now, and one that a new process reads from the file.
fn assert_left_out(server: Server) -> Server {
    assert_order(&server, "/leaderboard/1", &[(14, 5)]);
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_STANDINGS_EVERY", "100ms").start();
    assert_order(&server, "/leaderboard/1", &[(14, 5)]);
    server
}

#[test]
fn a_suspended_user_who_is_deleted_stays_off_the_boards() {
    let server = with_a_suspended_user();
    assert_done(&server.delete("/admin/users/13"));
    assert_eq!(server.get("/admin/users/13").status, 404);
    assert_eq!(server.delete("/admin/users/13").status, 404);
    let server = assert_left_out(server);
    assert_eq!(server.score(13), 100, "the points are kept");

    // Being named again, or having more points, is no pardon.
    server.award(13, DAY, 0);
    set_user(&server, 13, &json!({"username": "mallory2"}));
    assert_eq!(server.get("/admin/users/13").json()["suspended"], true);
    assert_done(&server.delete("/admin/users/13"));
    let server = assert_left_out(server);
    set_user(&server, 13, &json!({"username": "mallory", "suspended": false}));
    assert_order(&server, "/leaderboard/1", &[(13, 100), (14, 5)]);
    assert_done(&server.delete("/admin/users/13"));
    assert_order(&server, "/leaderboard/1", &[(13, 100), (14, 5)]);
}

#[test]
fn who_was_forgotten_is_released_without_a_name() {
    const NAME_MISSING: &str = "param is missing or the value is empty: username";
    let ways: [fn(&Server) -> Reply; 4] = [
        |server| server.request("PUT", "/admin/users/13").form("suspended=false").send(),
        |server| server.put("/admin/users/13", &json!({"suspended": false})),
        |server| server.put("/admin/users/13.json", &json!({"username": null, "name": "", "suspended": "false"})),
        |server| server.post("/admin/users/batch", &json!({"users": [{"id": 13, "suspended": false}]})),
    ];
    for release in ways {
        let server = with_a_suspended_user();
        release(&server);
        set_user(&server, 13, &json!({"suspended": true}));
        assert_done(&server.delete("/admin/users/13"));
        let boards = |server: &Server| assert_order(server, "/leaderboard/1", &[(13, 100), (14, 5)]);
        // A name in full can't be kept without a username, and another suspension can't be made.
        for no_release in [json!({"suspended": false, "name": "Mallory"}), json!({"suspended": true}), json!({})] {
            server.put("/admin/users/13", &no_release).assert_error(400, "invalid_parameters", NAME_MISSING);
        }
        assert_order(&server, "/leaderboard/1", &[(14, 5)]);
        assert_done(&release(&server));
        boards(&server);
        assert_eq!(server.get("/admin/users/13").status, 404, "no name is made up");
        let log = server.get("/admin/audit").json();
        let newest = &log["entries"][0];
        let told = ["action", "subject", "before", "after"].map(|name| newest[name].as_str().expect("a text"));
        assert_eq!(told, ["user.update", "user 13", "suspended yes", "suspended no"], "{log}");
        // Once released, the user is one like any other without a name.
        let again = release(&server);
        assert_eq!(again.status, 400, "{again:?}");
        assert_eq!(server.get("/admin/audit").json(), log);
        let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_STANDINGS_EVERY", "100ms").start();
        boards(&server);
    }
    let server = with_a_suspended_user();
    for nobody in [14, 15] {
        let reply = server.put(&format!("/admin/users/{nobody}"), &json!({"suspended": false}));
        reply.assert_error(400, "invalid_parameters", NAME_MISSING);
    }
}

#[test]
fn in_a_merge_the_user_who_stays_decides() {
    // A suspended user goes: the other one is on the boards, and the number begins anew.
    let server = with_a_suspended_user();
    assert_done(&server.delete("/admin/users/13"));
    assert_done(&server.post("/admin/users/merge", &json!({"from_id": 13, "into_id": 14})));
    assert_order(&server, "/leaderboard/1", &[(14, 105)]);
    server.award(13, DAY, 1);
    assert_order(&server, "/leaderboard/1", &[(14, 105), (13, 1)]);

    let server = with_a_suspended_user();
    assert_done(&server.post("/admin/users/merge", &json!({"from_id": 13, "into_id": 14})));
    server.award(13, DAY, 1);
    assert_order(&server, "/leaderboard/1", &[(14, 105), (13, 1)]);

    // A suspended user stays: all points are off the boards.
    let server = with_a_suspended_user();
    assert_done(&server.delete("/admin/users/13"));
    assert_done(&server.post("/admin/users/merge", &json!({"from_id": 14, "into_id": 13})));
    server.award(99, DAY, 2);
    assert_order(&server, "/leaderboard/1", &[(99, 2)]);
    assert_eq!(server.score(13), 105);
}

#[test]
fn the_administration_shows_who_was_forgotten_as_suspended() {
    let server = with_a_suspended_user();
    assert_done(&server.delete("/admin/users/13"));
    let browser = Browser::signed_in(&server, "ana");
    let page = browser.page("/admin/people/users/13");
    assert!(page.contains("not in the directory · suspended: on no leaderboard"), "{page}");
    assert!(page.contains("name=\"suspended\" value=\"true\" checked"), "{page}");

    // The empty box in the form of someone new is no pardon, the one that was emptied is.
    let form = [("id", "13"), ("username", "mallory")];
    let (to, page) = browser.post_through("/admin/people/new-user", &form);
    assert_eq!(to, "/admin/people/users/13?done=user-saved");
    assert!(page.contains("name=\"suspended\" value=\"true\" checked"), "{page}");
    assert_order(&server, "/leaderboard/1", &[(14, 5)]);
    browser.post_through("/admin/people/users/13", &[("username", "mallory")]);
    assert_order(&server, "/leaderboard/1", &[(13, 100), (14, 5)]);
}

#[test]
fn who_is_forgotten_and_still_suspended_is_told_to_keepers_with_the_way_to_lift_it() {
    let server = quick().start();
    server.award(13, "2023-04-14", 5);
    set_user(&server, 13, &json!({"username": "zoe", "suspended": true}));
    server.delete("/admin/users/13");
    let browser = Browser::signed_in(&server, "ana");
    let path = "/admin/people/users/13";
    let told = "the user is still suspended";
    let page = browser.page(path);
    assert!(page.contains(told) && page.contains("untick “Suspended”"), "{page}");
    assert!(page.contains("name=\"suspended\" value=\"true\" checked"), "{page}");
    browser.post_through(path, &[("username", "zoe")]);
    assert!(!browser.page(path).contains(told));
    assert_eq!(server.get("/admin/users/13").json()["suspended"], json!(false));

    // It can be lifted without giving a name.
    set_user(&server, 13, &json!({"suspended": true}));
    server.delete("/admin/users/13");
    let kept = browser.post(path, &[("username", ""), ("name", ""), ("avatar_template", ""), ("suspended", "true")]);
    assert_eq!(kept.status, 400, "{kept:?}");
    let (to, page) = browser.post_through(path, &[("username", ""), ("name", ""), ("avatar_template", "")]);
    assert_eq!(to, "/admin/people/users/13?done=user-saved");
    assert!(!page.contains(told) && page.contains("not in the directory"), "{page}");
    assert_order(&server, "/leaderboard/1", &[(13, 5)]);
}
