//! See `scorekeeper::fuzzing::periods`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scorekeeper::fuzzing::periods(data));
