//! Promise: over a long time, under mixed load, with kills, a disk that fills and empties, backups by the clock and Litestream
//! beside it, nothing that was answered is lost, nothing is there twice, and every score and board is the plain sum of the events.
//!
//! A plain run takes half a minute. `LONG_RUN_MINUTES=60` makes it an hour; with `--nocapture` it tells what happens. Needs
//! util-linux and the right to mount a file system in a namespace of its own; Litestream where `OPENAPI_PROGRAMS` names it.

mod client;
mod copies;
mod happenings;
mod heard;
mod measures;
mod plan;
mod sums;
mod table;
mod world;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use self::client::Client;
use self::copies::Litestream;
use self::heard::{Books, Heard};
use self::measures::Measures;
use self::plan::Plan;
use self::sums::Events;
use self::table::Findings;
use self::world::{Count, World};
use crate::power::ledger::events;
use crate::support::random::Random;
use crate::support::run;

/// How many clients work side by side.
const CLIENTS: i64 = 8;
/// Set in the process that has a namespace of its own.
const INSIDE: &str = "LONG_RUN_INSIDE";

#[test]
fn a_long_run_loses_nothing_and_every_score_stays_right() {
    if std::env::var_os(INSIDE).is_some() {
        return run_inside();
    }
    // The small disk is mounted for this test alone.
    let this = std::env::current_exe().expect("a path");
    let name = concat!(module_path!(), "::a_long_run_loses_nothing_and_every_score_stays_right");
    let name = name.split_once("::").expect("the crate and a path").1;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount"]).arg(this).args([name, "--exact", "--nocapture"]).env(INSIDE, "1");
    let mut inside = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("unshare runs");
    let lines = BufReader::new(inside.stdout.take().expect("a pipe")).lines();
    lines.map_while(Result::ok).for_each(|line| println!("{line}"));
    assert!(inside.wait().expect("it ends").success(), "see above");
}

/// Ends the run when a thread of it panics.
struct EndsInPanic<'w>(&'w World);

impl Drop for EndsInPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

fn run_inside() {
    let seed = std::env::var("LONG_RUN_SEED").map_or(1, |seed| seed.parse().expect("LONG_RUN_SEED is a number"));
    let world = World::new(Plan::of_environment());
    world.say(&format!("a run of {:?} with seed {seed} in {}", world.plan.length, world.folder().display()));
    let books = Books((0..CLIENTS).map(|_| Heard::default()).collect());
    let measures = Measures::default();
    world.start();
    let mut litestream = Litestream::start(&world);
    let guarded = |job: &dyn Fn()| {
        let _ends = EndsInPanic(&world);
        job();
    };
    thread::scope(|scope| {
        for (number, heard) in books.0.iter().enumerate() {
            let world = &world;
            scope.spawn(move || {
                let _ends = EndsInPanic(world);
                Client::new(world, heard, number as i64, seed).work();
            });
        }
        scope.spawn(|| guarded(&|| happenings::kills(&world, Random::new(seed))));
        scope.spawn(|| guarded(&|| happenings::full_disks(&world)));
        scope.spawn(|| guarded(&|| copies::backups(&world, &books)));
        scope.spawn(|| guarded(&|| measures.take(&world)));
        if let Some(litestream) = &mut litestream {
            scope.spawn(|| {
                let _ends = EndsInPanic(&world);
                look_after(&world, &books, litestream);
            });
        }
        world.pause(world.plan.length);
        world.end();
    });
    let findings = judge(&world, &books, litestream.as_ref(), &measures);
    findings.print(&world, &measures, litestream.as_ref());
    for happened in [Count::Kills, Count::Full, Count::Unavailable, Count::Backups] {
        assert!(world.counted(happened) > 0, "{happened:?} never came");
    }
    assert!(findings.lost == 0 && findings.drift.is_empty() && world.faults().is_empty(), "{:#?}", world.faults());
}

/// Keeps Litestream running, and checks its replica now and then.
fn look_after(world: &World, books: &Books, litestream: &mut Litestream) {
    let mut next = world.plan.restore_every;
    while world.pause(Duration::from_secs(1)) {
        litestream.look_after(world);
        if world.began.elapsed() >= next {
            litestream.check(world, books);
            next += world.plan.restore_every;
        }
    }
}

/// Holds what is there in the end against all that was answered.
fn judge(world: &World, books: &Books, litestream: Option<&Litestream>, measures: &Measures) -> Findings {
    measures.take_once(world);
    let mut findings = Findings::new(books.counts());
    match Events::of(&world.database()) {
        Ok(events) => {
            let server = world.server().expect("a server");
            (findings.drift, findings.users, findings.boards) = events.drift(&server);
        }
        Err(fault) => world.fault(&fault),
    }
    findings.drift.iter().for_each(|drift| world.fault(drift));
    if let Some(litestream) = litestream {
        litestream.check(world, books);
    }
    world.stop();
    let check = run(world.folder(), &["--database", "disk/scores.db", "check"]);
    if (check.code, check.stdout.as_str()) != (Some(0), "ok\n") {
        world.fault(&format!("{check:?}"));
    }
    let known = books.known_at(SystemTime::now() + Duration::from_secs(1));
    match events(&world.database()) {
        Ok(found) => {
            findings.events = found.len();
            let wrong = books.ledger().differences(&found, &known, 0);
            findings.lost = wrong.len();
            wrong.iter().take(20).for_each(|wrong| world.fault(wrong));
        }
        Err(fault) => {
            findings.lost += 1;
            world.fault(&fault);
        }
    }
    if !world.faults().is_empty() {
        world.keep("end");
    }
    findings
}
