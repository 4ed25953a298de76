//! A file of the disk as a power cut may leave it: what is flushed is there, and of the rest any part.

use crate::support::random::Random;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// What the system keeps and writes of a file at once, in bytes.
const PAGE: usize = 4096;

/// A change of a file.
#[derive(Debug, Clone)]
pub enum Change {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    /// The file gets another length.
    Length(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => {
                if to.len() < at + bytes.len() {
                    to.resize(at + bytes.len(), 0);
                }
                to[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Change::Length(length) => to.resize(*length, 0),
        }
    }

    /// Applies each sector of it with a probability.
    fn apply_in_part(&self, to: &mut Vec<u8>, percent: usize, random: &mut Random) {
        let Change::Write { at, bytes } = self else {
            if random.percent(percent) {
                self.apply(to);
            }
            return;
        };
        // Most writes are kept or lost as a whole, so that also what needs several of them is met.
        if !random.percent(30) {
            if random.percent(percent) {
                self.apply(to);
            }
            return;
        }
        let mut from = 0;
        while from < bytes.len() {
            let end = ((at + from) / SECTOR * SECTOR + SECTOR - at).min(bytes.len());
            if random.percent(percent) {
                Change::Write { at: at + from, bytes: bytes[from..end].to_vec() }.apply(to);
            }
            from = end;
        }
    }
}

/// A change that is not flushed.
#[derive(Debug, Clone)]
struct Pending {
    /// The call that makes it.
    call: usize,
    change: Change,
    /// Whether the call has returned.
    is_done: bool,
}

/// How much of what was not flushed a cut leaves.
#[derive(Debug, Clone, Copy)]
pub enum Rest {
    All,
    Nothing,
    /// So many of a hundred, in the order of the calls or in any.
    Some {
        percent: usize,
        in_order: bool,
    },
}

impl Rest {
    pub fn draw(random: &mut Random) -> Rest {
        match random.below(8) {
            0 => Rest::All,
            1 => Rest::Nothing,
            other => Rest::Some { percent: [5, 25, 50, 75, 95][random.below(5)], in_order: other != 2 },
        }
    }
}

/// A file with all that may become of it.
#[derive(Debug, Clone, Default)]
pub struct File {
    flushed: Vec<u8>,
    pending: Vec<Pending>,
    /// What a flush that failed has dropped, page by page: the system takes it for written from then on.
    dropped: Vec<(usize, Vec<u8>)>,
}

impl File {
    pub fn new(flushed: Vec<u8>) -> File {
        File { flushed, ..File::default() }
    }

    pub fn begin(&mut self, call: usize, change: Change) {
        self.pending.push(Pending { call, change, is_done: false });
    }

    /// The call has returned; `None`: it failed, and has changed nothing.
    pub fn end(&mut self, call: usize, written: Option<usize>) {
        match written {
            None => self.pending.retain(|pending| pending.call != call),
            Some(written) => {
                for pending in self.pending.iter_mut().filter(|pending| pending.call == call) {
                    pending.is_done = true;
                    if let Change::Write { bytes, .. } = &mut pending.change {
                        bytes.truncate(written);
                    }
                }
            }
        }
    }

    /// The calls whose changes a flush that begins now writes.
    pub fn flushable(&self) -> Vec<usize> {
        self.pending.iter().filter(|pending| pending.is_done).map(|pending| pending.call).collect()
    }

