//! Durable POSTs a second, and their latency: the server as it is, against the same server with one transaction for each
//! request. Both run side by side on files of their own and are loaded in turn, so that a machine that slows down slows
//! both; medians over the rounds are printed, and their ratio.
//!
//! `cargo bench --bench throughput`, or with `-- --smoke` for a run of seconds that only shows that it works.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use scorekeeper::config::{self, LogFormat, LogSettings, Settings};
use scorekeeper::domain::{Clock, EventDate, PlainKey};
use scorekeeper::store::{self, OpenMode, Store, api_keys};
use scorekeeper::{logging, server};

/// Set in the environment of a server that this program starts of itself: how many writes share a transaction.
const GROUP_MAX: &str = "BENCH_GROUP_MAX";
/// Connections of the rows of the table.
const CONNECTIONS: [usize; 3] = [1, 8, 64];
/// Users that events are spread over.
const USERS: u64 = 10_000;

fn main() {
    if let Ok(group_max) = std::env::var(GROUP_MAX) {
        serve(group_max.parse().expect("a number"));
        return;
    }
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let (rounds, span) = if smoke { (1, Duration::from_millis(300)) } else { (5, Duration::from_secs(3)) };
    let grouped = Server::start(store::GROUP_MAX);
    let single = Server::start(1);
    println!("durable POSTs of single events, stored key, request log on; medians of {rounds} rounds of {span:?}");
    println!("{:>11}  {:>23}  {:>23}  {:>6}", "", "group commit", "a transaction each", "");
    println!(
        "{:>11}  {:>12} {:>10}  {:>12} {:>10}  {:>6}",
        "connections", "POST/s", "p99 ms", "POST/s", "p99 ms", "ratio"
    );
    for connections in CONNECTIONS {
        let mut runs = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for (server, runs) in [&grouped, &single].into_iter().zip(&mut runs) {
                runs.push(load(server, connections, span, round as u64 + 1));
            }
        }
        let [grouped, single] = runs.map(|runs| {
            (median(runs.iter().map(|run| run.rate).collect()), median(runs.iter().map(|run| run.p99_ms).collect()))
        });
        println!(
            "{connections:>11}  {:>12.0} {:>10.2}  {:>12.0} {:>10.2}  {:>6.2}",
            grouped.0,
            grouped.1,
            single.0,
            single.1,
            grouped.0 / single.0
        );
    }
}

/// The server, in a process of its own.
fn serve(group_max: usize) {
    let figment = config::figment();
    let settings = Settings::load(&figment, None).expect("good settings");
    let log = LogSettings { file: None, format: LogFormat::Text };
    logging::start(&log).expect("a log");
    server::serve(&settings, figment, group_max).expect("a server that ends cleanly");
}

struct Server {
    child: Child,
    _folder: tempfile::TempDir,
    port: u16,
    key: String,
}

impl Server {
    fn start(group_max: usize) -> Server {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = make_key(&folder.path().join("scores.db"));
        let log = folder.path().join("server.log");
        let child = Command::new(std::env::current_exe().expect("this program"))
            .current_dir(folder.path())
            .env(GROUP_MAX, group_max.to_string())
            .env("ROCKET_PORT", "0")
            .env("SCOREKEEPER_DATABASE", "scores.db")
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the server starts");
        let deadline = Instant::now() + Duration::from_secs(30);
        let port = loop {
            assert!(Instant::now() < deadline, "the server does not say where it listens");
            let said = std::fs::read_to_string(&log).expect("a log");
            let rest = said.split_once("listening on http://127.0.0.1:").map(|(_, rest)| rest);
            if let Some(port) = rest.and_then(|rest| rest.split_once(' ')).map(|(port, _)| port) {
                break port.parse().expect("a port");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Server { child, _folder: folder, port, key }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn make_key(file: &Path) -> String {
    let clock = Clock::system(chrono_tz::UTC);
    let (store, writer) = Store::open(file, OpenMode::Create, clock, 1, None).expect("a new database");
    let key = PlainKey::generate().expect("random numbers");
    let new = api_keys::NewKey { username: None, read_only: false, description: None, expires_on: None };
    let stored = key.clone();
    store.writer().write_blocking(move |write| api_keys::create(write, &stored, &new)).expect("a stored key");
    writer.stop();
    key.reveal().to_owned()
}

struct Run {
    rate: f64,
    p99_ms: f64,
}

/// Loads the server for `span`, each connection sending its next request as soon as the last is answered.
fn load(server: &Server, connections: usize, span: Duration, seed: u64) -> Run {
    let today = Clock::system(chrono_tz::UTC).today();
    let began = Instant::now();
    let deadline = began + span;
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|index| scope.spawn(move || post_until(server, deadline, today, seed * 1000 + index as u64)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a connection that lasts")).collect()
    });
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let p99 = latencies[(latencies.len() * 99 / 100).min(latencies.len() - 1)];
    Run { rate, p99_ms: p99.as_secs_f64() * 1000.0 }
}

fn post_until(server: &Server, deadline: Instant, today: EventDate, seed: u64) -> Vec<Duration> {
    let mut random = Random(seed);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut latencies = Vec::new();
    while Instant::now() < deadline {
        // Few users have most events (the square of an even draw), and nine dates in ten are today's.
        let draw = random.below(1 << 20) as f64 / f64::from(1 << 20);
        let user_id = 1 + (draw * draw * USERS as f64) as u64;
        let age = if random.below(10) == 0 { random.below(730) as u32 } else { 0 };
        let date = today.minus_days(age);
        let body = format!(r#"{{"user_id":{user_id},"date":"{date}","points":5,"description":"Karaoke night"}}"#);
        let request = format!(
            "POST /admin/plugins/gamification/score_events HTTP/1.1\r\nHost: localhost\r\nApi-Key: {}\r\n\
             Api-Username: system\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            server.key,
            body.len()
        );
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).expect("sent");
        read_reply(&mut reader);
        latencies.push(sent.elapsed());
    }
    latencies
}

/// Reads one reply whole and checks that the event is stored.
fn read_reply(reader: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    reader.read_line(&mut line).expect("a status line");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
}

/// xorshift64*, seeded: every run draws the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
