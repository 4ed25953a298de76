//! Shows on stderr how far a command is: a bar on a terminal, otherwise a line from time to time.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line tells the progress, if there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// How many rows pass between two looks at the clock.
const LOOK_EVERY: u64 = 512;

/// The progress of one pass over a file.
pub struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    quiet: bool,
    began: Instant,
    last_line: Instant,
}

impl Progress {
    /// Begins to show how far it is with `what`, as in "storing".
    pub fn new(what: &'static str, quiet: bool) -> Progress {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_bar} {msg}");
            bar.with_style(style.expect("a template that indicatif knows"))
        });
        let now = Instant::now();
        Progress { what, bar, quiet, began: now, last_line: now }
    }

    /// Shows that so many rows are done, which are so many bytes of the file; `size` is how many it has.
    pub fn show(&mut self, rows: u64, bytes: u64, size: Option<u64>) {
        if self.quiet || !rows.is_multiple_of(LOOK_EVERY) {
            return;
        }
        if let Some(bar) = &self.bar {
            if let Some(size) = size {
                bar.set_length(size);
            }
            bar.set_position(bytes);
            bar.set_message(self.text(rows, bytes, size));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            // If the progress can't be shown, that is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}", self.text(rows, bytes, size));
        }
    }

    fn text(&self, rows: u64, bytes: u64, size: Option<u64>) -> String {
        let took = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = HumanCount((rows as f64 / took) as u64);
        let done = format!("{}: {} lines, {rate} a second", self.what, HumanCount(rows));
        let Some(size) = size.filter(|size| *size >= bytes && bytes > 0) else {
            return format!("{done}, {}", HumanBytes(bytes));
        };
        let left = Duration::from_secs_f64(took * (size - bytes) as f64 / bytes as f64);
        let percent = bytes * 100 / size;
        format!("{done}, {percent} % of {}, {} left", HumanBytes(size), HumanDuration(left))
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
