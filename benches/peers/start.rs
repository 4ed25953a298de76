//! From the start of the process to the first acknowledged write and to the first standings.

use std::time::Instant;

use crate::Bench;
use crate::report::{Table, at_most, median, millis, number};
use crate::request;
use crate::servers::{Server, make_key};

/// In milliseconds.
const WRITE_MAX: f64 = 200.0;
/// In milliseconds.
const STANDINGS_MAX: f64 = 6_000.0;

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let file = bench.files.copy(bench.options.events, "start.db");
    let key = make_key(&file);
    let (mut listening, mut written, mut first, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.options.rounds as u64 {
        let began = Instant::now();
        let server = Server::scorekeeper_with(&file, key.clone());
        listening.push(millis(began.elapsed()));
        let reply = request::exchange(server.port, &request::post(&key, 1 + round, request::today()));
        assert_eq!(reply.status, 200, "{}", reply.body);
        written.push(millis(began.elapsed()));
        let page = server.wait_for_standings("all_time");
        first.push(millis(began.elapsed()));
        assert!(page.contains("\"position\":1"), "someone leads: {page}");
        server.wait_for_all_standings();
        all.push(millis(began.elapsed()));
        server.stop();
    }
    let [listening, written, first, all] = [listening, written, first, all].map(median);
    bench.facts.note("start.first", first / 1000.0);
    bench.facts.note("start.all", all / 1000.0);
    let mut table = Table::new(&["from the start to", "milliseconds"]);
    table.row(["listening".to_owned(), number(listening)]);
    table.row(["the first acknowledged POST".to_owned(), at_most(written, WRITE_MAX)]);
    table.row(["the leaderboard".to_owned(), at_most(first, STANDINGS_MAX)]);
    table.row(["the leaderboards of all six periods".to_owned(), number(all)]);
    table.print(&format!("Start on {} events", bench.options.events));
}
