//! To be done.

use crate::Bench;

/// Runs the part.
pub fn run(_: &mut Bench) {}
