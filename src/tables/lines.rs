//! The physical lines of a text, with a bound on how much is read at once.

use std::io::{BufRead, Read};

use super::fault::{RECORD_BYTES_MAX, Unreadable};

/// Reads lines and counts them.
pub(super) struct Lines<R> {
    source: R,
    /// The number of the last line, from 1.
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(source: R) -> Lines<R> {
        Lines { source, number: 0 }
    }

    /// Adds the next line, with its end, to `text`. `false`: there are no more lines.
    ///
    /// # Errors
    /// The source can't be read, or `text` would get longer than a record may be.
    pub fn read(&mut self, text: &mut Vec<u8>) -> Result<bool, Unreadable> {
        let room = (RECORD_BYTES_MAX + 1).saturating_sub(text.len());
        let length = (&mut self.source).take(room as u64).read_until(b'\n', text).map_err(Unreadable::Source)?;
        if length > 0 {
            self.number += 1;
        }
        if text.len() > RECORD_BYTES_MAX { Err(Unreadable::TooLong) } else { Ok(length > 0) }
    }
}

impl<R> Lines<R> {
    /// The number of the last line.
    pub fn number(&self) -> u64 {
        self.number
    }
}
