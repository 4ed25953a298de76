//! Durable POSTs of single events: scorekeeper, the empty handler, the naive design.

use crate::Bench;
use crate::draw::Dates;
use crate::load::{self, Load};
use crate::report::{Figures, Table, at_least, at_most, number};
use crate::request::Requests;
use crate::servers::Server;

/// Connections of the rows of the table.
pub const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// What has to be reached at 64 connections: the share of the empty handler's rate, the p99 in milliseconds, and the
/// multiple of the naive design's rate.
fn targets(dates: Dates) -> (f64, f64, f64) {
    match dates {
        Dates::Lifelike => (0.40, 15.0, 10.0),
        Dates::Even => (0.28, 20.0, 10.0),
    }
}

/// Runs the part.
pub fn run(bench: &mut Bench) {
    for dates in Dates::ALL {
        let mut table = Table::new(&[
            "connections",
            "scorekeeper, POST/s",
            "p99",
            "empty handler, POST/s",
            "p99",
            "naive, POST/s",
            "p99",
            "of empty",
            "times naive",
        ]);
        for connections in CONNECTIONS {
            let [ours, empty, naive] = measure(bench, dates, connections);
            for (name, figures) in [("post", ours), ("empty", empty), ("naive", naive)] {
                bench.facts.note_load(format!("{name}.{}.{connections}", dates.key()), &figures);
            }
            let (of_empty, times_naive) = (ours.rate / empty.rate, ours.rate / naive.rate);
            let (least, p99, times) = targets(dates);
            let judged = match connections {
                64 => [at_most(ours.p99_ms, p99), at_least(of_empty, least), at_least(times_naive, times)],
                1 => [number(ours.p99_ms), number(of_empty), at_least(times_naive, 1.0)],
                _ => [number(ours.p99_ms), number(of_empty), number(times_naive)],
            };
            let [p99, of_empty, times_naive] = judged;
            table.row([
                connections.to_string(),
                number(ours.rate),
                p99,
                number(empty.rate),
                number(empty.p99_ms),
                number(naive.rate),
                number(naive.p99_ms),
                of_empty,
                times_naive,
            ]);
        }
        table.print(&format!("Durable POSTs on {} stored events, dates {}", bench.options.million(), dates.name()));
    }
}

/// The three servers under the same load in turn, each on a file that nothing has been added to before.
fn measure(bench: &Bench, dates: Dates, connections: usize) -> [Figures; 3] {
    let ours = Server::scorekeeper(&bench.files.copy(bench.options.million(), "post.db"));
    let naive = Server::naive(&bench.files.copy(bench.options.million(), "naive.db"));
    let empty = Server::empty(bench.files.folder());
    ours.wait_for_standings("all_time");
    let servers = [&ours, &empty, &naive];
    for server in servers {
        server.warm_up(connections, bench.options.warm_up(), &mut Requests::posts(&server.key, bench.users, dates, 0));
    }
    let mut runs: [Vec<Load>; 3] = Default::default();
    for round in 1..=bench.options.rounds as u64 {
        for (server, runs) in servers.into_iter().zip(&mut runs) {
            let mut requests = Requests::posts(&server.key, bench.users, dates, round);
            runs.push(load::closed_loop(server.port, connections, bench.options.span(), &mut requests));
        }
    }
    runs.map(|runs| Figures::of(&runs))
}
