//! The clock of the machine jumps while the server runs.

use chrono::{DateTime, Utc};

use super::calendar::PERIODS;
use super::checks::soon;
use super::model::Row;
use super::world::{Outcome, USERS, World};

pub fn jump(world: &mut World) -> Outcome {
    let now = world.model.calendar.draw_jump(&mut world.random);
    jump_to(world, now)
}

/// Sets the clock, and waits until it shows.
pub fn jump_to(world: &mut World, now: DateTime<Utc>) -> Outcome {
    let before = world.model.clone();
    world.model.jump(now);
    let local = now.with_timezone(&world.model.calendar.zone);
    world.note(format!("the clock jumps to {now}, {local} there"));
    world.machine.set_clock(now);
    world.about.1 = world.model.today();
    // Windows move soon, all of them at the same moment. Only here may scores be late.
    for period in 0..PERIODS.len() {
        let (then, now) = (before.everyone(period), world.model.everyone(period));
        let row = |rows: &[Row], user: i64| rows.iter().find(|(of, _, _)| *of == user).copied();
        let moved: Vec<i64> = USERS.into_iter().filter(|user| row(&then, *user) != row(&now, *user)).collect();
        soon(|| world.compare_scores(period, &moved))?;
    }
    Ok(())
}
