//! Running the real program under strace, and keeping what it called.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::calls::{Call, Calls, ENDED, Moment};
use super::disk::{Disk, Files};
use crate::support::{KEY, Run, Server, binary, command, wait_for};

/// What changes files or their names, what flushes them, and what answers. A name after `?` is not known to every machine.
const CALLS: &str = "trace=?open,openat,?creat,write,pwrite64,?pwritev,?pwritev2,writev,?sendfile,copy_file_range,sendto,sendmsg,\
                     fsync,fdatasync,?sync_file_range,ftruncate,fallocate,?unlink,unlinkat,?rename,?renameat,renameat2,?link,\
                     linkat,?mkdir,mkdirat";

/// A folder in which programs run that are recorded.
pub struct Recording {
    folder: Arc<TempDir>,
    traces: TempDir,
    count: usize,
    before: Files,
}

/// What was recorded.
pub struct Recorded {
    pub root: String,
    pub before: Files,
    pub calls: Calls,
    /// The texts of strace, for whoever has to look.
    pub texts: Vec<String>,
}

impl Recording {
    /// Begins with what the folder holds now, all of it flushed.
    pub fn begin(folder: Arc<TempDir>) -> Recording {
        let before = read_folder(folder.path());
        Recording { folder, traces: TempDir::new().expect("a temporary folder"), count: 0, before }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program under strace, in the folder. It is the child itself; strace watches from aside.
    fn traced(&mut self, inject: Option<&str>) -> Command {
        self.count += 1;
        let mut strace = Command::new("strace");
        strace.args(["-D", "-f", "--seccomp-bpf", "-y", "-ttt", "-q", "-s", "4000000", "-e", CALLS]);
        if let Some(inject) = inject {
            strace.args(["-e", inject]);
        }
        strace.arg("-o").arg(self.trace(self.count)).arg(binary());
        // As every test runs the program: with no setting of the test run.
        let plain = command(self.folder());
        strace.current_dir(self.folder());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => strace.env(name, value),
                None => strace.env_remove(name),
            };
        }
        strace
    }

    fn trace(&self, number: usize) -> PathBuf {
        self.traces.path().join(format!("{number}.strace"))
    }

    /// Starts a server on `scores.db`.
    pub fn serve(&mut self, env: &[(&str, &str)]) -> Server {
        self.serve_failing(env, None)
    }

    /// Starts a server of which strace makes some calls fail.
    pub fn serve_failing(&mut self, env: &[(&str, &str)], inject: Option<&str>) -> Server {
        let mut command = self.traced(inject);
        command.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1");
        command.env("SCOREKEEPER_DATABASE", "scores.db").env("SCOREKEEPER_API_KEY", KEY);
        command.envs(env.iter().copied());
        Server::spawn(command, Arc::clone(&self.folder))
    }

    /// Runs a command to its end.
    pub fn run(&mut self, args: &[&str]) -> Run {
        let output = self.traced(None).args(args).stdin(Stdio::null()).output().expect("strace runs");
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Ends it, when all processes have ended. The model of the disk is held against the real one.
    pub fn end(self) -> Recorded {
        let texts: Vec<String> = (1..=self.count).map(|number| whole(&self.trace(number))).collect();
        let root = self.folder().to_str().expect("a path in UTF-8").to_owned();
        let recorded = Recorded { root, before: self.before, calls: Calls::read(&texts), texts };
        let mut disk = Disk::new(&recorded.root, &recorded.before);
        recorded.calls.moments.iter().for_each(|moment| disk.pass(&recorded.calls, *moment));
        let (mut model, mut real) = (disk.now(), read_folder(self.folder.path()));
        for files in [&mut model, &mut real] {
            files.retain(|name, _| !name.ends_with("-shm"));
        }
        let lengths = |files: &Files| files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect::<Vec<_>>();
        // What a process was writing while it was killed may be there or not.
        if recorded.calls.calls.iter().all(|call| call.has_ended || !call.name.contains("write")) {
            assert_eq!(lengths(&model), lengths(&real), "the model of the disk is another");
            assert!(model == real, "the model of the disk holds other bytes");
        }
        recorded
    }
}

/// The text of a trace, when strace has written it to its end.
fn whole(trace: &Path) -> String {
    wait_for("strace to end", || {
        let text = std::fs::read_to_string(trace).expect("a trace");
        let (first, _) = text.split_once(' ')?;
        let is_end = |line: &str| line.starts_with(first) && line.contains("+++");
        text.lines().rev().take(20).any(is_end).then_some(text)
    })
}

/// All files of a folder and of those below it.
pub fn read_folder(folder: &Path) -> Files {
    let (mut files, mut open) = (Files::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(folder).expect("a path below").to_str().expect("a name in UTF-8").to_owned();
            if path.is_dir() {
                files.insert(format!("{name}/"), Vec::new());
                open.push(path);
            } else {
                files.insert(name, std::fs::read(path).expect("a file"));
            }
        }
    }
    files
}

/// Writes files into a folder.
pub fn write_folder(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        match name.strip_suffix('/') {
            Some(_) => std::fs::create_dir_all(path).expect("a folder"),
            None => std::fs::write(path, bytes).expect("a file"),
        }
    }
}

/// What a process has said to the world.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// A request was answered with a success; its id.
    Done(String),
    /// A line on stdout; its first word.
    Line(String),
    /// A process has ended well.
    Ended,
}

impl Recorded {
    /// What is said at a moment.
    pub fn said(&self, moment: Moment) -> Option<Said> {
        let Moment::Begins(number) = moment else { return None };
        said(&self.calls.calls[number])
    }

    /// Moments about which much changes: calls that flush, name or cut files, and answers.
    pub fn turns(&self) -> Vec<usize> {
        let telling: HashSet<&str> =
            ["fsync", "fdatasync", "ftruncate", "unlink", "rename", "renameat2", "link", "linkat", "mkdir"].into();
        let is_turn = |moment: &Moment| {
            let (Moment::Begins(number) | Moment::Ends(number)) = *moment;
            let call = &self.calls.calls[number];
            telling.contains(call.name.as_str()) || said(call).is_some()
        };
        let moments = self.calls.moments.iter().enumerate();
        moments.filter(|(_, moment)| is_turn(moment)).map(|(at, _)| at).collect()
    }
}

fn said(call: &Call) -> Option<Said> {
    if call.name.starts_with(ENDED) {
        return Some(Said::Ended);
    }
    if !["write", "writev", "sendto", "sendmsg"].contains(&call.name.as_str()) {
        return None;
    }
    let text = String::from_utf8_lossy(call.first_text()?);
    if text.starts_with("HTTP/1.1 2") {
        let (_, id) = text.split_once("x-request-id: ")?;
        return Some(Said::Done(id.split('\r').next()?.to_owned()));
    }
    if call.name == "write" && call.word(0).starts_with("1<") {
        return Some(Said::Line(text.split_whitespace().next()?.to_owned()));
    }
    None
}
