//! Promise: Litestream beside a server copies what is committed, without more whole copies than it makes by itself; and a server
//! follows what its `restore -f` keeps current. Needs litestream.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tempfile::TempDir;

use crate::openapi_programs::{HINT, program};
use crate::support::replica::{ELSEWHERE, Replica};
use crate::support::{EVENTS, Server, Setup, run_with, wait_for};

const EXAMPLE: &str = include_str!("../examples/litestream.yml");

/// How many events a batch of the load has.
const BATCH: u64 = 5000;

/// A program that runs until it is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect(HINT))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The replica of a server, made by the configuration of the example.
pub struct Copied {
    folder: TempDir,
    database: String,
}

impl Copied {
    fn of(server: &Server) -> Copied {
        Copied::of_file(&server.database())
    }

    /// The replica of a database that is, or will be, in that place.
    pub fn of_file(database: &Path) -> Copied {
        let folder = tempfile::tempdir().expect("a folder");
        let database = database.to_str().expect("a path in UTF-8").to_owned();
        let to = folder.path().join("replica");
        let config = EXAMPLE
            .replace("/var/lib/scorekeeper/scorekeeper.db", &database)
            .replace("/mnt/replica/scorekeeper", to.to_str().expect("a path in UTF-8"));
        std::fs::write(folder.path().join("litestream.yml"), config).expect("a file");
        Copied { folder, database }
    }

    /// Litestream with the configuration.
    pub fn litestream(&self, command: &str) -> Command {
        let mut litestream = program("litestream");
        litestream.arg(command).arg("-config").arg(self.folder.path().join("litestream.yml"));
        litestream
    }

    fn replicate(&self) -> Running {
        Running::start(&mut self.litestream("replicate"))
    }

    /// Restores what was copied into a file of that name; `None` if nothing can be restored yet.
    pub fn restored(&self, to: &Path) -> Option<()> {
        let _ = std::fs::remove_file(to);
        let mut restore = self.litestream("restore");
        let output = restore.arg("-o").arg(to).arg(&self.database).output().expect(HINT);
        output.status.success().then_some(())
    }

    /// The bytes of all copies.
    pub fn size(&self) -> u64 {
        let levels = std::fs::read_dir(self.folder.path().join("replica/ltx")).into_iter().flatten();
        let names = levels.filter_map(|level| level.ok()?.file_name().into_string().ok());
        names.flat_map(|level| self.sizes(&level)).sum()
    }

    /// The sizes of the copies of a level.
    fn sizes(&self, level: &str) -> Vec<u64> {
        let folder = self.folder.path().join("replica/ltx").join(level);
        let files = std::fs::read_dir(folder).expect("copies").map(|file| file.expect("a file"));
        files.map(|file| file.metadata().expect("a size").len()).collect()
    }
}

/// How many events a file holds, and the greatest id.
fn events(file: &Path) -> (i64, i64) {
    let connection = rusqlite::Connection::open(file).expect("the file opens");
    let select = "SELECT count(*), coalesce(max(id), 0) FROM score_events";
    connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("events")
}

/// Stores batches until the server is gone, or so many were stored.
fn load(server: &Server, batches: u64, stored: &AtomicU64) {
    let description = "an evening like others ".repeat(12);
    for batch in 0..batches {
        let events = (0..BATCH).map(|number| {
            json!({"user_id": number % 997 + 1, "date": "2023-04-14", "points": 1,
                   "description": format!("{description}{batch} {number}")})
        });
        let body = json!({"events": events.collect::<Vec<_>>()});
        let reply = server.request("POST", &format!("{EVENTS}/batch")).json(&body).try_send();
        if !reply.is_ok_and(|reply| reply.status == 200) {
            return;
        }
        stored.fetch_add(BATCH, Ordering::SeqCst);
    }
}

