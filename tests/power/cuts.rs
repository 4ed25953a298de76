//! Cutting a recording at many moments, and having each disk that is left judged.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};

use tempfile::TempDir;

use super::disk::{Disk, Files};
use super::recording::{Recorded, Said, write_folder};
use crate::support::random::Random;

/// What had been said until a cut: the ids of answered requests, the first words of lines on stdout, and `ended` once a
/// process had ended well.
pub type Known = HashSet<String>;

/// A disk that a cut has left.
struct Left {
    number: usize,
    files: Files,
    known: Known,
}

/// Says what is wrong in a folder that a cut has left, if anything is.
pub type Judge<'j> = dyn Fn(&Path, &Known) -> Result<(), String> + Sync + 'j;

/// How many cuts are to be made where a usual run makes `count`. The night makes more.
fn scaled(count: usize) -> usize {
    let times = std::env::var("POWER_CUTS_TIMES").map_or(1, |times| times.parse().expect("a whole number"));
    count * times
}

/// Makes so many cuts of a recording. Fails at the first disk that the judge does not find good, and says how to see it again.
pub fn survive(name: &str, recorded: &Recorded, count: usize, judge: &Judge<'_>) {
    let count = scaled(count);
    let faults = cut(recorded, 0..count, false, judge);
    if let Some((number, fault)) = faults.first() {
        let kept = keep(name, recorded, *number);
        faults.iter().take(10).for_each(|(number, fault)| eprintln!("{name}: cut {number}: {fault}"));
        panic!(
            "{name}: {} of {count} cuts lost something. Cut {number}: {fault}. See {}",
            faults.len(),
            kept.display()
        );
    }
    println!("{name}: {count} cuts, nothing lost");
}

/// The same as if flushes did nothing: a test that finds no loss then would find none at all.
pub fn bites(name: &str, recorded: &Recorded, count: usize, judge: &Judge<'_>) {
    let faults = cut(recorded, 0..count, true, judge).len();
    println!("{name}: without flushes {faults} of {count} cuts lost something");
    assert!(faults > 0, "{name}: none of {count} cuts lost anything where no flush did anything");
}

/// The faults that cuts with these numbers leave, by number.
pub fn cut(
    recorded: &Recorded,
    numbers: std::ops::Range<usize>,
    ignores_flushes: bool,
    judge: &Judge<'_>,
) -> Vec<(usize, String)> {
    let turns = recorded.turns();
    let mut cuts: Vec<(usize, usize, Random)> = numbers
        .map(|number| {
            let mut random = Random::new(number as u64);
            let moments = recorded.calls.moments.len() + 1;
            // Many of them anywhere, many just before or after a turn, some when all is done.
            let at = match random.below(10) {
                0 => moments - 1,
                1..5 if !turns.is_empty() => turns[random.below(turns.len())] + random.below(2),
                _ => random.below(moments),
            };
            (at, number, random)
        })
        .collect();
    cuts.sort_by_key(|(at, number, _)| (*at, *number));
    let faults = Mutex::new(Vec::new());
    let (sender, receiver) = mpsc::sync_channel::<Left>(2);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = receiver.lock().expect("no judge holds it").recv();
                    let Ok(left) = next else { return };
                    if let Err(fault) = judged(&left, judge) {
                        faults.lock().expect("a list").push((left.number, fault));
                    }
                }
            });
        }
        let mut disk = Disk::new(&recorded.root, &recorded.before);
        disk.ignores_flushes = ignores_flushes;
        let (mut passed, mut known) = (0, Known::new());
        for (at, number, mut random) in cuts {
            for moment in &recorded.calls.moments[passed..at] {
                disk.pass(&recorded.calls, *moment);
                match recorded.said(*moment) {
                    Some(Said::Done(word) | Said::Line(word)) => drop(known.insert(word)),
                    Some(Said::Ended) => drop(known.insert("ended".to_owned())),
                    None => {}
                }
            }
            passed = at;
            let files = disk.after_cut(&mut random);
            sender.send(Left { number, files, known: known.clone() }).expect("somebody judges");
        }
        drop(sender);
    });
    let mut faults = faults.into_inner().expect("a list");
    faults.sort();
    faults
}

fn judged(left: &Left, judge: &Judge<'_>) -> Result<(), String> {
    let folder = fresh_folder();
    write_folder(folder.path(), &left.files);
    // Some judges are tests that others wrote, which panic.
    catch_unwind(AssertUnwindSafe(|| judge(folder.path(), &left.known))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// A folder in memory, where there is one: thousands of them are made.
fn fresh_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    folder.expect("a temporary folder")
}

/// Keeps what is needed to look at a cut: the disk that it left, and the traces.
fn keep(name: &str, recorded: &Recorded, number: usize) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("power").join(name);
    let _ = std::fs::remove_dir_all(&kept);
    std::fs::create_dir_all(&kept).expect("a folder");
    for (at, text) in recorded.texts.iter().enumerate() {
        std::fs::write(kept.join(format!("{at}.strace")), text).expect("a trace");
    }
    cut(recorded, number..number + 1, false, &|left, _| {
        let files = super::recording::read_folder(left);
        std::fs::create_dir_all(kept.join("left")).expect("a folder");
        write_folder(&kept.join("left"), &files);
        Ok(())
    });
    kept
}
