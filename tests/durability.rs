//! Promise: an acknowledged write survives `kill -9`, and a write that is not acknowledged did not half happen; where
//! nothing can be written, writes are refused with 503, the server lives on and nothing acknowledged is lost.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{EVENTS, KEY, Reply, Server, Setup, binary, wait_for};

/// Clients that write at the same time.
const CLIENTS: usize = 8;
/// How often the server is killed.
const ROUNDS: usize = 60;

/// One event as the client who wrote it knows it.
struct Known {
    /// Unique; its description and its idempotency key.
    token: String,
    parameters: Value,
    id: Option<i64>,
    /// What it may be worth now, `None` for not being there. One entry: the last write was acknowledged.
    possible: Vec<Option<i64>>,
}

/// Writes until the server is gone, counting what was acknowledged.
fn write_until_killed(
    server: &Server,
    client: usize,
    round: usize,
    events: &mut Vec<Known>,
    acknowledged: &AtomicUsize,
) {
    for turn in 0.. {
        let sent = match turn % 5 {
            3 => correct(server, events, turn),
            4 => delete(server, events, turn),
            _ => create(server, events, format!("round {round}, client {client}, turn {turn}")),
        };
        if sent.is_none() {
            return;
        }
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

fn create(server: &Server, events: &mut Vec<Known>, token: String) -> Option<()> {
    let points = (token.len() * 7) as i64 - 150;
    let (user_id, day) = (token.len() % 3 + 1, events.len() % 28 + 1);
    let parameters =
        json!({"user_id": user_id, "date": format!("2023-02-{day:02}"), "points": points, "description": token});
    events.push(Known { token, parameters, id: None, possible: vec![None, Some(points)] });
    let event = events.last_mut().expect("just pushed");
    event.learn_from(send_creation(server, event)?);
    Some(())
}

fn send_creation(server: &Server, event: &Known) -> Option<Reply> {
    let key = event.token.replace(", ", "/").replace(' ', "-");
    server.request("POST", EVENTS).header("Idempotency-Key", &key).json(&event.parameters).try_send().ok()
}

fn correct(server: &Server, events: &mut [Known], turn: usize) -> Option<()> {
    let Some(event) = pick(events, turn) else { return Some(()) };
    let points = turn as i64;
    event.possible.push(Some(points));
    let change = json!({"id": event.id, "points": points});
    let reply = server.request("PUT", EVENTS).json(&change).try_send().ok()?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    event.possible = vec![Some(points)];
    Some(())
}

fn delete(server: &Server, events: &mut [Known], turn: usize) -> Option<()> {
    let Some(event) = pick(events, turn) else { return Some(()) };
    event.possible.push(None);
    let path = format!("{EVENTS}/{}", event.id.expect("a stored event has an id"));
    let reply = server.request("DELETE", &path).try_send().ok()?;
    assert_eq!(reply.status, 200, "{}", reply.body);
    event.possible = vec![None];
    Some(())
}

/// One of the client's events that is surely there, old or new.
fn pick(events: &mut [Known], turn: usize) -> Option<&mut Known> {
    let mut stored: Vec<_> = events.iter_mut().filter(|event| matches!(event.possible[..], [Some(_)])).collect();
    let index = (turn * 31) % stored.len().max(1);
    (index < stored.len()).then(|| stored.swap_remove(index))
}

impl Known {
    fn learn_from(&mut self, reply: Reply) {
        assert_eq!(reply.status, 200, "{}", reply.body);
        let event = reply.json();
        assert_eq!(event["description"].as_str(), Some(self.token.as_str()));
        self.id = event["id"].as_i64();
        self.possible = vec![event["points"].as_i64()];
    }
}

/// Fails unless every (user, day) score is the sum of its events, there is none without events, and the file is sound.
#[track_caller]
pub fn assert_scores_are_sums(connection: &Connection) {
    let sums = "SELECT user_id, date, SUM(points), COUNT(*) FROM score_events GROUP BY user_id, date";
    let kept = "SELECT user_id, date, score, events FROM scores";
    for (some, others) in [(sums, kept), (kept, sums)] {
        let query = format!("SELECT COUNT(*) FROM ({some} EXCEPT {others})");
        let odd: i64 = connection.query_row(&query, [], |row| row.get(0)).expect("the sums are compared");
        assert_eq!(odd, 0, "{some} EXCEPT {others}");
    }
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
}

/// Points of the stored events by description; fails if two bear the same.
fn stored(connection: &Connection) -> HashMap<String, i64> {
    let mut statement = connection.prepare("SELECT description, points FROM score_events").expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("the events");
    let mut events = HashMap::new();
    for row in rows {
        let (token, points): (String, i64) = row.expect("an event");
        assert!(events.insert(token.clone(), points).is_none(), "stored twice: {token}");
    }
    events
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_exactly_once() {
    let mut clients: Vec<Vec<Known>> = (0..CLIENTS).map(|_| Vec::new()).collect();
    let mut folder = Arc::new(TempDir::new().expect("a temporary folder"));
    for round in 0..ROUNDS {
        // Mostly early, from the first write on; now and then after hundreds.
        let kill_after = if round % 20 == 19 { 400 } else { round * 7 % 60 };
        let server = Setup::in_folder(folder).start();
        let acknowledged = AtomicUsize::new(0);
        thread::scope(|scope| {
            for (client, events) in clients.iter_mut().enumerate() {
                let (server, acknowledged) = (&server, &acknowledged);
                scope.spawn(move || write_until_killed(server, client, round, events, acknowledged));
            }
            wait_for("enough acknowledgements", || (acknowledged.load(Ordering::SeqCst) >= kill_after).then_some(()));
            server.signal("KILL");
        });
        folder = server.kill();

        let server = Setup::in_folder(folder).start();
        let mut found = stored(&server.sql());
        for event in clients.iter_mut().flatten() {
            let points = found.remove(&event.token);
            assert!(event.possible.contains(&points), "round {round}: {points:?} for {}", event.token);
            let was_created = event.id.is_some();
            event.possible = vec![points];
            // Whether the lost answer was a success or not: the retry that a client would send now stores it once.
            if !was_created {
                event.learn_from(send_creation(&server, event).expect("the server answers"));
                assert!(points.is_none() || event.possible == [points]);
            }
        }
        assert!(found.is_empty(), "nobody wrote {found:?}");
        assert_scores_are_sums(&server.sql());
        folder = server.kill();
    }

    let server = Setup::in_folder(folder).start();
    let found = stored(&server.sql());
    let present = clients.iter().flatten().filter(|event| event.possible[0].is_some()).count();
    assert_eq!((found.len(), server.count_events()), (present, present));
    assert!(clients.iter().flatten().all(|event| event.possible == [found.get(&event.token).copied()]));
    assert_scores_are_sums(&server.sql());
}

/// Starts a server that can't write any file beyond `blocks` of 512 bytes (1,024 in some shells): the kernel refuses
/// it as it does on a full disk.
pub fn start_with_file_limit(folder: Arc<TempDir>, blocks: u32) -> Server {
    let mut command = Command::new("sh");
    // The soft limit only, so that it can be lifted from a running server.
    command.arg("-c").arg(format!(r#"trap "" XFSZ; ulimit -S -f {blocks}; exec "$0""#)).arg(binary());
    command.current_dir(folder.path());
    for (name, _) in std::env::vars() {
        if name.starts_with("SCOREKEEPER_") || name.starts_with("ROCKET_") {
            command.env_remove(name);
        }
    }
    command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1");
    command.env("SCOREKEEPER_DATABASE", "scores.db").env("SCOREKEEPER_API_KEY", KEY);
    Server::spawn(command, folder)
}

/// Four clients write long descriptions until each was refused ten times. Returns what was acknowledged.
fn fill_up(server: &Server, name: &str) -> Vec<String> {
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..4).map(|client| scope.spawn(move || fill_up_alone(server, &format!("{name} {client}")))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("the client ends")).collect()
    })
}

fn fill_up_alone(server: &Server, name: &str) -> Vec<String> {
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for turn in 0..5_000 {
        let token = format!("{name} {turn} {}", "x".repeat(3_000));
        let body = json!({"user_id": turn % 5 + 1, "date": "2023-04-14", "points": turn, "description": token});
        let reply = server.post(EVENTS, &body);
        match reply.status {
            200 => acknowledged.push(token),
            _ => {
                let sentence = "The database is unavailable right now; nothing was stored. Please try again.";
                reply.assert_error(503, "unavailable", sentence);
                assert!(reply.header("Retry-After").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
                refused += 1;
                if refused == 10 {
                    return acknowledged;
                }
            }
        }
    }
    panic!("the limit was never met: {} writes were acknowledged", acknowledged.len());
}

#[track_caller]
fn assert_stored_exactly(server: &Server, acknowledged: &[String]) {
    let mut want: Vec<&str> = acknowledged.iter().map(String::as_str).collect();
    want.sort_unstable();
    let stored = stored(&server.sql());
    let mut got: Vec<&str> = stored.keys().map(String::as_str).collect();
    got.sort_unstable();
    assert!(got == want, "{} events are stored, {} were acknowledged", got.len(), want.len());
    assert_scores_are_sums(&server.sql());
}

#[test]
fn without_space_writes_are_refused_and_nothing_acknowledged_is_lost() {
    let folder = Server::start().stop();
    let server = start_with_file_limit(folder, 1_500);
    let acknowledged = fill_up(&server, "first");
    assert!(!acknowledged.is_empty());

    // Full, but alive: what is there can be read.
    assert_eq!(server.anonymous("GET", "/health/live").send().status, 200);
    assert_eq!(server.count_events(), acknowledged.len());
    assert_eq!(server.anonymous("GET", "/users/1/score").send().status, 200);

    let server = Setup::in_folder(server.kill()).start();
    assert_stored_exactly(&server, &acknowledged);
    server.award(1, "2023-04-15", 1);
}

#[cfg(target_os = "linux")]
#[test]
fn once_there_is_space_again_writes_go_on_without_a_restart() {
    let folder = Server::start().stop();
    let server = start_with_file_limit(folder, 1_500);
    let mut acknowledged = fill_up(&server, "first");
    let lifted = Command::new("prlimit")
        .args(["--fsize=unlimited", "--pid", &server.pid().to_string()])
        .stdin(Stdio::null())
        .status();
    assert!(lifted.expect("prlimit of util-linux runs").success());
    let token = "after the space came back";
    let body = json!({"user_id": 1, "date": "2023-04-14", "points": 1, "description": token});
    // The refusal says to try again: a client does.
    wait_for("writes to go on", || (server.post(EVENTS, &body).status == 200).then_some(()));
    acknowledged.push(token.to_owned());
    assert_stored_exactly(&server, &acknowledged);
    let server = Setup::in_folder(server.stop()).start();
    assert_stored_exactly(&server, &acknowledged);
}
