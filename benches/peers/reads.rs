//! Lists of events and single users' scores, beside the empty handler.

use crate::Bench;
use crate::draw::{self, Users};
use crate::load::{self, Load};
use crate::report::{Figures, Table, at_least, at_most, number};
use crate::request::{self, EVENTS, Requests};
use crate::servers::Server;

/// Connections of the load.
const CONNECTIONS: usize = 64;
/// Lists a second.
const LISTS_MIN: f64 = 8_000.0;
/// In milliseconds.
const LIST_P99_MAX: f64 = 20.0;
/// Of the empty handler's rate.
const SCORE_MIN: f64 = 0.6;
/// Events of a full list.
const LISTED: u64 = 100;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    OfUser,
    OfDate,
    AfterId,
    Score,
    MonthlyScore,
    Empty,
}

const ALL: [What; 6] = [What::Empty, What::OfUser, What::OfDate, What::AfterId, What::Score, What::MonthlyScore];

impl What {
    fn name(self) -> &'static str {
        match self {
            What::OfUser => "100 events of a user, newest first",
            What::OfDate => "100 events of a date",
            What::AfterId => "100 events after an id",
            What::Score => "a user's score",
            What::MonthlyScore => "a user's score of the month",
            What::Empty => "the empty handler",
        }
    }

    fn key(self) -> &'static str {
        match self {
            What::OfUser => "get.user",
            What::OfDate => "get.date",
            What::AfterId => "get.after",
            What::Score => "get.score",
            What::MonthlyScore => "get.monthly",
            What::Empty => "get.empty",
        }
    }

    fn is_list(self) -> bool {
        matches!(self, What::OfUser | What::OfDate | What::AfterId)
    }

    fn requests(self, key: &str, users: Users, events: u64, seed: u64) -> Requests {
        let days = draw::days(request::today());
        let key = self.is_list().then_some(key);
        Requests::gets(key, seed, |random| match self {
            What::OfUser => format!("{EVENTS}?user_id={}&order=desc", users.with_events(random, events, LISTED)),
            What::OfDate => format!("{EVENTS}?date={}", days[random.below(draw::DAYS.into()) as usize]),
            What::AfterId => format!("{EVENTS}?after={}", random.below(events.saturating_sub(LISTED).max(1))),
            What::Score => format!("/users/{}/score", users.evenly(random)),
            What::MonthlyScore => format!("/users/{}/score?period=monthly", users.evenly(random)),
            What::Empty => "/small".to_owned(),
        })
    }
}

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let events = bench.options.events;
    let ours = Server::scorekeeper(&bench.files.copy(events, "get.db"));
    let empty = Server::empty(bench.files.folder());
    ours.wait_for_standings("all_time");
    let server = |what| if what == What::Empty { &empty } else { &ours };
    let requests = |what: What, seed| what.requests(&ours.key, bench.users, events, seed);
    for what in ALL {
        let path = requests(what, 0);
        check_list(bench, server(what), what, path.clone().next());
        server(what).warm_up(CONNECTIONS, bench.options.warm_up(), &mut path.clone());
    }
    let mut runs: [Vec<Load>; ALL.len()] = Default::default();
    for round in 1..=bench.options.rounds as u64 {
        for (what, runs) in ALL.into_iter().zip(&mut runs) {
            let port = server(what).port;
            runs.push(load::closed_loop(port, CONNECTIONS, bench.options.span(), &mut requests(what, round)));
        }
    }
    let figures = runs.map(|runs| Figures::of(&runs));
    let mut table = Table::new(&["GET", "a second", "p99", "of the empty handler"]);
    for (what, figures_here) in ALL.into_iter().zip(&figures) {
        bench.facts.note_load(what.key(), figures_here);
        let ratio = figures_here.rate / figures[0].rate;
        let [rate, p99, ratio] = match what {
            What::Score | What::MonthlyScore => {
                [number(figures_here.rate), number(figures_here.p99_ms), at_least(ratio, SCORE_MIN)]
            }
            What::Empty => [number(figures_here.rate), number(figures_here.p99_ms), "1".to_owned()],
            _ => [at_least(figures_here.rate, LISTS_MIN), at_most(figures_here.p99_ms, LIST_P99_MAX), number(ratio)],
        };
        table.row([what.name().to_owned(), rate, p99, ratio]);
    }
    table.print(&format!("Reading at 64 connections, {events} stored events"));
}

/// Lists have to be full where there is enough to fill them: shorter ones would be read too quickly.
fn check_list(bench: &Bench, server: &Server, what: What, request: &[u8]) {
    let reply = request::exchange(server.port, str::from_utf8(request).expect("text"));
    let listed = reply.body.matches("\"user_id\"").count() as u64;
    let enough = bench.options.events >= 1_000_000;
    assert!(!what.is_list() || !enough || listed == LISTED, "{} lists {listed}", what.name());
}
