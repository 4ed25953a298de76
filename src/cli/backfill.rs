//! `--backfill-from`: recalculates history, beside a running server if there is one.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Failure, database};
use crate::actions::{Actions, Actor};
use crate::config::Settings;
use crate::domain::{Clock, EventDate};
use crate::rollup::{Progress, RollupError, rebuild};
use crate::store::OpenMode;

/// How often a line tells the progress, if there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Recalculates every day from `from` on and prints the summary.
pub fn run(settings: &Settings, from: &str) -> Result<(), Failure> {
    let began = Instant::now();
    let clock = Clock::system(settings.time_zone);
    let usage = |why: &str| Failure::Usage(format!("--backfill-from {from:?}: {why}"));
    let first: EventDate = from.parse().map_err(|_| usage("give a date that exists, as YYYY-MM-DD"))?;
    let today = clock.today();
    if first > today {
        return Err(usage(&format!("the date is in the future; today is {today}")));
    }
    let file = &settings.database;
    let (store, writer) = database::open(file, OpenMode::Existing, clock.clone())?;
    let actor = Actor::of_command_line("system".parse().expect("a username that fits"));
    Actions::new(store.clone(), clock)
        .note_backfill(&actor, first)
        .map_err(|refusal| database::refused(file, refusal))?;
    let mut display = Display::new();
    let rebuilt = rebuild(&store, first, |progress| {
        display.show(progress);
        ControlFlow::Continue(())
    });
    display.finish();
    writer.stop();
    let rebuilt = rebuilt.map_err(|error| match error {
        RollupError::Store(error) => database::failed(file, &error),
        RollupError::Stopped => Failure::failed(error),
    })?;
    writeln!(
        std::io::stdout(),
        "backfilled {} to {}: {} days checked, {} scores on {} days were different and are right now ({:.1} s)",
        rebuilt.first,
        rebuilt.last,
        HumanCount(rebuilt.days),
        HumanCount(rebuilt.scores_different),
        HumanCount(rebuilt.days_different),
        began.elapsed().as_secs_f64(),
    )
    .map_err(Failure::failed)
}

/// Shows progress on stderr: a bar on a terminal, otherwise a line every 2 seconds.
struct Display {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Display {
    fn new() -> Display {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} days, {eta} left");
            bar.with_style(style.expect("a template that indicatif knows"))
        });
        Display { bar, last_line: Instant::now() }
    }

    fn show(&mut self, progress: Progress) {
        let Progress { days_done, days_total } = progress;
        if let Some(bar) = &self.bar {
            bar.set_length(days_total);
            bar.set_position(days_done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            // If the progress can't be shown, that is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{days_done} of {days_total} days");
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
