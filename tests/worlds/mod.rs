//! Promise: whatever clients, other programs, clocks and kills do to a server, what it shows is what happened.
//!
//! A world is a server and a plain model of what it must know. Its number draws everything that happens in it: clients create,
//! correct, delete, redeem, send batches, merge users and repeat what they asked; other programs write SQL, import, backfill and
//! hold the lock; the clock jumps over midnights, summer times and ends of years; the server is killed and started again; boards,
//! groups and users change. After each step scores, standings and lists are what the model says.
//!
//! `WORLDS_SEED` is the number of the first world, `WORLDS_COUNT` how many there are.

mod calendar;
mod checks;
mod clients;
mod clocks;
mod directory;
mod machine;
mod model;
mod outside;
mod restarts;
mod world;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many worlds there are at a time for each processor: some wait, for a disk or for standings, while others work.
const AT_A_TIME: usize = 2;
/// After so many worlds that went wrong no new one begins.
const FAULTS_MAX: usize = 5;

/// After so many worlds a line tells how many there were.
const TOLD_EVERY: u64 = 500;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
}

#[test]
fn in_every_world_the_server_shows_what_happened() {
    let (first, count) = (setting("WORLDS_SEED", 1), setting("WORLDS_COUNT", 200));
    let (next, lived, faults) = (AtomicU64::new(0), AtomicU64::new(0), AtomicUsize::new(0));
    let processors = std::thread::available_parallelism().map_or(2, |count| count.get());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME * processors {
            scope.spawn(|| {
                while faults.load(Ordering::Relaxed) < FAULTS_MAX {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    if let Err(fault) = world::live(first.wrapping_add(number)) {
                        eprintln!("{fault}");
                        faults.fetch_add(1, Ordering::Relaxed);
                    }
                    let lived = lived.fetch_add(1, Ordering::Relaxed) + 1;
                    if lived % TOLD_EVERY == 0 {
                        println!("worlds: {lived} so far");
                    }
                }
            });
        }
    });
    let (lived, faults) = (lived.into_inner(), faults.into_inner());
    println!("worlds: {lived} from number {first} on, {faults} went wrong");
    assert!(faults == 0, "{faults} worlds went wrong");
}
