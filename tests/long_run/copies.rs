//! What is copied while the run goes on: backups by the clock, and Litestream's replica. Each copy is checked, and holds what was
//! answered before it.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use chrono::NaiveDateTime;

use super::heard::Books;
use super::world::{Count, World, without_time};
use crate::litestream::Copied;
use crate::openapi_programs::HINT;
use crate::power::cuts::Known;
use crate::power::ledger::events;
use crate::support::run;

/// What the program itself finds in a file, and whether the file holds what was known when it was made.
fn judge(world: &World, books: &Books, file: &Path, known: &Known) -> Result<(), String> {
    let name = file.to_str().expect("a path in UTF-8");
    let check = run(world.folder(), &["--database", name, "check"]);
    if (check.code, check.stdout.as_str()) != (Some(0), "ok\n") {
        return Err(format!("{check:?}"));
    }
    let found = events(file)?;
    // What was asked for since may be in it, too.
    books.ledger().compare_running(&found, known)
}

/// Checks each backup that the server makes, once.
pub fn backups(world: &World, books: &Books) {
    let mut seen = HashSet::new();
    loop {
        let goes_on = world.pause(Duration::from_secs(1));
        let entries = std::fs::read_dir(world.backups()).into_iter().flatten();
        for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
            let moment = NaiveDateTime::parse_from_str(&name, "scorekeeper-%Y%m%dT%H%M%SZ.db");
            let Ok(moment) = moment else { continue };
            if !seen.insert(name.clone()) {
                continue;
            }
            // The name is that of the second in which it was begun.
            let known = books.known_at(SystemTime::from(moment.and_utc()));
            match judge(world, books, &world.backups().join(&name), &known) {
                Ok(()) => world.say(&format!("{name} is sound, and holds {} answers", known.len())),
                Err(fault) => world.fault(&format!("{name}: {fault}")),
            }
            world.count(Count::Backups, 1);
        }
        if !goes_on {
            return;
        }
    }
}

/// After this time a replica that lacks something is a fault. On a full disk Litestream waits longer and longer before it tries
/// again, but no longer than five minutes.
const LONGEST_LAG: Duration = Duration::from_secs(330);

/// Litestream beside the server.
pub struct Litestream {
    copied: Copied,
    replicating: Child,
}

impl Litestream {
    /// Starts it, if `.ci/run` or somebody else has installed it.
    pub fn start(world: &World) -> Option<Litestream> {
        if std::env::var_os("OPENAPI_PROGRAMS").is_none() {
            world.say("OPENAPI_PROGRAMS is not set: no Litestream");
            return None;
        }
        let copied = Copied::of_file(&world.database());
        let replicating = replicate(world, &copied);
        Some(Litestream { copied, replicating })
    }

    /// Starts it again if it has ended, as a supervisor does.
    pub fn look_after(&mut self, world: &World) {
        if let Some(status) = self.replicating.try_wait().expect("a child can be waited for") {
            world.note(&format!("Litestream has ended with {status}"));
            world.count(Count::LitestreamStarts, 1);
            self.replicating = replicate(world, &self.copied);
        }
    }

    /// Restores the replica until it holds what is known now, and judges it.
    pub fn check(&self, world: &World, books: &Books) {
        let began = Instant::now();
        let known = books.known_at(SystemTime::now());
        let file = world.folder().join("restored.db");
        loop {
            let restored = self.copied.restored(&file);
            let lag = began.elapsed();
            let judged = restored.ok_or("nothing can be restored".to_owned());
            let judged = judged.and_then(|()| judge(world, books, &file, &known));
            match judged {
                Ok(()) => {
                    let lag = lag.as_millis() as u64;
                    world.longest_lag.fetch_max(lag, Ordering::SeqCst);
                    world.say(&format!("the replica holds {} answers after {lag} ms", known.len()));
                    break;
                }
                Err(fault) if lag > LONGEST_LAG => {
                    world.fault(&format!("the replica lacks something after {lag:?}: {fault}"));
                    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("long_run");
                    let _ = std::fs::copy(&file, kept.join("restored.db"));
                    break;
                }
                Err(_) => std::thread::sleep(Duration::from_secs(1)),
            }
        }
        world.count(Count::Restores, 1);
    }

    /// What it has told besides that it copies, each kind once.
    pub fn told(&self, world: &World) -> Vec<String> {
        let log = std::fs::read_to_string(world.folder().join("litestream.log")).unwrap_or_default();
        let mut kinds = std::collections::BTreeMap::<String, usize>::new();
        for line in log.lines().filter(|line| line.contains("level=WARN") || line.contains("level=ERROR")) {
            let told = line.split_once("level=").map_or(line, |(_, told)| told);
            *kinds.entry(without_time(told)).or_default() += 1;
        }
        kinds.into_iter().map(|(line, count)| format!("{count} times: {line}")).collect()
    }

    /// The bytes of the replica.
    pub fn size(&self) -> u64 {
        self.copied.size()
    }
}

impl Drop for Litestream {
    fn drop(&mut self) {
        let _ = self.replicating.kill();
        let _ = self.replicating.wait();
    }
}

fn replicate(world: &World, copied: &Copied) -> Child {
    let log = File::options().append(true).create(true).open(world.folder().join("litestream.log")).expect("a log");
    let mut command = copied.litestream("replicate");
    let other = log.try_clone().expect("a second handle");
    let replicating = command.stdin(Stdio::null()).stdout(log).stderr(other).spawn().expect(HINT);
    world.litestream.store(replicating.id(), Ordering::SeqCst);
    replicating
}
