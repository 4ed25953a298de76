//! The folder of the database as a disk holds it: files, and which names are flushed to their folders.

use std::collections::BTreeMap;

use super::calls::{Call, Calls, ENDED, Moment};
use super::files::{Change, File, Rest};
use crate::support::random::Random;

/// Files by their paths below the folder. A folder is a path that ends with `/`, and has no bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A change of names.
#[derive(Debug, Clone)]
enum Naming {
    /// A file, by its number, gets a name.
    Give(String, usize),
    Take(String),
    Rename(String, String, usize),
    MakeFolder(String),
}

impl Naming {
    fn apply(&self, to: &mut Names) {
        match self {
            Naming::Give(name, file) => drop(to.insert(name.clone(), Some(*file))),
            Naming::Take(name) => drop(to.remove(name)),
            Naming::Rename(from, name, file) => {
                to.remove(from);
                to.insert(name.clone(), Some(*file));
            }
            Naming::MakeFolder(name) => drop(to.insert(name.clone(), None)),
        }
    }

    /// The folder whose flush keeps it.
    fn folder(&self) -> &str {
        match self {
            Naming::Give(name, _) | Naming::Take(name) | Naming::Rename(_, name, _) | Naming::MakeFolder(name) => {
                folder_of(name)
            }
        }
    }
}

/// Which file a name leads to; a folder is `None`.
type Names = BTreeMap<String, Option<usize>>;

