//! One place that log lines go to: stderr, or the log file.
//!
//! Nobody who logs waits for a line to be written. Lines go into a queue, and a thread of the sink's own writes them,
//! so a reader that stopped reading, a dead disk or a full one holds up nothing but its own sink. If the queue is full,
//! new lines are dropped and counted, and a line says how many as soon as lines can be written again. Lines of requests
//! wait a moment, so that several are written together: writing each by itself costs a busy server more than making it.
//! Any other line is written at once, after all that came before it. A process that is killed loses the log lines of
//! its last moment, but never an event.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use indicatif::HumanCount;
use log::{Level, Record};

use super::file;

/// How long a request's line may wait, so that it is written together with others.
const GATHERED_FOR: Duration = Duration::from_millis(50);

/// How many bytes may wait to be written: as many as a busy server logs in about a second.
const QUEUE_MAX: usize = 4 << 20;

/// How long the start waits for the log file to open. A FIFO that nobody reads yet, or a disk that does not answer,
/// takes longer. Neither keeps the server from serving.
const OPENING_MAX: Duration = Duration::from_secs(1);

/// Makes the line of a record.
pub(super) type Format = fn(&Record<'_>) -> String;

/// What a sink writes to.
pub(super) enum Target {
    /// A file that is open already, such as stderr.
    Open(File),
    /// A file that the sink opens, and opens anew when it is told to.
    Path(PathBuf),
}

/// Takes lines that are finished already. All clones of it are the same sink.
#[derive(Clone)]
pub(super) struct Sink(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// Wakes the thread when it has something to do.
    filled: Condvar,
    /// Wakes those who wait for the thread, when it has written the lines that it took.
    emptied: Condvar,
}

#[derive(Default)]
struct Queue {
    /// Whole lines, each with its end.
    lines: Vec<u8>,
    /// Lines that the queue had no room for since it was last emptied. They would have come after those in the queue.
    dropped: u64,
    /// Whether a line is to be written at once.
    urgent: bool,
    /// Whether the file is to be opened anew.
    reopen: bool,
    /// Whether the thread is writing what it took.
    writing: bool,
}

impl Queue {
    fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0 && !self.reopen
    }
}

impl Sink {
    /// Starts the thread that writes. `format` makes the lines that the sink itself has to say.
    ///
    /// # Errors
    /// The target can't be opened, or the operating system refuses a thread.
    pub fn start(target: Target, format: Format) -> std::io::Result<Sink> {
        let sink = Sink(Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new() }));
        let worker = sink.clone();
        let (opened, opening) = mpsc::sync_channel(1);
        let work = move || {
            let (file, path) = match target {
                Target::Open(file) => (Ok(file), None),
                Target::Path(path) => (file::open(&path), Some(path)),
            };
            let (file, outcome) = match file {
                Ok(file) => (Some(file), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // Whoever started the sink may have given up waiting; then only the missing lines show that there is a
            // fault.
            let _ = opened.send(outcome);
            worker.work(Output { file, path, format, unwritten: 0, torn: false });
        };
        std::thread::Builder::new().name("log".to_owned()).spawn(work)?;
        opening.recv_timeout(OPENING_MAX).unwrap_or(Ok(()))?;
        Ok(sink)
    }

    /// Takes a line. An urgent one is written at once.
    pub fn push(&self, line: &str, urgent: bool) {
        let mut queue = self.queue();
        let (length, was_idle) = (queue.lines.len(), queue.is_idle());
        queue.lines.extend_from_slice(line.as_bytes());
        queue.lines.push(b'\n');
        if queue.lines.len() > QUEUE_MAX {
            queue.lines.truncate(length);
            queue.dropped += 1;
        }
        let hurries = urgent && !std::mem::replace(&mut queue.urgent, urgent);
        drop(queue);
        if was_idle || hurries {
            self.0.filled.notify_one();
        }
    }

    /// Has the file opened anew, after all lines so far are written.
    pub fn reopen(&self) {
        self.queue().reopen = true;
        self.0.filled.notify_one();
    }

    /// Waits until all lines so far are written, or until the moment `until` has come.
    pub fn flush(&self, until: Instant) {
        let mut queue = self.queue();
        queue.urgent = true;
        self.0.filled.notify_one();
        while !queue.is_idle() || queue.writing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            queue = self.0.emptied.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The thread's work; it ends with the process.
    fn work(&self, mut output: Output) {
        let mut lines = Vec::new();
        loop {
            let waiting = self.0.filled.wait_while(self.queue(), |queue| queue.is_idle());
            let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            let gathering =
                self.0.filled.wait_timeout_while(waiting, GATHERED_FOR, |queue| !queue.urgent && !queue.reopen);
            let mut queue = gathering.unwrap_or_else(PoisonError::into_inner).0;
            std::mem::swap(&mut queue.lines, &mut lines);
            let dropped = std::mem::take(&mut queue.dropped);
            let reopen = std::mem::take(&mut queue.reopen);
            queue.urgent = false;
            queue.writing = true;
            drop(queue);
            output.write(&lines, dropped);
            lines.clear();
            if reopen {
                output.reopen();
            }
            self.queue().writing = false;
            self.0.emptied.notify_all();
        }
    }

    /// The queue, even if a thread panicked while it held the lock: the lines are whole at any moment.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread writes to.
struct Output {
    /// `None`: it could not be opened.
    file: Option<File>,
    /// Where to open it anew.
    path: Option<PathBuf>,
    format: Format,
    /// Lines that could not be written, and that no notice has told of yet.
    unwritten: u64,
    /// Whether the last write broke off in the middle of a line.
    torn: bool,
}

impl Output {
    /// Writes lines, and tells how many are missing before them and after them.
    fn write(&mut self, lines: &[u8], dropped: u64) {
        if (self.unwritten > 0 || self.torn) && self.put(&self.notice(self.unwritten)).is_err() {
            self.unwritten += count(lines) + dropped;
            return;
        }
        self.unwritten = 0;
        if let Err(written) = self.put(lines) {
            self.unwritten = count(&lines[written..]) + dropped;
        } else if dropped > 0 && self.put(&self.notice(dropped)).is_err() {
            self.unwritten = dropped;
        }
    }

    /// The line that tells how many lines are missing. If the line before it was cut off, it begins with the end of
    /// that line.
    fn notice(&self, missing: u64) -> Vec<u8> {
        let mut text = if self.torn { "\n".to_owned() } else { String::new() };
        if missing > 0 {
            let were = if missing == 1 { "line was" } else { "lines were" };
            let line = (self.format)(
                &Record::builder()
                    .level(Level::Warn)
                    .target(module_path!())
                    .args(format_args!("{} {were} dropped, because they could not be written", HumanCount(missing)))
                    .build(),
            );
            text.push_str(&line);
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Writes all bytes. `Err`: the number of bytes that could be written, if not all could.
    fn put(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let Some(file) = &mut self.file else { return Err(0) };
        let mut written = 0;
        while written < bytes.len() {
            match file.write(&bytes[written..]) {
                Ok(count @ 1..) => {
                    written += count;
                    self.torn = bytes[written - 1] != b'\n';
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return Err(written),
            }
        }
        Ok(())
    }

    fn reopen(&mut self) {
        let Some(path) = &self.path else { return };
        match file::open(path) {
            Ok(file) => {
                self.file = Some(file);
                self.torn = false;
                log::info!("log_file {path:?} is opened anew");
            }
            Err(error) => log::error!("log_file {path:?} can't be opened anew, so the old one is written on: {error}"),
        }
    }
}

/// How many lines end within these bytes.
fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}
