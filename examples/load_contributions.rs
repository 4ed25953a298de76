//! Posts a CSV file of points to a running server, over several connections at once, and checks the result.
//!
//! ```sh
//! URL=http://127.0.0.1:8000 KEY=… cargo run --release --example load_contributions -- FILE.csv 8
//! ```
//!
//! The file has a header and the columns `user_id,date,points,description`; the second argument is the number of
//! connections. Each row carries an `Idempotency-Key` made of the file's name and the row's number, so an interrupted
//! run can be started again within 7 days and stores nothing twice. Afterwards every user's overall score and every
//! day's score must equal the sums taken from the file: the example expects a server that holds no other events of these
//! users, and rows dated up to today.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const FILE: &str = "tests/data/contributions.csv";
const CONNECTIONS: usize = 8;
/// How often a row is sent before the load gives up; the pause before each further attempt grows by a tenth of a second.
const ATTEMPTS: u32 = 10;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    match load_and_check() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(differences) => {
            eprintln!("{differences} sums differ");
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("load_contributions: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn load_and_check() -> Result<usize, Failure> {
    let url = std::env::var("URL").map_err(|_| "set URL, as in URL=http://127.0.0.1:8000")?;
    let key = std::env::var("KEY").map_err(|_| "set KEY to an API key")?;
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().unwrap_or_else(|| FILE.to_owned());
    let connections = arguments.next().map_or(Ok(CONNECTIONS), |count| count.parse())?.max(1);

    let rows = read(Path::new(&file))?;
    let started = Instant::now();
    post_all(&rows, connections, || Client::new(&url, &key))?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "posted {} events over {connections} connections in {seconds:.1} s: {:.0} a second",
        rows.len(),
        rows.len() as f64 / seconds
    );
    count_differences(&rows, &Client::new(&url, &key))
}

/// One row of the file, and the key that makes sending it again harmless.
struct Row {
    user_id: i64,
    date: String,
    points: i64,
    description: Option<String>,
    idempotency_key: String,
}

fn read(file: &Path) -> Result<Vec<Row>, Failure> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(200).collect();
    let mut reader = csv::Reader::from_path(file).map_err(|fault| format!("{}: {fault}", file.display()))?;
    let mut rows = Vec::new();
    for (index, record) in reader.deserialize().enumerate() {
        let (user_id, date, points, description): (i64, String, i64, Option<String>) = record?;
        rows.push(Row { user_id, date, points, description, idempotency_key: format!("{name}-{}", index + 1) });
    }
    Ok(rows)
}

/// Sends every row once; each connection takes the next row that nobody has taken.
fn post_all(rows: &[Row], connections: usize, connect: impl Fn() -> Client + Sync) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let work = || {
        let client = connect();
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(failure) = client.post(row) {
                next.store(rows.len(), Ordering::Relaxed);
                return Err(failure);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a connection panicked")?)
    })
}

/// Compares every user's overall score and every day's score with the sums of the rows.
fn count_differences(rows: &[Row], client: &Client) -> Result<usize, Failure> {
    let mut users: BTreeMap<i64, BTreeMap<&str, i64>> = BTreeMap::new();
    for row in rows {
        *users.entry(row.user_id).or_default().entry(&row.date).or_default() += row.points;
    }
    let (mut differences, mut days_checked) = (0, 0);
    let mut compare = |what: String, wanted: Option<i64>, found: Option<i64>| {
        if wanted != found {
            eprintln!("{what}: the file says {wanted:?}, the server {found:?}");
            differences += 1;
        }
    };
    for (user_id, wanted) in &users {
        let score = client.get(&format!("/users/{user_id}/score"))?;
        compare(format!("user {user_id}"), Some(wanted.values().sum()), score["total_score"].as_i64());

        let reply = client.get(&format!("/users/{user_id}/days"))?;
        let found: BTreeMap<&str, i64> = reply["days"]
            .as_array()
            .ok_or("a reply without days")?
            .iter()
            .filter_map(|day| Some((day["date"].as_str()?, day["score"].as_i64()?)))
            .collect();
        let days: BTreeSet<&str> = wanted.keys().chain(found.keys()).copied().collect();
        for day in &days {
            compare(format!("user {user_id} on {day}"), wanted.get(day).copied(), found.get(day).copied());
        }
        days_checked += days.len();
    }
    println!("compared {} overall scores and {days_checked} scores of single days", users.len());
    Ok(differences)
}

/// One connection to the server.
struct Client {
    agent: ureq::Agent,
    url: String,
    key: String,
}

impl Client {
    fn new(url: &str, key: &str) -> Client {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        Client { agent, url: url.trim_end_matches('/').to_owned(), key: key.to_owned() }
    }

    /// Stores the row. A broken connection or a busy server is tried again: the key sees to it that no row counts twice.
    fn post(&self, row: &Row) -> Result<(), Failure> {
        let event = json!({
            "user_id": row.user_id,
            "date": row.date,
            "points": row.points,
            "description": row.description,
        });
        let mut attempt = 1;
        loop {
            let reply = self
                .agent
                .post(format!("{}/admin/plugins/gamification/score_events", self.url))
                .header("Api-Key", &self.key)
                .header("Api-Username", "system")
                .header("Idempotency-Key", &row.idempotency_key)
                .content_type("application/json")
                .send(event.to_string())
                .and_then(|mut reply| Ok((reply.status().as_u16(), reply.body_mut().read_to_string()?)));
            match reply {
                Ok((200, _)) => return Ok(()),
                Ok((503, _)) | Err(_) if attempt < ATTEMPTS => std::thread::sleep(Duration::from_millis(100) * attempt),
                Ok((status, body)) => {
                    return Err(format!("row {} was answered {status}: {body}", row.idempotency_key).into());
                }
                Err(fault) => return Err(fault.into()),
            }
            attempt += 1;
        }
    }

    fn get(&self, path: &str) -> Result<Value, Failure> {
        let mut reply = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("Api-Key", &self.key)
            .header("Api-Username", "system")
            .call()?;
        let body = reply.body_mut().with_config().limit(64 << 20).read_to_string()?;
        match reply.status().as_u16() {
            200 => Ok(serde_json::from_str(&body)?),
            status => Err(format!("{path} was answered {status}: {body}").into()),
        }
    }
}