fn folder_of(name: &str) -> &str {
    name.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A change of names that is not flushed.
#[derive(Debug, Clone)]
struct Pending {
    call: usize,
    naming: Naming,
    is_done: bool,
}

/// What a flush that is under way writes.
#[derive(Debug)]
enum Flush {
    File(usize, Vec<usize>),
    Folder(Vec<usize>),
}

/// The disk.
pub struct Disk {
    /// The path of the folder.
    root: String,
    files: Vec<File>,
    flushed: Names,
    pending: Vec<Pending>,
    flushes: BTreeMap<usize, Flush>,
    /// Which file a call that has begun writes into.
    written: BTreeMap<usize, usize>,
    /// As if the disk took flushes and did nothing.
    pub ignores_flushes: bool,
}

impl Disk {
    /// A disk with files that are all flushed.
    pub fn new(root: &str, before: &Files) -> Disk {
        let mut disk = Disk {
            root: root.to_owned(),
            files: Vec::new(),
            flushed: Names::new(),
            pending: Vec::new(),
            flushes: BTreeMap::new(),
            written: BTreeMap::new(),
            ignores_flushes: false,
        };
        for (name, bytes) in before {
            let file = (!name.ends_with('/')).then_some(disk.files.len());
            if file.is_some() {
                disk.files.push(File::new(bytes.clone()));
            }
            disk.flushed.insert(name.clone(), file);
        }
        disk
    }

    /// Which names there are for the processes.
    fn names(&self) -> Names {
        let mut names = self.flushed.clone();
        self.pending.iter().for_each(|pending| pending.naming.apply(&mut names));
        names
    }

    /// The path below the folder; `None`: it is elsewhere.
    fn inside(&self, path: &str) -> Option<String> {
        let below = match path.strip_prefix(&self.root) {
            Some("") => "",
            Some(below) => below.strip_prefix('/')?,
            None if path.starts_with('/') => return None,
            None => path,
        };
        Some(below.trim_start_matches("./").to_owned())
    }

    /// The path that an argument names, as text or behind a descriptor.
    fn named(&self, call: &Call, at: usize) -> Option<String> {
        let path = match call.bytes(at) {
            Some(bytes) => std::str::from_utf8(bytes).expect("a path in UTF-8"),
            None => call.path(at)?,
        };
        let path = self.inside(path)?;
        Some(if path == "." { String::new() } else { path })
    }

    fn file(&self, name: &str) -> Option<usize> {
        self.names().get(name).copied().flatten()
    }

    /// Goes on by a moment.
    pub fn pass(&mut self, calls: &Calls, moment: Moment) {
        match moment {
            Moment::Begins(number) => self.begin(number, &calls.calls[number]),
            Moment::Ends(number) => self.end(number, &calls.calls[number]),
        }
    }

    fn begin(&mut self, number: usize, call: &Call) {
        match call.name.as_str() {
            "pwrite64" => self.write(number, call, |_| call.number(3).expect("an offset") as usize),
            // What is written without a place comes at the end of the file.
            "write" => self.write(number, call, |file| file.read().len()),
            "ftruncate" => {
                let length = call.number(1).expect("a length") as usize;
                if let Some(file) = self.named(call, 0).and_then(|name| self.file(&name)) {
                    self.files[file].begin(number, Change::Length(length));
                    self.written.insert(number, file);
                }
            }
            "copy_file_range" => self.copy(number, call),
            "openat" | "open" | "creat" => self.open(number, call),
            "mkdir" | "mkdirat" => {
                let path = self.named(call, usize::from(call.name == "mkdirat"));
                if let (Some(path), Some(_)) = (path, call.result) {
                    self.name(number, Naming::MakeFolder(format!("{}/", path.trim_end_matches('/'))));
                }
            }
            "unlink" | "unlinkat" => {
                let path = self.named(call, usize::from(call.name == "unlinkat"));
                if let (Some(path), Some(_)) = (path, call.result) {
                    self.name(number, Naming::Take(path));
                }
            }
            "rename" | "link" => self.give_another(number, call, 0, 1),
            "renameat" | "renameat2" | "linkat" => self.give_another(number, call, 1, 3),
            "fsync" | "fdatasync" => self.begin_flush(number, call),
            "sendto" | "sendmsg" | "writev" => {}
            other => assert!(
                other.starts_with(ENDED) || self.named(call, 0).is_none(),
                "the model of the disk doesn't know {other}"
            ),
        }
    }

    fn write(&mut self, number: usize, call: &Call, at: impl Fn(&File) -> usize) {
        let Some(file) = self.named(call, 0).and_then(|name| self.file(&name)) else { return };
        let bytes = call.bytes(1).expect("bytes are written").to_vec();
        let at = at(&self.files[file]);
        self.files[file].begin(number, Change::Write { at, bytes });
        self.written.insert(number, file);
    }

    fn copy(&mut self, number: usize, call: &Call) {
        let (Some(from), Some(to)) = (self.named(call, 0), self.named(call, 2)) else { return };
        let (Some(from), Some(to), Some(count)) = (self.file(&from), self.file(&to), call.result) else { return };
        // Files are copied from their beginning on.
        let at = self.files[to].read().len();
        let bytes = self.files[from].read()[at..at + count as usize].to_vec();
        self.files[to].begin(number, Change::Write { at, bytes });
        self.written.insert(number, to);
    }

    fn open(&mut self, number: usize, call: &Call) {
        let (path, flags) = if call.name == "openat" { (1, call.word(2)) } else { (0, call.word(1)) };
        let (Some(name), Some(_)) = (self.named(call, path), call.result) else { return };
        match self.file(&name) {
            None if flags.contains("O_CREAT") => {
                self.files.push(File::default());
                self.name(number, Naming::Give(name, self.files.len() - 1));
            }
            Some(file) if flags.contains("O_TRUNC") => {
                self.files[file].begin(number, Change::Length(0));
                self.written.insert(number, file);
            }
            _ => {}
        }
    }

    fn give_another(&mut self, number: usize, call: &Call, from: usize, to: usize) {
        let (Some(from), Some(to), Some(_)) = (self.named(call, from), self.named(call, to), call.result) else {
            return;
        };
        let Some(file) = self.file(&from) else { return };
        let is_link = call.name.starts_with("link");
        self.name(number, if is_link { Naming::Give(to, file) } else { Naming::Rename(from, to, file) });
    }

    fn name(&mut self, call: usize, naming: Naming) {
        self.pending.push(Pending { call, naming, is_done: false });
    }

    fn begin_flush(&mut self, number: usize, call: &Call) {
        let Some(name) = self.named(call, 0) else { return };
        let flush = match self.file(&name) {
            Some(file) => Flush::File(file, self.files[file].flushable()),
            None => {
                let is_meant = |pending: &&Pending| pending.is_done && pending.naming.folder() == name;
                Flush::Folder(self.pending.iter().filter(is_meant).map(|pending| pending.call).collect())
            }
        };
        self.flushes.insert(number, flush);
    }

    fn end(&mut self, number: usize, call: &Call) {
        if let Some(file) = self.written.remove(&number) {
            // What does not say how much it has written has done all of it.
            let is_write = ["pwrite64", "write"].contains(&call.name.as_str());
            let written = call.result.map(|result| if is_write { result as usize } else { usize::MAX });
            self.files[file].end(number, written);
        }
        for pending in self.pending.iter_mut().filter(|pending| pending.call == number) {
            pending.is_done = true;
        }
        let Some(flush) = self.flushes.remove(&number).filter(|_| !self.ignores_flushes) else { return };
        match flush {
            Flush::File(file, calls) => self.files[file].flush(&calls, call.result.is_some()),
            Flush::Folder(calls) => {
                // A flush that failed may have written the names, or will with the next.
                let is_meant = |pending: &mut Pending| call.result.is_some() && calls.contains(&pending.call);
                for pending in self.pending.extract_if(.., is_meant) {
                    pending.naming.apply(&mut self.flushed);
                }
            }
        }
    }

    /// What a cut at this moment leaves.
    pub fn after_cut(&self, random: &mut Random) -> Files {
        let mut names = self.flushed.clone();
        let percent = [0, 100, 50, 50, 90][random.below(5)];
        // Or all that came before some moment, as with a journal of the file system.
        let kept = random.percent(30).then(|| random.below(self.pending.len() + 1));
        for (at, pending) in self.pending.iter().enumerate() {
            if kept.map_or_else(|| random.percent(percent), |kept| at < kept) {
                pending.naming.apply(&mut names);
            }
        }
        let rest = Rest::draw(random);
        let mut files = Files::new();
        for (name, file) in &names {
            let mut above = folder_of(name);
            while !above.is_empty() && names.contains_key(&format!("{above}/")) {
                above = folder_of(above);
            }
            // A file in a folder without a name is gone with it.
            if above.is_empty() {
                let bytes = file.map(|file| self.files[file].after_cut(rest, random)).unwrap_or_default();
                files.insert(name.clone(), bytes);
            }
        }
        // Which process has a database open is not known after a cut.
        files.retain(|name, _| !name.ends_with("-shm"));
        files
    }

    /// What the processes see.
    pub fn now(&self) -> Files {
        let read = |(name, file): (String, Option<usize>)| {
            (name, file.map(|file| self.files[file].read()).unwrap_or_default())
        };
        self.names().into_iter().map(read).collect()
    }
}
