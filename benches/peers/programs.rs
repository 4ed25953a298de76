//! Programs of other packages, which may be missing.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program that this one started; it ends with the value.
pub struct Daemon {
    child: Child,
    /// The signal that ends it cleanly.
    signal: &'static str,
}

impl Daemon {
    /// Starts it, its output going nowhere.
    pub fn start(mut command: Command, signal: &'static str) -> Daemon {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Daemon { child: child.expect("a program that starts"), signal }
    }

    /// Whether it still runs.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let told = Command::new("sh").args(["-c", "kill -\"$1\" \"$2\"", "sh", self.signal, &pid]).status();
        if !told.is_ok_and(|status| status.success()) {
            // It fails only where it has ended already.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The folder of the search path, or of these others, that holds all of these programs.
pub fn find(programs: &[&str], others: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = others.iter().cloned().chain(std::env::split_paths(&path));
    folders.find(|folder| programs.iter().all(|program| folder.join(program).is_file()))
}

/// Runs a program to its end and returns what it says.
///
/// # Panics
///
/// If it fails.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Gives a folder to another user.
pub fn give(folder: &Path, user: &str) {
    output(Command::new("chown").arg(user).arg(folder));
}
