//! A backup of the large database, beside a server that takes writes.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::Bench;
use crate::draw::Dates;
use crate::load::{Load, Paced};
use crate::report::{Figures, Table, at_most, median, number};
use crate::request::Requests;
use crate::servers::{Server, scorekeeper};

/// POSTs a second beside it, and the connections that they come by.
const WRITES: (f64, usize) = (200.0, 8);
/// In milliseconds.
const WRITE_P99_MAX: f64 = 30.0;

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let file = bench.files.copy(bench.options.events, "backup.db");
    let copy = bench.files.folder().join("the-backup.db");
    let (mut alone, mut beside): (Vec<Load>, Vec<Load>) = Default::default();
    let (mut seconds, mut megabytes) = (Vec::new(), Vec::new());
    let server = Server::scorekeeper(&file);
    server.wait_for_standings("all_time");
    let requests = |seed| Requests::posts(&server.key, bench.users, Dates::Lifelike, seed);
    server.warm_up(1, bench.options.warm_up(), &mut requests(0));
    for round in 0..bench.options.rounds as u64 {
        let writes = Paced::start(server.port, WRITES.1, WRITES.0, requests(2 * round + 1));
        std::thread::sleep(bench.options.span());
        alone.push(writes.stop());
        let writes = Paced::start(server.port, WRITES.1, WRITES.0, requests(2 * round + 2));
        seconds.push(back_up(&file, &copy));
        beside.push(writes.stop());
        megabytes.push(std::fs::metadata(&copy).expect("a backup").len() as f64 / 1e6);
        std::fs::remove_file(&copy).expect("a backup that can go");
    }
    let mut table = Table::new(&["beside the server", "POST/s", "p99", "p99.9", "max", "seconds", "MB"]);
    for (name, loads) in [("nothing", alone), ("a backup", beside)] {
        let figures = Figures::of(&loads);
        let of_backup = |figures: &[f64]| match name {
            "nothing" => "-".to_owned(),
            _ => number(median(figures.to_vec())),
        };
        table.row([
            name.to_owned(),
            number(figures.rate),
            at_most(figures.p99_ms, WRITE_P99_MAX),
            number(figures.p999_ms),
            number(figures.max_ms),
            of_backup(&seconds),
            of_backup(&megabytes),
        ]);
    }
    table.print(&format!("{} POST/s beside a backup of {} events", number(WRITES.0), bench.options.events));
}

/// Runs the program as an operator does, and returns how many seconds it took, its check of the copy among them.
fn back_up(file: &Path, copy: &Path) -> f64 {
    let mut command = scorekeeper();
    command.arg("backup").arg(copy).arg("--database").arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().expect("a program that runs");
    assert!(status.success(), "the backup: {status}");
    began.elapsed().as_secs_f64()
}
