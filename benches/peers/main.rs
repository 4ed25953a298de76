//! scorekeeper beside what one would use instead: an empty handler of the same web framework, the design that one would
//! write first, SQLite, PostgreSQL as Discourse Gamification uses it, Redis. Sets everything up, measures in turn, prints
//! tables of ratios, and takes everything down again.
//!
//! `cargo bench --bench peers`; `-- --help` tells what can be chosen; `-- --smoke` is a run of seconds that only shows
//! that it works. The servers run on the same processors as the load, and on files of their own.

mod backfill;
mod backup;
mod boards;
mod bulk;
mod closing;
mod cluster;
mod draw;
mod files;
mod fill;
mod histogram;
mod load;
mod options;
mod page;
mod post;
mod postgres;
mod private_postgres;
mod programs;
mod reads;
mod redis;
mod reply;
mod report;
mod request;
mod rivals;
mod servers;
mod size;
mod soak;
mod start;
mod watch;

use draw::Users;
use files::Files;
use options::{Options, Part};
use report::Facts;

/// What every part works with.
pub struct Bench {
    options: Options,
    files: Files,
    users: Users,
    facts: Facts,
}

fn main() {
    if servers::serve_if_asked() {
        return;
    }
    let options = Options::read();
    let users = Users(options.users);
    let files = Files::new(options.keep.clone(), users);
    let mut bench = Bench { options, files, users, facts: Facts::default() };
    println!(
        "{} users; medians of {} rounds of {:?} in turn; p99 in milliseconds",
        bench.options.users,
        bench.options.rounds,
        bench.options.span()
    );
    for part in bench.options.parts() {
        match part {
            Part::Post => post::run(&mut bench),
            Part::Size => size::run(&mut bench),
            Part::Get => reads::run(&mut bench),
            Part::Page => page::run(&mut bench),
            Part::Boards => boards::run(&mut bench),
            Part::Backfill => backfill::run(&mut bench),
            Part::Backup => backup::run(&mut bench),
            Part::Bulk => bulk::run(
                env!("CARGO_BIN_EXE_scorekeeper").into(),
                bench.options.million() as usize,
                bench.options.rounds,
            ),
            Part::Start => start::run(&mut bench),
            Part::Soak => soak::run(&mut bench),
            Part::Postgres => postgres::run(&mut bench),
            Part::Redis => redis::run(&mut bench),
        }
    }
    closing::run(&bench);
}
