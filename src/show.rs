//! Shows a text that can't be shown again on stdout or stderr, and tells whether it got there.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

/// How long a pipe or a terminal may keep the text waiting because nobody reads.
const WAIT_MAX: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Writes a text of at most 4096 bytes, past the buffers of the standard library: they take a closed place for one where
/// everything arrives. Waits at most a second for somebody who reads.
///
/// # Errors
/// The text was not written, or in part; or the place is `/dev/null`, which Rust puts in the place of a closed stdout or
/// stderr, so that nobody can see it.
pub fn show(place: &impl AsFd, text: &str) -> Result<()> {
    let mut file = File::from(place.as_fd().try_clone_to_owned()?);
    if is_null(&file)? {
        return Err(Error::new(ErrorKind::NotConnected, "it is closed, or /dev/null"));
    }
    // Where a pipe or a terminal says that it takes something, it takes 4096 bytes without waiting. So nothing is left
    // that would be written later, when the text has been given up.
    let ready = retry_on_intr(|| poll(&mut [PollFd::new(&file, PollFlags::OUT)], Some(&WAIT_MAX)))?;
    if ready == 0 {
        return Err(Error::new(ErrorKind::TimedOut, "nobody reads it"));
    }
    file.write_all(text.as_bytes())
}

/// Whether what is written there is forgotten.
fn is_null(file: &File) -> Result<bool> {
    let place = file.metadata()?;
    let is_null = |null: std::fs::Metadata| null.rdev() == place.rdev();
    Ok(place.file_type().is_char_device() && std::fs::metadata("/dev/null").is_ok_and(is_null))
}
