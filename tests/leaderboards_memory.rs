//! Promise: leaderboards take no more memory than they may; what is let go is told once, and is there again when somebody asks.

use crate::leaderboards::quick;
use crate::support::wait_for;

/// More users than a megabyte holds once.
const USERS: i64 = 60_000;

#[test]
fn what_there_is_no_room_for_is_built_again_when_it_is_asked_for() {
    let server = quick().env("SCOREKEEPER_STANDINGS_MEMORY", "1").start();
    let today = chrono::Utc::now().date_naive();
    let (month, day) = (today.format("%Y%m").to_string(), today.format("%-d").to_string());
    server
        .sql()
        .execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
             INSERT INTO scores (month, user_id, day, score, events) SELECT ?2, n, ?3, n, 1 FROM numbers",
            (USERS, month, day),
        )
        .expect("scores");
    let leads = |period: &str, want: i64| {
        wait_for(&format!("the standings, {period}"), || {
            let reply = server.get(&format!("/leaderboard?period={period}"));
            (reply.status == 200)
                .then(|| reply.json()["users"][0]["total_score"].as_i64())
                .flatten()
                .filter(|top| *top == want)
        });
    };
    for round in 0..3 {
        for period in ["all_time", "weekly", "yearly"] {
            leads(period, USERS + round);
        }
        server.award(USERS, &today.to_string(), 1);
    }
    assert_eq!(server.score(USERS), USERS + 3);
    wait_for("a line about memory", || server.stderr().contains("standings_memory").then_some(()));
    leads("monthly", USERS + 3);
    let told = server.log();
    assert_eq!(told.lines().filter(|line| line.contains("standings_memory")).count(), 1, "{told}");
}
