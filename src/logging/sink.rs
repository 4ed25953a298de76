//! Where log lines go: stderr, and a file if one is set.
//!
//! Writing each request's line by itself costs a busy server more than making the line. So lines of requests are gathered
//! for a moment, and a thread writes them together. Everything else, and all that has been gathered before it, is written
//! at once by whoever logs it. A process that is killed loses the lines of its last moment, never an event.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use log::{Level, Log, Metadata, Record};

use super::REQUEST_TARGET;

/// How long a request's line may wait for others.
const GATHERED_FOR: Duration = Duration::from_millis(50);

/// Bytes that are gathered at most. Whoever adds the last of them writes them all, and so waits for a slow reader of the
/// log, as everyone would without gathering.
const GATHERED_MAX: usize = 256 << 10;

/// Writes lines that are finished already. Its clones are one sink.
#[derive(Clone)]
pub(super) struct Sink(Arc<Inner>);

struct Inner {
    gathered: Mutex<Vec<u8>>,
    /// Told when the first line is gathered.
    begun: Condvar,
    /// Held while lines are taken out and written, so that they stay in their order.
    outputs: Mutex<Outputs>,
}

struct Outputs {
    file: Option<File>,
    /// Lines being written; kept for its memory.
    lines: Vec<u8>,
}

impl Sink {
    /// Starts the thread that writes what is gathered.
    pub fn start(file: Option<File>) -> std::io::Result<Sink> {
        let inner = Inner {
            gathered: Mutex::default(),
            begun: Condvar::new(),
            outputs: Mutex::new(Outputs { file, lines: Vec::new() }),
        };
        let sink = Sink(Arc::new(inner));
        let gatherer = sink.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || gatherer.gather())?;
        Ok(sink)
    }

    /// The thread's work; it ends with the process.
    fn gather(&self) {
        loop {
            let begun = self.0.begun.wait_while(held(&self.0.gathered), |gathered| gathered.is_empty());
            drop(begun);
            std::thread::sleep(GATHERED_FOR);
            self.write_gathered();
        }
    }

    fn write_gathered(&self) {
        let mut outputs = held(&self.0.outputs);
        let Outputs { file, lines } = &mut *outputs;
        std::mem::swap(&mut *held(&self.0.gathered), lines);
        // There is nowhere left to tell of a log that can't be written, and no reason to end a server for it.
        if let Some(file) = file {
            let _ = file.write_all(lines);
        }
        let _ = std::io::stderr().write_all(lines);
        lines.clear();
    }
}

impl Log for Sink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut gathered = held(&self.0.gathered);
        let first = gathered.is_empty();
        // Writing to memory can't fail.
        let _ = writeln!(gathered, "{}", record.args());
        let waits = record.target() == REQUEST_TARGET && record.level() > Level::Warn && gathered.len() < GATHERED_MAX;
        drop(gathered);
        if !waits {
            self.write_gathered();
        } else if first {
            self.0.begun.notify_one();
        }
    }

    fn flush(&self) {
        self.write_gathered();
    }
}

/// Takes a lock, whatever became of who held it before: lines are whole at any moment.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
