//! Midnight, and a clock that jumps: the windows follow.

use super::*;

/// Points of a different size on each day of a good year, for two users.
fn award_each_day(world: &World, last: NaiveDate, days: u64) {
    world.write(move |write| {
        for ago in 0..days {
            let date = last - Days::new(ago);
            award(write, 1, date, 3 + ago as i64)?;
            award(write, 2 + (ago % 5) as i64, date, 1000 - 2 * ago as i64)?;
        }
        Ok(())
    });
}

/// Waits until views that were taken long ago show what SQL says, without asking for anything.
fn await_unasked(world: &World, views: &[tokio::sync::watch::Receiver<Option<Arc<View>>>]) {
    let connection = world.other_program();
    let deadline = Instant::now() + PATIENCE;
    for (period, view) in Period::ALL.into_iter().zip(views) {
        let want = by_sql(&connection, 1, period, world.today(), world.ranking);
        loop {
            let ranked = view.borrow().as_ref().map(|view| Arc::clone(&view.ranked));
            let fault = match ranked {
                Some(ranked) => agree(&ranked, &want).err(),
                None => Some("not there".to_owned()),
            };
            let Some(fault) = fault else { break };
            assert!(Instant::now() < deadline, "{period} on {}: {fault}", world.today());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn midnight_slides_every_window_with_no_request() {
    // Berlin is an hour ahead of UTC, two from the last Sunday of March on.
    for (evening, night) in [
        ("2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z"),
        ("2024-02-28T22:59:59Z", "2024-02-28T23:00:00Z"),
        ("2024-02-29T22:59:59Z", "2024-02-29T23:00:00Z"),
        ("2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z"),
        ("2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"),
    ] {
        let world = World::new(evening, "Europe/Berlin", Ranking::DenseRank, SOON);
        let evening = world.today();
        award_each_day(&world, evening + Days::new(3), 380);
        world.expect_settled();
        let views = Period::ALL.map(|period| world.standings.watch(key(1, period)));
        world.clock.set(moment(night));
        assert_eq!(world.today(), evening + Days::new(1));
        await_unasked(&world, &views);
    }
}

#[test]
fn the_standings_of_yesterday_are_right_and_points_of_today_do_not_change_them() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::Rank, SOON);
    award_each_day(&world, world.today(), 400);
    world.expect_settled();
    let connection = world.other_program();
    let yesterday = |period: Period| {
        let view = world.runtime.block_on(world.standings.view(key(1, period).yesterday())).expect("yesterday's board");
        let want = by_sql(&connection, 1, period, world.today() - Days::new(1), world.ranking);
        agree(&view.ranked, &want).map(|()| view.version())
    };
    let before = Period::ALL.map(|period| yesterday(period).expect("a board as by SQL"));
    world.award(3, world.today(), 5000);
    world.award(9, world.today(), 1);
    world.refresh();
    let after = Period::ALL.map(|period| yesterday(period).expect("a board as by SQL"));
    assert_eq!(after, before);
    world.award(3, world.today() - Days::new(1), 5000);
    world.refresh();
    let after = Period::ALL.map(|period| yesterday(period).expect("a board as by SQL"));
    assert!(after.iter().zip(&before).all(|(after, before)| after != before), "{after:?}");
    // At midnight, today's standings become yesterday's.
    world.clock.set(moment("2026-04-01T00:00:01Z"));
    world.expect_settled();
    for period in Period::ALL {
        yesterday(period).expect("a board as by SQL");
    }
}

#[test]
fn a_clock_that_jumps_gives_right_boards_again() {
    let world = World::new("2026-01-01T08:00:00Z", "UTC", Ranking::Rank, SOON);
    award_each_day(&world, day("2026-02-10"), 500);
    world.expect_settled();
    let views = Period::ALL.map(|period| world.standings.watch(key(1, period)));
    for now in [
        "2025-12-31T08:00:00Z", // a day back
        "2026-01-01T08:00:00Z", // and forward again
        "2026-01-02T00:00:00Z",
        "2026-01-10T00:00:00Z", // as far as windows slide
        "2026-01-19T00:00:00Z", // beyond
        "2025-12-01T23:59:59Z", // weeks back
        "2031-06-30T12:00:00Z", // years ahead: nothing is left but of all time
        "0001-01-01T00:00:00Z", // before anything
        "2026-01-31T12:00:00Z",
    ] {
        world.clock.set(moment(now));
        await_unasked(&world, &views);
    }
}

#[test]
fn what_changes_at_midnight_is_counted_once() {
    let world = World::new("2026-03-31T23:59:00Z", "UTC", Ranking::RowNumber, SOON);
    award_each_day(&world, day("2026-04-03"), 400);
    world.expect_settled();
    let connection = world.other_program();
    for night in 0..6 {
        // The clock moves while awards are on their way: for the day that ends, the one that begins, and those at the
        // other ends of the windows.
        let today = world.today();
        let midnight = today.and_hms_opt(0, 0, 0).expect("a midnight").and_utc() + Days::new(1);
        let mut waiting = Vec::new();
        for count in 0..40 {
            let period = Period::ALL[count % 5 + 1];
            let date = if count % 2 == 0 { first_day(period, today) } else { today + Days::new(1) };
            let write = move |write: &Write<'_>| award(write, 1 + count as i64 % 7, date, night + count as i64);
            waiting.push(world.store.writer().submit(write).expect("room in the queue"));
            if count == 20 {
                world.clock.set(Timestamp::new(midnight));
            }
        }
        for answer in waiting {
            answer.blocking_recv().expect("an answer").expect("stored");
        }
        world.settle(&connection).expect("boards as by SQL");
    }
}
