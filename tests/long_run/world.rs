//! What all threads of the run share: the server of the moment, the disk, what was counted, and what went wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::plan::Plan;
use crate::support::random::Random;
use crate::support::{KEY, Server, command, wait_for};

/// What is counted, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Events that the server said are stored.
    Events,
    /// Corrections and deletions that it said are done.
    Corrections,
    /// Merges that it said are done.
    Merges,
    /// Redemptions that it refused, each for want of points.
    Redemptions,
    /// Reads that were answered.
    Reads,
    /// Requests that broke off without an answer.
    Broken,
    /// Answers that came a second time to the same key.
    Replayed,
    /// Changes that were answered 503, and repeated.
    Unavailable,
    /// Changes whose outcome the server did not know, and that were repeated.
    Unknown,
    /// `kill -9` of a server that served.
    Kills,
    /// `kill -9` of a server that was starting.
    KillsAtStart,
    /// Times that the disk was full.
    Full,
    /// Starts that were refused because the disk was full.
    RefusedStarts,
    /// Backups that were checked.
    Backups,
    /// Restores of the replica that were checked.
    Restores,
    /// Litestream ended and was started again.
    LitestreamStarts,
}

/// The shared world.
pub struct World {
    pub plan: Plan,
    pub began: Instant,
    folder: Arc<TempDir>,
    server: Mutex<Option<Arc<Server>>>,
    is_over: AtomicBool,
    is_full: AtomicBool,
    counts: Mutex<BTreeMap<Count, u64>>,
    faults: Mutex<Vec<String>>,
    notes: Mutex<BTreeMap<String, u64>>,
    /// The process of Litestream, 0 if there is none.
    pub litestream: AtomicU32,
    /// The longest times in milliseconds of what is told in the end.
    pub longest_start: AtomicU64,
    pub longest_recovery: AtomicU64,
    pub longest_lag: AtomicU64,
}

impl World {
    /// A folder with a small disk in it; the process must be in a namespace of its own.
    pub fn new(plan: Plan) -> World {
        let folder = TempDir::new().expect("a temporary folder");
        let disk = folder.path().join("disk");
        std::fs::create_dir(&disk).expect("a folder");
        let size = format!("size={}m", plan.disk);
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&disk).status();
        assert!(mounted.expect("mount runs").success());
        World {
            plan,
            began: Instant::now(),
            folder: Arc::new(folder),
            server: Mutex::new(None),
            is_over: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            counts: Mutex::default(),
            faults: Mutex::default(),
            notes: Mutex::default(),
            litestream: AtomicU32::new(0),
            longest_start: AtomicU64::new(0),
            longest_recovery: AtomicU64::new(0),
            longest_lag: AtomicU64::new(0),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn disk(&self) -> PathBuf {
        self.folder().join("disk")
    }

    pub fn database(&self) -> PathBuf {
        self.disk().join("scores.db")
    }

    pub fn backups(&self) -> PathBuf {
        self.folder().join("backups")
    }

    /// Prints a line with the time that has passed.
    pub fn say(&self, line: &str) {
        let passed = self.began.elapsed().as_secs();
        println!("{:02}:{:02} {line}", passed / 60, passed % 60);
    }

    pub fn count(&self, what: Count, more: u64) {
        *self.counts.lock().expect("counts").entry(what).or_default() += more;
    }

    pub fn counted(&self, what: Count) -> u64 {
        self.counts.lock().expect("counts").get(&what).copied().unwrap_or(0)
    }

    /// Something is not as it was promised. The first time the database is kept as it is.
    pub fn fault(&self, what: &str) {
        self.say(&format!("FAULT: {what}"));
        let mut faults = self.faults.lock().expect("faults");
        faults.push(what.to_owned());
        if faults.len() == 1 {
            self.keep("first");
        }
    }

    /// Copies the database to where it outlives the run.
    pub fn keep(&self, name: &str) {
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("long_run").join(name);
        let mut copied = std::fs::create_dir_all(&to);
        for file in ["scores.db", "scores.db-wal"] {
            copied = copied.and(std::fs::copy(self.disk().join(file), to.join(file)).map(|_| ()));
        }
        self.say(&format!("the database is kept in {} ({copied:?})", to.display()));
    }

    pub fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("faults").clone()
    }

    /// Something that is no fault, but that somebody may want to look into.
    pub fn note(&self, what: &str) {
        let mut notes = self.notes.lock().expect("notes");
        let count = notes.entry(what.to_owned()).or_default();
        *count += 1;
        if *count == 1 {
            self.say(&format!("note: {what}"));
        }
    }

