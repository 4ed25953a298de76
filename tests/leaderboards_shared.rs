//! Promise: what is committed shows soon, whoever wrote it: another program, another server, or many clients at once.

use serde_json::json;

use crate::leaderboards::{BOARDS, Ranks, assert_done, assert_order, assert_ranks, create_board, quick};
use crate::support::{EVENTS, Server, Setup, run};

/// A second server beside a first, on the same file.
fn quick_again(server: &Server) -> Server {
    Setup::in_folder(server.folder()).env("SCOREKEEPER_STANDINGS_EVERY", "100ms").start()
}

#[test]
fn what_another_process_changes_shows_too() {
    let server = quick().start();
    for user in 1..=3 {
        server.award(user, "2023-04-14", 100 - user);
    }
    assert_order(&server, "/leaderboard", &[(1, 99), (2, 98), (3, 97)]);
    let sql = server.sql();
    let execute = |statement: &str| sql.execute_batch(statement).expect("the statement runs");
    // A score, as a rebuild would write it; a name; a board.
    execute("UPDATE scores SET score = 200 WHERE user_id = 3");
    assert_order(&server, "/leaderboard", &[(3, 200), (1, 99), (2, 98)]);
    execute("INSERT INTO users (id, username, folded) VALUES (3, 'Cleo', 'cleo')");
    let name = || server.get("/leaderboard").json()["users"][0]["username"].clone();
    crate::support::wait_for("the new name", || (name() == "Cleo").then_some(()));
    execute("UPDATE users SET suspended = 1 WHERE id = 3");
    assert_order(&server, "/leaderboard", &[(1, 99), (2, 98)]);
    execute(
        "INSERT INTO leaderboards (name, folded, created_by_id, to_date, updated_at)
         VALUES ('By hand', 'by hand', 1, '2023-04-13', 0)",
    );
    crate::support::wait_for("the new board", || (server.get("/leaderboard/2").status == 200).then_some(()));
    assert_order(&server, "/leaderboard/2", &[]);
    // An event that only a backfill counts.
    execute(
        "UPDATE users SET suspended = 0; INSERT INTO score_events (user_id, date, points) VALUES (2, '2023-04-10', 7)",
    );
    let backfill = run(server.folder().path(), &["--database", "scores.db", "--backfill-from", "2023-04-01"]);
    assert!(backfill.stdout.contains(" 2 scores on 2 days were different"), "{backfill:?}");
    assert_order(&server, "/leaderboard", &[(2, 105), (1, 99), (3, 97)]);
    assert_order(&server, "/leaderboard/2", &[(2, 7)]);
    // And what this server writes afterwards is added to that.
    server.award(1, "2023-04-14", 10);
    assert_order(&server, "/leaderboard", &[(1, 109), (2, 105), (3, 97)]);
}

#[test]
fn two_servers_on_one_file_show_the_same() {
    let one = quick().start();
    let other = quick_again(&one);
    one.award(1, "2023-04-14", 10);
    other.award(2, "2023-04-14", 20);
    one.award(2, "2023-04-15", 1);
    for server in [&one, &other] {
        assert_order(server, "/leaderboard", &[(2, 21), (1, 10)]);
    }
    let board = create_board(&other, "From the other");
    let path = format!("/leaderboard/{board}");
    crate::support::wait_for("the other's board", || (one.get(&path).status == 200).then_some(()));
    assert_done(&one.post("/admin/users/merge", &json!({"from_id": 2, "into_id": 1})));
    for server in [&one, &other] {
        assert_order(server, &path, &[(1, 31)]);
    }
    assert_done(&one.delete(&format!("{BOARDS}/{board}")));
    crate::support::wait_for("the end of the board", || (other.get(&path).status == 404).then_some(()));
}

/// Six clients award, correct and delete at once, spread over `servers`.
fn write_at_once(servers: &[&Server]) {
    std::thread::scope(|scope| {
        for (client, server) in (0..6).zip(servers.iter().cycle()) {
            scope.spawn(move || {
                for turn in 0..40 {
                    let (user, date) = (1 + (client * 7 + turn * 3) % 20, format!("2023-04-{:02}", 1 + turn % 28));
                    let id = server.award(user, &date, (turn * 37 + client * 11) % 50 - 10)["id"].clone();
                    match turn % 4 {
                        0 => assert_eq!(server.put(EVENTS, &json!({"id": id, "points": turn})).status, 200),
                        1 => assert_eq!(server.delete(&format!("{EVENTS}/{id}")).status, 200),
                        2 => assert_eq!(server.get("/leaderboard?page=0").status, 200),
                        _ => {}
                    }
                }
            });
        }
    });
}

/// The first board as plain SQL works it out of the events.
fn by_sql(server: &Server) -> Ranks {
    let sql = server.sql();
    let query = "SELECT user_id, sum(points), dense_rank() OVER (ORDER BY sum(points) DESC)
                 FROM score_events GROUP BY user_id ORDER BY 2 DESC, 1";
    let mut statement = sql.prepare(query).expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("the sums");
    rows.collect::<Result<_, _>>().expect("rows")
}

#[test]
fn boards_end_up_with_what_many_clients_wrote_at_once() {
    let server = Server::start();
    write_at_once(&[&server]);
    let want = by_sql(&server);
    assert_eq!(want.len(), 20);
    assert_ranks(&server, "/leaderboard", &want);
}

#[test]
fn boards_end_up_with_what_two_servers_wrote_at_once() {
    let one = quick().start();
    let other = quick_again(&one);
    write_at_once(&[&one, &other]);
    let want = by_sql(&one);
    assert_eq!(want.len(), 20);
    for server in [&one, &other] {
        assert_ranks(server, "/leaderboard", &want);
    }
}

#[test]
fn a_total_is_that_of_the_file_at_once_whoever_changed_it() {
    // By themselves the standings look at the file only every half hour.
    let server = Setup::new().env("SCOREKEEPER_STANDINGS_EVERY", "1h").start();
    server.award(1, "2023-04-14", 10);
    assert_eq!(server.score(1), 10);
    let mut sql = server.sql();
    let mut add_by_another = |points: i64| {
        let transaction = sql.transaction().expect("a transaction");
        let event = "INSERT INTO score_events (user_id, date, points) VALUES (1, '2023-04-14', ?1)";
        transaction.execute(event, [points]).expect("an event");
        let score =
            "UPDATE scores SET score = score + ?1, events = events + 1 WHERE user_id = 1 AND date = '2023-04-14'";
        assert_eq!(transaction.execute(score, [points]).expect("a score"), 1);
        transaction.commit().expect("a commit");
    };
    let mut total = 10;
    for round in 0..30 {
        add_by_another(5);
        total += 5;
        assert_eq!(server.score(1), total, "round {round}");
        if round % 3 == 0 {
            server.award(1, "2023-04-14", 1);
            total += 1;
            assert_eq!(server.score(1), total, "round {round}, after an award");
        }
        if round % 4 == 0 {
            server.award(1, "2023-04-14", 1);
            add_by_another(2);
            total += 3;
        }
        assert_eq!(server.score(1), total, "round {round}, after both");
        assert_eq!(server.score(1), total, "round {round}, asked again");
    }
}
