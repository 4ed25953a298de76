//! A model of the writer and its checkpoints: their own loops (`turns`, `rounds`) on a disk of three pages, in many orders.
//!
//! The disk does what SQLite and Linux do. A commit appends to the log and flushes it, and begins the log anew if all of it is
//! copied. A checkpoint writes pages into what the system holds of the file, and flushes them only if it has reached the end of the
//! log. A flush that fails leaves the pages as if they were written. After each step the power could be cut: what the log
//! and the flushed pages hold then must be all that was answered.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use rusqlite::{Error, ffi};
use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::thread::{self, JoinHandle};

use super::rounds::{self, Log};
use crate::interleavings::{Explored, Queue, explore, happens, pause};
use crate::store::turns::{self, Inbox, Work};

/// A fault that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// A flush that failed does not end the process.
    GoesOnUnflushed,
    /// A checkpoint that has copied all of the log does not flush the file.
    CopiesWithoutFlush,
    /// The thread is woken only if it waits at that moment.
    WakesOnlyWhoWaits,
    /// The queue stays open when the writer ends.
    StaysOpen,
    /// A command is answered before its commit.
    AnswersFirst,
}

const PAGES: usize = 3;

#[derive(Default)]
struct Disk {
    /// Pages in the log, with what they hold. The log is flushed with each commit.
    log: Vec<(usize, u64)>,
    /// How many of them are copied into the file.
    copied: usize,
    /// The file as the system holds it.
    held: [u64; PAGES],
    /// Which of its pages a flush would write.
    dirty: [bool; PAGES],
    /// The file as it would be after a power cut.
    flushed: [u64; PAGES],
    /// What was answered.
    answered: BTreeMap<usize, u64>,
    /// Whether a flush has failed.
    has_failed: bool,
    /// Whether the process has ended.
    is_ended: bool,
}

impl Disk {
    fn check(&self) {
        let mut after_a_cut = self.flushed;
        self.log.iter().for_each(|&(page, value)| after_a_cut[page] = value);
        for (&page, &value) in &self.answered {
            assert!(after_a_cut[page] >= value, "lost: {value}");
        }
    }
}

/// The disk, as both threads reach it.
struct Machine {
    disk: Mutex<Disk>,
    changed: Condvar,
    /// Held by whoever makes a checkpoint.
    checkpoint: Mutex<()>,
    may_fail: bool,
    fault: Fault,
}

impl Machine {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a step, unless the process has ended.
    fn step<T: Default>(&self, step: impl FnOnce(&mut Disk) -> T) -> T {
        let mut disk = self.disk();
        if disk.is_ended {
            return T::default();
        }
        let done = step(&mut disk);
        disk.check();
        done
    }

    fn commit(&self, group: &[Command]) {
        self.step(|disk| {
            if disk.copied == disk.log.len() {
                (disk.log, disk.copied) = (Vec::new(), 0);
            }
            disk.log.extend(group.iter().map(|command| (command.page, command.value)));
        });
    }

    /// Flushes the file. `false`: that failed.
    fn flush(&self) -> bool {
        let fails = self.may_fail && !self.disk().has_failed && happens();
        self.step(|disk| {
            for page in 0..PAGES {
                if std::mem::take(&mut disk.dirty[page]) && !fails {
                    disk.flushed[page] = disk.held[page];
                }
            }
            disk.has_failed |= fails;
        });
        if fails {
            self.changed.notify_all();
        }
        !fails
    }

    fn copy(&self) -> rusqlite::Result<()> {
        let _checkpoint = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        if self.step(|disk| disk.copied == disk.log.len()) {
            return Ok(());
        }
        let upto = self.step(|disk| {
            for (page, value) in disk.log[disk.copied..].iter().copied() {
                (disk.held[page], disk.dirty[page]) = (value, true);
            }
            disk.log.len()
        });
        pause();
        let is_all = self.step(|disk| disk.log.len() == upto);
        if is_all && self.fault != Fault::CopiesWithoutFlush && !self.flush() {
            return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None));
        }
        self.step(|disk| disk.copied = upto);
        self.changed.notify_all();
        Ok(())
    }

    fn end(&self) {
        if self.fault != Fault::GoesOnUnflushed {
            self.step(|disk| disk.is_ended = true);
        }
    }

    /// Waits until little of the log is left to copy, or a flush has failed.
    fn wait_until_copied(&self) {
        let mut disk = self.disk();
        while ((disk.log.len() - disk.copied) as i64) >= <&Machine as Log>::WORTH && !disk.has_failed {
            disk = self.changed.wait(disk).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Log for &Machine {
    const WORTH: i64 = 2;
    const REST_MAX: i64 = 0;

    fn left(&self) -> rusqlite::Result<i64> {
        Ok(self.step(|disk| (disk.log.len() - disk.copied) as i64))
    }

    fn copy(&self) -> rusqlite::Result<()> {
        Machine::copy(self)
    }

    fn flush(&self) -> std::io::Result<()> {
        if Machine::flush(self) { Ok(()) } else { Err(std::io::Error::other("EIO")) }
    }

    fn end(&self, _: &str) {
        Machine::end(self);
    }
}

/// A command writes a value to a page.
struct Command {
    page: usize,
    value: u64,
    answer: Arc<Queue<()>>,
}

type Message = turns::Message<Command, ()>;

/// The writer's queue, which closes when the writer drops it.
struct Commands {
    queue: Arc<Queue<Message>>,
    stays_open: bool,
    /// Whether the last message has come.
    ends: bool,
}

impl Inbox<Message> for Commands {
    fn take(&mut self, messages: &mut Vec<Message>, max: usize) -> usize {
        let mut taken = if self.ends && self.stays_open { Vec::new() } else { self.queue.take_some(max) };
        messages.append(&mut taken);
        messages.len()
    }

    fn close(&mut self) {
        self.ends = true;
        if !self.stays_open {
            self.queue.close();
        }
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        if !self.stays_open {
            self.queue.close();
            while self.queue.try_to_take().is_some() {}
        }
    }
}

/// How the writer wakes the thread.
struct Wake {
    queue: Queue<()>,
    waits: Mutex<bool>,
    fault: Fault,
}

impl Wake {
    fn waits(&self) -> MutexGuard<'_, bool> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if self.fault != Fault::WakesOnlyWhoWaits || *self.waits() {
            self.queue.try_to_give(());
        }
    }

    fn is_woken(&self) -> bool {
        *self.waits() = true;
        let is_woken = self.queue.take().is_some();
        *self.waits() = false;
        is_woken
    }
}

