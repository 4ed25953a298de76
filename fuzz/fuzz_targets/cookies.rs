//! See `scorekeeper::fuzzing::cookies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scorekeeper::fuzzing::cookies(data));