    pub fn notes(&self) -> BTreeMap<String, u64> {
        self.notes.lock().expect("notes").clone()
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Lets time pass in which others work; whether the run still goes on.
    pub fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while !self.is_over() && Instant::now() < until {
            std::thread::sleep((until - Instant::now()).min(Duration::from_millis(50)));
        }
        !self.is_over()
    }

    pub fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::SeqCst)
    }

    /// The server of the moment. There is none between a kill and the next start.
    pub fn server(&self) -> Option<Arc<Server>> {
        self.server.lock().expect("the server").clone()
    }

    fn command(&self) -> Command {
        let mut command = command(self.folder());
        command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1");
        command.env("SCOREKEEPER_DATABASE", "disk/scores.db").env("SCOREKEEPER_API_KEY", KEY);
        let every = format!("{}s", self.plan.backup_every.as_secs());
        command.env("SCOREKEEPER_BACKUP_FOLDER", "backups").env("SCOREKEEPER_BACKUP_EVERY", every);
        // The jobs that look for drift run often.
        command.env("SCOREKEEPER_TODAY_EVERY", "10s").env("SCOREKEEPER_RECENT_EVERY", "60s");
        command
    }

    /// Starts the server; on a full disk again and again until it comes up.
    pub fn start(&self) {
        let began = Instant::now();
        loop {
            // The disk may have been emptied while the start was refused.
            let was_full = self.is_full();
            match Server::try_spawn(self.command(), Arc::clone(&self.folder)) {
                Ok(server) => {
                    let took = began.elapsed().as_millis() as u64;
                    self.longest_start.fetch_max(took, Ordering::SeqCst);
                    *self.server.lock().expect("the server") = Some(Arc::new(server));
                    return;
                }
                Err((status, said)) => {
                    let last = said.lines().last().unwrap_or_default();
                    let told = format!("a start is refused with {status}: {}", without_time(last));
                    if was_full || self.is_full() {
                        self.note(&told)
                    } else {
                        self.fault(&told)
                    }
                    self.count(Count::RefusedStarts, 1);
                    if !self.pause(Duration::from_millis(200)) && began.elapsed() > Duration::from_secs(30) {
                        panic!("the server can't be started: {told}");
                    }
                }
            }
        }
    }

    /// Takes the server from the clients; it is reaped when the last of them has let it go.
    fn take(&self) -> Option<Arc<Server>> {
        self.server.lock().expect("the server").take()
    }

    /// Ends the server as a power cut would, as far as a process can.
    pub fn kill(&self) {
        let Some(mut server) = self.take() else { return };
        server.signal("KILL");
        wait_for("the clients to let the server go", || Arc::get_mut(&mut server).map(|_| ()));
        let Some(server) = Arc::into_inner(server) else { return };
        self.read_log(&server.stderr());
        server.kill();
        self.count(Count::Kills, 1);
    }

    /// Ends the server as an init system does.
    pub fn stop(&self) {
        let mut server = self.take().expect("a server");
        wait_for("everybody to let the server go", || Arc::get_mut(&mut server).map(|_| ()));
        let Some(server) = Arc::into_inner(server) else { return };
        self.read_log(&server.stderr());
        server.stop();
    }

    /// Starts a server and kills it before it serves, or soon after.
    pub fn start_and_kill(&self, random: &mut Random) {
        let mut command = self.command();
        let null = || Stdio::null();
        let mut child = command.stdin(null()).stdout(null()).stderr(null()).spawn().expect("the server starts");
        std::thread::sleep(Duration::from_millis(random.below(150) as u64));
        child.kill().expect("it can be killed");
        child.wait().expect("it is reaped");
        self.count(Count::KillsAtStart, 1);
    }

    /// Notes what a server has told that is more than a request.
    fn read_log(&self, log: &str) {
        for line in log.lines() {
            if line.contains("panicked") || line.contains("damaged") || line.contains("malformed") {
                self.fault(&format!("the log says: {line}"));
            } else if line.contains("ERROR") || line.contains("WARN") {
                self.note(&format!("the log says: {}", without_time(line)));
            }
        }
    }
}

/// A line of a log without what is another in each: digits become one sign.
pub fn without_time(line: &str) -> String {
    let mut told = String::new();
    for sign in line.chars() {
        if !sign.is_ascii_digit() {
            told.push(sign);
        } else if !told.ends_with('#') {
            told.push('#');
        }
    }
    told
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.take());
        let _ = Command::new("umount").arg(self.disk()).status();
    }
}
