//! What is kept of a view for all who read it, when a view is another, and what those hear who watch a board.

use scorekeeper::domain::LeaderboardSettings;
use scorekeeper::standings::RenderingKey;

use super::*;

/// Sets the global board up otherwise.
fn set_up(world: &World, change: impl FnOnce(&mut LeaderboardSettings)) {
    let name = LeaderboardName::try_from("Global Leaderboard".to_owned()).expect("a name");
    let mut settings = LeaderboardSettings::named(name);
    change(&mut settings);
    let changed = world.write(move |write| leaderboards::update(write, LeaderboardId::GLOBAL, settings));
    assert!(matches!(changed, Changed::Done(_)), "{changed:?}");
}

fn rename(world: &World, id: i64, name: &str) {
    let username = Some(format!("dancer-{id}").parse().expect("a username"));
    let change = UserChange { username, name: Some(name.to_owned()), ..UserChange::default() };
    world.write(move |write| directory::put_user(write, user(id), change));
    world.refresh();
}

#[test]
fn who_watches_a_board_hears_that_it_was_hidden_or_lost_its_periods() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.write(|write| set_members(write, 1, &[1]));
    world.expect_settled();
    let mut views = Period::ALL.map(|period| world.standings.watch(key(1, period)));
    let mut heard = |what: &str, is_told: &dyn Fn(&View) -> bool| {
        for view in &mut views {
            let told = view.wait_for(|view| view.as_ref().is_some_and(|view| is_told(view)));
            let told = world.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), told).await });
            assert!(told.is_ok_and(|told| told.is_ok()), "{what} was not told within 5 seconds");
        }
    };
    set_up(&world, |settings| settings.visible_to_groups_ids = vec![group(1)]);
    heard("hiding", &|view| !view.board.is_public());
    set_up(&world, |settings| settings.period_filter_disabled = true);
    heard("the end of its periods", &|view| view.board.period_filter_disabled);
    let by_another = "UPDATE leaderboards SET visible_to_groups_ids = '[1]', period_filter_disabled = 0";
    world.other_program().execute(by_another, []).expect("a change");
    heard("hiding by another program", &|view| !view.board.is_public() && !view.board.period_filter_disabled);
}

#[test]
fn a_view_is_another_when_somebody_on_it_is_renamed_and_only_then() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.award(1, world.today(), 5);
    world.award(2, day("2026-01-01"), 5);
    rename(&world, 1, "Ada");
    world.expect_settled();
    let view = |period| world.view(1, period).expect("a board");
    let name = |id: i64, period: Period| view(period).catalog.users.get(&user(id)).and_then(|user| user.name.clone());
    let (all_time, daily) = (view(Period::AllTime).version(), view(Period::Daily).version());
    rename(&world, 2, "Bea");
    assert_ne!(view(Period::AllTime).version(), all_time);
    assert_eq!(name(2, Period::AllTime).as_deref(), Some("Bea"));
    assert_eq!(view(Period::Daily).version(), daily, "the second user has no points in its days");
    rename(&world, 3, "Cleo");
    rename(&world, 1, "Ada");
    assert_eq!(view(Period::Daily).version(), daily, "nobody on it is called otherwise");
    rename(&world, 1, "Ada L.");
    assert_ne!(view(Period::Daily).version(), daily);
    // Who comes onto a view later is called there as in the directory.
    world.award(3, world.today(), 1);
    world.expect_settled();
    assert_eq!(name(3, Period::Daily).as_deref(), Some("Cleo"));
}

#[test]
fn what_is_kept_of_single_days_goes_when_a_day_of_somebody_ranked_has_changed_and_only_then() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.write(|write| {
        set_members(write, 1, &[1])?;
        award(write, 1, day("2026-03-31"), 5)?;
        award(write, 2, day("2026-03-31"), 5)
    });
    set_up(&world, |settings| settings.included_groups_ids = vec![group(1)]);
    world.refresh();
    let view = || world.view(1, Period::Daily).expect("a board");
    let first = view();
    let changed = |what: &str| {
        assert_eq!(view().version(), first.version(), "{what} changes no sum of the board");
        first.ranked.days()
    };
    let mut days = first.ranked.days();
    world.award(2, world.today(), 3);
    world.award(3, day("2026-03-20"), 3);
    world.refresh();
    assert_eq!(changed("an award to somebody else"), days);
    world.award(1, day("2026-03-20"), 3);
    world.refresh();
    let before = std::mem::replace(&mut days, changed("an award before the window"));
    assert!(days > before);
    world.write(|write| {
        award(write, 1, day("2026-03-30"), 2)?;
        award(write, 1, day("2026-03-31"), -2)
    });
    world.refresh();
    assert!(changed("what is moved to another day") > days);
}

#[test]
fn pages_beyond_the_end_are_not_kept_and_push_nothing_out() {
    let world = World::new("2026-03-31T12:00:00Z", "UTC", Ranking::DenseRank, SOON);
    world.write(move |write| {
        for id in 1..=250 {
            award(write, id, write_day(write), id)?;
        }
        Ok(())
    });
    world.expect_settled();
    let view = world.view(1, Period::Daily).expect("a board");
    let rendered = Cell::new(0);
    let ask = |page: usize, variant: u64| {
        let render = || {
            rendered.set(rendered.get() + 1);
            format!("page {page}").into_bytes()
        };
        let bytes = view.kept(RenderingKey { form: "text", page, variant, compressed: false }, render);
        assert_eq!(&*bytes, format!("page {page}").as_bytes());
    };
    (0..3).for_each(|page| ask(page, 0));
    assert_eq!(rendered.take(), 3);
    (3..1000).for_each(|page| ask(page, 0));
    assert_eq!(rendered.take(), 997, "there is no end of them");
    (0..3).for_each(|page| ask(page, 0));
    assert_eq!(rendered.take(), 0, "made once for all who ask");
    (1..1000).for_each(|variant| ask(0, variant));
    rendered.set(0);
    ask(0, 0);
    assert_eq!(rendered.take(), 0, "the first page stays");
}
