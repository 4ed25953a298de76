//! Promise: a row of a user, a group or a leaderboard that another program has written and that can't be read stops nothing else, at
//! work and at a start; the log and `scorekeeper check` name it, and what it stands for can be set anew.

use serde_json::{Value, json};

use crate::leaderboards::{assert_done, assert_order, create_board, quick, set_board, set_group, set_user};
use crate::support::{Server, Setup, run};

const DAY: &str = "2023-04-14";

/// A member that Discourse's own system user is, one that is too large, a board with a day in another form, and names in Latin-1.
const BAD_ROWS: &str = "
    INSERT INTO group_members VALUES (1, -1), (1, 9999999999);
    INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, updated_at)
    VALUES (3, 'Spring', 'spring', -1, '2026-1-1', 0);
    UPDATE groups SET name = CAST(x'4aff' AS TEXT) WHERE id = 1;
    UPDATE users SET username = CAST(x'4aff' AS TEXT), name = CAST(x'ff' AS TEXT) WHERE id = 14";

const FAULTS: [&str; 6] = [
    "group 1 has the member -1, which can be no user and is left out",
    "group 1 has the member 9999999999, which can be no user and is left out",
    "user 14 has a username that is not UTF-8",
    "user 14 has a name that is not UTF-8",
    "group 1 has a name that is not UTF-8",
    "leaderboard 3 has a from_date that can't be read, and is left out",
];

const LOGGED: &str = "leaderboard 3 is left out, since its from_date can't be read";

/// A server with two users, of whom 13 alone is ranked on board 2.
fn two_boards() -> Server {
    let server = quick().start();
    set_user(&server, 14, &json!({"username": "jan"}));
    server.award(13, DAY, 5);
    server.award(14, DAY, 3);
    set_group(&server, 1, &[13]);
    assert_eq!(create_board(&server, "Second"), 2);
    set_board(&server, 2, json!({"included_groups_ids": [1]}));
    assert_order(&server, "/leaderboard/2", &[(13, 5)]);
    server
}

fn check(server: &Server) -> Vec<String> {
    let checked = run(server.folder().path(), &["--database", "scores.db", "check"]);
    checked.stdout.lines().map(str::to_owned).collect()
}

/// The numbers of the boards that are listed.
fn boards(server: &Server) -> Vec<i64> {
    let listed = server.get("/admin/plugins/gamification").json();
    let boards = listed["gamification_leaderboards"].as_array().expect("boards");
    boards.iter().map(|board| board["id"].as_i64().expect("an id")).collect()
}

#[track_caller]
fn assert_all_else_goes_on(server: &Server, score: i64) {
    assert_order(server, "/leaderboard/1", &[(13, score), (14, 3)]);
    assert_order(server, "/leaderboard/2", &[(13, score)]);
    assert_eq!(server.get("/users/13/score").json()["position"], 1);
    let groups = server.get("/admin/groups").json();
    assert_eq!(groups["groups"], json!([{"id": 1, "name": "J\u{fffd}", "user_ids": [13]}]));
    assert_eq!(server.get("/admin/groups/1").json(), groups["groups"][0]);
    let users = server.get("/admin/users").json();
    assert_eq!(users["users"][0]["username"], "J\u{fffd}", "{users}");
    assert_eq!(boards(server), [1, 2]);
    assert_eq!(server.get("/leaderboard/3").status, 404);
    assert_eq!(server.stderr().matches(LOGGED).count(), 1, "{}", server.stderr());
    assert!(!server.stderr().contains("could not be refreshed"), "{}", server.stderr());
    let export = |args: &[&str]| {
        let exported = run(server.folder().path(), &[&["--database", "scores.db", "export"], args].concat());
        assert_eq!(exported.code, Some(0), "{exported:?}");
        exported.stdout
    };
    assert_eq!(export(&["boards"]).lines().count(), 3);
    for table in [&["users"][..], &["events"], &["scores"], &["scores", "--user", "14"]] {
        assert!(export(table).contains("J\u{fffd},"), "{table:?}: {}", export(table));
    }
}

#[test]
fn bad_rows_of_other_programs_stop_nothing_else_and_are_named() {
    let server = two_boards();
    let sql = server.sql();
    sql.execute_batch(BAD_ROWS).expect("bad rows");
    server.award(13, DAY, 1);
    assert_all_else_goes_on(&server, 6);
    // Each change of another program has all read anew, and is no news of the bad rows.
    for score in 7..10 {
        sql.execute_batch("UPDATE users SET avatar_template = '/' || random() WHERE id = 14").expect("a change");
        server.award(13, DAY, 1);
        assert_all_else_goes_on(&server, score);
    }
    assert_eq!(check(&server), FAULTS);

    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_STANDINGS_EVERY", "100ms").start();
    assert_all_else_goes_on(&server, 9);
    server.award(13, DAY, 1);
    assert_all_else_goes_on(&server, 10);
}

#[test]
fn what_a_bad_row_stands_for_is_set_anew() {
    let server = two_boards();
    server.sql().execute_batch(BAD_ROWS).expect("bad rows");
    assert_order(&server, "/leaderboard/2", &[(13, 5)]);
    set_board(&server, 3, json!({"name": "Spring", "from_date": "2023-01-01"}));
    let newest = server.get("/admin/audit?limit=1").json()["entries"][0].clone();
    assert_eq!((&newest["action"], &newest["subject"]), (&json!("board.update"), &json!("board 3")), "{newest}");
    assert!(newest["before"].as_str().is_some_and(|line| line.contains("name that can't be read")), "{newest}");
    assert_order(&server, "/leaderboard/3", &[(13, 5), (14, 3)]);
    set_user(&server, 14, &json!({"username": "jan", "name": "Jan"}));
    set_group(&server, 1, &[13, 14]);
    assert_order(&server, "/leaderboard/2", &[(13, 5), (14, 3)]);
    assert_eq!(check(&server), ["ok"]);

    // It can be removed as well, and a member that is none does not keep a group or a user from that.
    server.sql().execute_batch("UPDATE leaderboards SET visible_to_groups_ids = '[0]' WHERE id = 3").expect("a change");
    server.sql().execute_batch("INSERT INTO group_members VALUES (1, 0)").expect("a change");
    assert_done(&server.delete("/admin/plugins/gamification/leaderboard/3"));
    let newest = server.get("/admin/audit?limit=1").json()["entries"][0].clone();
    assert_eq!((&newest["action"], &newest["before"]), (&json!("board.delete"), &json!("name that can't be read")));
    assert_done(&server.post("/admin/users/merge", &json!({"from_id": 14, "into_id": 13})));
    assert_done(&server.delete("/admin/groups/1"));
    assert_eq!(check(&server), ["ok"]);
}

#[test]
fn without_any_board_that_can_be_read_scores_are_served() {
    let server = quick().start();
    server.award(13, DAY, 5);
    server.sql().execute_batch("UPDATE leaderboards SET name = ' ' WHERE id = 1").expect("a change");
    let server = Setup::in_folder(server.stop()).env("SCOREKEEPER_STANDINGS_EVERY", "100ms").start();
    assert_eq!(server.get("/leaderboard").status, 404);
    assert_eq!(boards(&server), Vec::<i64>::new());
    let score = server.get("/users/13/score").json();
    assert_eq!((&score["total_score"], &score["position"]), (&json!(5), &json!(1)));
    assert_eq!(server.get("/health/ready").json(), json!({"status": "ok"}) as Value);
    set_board(&server, 1, json!({"name": "Global Leaderboard"}));
    assert_order(&server, "/leaderboard/1", &[(13, 5)]);
}
