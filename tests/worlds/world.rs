//! One world: a server, what it must know, and what happens to it, all drawn by a number.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{NaiveDate, TimeDelta};

use super::calendar::{Calendar, PERIODS};
use super::machine::Machine;
use super::model::{Model, RANKINGS};
use super::{clients, clocks, directory, outside, restarts};
use crate::support::Reply;
use crate::support::random::Random;

/// Whose points it is about.
pub const USERS: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 2_147_483_647];
pub const GROUPS: [i64; 3] = [10, 20, 30];

/// The last day that there is.
pub const FOREVER: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// What became of something: what differs from what must be, if anything.
pub type Outcome = Result<(), String>;

/// Something that happens, and what it changes in the model.
type Step = fn(&mut World) -> Outcome;

/// What happens, and how often.
const STEPS: [(usize, Step); 24] = [
    (16, clients::award),
    (3, clients::ask_again),
    (6, clients::redeem_twice_at_once),
    (9, clients::correct),
    (6, clients::delete),
    (5, clients::batch),
    (2, clients::stray),
    (5, directory::merge),
    (4, directory::change_user),
    (2, directory::forget_user),
    (5, directory::change_group),
    (1, directory::remove_group),
    (4, directory::create_board),
    (5, directory::change_board),
    (2, directory::remove_board),
    (16, clocks::jump),
    (3, restarts::kill),
    (2, restarts::stop),
    (3, restarts::kill_in_flight),
    (10, outside::change_events),
    (3, outside::change_directory),
    (4, outside::rebuild),
    (2, outside::import),
    (3, outside::hold_the_lock),
];

pub struct World {
    pub random: Random,
    pub model: Model,
    pub machine: Machine,
    /// What has happened.
    pub steps: Vec<String>,
    /// Counts what needs a name of its own.
    pub names: u64,
    /// Whom and which day the last step was about.
    pub about: (i64, NaiveDate),
}

/// Lives through a world. An error tells all that is needed to see it again.
pub fn live(number: u64) -> Outcome {
    let mut random = Random::new(number);
    let calendar = Calendar::draw(&mut random);
    let ranking = *random.pick(&RANKINGS);
    let repeats = format!("WORLDS_SEED={number} WORLDS_COUNT=1 repeats it");
    let machine = catch_unwind(AssertUnwindSafe(|| Machine::new(&calendar, ranking)));
    let machine = machine.map_err(|_| format!("world {number} did not begin ({repeats}); why is written above"))?;
    let about = (USERS[0], calendar.today());
    let model = Model::new(calendar, ranking);
    let mut world = World { random, model, machine, steps: Vec::new(), names: 0, about };
    let began = format!("{} in {}, ranking {ranking}", world.model.calendar.now, world.model.calendar.zone);
    let lived = catch_unwind(AssertUnwindSafe(|| world.happen()));
    let fault = match lived {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(fault)) => fault,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
        }
    };
    let mut told = format!("world {number} went wrong ({repeats})\n  {began}\n");
    for (step, count) in world.steps.iter().zip(1..) {
        told.push_str(&format!("  {count}. {step}\n"));
    }
    Err(format!("{told}  {fault}\n  the server's last lines:\n{}", world.machine.last_lines()))
}

impl World {
    fn happen(&mut self) -> Outcome {
        let weights: usize = STEPS.iter().map(|(weight, _)| weight).sum();
        for _ in 0..self.random.between(20, 36) {
            let mut drawn = self.random.below(weights);
            let step = STEPS.iter().find_map(|(weight, step)| {
                let is_it = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                is_it.then_some(step)
            });
            let before = self.steps.len();
            step.expect("one of the steps")(self)?;
            // A step for which there is nothing yet is none.
            if self.steps.len() > before {
                self.compare_some()?;
            }
        }
        self.settle()?;
        self.compare_all()
    }

    pub fn note(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// A number that was not given before.
    pub fn number(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    pub fn draw_user(&mut self) -> i64 {
        *self.random.pick(&USERS)
    }

    /// A day: at the edges of periods, near today, long ago, or far ahead.
    pub fn draw_date(&mut self) -> NaiveDate {
        let today = self.model.today();
        let from_today = |days: i64| today + TimeDelta::days(days);
        match self.random.below(12) {
            0..=3 => {
                let period = self.random.below(PERIODS.len() - 1) + 1;
                self.model.calendar.first_day(period) + TimeDelta::days(self.random.between(-1, 1))
            }
            4..=6 => today,
            7 => from_today(self.random.between(1, 3)),
            8 => from_today(self.random.between(-12, 40)),
            9 => from_today(self.random.between(-800, 0)),
            10 => {
                let bounds: Vec<NaiveDate> =
                    self.model.boards.values().flat_map(|board| [board.from, board.to]).flatten().collect();
                let bound = if bounds.is_empty() { today } else { *self.random.pick(&bounds) };
                (bound + TimeDelta::days(self.random.between(-1, 1))).clamp(self.model.calendar.first_day(0), FOREVER)
            }
            _ => {
                let days = ["0001-01-01", "2000-02-29", "9999-12-31"];
                self.random.pick(&days).parse().expect("a date")
            }
        }
    }

    pub fn draw_points(&mut self) -> i64 {
        // Few different ones, so that many users have equal sums.
        if self.random.percent(3) {
            *self.random.pick(&[i64::from(i32::MIN), i64::from(i32::MAX)])
        } else {
            self.random.between(-4, 7)
        }
    }

    /// Some of a list, in its order.
    pub fn draw_some(&mut self, list: &[i64], percent: usize) -> Vec<i64> {
        list.iter().copied().filter(|_| self.random.percent(percent)).collect()
    }
}

/// Says what differs, if something does.
pub fn same<T: PartialEq + Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want { Ok(()) } else { Err(format!("{what} is {got:?}, should be {want:?}")) }
}

/// Says so if a reply is not that of a change that was made.
pub fn done(reply: &Reply) -> Outcome {
    same("the reply", (reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#))
}

/// Says so if a reply is not that refusal.
pub fn refused(reply: &Reply, status: u16, error_type: &str) -> Outcome {
    if reply.status == 200 {
        return Err(format!("is 200 {}, should be refused as {error_type}", reply.body));
    }
    same("the refusal", (reply.status, reply.error_type().as_str()), (status, error_type))
}
