//! The target `wire_to_peer` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::run("wire_to_peer", bytes));
