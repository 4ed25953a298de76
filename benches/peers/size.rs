//! Whether POSTs stay as quick when much is stored, and how large the write-ahead log gets.

use crate::Bench;
use crate::draw::Dates;
use crate::load::{self, Load};
use crate::report::{Figures, Table, at_least, at_most, number};
use crate::request::Requests;
use crate::servers::Server;
use crate::watch::WalWatch;

/// Connections of the load.
const CONNECTIONS: usize = 64;
/// Of the rate on few events.
const RATE_MIN: f64 = 0.8;
/// In milliseconds, checkpoints included.
const P999_MAX: f64 = 60.0;
/// In megabytes.
const WAL_MAX: f64 = 128.0;

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let (few, many) = (bench.options.small(), bench.options.events);
    let mut table = Table::new(&[
        "dates",
        "stored events",
        "POST/s",
        "of the rate on few",
        "p99",
        "p99.9",
        "max",
        "largest WAL, MB",
    ]);
    for dates in Dates::ALL {
        let files = [bench.files.copy(few, "few.db"), bench.files.copy(many, "many.db")];
        let servers = files.each_ref().map(|file| Server::scorekeeper(file));
        let wals = files.each_ref().map(|file| WalWatch::start(file));
        for server in &servers {
            server.wait_for_standings("all_time");
            server.warm_up(
                CONNECTIONS,
                bench.options.warm_up(),
                &mut Requests::posts(&server.key, bench.users, dates, 0),
            );
        }
        let mut runs: [Vec<Load>; 2] = Default::default();
        for round in 1..=bench.options.rounds as u64 {
            for (server, runs) in servers.iter().zip(&mut runs) {
                let mut requests = Requests::posts(&server.key, bench.users, dates, round);
                runs.push(load::closed_loop(server.port, CONNECTIONS, bench.options.span(), &mut requests));
            }
        }
        let figures = runs.map(|runs| Figures::of(&runs));
        for (index, figures_here) in figures.iter().enumerate() {
            let ratio = figures_here.rate / figures[0].rate;
            table.row([
                dates.name().to_owned(),
                [few, many][index].to_string(),
                number(figures_here.rate),
                if index == 0 { "1".to_owned() } else { at_least(ratio, RATE_MIN) },
                number(figures_here.p99_ms),
                at_most(figures_here.p999_ms, P999_MAX),
                number(figures_here.max_ms),
                at_most(wals[index].largest() as f64 / 1e6, WAL_MAX),
            ]);
        }
        bench.facts.note_load(format!("size.{}", dates.key()), &figures[1]);
        let sustained = sustain(bench, &servers[1], dates);
        table.row([
            format!("{}, {:?} without a pause", dates.name(), bench.options.sustain()),
            many.to_string(),
            number(sustained.rate),
            at_least(sustained.rate / figures[0].rate, RATE_MIN),
            number(sustained.p99_ms),
            at_most(sustained.p999_ms, P999_MAX),
            number(sustained.max_ms),
            at_most(wals[1].largest() as f64 / 1e6, WAL_MAX),
        ]);
    }
    table.print("Durable POSTs at 64 connections, by what is stored");
}

/// The load for long enough that checkpoints, and the log's growth between them, show.
fn sustain(bench: &Bench, server: &Server, dates: Dates) -> Figures {
    let mut requests = Requests::posts(&server.key, bench.users, dates, 1_000);
    Figures::of(&[load::closed_loop(server.port, CONNECTIONS, bench.options.sustain(), &mut requests)])
}
