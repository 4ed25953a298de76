//! What befalls the server: kills, and a disk that fills and empties.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::world::{Count, World};
use crate::support::random::Random;

/// Kills the server now and then until the calm before the end, and starts it at once.
pub fn kills(world: &World, mut random: Random) {
    loop {
        // As often in one second as in another, whenever the last one came.
        let share = (random.below(1_000_000) + 1) as f64 / 1e6;
        let wait = world.plan.kill_every.mul_f64(-share.ln());
        if world.began.elapsed() + wait > world.plan.length - world.plan.calm {
            world.say("no more kills");
            return;
        }
        if !world.pause(wait) {
            return;
        }
        world.kill();
        if random.percent(10) {
            world.start_and_kill(&mut random);
        }
        world.start();
    }
}

/// Fills the disk now and then, and empties it some seconds after the first write was refused.
pub fn full_disks(world: &World) {
    // What is left of the run has to be enough for a fill and what comes after it.
    let last = world.plan.length.mul_f64(0.9).min(world.plan.length - world.plan.full_for * 2);
    while world.pause(world.plan.fill_every) && world.began.elapsed() < last {
        fill_once(world);
    }
}

fn fill_once(world: &World) {
    let path = world.disk().join("filler");
    let mut filler = File::create(&path).expect("a file on the disk");
    world.set_full(true);
    world.count(Count::Full, 1);
    let began = Instant::now();
    let refused = || world.counted(Count::Unavailable) + world.counted(Count::Unknown);
    let before = refused();
    let mut first = None;
    // Where the log has room left in its file, writes go on for a while.
    while first.is_none_or(|at: Instant| at.elapsed() < world.plan.full_for)
        && began.elapsed() < Duration::from_secs(60)
    {
        while filler.write_all(&[7; 1 << 16]).is_ok() {}
        while filler.write_all(&[7; 4096]).is_ok() {}
        if first.is_none() && refused() > before {
            first = Some(Instant::now());
        }
        if !world.pause(Duration::from_millis(50)) {
            break;
        }
    }
    drop(filler);
    std::fs::remove_file(path).expect("the filler is there");
    let emptied = Instant::now();
    if first.is_none() {
        world.note("a full disk refused nothing");
    }
    // It recovers by itself: soon it is ready, and as long as it is not, its refusals are due to the disk.
    loop {
        let reply = world.server().and_then(|server| server.anonymous("GET", "/health/ready").try_send().ok());
        if reply.is_some_and(|reply| reply.status == 200) {
            break;
        }
        if emptied.elapsed() > Duration::from_secs(20) {
            world.fault("20 seconds after the disk was emptied the server is not ready");
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let recovery = emptied.elapsed().as_millis() as u64;
    world.longest_recovery.fetch_max(recovery, Ordering::SeqCst);
    world.set_full(false);
    let told = refused() - before;
    world.say(&format!("the disk was full for {:?}: {told} refusals, ready after {recovery} ms", emptied - began));
}