    /// A flush of these changes has ended.
    pub fn flush(&mut self, calls: &[usize], is_good: bool) {
        let is_meant = |pending: &Pending| calls.binary_search(&pending.call).is_ok();
        for pending in self.pending.iter().filter(|pending| is_meant(pending)) {
            match &pending.change {
                Change::Write { at, bytes } if is_good => {
                    // The system writes whole pages, so what it had dropped of these is written too.
                    let pages = at / PAGE..(at + bytes.len()).div_ceil(PAGE);
                    for (at, bytes) in self.dropped.extract_if(.., |(at, _)| pages.contains(&(*at / PAGE))) {
                        Change::Write { at, bytes }.apply(&mut self.flushed);
                    }
                    pending.change.apply(&mut self.flushed);
                }
                Change::Write { at, bytes } => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let end = ((at + from) / PAGE * PAGE + PAGE - at).min(bytes.len());
                        self.dropped.push((at + from, bytes[from..end].to_vec()));
                        from = end;
                    }
                }
                Change::Length(_) => pending.change.apply(&mut self.flushed),
            }
        }
        self.pending.retain(|pending| !is_meant(pending));
    }

    fn dropped_changes(&self) -> impl Iterator<Item = Change> {
        self.dropped.iter().map(|(at, bytes)| Change::Write { at: *at, bytes: bytes.clone() })
    }

    /// What the processes read in it.
    pub fn read(&self) -> Vec<u8> {
        let mut read = self.flushed.clone();
        self.dropped_changes().for_each(|change| change.apply(&mut read));
        self.pending.iter().for_each(|pending| pending.change.apply(&mut read));
        read
    }

    /// What a cut leaves of it.
    pub fn after_cut(&self, rest: Rest, random: &mut Random) -> Vec<u8> {
        let mut left = self.flushed.clone();
        for change in self.dropped_changes() {
            change.apply_in_part(&mut left, 50, random);
        }
        let mut pending: Vec<&Pending> = self.pending.iter().collect();
        let (percent, in_order) = match rest {
            Rest::All => (100, true),
            Rest::Nothing => (0, true),
            Rest::Some { percent, in_order } => (percent, in_order),
        };
        if !in_order {
            random.shuffle(&mut pending);
        }
        for change in pending {
            change.change.apply_in_part(&mut left, percent, random);
        }
        // A file may have its new length before its bytes are there.
        if matches!(rest, Rest::Some { .. }) && random.percent(25) {
            let length = self.read().len();
            left.resize(left.len().max(length), 0);
        }
        left
    }
}

#[test]
fn what_is_flushed_stays_and_the_rest_may_go() {
    let mut random = Random::new(1);
    let mut file = File::new(vec![1; 2048]);
    file.begin(1, Change::Write { at: 0, bytes: vec![2; 1024] });
    file.end(1, Some(1024));
    let flushable = file.flushable();
    // This one comes after the flush has begun.
    file.begin(2, Change::Write { at: 1024, bytes: vec![3; 2048] });
    file.end(2, Some(2048));
    file.flush(&flushable, true);
    let nothing = file.after_cut(Rest::Nothing, &mut random);
    assert!(nothing.len() == 2048 && nothing[..1024] == [2; 1024] && nothing[1024..] == [1; 1024]);
    assert_eq!(file.after_cut(Rest::All, &mut random), file.read());
    let torn = (0..200).map(|_| file.after_cut(Rest::Some { percent: 50, in_order: true }, &mut random));
    let torn =
        torn.filter(|left| left.len() == 3072 && left[1024..1536] == [1; 512] && left[2560..] == [3; 512]).count();
    assert!(torn > 0, "none of 200 was torn");
    assert!((0..50).all(|_| file.after_cut(Rest::draw(&mut random), &mut random)[..1024] == [2; 1024]));
}

#[test]
fn what_a_flush_has_failed_to_write_is_not_written_by_the_next() {
    let mut random = Random::new(1);
    let mut file = File::new(vec![1; 512]);
    file.begin(1, Change::Write { at: 0, bytes: vec![2; 512] });
    file.end(1, Some(512));
    let flushable = file.flushable();
    file.flush(&flushable, false);
    let flushable = file.flushable();
    file.flush(&flushable, true);
    assert_eq!(file.read(), [2; 512]);
    let lost = (0..50).filter(|_| file.after_cut(Rest::All, &mut random) == [1; 512]).count();
    assert!((1..50).contains(&lost), "{lost}");
    // Only writing it again does that.
    file.begin(2, Change::Write { at: 0, bytes: vec![2; 256] });
    file.end(2, Some(256));
    file.flush(&[2], true);
    assert_eq!(file.after_cut(Rest::Nothing, &mut random), [2; 512]);
}
