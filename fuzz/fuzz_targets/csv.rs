//! See `scorekeeper::fuzzing::csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scorekeeper::fuzzing::csv(data));
