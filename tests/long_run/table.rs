//! What a run has found, as a table.

use std::sync::atomic::Ordering;

use super::copies::Litestream;
use super::measures::Measures;
use super::world::{Count, World};

/// What was found when all was over.
pub struct Findings {
    asked: usize,
    answered: usize,
    /// Events in the file.
    pub events: usize,
    /// Events that are not what was answered.
    pub lost: usize,
    /// Scores and boards that are not the plain sums.
    pub drift: Vec<String>,
    /// How many scores and boards were compared.
    pub users: usize,
    pub boards: usize,
}

impl Findings {
    /// With the numbers of changes that were asked for and answered.
    pub fn new((asked, answered): (usize, usize)) -> Findings {
        Findings { asked, answered, events: 0, lost: 0, drift: Vec::new(), users: 0, boards: 0 }
    }

    /// Prints two tables: what happened, and what was measured.
    pub fn print(&self, world: &World, measures: &Measures, litestream: Option<&Litestream>) {
        let count = |what| world.counted(what);
        let milliseconds = |longest: &std::sync::atomic::AtomicU64| longest.load(Ordering::SeqCst);
        println!("\n| what | count |\n|---|---|");
        let row = |what: &str, count: &dyn std::fmt::Display| println!("| {what} | {count} |");
        row("changes asked for", &self.asked);
        row("changes answered", &self.answered);
        row("events acknowledged", &count(Count::Events));
        row("corrections and deletions acknowledged", &count(Count::Corrections));
        row("merges acknowledged", &count(Count::Merges));
        row("redemptions refused for want of points", &count(Count::Redemptions));
        row("reads answered", &count(Count::Reads));
        row("kills", &count(Count::Kills));
        row("kills of a server that was starting", &count(Count::KillsAtStart));
        row("requests broken off by a kill", &count(Count::Broken));
        row("first answers given again to a repeated key", &count(Count::Replayed));
        row("times that the disk was full", &count(Count::Full));
        row("changes refused with 503, and repeated", &count(Count::Unavailable));
        row("changes of unknown outcome, and repeated", &count(Count::Unknown));
        row("starts refused on a full disk", &count(Count::RefusedStarts));
        row("backups, each checked", &count(Count::Backups));
        row("restores of the replica, each checked", &count(Count::Restores));
        row("Litestream ended and was started again", &count(Count::LitestreamStarts));
        row("runs of the rollup that were seen", &measures.rollups());
        row("longest start (ms)", &milliseconds(&world.longest_start));
        row("longest way back to ready once the disk was emptied (ms)", &milliseconds(&world.longest_recovery));
        row("longest lag of the replica, its restore included (ms)", &milliseconds(&world.longest_lag));
        row("events in the file", &self.events);
        row("lost", &self.lost);
        row(&format!("drift, in {} scores and {} boards", self.users, self.boards), &self.drift.len());
        let (first, last) = measures.first_and_last(world.plan.first_figures);
        let most = measures.greatest();
        println!("\n| measured | after {} s | at the end | greatest |\n|---|---|---|---|", first.at.as_secs());
        let row = |what: &str, values: [u64; 3]| println!("| {what} | {} | {} | {} |", values[0], values[1], values[2]);
        let all = [first, last, most];
        row("server, memory (KiB)", all.map(|figures| figures.server.memory));
        row("server, descriptors", all.map(|figures| figures.server.descriptors));
        row("server, threads", all.map(|figures| figures.server.threads));
        row("Litestream, memory (KiB)", all.map(|figures| figures.litestream.memory));
        row("Litestream, descriptors", all.map(|figures| figures.litestream.descriptors));
        row("database (KiB)", all.map(|figures| figures.database >> 10));
        row("log (KiB)", all.map(|figures| figures.log >> 10));
        row("the disk, all that is on it but the filler (KiB)", all.map(|figures| figures.disk_used >> 10));
        if let Some(litestream) = litestream {
            println!("\nThe replica has {} KiB.", litestream.size() >> 10);
            litestream.told(world).iter().for_each(|told| println!("Litestream told {told}"));
        }
        world.notes().iter().for_each(|(note, count)| println!("{count} times: {note}"));
        world.faults().iter().for_each(|fault| println!("FAULT: {fault}"));
    }
}
