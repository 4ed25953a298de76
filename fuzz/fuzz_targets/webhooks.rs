//! See `scorekeeper::fuzzing::webhooks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| scorekeeper::fuzzing::webhooks(data));
