//! See `scorekeeper::fuzzing::json_bodies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scorekeeper::fuzzing::json_bodies(data));