#[test]
fn what_was_copied_before_both_were_killed_is_restored_whole() {
    let server = Server::start();
    let copied = Copied::of(&server);
    let litestream = copied.replicate();
    let stored = AtomicU64::new(0);
    load(&server, 24, &stored);
    let before = stored.load(Ordering::SeqCst) as i64;
    assert_eq!(before, 24 * BATCH as i64);
    let file = copied.folder.path().join("restored.db");
    wait_for("everything to be copied", || {
        copied.restored(&file)?;
        (events(&file).0 == before).then_some(())
    });
    let size = server.database().metadata().expect("a size").len();
    assert!(size > 32 << 20, "the load was too small for a checkpoint: {size}");
    // Both are killed in the midst of writing.
    let folder = server.folder();
    std::thread::scope(|scope| {
        scope.spawn(|| load(&server, 1000, &stored));
        wait_for("more load", || (stored.load(Ordering::SeqCst) as i64 >= before + 4 * BATCH as i64).then_some(()));
        server.signal("KILL");
        drop(litestream);
    });
    copied.restored(&file).expect("it can be restored");
    let (count, last) = events(&file);
    assert!(count >= before, "{count} of {before} events");
    assert_eq!(count, last, "some events in between are missing");
    assert_eq!(count % BATCH as i64, 0, "a part of a batch");
    let settings = [("SCOREKEEPER_DATABASE", file.to_str().expect("a path in UTF-8"))];
    let check = run_with(folder.path(), &["check"], &settings);
    assert_eq!((check.code, check.stdout.as_str()), (Some(0), "ok\n"), "{check:?}");
    // A whole copy that is forced would be one that is as large as the file.
    assert_eq!(copied.sizes("9").len(), 1, "one whole copy at the start, and none besides");
    let largest = copied.sizes("0").into_iter().max().expect("a copy");
    assert!(largest < size / 4, "a copy of {largest} bytes beside a file of {size}");
}

#[test]
fn a_server_follows_the_restore_and_takes_over() {
    let origin = Server::start();
    origin.award(13, "2023-04-14", 15);
    let copied = Copied::of(&origin);
    let litestream = copied.replicate();
    // The follower may be there before the file that it reads.
    let replica = Replica::new();
    let follower = replica.setup().start();
    let is_ready = || (follower.anonymous("GET", "/health/ready").send().status == 200).then_some(());
    assert_eq!(is_ready(), None);
    wait_for("a first copy", || copied.restored(&copied.folder.path().join("first.db")));
    let mut restore = copied.litestream("restore");
    restore.args(["-f", "-follow-interval", "100ms", "-o"]).arg(replica.file()).arg(&copied.database);
    let restore = Running::start(&mut restore);
    wait_for("the follower to be ready", is_ready);
    assert_eq!(follower.score(13), 15);
    // However many read, what is written there comes here, on the board too.
    let stored = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| load(&origin, 4, &stored));
        for points in 1..=3 {
            origin.award(13, "2023-04-14", points);
            let score = origin.score(13);
            let shown = || {
                let reply = follower.get("/leaderboard/1?period=all&user_limit=1");
                assert!([200, 202].contains(&reply.status), "{reply:?}");
                (reply.json()["users"][0]["total_score"].as_i64() >= Some(score)).then_some(())
            };
            wait_for("the board to follow", shown);
        }
    });
    wait_for("all events", || (follower.count_events() == origin.count_events()).then_some(()));
    let refused = follower.post(EVENTS, &json!({"user_id": 13, "date": "2023-04-14", "points": 1}));
    assert_eq!((refused.status, &refused.json()["extras"]), (503, &json!({"writes_at": ELSEWHERE})));
    let score = origin.score(13);
    // The machine burns.
    origin.kill();
    drop((litestream, restore));
    let server = Setup::in_folder(follower.stop()).start();
    assert_eq!(server.score(13), score);
    server.award(13, "2023-04-15", 5);
    assert_eq!(server.score(13), score + 5);
    let check = run_with(server.folder().path(), &["check"], &[("SCOREKEEPER_DATABASE", "scores.db")]);
    assert_eq!((check.code, check.stdout.as_str()), (Some(0), "ok\n"), "{check:?}");
}
