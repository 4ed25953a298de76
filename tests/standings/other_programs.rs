//! What other programs change in the file shows too, alone and beside all that this one changes.

use super::*;

#[test]
fn a_change_by_another_process_is_not_lost_with_a_failed_transaction() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, NEVER);
    world.award(1, world.today(), 5);
    world.refresh();
    let connection = world.other_program();
    world.compare_all(&connection).expect("boards as by SQL");
    connection
        .execute("INSERT INTO scores (month, user_id, day, score, events) VALUES (202603, 2, 31, 9, 1)", [])
        .expect("a score");
    let broken = |write: &Write<'_>| -> Result<(), StoreError> { Ok(write.connection.execute_batch("ROLLBACK")?) };
    assert!(world.store.writer().write_blocking(broken).is_err());
    world.award(3, world.today(), 4);
    world.refresh();
    world.compare_all(&connection).expect("boards with the other program's user");
}

#[test]
fn a_change_by_another_process_that_a_new_period_reads_shows_everywhere() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, NEVER);
    world.award(1, world.today(), 5);
    world.refresh();
    let connection = world.other_program();
    world.compare(&connection, 1, Period::AllTime).expect("a board as by SQL");
    connection
        .execute("INSERT INTO scores (month, user_id, day, score, events) VALUES (202603, 2, 31, 9, 1)", [])
        .expect("a score");
    // The standings do not look by themselves, but this reads the file.
    assert!(world.view(1, Period::Weekly).is_some());
    world.expect_settled();
}

#[test]
fn a_score_without_events_does_not_unsettle_the_sums() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, day("2026-03-30"), 10);
    let award = world.award(2, day("2026-03-31"), 10);
    world.award(2, day("2026-03-30"), 10);
    let connection = world.other_program();
    // What only a fault leaves: a sum of no events, and one that is too high by five.
    connection
        .execute_batch(
            "INSERT INTO scores (month, user_id, day, score, events) VALUES (202603, 1, 31, 5, 0);
             UPDATE scores SET score = score + 5 WHERE user_id = 2 AND date = '2026-03-31'",
        )
        .expect("scores");
    world.settle(&connection).expect("boards as by SQL");
    world.award(1, day("2026-03-31"), 3);
    world.settle(&connection).expect("boards after an award");
    world.write(move |write| score_events::delete(write, &Deletion { id: award, minimum_score: None }, &by()));
    world.settle(&connection).expect("boards after a deletion");
}

/// Commits stream in through the writer and past it, while somebody reads.
#[test]
fn changes_from_all_sides_at_once_end_in_what_sql_says() {
    const WRITERS: i64 = 3;
    const EVENTS: i64 = 150;
    for round in 0..3 {
        let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::RowNumber, Duration::from_millis(2));
        let today = world.today();
        world.write(|write| set_members(write, 1, &[3, 4]));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for thread in 0..WRITERS {
                let writer = world.store.writer().clone();
                threads.push(scope.spawn(move || {
                    for event in 0..EVENTS {
                        let user_id = 1 + (event * 7 + thread) % 20;
                        let date =
                            first_day(Period::ALL[(event % 5) as usize + 1], today) - Days::new((event % 2) as u64);
                        let id =
                            writer.write_blocking(move |write| award(write, user_id, date, event)).expect("stored");
                        if event % 3 == 0 {
                            writer
                                .write_blocking(move |write| {
                                    score_events::delete(write, &Deletion { id, minimum_score: None }, &by())
                                })
                                .expect("deleted");
                        }
                        if event % 50 == 49 {
                            let suspended = event % 100 == 49;
                            writer.write_blocking(move |write| suspend(write, user_id, suspended)).expect("suspended");
                        }
                    }
                }));
            }
            let file = world.file();
            threads.push(scope.spawn(move || {
                let mut connection = other_program(&file);
                for event in 0..EVENTS {
                    let transaction = connection
                        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                        .expect("a transaction");
                    let date = (today - Days::new((event % 9) as u64)).to_string();
                    let values = params![1 + (event * 11 + round) % 20, date, event];
                    let insert = "INSERT INTO score_events (user_id, date, points) VALUES (?1, ?2, ?3)";
                    transaction.execute(insert, values).expect("an event");
                    let add = "INSERT INTO scores (month, user_id, day, score, events)
                       VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, 1)
                               ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + 1";
                    transaction.execute(add, values).expect("a score");
                    transaction.commit().expect("a commit");
                }
            }));
            // What is seen meanwhile is at least a ranking.
            let done = &done;
            let standings = world.standings.clone();
            let reader = scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                while !done.load(Ordering::Relaxed) {
                    for period in Period::ALL {
                        let view = runtime.block_on(standings.view(key(1, period))).expect("a board");
                        let entries = view.ranked.entries();
                        let ordered = |pair: &[scorekeeper::standings::Entry]| {
                            (-pair[0].score, pair[0].user_id) < (-pair[1].score, pair[1].user_id)
                        };
                        assert!(entries.windows(2).all(ordered), "{:?}", rows(&entries));
                        let counted = entries.iter().zip(1..).all(|(entry, number)| entry.position == number);
                        assert!(counted, "{:?}", rows(&entries));
                    }
                }
            });
            let outcomes: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            done.store(true, Ordering::Relaxed);
            reader.join().expect("rankings in order");
            outcomes.into_iter().for_each(|outcome| outcome.expect("a thread that ends well"));
        });
        world.expect_settled();
    }
}
