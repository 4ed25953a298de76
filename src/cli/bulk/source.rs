//! A file that is read twice, or a pipe whose text is kept for the second time.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::cli::Failure;
use crate::store::imports::FileDigest;

/// How much is read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Whether the path stands for stdin.
fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// A text to be read twice.
pub struct Source {
    /// What it is called, for messages.
    pub name: String,
    /// How many bytes it has, if that is known.
    pub size: Option<u64>,
    /// The pipe that the text comes out of, if it is no file.
    pipe: Option<Box<dyn Read>>,
    /// The file, or the copy of what came out of the pipe.
    file: File,
}

/// A reader that counts and digests what it reads, and perhaps keeps a copy.
pub struct Reading<'s> {
    input: &'s mut dyn Read,
    copy: Option<&'s mut File>,
    digest: Sha256,
    count: Rc<Cell<u64>>,
}

impl Source {
    /// Opens a file, or stdin. What comes from a pipe is copied to a file without a name in the folder of the database,
    /// which nobody else can open and which is gone when the process ends.
    ///
    /// # Errors
    /// The file can't be opened, is a folder, or is the database itself.
    pub fn open(path: &Path, database: &Path) -> Result<Source, Failure> {
        let name = if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() };
        let failed = |error: io::Error| Failure::Failed(format!("{name} can't be read: {error}"));
        let of_pipe = |name: String, pipe: Box<dyn Read>| {
            let folder = database.parent().filter(|folder| folder.is_dir()).unwrap_or(Path::new("."));
            let file = tempfile::tempfile_in(folder).map_err(|error| {
                Failure::Failed(format!("no temporary file can be made in {}: {error}", folder.display()))
            })?;
            Ok(Source { name, size: None, pipe: Some(pipe), file })
        };
        if is_stdin(path) {
            return of_pipe(name, Box::new(io::stdin().lock()));
        }
        let place = path.metadata().map_err(failed)?;
        if place.is_dir() {
            return Err(Failure::Failed(format!("{name} is a folder")));
        }
        // The database must not be opened here: closing it would take away the locks that SQLite holds on it.
        if database.metadata().is_ok_and(|database| (database.dev(), database.ino()) == (place.dev(), place.ino())) {
            return Err(Failure::Failed(format!("{name} is the database itself")));
        }
        let file = File::open(path).map_err(failed)?;
        if place.is_file() {
            Ok(Source { name, size: Some(place.len()), pipe: None, file })
        } else {
            of_pipe(name, Box::new(file))
        }
    }

    /// Reads it from the beginning. The first time everything has to be read.
    ///
    /// # Errors
    /// The file can't be read from its beginning.
    pub fn read(&mut self) -> io::Result<Reading<'_>> {
        let is_first = self.size.is_none();
        let (input, copy): (&mut dyn Read, Option<&mut File>) = match &mut self.pipe {
            Some(pipe) if is_first => (pipe, Some(&mut self.file)),
            _ => {
                self.file.rewind()?;
                (&mut self.file, None)
            }
        };
        Ok(Reading { input, copy, digest: Sha256::new(), count: Rc::default() })
    }
}

impl Reading<'_> {
    /// The number of bytes that are read so far. It goes on being updated.
    pub fn count(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.count)
    }

    /// The digest of all that was read.
    pub fn digest(self) -> FileDigest {
        self.digest.finalize().into()
    }

    /// Gives a buffer to read with.
    pub fn buffered(&mut self) -> BufReader<&mut Self> {
        BufReader::with_capacity(BUFFER_BYTES, self)
    }
}

impl Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.digest.update(&buffer[..length]);
        if let Some(copy) = &mut self.copy {
            copy.write_all(&buffer[..length])
                .map_err(|error| io::Error::new(error.kind(), format!("its copy in a temporary file: {error}")))?;
        }
        self.count.set(self.count.get() + length as u64);
        Ok(length)
    }
}
