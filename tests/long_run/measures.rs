//! Memory, descriptors and sizes of files while the run goes on.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::world::World;

/// What a process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    /// Resident memory in KiB.
    pub memory: u64,
    pub descriptors: u64,
    pub threads: u64,
}

/// The figures of one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    pub at: Duration,
    pub server: Process,
    pub litestream: Process,
    pub database: u64,
    pub log: u64,
    /// All that is on the disk, but for what fills it.
    pub disk_used: u64,
}

/// The figures that are told in the end.
#[derive(Default)]
pub struct Measures {
    /// From the first to the last.
    taken: Mutex<Vec<Figures>>,
    /// Runs of the rollup, by process.
    rollups: Mutex<BTreeMap<u32, u64>>,
}

impl Measures {
    /// Measures again and again until the run is over.
    pub fn take(&self, world: &World) {
        let mut minute = 0;
        while world.pause(world.plan.measure_every) {
            let Some(figures) = self.take_once(world) else { continue };
            if figures.at.as_secs() / 60 > minute {
                minute = figures.at.as_secs() / 60;
                world.say(&told(&figures));
            }
        }
    }

    /// The figures of now, if there is a server.
    pub fn take_once(&self, world: &World) -> Option<Figures> {
        let server = world.server()?;
        let size = |name: &str| world.disk().join(name).metadata().map_or(0, |data| data.len());
        let figures = Figures {
            at: world.began.elapsed(),
            server: process(server.pid())?,
            litestream: process(world.litestream.load(Ordering::SeqCst)).unwrap_or_default(),
            database: size("scores.db"),
            log: size("scores.db-wal"),
            disk_used: rustix::fs::statvfs(world.disk().as_path())
                .map_or(0, |disk| ((disk.f_blocks - disk.f_bfree) * disk.f_frsize).saturating_sub(size("filler"))),
        };
        self.taken.lock().expect("figures").push(figures);
        if let Ok(reply) = server.request("GET", "/metrics").try_send() {
            let value = |name: &str| {
                let line = reply.body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
                line.and_then(|value| value.parse::<f64>().ok())
            };
            let differences = value("scorekeeper_rollup_differences_total");
            if differences != Some(0.0) {
                world.fault(&format!("the rollup has found {differences:?} differences"));
            }
            let runs = value("scorekeeper_rollup_runs_total").unwrap_or_default() as u64;
            self.rollups.lock().expect("runs").insert(server.pid(), runs);
        }
        Some(figures)
    }

    /// The first figures after a moment, and the last.
    pub fn first_and_last(&self, after: Duration) -> (Figures, Figures) {
        let taken = self.taken.lock().expect("figures");
        let first = taken.iter().find(|figures| figures.at >= after).copied().unwrap_or_default();
        (first, taken.last().copied().unwrap_or_default())
    }

    /// The greatest of each figure.
    pub fn greatest(&self) -> Figures {
        let larger = |one: Process, other: Process| Process {
            memory: one.memory.max(other.memory),
            descriptors: one.descriptors.max(other.descriptors),
            threads: one.threads.max(other.threads),
        };
        self.taken.lock().expect("figures").iter().fold(Figures::default(), |one, other| Figures {
            at: one.at,
            server: larger(one.server, other.server),
            litestream: larger(one.litestream, other.litestream),
            database: one.database.max(other.database),
            log: one.log.max(other.log),
            disk_used: one.disk_used.max(other.disk_used),
        })
    }

    /// How often the rollup has run, over all servers.
    pub fn rollups(&self) -> u64 {
        self.rollups.lock().expect("runs").values().sum()
    }
}

fn process(pid: u32) -> Option<Process> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64;
    Some(Process { memory: number("VmRSS:")?, threads: number("Threads:")?, descriptors })
}

/// Figures as one line.
fn told(figures: &Figures) -> String {
    let Figures { server, litestream, database, log, disk_used, .. } = figures;
    format!(
        "server {} KiB, {} descriptors, {} threads; Litestream {} KiB, {} descriptors; database {} KiB, log {} KiB, disk {} KiB",
        server.memory,
        server.descriptors,
        server.threads,
        litestream.memory,
        litestream.descriptors,
        database >> 10,
        log >> 10,
        disk_used >> 10
    )
}
