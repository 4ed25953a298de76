//! Many things at once: lines that are pasted or come in a file, a preview of what comes of them, and then one
//! transaction.
//!
//! Nothing is kept on the server between the pages: the preview's form holds the lines, and they are read again when it
//! is sent.

pub mod events;
mod input;
mod lines;
mod preview;
pub mod users;
