//! How a server under test ends.

use std::process::{Command, ExitStatus};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Server, wait_for};

impl Server {
    /// Sends a signal by name (`TERM`, `INT`, `KILL`).
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status().expect("sh runs");
        assert!(status.success(), "kill -{name} failed");
    }

    /// Sends a signal by name to a process that may have ended by itself, and waits for its end.
    pub fn end(&mut self, signal: &str) -> ExitStatus {
        // Until its end has been waited for, a process that has ended still takes signals.
        if self.has_ended().is_none() {
            self.signal(signal);
        }
        self.wait()
    }

    /// How the process has ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits for the process to end, and for the end of its stderr.
    pub fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let status = wait_for("the server to end", || child.try_wait().expect("a child can be waited for"));
        wait_for("the end of stderr", || self.reader.is_finished().then_some(()));
        status
    }

    /// Ends the process as a power cut would, as far as a process can.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server is reaped");
        self.folder()
    }

    /// Stops the server as an init system does and checks that it ended cleanly.
    pub fn stop(mut self) -> Arc<TempDir> {
        let status = self.end("TERM");
        assert_eq!(status.code(), Some(0), "{}", self.stderr());
        self.folder()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
