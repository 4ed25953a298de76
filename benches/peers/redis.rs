//! Redis as a leaderboard: a sorted set that is appended to a file. It keeps no event.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Bench;
use crate::options::MILLION;
use crate::post::CONNECTIONS;
use crate::programs::{Daemon, find, free_port, output};
use crate::report::{Table, median, number};

/// When it waits for the disk: at each write, or never longer than about a second after it.
const FSYNC: [&str; 2] = ["always", "everysec"];
/// Connections of the reads.
const READERS: usize = 64;

/// The running server.
struct Redis {
    daemon: Daemon,
    programs: PathBuf,
    port: u16,
}

/// What redis-benchmark says.
#[derive(Clone, Copy)]
struct Figure {
    rate: f64,
    p99_ms: f64,
}

/// Runs the part, or says why not.
pub fn run(bench: &mut Bench) {
    let Some(redis) = Redis::start(bench) else {
        println!("\nRedis is not installed: left out");
        return;
    };
    let million = if bench.options.smoke { bench.options.million() } else { MILLION };
    let sizes = [bench.users.0, million];
    for members in sizes {
        redis.fill(bench, members);
    }
    let mut table = Table::new(&["Redis", "members", "clients", "a second", "p99", "scorekeeper's rate over it"]);
    writes(bench, &redis, sizes, &mut table);
    reads(bench, &redis, sizes, &mut table);
    table.print("Redis: a sorted set");
}

fn writes(bench: &mut Bench, redis: &Redis, sizes: [u64; 2], table: &mut Table) {
    for members in sizes {
        let mut runs: [[Vec<Figure>; CONNECTIONS.len()]; FSYNC.len()] = Default::default();
        for _ in 0..bench.options.rounds {
            for (fsync, runs) in FSYNC.into_iter().zip(&mut runs) {
                redis.command(&["CONFIG", "SET", "appendfsync", fsync]);
                for (clients, runs) in CONNECTIONS.into_iter().zip(runs) {
                    let board = board(members);
                    let increment = ["ZINCRBY", &board, "5", "user:__rand_int__"];
                    runs.push(redis.benchmark(bench, clients, members, &increment));
                }
            }
        }
        for (fsync, runs) in FSYNC.into_iter().zip(runs) {
            for (clients, runs) in CONNECTIONS.into_iter().zip(runs) {
                let key = format!("redis.{fsync}.{members}.{clients}");
                let ours = bench.facts.get(&format!("post.lifelike.{clients}"));
                row(bench, table, &format!("ZINCRBY, appendfsync {fsync}"), &key, members, clients, &runs, ours);
            }
        }
    }
}

fn reads(bench: &mut Bench, redis: &Redis, sizes: [u64; 2], table: &mut Table) {
    for members in sizes {
        let board = board(members);
        let cases: [(&str, &str, &str, Vec<&str>); 2] = [
            ("ZREVRANGE 0 99 WITHSCORES", "range", "page.first", vec!["ZREVRANGE", &board, "0", "99", "WITHSCORES"]),
            ("ZREVRANK", "rank", "get.score", vec!["ZREVRANK", &board, "user:__rand_int__"]),
        ];
        let mut runs: [Vec<Figure>; 2] = Default::default();
        for _ in 0..bench.options.rounds {
            for ((.., command), runs) in cases.iter().zip(&mut runs) {
                runs.push(redis.benchmark(bench, READERS, members, command));
            }
        }
        for ((name, key, ours, _), runs) in cases.into_iter().zip(runs) {
            let ours = bench.facts.get(ours);
            row(bench, table, name, &format!("redis.{key}.{members}"), members, READERS, &runs, ours);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of a table has many cells")]
fn row(
    bench: &mut Bench,
    table: &mut Table,
    name: &str,
    key: &str,
    members: u64,
    clients: usize,
    runs: &[Figure],
    ours: Option<f64>,
) {
    let rate = median(runs.iter().map(|run| run.rate).collect());
    let p99_ms = median(runs.iter().map(|run| run.p99_ms).collect());
    bench.facts.note(key, rate);
    bench.facts.note(format!("{key}.p99"), p99_ms);
    table.row([
        name.to_owned(),
        members.to_string(),
        clients.to_string(),
        number(rate),
        number(p99_ms),
        ours.map_or_else(|| "-".to_owned(), |ours| number(ours / rate)),
    ]);
}

fn board(members: u64) -> String {
    format!("board:{members}")
}

impl Redis {
    fn start(bench: &Bench) -> Option<Redis> {
        let programs = find(&["redis-server", "redis-cli", "redis-benchmark"], &[])?;
        let port = free_port();
        let mut command = Command::new(programs.join("redis-server"));
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        command.args(["--auto-aof-rewrite-percentage", "0", "--dir"]).arg(bench.files.folder());
        let mut redis = Redis { daemon: Daemon::start(command, "TERM"), programs, port };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !redis.client().arg("PING").output().is_ok_and(|said| said.stdout.starts_with(b"PONG")) {
            assert!(redis.daemon.lives() && Instant::now() < deadline, "Redis starts");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(redis)
    }

    fn client(&self) -> Command {
        let mut command = Command::new(self.programs.join("redis-cli"));
        command.args(["-p", &self.port.to_string()]);
        command
    }

    fn command(&self, words: &[&str]) {
        let said = output(self.client().args(words));
        assert_eq!(said.trim(), "OK", "{words:?}");
    }

    /// Makes a board of that many members, named as redis-benchmark names what it draws.
    fn fill(&self, bench: &Bench, members: u64) {
        let board = board(members);
        let file = bench.files.folder().join("redis-fill");
        let mut commands = BufWriter::new(File::create(&file).expect("a file"));
        for member in 0..members {
            write!(commands, "ZADD {board} {} user:{member:012}\r\n", member * 7 % 10_007).expect("written");
        }
        drop(commands.into_inner().expect("written"));
        let commands = File::open(&file).expect("a file");
        output(self.client().arg("--pipe").stdin(Stdio::from(commands)));
        std::fs::remove_file(file).expect("a file that can go");
    }

    /// Runs a command over and over, for about as long as the other loads: a short run tells how many times that is.
    fn benchmark(&self, bench: &Bench, clients: usize, members: u64, command: &[&str]) -> Figure {
        let run = |requests: u64| {
            let mut benchmark = Command::new(self.programs.join("redis-benchmark"));
            benchmark.args(["-p", &self.port.to_string(), "--csv", "-c", &clients.to_string()]);
            benchmark.args(["-n", &requests.to_string(), "-r", &members.to_string()]);
            let said = output(benchmark.args(command));
            let last = said.lines().last().unwrap_or_default();
            let cells: Vec<f64> = last.split(',').filter_map(|cell| cell.trim_matches('"').parse().ok()).collect();
            // Rate, then latencies: average, minimum, p50, p95, p99, maximum.
            let [rate, _, _, _, _, p99_ms, _] = cells[..] else { panic!("figures in: {said}") };
            Figure { rate, p99_ms }
        };
        let span = bench.options.span().as_secs_f64();
        let least = ((500.0 * span) as u64).max(1);
        let guess = run(least);
        run(((guess.rate * span) as u64).max(least))
    }
}
