//! What a process and its files grow to while something runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::servers::with_suffix;

/// Looks at a file's write-ahead log every few milliseconds.
pub struct WalWatch {
    wal: PathBuf,
    largest: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WalWatch {
    /// Begins.
    pub fn start(database: &Path) -> WalWatch {
        let wal = with_suffix(database, "-wal");
        let (largest, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (file, seen, stopped) = (wal.clone(), Arc::clone(&largest), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(size(&file), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        WalWatch { wal, largest, stop, thread: Some(thread) }
    }

    /// The size now, in bytes.
    pub fn now(&self) -> u64 {
        size(&self.wal)
    }

    /// The largest size so far, in bytes.
    pub fn largest(&self) -> u64 {
        self.largest.load(Ordering::Relaxed)
    }
}

impl Drop for WalWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to fail at.
            let _ = thread.join();
        }
    }
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |data| data.len())
}

/// What a process holds, as Linux tells: `VmRSS` resident now, `VmHWM` at its most, `RssAnon` without files. In bytes; 0
/// where it can't be told.
pub fn memory(pid: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
