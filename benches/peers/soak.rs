//! Memory and the write-ahead log under a mixed load that goes on.

use std::time::{Duration, Instant};

use scorekeeper::domain::Period;

use crate::Bench;
use crate::draw::{self, Dates};
use crate::load::Paced;
use crate::report::{Figures, Table, at_most, number};
use crate::request::{self, EVENTS, Requests};
use crate::servers::Server;
use crate::watch::{self, WalWatch};

/// POSTs a second, and the connections that they come by.
const WRITES: (f64, usize) = (2_000.0, 16);
/// GETs a second, and the connections that they come by.
const READS: (f64, usize) = (1_000.0, 16);
/// In megabytes.
const MEMORY_MAX: f64 = 250.0;
/// In megabytes.
const WAL_MAX: f64 = 128.0;
/// In milliseconds.
const P999_MAX: f64 = 60.0;

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let events = bench.options.events;
    let file = bench.files.copy(events, "soak.db");
    let server = Server::scorekeeper(&file);
    // How long that takes is told by the part `start`.
    server.wait_for_all_standings();
    let wal = WalWatch::start(&file);
    let writes = Requests::posts(&server.key, bench.users, Dates::Lifelike, 1);
    let writes = Paced::start(server.port, WRITES.1, WRITES.0, writes);
    let reads = Paced::start(server.port, READS.1, READS.0, reads(bench, &server));
    let deadline = Instant::now() + bench.options.soak();
    let memory = |what| watch::memory(server.pid(), what) as f64 / 1e6;
    let mut most = 0.0_f64;
    while Instant::now() < deadline {
        std::thread::sleep(Duration::from_secs(1).min(bench.options.soak()));
        most = most.max(memory("VmRSS"));
    }
    let (resident, anonymous, peak) = (memory("VmRSS"), memory("RssAnon"), memory("VmHWM"));
    let [writes, reads] = [writes, reads].map(|load| Figures::of(&[load.stop()]));
    let mut table = Table::new(&["mixed load", "at the end", "at most"]);
    table.row(["resident memory, MB".to_owned(), at_most(resident, MEMORY_MAX), number(peak.max(most))]);
    table.row(["of it not backed by files, MB".to_owned(), number(anonymous), "-".to_owned()]);
    table.row([
        "write-ahead log, MB".to_owned(),
        number(wal.now() as f64 / 1e6),
        at_most(wal.largest() as f64 / 1e6, WAL_MAX),
    ]);
    table.print(&format!("After {:?} of mixed load on {events} events", bench.options.soak()));
    let mut table = Table::new(&["mixed load", "a second", "p50", "p99", "p99.9", "max"]);
    for (name, figures) in [("POST", writes), ("GET of lists, scores and pages", reads)] {
        table.row([
            name.to_owned(),
            number(figures.rate),
            number(figures.p50_ms),
            number(figures.p99_ms),
            at_most(figures.p999_ms, P999_MAX),
            number(figures.max_ms),
        ]);
    }
    table.print("Latencies of the mixed load");
}

/// All kinds of GETs, of all periods.
fn reads(bench: &Bench, server: &Server) -> Requests {
    let (users, events) = (bench.users, bench.options.events);
    let days = draw::days(request::today());
    let periods = Period::ALL;
    Requests::gets(Some(&server.key), 1, |random| {
        let period = periods[random.below(periods.len() as u64) as usize].name();
        match random.below(5) {
            0 => format!("{EVENTS}?user_id={}&order=desc", users.with_events(random, events, 100)),
            1 => format!("{EVENTS}?date={}", days[random.below(draw::DAYS.into()) as usize]),
            2 => format!("{EVENTS}?after={}", random.below(events)),
            3 => format!("/users/{}/score?period={period}", users.by_activity(random)),
            // Most look at the first pages.
            _ => format!("/leaderboard?page={}", random.below(10)),
        }
    })
}
