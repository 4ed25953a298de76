//! Pages of the leaderboard, alone and while writes go on, beside a handler that answers as many bytes.

use crate::Bench;
use crate::draw::Dates;
use crate::load::{self, Load, Paced};
use crate::report::{Figures, Table, at_least, at_most, number};
use crate::request::{self, Requests};
use crate::servers::Server;

/// Connections of the load.
const CONNECTIONS: usize = 64;
/// Users on a page.
const PAGE: u64 = 100;
/// POSTs a second beside it, and the connections that they come by.
const WRITES: (f64, usize) = (2_000.0, 16);
/// Of the empty handler's rate.
const RATE_MIN: f64 = 0.6;
/// In milliseconds.
const P99_MAX: f64 = 8.0;

/// What is asked for: the same first page, or any.
const PAGES: [(&str, &str); 2] = [("first", "the first page"), ("random", "pages at random")];

/// What goes on beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Writes,
}

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let file = bench.files.copy(bench.options.million(), "page.db");
    let ours = Server::scorekeeper(&file);
    let empty = Server::empty(bench.files.folder());
    let first = ours.wait_for_standings("all_time");
    let bytes = first.len();
    let ranked = bench.users.0.min(bench.options.million());
    let pages = ranked.div_ceil(PAGE);
    let requests = |name: &str, seed| {
        Requests::gets(None, seed, |random| match name {
            "first" => "/leaderboard?page=0".to_owned(),
            "random" => format!("/leaderboard?page={}", random.below(pages)),
            _ => format!("/bytes/{bytes}"),
        })
    };
    let mut table = Table::new(&[
        "pages",
        "beside it",
        "scorekeeper, GET/s",
        "p99",
        "empty handler, GET/s",
        "p99",
        "of the empty handler",
        "of the empty handler alone",
    ]);
    let mut alone = [None; 2];
    for beside in [Beside::Nothing, Beside::Writes] {
        let cases = [("first", &ours), ("random", &ours), ("empty", &empty)];
        let mut runs: [Vec<Load>; 3] = Default::default();
        for (name, server) in cases {
            server.warm_up(CONNECTIONS, bench.options.warm_up(), &mut requests(name, 0));
        }
        for round in 1..=bench.options.rounds as u64 {
            for ((name, server), runs) in cases.into_iter().zip(&mut runs) {
                let mut requests = requests(name, round);
                let writes = (beside == Beside::Writes).then(|| write(bench, server, round));
                runs.push(load::closed_loop(server.port, CONNECTIONS, bench.options.span(), &mut requests));
                if let Some(writes) = writes {
                    let written = writes.stop();
                    assert!(written.rate > WRITES.0 / 2.0, "only {:.0} POST/s beside {name}", written.rate);
                }
            }
        }
        let [first, random, empty] = runs.map(|runs| Figures::of(&runs));
        for (index, (figures, (key, name))) in [first, random].into_iter().zip(PAGES).enumerate() {
            let alone = *alone[index].get_or_insert(empty.rate);
            let suffix = if beside == Beside::Writes { ".writes" } else { "" };
            bench.facts.note_load(format!("page.{key}{suffix}"), &figures);
            bench.facts.note_load(format!("page.empty{suffix}"), &empty);
            let ratio = figures.rate / empty.rate;
            let (p99, ratio) = match beside {
                Beside::Nothing => (number(figures.p99_ms), number(ratio)),
                Beside::Writes => (at_most(figures.p99_ms, P99_MAX), at_least(ratio, RATE_MIN)),
            };
            table.row([
                name.to_owned(),
                if beside == Beside::Writes { format!("{} POST/s", number(WRITES.0)) } else { "nothing".to_owned() },
                number(figures.rate),
                p99,
                number(empty.rate),
                number(empty.p99_ms),
                ratio,
                number(figures.rate / alone),
            ]);
        }
    }
    table.print(&format!("Leaderboard pages of {bytes} bytes at 64 connections, {ranked} ranked users"));
    let reply = request::exchange(ours.port, &request::get("/leaderboard?page=0", None));
    assert_eq!(reply.status, 200, "a leaderboard to the end");
}

/// POSTs that go on at their own pace.
fn write(bench: &Bench, server: &Server, seed: u64) -> Paced {
    let requests = Requests::posts(&server.key, bench.users, Dates::Lifelike, seed);
    Paced::start(server.port, WRITES.1, WRITES.0, requests)
}
