//! A hundred leaderboards beside one: their pages while points come in, and the memory of the server.

use std::time::{Duration, Instant};

use scorekeeper::domain::Period;
use serde_json::{Value, json};

use crate::Bench;
use crate::draw::Dates;
use crate::load::{self, Load, Paced};
use crate::report::{Figures, Table, at_most, number};
use crate::request::{self, Reply, Requests};
use crate::servers::Server;
use crate::watch;

/// Leaderboards of the two servers. On each but the first, another hundredth of the users is not ranked.
const BOARDS: [u64; 2] = [1, 100];
/// Connections of the load.
const CONNECTIONS: usize = 64;
/// POSTs a second beside it, and the connections that they come by.
const WRITES: (f64, usize) = (2_000.0, 16);
/// In megabytes.
const MEMORY_MAX: f64 = 300.0;

/// Runs the part.
pub fn run(bench: &mut Bench) {
    let servers = BOARDS.map(|boards| {
        let server = Server::scorekeeper(&bench.files.copy(bench.options.million(), &format!("boards-{boards}.db")));
        let paths = set_up(bench, &server, boards);
        paths.iter().for_each(|path| wait_for(&server, path));
        (server, paths)
    });
    let requests = |paths: &[String], seed| {
        Requests::gets(None, seed, |random| paths[random.below(paths.len() as u64) as usize].clone())
    };
    for (server, paths) in &servers {
        server.warm_up(CONNECTIONS, bench.options.warm_up(), &mut requests(paths, 0));
    }
    let mut runs: [(Vec<Load>, Vec<Load>); 2] = Default::default();
    for round in 1..=bench.options.rounds as u64 {
        for ((server, paths), runs) in servers.iter().zip(&mut runs) {
            let mut requests = requests(paths, round);
            let posts = Requests::posts(&server.key, bench.users, Dates::Lifelike, round);
            let posts = Paced::start(server.port, WRITES.1, WRITES.0, posts);
            runs.0.push(load::closed_loop(server.port, CONNECTIONS, bench.options.span(), &mut requests));
            runs.1.push(posts.stop());
        }
    }
    let figures = runs.map(|(gets, posts)| (Figures::of(&gets), Figures::of(&posts)));
    let mut table = Table::new(&["boards", "GET/s", "p99", "of one board's", "POST/s", "p99", "memory, MB", "at most"]);
    for ((boards, (server, paths)), (gets, posts)) in BOARDS.into_iter().zip(&servers).zip(&figures) {
        let memory = |what| watch::memory(server.pid(), what) as f64 / 1e6;
        bench.facts.note_load(format!("boards.{boards}"), gets);
        table.row([
            boards.to_string(),
            number(gets.rate),
            number(gets.p99_ms),
            number(gets.rate / figures[0].0.rate),
            number(posts.rate),
            number(posts.p99_ms),
            number(memory("VmRSS")),
            at_most(memory("VmHWM"), MEMORY_MAX),
        ]);
        // None of them was let go meanwhile.
        paths.iter().for_each(|path| assert_eq!(get(server, path).status, 200, "{path}"));
    }
    let (users, writes) = (bench.users.0.min(bench.options.million()), number(WRITES.0));
    table.print(&format!(
        "First pages of boards in six periods at 64 connections, {users} users, {writes} POST/s beside them"
    ));
}

/// Adds boards up to that number. Returns the paths of all boards in all periods.
fn set_up(bench: &Bench, server: &Server, boards: u64) -> Vec<String> {
    let mut ids = vec![1];
    for number in 1..boards {
        let members: Vec<u64> = (1..=bench.users.0).filter(|id| id % boards == number).collect();
        let group = json!({"name": format!("Group {number}"), "user_ids": members});
        change(server, "PUT", &format!("/admin/groups/{number}"), &group);
        let board = json!({"name": format!("Board {number}"), "created_by_id": 1, "excluded_groups_ids": [number]});
        let board: Value =
            serde_json::from_str(&change(server, "POST", "/admin/plugins/gamification/leaderboard", &board).body)
                .expect("a board");
        ids.push(board["id"].as_u64().expect("a number"));
    }
    let paths =
        ids.iter().flat_map(|id| Period::ALL.map(|period| format!("/leaderboard/{id}?period={}", period.name())));
    paths.collect()
}

fn change(server: &Server, method: &str, path: &str, body: &Value) -> Reply {
    let body = body.to_string();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nApi-Key: {}\r\nApi-Username: system\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        server.key,
        body.len()
    );
    let reply = request::exchange(server.port, &request);
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    reply
}

fn get(server: &Server, path: &str) -> Reply {
    request::exchange(server.port, &request::get(path, None))
}

fn wait_for(server: &Server, path: &str) {
    let deadline = Instant::now() + Duration::from_secs(300);
    while get(server, path).status != 200 {
        assert!(Instant::now() < deadline, "{path} is not there");
        std::thread::sleep(Duration::from_millis(2));
    }
}
