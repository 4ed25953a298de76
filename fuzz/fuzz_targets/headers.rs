//! See `scorekeeper::fuzzing::headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scorekeeper::fuzzing::headers(data));
