//! A system call that fails, and a server that meets it.

use std::fmt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use tempfile::TempDir;

use crate::support::{KEY, Server, binary, command};

/// Which call fails, how, and when.
pub struct Fault {
    pub call: &'static str,
    pub error: &'static str,
    /// At its turn of that number, in each thread.
    pub at: usize,
    /// And at all later ones.
    pub stays: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { call, error, at, stays } = self;
        write!(formatter, "inject={call}:error={error}:when={at}{}", if *stays { "+" } else { "" })
    }
}

/// Starts a server that meets the fault. `Err`: it did not start; how it ended, and its stderr.
pub fn start(folder: &Arc<TempDir>, fault: &Fault, trace: &Path) -> Result<Server, (ExitStatus, String)> {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-q", "--seccomp-bpf", "-s", "0", "-e", &format!("trace={}", fault.call)]);
    strace.args(["-e", &fault.to_string(), "-o"]).arg(trace).arg(binary()).current_dir(folder.path());
    for (name, value) in command(folder.path()).get_envs() {
        if value.is_none() {
            strace.env_remove(name);
        }
    }
    strace.env("ROCKET_PORT", "0").env("ROCKET_ADDRESS", "127.0.0.1");
    strace.env("SCOREKEEPER_DATABASE", "scores.db").env("SCOREKEEPER_API_KEY", KEY);
    Server::try_spawn(strace, Arc::clone(folder))
}
