//! Durable POSTs a second, and their latency: the server as it is, against the same server with one transaction for each
//! request. Both run side by side on files of their own and are loaded in turn, so that a machine that slows down slows
//! both; medians over the rounds are printed, and their ratio. Then deliveries of a forum (signed bodies of posts of a
//! usual length) beside plain POSTs, on the same server in turn.
//!
//! `cargo bench --bench throughput`; with `-- --stored 1000000` on a file that holds so many events already; with
//! `-- --smoke` for a run of seconds that only shows that it works.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use scorekeeper::config::{self, LogFormat, Settings};
use scorekeeper::domain::{Clock, EventDate, Networks, Permissions, PlainKey};
use scorekeeper::store::{self, OpenMode, OpenOptions, Store, api_keys};
use scorekeeper::{logging, server};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Set in the environment of a server that this program starts of itself: how many writes share a transaction.
const GROUP_MAX: &str = "BENCH_GROUP_MAX";
/// Connections of the rows of the table.
const CONNECTIONS: [usize; 3] = [1, 8, 64];
/// What deliveries are signed with.
const SECRET: &str = "a secret of the forum";
/// Users that events are spread over.
const USERS: u64 = 100_000;

fn main() {
    if let Ok(group_max) = std::env::var(GROUP_MAX) {
        serve(group_max.parse().expect("a number"));
        return;
    }
    let arguments: Vec<String> = std::env::args().collect();
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let stored = arguments.iter().skip_while(|argument| *argument != "--stored").nth(1);
    let stored: u64 = stored.map_or(0, |stored| stored.parse().expect("a number of events"));
    let (rounds, span) = if smoke { (1, Duration::from_millis(300)) } else { (5, Duration::from_secs(3)) };
    let grouped = Server::start(store::GROUP_MAX, stored);
    let single = Server::start(1, stored);
    println!("durable POSTs of single events on {stored} stored ones; medians of {rounds} rounds of {span:?}");
    println!("{:>11}  {:>23}  {:>23}  {:>6}", "", "group commit", "a transaction each", "");
    println!(
        "{:>11}  {:>12} {:>10}  {:>12} {:>10}  {:>6}",
        "connections", "POST/s", "p99 ms", "POST/s", "p99 ms", "ratio"
    );
    for connections in CONNECTIONS {
        let mut runs = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for (server, runs) in [&grouped, &single].into_iter().zip(&mut runs) {
                runs.push(load(server, What::Post, connections, span, round as u64 + 1));
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
    println!("deliveries of a forum beside plain POSTs, on the same server");
    println!("{:>11}  {:>12} {:>12}  {:>6}", "connections", "POST/s", "deliveries/s", "ratio");
    for connections in CONNECTIONS {
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for (what, rates) in [What::Post, What::Delivery].into_iter().zip(&mut rates) {
                // A thing that was told before would count for nothing, so each run has things of its own.
                let seed = (1000 + connections * 10 + round) as u64;
                rates.push(load(&grouped, what, connections, span, seed).rate);
            }
        }
        let [posts, deliveries] = rates.map(median);
        println!("{connections:>11}  {posts:>12.0} {deliveries:>12.0}  {:>6.2}", deliveries / posts);
    }
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
enum What {
    /// Single events.
    Post,
    /// What a forum tells of posts.
    Delivery,
}

/// The server, in a process of its own.
fn serve(group_max: usize) {
    let figment = config::figment();
    let settings = Settings::load(&figment, None).expect("good settings");
    logging::start(None, LogFormat::Text).expect("a log");
    server::serve(&settings, figment, group_max).expect("a server that ends cleanly");
}

struct Server {
    child: Child,
    _folder: tempfile::TempDir,
    port: u16,
    key: String,
}

impl Server {
    fn start(group_max: usize, stored: u64) -> Server {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = prepare(&folder.path().join("scores.db"), stored);
        let log = folder.path().join("server.log");
        let child = Command::new(std::env::current_exe().expect("this program"))
            .current_dir(folder.path())
            .env(GROUP_MAX, group_max.to_string())
            .env("ROCKET_PORT", "0")
            .env("SCOREKEEPER_DATABASE", "scores.db")
            .env("SCOREKEEPER_DISCOURSE_SECRET", SECRET)
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

/// Makes the file, with a key and so many events over two years.
fn prepare(file: &Path, events: u64) -> String {
    let clock = Clock::system(chrono_tz::UTC);
    let (store, writer) = Store::open(file, OpenOptions::new(OpenMode::Create, clock)).expect("a new database");
    let key = PlainKey::generate().expect("random numbers");
    let new = api_keys::NewKey {
        username: None,
        permissions: Permissions::ALL,
        networks: Networks::default(),
        description: None,
        expires_on: None,
    };
    let from = api_keys::Descent::COMMAND_LINE;
    let stored = key.clone();
    store.writer().write_blocking(move |write| api_keys::create(write, &stored, &new, from)).expect("a stored key");
    const FILL: &str = "
        WITH RECURSIVE drawn (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM drawn WHERE number < :count)
        INSERT INTO score_events (user_id, date, points, description)
        SELECT 1 + abs(random()) % (1 + abs(random()) % :users), date('now', -(abs(random()) % 730) || ' days'), 5,
               'Karaoke night'
        FROM drawn WHERE :count > 0";
    const SUM: &str = "
        INSERT INTO scores (month, user_id, day, score, events)
        SELECT replace(substr(date, 1, 7), '-', ''), user_id, substr(date, 9), sum(points), count(*)
        FROM score_events GROUP BY user_id, date";
    let fill = move |write: &store::Write<'_>| {
        write.connection.execute(FILL, rusqlite::named_params! { ":count": events as i64, ":users": USERS as i64 })?;
        write.connection.execute(SUM, [])?;
        Ok(())
    };
    store.writer().write_blocking(fill).expect("stored events");
    writer.stop();
    key.reveal().to_owned()
}

struct Run {
    rate: f64,
    p99_ms: f64,
}

/// Loads the server for `span`, each connection sending its next request as soon as the last is answered. One thread
/// drives them all, so that as little as can be is taken from the processors that the server shares.
fn load(server: &Server, what: What, connections: usize, span: Duration, seed: u64) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let today = Clock::system(chrono_tz::UTC).today();
    let began = Instant::now();
    let deadline = began + span;
    let mut latencies: Vec<Duration> = runtime.block_on(async {
        let clients: Vec<_> = (0..connections)
            .map(|index| {
                let number = seed * 1000 + index as u64;
                let (port, key, random) = (server.port, server.key.clone(), Random(number));
                let client = Client { port, key, what, random, next_thing: number * 1_000_000 };
                tokio::spawn(client.post_until(deadline, today))
            })
            .collect();
        let mut latencies = Vec::new();
        for client in clients {
            latencies.extend(client.await.expect("a connection that lasts"));
        }
        latencies
    });
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let p99 = latencies[(latencies.len() * 99 / 100).min(latencies.len() - 1)];
    Run { rate, p99_ms: p99.as_secs_f64() * 1000.0 }
}

struct Client {
    port: u16,
    key: String,
    what: What,
    random: Random,
    /// The number of the next thing that a delivery tells of.
    next_thing: u64,
}

impl Client {
    async fn post_until(mut self, deadline: Instant, today: EventDate) -> Vec<Duration> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let mut latencies = Vec::new();
        let mut reply = Vec::with_capacity(4096);
        while Instant::now() < deadline {
            let request = self.request(today);
            let sent = Instant::now();
            stream.write_all(request.as_bytes()).await.expect("sent");
            reply.clear();
            while !is_whole(&reply) {
                assert!(stream.read_buf(&mut reply).await.expect("a reply") > 0, "the server hung up");
            }
            latencies.push(sent.elapsed());
            assert!(reply.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&reply));
        }
        latencies
    }

    /// Few users have most events (the square of an even draw), and nine dates in ten are today's.
    fn request(&mut self, today: EventDate) -> String {
        let draw = self.random.below(1 << 20) as f64 / f64::from(1 << 20);
        let user_id = 1 + (draw * draw * USERS as f64) as u64;
        let age = if self.random.below(10) == 0 { self.random.below(730) as u32 } else { 0 };
        let date = today.minus_days(age);
        if let What::Delivery = self.what {
            return self.delivery(user_id, date);
        }
        let body = format!(r#"{{"user_id":{user_id},"date":"{date}","points":5,"description":"Karaoke night"}}"#);
        format!(
            "POST /admin/plugins/gamification/score_events HTTP/1.1\r\nHost: localhost\r\nApi-Key: {}\r\n\
             Api-Username: system\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        )
    }
}

impl Client {
    /// What a forum tells of a post that it has not told of before.
    fn delivery(&mut self, user_id: u64, date: EventDate) -> String {
        self.next_thing += 1;
        let (id, text) = (self.next_thing, "Karaoke was fun. ".repeat(60));
        let body = format!(
            r#"{{"post":{{"id":{id},"user_id":{user_id},"username":"ann","created_at":"{date}T09:30:00.000Z","updated_at":"{date}T09:30:00.000Z","cooked":"<p>{text}</p>","raw":"{text}","post_number":3,"post_type":1,"topic_id":7,"topic_slug":"karaoke-night","category_id":4,"hidden":false,"wiki":false,"topic_archetype":"regular"}}}}"#
        );
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any secret will do");
        let signature = mac.chain_update(&body).finalize().into_bytes();
        let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "POST /webhooks/discourse HTTP/1.1\r\nHost: localhost\r\nX-Discourse-Event: post_created\r\n\
             X-Discourse-Event-Signature: sha256={signature}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// Whether all of a reply is there, by its length header.
fn is_whole(reply: &[u8]) -> bool {
    let text = String::from_utf8_lossy(reply);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse::<usize>().ok()).expect("a length")
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
