//! How many changes of users a second the server takes: `PUT /admin/users/ID`, each answered once it shows on all six
//! boards of the global leaderboard, from 8 clients at once, with 1,000, 10,000 and 100,000 users who all have points.
//!
//! Then how long 100,000 users take who are new, by `POST /admin/users/batch`, 10,000 at once.
//!
//! `cargo bench --bench directory`, with `-- --server FILE` to measure another build of the server beside it, or with
//! `-- --smoke` for a run of seconds that only shows that it works.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

const KEY: &str = "measure";
const CLIENTS: u64 = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let other = arguments.iter().position(|argument| argument == "--server").and_then(|at| arguments.get(at + 1));
    let server = other.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_scorekeeper")), PathBuf::from);
    let (scales, span): (&[u64], _) =
        if smoke { (&[100], Duration::from_millis(300)) } else { (&[1_000, 10_000, 100_000], Duration::from_secs(4)) };
    println!("{}: PUT /admin/users/ID from {CLIENTS} clients", server.display());
    for &users in scales {
        let puts = measure(&server, users, span);
        println!("  {users:>7} users {:>8.0} a second", puts as f64 / span.as_secs_f64());
    }
    let (users, batch) = if smoke { (200, 100) } else { (100_000, 10_000) };
    let seconds = batches(&server, users, batch);
    println!("POST /admin/users/batch, {batch} at once\n  {users:>7} users in {seconds:.2} s");
}

/// How many seconds so many new users take by batches.
fn batches(program: &Path, users: usize, batch: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(program, &folder.path().join("scores.db"));
    let user = |id: usize| format!("{{\"id\":{id},\"username\":\"u{id}\",\"name\":\"Name {id}\"}}");
    let bodies: Vec<String> = (0..users / batch)
        .map(|number| (1 + number * batch..=(number + 1) * batch).map(user).collect::<Vec<_>>().join(","))
        .map(|list| format!("{{\"users\":[{list}]}}"))
        .collect();
    let began = Instant::now();
    for body in bodies {
        let post = ureq::post(format!("{}/admin/users/batch", server.url));
        let post = post.header("Api-Key", KEY).header("Api-Username", "system");
        let reply = post.header("Content-Type", "application/json").send(body).expect("an answer");
        assert_eq!(reply.status(), 200);
    }
    began.elapsed().as_secs_f64()
}

/// How many changes were answered within `span`.
fn measure(program: &Path, users: u64, span: Duration) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scores.db");
    // The first start lays the file out.
    drop(Server::start(program, &file));
    fill(&file, users);
    let server = Server::start(program, &file);
    for period in ["all_time", "yearly", "quarterly", "monthly", "weekly", "daily"] {
        let path = format!("{}/leaderboard/1?period={period}", server.url);
        until(|| ureq::get(&path).call().is_ok_and(|reply| reply.status() == 200));
    }
    let count = AtomicU64::new(0);
    let end = Instant::now() + span;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (count, url) = (&count, &server.url);
            scope.spawn(move || {
                let agent = ureq::Agent::new_with_defaults();
                for round in 0.. {
                    let id = 1 + (client * 7_919 + round * 104_729) % users;
                    let put = agent.put(format!("{url}/admin/users/{id}"));
                    let put = put.header("Api-Key", KEY).header("Api-Username", "system");
                    let form = [("username", format!("u{id}")), ("name", format!("Name {round}"))];
                    let reply = put.send_form(form).expect("an answer");
                    assert_eq!(reply.status(), 200);
                    reply.into_body().read_to_vec().expect("a body");
                    if Instant::now() >= end {
                        return;
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    count.into_inner()
}

/// Gives each user a name and points of today.
fn fill(file: &Path, users: u64) {
    let mut connection = Connection::open(file).expect("the file");
    let transaction = connection.transaction().expect("a transaction");
    let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)";
    let named = format!("{numbers} INSERT INTO users (id, username, folded) SELECT n, 'u' || n, 'u' || n FROM numbers");
    transaction.execute(&named, [users as i64]).expect("users");
    let scored = format!(
        "{numbers} INSERT INTO scores (month, user_id, day, score, events)
         SELECT CAST(strftime('%Y%m', 'now') AS INTEGER), n, CAST(strftime('%d', 'now') AS INTEGER), n * 7919 % 100003, 1
         FROM numbers"
    );
    transaction.execute(&scored, [users as i64]).expect("scores");
    transaction.commit().expect("a commit");
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(program: &Path, file: &Path) -> Server {
        // Free a moment ago, and only this program looks for one.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let process = Command::new(program)
            .args(["--database".as_ref(), file.as_os_str()])
            .env("ROCKET_PORT", port.to_string())
            .env("ROCKET_ADDRESS", "127.0.0.1")
            .env("SCOREKEEPER_API_KEY", KEY)
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let server = Server { process, url: format!("http://127.0.0.1:{port}") };
        until(|| ureq::get(format!("{}/health/live", server.url)).call().is_ok());
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The file is thrown away, or only laid out: nothing is lost.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "the server does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}