/// What the writer's thread does in the model.
struct Writer {
    machine: Arc<Machine>,
    wake: Arc<Wake>,
    thread: JoinHandle<()>,
}

impl Writer {
    fn answer(&self, group: &[Command]) {
        for command in group {
            self.machine.step(|disk| disk.answered.insert(command.page, command.value));
            command.answer.give(());
        }
    }

    fn checkpoint(&self) {
        if self.machine.copy().is_err() {
            self.machine.end();
        }
    }
}

impl Work for Writer {
    type Command = Command;
    type Look = ();

    fn run(&mut self, group: &mut Vec<Command>) {
        if self.machine.fault == Fault::AnswersFirst {
            self.answer(group);
        }
        self.machine.commit(group);
        if self.machine.fault != Fault::AnswersFirst {
            self.answer(group);
        }
        group.clear();
        self.wake.wake();
    }

    fn look(&mut self, _: impl Iterator<Item = ()>) {}

    fn restart_log(&mut self) {
        self.checkpoint();
    }

    fn close(self) {
        self.wake.queue.close();
        let Writer { machine, thread, .. } = self;
        thread.join().expect("no panic");
        if machine.copy().is_err() {
            machine.end();
        }
    }
}

/// Closes a queue when it is dropped.
struct Told(Arc<Queue<()>>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Two commands at once, one more, and a last one when the thread has copied the log, after which the writer is told to stop at once.
fn store_and_stop(may_fail: bool, fault: Fault) {
    let machine = Arc::new(Machine {
        disk: Mutex::default(),
        changed: Condvar::new(),
        checkpoint: Mutex::new(()),
        may_fail,
        fault,
    });
    let commands: Arc<Queue<Message>> = Arc::new(Queue::new(usize::MAX));
    let wake = Arc::new(Wake { queue: Queue::new(1), waits: Mutex::new(false), fault });
    let restarts = Arc::clone(&commands);
    let restart = move || {
        let restarted = Arc::new(Queue::new(1));
        let told = Told(Arc::clone(&restarted));
        if restarts.give_if_open(Message::RestartLog(Box::new(move || drop(told)))) {
            restarted.take();
        }
    };
    let (log, woken) = (Arc::clone(&machine), Arc::clone(&wake));
    let thread = thread::spawn(move || rounds::run(|| woken.is_woken(), &&*log, &restart));
    let work = Writer { machine: Arc::clone(&machine), wake, thread };
    let inbox = Commands { queue: Arc::clone(&commands), stays_open: fault == Fault::StaysOpen, ends: false };
    let writer = thread::spawn(move || turns::run(work, inbox, 2));

    let submit = |value: u64| {
        let answer = Arc::new(Queue::new(1));
        let command = Command { page: value as usize % PAGES, value, answer: Arc::clone(&answer) };
        commands.give(Message::Run(command));
        answer
    };
    let answers = [1, 2].map(submit);
    answers.iter().for_each(|answer| answer.take().expect("an answer"));
    submit(3).take().expect("an answer");
    machine.wait_until_copied();
    let answer = submit(4);
    commands.give(Message::Stop);
    answer.take().expect("an answer");
    writer.join().expect("no panic");
    let disk = machine.disk();
    assert!(disk.is_ended || disk.copied == disk.log.len() && disk.flushed == [3, 4, 2]);
}

/// Runs the model in all orders.
fn explored(may_fail: bool, fault: Fault) -> Explored {
    let explored = explore(1, move || store_and_stop(may_fail, fault));
    println!("{fault:?}, a disk that may fail: {may_fail}: {explored:?}");
    explored
}

#[test]
fn nothing_that_was_answered_is_lost_and_nobody_waits_for_ever() {
    for may_fail in [false, true] {
        let explored = explored(may_fail, Fault::None);
        assert!(matches!(explored, Explored::Holds(_)), "{explored:?}");
    }
}

#[test]
fn faults_that_are_put_back_are_found() {
    for (fault, may_fail, shows_as) in [
        (Fault::GoesOnUnflushed, true, "lost"),
        (Fault::CopiesWithoutFlush, false, "lost"),
        (Fault::WakesOnlyWhoWaits, false, "deadlock"),
        (Fault::StaysOpen, false, "deadlock"),
        (Fault::AnswersFirst, false, "lost"),
    ] {
        let explored = explored(may_fail, fault);
        assert!(matches!(&explored, Explored::Fails(what) if what.contains(shows_as)), "{fault:?}: {explored:?}");
    }
}
