//! Promise: what was answered outlives a power cut at any moment, and what was not is there wholly or not at all.
//!
//! The real program runs under strace, which writes down what it changes on the disk, what it flushes, and what it answers. From
//! that the disk is rebuilt as a cut may leave it: what was not flushed is there, lost, reordered or torn, and names that were
//! not flushed to their folder are gone. Then the file has to be sound and to hold what was answered. With flushes that do
//! nothing the same cuts must lose something, or the test would find nothing at all.
//!
//! A cut is known by its number. Where one loses something, the disk that it left is kept, beside what strace wrote.

pub mod calls;
mod commands;
mod copies;
pub mod cuts;
pub mod disk;
mod files;
pub mod ledger;
mod load;
pub mod recording;
mod serving;
mod upgrades;
